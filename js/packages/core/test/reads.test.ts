/** What a client says beside its requests to a cluster, and learns from beside the answers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reads } from "../dist/link/reads.js";
import { encodeMessagePack } from "../dist/wire/message-pack-writer.js";
import { KvGet, KvIncr, NamespaceCreate, Ping } from "../dist/wire/messages.generated.js";
import type { Request } from "../dist/wire/request.js";
import { decodeAnswer, encodeRequest, unpack } from "../dist/wire/wire.js";

const GET = KvGet.of({ key: "k" });

let lastId = 0;

/** A call that was sent with the latest id, or with this one. */
function asked(request: Request<unknown>, namespace = "default", id = lastId) {
  return { id, request, namespace };
}

test("who reads from leaders says only how long the caller waits", () => {
  const reads = new Reads();
  reads.tell(asked(GET), { sequence: 7, stalenessMs: 40, leader: "" });
  assert.deepEqual(reads.terms(++lastId, "default", 5_000), [5_000, null, null]);
  assert.equal(reads.stalenessMs, 0);
});

test("a copy must have come as far as was seen in that namespace", () => {
  const reads = new Reads("local", 250);
  assert.deepEqual(reads.terms(++lastId, "default", 5_000), [5_000, 0, 250]);
  reads.tell(asked(GET), { sequence: 7, stalenessMs: 40, leader: "" });
  assert.equal(reads.stalenessMs, 40);
  reads.tell(asked(GET), { sequence: 6, stalenessMs: 0, leader: "" });
  reads.tell(asked(NamespaceCreate.of({ name: "fresh" })), {
    sequence: 9,
    stalenessMs: 0,
    leader: "",
  });
  reads.tell(asked(GET), null);
  assert.equal(reads.stalenessMs, 0);
  const seen = ["default", "fresh", "other"].map((name) => reads.terms(++lastId, name, 1)[1]);
  assert.deepEqual(seen, [7, 9, 0]);
});

test("after an answer that does not say how far it came only the leader answers", () => {
  const reads = new Reads("local", 250);
  for (const unsaid of [null, { sequence: 0, stalenessMs: 0, leader: "b:9000" }]) {
    reads.tell(asked(KvIncr.of({ key: "k" })), unsaid);
    assert.equal(reads.terms(++lastId, "default", 1)[2], -1);
    assert.equal(reads.terms(++lastId, "other", 1)[2], 250);
    reads.tell(asked(GET), { sequence: 8, stalenessMs: 0, leader: "" });
    assert.deepEqual(reads.terms(++lastId, "default", 1), [1, 8, 250]);
  }
});

test("what was asked before such an answer may be of a copy without what that showed", () => {
  const reads = new Reads("local", 250);
  reads.terms(++lastId, "default", 1);
  const before = lastId;
  reads.terms(++lastId, "default", 1);
  reads.tell(asked(KvIncr.of({ key: "k" })), null);
  reads.tell(asked(GET, "default", before), { sequence: 8, stalenessMs: 40, leader: "" });
  assert.equal(reads.terms(++lastId, "default", 1)[2], -1);
  reads.tell(asked(GET), { sequence: 9, stalenessMs: 0, leader: "" });
  assert.equal(reads.terms(++lastId, "default", 1)[2], 250);
});

test("what the node itself answers says nothing of a log", () => {
  const reads = new Reads("local", 250);
  reads.tell(asked(Ping.of({})), null);
  assert.deepEqual(reads.terms(++lastId, "default", 1), [1, 0, 250]);
});

test("where too many namespaces are in doubt only leaders answer", () => {
  const reads = new Reads("local");
  for (let number = 0; number <= 10_000; number++) {
    assert.ok(reads.isLocal);
    reads.tell(asked(GET, `n${number}`), null);
  }
  assert.deepEqual(reads.terms(++lastId, "n0", 1), [1, null, null]);
});

test("what is kept no more is not read from before it", () => {
  const reads = new Reads("local");
  for (let number = 0; number <= 10_000; number++) {
    reads.tell(asked(GET, `n${number}`), { sequence: 10 + number, stalenessMs: 0, leader: "" });
  }
  assert.deepEqual(
    ["n0", "n1", "new"].map((name) => reads.terms(++lastId, name, 1)[1]),
    [10, 11, 10],
  );
});

test("what cannot be is refused", () => {
  assert.throws(() => new Reads("some" as "local"), /reads is "some"; linearizable or local/);
  assert.throws(() => new Reads("linearizable", 5), /goes with reads: 'local'/);
  assert.throws(() => new Reads("local", -1), /maxStalenessMs/);
});

test("it stands behind the request, and behind the result or the error", () => {
  const body = encodeRequest(1, "default", 0, GET, 1_000, [5_000, 7, null]);
  assert.deepEqual((unpack(body) as unknown[])[4], [5_000, 7, null]);
  const told = decodeAnswer(encodeMessagePack([1, "result", null, [8, 20]])).told;
  assert.deepEqual(told, { sequence: 8, stalenessMs: 20, leader: "" });
  assert.equal(decodeAnswer(encodeMessagePack([1, "result"])).told, null);
  const passedOn = decodeAnswer(encodeMessagePack([1, "result", null, [0, 0, "b:9000"]])).told;
  assert.equal(passedOn?.leader, "b:9000");
});
