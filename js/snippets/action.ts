import { FloClient } from "@floruntime/node"; // added
import { ActionType } from "@floruntime/node";

const client = new FloClient("localhost:9000", { namespace: "action" }); // added
const payload = new TextEncoder().encode('{"url": "cat.png"}'); // added

await client.action.register("process-image", ActionType.User, {
  timeoutMs: 60000, maxRetries: 3,
}); // added

const result = await client.action.invoke("process-image", payload, {
  priority: 10, idempotencyKey: "order-123",
}); // added

console.log(result.created); // added
console.log((await client.action.status(result.runId)).status); // added
await client.close(); // added
