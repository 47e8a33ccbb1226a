/** How handlers end, and how workers do: whatever they throw, and whatever becomes of the server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ActionContext,
  type ActionWorker,
  FloClient,
  type Logger,
  type StreamContext,
  type StreamWorker,
} from "@floruntime/node";
import { CuttingProxy } from "@floruntime/testing";

import {
  advance,
  begin,
  client,
  clock,
  fresh,
  gate,
  keep,
  newWorker,
  peer,
  SILENT,
  status,
  until,
} from "./workshop.js";

/** A logger that keeps its warnings. */
function remembering(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const warn = (...texts: unknown[]) => void warnings.push(texts.map(String).join(" "));
  return { logger: { ...SILENT, warn }, warnings };
}

function streamWorker(
  stream: string,
  handler: (ctx: StreamContext) => unknown,
  options: object = {},
): StreamWorker {
  const settings = { group: "g", handleSignals: false, ...options };
  return keep(client.newStreamWorker({ stream, handler, ...settings }));
}

// Whatever is thrown

const ODD: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  text: () => "just text",
  symbol: () => Symbol("s"),
  "an object": () => ({ code: 42, message: "card refused" }),
  "without prototype": () => Object.create(null) as unknown,
  "a symbol as message": () => Object.assign(new Error("x"), { message: Symbol("s") }),
  "a toString that throws": () => ({
    toString() {
      throw new Error("inner");
    },
  }),
};

test("whatever a handler throws, its run fails with a text and the worker goes on", async () => {
  const name = fresh();
  const worker = newWorker();
  worker.action(
    name,
    (ctx) => {
      throw ODD[ctx.text()]?.();
    },
    { maxRetries: 0 },
  );
  await begin(worker);
  for (const kind of Object.keys(ODD)) {
    const run = await client.action.call(name, kind);
    assert.equal(run.status, "failed", kind);
    assert.ok((run.error ?? "").length > 0, kind);
    if (kind === "an object") {
      assert.match(run.error ?? "", /card refused/);
    }
  }
});

test("whatever a handler of records throws, its record is nacked with a text", async () => {
  const stream = fresh();
  await client.stream.groupCreate(stream, "g", { maxDeliver: 1 });
  await client.stream.appendMany(stream, Object.keys(ODD));
  const worker = streamWorker(stream, (ctx) => {
    throw ODD[ctx.text()]?.();
  });
  await begin(worker);
  await until(async () => {
    const { dead } = await client.stream.groupInfo(stream, "g");
    return dead === Object.keys(ODD).length;
  });
  assert.equal(worker.isRunning, true);
});

test("a logger that throws does not keep a run from its end", async () => {
  const fails = () => {
    throw new Error("the disk of the log is full");
  };
  const logger = { debug: fails, info: fails, warn: fails, error: fails };
  const name = fresh();
  const worker = newWorker({ logger } as object);
  worker.action(
    name,
    () => {
      throw new Error("mine");
    },
    { maxRetries: 0 },
  );
  await begin(worker);
  assert.equal((await client.action.call(name)).error, "Error: mine");
});

test("a name with % in it is logged as it is", async () => {
  const lines: unknown[][] = [];
  const keepLine = (...texts: unknown[]) => void lines.push(texts);
  const name = `${fresh()}-50%d`;
  const worker = newWorker({ logger: { ...SILENT, warn: keepLine } } as object);
  worker.action(
    name,
    () => {
      throw new Error("mine");
    },
    { maxRetries: 0 },
  );
  await begin(worker);
  await client.action.call(name);
  const { format } = await import("node:util");
  assert.match(format(...(lines.at(-1) ?? [])), /50%d run-\d+ attempt 1: failed: Error: mine/);
});

// Leases

test("touching for less than the lease does not shorten it, and it is kept", async () => {
  const [name, worker, { handler, open, seen }] = [fresh(), newWorker(), gate()];
  worker.action(name, handler, { timeoutMs: 30_000 });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  await seen[0]?.touch(1_000);
  for (let round = 0; round < 10; round++) {
    await advance(9_000);
  }
  assert.equal(await status(runId), "running");
  open();
  await until(async () => (await status(runId)) === "completed");
  assert.equal((await client.action.status(runId)).attempt, 1);
});

test("a result that comes after its lease is warned of", async () => {
  const { logger, warnings } = remembering();
  const name = fresh();
  const { handler, open, seen } = gate();
  const worker = newWorker({ logger, autoTouch: false } as object);
  worker.action(name, handler, { timeoutMs: 2_000, maxRetries: 0 });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  await advance(5_000);
  open();
  await until(() => warnings.some((line) => line.includes("did not take its")));
  const line = warnings.find((each) => each.includes("did not take its")) ?? "";
  assert.match(line, new RegExp(`${runId}: .*came 3\\d\\d\\d ms after the end of its lease`));
});

test("a verdict on a record that comes after its lease is warned of", async () => {
  const { logger, warnings } = remembering();
  const stream = fresh();
  await client.stream.append(stream, "a");
  await client.stream.groupCreate(stream, "g", { ackTimeoutMs: 2_000 });
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begun = 0;
  const worker = streamWorker(
    stream,
    async () => {
      begun += 1;
      await finished;
    },
    { logger, autoTouch: false, concurrency: 1 },
  );
  await begin(worker);
  await until(() => begun > 0);
  await advance(2_500);
  const next = await client.stream.groupRead(stream, { group: "g", consumer: "other" });
  assert.equal(next.records.length, 1, "somebody else has it by now");
  finish();
  await until(() => warnings.some((line) => line.includes("did not take its ack")));
});

// Handlers that hang, or clean up

test("a handler that hangs gives its place away when its time is up", async () => {
  const { logger, warnings } = remembering();
  const name = fresh();
  const worker = newWorker({ logger, concurrency: 1, actionTimeoutMs: 1_000 } as object);
  worker.action(
    name,
    (ctx: ActionContext) => (ctx.text() === "hang" ? new Promise(() => undefined) : "done"),
    { maxRetries: 0 },
  );
  await begin(worker);
  const { runId } = await client.action.invoke(name, "hang");
  const next = await client.action.invoke(name, "next");
  await until(async () => (await status(runId)) === "failed", 100);
  await until(async () => (await status(next.runId)) === "completed", 100);
  assert.ok(warnings.some((line) => line.includes("does not end although it was told to")));
});

test("when the drain is over a handler cleans up before its run goes back", async () => {
  const [name, worker] = [fresh(), newWorker({ drainTimeoutMs: 500 })];
  const steps: string[] = [];
  worker.action(name, async (ctx) => {
    steps.push("begun");
    try {
      await new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason as Error));
      });
    } finally {
      await client.ping();
      steps.push(`cleaned up, ${await status(ctx.taskId)}`);
    }
  });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => steps.length === 1);
  worker.stop();
  await clock.settle();
  await clock.advance(500);
  await until(() => !worker.isRunning);
  assert.deepEqual(steps, ["begun", "cleaned up, running"]);
  const run = await client.action.status(runId);
  assert.deepEqual([run.status, run.attempt], ["pending", 0]);
});

// A server that is gone

type Begin = (own: FloClient) => Promise<ActionWorker | StreamWorker>;

const KINDS: Readonly<Record<string, Begin>> = {
  "a worker for actions": async (own) => {
    const worker = keep(own.newActionWorker({ handleSignals: false }));
    worker.action(fresh(), () => "done");
    await begin(worker);
    return worker;
  },
  "a worker for a stream": async (own) => {
    const stream = fresh();
    await client.stream.append(stream, "a");
    const handler = () => undefined;
    const options = { stream, group: "g", handleSignals: false, handler };
    const worker = keep(own.newStreamWorker(options));
    await begin(worker);
    return worker;
  },
};

/** How long `worker` takes to end, in the time of the tests. */
async function stopMs(worker: ActionWorker | StreamWorker): Promise<number> {
  const begunMs = clock.now;
  worker.stop();
  await until(() => !worker.isRunning, 50);
  return clock.now - begunMs;
}

for (const [kind, beginOn] of Object.entries(KINDS)) {
  test(`${kind} that is idle stops within two seconds where the server is gone`, async () => {
    const proxy = await CuttingProxy.start(peer.endpoint);
    const own = new FloClient(proxy.endpoint, { clock, logger: SILENT });
    const worker = await beginOn(own);
    await proxy.stop();
    await until(() => !own.isConnected);
    assert.ok((await stopMs(worker)) <= 2_000);
    await own.close();
  });

  test(`${kind} that is idle stops soon where the server is silent`, async () => {
    const proxy = await CuttingProxy.start(peer.endpoint);
    const own = new FloClient(proxy.endpoint, { clock, logger: SILENT });
    const worker = await beginOn(own);
    proxy.silenceAll();
    const tookMs = await stopMs(worker);
    assert.ok(tookMs <= 8_000, `${tookMs} ms`);
    await own.close();
    await proxy.stop();
  });
}

test("a worker that is not known yet stops at once where nobody answers", async () => {
  const proxy = await CuttingProxy.start(peer.endpoint);
  const own = new FloClient(proxy.endpoint, { clock, logger: SILENT });
  await own.connect();
  proxy.silenceAll();
  const worker = own.newActionWorker({ handleSignals: false });
  worker.action(fresh(), () => "done");
  const working = worker.start();
  await clock.settle();
  const tookMs = await stopMs(worker);
  assert.ok(tookMs <= 8_000, `${tookMs} ms`);
  await working;
  assert.equal(worker.atWork.isSet, false);
  await own.close();
  await proxy.stop();
});

test("a worker that still connects stops at once", async () => {
  const proxy = await CuttingProxy.start(peer.endpoint);
  const own = new FloClient(proxy.endpoint, { clock, logger: SILENT });
  const { endpoint } = proxy;
  await proxy.stop();
  const worker = own.newActionWorker({ handleSignals: false });
  worker.action(fresh(), () => "done");
  const working = worker.start();
  worker.stop();
  await working;
  assert.equal(own.endpoint, endpoint);
  await own.close();
});
