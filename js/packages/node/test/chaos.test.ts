/** Workers that are cut off, killed and ended: every task is completed, exactly once. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { FloClient, StreamWorker } from "@floruntime/node";
import { CuttingProxy, environment, Process, ServerProcess } from "@floruntime/testing";

const WORKER = fileURLToPath(new URL("chaos-worker.js", import.meta.url));
const FAST = { initialDelayMs: 1, maxDelayMs: 10 };

let server: ServerProcess;
let client: FloClient;

before(async () => {
  server = await ServerProcess.start();
  client = new FloClient(server.endpoint, { timeoutMs: 30_000 });
});
after(async () => {
  await client.close();
  await server.stop();
});

function startWorker(action: string, kind = "quick"): Process {
  return new Process(process.execPath, [WORKER, server.endpoint, action, kind], environment());
}

async function until(condition: () => Promise<unknown>): Promise<void> {
  while (!(await condition())) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function finished(action: string): Promise<number> {
  return (await client.action.countRuns(action))["completed"] ?? 0;
}

test("workers killed in the midst of work: every task counts exactly once", async () => {
  const workers = [startWorker("count"), startWorker("count"), startWorker("count")];
  await Promise.all(workers.map((worker) => worker.line(/at work/)));
  const ids = Array.from({ length: 300 }, (_, index) => `${index}`);
  await client.batch((b) => {
    for (const id of ids) {
      b.action.invoke("count", id);
    }
  });
  const replacements: Process[] = [];
  for (const [index, worker] of workers.entries()) {
    await until(async () => (await finished("count")) > 40 * index);
    await worker.kill();
    replacements.push(startWorker("count"));
  }
  await until(async () => (await finished("count")) === ids.length);
  const counts = await client.kv.mget(ids.slice(0, 256).map((id) => `count:${id}`));
  const rest = await client.kv.mget(ids.slice(256).map((id) => `count:${id}`));
  for (const entry of [...counts, ...rest]) {
    assert.equal(new TextDecoder().decode(entry?.value), "1", entry?.key);
  }
  for (const worker of replacements) {
    worker.signal("SIGTERM");
  }
  const codes = await Promise.all(replacements.map((worker) => worker.ended()));
  assert.deepEqual(codes, [0, 0, 0]);
});

test("SIGTERM lets a handler finish; a second one ends the process at once", async () => {
  const patient = startWorker("slow", "slow");
  await patient.line(/at work/);
  const first = await client.action.invoke("slow", "one");
  await patient.line(/begun one/);
  patient.signal("SIGTERM");
  await until(async () => {
    const [info] = (await client.worker.list()).filter(({ actions }) => actions.includes("slow"));
    return info?.running === 1;
  });
  await client.kv.put("go", "");
  await patient.line(/ended/);
  assert.equal(await patient.ended(), 0);
  const run = await client.action.status(first.runId);
  assert.deepEqual([run.status, run.attempt], ["completed", 1]);
  await client.kv.delete("go");
  const impatient = startWorker("slow", "slow");
  await impatient.line(/at work/);
  await client.action.invoke("slow", "two");
  await impatient.line(/begun two/);
  impatient.signal("SIGTERM");
  await impatient.line(/stopping/);
  while (!impatient.isOver) {
    impatient.signal("SIGTERM"); // those within a second are one with the first
    await client.kv.get("never put", { blockMs: 100 });
  }
  assert.equal(await impatient.ended(), null, "killed by the signal");
});

test("a worker that is cut off again and again completes every run in its first attempt", async () => {
  const proxy = await CuttingProxy.start(server.endpoint);
  const cutOff = new FloClient(proxy.endpoint, { retry: FAST, timeoutMs: 30_000 });
  const worker = cutOff.newActionWorker({ concurrency: 20, handleSignals: false });
  const seen: string[] = [];
  worker.action("cut", (ctx) => {
    seen.push(ctx.text());
    if (seen.length % 25 === 0) {
      proxy.cutAll();
    }
    return ctx.text();
  });
  const working = worker.start();
  await worker.atWork.wait();
  const ids = Array.from({ length: 1_000 }, (_, index) => `${index}`);
  const runs = await Promise.all(ids.map((id) => client.action.call("cut", id)));
  await worker.close();
  await working;
  assert.ok(proxy.cuts >= 40, `${proxy.cuts} cuts`);
  for (const [index, run] of runs.entries()) {
    assert.deepEqual([run.status, run.attempt], ["completed", 1], `run ${index}`);
    assert.equal(new TextDecoder().decode(run.output ?? new Uint8Array()), `${index}`);
  }
  assert.deepEqual([...seen].sort(), [...ids].sort(), "every handler ran once");
  await cutOff.close();
  await proxy.stop();
});

test("a stream worker that is cut off again and again handles every record", async () => {
  const proxy = await CuttingProxy.start(server.endpoint);
  const handled = new Map<string, number>();
  const cutOff = new FloClient(proxy.endpoint, { retry: FAST, timeoutMs: 30_000 });
  const worker = new StreamWorker({
    client: cutOff,
    stream: "events",
    group: "g",
    handleSignals: false,
    handler: (ctx) => {
      handled.set(ctx.text(), ctx.attempt);
      if (handled.size % 20 === 0) {
        proxy.cutAll();
      }
    },
  });
  const working = worker.start();
  await worker.atWork.wait();
  const ids = Array.from({ length: 200 }, (_, index) => `${index}`);
  await client.stream.appendMany("events", ids);
  await until(async () => {
    const { pending, lag } = await client.stream.groupInfo("events", "g");
    return pending === 0 && lag === 0;
  });
  await worker.close();
  await working;
  assert.deepEqual(new Set(handled.keys()), new Set(ids));
  assert.deepEqual(new Set(handled.values()), new Set([1]), "no lease was lost to a cut");
  await cutOff.close();
  await proxy.stop();
});

test("results outlive a server that is killed and started again", async () => {
  const worker = client.newActionWorker({ concurrency: 5, handleSignals: false });
  let begun = 0;
  worker.action("outlive", async (ctx) => {
    begun += 1;
    if (begun === 10) {
      await server.restart();
    }
    return ctx.text();
  });
  const working = worker.start();
  await worker.atWork.wait();
  const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
  const runs = await Promise.all(ids.map((id) => client.action.call("outlive", id)));
  await worker.close();
  await working;
  assert.deepEqual(new Set(runs.map(({ status }) => status)), new Set(["completed"]));
  assert.deepEqual(
    runs.map(({ output }) => new TextDecoder().decode(output ?? new Uint8Array())),
    ids,
  );
});
