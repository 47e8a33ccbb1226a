import { FloClient } from "@floruntime/web";

const client = new FloClient("wss://flo.example.com/ws", {
  namespace: "quick-start-web", // added
}); // added

// Read-only KV (config, feature flags)
const value = await client.kv.get("config:flags");
console.log(new TextDecoder().decode(value!)); // added

// Streams (subscribe + publish)
let heard = 0; // added
await client.streams.subscribe("chat:room-123", (record) => {
  console.log(new TextDecoder().decode(record.payload));
  heard += 1; // added
  if (heard === 2) void client.close(); // added
}); // added
await client.streams.append("chat:room-123", "hello"); // added
await client.streams.append("chat:room-123", "anybody there?"); // added
