/** A lost answer is not a lost request: cut anywhere, a write happens once and is answered first. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { messages } from "@floruntime/core";
import { FloClient, type Task } from "@floruntime/node";
import { Cut, CuttingProxy, ServerProcess } from "@floruntime/testing";

const FAST = { initialDelayMs: 1, maxDelayMs: 10 };

let server: ServerProcess;
let proxy: CuttingProxy;
let client: FloClient;
let tests = 0;

before(async () => {
  server = await ServerProcess.start("--durability", "ephemeral");
  proxy = await CuttingProxy.start(server.endpoint);
  client = new FloClient(proxy.endpoint, { retry: FAST, timeoutMs: 20_000 });
});
after(async () => {
  await client.close();
  await proxy.stop();
  await server.stop();
});

/** One kind of write: what stands before it, the call, and how one sees that it happened once. */
interface Write {
  readonly kind: { readonly name: string; readonly tag: number };
  prepare?(name: string): Promise<unknown>;
  act(name: string, prepared: never): Promise<unknown>;
  check(name: string, result: never, prepared: never): Promise<void>;
}

async function oneMessage(name: string): Promise<bigint[]> {
  return [await client.queue.enqueue(name, "x")];
}

async function oneLease(name: string): Promise<bigint[]> {
  await oneMessage(name);
  return (await client.queue.dequeue(name)).messages.map(({ seq }) => seq);
}

async function counts(name: string): Promise<number[]> {
  const { ready, leased, dead, enqueuedTotal, ackedTotal } = await client.queue.stats(name);
  return [ready, leased, dead, enqueuedTotal, ackedTotal];
}

async function payloads(name: string): Promise<string[]> {
  const { records } = await client.stream.read(name);
  return records.map(({ payload }) => new TextDecoder().decode(payload));
}

async function oneTask(name: string): Promise<Task> {
  await client.action.register(name);
  await client.action.invoke(name, "in");
  return (await client.worker.awaitTask("w", [name], { blockMs: 0 })) as Task;
}

const WRITES: readonly Write[] = [
  {
    kind: messages.KvPut,
    act: (name) => client.kv.put(name, "1"),
    check: async (name, { version }: messages.PutResult) => {
      const versions = (await client.kv.history(name)).map((each) => each.version);
      assert.deepEqual(versions, [version]);
    },
  },
  {
    kind: messages.KvIncr,
    act: (name) => client.kv.incr(name, 5),
    check: async (name, result: bigint) => {
      assert.equal(result, 5n);
      assert.equal(await client.kv.incr(name), 6n);
    },
  },
  {
    kind: messages.KvDelete,
    prepare: (name) => client.kv.put(name, "1"),
    act: (name) => client.kv.delete(name),
    check: async (name, result: boolean) => {
      assert.equal(result, true, "told that it existed, though it is gone by then");
      assert.equal((await client.kv.history(name)).length, 2);
    },
  },
  {
    kind: messages.QueueEnqueue,
    act: (name) => client.queue.enqueueMany(name, ["a", "b"]),
    check: async (name, result: bigint[]) => {
      assert.equal(result.length, 2);
      assert.deepEqual(await counts(name), [2, 0, 0, 2, 0]);
    },
  },
  {
    kind: messages.QueueDequeue,
    prepare: oneMessage,
    act: (name) => client.queue.dequeue(name),
    check: async (name, { messages: [message] }: messages.DequeueResult) => {
      assert.equal(message?.attempt, 1);
      assert.deepEqual(await counts(name), [0, 1, 0, 1, 0]);
      assert.deepEqual((await client.queue.ack(name, [message?.seq ?? 0n])).stale, []);
    },
  },
  {
    kind: messages.QueueAck,
    prepare: oneLease,
    act: (name, seqs: bigint[]) => client.queue.ack(name, seqs),
    check: async (name, result: messages.AckResult, seqs: bigint[]) => {
      assert.deepEqual(result, { done: seqs, stale: [] });
      assert.deepEqual(await counts(name), [0, 0, 0, 1, 1]);
    },
  },
  {
    kind: messages.QueueNack,
    prepare: oneLease,
    act: (name, seqs: bigint[]) => client.queue.nack(name, seqs),
    check: async (name) => {
      assert.deepEqual(await counts(name), [1, 0, 0, 1, 0]);
      assert.equal((await client.queue.dequeue(name)).messages[0]?.attempt, 2);
    },
  },
  {
    kind: messages.StreamAppend,
    act: (name) => client.stream.append(name, "a"),
    check: async (name) => assert.deepEqual(await payloads(name), ["a"]),
  },
  {
    kind: messages.GroupRead,
    prepare: (name) => client.stream.appendMany(name, ["a", "b"]),
    act: (name) => client.stream.groupRead(name, { group: "g", consumer: "c" }),
    check: async (name, { records }: messages.ReadResult) => {
      assert.deepEqual(
        records.map(({ attempt }) => attempt),
        [1, 1],
      );
      const ids = records.map(({ id }) => id);
      const acked = await client.stream.groupAck(name, ids, { group: "g", consumer: "c" });
      assert.equal(acked.done.length, 2);
      const { pending, lag } = await client.stream.groupInfo(name, "g");
      assert.deepEqual([pending, lag], [0, 0]);
    },
  },
  {
    kind: messages.ActionInvoke,
    prepare: (name) => client.action.register(name),
    act: (name) => client.action.invoke(name, "in"),
    check: async (name, { runId, created }: messages.InvokeResult) => {
      assert.equal(created, true);
      assert.deepEqual(
        (await client.action.listRuns(name)).map((run) => run.runId),
        [runId],
      );
    },
  },
  {
    kind: messages.WorkerAwait,
    prepare: async (name) => {
      await client.action.register(name);
      await client.action.invoke(name, "in");
    },
    act: (name) => client.worker.awaitTask("w", [name], { blockMs: 0 }),
    check: async (_name, task: Task) => {
      assert.equal(task.attempt, 1);
      await client.worker.complete("w", task, "out");
      assert.equal((await client.action.status(task.runId)).status, "completed");
    },
  },
  {
    kind: messages.WorkerComplete,
    prepare: oneTask,
    act: (_name, task: Task) => client.worker.complete("w", task, "out"),
    check: async (_name, _result, task: Task) => {
      const run = await client.action.status(task.runId);
      assert.deepEqual([run.status, run.attempt], ["completed", 1]);
    },
  },
  {
    kind: messages.Batch,
    act: (name) =>
      client.batch((b) => {
        b.kv.incr(name);
        b.queue.enqueue(name, "x");
        b.stream.append(name, "a");
      }),
    check: async (name, results: unknown[]) => {
      assert.equal(results[0], 1n);
      assert.equal(await client.kv.incr(name), 2n);
      assert.deepEqual(await counts(name), [1, 0, 0, 1, 0]);
      assert.deepEqual(await payloads(name), ["a"]);
    },
  },
];

for (const write of WRITES) {
  for (const cut of Object.values(Cut)) {
    test(`${write.kind.name} happens once, cut ${cut}`, async () => {
      const name = `name-${tests++}`;
      const prepared = (await write.prepare?.(name)) as never;
      const cuts = proxy.cuts;
      proxy.plan(write.kind, cut);
      const result = (await write.act(name, prepared)) as never;
      assert.equal(proxy.cuts, cuts + 1);
      await write.check(name, result, prepared);
    });
  }
}

for (const cut of [Cut.AtOnce, Cut.BeforeAnswer]) {
  test(`the opening of the session may be cut, too: ${cut}`, async () => {
    const own = new FloClient(proxy.endpoint, { retry: FAST, timeoutMs: 20_000 });
    const name = `name-${tests++}`;
    proxy.plan(messages.SessionOpen, cut);
    assert.equal(await own.kv.incr(name), 1n);
    assert.equal(await own.kv.incr(name), 2n);
    await own.close();
  });
}

test("thousands of writes in flight each happen once", async () => {
  const name = `name-${tests++}`;
  const writes = Array.from({ length: 3_000 }, () => client.kv.incr(name));
  let done = 0;
  for (const write of writes) {
    void write.then(() => {
      done += 1;
      if (done % 700 === 1) {
        proxy.cutAll();
      }
    });
  }
  const values = await Promise.all(writes);
  assert.deepEqual(
    values.map(Number).sort((a, b) => a - b),
    Array.from({ length: 3_000 }, (_, index) => index + 1),
  );
});

test("a subscription and a watch lose and repeat nothing", async () => {
  const name = `name-${tests++}`;
  const seen: string[] = [];
  let onLast: () => void = () => undefined;
  const last = new Promise<void>((resolve) => {
    onLast = resolve;
  });
  const subscription = await client.streams.subscribe(name, ({ payload }) => {
    seen.push(new TextDecoder().decode(payload));
    if (seen.length === 60) {
      onLast();
    }
  });
  const watch = client.kv.watch(name);
  await watch.start();
  for (let index = 0; index < 60; index++) {
    if (index % 20 === 10) {
      proxy.cutAll();
    }
    await Promise.all([client.stream.append(name, `${index}`), client.kv.incr(name)]);
  }
  await last;
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, index) => `${index}`),
  );
  for (let index = 1; index <= 60; index++) {
    const { value } = await watch.next();
    assert.equal(new TextDecoder().decode(value.value), `${index}`);
  }
  await watch.close();
  await subscription.close();
});
