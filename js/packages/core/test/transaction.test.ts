/** Transactions of keys, and cursors over scans. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Transaction } from "../dist/api/kv/transaction.js";
import * as errors from "../dist/base/errors.js";
import type { Request } from "../dist/wire/request.js";
import { bytes, primitives } from "./primitive-cases.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

const entry = (value: string, version: bigint) => ({ value: bytes(value), version });

async function begun(): Promise<{ caller: Recorder; txn: Transaction }> {
  const caller = new Recorder();
  return { caller, txn: await primitives(caller).kv.begin("user:1", { namespace: "other" }) };
}

function sent(caller: Recorder): [string, object][] {
  const commands = caller.lastFields["commands"] as Request<unknown>[];
  return commands.map(({ kind, fields }) => [
    kind.name,
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  ]);
}

test("a transaction commits its writes with what it read as conditions, in one batch", async () => {
  const { caller, txn } = await begun();
  assert.equal(caller.asked.length, 0, "beginning sends nothing");
  caller.answers.push(entry("Jane", 7n), null, [null, null, [9n], true, 1n]);
  assert.deepEqual(await txn.get("name"), bytes("Jane"));
  assert.equal(await txn.exists("mail"), false);
  assert.deepEqual(await txn.get("name"), bytes("Jane"), "read once");
  await txn.put("name", "June", { ttlMs: 5 });
  await txn.delete("mail");
  assert.equal(await txn.incr("mail", 2n), 2n);
  assert.equal(caller.asked.length, 2);
  const done = await txn.commit();
  assert.equal(caller.last?.namespace, "other");
  assert.deepEqual(sent(caller), [
    ["KvCheck", { key: "name", version: 7n }],
    ["KvCheck", { key: "mail", version: 0n }],
    ["KvPut", { key: "name", value: bytes("June"), ttlMs: 5 }],
    ["KvDelete", { key: "mail" }],
    ["KvIncr", { key: "mail", delta: 2n }],
  ]);
  assert.deepEqual(done, {
    commitIndex: 9n,
    opCount: 3,
    results: [{ version: 9n }, true, 1n],
  });
});

test("a transaction sees what it wrote", async () => {
  const { caller, txn } = await begun();
  await txn.put("a", "1");
  assert.deepEqual(await txn.get("a"), bytes("1"));
  await txn.delete("a");
  assert.equal(await txn.get("a"), null);
  assert.equal(await txn.incr("a"), 1n);
  assert.equal(await txn.incr("a", { delta: 4 }), 5n);
  assert.deepEqual(await txn.get("a"), bytes("5"));
  assert.equal(caller.asked.length, 0);
  caller.answers.push(entry("no number", 3n));
  const refused = await rejection(txn.incr("b"));
  assert.ok(refused instanceof errors.ConflictError);
  assert.match(refused.message, /"b" holds no counter/);
});

test("two that count at once see each other, and the first of two reads counts", async () => {
  const { caller, txn } = await begun();
  caller.answers.push(entry("5", 7n), entry("9", 8n), [null, 6n, 16n]);
  assert.deepEqual(await Promise.all([txn.incr("n"), txn.incr("n", 10)]), [6n, 16n]);
  assert.deepEqual(await txn.get("n"), bytes("16"));
  await txn.commit();
  assert.deepEqual(sent(caller)[0], ["KvCheck", { key: "n", version: 7n }]);
});

test("a transaction is over with its commit or rollback", async () => {
  const { caller, txn } = await begun();
  await txn.touch("a", { ttlMs: 5 });
  await txn.persist("a");
  await txn.rollback();
  await txn.rollback();
  for (const call of [txn.commit(), txn.get("a"), txn.put("a", ""), txn.incr("a")]) {
    assert.ok((await rejection(call)) instanceof errors.TxnFinishedError);
  }
  assert.equal(caller.asked.length, 0);
  const other = (await begun()).txn;
  assert.deepEqual(await other.commit(), { commitIndex: 0n, opCount: 0, results: [] });
  assert.ok(other.id > txn.id);
});

test("a commit that loses throws, and the transaction is over", async () => {
  const { caller, txn } = await begun();
  caller.answers.push(entry("1", 7n), new errors.ConflictError("lost", { index: 0 }));
  await txn.get("a");
  await txn.put("a", "2");
  assert.ok((await rejection(txn.commit())) instanceof errors.ConflictError);
  assert.ok((await rejection(txn.commit())) instanceof errors.TxnFinishedError);
});

test("what reads more than one key is not in a transaction", async () => {
  const { txn } = await begun();
  for (const call of [
    ...[txn.scan("a"), txn.mget(["a"]), txn.history("a")],
    ...[txn.jsonGet("a"), txn.jsonSet("a", "$", 1), txn.jsonDel("a")],
  ]) {
    assert.ok((await rejection(call)) instanceof errors.TxnUnsupportedOpError);
  }
});

test("a wrong write is refused at its line and not kept", async () => {
  const { caller, txn } = await begun();
  assert.ok((await rejection(txn.put("a", 5 as never))) instanceof errors.BadTypeError);
  assert.ok((await rejection(txn.put("a", "", { ttlMs: 1.5 }))) instanceof errors.BadTypeError);
  assert.equal((await txn.commit()).opCount, 0);
  assert.equal(caller.asked.length, 0);
});

// Cursors

const page = (keys: string[], cursor: string | null) => ({
  entries: keys.map((key) => ({ key })),
  cursor,
  hasMore: cursor !== null,
});

test("a cursor goes through a scan, page by page or entry by entry", async () => {
  const caller = new Recorder();
  const { kv } = primitives(caller);
  caller.answers.push(page(["a", "b"], "c1"), page(["c"], null));
  const cursor = kv.scanCursor("p", { limit: 2, namespace: "other" });
  assert.equal(caller.asked.length, 0);
  assert.ok(cursor.hasMore);
  assert.equal((await cursor.next()).entries.length, 2);
  assert.ok(cursor.hasMore);
  assert.equal((await cursor.next()).entries.length, 1);
  assert.ok(!cursor.hasMore);
  assert.deepEqual((await cursor.next()).entries, []);
  assert.deepEqual(
    caller.asked.map(({ fields, namespace }) => [
      (fields as { cursor?: unknown }).cursor,
      namespace,
    ]),
    [
      [undefined, "other"],
      ["c1", "other"],
    ],
  );
  caller.answers.push(page(["a", "b"], "c1"), page(["c"], null));
  const all = await kv.scanCursor("p").toArray();
  assert.deepEqual(
    all.map(({ key }) => key),
    ["a", "b", "c"],
  );
});
