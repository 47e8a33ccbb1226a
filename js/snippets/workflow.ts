import { ActionWorker, FloClient } from "@floruntime/node"; // added

const client = new FloClient("localhost:9000", { namespace: "workflow" }); // added
const worker = new ActionWorker({ endpoint: "localhost:9000", namespace: "workflow" }); // added
worker.action("charge", (ctx) => ctx.json()); // added
const working = worker.start(); // added
await worker.atWork.wait(); // added

const yamlString = [ // added
  'kind: Workflow', // added
  'name: process-order', // added
  'version: "1"', // added
  'start:', // added
  '  run: "@actions/charge"', // added
  '  transitions: { success: approve, failure: flo.Failed }', // added
  'steps:', // added
  '  approve:', // added
  '    waitForSignal: { type: approval_decision, timeoutMs: 86400000 }', // added
  '    transitions: { success: flo.Completed, timeout: flo.Failed }', // added
].join("\n"); // added

// Sync from a YAML string
const result = await client.workflow.sync(yamlString);
console.log(`${result.name} v${result.version}: ${result.action}`);
// result.action → "created" | "updated" | "unchanged"
const result2 = await client.workflow.syncBytes(
  new TextEncoder().encode(yamlString)
); // added
console.log(result2.action); // added

const runId = await client.workflow.start(
  "process-order", // added
  JSON.stringify({ orderId: "ORD-123", amount: 99.99 })
); // added
for await (const event of client.workflow.follow(runId)) { // added
  if (event.type === "waiting_for_signal") break; // added
} // added

const status = await client.workflow.status(runId);
console.log(status.run_id); // string
console.log(status.workflow); // workflow name
console.log(status.version); // version string
console.log(status.status); // "pending"|"running"|"waiting"|"completed"|"failed"|...
console.log(status.current_step); // current or last step name
// status.input → Uint8Array (raw input bytes)
// status.created_at → bigint (epoch ms)
// status.started_at? → bigint | undefined
// status.completed_at? → bigint | undefined
// status.wait_signal? → string | undefined (signal type being waited for)
console.log(new TextDecoder().decode(status.input), status.wait_signal); // added
console.log(typeof status.created_at, typeof status.started_at, status.completed_at); // added

// The workflow must have a waitForSignal step expecting "approval_decision"
await client.workflow.signal(
  runId, "approval_decision", // added
  JSON.stringify({ approved: true, approver: "manager@corp.com" })
); // added
console.log((await client.workflow.wait(runId)).status); // added

const events = await client.workflow.history(runId, { limit: 20 });
for (const event of events) {
  console.log(`[${event.timestamp}] ${event.type}: ${event.detail}`);
} // added

{ // added
const runId = await client.workflow.start("process-order", "{}"); // added
await client.workflow.cancel(runId, "User requested cancellation");
console.log((await client.workflow.status(runId)).status); // added
} // added

// List runs for a workflow
const runs = await client.workflow.listRuns({
  workflowName: "process-order",
  limit: 50, // added
}); // added
for (const run of runs) {
  console.log(`${run.run_id} — ${run.status} (${run.created_at})`);
} // added

// List all registered definitions
const defs = await client.workflow.listDefinitions();
for (const def of defs) {
  console.log(`${def.name} v${def.version}`);
} // added

// Download a definition's YAML
const yaml = await client.workflow.getDefinition("process-order");
// yaml → Uint8Array | null
console.log(new TextDecoder().decode(yaml!) === yamlString); // added

// Pause new runs (existing runs continue)
await client.workflow.disable("process-order");
await client.workflow.start("process-order").catch((error) => console.log(error.message)); // added
await client.workflow.enable("process-order");

await worker.close(); // added
await working; // added
await client.close(); // added
