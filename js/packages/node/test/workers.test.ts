/** Workers against a test server; its clock, and that of the workers, is moved by the tests. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type ActionContext,
  ActionWorker,
  ConflictError,
  FloClient,
  NonRetryableError,
  StreamWorker,
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
  text,
  until,
} from "./workshop.js";

// Results

test("a result is bytes, text, JSON, nothing, or has an outcome", async () => {
  const [name, worker] = [fresh(), newWorker()];
  const results: Record<string, unknown> = {
    bytes: new Uint8Array([1]),
    text: "ä",
    json: { a: [1, null] },
    nothing: undefined,
  };
  worker.action(name, (ctx: ActionContext) => results[ctx.text()]);
  worker.action(`${name}-outcome`, async (ctx) => ctx.result("approved", { by: ctx.text() }));
  await begin(worker);
  const outputs: unknown[] = [];
  for (const result of Object.keys(results)) {
    outputs.push(text((await client.action.call(name, result)).output));
  }
  assert.deepEqual(outputs, ["\u0001", "ä", '{"a":[1,null]}', ""]);
  const run = await client.action.call(`${name}-outcome`, "me");
  assert.deepEqual([run.outcome, text(run.output)], ["approved", '{"by":"me"}']);
});

test("a handler is given what its input makes of the payload, and a misfit fails at once", async () => {
  const [name, worker] = [fresh(), newWorker()];
  const order = (value: unknown): { readonly id: number } => {
    const { id } = value as { id?: unknown };
    assert.ok(typeof id === "number", "id must be a number");
    return { id };
  };
  worker.action(name, (ctx, { id }) => ({ id: ctx.into(order).id + id }), {
    input: order,
    maxRetries: 5,
  });
  assert.throws(
    () => worker.action("x", () => 1, { input: 5 as never }),
    /input must be a function/,
  );
  await begin(worker);
  const run = await client.action.call(name, { id: 7 });
  assert.deepEqual(run.into(order), { id: 14 });
  const misfit = await client.action.call(name, { id: "seven" });
  assert.deepEqual([misfit.status, misfit.attempt], ["failed", 1]);
  assert.match(misfit.error ?? "", /the payload does not fit: id must be a number/);
  assert.throws(() => misfit.into(order), ConflictError);
});

test("a payload that a handler itself finds no value of a kind in fails the run at once", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, (ctx) => ctx.into((value) => BigInt(value as string)), { maxRetries: 5 });
  await begin(worker);
  const misfit = await client.action.call(name, "{}");
  assert.deepEqual([misfit.status, misfit.attempt], ["failed", 1]);
  assert.match(misfit.error ?? "", /NonRetryableError: the payload does not fit: /);
});

test("the context tells what the claim says", async () => {
  const [name, worker] = [fresh(), newWorker({ labels: { gpu: "yes" } })];
  let seen: ActionContext | undefined;
  worker.registerAction(name, (ctx) => {
    seen = ctx;
    return ctx.toBytes({ n: ctx.json<{ n: number }>().n + 1 });
  });
  await begin(worker);
  const labels = { gpu: "yes" };
  const run = await client.action.call(name, '{"n": 1}', { labels, callerRunId: "wf-1" });
  assert.equal(text(run.output), '{"n":2}');
  assert.deepEqual(
    [seen?.taskId, seen?.actionName, seen?.attempt, seen?.callerRunId, seen?.namespace],
    [run.runId, name, 1, "wf-1", "default"],
  );
  assert.deepEqual(seen?.labels, labels);
  assert.equal(seen?.createdAtMs, run.createdAtMs);
  assert.equal(seen?.task.runId, run.runId);
  assert.equal(seen?.isCancelled, false);
});

test("a result that cannot be kept fails the attempt, and says why", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, () => new Uint8Array(2 ** 20 + 1), { maxRetries: 0 });
  worker.action(`${name}-big`, () => ({ n: 1n }), { maxRetries: 0 });
  worker.action(`${name}-outcome`, (ctx) => ctx.result("not good"), { maxRetries: 0 });
  await begin(worker);
  assert.match((await client.action.call(name)).error ?? "", /1048577 bytes.*at most 1048576/);
  assert.match((await client.action.call(`${name}-big`)).error ?? "", /TypeError.*BigInt/);
  assert.match((await client.action.call(`${name}-outcome`)).error ?? "", /outcome "not good"/);
});

test("what throws is tried again after its delay; an hour takes no time", async () => {
  const [name, worker] = [fresh(), newWorker()];
  let attempts = 0;
  worker.action(
    name,
    () => {
      attempts += 1;
      if (attempts < 3) {
        throw new RangeError(`broken ${attempts}`);
      }
      return "done";
    },
    { maxRetries: 5, retryDelayMs: 1_800_000 },
  );
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(async () => (await client.action.status(runId)).error === "RangeError: broken 1");
  assert.equal(await status(runId), "pending");
  await peer.advance(2 * 3_600_000);
  await until(async () => attempts === 2);
  await until(async () => (await client.action.status(runId)).error === "RangeError: broken 2");
  await peer.advance(2 * 3_600_000);
  await until(async () => (await status(runId)) === "completed");
  assert.equal(attempts, 3);
});

test("a non-retryable error fails the run at once", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, () => {
    throw new NonRetryableError("no address");
  });
  await begin(worker);
  const run = await client.action.call(name);
  assert.deepEqual(
    [run.status, run.attempt, run.error],
    ["failed", 1, "NonRetryableError: no address"],
  );
});

// Leases

/** A handler that waits until the test lets it go on. */
test("a running handler keeps its lease", async () => {
  const [name, worker, { handler, open, seen }] = [fresh(), newWorker(), gate()];
  worker.action(name, handler, { timeoutMs: 9_000 });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  for (let step = 0; step < 12; step++) {
    await advance(3_000);
  }
  open();
  await until(async () => (await status(runId)) === "completed");
  assert.equal((await client.action.status(runId)).attempt, 1);
});

test("without autoTouch the lease runs out, and the late result is refused", async () => {
  const [name, worker, { handler, open, seen }] = [
    fresh(),
    newWorker({ autoTouch: false }),
    gate(),
  ];
  worker.action(name, handler, { timeoutMs: 9_000 });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  await peer.advance(9_000);
  await until(async () => {
    await peer.advance(1_000); // the delay before the next attempt, which chance makes longer
    return seen.length === 2;
  });
  assert.equal(seen[0]?.isCancelled, true, "it was delivered anew");
  assert.equal(seen[1]?.attempt, 2);
  open();
  await until(async () => (await status(runId)) === "completed");
  assert.equal((await client.action.status(runId)).attempt, 2);
});

test("a handler can touch by itself, and hears there that its lease is lost", async () => {
  const [name, worker] = [fresh(), newWorker({ autoTouch: false })];
  const heard: unknown[] = [];
  let isTouching = false;
  worker.action(
    name,
    async (ctx) => {
      await ctx.touch(60_000);
      isTouching = true;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      heard.push(ctx.signal.reason);
      await ctx.touch().catch((error) => heard.push(error));
    },
    { timeoutMs: 1_000 },
  );
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => isTouching);
  await peer.advance(50_000);
  assert.equal(await status(runId), "running", "the touch has kept it");
  await client.action.cancel(runId);
  clock.now += 1;
  await client.worker.heartbeat(worker.workerId); // the worker's own comes later
  await advance(30_000);
  await until(() => heard.length === 2);
  assert.ok(heard[0] instanceof ConflictError);
  assert.equal(heard[0], heard[1]);
});

test("an attempt takes no longer than the action's time-out", async () => {
  const [name, worker] = [fresh(), newWorker({ actionTimeoutMs: 5_000 })];
  const contexts: ActionContext[] = [];
  worker.action(
    name,
    (ctx) => {
      contexts.push(ctx);
      return new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    },
    { maxRetries: 0 },
  );
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => contexts.length === 1);
  await advance(5_000);
  await until(async () => (await status(runId)) === "failed");
  const run = await client.action.status(runId);
  assert.equal(run.error, "TimeoutError: not done within 5000 ms");
  assert.equal(contexts[0]?.isCancelled, true);
});

test("cancelling a run reaches its handler, and nothing is sent for it", async () => {
  const [name, worker, { handler, open, seen }] = [fresh(), newWorker(), gate()];
  worker.action(name, handler, { timeoutMs: 9_000 });
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  await client.action.cancel(runId, { reason: "no more" });
  await advance(3_000); // the touch says so
  await until(() => seen[0]?.isCancelled);
  open();
  await clock.settle();
  assert.equal(await status(runId), "cancelled");
});

test("heartbeats keep the worker known, and an unknown one registers again", async () => {
  const [name, worker, { handler, open, seen }] = [fresh(), newWorker(), gate()];
  worker.action(name, handler);
  await begin(worker);
  const find = async () =>
    (await client.worker.list()).find(({ workerId }) => workerId === worker.workerId);
  const registered = (await find())?.registeredAtMs;
  await peer.advance(30_000);
  await clock.advance(30_000);
  await until(async () => ((await find())?.lastHeartbeatMs ?? 0n) > (registered ?? 0n), 1_000);
  await client.worker.deregister(worker.workerId);
  await until(async () => (await find()) !== undefined, 1_000);
  assert.equal((await find())?.healthy, true);
  await client.action.invoke(name);
  await until(() => seen.length === 1);
  open();
});

test("a handler without options leaves those that the action has", async () => {
  const [known, other] = [fresh(), fresh()];
  const before = await client.action.register(known, "user", { maxRetries: 0, timeoutMs: 500 });
  const worker = newWorker();
  worker.action(known, () => undefined, { maxRetries: undefined });
  worker.action(other, () => undefined);
  await begin(worker);
  assert.deepEqual(await client.action.get(known), before);
  assert.equal((await client.action.get(other)).maxRetries, 3);
});

// Stopping

test("stop lets running handlers finish and takes nothing new", async () => {
  const [name, worker, { handler, open, seen }] = [fresh(), newWorker({ concurrency: 1 }), gate()];
  worker.action(name, handler);
  await begin(worker);
  const first = await client.action.invoke(name);
  await until(() => seen.length === 1);
  const second = await client.action.invoke(name);
  worker.stop();
  await clock.settle();
  assert.equal(worker.isRunning, true);
  open();
  await until(() => !worker.isRunning);
  assert.equal(await status(first.runId), "completed");
  assert.equal(await status(second.runId), "pending");
  const left = (await client.worker.list()).map(({ workerId }) => workerId);
  assert.ok(!left.includes(worker.workerId));
  assert.equal(client.isConnected, true, "a shared client is left open");
});

test("what does not finish in time goes back with no attempt counted", async () => {
  const [name, worker, { handler, open, seen }] = [
    fresh(),
    newWorker({ drainTimeoutMs: 500 }),
    gate(),
  ];
  worker.action(name, handler);
  await begin(worker);
  const { runId } = await client.action.invoke(name);
  await until(() => seen.length === 1);
  worker.stop();
  await clock.settle();
  await clock.advance(500);
  await until(() => !worker.isRunning);
  const run = await client.action.status(runId);
  assert.deepEqual([run.status, run.attempt], ["pending", 0]);
  assert.equal(seen[0]?.isCancelled, true);
  open();
});

test("a stop does not wait long for a server that is gone", async () => {
  const proxy = await CuttingProxy.start(peer.endpoint);
  const lost = new FloClient(proxy.endpoint, { clock, logger: SILENT });
  await lost.connect();
  const [name, { handler, open, seen }] = [fresh(), gate()];
  const worker = lost.newActionWorker({ handleSignals: false, drainTimeoutMs: 500 });
  worker.action(name, handler);
  await begin(worker);
  await client.action.invoke(name);
  await until(() => seen.length === 1);
  await proxy.stop();
  const stoppedMs = clock.now;
  worker.stop();
  await until(() => !worker.isRunning, 100);
  assert.ok(clock.now - stoppedMs < 12_000);
  open();
  await lost.close();
});

test("a drain from outside ends the worker", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, () => "done");
  await begin(worker);
  await client.worker.drain(worker.workerId);
  await until(async () => {
    await clock.advance(100);
    return !worker.isRunning;
  });
});

test("a worker can be started again; a stop before the start is not lost", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, () => "done");
  worker.stop();
  await worker.start();
  assert.equal(worker.isRunning, false);
  for (let life = 0; life < 2; life++) {
    await begin(worker);
    await assert.rejects(worker.start(), /is running already/);
    assert.throws(() => worker.action("other", () => ""), /before start\(\)/);
    assert.equal(text((await client.action.call(name)).output), "done");
    await worker.close();
    assert.equal(worker.isRunning, false);
  }
});

test("what was claimed ahead goes back when nothing moves", async () => {
  const [name, worker] = [fresh(), newWorker({ concurrency: 1 })];
  const { handler, open, seen } = gate();
  let quick = true;
  worker.action(name, (ctx) => (quick ? "quick" : handler(ctx)));
  await begin(worker);
  await Promise.all(Array.from({ length: 50 }, () => client.action.call(name)));
  quick = false;
  const invoked = await Promise.all(Array.from({ length: 20 }, () => client.action.invoke(name)));
  await until(() => seen.length === 1);
  await until(async () => {
    await clock.advance(300);
    return (await client.action.listRuns(name, { status: "running" })).length === 1;
  });
  quick = true;
  open();
  await until(async () => (await status(invoked.at(-1)?.runId ?? "")) === "completed");
  const runs = await client.action.listRuns(name);
  assert.ok(
    runs.every(({ attempt }) => attempt === 1),
    "no attempt was counted for what went back",
  );
});

test("one round trip settles and claims several", async () => {
  const [name, worker] = [fresh(), newWorker({ concurrency: 50 })];
  worker.action(name, () => "done");
  await begin(worker);
  await client.action.call(name);
  const before = (await client.info()).commandsTotal;
  await Promise.all(Array.from({ length: 500 }, () => client.action.invoke(name)));
  await until(async () => (await client.action.listRuns(name, { status: "pending" })).length === 0);
  await until(async () => (await client.action.listRuns(name, { status: "running" })).length === 0);
  const commands = (await client.info()).commandsTotal - before;
  assert.ok(commands < 500 + 200, `${commands} commands for 500 invocations and their results`);
});

test("after a restart of the server it takes work again", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, () => "done");
  await begin(worker);
  await peer.restart();
  const call = client.action.call(name);
  await until(async () => {
    await clock.advance(50);
    return (await client.action.listRuns(name, { status: "completed" })).length === 1;
  });
  assert.equal((await call).status, "completed");
});

test("what cannot be right is refused by name", async () => {
  const endpoint = peer.endpoint;
  assert.throws(() => new ActionWorker({ endpoint, client }), /and not both/);
  assert.throws(() => new ActionWorker({ client, token: "x" }), /token is the client's/);
  assert.throws(
    () => new ActionWorker({ endpoint, concurency: 5 } as object),
    /no option "concurency"/,
  );
  assert.throws(() => new ActionWorker({ endpoint, concurrency: 0 }), /concurrency is 0/);
  assert.throws(() => new ActionWorker({ endpoint, blockMs: 0 }), /blockMs is 0/);
  assert.throws(() => new ActionWorker({ endpoint, namespace: "9x" }), /namespace "9x"/);
  assert.throws(() => new ActionWorker({ endpoint: "a b" }), /names no host/);
  const worker = new ActionWorker({ endpoint });
  worker.action("a", () => "");
  assert.throws(() => worker.action("a", () => ""), /has a handler already/);
  assert.throws(() => worker.action("b", 5 as never), /handler of b must be a function/);
  assert.throws(
    () => worker.action("b", () => "", { retries: 1 } as object),
    /no option "retries"/,
  );
  await assert.rejects(new ActionWorker({ endpoint }).start(), /has no actions/);
  const stream = { stream: "s", group: "g", handler: () => undefined };
  assert.throws(() => new StreamWorker({ endpoint, ...stream, batchSize: 0 }), /batchSize is 0/);
  assert.throws(
    () => new StreamWorker({ endpoint, ...stream, stream: "" }),
    /stream "" has 0 bytes/,
  );
  assert.throws(
    () => new StreamWorker({ endpoint, ...stream, handler: 5 as never }),
    /handler must be/,
  );
});

test("a server that is not there is told at the start", async () => {
  const worker = new ActionWorker({ endpoint: "127.0.0.1:1", handleSignals: false });
  worker.action("a", () => "");
  await assert.rejects(worker.start(), /cannot connect to 127\.0\.0\.1:1/);
  assert.equal(worker.isRunning, false);
});

// Streams

test("records from the beginning are handled and acked; what throws comes again", async () => {
  const stream = fresh();
  await client.stream.appendMany(stream, ["a", "b", "c"]);
  const seen: string[] = [];
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    handleSignals: false,
    handler: (ctx) => {
      seen.push(`${ctx.text()}${ctx.attempt}`);
      if (ctx.text() === "b" && ctx.attempt < 3) {
        throw new Error("not yet");
      }
    },
  });
  keep(worker);
  await begin(worker);
  await until(() => seen.includes("b3"));
  assert.deepEqual(seen.sort(), ["a1", "b1", "b2", "b3", "c1"]);
  await until(async () => (await client.stream.groupInfo(stream, "g")).pending === 0);
  await worker.close();
  assert.deepEqual((await client.stream.groupInfo(stream, "g")).consumers, []);
});

test("records of one key are handled in order, one at a time", async () => {
  const stream = fresh();
  await client.stream.groupCreate(stream, "g", { mode: "key_shared" });
  const busy = new Set<string>();
  const seen: Record<string, string[]> = { x: [], y: [] };
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    handleSignals: false,
    handler: async (ctx) => {
      const key = ctx.partitionKey ?? "";
      assert.ok(!busy.has(key), "one at a time");
      busy.add(key);
      await clock.turn();
      seen[key]?.push(ctx.text());
      busy.delete(key);
    },
  });
  keep(worker);
  await begin(worker);
  for (let index = 0; index < 20; index++) {
    const partitionKey = index % 2 ? "x" : "y";
    await client.stream.append(stream, `${index}`, { partitionKey });
  }
  await until(() => seen["x"]?.length === 10 && seen["y"]?.length === 10);
  assert.deepEqual(seen["x"]?.map(Number), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  assert.deepEqual(seen["y"]?.map(Number), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test("what waits behind one of its key is not handed back before it", async () => {
  const stream = fresh();
  await client.stream.groupCreate(stream, "g", { mode: "key_shared" });
  await client.stream.appendMany(stream, ["1", "2", "3"], { partitionKey: "k" });
  let goOn: () => void = () => undefined;
  const seen: string[] = [];
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    handleSignals: false,
    handler: (ctx) => {
      seen.push(ctx.text());
      return new Promise<void>((resolve) => {
        goOn = resolve;
      });
    },
  });
  keep(worker);
  await begin(worker);
  await until(() => seen.length === 1);
  worker.stop();
  for (let round = 0; round < 10; round++) {
    await client.ping();
  }
  const held = await client.stream.groupPending(stream, "g");
  assert.ok(
    [...held].every(({ expiresAtMs, deliveredAtMs }) => expiresAtMs > deliveredAtMs + 1_000n),
  );
  goOn();
  await worker.close();
  const again = await client.stream.groupRead(stream, { group: "g", consumer: "d", limit: 20 });
  assert.deepEqual(seen, ["1"]);
  assert.deepEqual(
    again.records.map((record) => [record.text(), record.attempt]),
    [
      ["2", 1],
      ["3", 1],
    ],
  );
});

test("leases of records are kept, and a handler takes no longer than its time-out", async () => {
  const stream = fresh();
  await client.stream.groupCreate(stream, "g", { ackTimeoutMs: 9_000 });
  const attempts: number[] = [];
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    messageTimeoutMs: 30_000,
    handleSignals: false,
    handler: (ctx) => {
      attempts.push(ctx.attempt);
      return new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    },
  });
  keep(worker);
  await begin(worker);
  await client.stream.append(stream, "slow");
  await until(() => attempts.length === 1);
  for (let step = 0; step < 9; step++) {
    await advance(3_000);
  }
  assert.equal((await client.stream.groupPending(stream, "g")).length, 1);
  assert.deepEqual(attempts, [1]);
  await advance(3_000);
  await until(() => attempts.length === 2);
  assert.deepEqual(attempts, [1, 2]);
});

test("it joins again after its stream was deleted", async () => {
  const stream = fresh();
  await client.stream.append(stream, "first");
  const seen: string[] = [];
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    handleSignals: false,
    handler: (ctx) => void seen.push(ctx.text()),
  });
  keep(worker);
  await begin(worker);
  await until(
    async () => (await client.stream.groupInfo(stream, "g")).pending === 0 && seen.length,
  );
  await client.stream.delete(stream, { force: true });
  await client.stream.append(stream, "second");
  await until(async () => {
    await clock.advance(100);
    return seen.includes("second");
  });
});

test("stop hands back the records that have not begun and that do not finish", async () => {
  const stream = fresh();
  await client.stream.appendMany(stream, ["a", "b", "c"]);
  const contexts: unknown[] = [];
  const worker = client.newStreamWorker({
    stream,
    group: "g",
    concurrency: 1,
    drainTimeoutMs: 100,
    handleSignals: false,
    handler: (ctx) => {
      contexts.push(ctx);
      return new Promise(() => undefined);
    },
  });
  keep(worker);
  await begin(worker);
  await until(() => contexts.length === 1);
  worker.stop();
  await clock.settle();
  await clock.advance(100);
  await until(() => !worker.isRunning);
  const { records } = await client.stream.groupRead(stream, { group: "g", consumer: "next" });
  assert.deepEqual(
    records.map(({ attempt }) => attempt),
    [1, 1, 1],
    "no attempt was counted",
  );
});
