/** What handlers and hooks do on the worker's own connection. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionWorker, BadTypeError, FloClient, type Logger, StreamWorker } from "@floruntime/node";

import { begin, client, fresh, keep, newWorker, peer, SILENT, text, until } from "./workshop.js";

test("a handler works on the worker's connection", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, async (ctx) => `${await ctx.client.kv.incr(name)}`);
  await begin(worker);
  assert.equal(text((await client.action.call(name)).output), "1");
});

test("a handler of records has it as well", async () => {
  const stream = fresh();
  const worker = keep(
    client.newStreamWorker({
      stream,
      group: "g",
      handleSignals: false,
      handler: (ctx) => ctx.client.kv.put(stream, ctx.payload),
    }),
  );
  await begin(worker);
  await client.stream.append(stream, "seen");
  await until(async () => text(await client.kv.get(stream)) === "seen");
});

test("the client of a handler is in the worker's namespace", async () => {
  const [name, worker] = [fresh(), newWorker({ namespace: "other" })];
  await client.namespaces.create("other");
  worker.action(name, async (ctx) => {
    assert.equal(ctx.client.namespace, "other");
    assert.deepEqual([ctx.client.endpoint, ctx.client.isConnected], [client.endpoint, true]);
    await ctx.client.kv.put(name, "1");
    await ctx.client.kv.put(name, "2", { namespace: "default" });
    await ctx.client.batch((b) => b.kv.put(`${name}-b`, "3"));
  });
  await begin(worker);
  const run = await client.action.call(name, "", { namespace: "other" });
  assert.equal(run.status, "completed", run.error ?? "");
  assert.equal(text(await client.kv.get(name, { namespace: "other" })), "1");
  assert.equal(text(await client.kv.get(name)), "2");
  assert.equal(text(await client.kv.get(`${name}-b`, { namespace: "other" })), "3");
  assert.equal(client.namespace, "default");
});

test("a client within another namespace has all that a client has in Node.js", async () => {
  const name = fresh();
  await client.namespaces.create("other");
  const other = client.within("default").within("other");
  const worker = keep(other.newActionWorker({ handleSignals: false }));
  worker.action(name, async (ctx) => `${await ctx.client.kv.incr(name)}`);
  await begin(worker);
  assert.equal(text((await other.action.call(name)).output), "1");
  assert.equal(text(await client.kv.get(name, { namespace: "other" })), "1");
  assert.deepEqual(await other.workflow.syncFiles([]), []);
  assert.equal(other.newQueueWorker({ queue: name, handler: () => null }).queues[0], name);
});

test("a worker with an endpoint gives its client, which is closed after the last hook", async () => {
  const name = fresh();
  const worker = keep(
    new ActionWorker({ endpoint: peer.endpoint, logger: SILENT, handleSignals: false }),
  );
  worker.action(name, async (ctx) => `${await ctx.client.kv.incr(name)}`);
  let own: FloClient | undefined;
  worker.onStop(async (given) => {
    await given.kv.incr(name);
    own = given as FloClient;
  });
  await begin(worker);
  assert.equal(text((await client.action.call(name)).output), "1");
  await worker.close();
  assert.equal(await client.kv.incr(name), 3n);
  assert.equal(own?.isConnected, false);
});

test("hooks are called in order, around the work", async () => {
  const [name, worker, told] = [fresh(), newWorker(), [] as string[]];
  worker.action(name, () => void told.push("work"));
  worker.onStart(async (given) => {
    await given.ping();
    told.push(`start, at work: ${worker.atWork.isSet}`);
  });
  worker.onStart(() => void told.push("start again")).onStop(() => void told.push("stop"));
  await begin(worker);
  await client.action.call(name);
  await worker.close();
  assert.deepEqual(told, ["start, at work: false", "start again", "work", "stop"]);
});

test("what a first hook throws, start() throws; no last hook is called then", async () => {
  const [worker, told] = [newWorker(), [] as string[]];
  worker.action(fresh(), () => told.push("work"));
  worker.onStart(() => {
    throw new RangeError("no table");
  });
  worker.onStop(() => told.push("stop"));
  await assert.rejects(worker.start(), new RangeError("no table"));
  assert.deepEqual([told, worker.isRunning], [[], false]);
});

test("what a last hook throws is logged, and the others are called", async () => {
  const [errors, told] = [[] as unknown[][], [] as string[]];
  const logger: Logger = { ...SILENT, error: (...line) => void errors.push(line) };
  const worker = keep(new ActionWorker({ client, handleSignals: false, logger }));
  worker.action(fresh(), () => undefined);
  worker.onStop(() => Promise.reject(new RangeError("no")));
  worker.onStop(() => void told.push("called"));
  await begin(worker);
  await worker.close();
  assert.deepEqual(told, ["called"]);
  assert.match(String(errors[0]), /at the end of a worker failed:.*RangeError: no/);
});

test("a worker that is stopped in its first hook takes no work, and calls the last ones", async () => {
  const [name, worker, told] = [fresh(), newWorker(), [] as string[]];
  worker.action(name, () => void told.push("work"));
  worker.onStart(() => worker.stop());
  worker.onStop(() => void told.push("stop"));
  await worker.start();
  assert.deepEqual(told, ["stop"]);
});

test("a hook is a function", () => {
  const worker = new StreamWorker({ client, stream: "s", group: "g", handler: () => undefined });
  for (const field of ["onStart", "onStop"] as const) {
    assert.throws(
      () => worker[field](undefined as never),
      new BadTypeError(`${field} takes a function, not undefined`),
    );
  }
  assert.ok(client instanceof FloClient);
});
