/** Workers that serve queues, and effects in one commit with what handlers come to. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ActionWorker,
  BadRequestError,
  BadTypeError,
  NonRetryableError,
  type QueueContext,
  QueueWorker,
} from "@floruntime/node";

import { advance, begin, client, fresh, gate, keep, newWorker, text, until } from "./workshop.js";

type Settings = Omit<ConstructorParameters<typeof QueueWorker>[0] & object, "client" | "endpoint">;

function newQueueWorker(options: Settings = {}): QueueWorker {
  return keep(client.newQueueWorker({ handleSignals: false, ...options }));
}

const acked = async (queue: string): Promise<number> =>
  Number((await client.queue.stats(queue)).ackedTotal);

test("a message is acked when its handler has returned", async () => {
  const [queue, seen] = [fresh(), [] as QueueContext[]];
  const seq = await client.queue.enqueue(queue, { order: 42 }, { priority: 3 });
  await begin(newQueueWorker({ queue, handler: (ctx) => void seen.push(ctx) }));
  await until(async () => (await acked(queue)) === 1);
  const [ctx] = seen;
  assert.deepEqual(ctx?.json(), { order: 42 });
  assert.deepEqual([ctx?.seq, ctx?.queue, ctx?.priority, ctx?.attempt], [seq, queue, 3, 1]);
});

test("a message whose handler throws is due again, later each time, and is dead in the end", async () => {
  const [queue, attempts] = [fresh(), [] as number[]];
  await client.queue.configure(queue, { maxAttempts: 3 });
  await client.queue.enqueue(queue, "x");
  const worker = newQueueWorker().queue(
    queue,
    (ctx) => {
      attempts.push(ctx.attempt);
      throw new RangeError("no");
    },
    { retryDelayMs: 1_000 },
  );
  await begin(worker);
  await until(async () => (await client.queue.stats(queue)).delayed === 1);
  await advance(1_101);
  await until(() => attempts.length === 2);
  await until(async () => (await client.queue.stats(queue)).delayed === 1);
  await advance(1_500); // it waits for twice as long
  assert.deepEqual(attempts, [1, 2]);
  await advance(701);
  await until(async () => (await client.queue.stats(queue)).dead === 1);
  const { messages } = await client.queue.dlqList(queue);
  assert.deepEqual([messages[0]?.reason, messages[0]?.error], ["max_attempts", "RangeError: no"]);
});

test("delays between attempts stay the same, or grow to a maximum, as the worker or a queue says", async () => {
  const [same, growing] = [fresh(), fresh()];
  const seen: string[] = [];
  const worker = newQueueWorker({ retryDelayMs: 1_000, retryBackoff: "constant" });
  const options = { retryBackoff: "exponential", retryDelayMaxMs: 1_500 } as const;
  for (const [queue, given] of [[same, {}] as const, [growing, options] as const]) {
    await client.queue.enqueue(queue, "x");
    const handler = (ctx: QueueContext) => {
      seen.push(`${ctx.queue} ${ctx.attempt}`);
      throw new RangeError("no");
    };
    worker.queue(queue, handler, given);
  }
  await begin(worker);
  for (const [times, afterMs] of [
    [2, 1_101],
    [4, 1_000],
    [5, 500],
  ] as const) {
    await until(async () => {
      const stats = await Promise.all([same, growing].map((each) => client.queue.stats(each)));
      return seen.length >= times && stats.every(({ delayed }) => delayed === 1);
    });
    await advance(afterMs);
  }
  await until(() => seen.length === 6);
  assert.deepEqual(seen.slice(4), [`${same} 3`, `${growing} 3`]);
  const few = () => newQueueWorker().queue("q", () => 0, { retryDelayMaxMs: 9 });
  assert.throws(few, /retryDelayMaxMs is 9/);
  const odd = { retryBackoff: "linear" as "constant" };
  assert.throws(() => newQueueWorker(odd), /constant, exponential/);
});

test("what can never work is a dead letter at once", async () => {
  const queue = fresh();
  await client.queue.enqueue(queue, "x");
  const handler = () => Promise.reject(new NonRetryableError("no address"));
  await begin(newQueueWorker({ queue, handler }));
  await until(async () => (await client.queue.stats(queue)).dead === 1);
});

test("leases are kept while handlers run, and what has not begun goes back at the end", async () => {
  const [queue, { handler, open, seen }] = [fresh(), gate()];
  await client.queue.enqueueMany(queue, ["a", "b"]);
  const worker = newQueueWorker({
    queue,
    handler: handler as never,
    concurrency: 1,
    visibilityTimeoutMs: 1_000,
  });
  await begin(worker);
  await until(() => seen.length === 1);
  for (let second = 0; second < 5; second += 1) {
    await advance(500);
  }
  assert.equal((await client.queue.stats(queue)).leased, 1);
  const closed = worker.close();
  open();
  await closed;
  const { ackedTotal, ready } = await client.queue.stats(queue);
  assert.deepEqual([Number(ackedTotal), Number(ready)], [1, 1]);
  const [left] = (await client.queue.dequeue(queue)).messages;
  assert.equal(left?.attempt, 1);
});

test("a worker serves actions and queues, each with its own places", async () => {
  const [action, queue, other] = [fresh(), fresh(), fresh()];
  const worker = newWorker({ concurrency: 5 });
  worker.action(action, (ctx) => ctx.text());
  worker.queue(queue, (ctx) => ctx.client.kv.put(queue, ctx.payload), { concurrency: 1 });
  worker.queue(other, (ctx) => ctx.client.kv.put(other, ctx.payload));
  assert.deepEqual([worker.actions, worker.queues], [[action], [queue, other]]);
  await begin(worker);
  await client.queue.enqueue(queue, "one");
  await client.queue.enqueue(other, "two");
  assert.equal(text((await client.action.call(action, "three")).output), "three");
  await until(async () => text(await client.kv.get(queue)) === "one");
  await until(async () => text(await client.kv.get(other)) === "two");
});

test("a run's result and the writes of its handler are one commit", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(name, (ctx) => {
    const batch = ctx.batch();
    assert.equal(ctx.batch(), batch);
    batch.kv.put(name, "there", { ifNotExists: true });
    batch.stream.append(name, "happened");
    return ctx.result("approved", { ok: true });
  });
  await begin(worker);
  const run = await client.action.call(name);
  assert.deepEqual([run.status, run.outcome], ["completed", "approved"]);
  assert.deepEqual(run.json(), { ok: true });
  assert.equal(text(await client.kv.get(name)), "there");

  const again = await client.action.invoke(name);
  await until(async () => (await client.action.status(again.runId)).attempt === 1);
  await until(async () => (await client.action.status(again.runId)).error !== null);
  const failed = await client.action.status(again.runId);
  assert.match(failed.error ?? "", /^ConflictError/);
  assert.equal((await client.stream.info(name)).count, 1);
});

test("where a handler throws, nothing of its batch has happened", async () => {
  const [name, worker] = [fresh(), newWorker()];
  worker.action(
    name,
    (ctx) => {
      ctx.batch().kv.put(name, "there");
      throw new NonRetryableError("no");
    },
    { maxRetries: 0 },
  );
  await begin(worker);
  assert.equal((await client.action.call(name)).status, "failed");
  assert.equal(await client.kv.get(name), null);
});

test("a message and a record are acked together with what their handlers write", async () => {
  const [queue, stream] = [fresh(), fresh()];
  await client.queue.enqueue(queue, "m");
  await client.stream.append(stream, "r");
  const handler = (ctx: QueueContext | { batch(): ReturnType<QueueContext["batch"]> }) => {
    ctx.batch().kv.incr(queue);
  };
  await begin(newQueueWorker({ queue, handler }));
  const reader = client.newStreamWorker({ stream, group: "g", handler, handleSignals: false });
  await begin(keep(reader));
  await until(async () => text(await client.kv.get(queue)) === "2");
  assert.equal(await acked(queue), 1);
  assert.equal((await client.stream.groupInfo(stream, "g")).pending, 0);
});

test("what cannot be served is refused by name", () => {
  const worker = newQueueWorker();
  assert.throws(() => worker.queue("q", undefined as never), BadTypeError);
  assert.throws(
    () => worker.queue("q", () => 0, { concurency: 3 } as never),
    /no option "concurency"/,
  );
  assert.throws(() => worker.queue("q", () => 0, { batchSize: 0 }), BadRequestError);
  worker.queue("q", () => 0);
  assert.throws(() => worker.queue("q", () => 0), /has a handler already/);
  assert.throws(() => newQueueWorker({ queue: "q" }), /queue and handler go together/);
  assert.ok(worker instanceof QueueWorker);
});

test("a worker without queues, or without anything, does not start", async () => {
  await assert.rejects(newQueueWorker().start(), /use worker.queue\(name, handler\)/);
  const bare = keep(new ActionWorker({ client, handleSignals: false }));
  await assert.rejects(bare.start(), /the worker has no actions/);
});
