/** Programs as they are written against the first Flo run here but for their import lines. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  type ActionContext,
  ActionWorker,
  FloClient,
  isConflict,
  isNotFound,
  type Logger,
  type StreamContext,
  StreamWorker,
} from "@floruntime/node";
import { ServerProcess } from "@floruntime/testing";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start("--durability", "ephemeral");
});
after(() => server.stop());

async function withClient(
  namespace: string,
  body: (client: FloClient) => Promise<void>,
): Promise<void> {
  const client = new FloClient(server.endpoint, { namespace, logger: false });
  try {
    await client.connect();
    await body(client);
  } finally {
    await client.close();
  }
}

test("keys: a cursor in its three uses, a page, keys that are not there", async () => {
  await withClient("keys", async (client) => {
    for (const name of ["Ada", "Bo", "Cy"]) {
      await client.kv.put(`user:${name}`, encoder.encode(name), { ttlSeconds: 3600n });
    }
    const seen: string[] = [];
    for await (const entry of client.kv.scanCursor("user:")) {
      seen.push(decoder.decode(entry.value));
    }
    assert.deepEqual(seen, ["Ada", "Bo", "Cy"]);
    assert.equal((await client.kv.scanCursor("user:").toArray()).length, 3);
    const cursor = client.kv.scanCursor("user:", { limit: 2 });
    const pages: number[] = [];
    while (cursor.hasMore) {
      pages.push((await cursor.next()).entries.length);
    }
    assert.deepEqual(pages, [2, 1]);
    assert.equal((await client.kv.scan("user:", { limit: 2 })).hasMore, true);
    assert.equal(await client.kv.get("nobody"), null);
    await client.kv.delete("nobody");
  });
});

test("a transaction commits, or loses to who wrote between its read and its commit", async () => {
  await withClient("transactions", async (client) => {
    const first = await client.kv.begin("account:1");
    await first.put("account:1:name", encoder.encode("Jane"));
    assert.equal(await first.incr("account:1:visits", 1n), 1n);
    assert.equal(await client.kv.get("account:1:name"), null, "nothing before the commit");
    const { commitIndex, opCount } = await first.commit();
    assert.ok(commitIndex > 0n && opCount === 2);
    const second = await client.kv.begin("account:1");
    assert.equal(decoder.decode((await second.get("account:1:name")) ?? undefined), "Jane");
    await second.put("account:1:name", encoder.encode("June"));
    await client.kv.put("account:1:name", "somebody else");
    await assert.rejects(second.commit(), (error) => isConflict(error));
    assert.equal(
      decoder.decode((await client.kv.get("account:1:name")) ?? undefined),
      "somebody else",
    );
  });
});

test("queues: enqueue with a priority, dequeue, ack by seq", async () => {
  await withClient("queues", async (client) => {
    await client.queue.enqueue("tasks", encode({ task: "mail" }));
    await client.queue.push("tasks", encode({ task: "image" }), { priority: 10 });
    const { messages } = await client.queue.dequeue("tasks", 5);
    assert.deepEqual(
      messages.map((message) => [
        JSON.parse(decoder.decode(message.payload)).task,
        message.deliveryCount,
      ]),
      [
        ["mail", 1],
        ["image", 1],
      ],
    );
    await client.queue.ack(
      "tasks",
      messages.map((message) => message.seq),
    );
  });
});

test("streams: what was appended is read from its seq on, and from the beginning", async () => {
  await withClient("streams", async (client) => {
    const { seq, timestamp } = await client.stream.append("events", { type: "login" });
    assert.deepEqual([seq, typeof timestamp], [0n, "bigint"]);
    await client.stream.append("events", encode({ type: "click" }), { partitionKey: "user-1" });
    const { records } = await client.stream.read("events", { offset: 0n, limit: 10 });
    assert.deepEqual(
      records.map((record) => [record.seq, record.json<{ type: string }>().type]),
      [
        [0n, "login"],
        [1n, "click"],
      ],
    );
    const later = await client.stream.read("events", { offset: records[1]?.seq, limit: 5 });
    assert.equal(later.records.length, 1);
    const all = await client.streams.read("events", { fromBeginning: true, limit: 10 });
    assert.equal(all.records.length, 2);
    const since = await client.streams.read("events", { from: timestamp });
    assert.equal(since.records.length, 2);
    assert.equal((await client.stream.info("events")).partitionCount, 1);
  });
});

test("a subscription from an offset, ended by unsubscribe", async () => {
  await withClient("subscriptions", async (client) => {
    for (const word of ["one", "two", "three"]) {
      await client.stream.append("words", word);
    }
    const heard: string[] = [];
    const told = new Promise<void>((resolve) => {
      void client.stream
        .subscribe(
          "words",
          (record) => {
            heard.push(record.text());
            if (heard.length === 2) resolve();
          },
          { offset: 1n },
        )
        .then((subscription) => told.then(() => subscription.unsubscribe()));
    });
    await told;
    assert.deepEqual(heard, ["two", "three"]);
  });
});

async function health(ctx: ActionContext): Promise<Uint8Array> {
  ctx.checkCancelled();
  return ctx.toBytes({
    at: ctx.createdAt.toString(),
    id: ctx.taskId,
    input: decoder.decode(ctx.input()),
    cancelled: ctx.cancelled,
  });
}

test("an action worker made with the old options, drained at the end", async () => {
  await withClient("actions", async (client) => {
    const lines: unknown[][] = [];
    const logger: Logger = {
      debug: (...texts) => lines.push(texts),
      warn: (...texts) => lines.push(texts),
      error: (...texts) => lines.push(texts),
    };
    const worker = new ActionWorker({
      endpoint: server.endpoint,
      namespace: "actions",
      concurrency: 5,
      actionTimeoutMs: 300_000,
      machineId: "rack-7",
      logger,
    });
    worker.action("health-check", health);
    const working = worker.start();
    await worker.atWork.wait();
    const run = await client.action.call("health-check", { probe: 1 }, { labels: "{}" });
    assert.equal(run.status, "completed");
    const told = JSON.parse(decoder.decode(run.result ?? undefined));
    assert.deepEqual([told.at, told.id], [run.createdAt.toString(), run.runId]);
    assert.deepEqual([told.input, told.cancelled], ['{"probe":1}', false]);
    const [listed] = await client.worker.list();
    assert.equal(listed?.metadata["machineId"], "rack-7");
    await worker.drain();
    await working;
    assert.ok(lines.length > 0, "without info, lines go to debug");
  });
});

test("a stream worker on a client, with its handler apart", async () => {
  await withClient("stream-workers", async (client) => {
    const seen: string[] = [];
    const handled = async (ctx: StreamContext): Promise<void> => {
      const { userId } = ctx.json<{ userId: string }>();
      seen.push(`${ctx.stream}/${ctx.group}/${ctx.consumer}: ${userId}`);
      worker.stop();
    };
    const settings = { stream: "events", workerId: "me", concurrency: 5, batchSize: 10 };
    const worker = new StreamWorker(client, { ...settings, logger: false }, handled);
    await client.stream.append("events", { userId: "ada" });
    await worker.start();
    await worker.close();
    assert.deepEqual(seen, ["events/default/me: ada"]);
  });
  const config = { stream: "events", machineId: "rack-7" };
  const apart = new StreamWorker({ endpoint: server.endpoint }, config, () => undefined);
  assert.match(apart.consumer, /^rack-7-/);
  assert.equal(new StreamWorker(server.endpoint, config, () => undefined).group, "default");
});

const APPROVAL = `\
kind: Workflow
name: expense
version: "1.0.0"

start:
  run: "@actions/check"
  transitions:
    success: approval
    failure: flo.Failed

steps:
  approval:
    waitForSignal:
      type: "decision"
      timeoutMs: 86400000
      onTimeout: flo.Failed
    transitions:
      success: pay
      failure: flo.Failed

  pay:
    run: "@actions/pay"
    transitions:
      success: flo.Completed
      failure: flo.Failed
`;

test("a workflow that waits for a signal, and one that asks for a key", async () => {
  await withClient("workflows", async (client) => {
    const worker = client.newWorker({ concurrency: 2 });
    worker.registerAction("check", (ctx) => ctx.input());
    worker.registerAction("pay", (ctx) => ctx.result("success", "paid"));
    const working = worker.start();
    await worker.atWork.wait();
    const created = await client.workflow.create("expense", APPROVAL);
    assert.equal(created.action, "created");
    const runId = await client.workflow.start("expense", JSON.stringify({ amount: 500 }));
    for await (const event of client.workflow.follow(runId)) {
      if (event.type === "waiting_for_signal") break;
    }
    await client.workflow.signal(runId, "decision", JSON.stringify({ approved: true }));
    assert.equal((await client.workflow.wait(runId)).status, "completed");
    const runs = await client.workflow.listRuns({ statusFilter: "completed", limit: 5 });
    assert.deepEqual(
      runs.map((run) => run.run_id),
      [runId],
    );

    // Its own example starts such a definition without a key: here that can never be right.
    const keyed = APPROVAL.replace("name: expense", "name: keyed\nidempotency: required");
    await client.workflow.sync(keyed);
    await assert.rejects(client.workflow.start("keyed", "{}"), /idempotency/);
    await client.workflow.start("keyed", "{}", { idempotencyKey: "order-1" });
    await assert.rejects(client.workflow.status("wfrun-999"), (error) => isNotFound(error));
    await worker.close();
    await working;
  });
});
