import { FloClient } from "@floruntime/node"; // added

const client = new FloClient("localhost:9000", { namespace: "queue" }); // added
const payload = new TextEncoder().encode("work"); // added

const seq = await client.queue.enqueue("tasks", payload, {
  priority: 10, // added
  delayMs: 60000n, // added
  dedupKey: "task-123", // added
}); // added
console.log(typeof seq); // added
const again = await client.queue.enqueue("tasks", payload, { dedupKey: "task-123" }); // added
console.log(again === seq, (await client.queue.stats("tasks")).delayed); // added
await client.queue.enqueue("tasks", payload); // added

// Dequeue with long polling
const result = await client.queue.dequeue("tasks", 10, {
  visibilityTimeoutMs: 60000,
  blockMs: 30000, // added
}); // added

for (const msg of result.messages) { // added
await client.queue.ack("tasks", [msg.seq]);
} // added
await client.queue.enqueue("tasks", "another"); // added
for (const msg of (await client.queue.dequeue("tasks")).messages) { // added
await client.queue.nack("tasks", [msg.seq], { toDlq: true });
} // added

const dlq = await client.queue.dlqList("tasks");
console.log(dlq.messages.map((message) => message.reason)); // added
const seqs = dlq.messages.map((message) => message.seq); // added
await client.queue.dlqRequeue("tasks", seqs);

const { ready, leased, dead, ackedTotal } = await client.queue.stats("tasks"); // added
console.log({ ready, leased, dead, ackedTotal }); // added
await client.close(); // added
