/** A worker in a process of its own: `node chaos-worker.js ENDPOINT ACTION [slow]`. */

import { ActionWorker, type Batch, FloClient } from "@floruntime/node";

const [endpoint = "", action = "", kind = "quick"] = process.argv.slice(2);
const client = new FloClient(endpoint, { timeoutMs: 30_000, logger: console });
const worker = new ActionWorker({ client, concurrency: 5, drainTimeoutMs: 20_000 });

/** Counts and completes in one step: the run counts once however often it is attempted. */
async function countOnce(id: string, complete: (b: Batch) => void): Promise<void> {
  await client.batch((b) => {
    b.kv.incr(`count:${id}`);
    complete(b);
  });
}

worker.action(
  action,
  async (ctx) => {
    await client.kv.incr("attempts");
    if (kind === "slow") {
      console.log(`begun ${ctx.text()}`);
      await client.kv.get("go", { blockMs: 20_000, signal: ctx.signal });
      return "slow";
    }
    await countOnce(ctx.text(), (b) => b.worker.complete(worker.workerId, ctx.task, "counted"));
    return "counted"; // skipped: the run is completed by now
  },
  { timeoutMs: 1_000, maxRetries: 100, retryDelayMs: 1 },
);

const working = worker.start();
await worker.atWork.wait();
console.log("at work");
await working;
await client.close();
console.log("ended");
