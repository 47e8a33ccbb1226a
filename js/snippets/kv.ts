import { FloClient } from "@floruntime/node"; // added

const client = new FloClient("localhost:9000", { namespace: "kv" }); // added
const encode = (text: string) => new TextEncoder().encode(text); // added

const value = await client.kv.get("key"); // Uint8Array | null
console.log(value); // added
await client.kv.put("key", encode("first")); // added

await client.kv.put("key", encode("value"), {
  casVersion: 1n, // Optimistic locking
}); // added

await client.kv.delete("key");

await client.kv.put("user:ada", "Ada"); // added
const result = await client.kv.scan("user:", { limit: 100 });
console.log(result.entries.map((entry) => entry.key)); // added

const versions = await client.kv.history("key");
console.log(versions.map((version) => [version.version, version.deleted])); // added
await client.close(); // added
