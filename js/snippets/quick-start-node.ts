import { FloClient } from "@floruntime/node";

const client = new FloClient("localhost:9000", {
  namespace: "myapp", // added
  timeoutMs: 5000, // added
}); // added
await client.connect(); // added

const encoder = new TextEncoder();
const decoder = new TextDecoder();

await client.kv.put("greeting", encoder.encode("Hello, Flo!"));
const value = await client.kv.get("greeting");
console.log(decoder.decode(value!));

await client.queue.enqueue("tasks", encoder.encode('{"task":"process"}'));
const result = await client.queue.dequeue("tasks", 10);
for (const msg of result.messages) {
  console.log("working on", decoder.decode(msg.payload)); // added
  await client.queue.ack("tasks", [msg.seq]);
} // added

const { ready, leased, ackedTotal } = await client.queue.stats("tasks"); // added
console.log({ ready, leased, ackedTotal }); // added
await client.close(); // added
