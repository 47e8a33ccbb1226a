/** Every primitive against a real server, and a Python client on the same data. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  ActionType,
  BadRequestError,
  ConflictError,
  FloClient,
  ForbiddenError,
  NotFoundError,
  StreamID,
  type StreamRecord,
} from "@floruntime/node";
import { bytes, Peer } from "@floruntime/testing";

let peer: Peer;
let client: FloClient;
let names = 0;

before(async () => {
  peer = await Peer.start();
  client = new FloClient(peer.endpoint);
});
after(async () => {
  await client.close();
  await peer.stop();
});

const text = (value: Uint8Array | null | undefined): string | null =>
  value ? new TextDecoder().decode(value) : null;

/** A name that no other test uses. */
const fresh = (): string => `name-${names++}`;

test("KV: values, versions, conditions, expiry", async () => {
  const key = fresh();
  const { version } = await client.kv.put(key, "one");
  assert.equal(typeof version, "bigint");
  await client.kv.put(key, new Uint8Array([50]), { casVersion: version });
  await assert.rejects(client.kv.put(key, "lost", { casVersion: version }), (error: Error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.currentVersion, version + 1n);
    assert.equal(error.ran, "no");
    return true;
  });
  const entry = await client.kv.entry(key);
  assert.equal(text(entry?.value), "2");
  assert.equal(entry?.expiresAtMs, null);
  assert.deepEqual(
    (await client.kv.history(key)).map((each) => [text(each.value), each.deleted]),
    [
      ["2", false],
      ["one", false],
    ],
  );
  assert.equal(await client.kv.touch(key, { ttlMs: 60_000 }), true);
  assert.equal(await client.kv.exists(key), true);
  await peer.advance(60_000);
  assert.equal(await client.kv.get(key), null);
  assert.equal(await client.kv.exists(key), false);
  assert.equal(await client.kv.delete(key), false);
  assert.equal((await client.kv.history(key))[0]?.deleted, true);
});

test("KV: counters, documents, pages", async () => {
  const counter = fresh();
  assert.equal(await client.kv.incr(counter, 2n ** 62n), 2n ** 62n);
  assert.equal(await client.kv.incr(counter, -1), 2n ** 62n - 1n);
  const document = fresh();
  await client.kv.jsonSet(document, "$", { a: [1, 2] });
  await client.kv.jsonSet(document, "$.a[0]", "x");
  assert.deepEqual(await client.kv.jsonGet(document), { a: ["x", 2] });
  assert.equal(await client.kv.jsonDel(document, "$.a"), true);
  const prefix = fresh();
  for (const suffix of ["c", "a", "b"]) {
    await client.kv.put(`${prefix}:${suffix}`, suffix);
  }
  const page = await client.kv.scan(`${prefix}:`, { limit: 2 });
  assert.deepEqual([page.entries.length, page.hasMore], [2, true]);
  const rest = await client.kv.scan(`${prefix}:`, { cursor: page.cursor });
  assert.deepEqual(
    rest.entries.map(({ key }) => key),
    [`${prefix}:c`],
  );
  const all = [];
  for await (const { value } of client.kv.iterate(`${prefix}:`)) {
    all.push(text(value));
  }
  assert.deepEqual(all, ["a", "b", "c"]);
  await assert.rejects(client.kv.scan("", { cursor: "garbled" }), BadRequestError);
});

test("KV: a get waits for its key, a watch shows every change", async () => {
  const key = fresh();
  const waiting = client.kv.get(key, { blockMs: 60_000 });
  const watch = client.kv.watch(key);
  await watch.start();
  await client.kv.put(key, "1");
  await client.kv.delete(key);
  assert.equal(text(await waiting), "1");
  const changes = [await watch.next(), await watch.next()];
  assert.deepEqual(
    changes.map(({ value }) => value.deleted),
    [false, true],
  );
  await watch.close();
});

test("queues: leases, dead letters, settings", async () => {
  const queue = fresh();
  const seq = await client.queue.enqueue(queue, "work", { priority: 1 });
  assert.equal(await client.queue.enqueue(queue, "later", { delayMs: 60_000 }), seq + 1n);
  const first = await client.queue.enqueue(queue, "once", { dedupKey: "d" });
  assert.equal(await client.queue.enqueue(queue, "again", { dedupKey: "d" }), first);
  const result = await client.queue.dequeue(queue, 10, { visibilityTimeoutMs: 60_000 });
  assert.deepEqual(
    result.messages.map((message) => text(message.payload)),
    ["work", "once"],
  );
  assert.deepEqual(await client.queue.ack(queue, [seq]), { done: [seq], stale: [] });
  await client.queue.nack(queue, [first], { toDlq: true, error: "broken" });
  const dead = await client.queue.dlqList(queue);
  assert.deepEqual(
    dead.messages.map((message) => [message.seq, message.reason, message.error]),
    [[first, "nacked", "broken"]],
  );
  assert.equal(await client.queue.dlqRequeue(queue, dead.messages), 1);
  const { ready, delayed, dead: dying } = await client.queue.stats(queue);
  assert.deepEqual([ready, delayed, dying], [1, 1, 0]);
  assert.equal((await client.queue.configure(queue, { maxAttempts: 2 })).maxAttempts, 2);
  assert.ok((await client.queue.list()).some(({ name }) => name === queue));
  assert.equal(await client.queue.delete(queue), true);
});

test("queues: a stale ack changes nothing", async () => {
  const queue = fresh();
  await client.queue.enqueue(queue, "work");
  const slow = await client.queue.dequeue(queue, 1, { visibilityTimeoutMs: 1_000 });
  await peer.advance(1_000);
  const other = new FloClient(peer.endpoint);
  const [message] = (await other.queue.dequeue(queue)).messages;
  assert.equal(message?.attempt, 2);
  assert.deepEqual(await client.queue.ack(queue, [slow.messages[0]?.seq ?? 0n]), {
    ...{ done: [], stale: [message?.seq] },
  });
  assert.deepEqual((await other.queue.ack(queue, [message?.seq ?? 0n])).stale, []);
  await other.close();
});

test("streams: appending, reading, trimming", async () => {
  const stream = fresh();
  await client.stream.create(stream, { partitions: 2 });
  const first = await client.stream.append(stream, "a", {
    partitionKey: "user-123",
    headers: { source: "web", __proto__: "harmless" } as Record<string, string>,
  });
  assert.ok(first.id instanceof StreamID);
  const [second] = await client.streams.appendMany(stream, ["b", "c"], {
    partitionKey: "user-123",
  });
  assert.equal(second?.partition, first.partition);
  const { records } = await client.stream.read(stream, { start: first.id, limit: 100 });
  assert.deepEqual(
    records.map(({ payload }) => text(payload)),
    ["a", "b", "c"],
  );
  assert.equal(records[0]?.headers["source"], "web");
  const rest = await client.stream.read(stream, { after: first.id });
  assert.equal(rest.records.length, 2);
  assert.equal((await client.stream.info(stream)).count, 3);
  assert.equal((await client.stream.trim(stream, { maxRecords: 1 })).removed, 2);
  assert.equal((await client.stream.alter(stream, { maxRecords: 5 })).maxRecords, 5);
  await assert.rejects(client.stream.delete(stream), ConflictError);
  assert.equal(await client.stream.delete(stream, { force: true }), true);
  await assert.rejects(client.stream.info(stream), NotFoundError);
});

test("streams: a header of any name comes back", async () => {
  const stream = fresh();
  const headers = Object.fromEntries([["__proto__", "x"]]) as Record<string, string>;
  await client.stream.append(stream, "", { headers });
  const [record] = (await client.stream.read(stream)).records;
  assert.deepEqual(Object.entries(record?.headers ?? {}), [["__proto__", "x"]]);
});

test("groups: leases by id, dead letters, seeking", async () => {
  const stream = fresh();
  await client.stream.appendMany(stream, ["a", "b"]);
  await client.stream.groupCreate(stream, "g", { maxDeliver: 1 });
  await client.stream.groupJoin(stream, "g", "c");
  const options = { group: "g", consumer: "c" };
  const { records } = await client.stream.groupRead(stream, options);
  assert.deepEqual(
    records.map(({ attempt }) => attempt),
    [1, 1],
  );
  const [a, b] = records as [StreamRecord, StreamRecord];
  const acked = await client.stream.groupAck(stream, [a.id], options);
  assert.deepEqual(acked.done.map(String), [`${a.id}`]);
  assert.equal((await client.stream.groupPending(stream, "g")).length, 1);
  await client.stream.groupNack(stream, [b], { ...options, error: "broken" });
  const dead = await client.stream.groupDead(stream, "g");
  assert.deepEqual(
    dead.map(({ reason, error }) => [reason, error]),
    [["max_attempts", "broken"]],
  );
  const info = await client.stream.groupSeek(stream, "g", { start: "0" });
  assert.equal(info.lag, 2);
  assert.ok((await client.stream.groupList(stream)).some(({ name }) => name === "g"));
  assert.equal(await client.stream.groupLeave(stream, "g", "c"), true);
  assert.equal(await client.stream.groupDelete(stream, "g"), true);
});

test("streams: following and subscribing", async () => {
  const stream = fresh();
  await client.stream.append(stream, "before");
  const seen: (string | null)[] = [];
  let onThird: () => void = () => undefined;
  const third = new Promise<void>((resolve) => {
    onThird = resolve;
  });
  const subscription = await client.streams.subscribe(stream, ({ payload }) => {
    seen.push(text(payload));
    if (seen.length === 3) {
      onThird();
    }
  });
  const follower = client.stream.follow(stream, { start: "0" });
  await client.stream.appendMany(stream, ["1", "2", "3"]);
  await third;
  await subscription.close();
  assert.deepEqual(seen, ["1", "2", "3"]);
  const followed: (string | null)[] = [];
  for await (const { payload } of follower) {
    followed.push(text(payload));
    if (followed.length === 4) {
      break;
    }
  }
  assert.deepEqual(followed, ["before", "1", "2", "3"]);
});

test("actions: a run by hand, from its invocation to its end", async () => {
  const name = fresh();
  const info = await client.action.register(name, ActionType.User, { timeoutMs: 60_000 });
  assert.deepEqual([info.version, info.timeoutMs, info.type], [1n, 60_000, "user"]);
  const invoked = await client.action.invoke(name, "in", { priority: 1, idempotencyKey: "k" });
  assert.equal(invoked.created, true);
  const again = await client.action.invoke(name, "in", { idempotencyKey: "k" });
  assert.deepEqual(again, { runId: invoked.runId, created: false });
  const task = await client.worker.awaitTask("w", [name], { blockMs: 0 });
  assert.equal(text(task?.payload), "in");
  assert.ok(task);
  await client.worker.touch("w", task);
  await client.worker.complete("w", task, "out", { outcome: "approved" });
  const run = await client.action.wait(invoked.runId);
  assert.deepEqual([run.status, run.outcome, text(run.output)], ["completed", "approved", "out"]);
  await assert.rejects(client.worker.fail("w", task, "late"), ConflictError);
  assert.equal((await client.action.listRuns(name)).length, 1);
  assert.ok((await client.action.list({ prefix: name })).length === 1);
  await client.action.disable(name);
  await assert.rejects(client.action.invoke(name), ConflictError);
  await client.action.enable(name);
  const other = await client.action.invoke(name);
  const late = await client.worker.awaitTask("w", [name], { blockMs: 0 });
  assert.ok(late);
  assert.equal((await client.action.cancel(other.runId, { reason: "why" })).status, "cancelled");
  await assert.rejects(client.worker.touch("w", late), ConflictError);
  assert.equal(await client.action.delete(name), true);
  await assert.rejects(client.action.get(name), NotFoundError);
});

test("batches: all of it, or none of it", async () => {
  const queue = fresh();
  const key = fresh();
  await client.queue.enqueue(queue, "order");
  const [message] = (await client.queue.dequeue(queue)).messages;
  assert.ok(message);
  const [acked, put, seq] = await client.batch((b) => {
    b.queue.ack(queue, [message.seq]);
    b.kv.put(key, "paid", { ifNotExists: true });
    b.queue.enqueue(queue, "email");
  });
  assert.deepEqual(acked, { done: [message.seq], stale: [] });
  assert.equal(typeof (put as { version: unknown }).version, "bigint");
  assert.equal(seq, message.seq + 1n);
  const refused = client.batch((b) => {
    b.kv.incr(`${key}:count`);
    b.kv.put(key, "twice", { ifNotExists: true });
  });
  await assert.rejects(refused, (error: Error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.index, 1);
    return true;
  });
  assert.equal(await client.kv.get(`${key}:count`), null);
});

test("namespaces see nothing of each other", async () => {
  const [namespace, key] = [fresh(), fresh()];
  assert.equal(await client.namespaces.create(namespace), true);
  await client.kv.put(key, "there", { namespace });
  assert.equal(await client.kv.get(key), null);
  const there = new FloClient(peer.endpoint, { namespace });
  assert.equal(text(await there.kv.get(key)), "there");
  await there.close();
  assert.ok((await client.namespaces.list()).some(({ name }) => name === namespace));
  await assert.rejects(client.namespaces.delete(namespace), ConflictError);
  assert.equal(await client.namespaces.delete(namespace, { force: true }), true);
});

test("the server tells of itself", async () => {
  assert.ok((await client.ping()) >= 0);
  const info = await client.info();
  assert.equal(info.durability, "sync");
  assert.equal(info.limits.valueBytesMax, 2 ** 20);
});

// Node and Python on the same data

test("what Node writes Python reads, and the other way round", async () => {
  const key = fresh();
  const { version } = await client.kv.put(key, "from Node ä€😀");
  const entry = (await peer.call("kv.entry", [key])) as { value: object; version: number };
  assert.deepEqual(entry.value, bytes("from Node ä€😀"));
  assert.equal(BigInt(entry.version), version);
  await peer.call("kv.put", [key, "from Python"], { cas_version: Number(version) });
  assert.equal(text(await client.kv.get(key)), "from Python");
});

test("Python works off what Node enqueues, and Node what Python enqueues", async () => {
  const queue = fresh();
  const seq = await client.queue.enqueue(queue, "one");
  const taken = (await peer.call("queue.dequeue", [queue])) as { messages: { seq: number }[] };
  assert.deepEqual(
    taken.messages.map((message) => BigInt(message.seq)),
    [seq],
  );
  assert.deepEqual((await client.queue.dequeue(queue)).messages, []);
  await peer.call("queue.nack", [queue, [Number(seq)]], { release: true });
  await peer.call("queue.enqueue", [queue, "two"], { priority: 1 });
  const { messages } = await client.queue.dequeue(queue, 10);
  assert.deepEqual(
    messages.map(({ payload }) => text(payload)),
    ["two", "one"],
  );
  assert.equal((await client.queue.ack(queue, messages)).done.length, 2);
});

test("a group has members in Node and in Python", async () => {
  const stream = fresh();
  await peer.call("stream.append_many", [stream, ["a", "b"]]);
  const options = { group: "g", consumer: "node" };
  const { records } = await client.stream.groupRead(stream, { ...options, limit: 1 });
  const theirs = (await peer.call("stream.group_read", [stream], {
    ...{ group: "g", consumer: "python", limit: 1 },
  })) as { records: { id: { id: string } }[] };
  await client.stream.groupAck(stream, records, options);
  await peer.call("stream.group_ack", [stream, [theirs.records[0]?.id ?? null]], { group: "g" });
  const info = await client.stream.groupInfo(stream, "g");
  assert.deepEqual([info.pending, info.lag, info.consumers], [0, 0, ["node", "python"]]);
});

test("a run that Python invokes is done by a worker in Node", async () => {
  const name = fresh();
  const worker = client.newActionWorker({ handleSignals: false });
  worker.action(name, (ctx) => ({ doubled: 2 * ctx.json<{ n: number }>().n }));
  const working = worker.start();
  await worker.atWork.wait();
  const run = (await peer.call("action.call", [name, '{"n": 21}'])) as { output: object };
  assert.deepEqual(run.output, bytes('{"doubled":42}'));
  await worker.close();
  await working;
});

test("a session of the console is opened by a code, once, and ends at log-out", async () => {
  const { code, expiresAtMs } = await client.console.code();
  assert(expiresAtMs > 0);
  const { token, info } = await client.console.login(code);
  assert.deepEqual([info.role, info.isSession], ["admin", true]);
  await assert.rejects(client.console.login(code), /used already/);
  await using page = new FloClient(peer.endpoint, { token });
  assert.equal((await page.tokens.whoami()).isSession, true);
  await page.console.logout();
  await assert.rejects(page.kv.get("k"), /session of the console is over/);
  assert.equal((await client.tokens.whoami()).isSession, false);
});

test("tokens are minted for pages, and made with scopes", async () => {
  const minted = await client.tokens.mint({ scopes: ["read:kv:flag:*"], expiresMs: 60_000 });
  assert.match(minted.token, /^flom_/);
  assert.equal(typeof minted.expiresAtMs, "bigint");
  await using page = new FloClient(peer.endpoint, { token: minted.token });
  assert.equal(await page.kv.get("flag:a"), null);
  await assert.rejects(page.kv.get("secret"), ForbiddenError);
  await assert.rejects(client.tokens.mint({ scopes: [] }), BadRequestError);
  await assert.rejects(client.tokens.mint({ scopes: "read:kv:a" as never }), BadRequestError);
  assert.equal((await client.tokens.list()).length, 0, "minting turns no tokens on");

  const own = await Peer.start();
  try {
    await using first = new FloClient(own.endpoint);
    const admin = await first.tokens.create("admin");
    await using boss = new FloClient(own.endpoint, { token: admin.token });
    const scopes = ["write:queue:jobs"];
    const made = await boss.tokens.create("worker", { scopes, lifetimeMs: 60_000 });
    assert.deepEqual(made.info.scopes, scopes);
    await using worker = new FloClient(own.endpoint, { token: made.token });
    await worker.queue.enqueue("jobs", "x");
    await assert.rejects(worker.queue.enqueue("others", "x"), ForbiddenError);
    await boss.tokens.revoke(made.info.id);
    assert.equal((await boss.tokens.list()).length, 2);
  } finally {
    await own.stop();
  }
});
