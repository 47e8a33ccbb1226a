import { FloClient } from "@floruntime/node"; // added

const client = new FloClient("localhost:9000", { namespace: "kv" }); // added
const encode = (text: string) => new TextEncoder().encode(text); // added

const value = await client.kv.get("key"); // Uint8Array | null
console.log(value); // added
await client.kv.put("key", encode("first"), {
  ttlSeconds: 3600n, ifNotExists: true, // added
}); // added

await client.kv.put("key", encode("value"), {
  ttlSeconds: 3600n, // added
  casVersion: 1n, // Optimistic locking
}); // added

// The page gives all three in one call, which asks for a key of version 1 that does not exist: // added
await client.kv.put("key", encode("value"), { // added
  ttlSeconds: 3600n, casVersion: 1n, ifNotExists: true, // added
}).catch((error) => console.log(error.message)); // added

await client.kv.delete("key");

await client.kv.put("user:ada", "Ada"); // added
const result = await client.kv.scan("user:", { limit: 100 });
console.log(result.entries.map((entry) => entry.key)); // added

const versions = await client.kv.history("key");
console.log(versions.map((version) => [version.version, version.deleted])); // added
await client.close(); // added
