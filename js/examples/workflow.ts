/**
 * A walk through workflows: syncing, outcome-based routing, signals, signal timeouts, history,
 * cancellation.
 *
 *     make run                     # a server on localhost:9000
 *     npm run example              # in js/; FLO_ENDPOINT names another server
 */

import { ActionWorker, BadRequestError, FloClient } from "@floruntime/node";

const endpoint = process.env["FLO_ENDPOINT"] ?? "localhost:9000";
const namespace = "workflow-example";

/**
 * An order is checked; the outcome says where it goes on. A large one waits for somebody's approval,
 * and is turned down by itself when nobody says anything in time.
 */
const definition = (approvalTimeoutMs: number, version: string): string => `
kind: Workflow
name: order
version: "${version}"
start:
  run: "@actions/check-order"
  transitions:
    small: charge          # outcomes are what a handler names: ctx.result("small", ...)
    large: approval
    rejected: flo.Failed
    failure: flo.Failed
steps:
  approval:
    waitForSignal:
      type: approval_decision
      timeoutMs: ${approvalTimeoutMs}
      onTimeout: turn-down
    transitions:
      success: decide
  decide:
    run: "@actions/read-decision"
    inputMapping: { decision: $.steps.approval.output }
    transitions: { approved: charge, refused: turn-down, failure: flo.Failed }
  charge:
    run: "@actions/charge"
    inputMapping: { order: $.input }
    transitions: { success: flo.Completed, failure: flo.Failed }
  turn-down:
    run: "@actions/turn-down"
    inputMapping: { order: $.input }
    transitions: { success: turned-down, failure: flo.Failed }
terminals:
  turned-down: { status: failed }
`;

interface Order {
  readonly id: string;
  readonly amount: number;
}

function makeWorker(): ActionWorker {
  const worker = new ActionWorker({ endpoint, namespace, concurrency: 5 });
  worker.action("check-order", (ctx) => {
    const order = ctx.json<Order>();
    if (order.amount <= 0) {
      return ctx.result("rejected", { why: `an amount of ${order.amount}` });
    }
    return ctx.result(order.amount < 100 ? "small" : "large", order);
  });
  worker.action("read-decision", (ctx) => {
    const { decision } = ctx.json<{ decision: { approved: boolean } }>();
    return ctx.result(decision.approved ? "approved" : "refused", decision);
  });
  worker.action("charge", (ctx) => ({ charged: ctx.json<{ order: Order }>().order.amount }));
  worker.action("turn-down", (ctx) => ({ turnedDown: ctx.json<{ order: Order }>().order.id }));
  return worker;
}

/** Resolves when the run waits for a signal. */
async function untilItWaits(client: FloClient, runId: string): Promise<void> {
  for await (const event of client.workflow.follow(runId)) {
    if (event.type === "waiting_for_signal") {
      return;
    }
  }
}

async function showSync(client: FloClient): Promise<void> {
  console.log("— sync: safe on every start of an application");
  for (const [timeoutMs, version] of [
    [60_000, "1"],
    [60_000, "1"],
    [500, "2"],
  ] as const) {
    const result = await client.workflow.sync(definition(timeoutMs, version));
    console.log(`  ${result.name} v${result.version}: ${result.action}`);
  }
  try {
    await client.workflow.sync("kind: Workflow\nname: broken\nversion: '1'\nsteps: {}\n");
  } catch (error) {
    if (!(error instanceof BadRequestError)) {
      throw error;
    }
    const [problem] = error.problems;
    console.log(`  a broken one is refused: ${problem?.code} in line ${problem?.line}`);
  }
}

async function showRouting(client: FloClient): Promise<void> {
  console.log("— routing by outcome");
  for (const amount of [42, -1]) {
    const runId = await client.workflow.start("order", { id: "ORD-1", amount });
    const run = await client.workflow.wait(runId);
    console.log(`  an order of ${amount}: ${run.status} at ${run.current_step}`);
  }
}

async function showSignal(client: FloClient): Promise<string> {
  console.log("— a signal");
  const runId = await client.workflow.start(
    "order",
    { id: "ORD-2", amount: 500 },
    { version: "1" },
  );
  await untilItWaits(client, runId);
  const waiting = await client.workflow.status(runId);
  console.log(`  ${waiting.status} for ${waiting.wait_signal}`);
  await client.workflow.signal(runId, "approval_decision", { approved: true, by: "ada" });
  const run = await client.workflow.wait(runId);
  console.log(`  ${run.status}, with ${new TextDecoder().decode(run.output)}`);
  return runId;
}

async function showTimeout(client: FloClient): Promise<void> {
  console.log("— nobody says anything: the signal's timeout");
  const runId = await client.workflow.start("order", { id: "ORD-3", amount: 900 });
  const run = await client.workflow.wait(runId);
  console.log(`  ${run.status} at ${run.terminal}`);
}

async function showHistory(client: FloClient, runId: string): Promise<void> {
  console.log("— history");
  for (const event of await client.workflow.history(runId, { limit: 100 })) {
    console.log(`  ${event.sequence} ${event.type} ${event.step ?? ""}`.trimEnd());
  }
}

async function showCancel(client: FloClient): Promise<void> {
  console.log("— cancellation");
  const runId = await client.workflow.start(
    "order",
    { id: "ORD-4", amount: 700 },
    { version: "1" },
  );
  await untilItWaits(client, runId);
  await client.workflow.cancel(runId, "the customer changed their mind");
  const run = await client.workflow.status(runId);
  console.log(`  ${run.status}: ${run.error}`);
}

const client = new FloClient(endpoint, { namespace });
const worker = makeWorker();
const working = worker.start();
await worker.atWork.wait();
try {
  await showSync(client);
  await showRouting(client);
  const runId = await showSignal(client);
  await showTimeout(client);
  await showHistory(client, runId);
  await showCancel(client);
  const runs = await client.workflow.listRuns({ workflowName: "order" });
  console.log(`— ${runs.length} runs, the latest ${runs[0]?.status}`);
} finally {
  await worker.close();
  await working;
  await client.close();
}
