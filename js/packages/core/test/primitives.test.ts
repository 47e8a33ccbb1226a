/** Every method of every primitive: which request it makes of its arguments. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BadRequestError, BadTypeError } from "../dist/base/errors.js";
import { bytes, CASES, ID, type Primitives, primitives, TASK } from "./primitive-cases.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

for (const [call, name, fields, answer, result] of CASES) {
  test(`${name} is made of ${String(call).replace(/\s+/g, " ")}`, async () => {
    const caller = new Recorder();
    caller.answers.push(answer);
    const found = await call(primitives(caller));
    assert.equal(caller.last?.name, name);
    assert.deepEqual(caller.last?.fields, fields);
    const { blockMs } = fields as { blockMs?: number };
    assert.equal(caller.last?.blockMs, blockMs, "the time-out grows with the wait");
    if (result !== undefined) {
      assert.deepEqual(found, result);
    }
  });
}

const WITH_SECRETS = ["tokens.create(", "console.code(", "console.login("]; // a test of their own

test("every method of every primitive has its case, and takes a namespace and a signal", async () => {
  const recorder = new Recorder();
  const texts = [...CASES.map(([call]) => String(call)), ...WITH_SECRETS].join("\n");
  for (const [primitive, object] of Object.entries(primitives(recorder))) {
    const read = ["iterate", "watch", "subscribe", "follow", "scanCursor"];
    const others = [...read, "call", "begin", "getOrSet"]; // have tests of their own
    for (const method of methodsOf(object).filter((name) => !others.includes(name))) {
      assert.match(
        texts,
        new RegExp(`\\b${primitive}\\s*\\.${method}\\(`),
        `${primitive}.${method}`,
      );
    }
  }
  const { signal } = new AbortController();
  const { kv, queue } = primitives(recorder);
  await kv.get("k", { namespace: "other", signal });
  assert.deepEqual([recorder.last?.namespace, recorder.last?.signal], ["other", signal]);
  recorder.answers.push([1n]);
  await queue.enqueue("q", "", { namespace: "other", signal });
  assert.deepEqual([recorder.last?.namespace, recorder.last?.signal], ["other", signal]);
});

function methodsOf(object: object): string[] {
  const names: string[] = [];
  let prototype: object = Object.getPrototypeOf(object) as object;
  while (prototype !== Object.prototype) {
    names.push(...Object.getOwnPropertyNames(prototype));
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return names.filter((name) => name !== "constructor");
}

test("of a secret that is made here only a hash is sent", async () => {
  const recorder = new Recorder();
  const { tokens, console } = primitives(recorder);
  const { token } = await tokens.create("web", { scopes: ["read:kv:a"] });
  assert.match(token, /^flo_[a-z0-9]{12}_[\w-]{43}$/);
  assert.equal((recorder.lastFields["hash"] as Uint8Array).length, 32);
  recorder.answers.push(7);
  const { code, expiresAtMs } = await console.code();
  assert.match(code, /^[\w-]{43}$/);
  assert.equal(expiresAtMs, 7);
  const { hash } = recorder.lastFields;
  const session = await console.login(code);
  assert.match(session.token, /^floc_[a-z0-9]{12}_[\w-]{43}$/);
  assert.deepEqual(recorder.lastFields["codeHash"], hash);
});

const WRONG: readonly [(client: Primitives) => unknown, RegExp][] = [
  [({ kv }) => kv.put("k", 5 as never), /a value must be a Uint8Array or a string/],
  [({ kv }) => kv.put("k", "", { ttl: 5 } as never), /kv\.put has no option "ttl"/],
  [({ kv }) => kv.put("k", "", { ttlMs: 1, ttlSeconds: 1 }), /both given/],
  [({ kv }) => kv.put("k", "", { ttlSeconds: 1e-9 }), /less than a millisecond/],
  [({ kv }) => kv.put("k", "", { ttlSeconds: 1e12 }), /ttlSeconds is 1000000000000; 0 to/],
  [({ kv }) => kv.put("k", "", { ifExists: 1 as never }), /ifExists must be a boolean, not number/],
  [({ kv }) => kv.touch("k", {}), /touch needs ttlMs or ttlSeconds/],
  [({ kv }) => kv.mget("abc"), /keys must be a list/],
  [({ kv }) => kv.jsonSet("k", "$", 5n), /cannot be written as JSON/],
  [({ kv }) => kv.jsonSet("k", "$", undefined), /cannot be written as JSON/],
  [({ kv }) => kv.watch("k", { from: 1 } as never), /kv\.watch has no option "from"/],
  [
    ({ queue }) => queue.dequeue("q", 1, { ackMode: "never" as never }),
    /ackMode .*explicit, on_delivery/,
  ],
  [({ queue }) => queue.enqueueMany("q", "abc"), /a list of payloads, not one payload/],
  [({ queue }) => queue.ack("q", ["1" as never]), /a seq must be an integer, not string/],
  [
    ({ queue }) => queue.purge("q", { force: true } as never),
    /queue\.purge has no option "force"; it/,
  ],
  [
    ({ stream }) => stream.append("s", "", { headers: ["a"] as never }),
    /headers must be an object/,
  ],
  [
    ({ stream }) => stream.append("s", "", { headers: { a: 5 as never } }),
    /headers\["a"\] must be text/,
  ],
  [({ stream }) => stream.subscribe("s", "f" as never), /callback must be a function, not string/],
  [
    ({ stream }) => stream.groupSeek("s", "g", { start: undefined as never }),
    /start must be given: a StreamID/,
  ],
  [({ stream }) => stream.groupSeek("s", "g", {} as never), /start must be given: a StreamID/],
  [({ stream }) => stream.groupAck("s", ["x"], { group: "g" }), /stream id "x" must look like/],
  [
    ({ action }) => action.register("a", "wasm" as never),
    /type is "wasm"; it must be one of: user/,
  ],
  [
    ({ action }) => action.listRuns(null, { status: "x" as never }),
    /status is "x"; it must be one of/,
  ],
  [({ workflow }) => workflow.start("w", 5n), /input cannot be written as JSON/],
  [
    ({ workflow }) => workflow.start("w", "", { id: "x" } as never),
    /workflow\.start has no option "id"/,
  ],
  [
    ({ workflow }) => workflow.sync(5 as never),
    /yaml must be a Uint8Array or a string, not number/,
  ],
  [
    ({ workflow }) => workflow.listRuns({ search: { a: null as never } }),
    /search\["a"\] must be text/,
  ],
  [
    ({ workflow }) => workflow.bulk("cancel", { search: new Map([["a", 1]]) as never }),
    /search must be an object of names and texts, numbers and booleans, not Map/,
  ],
  [
    ({ workflow }) => workflow.listRuns({ search: new Uint8Array() as never }),
    /search must be an object .*, not Uint8Array/,
  ],
  [
    ({ workflow }) => workflow.listRuns({ search: { a: new Date() as never } }),
    /search\["a"\] must be text, not Date/,
  ],
  [
    ({ workflow }) => workflow.listRuns({ search: { a: { gt: 1 }, b: { lt: 2 } } }),
    /search has ranges for "a" and "b"; only one attribute may have a range/,
  ],
  [
    ({ workflow }) => workflow.listRuns({ search: { a: { gt: null as never } } }),
    /bounds\["gt"\] must be text/,
  ],
  [({ worker }) => worker.register("w", "a"), /a list of names, not one name/],
  [({ worker }) => worker.complete("w", "run-1" as never), /task must be a Task as it was claimed/],
  [
    ({ worker }) => worker.fail("w", TASK, new Error("x") as never),
    /error must be text, not Error/,
  ],
];

for (const [call, says] of WRONG) {
  test(`refused before anything is sent: ${says.source}`, async () => {
    const caller = new Recorder();
    const attempt = async () => await call(primitives(caller));
    const error = await rejection(attempt());
    assert.ok(error instanceof BadRequestError, String(error));
    assert.match(error.message, says);
    assert.equal(caller.asked.length, 0);
  });
}

test("a wrong type is a BadTypeError", async () => {
  const { kv } = primitives(new Recorder());
  assert.ok((await rejection(kv.put("k", 5 as never))) instanceof BadTypeError);
});

// Leases

const message = (seq: bigint, lease: bigint) => ({ seq, lease, payload: bytes("") }) as never;

test("the lease of every message dequeued goes along with its seq", async () => {
  const caller = new Recorder();
  const { queue } = primitives(caller);
  caller.answers.push({ messages: [message(1n, 5n), message(2n, 6n)] });
  await queue.dequeue("q", 2);
  await queue.ack("q", [1n, 2, 3n]);
  assert.deepEqual(caller.last?.fields, { queue: "q", seqs: [1n, 2n, 3n], leases: [5n, 6n, 0n] });
  await queue.nack("q", 1n, { namespace: "mine" });
  assert.deepEqual(caller.lastFields["leases"], [5n], "its own namespace");
  await queue.touch("q", 1n, { namespace: "other" });
  assert.deepEqual(caller.lastFields["leases"], [0n], "another namespace");
  await queue.ack("other", [1n]);
  assert.deepEqual(caller.lastFields["leases"], [0n], "another queue");
  await queue.ack("q", message(1n, 99n));
  assert.deepEqual(caller.lastFields["leases"], [99n], "the message's own");
});

test("the lease of every record read in a group goes along with its id", async () => {
  const caller = new Recorder();
  const { stream } = primitives(caller);
  const record = { id: ID, lease: 7n, payload: bytes("") };
  caller.answers.push({ records: [record] });
  await stream.groupRead("s", { group: "g", consumer: "c" });
  await stream.groupAck("s", [ID], { group: "g" });
  assert.deepEqual(caller.lastFields["leases"], [7n]);
  await stream.groupAck("s", [ID], { group: "other" });
  assert.deepEqual(caller.lastFields["leases"], [0n]);
  caller.answers.push({ records: [{ ...record, lease: 8n }] });
  await stream.groupClaim("s", { group: "g", consumer: "c", minIdleMs: 0, namespace: "other" });
  await stream.groupNack("s", "5-0", { group: "g", namespace: "other" });
  assert.deepEqual(caller.lastFields["leases"], [8n]);
  await stream.groupTouch("s", { ...record, lease: 9n } as never, { group: "g" });
  assert.deepEqual(caller.lastFields["leases"], [9n]);
});

test("action.call invokes and waits in one request, or in two where many wait", async () => {
  const caller = new Recorder();
  const { action } = primitives(caller);
  caller.answers.push({ runId: "run-1", status: "completed" });
  const options = { priority: 1, blockMs: 500, namespace: "other" };
  assert.equal((await action.call("a", "p", options)).status, "completed");
  const [call] = caller.asked;
  assert.equal(call?.name, "ActionCall");
  const { name, payload, priority, blockMs } = caller.lastFields;
  assert.deepEqual([name, payload, priority, blockMs], ["a", bytes("p"), 1, 500]);
  assert.deepEqual([call?.namespace, call?.blockMs], ["other", 500]);
  const waiting = Array.from({ length: 32 }, () => action.call("a"));
  caller.answers.push({ runId: "run-2", created: true }, { runId: "run-2", status: "completed" });
  assert.equal((await action.call("a", "p", options)).status, "completed");
  const [invoke, wait] = caller.asked.slice(-2);
  assert.deepEqual([invoke?.name, wait?.name], ["ActionInvoke", "ActionStatus"]);
  assert.deepEqual(wait?.fields, { runId: "run-2", blockMs: 500 });
  await Promise.all(waiting);
});

test("kv.iterate goes from page to page", async () => {
  const caller = new Recorder();
  const { kv } = primitives(caller);
  const entry = (key: string) => ({ key });
  caller.answers.push(
    { entries: [entry("a"), entry("b")], cursor: "c", hasMore: true },
    { entries: [entry("c")], cursor: null, hasMore: false },
  );
  const keys: string[] = [];
  for await (const { key } of kv.iterate("p", { keysOnly: true, namespace: "other" })) {
    keys.push(key);
  }
  assert.deepEqual(keys, ["a", "b", "c"]);
  const [first, second] = caller.asked;
  assert.deepEqual(first?.fields, { prefix: "p", limit: 1_000, keysOnly: true });
  assert.deepEqual(second?.fields, { prefix: "p", limit: 1_000, cursor: "c", keysOnly: true });
  assert.equal(second?.namespace, "other");
});
