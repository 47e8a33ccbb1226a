/** Values: what is bytes, what becomes JSON, and what is refused before anything is sent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { manyBytes, payloadBytes, toBytes, toText } from "../dist/base/bytes.js";
import { BadRequestError, BadTypeError } from "../dist/base/errors.js";
import { fromJson, jsonBytes } from "../dist/base/json.js";
import { knownOfCall } from "../dist/base/options.js";
import { Batch, KvPut, StreamAppend } from "../dist/wire/messages.generated.js";
import { asSpelt } from "../dist/wire/option-names.js";
import { type Primitives, primitives } from "./primitive-cases.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

// Bytes

test("bytes are bytes, of whatever realm and through whatever view", () => {
  const buffer = bytes(9, 1, 2, 3, 9).buffer;
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([1, 2, 3]);
  for (const value of [
    bytes(1, 2, 3),
    new Uint8Array(buffer, 1, 3),
    new DataView(buffer, 1, 3),
    new Int8Array(buffer, 1, 3),
    Buffer.from([1, 2, 3]),
    Buffer.from([9, 1, 2, 3, 9]).subarray(1, 4),
    buffer.slice(1, 4),
    shared,
    new Uint8Array(shared),
    runInNewContext("new Uint8Array([1, 2, 3])") as Uint8Array,
    runInNewContext("new Uint8Array([1, 2, 3]).buffer") as ArrayBuffer,
    runInNewContext("new DataView(new Uint8Array([1, 2, 3]).buffer)") as DataView,
  ]) {
    assert.deepEqual(toBytes(value), bytes(1, 2, 3), Object.prototype.toString.call(value));
    assert.deepEqual(payloadBytes(value), bytes(1, 2, 3));
  }
  assert.deepEqual(toBytes(new Uint16Array([0x0201])), bytes(1, 2), "wider items, as they lie");
});

test("payloads are bytes or text", () => {
  assert.deepEqual(toBytes("ä"), bytes(0xc3, 0xa4));
  assert.throws(() => toBytes(5 as never), /a value must be a Uint8Array or a string, not number/);
  assert.throws(() => toBytes("\ud800"), BadRequestError);
  assert.throws(() => manyBytes("text"), /a list of payloads, not one payload/);
  assert.throws(() => manyBytes(bytes(1) as never), BadTypeError);
  assert.deepEqual(manyBytes(new Set(["a"])), [bytes(0x61)]);
});

test("JSON is read with U+FEFF before it, which Windows writes", () => {
  assert.deepEqual(fromJson(toBytes('\ufeff{"a":"\ufeff"}')), { a: "\ufeff" });
  assert.throws(() => fromJson(toBytes("{")), SyntaxError);
});

test("text comes back as it went in, with U+FEFF at its beginning", () => {
  assert.equal(toText(toBytes("\ufefftext")), "\ufefftext");
});

test("what is sent is what was given, whatever the caller changes afterwards", () => {
  const value = bytes(1, 2, 3);
  const headers: Record<string, string> = { a: "1" };
  const put = KvPut.of({ key: "k", value });
  const append = StreamAppend.of({ stream: "s", payloads: [value], headers });
  value.fill(0);
  headers["a"] = "2";
  assert.deepEqual(put.encode()[2], bytes(1, 2, 3));
  const [, , payloads] = append.with({ partition: 1 }).encode();
  assert.deepEqual(payloads, [bytes(1, 2, 3)]);
  assert.ok(append.encode().some((field) => (field as typeof headers | null)?.["a"] === "1"));
});

test("an error of the server names options as the caller spelt them, and nothing else", () => {
  const put = KvPut.of({ key: "k", value: bytes() });
  const said = (message: string, request: Parameters<typeof asSpelt>[1] = put, index = 0) =>
    asSpelt(message, request, index);
  assert.equal(said("ttl_ms is -1; 1 to 5 is allowed"), "ttlMs is -1; 1 to 5 is allowed");
  assert.equal(said("the key's ttl_ms is not 'ttl_ms'"), "the key's ttlMs is not 'ttl_ms'");
  assert.equal(said('worker_lost, "cas_version"'), 'worker_lost, "cas_version"');
  const batch = Batch.of({ commands: [StreamAppend.of({ stream: "s", payloads: [] }), put] });
  assert.equal(said("if_not_exists with if_exists", batch, 1), "ifNotExists with ifExists");
  assert.equal(said("if_not_exists", batch, 0), "if_not_exists");
});

// JSON

const jsonOf = (value: unknown): string => toText(jsonBytes("value", value));

test("JSON is what JSON.stringify writes", () => {
  class Order {
    id = 1;
    note = undefined;
  }
  const values = [null, 1.5, "\ud800", [1, [2]], { a: { b: [] } }, new Order(), new Date(5)];
  for (const value of [...values, { toJSON: () => "own" }, Object.create(null), new String("x")]) {
    assert.equal(jsonOf(value), JSON.stringify(value));
  }
  const twice = { same: 1 };
  assert.equal(jsonOf([twice, twice]), '[{"same":1},{"same":1}]');
});

test("what JSON has no form for is refused, with its place", () => {
  const round: Record<string, unknown> = {};
  round["self"] = round;
  for (const [value, says] of [
    [undefined, /value cannot be written as JSON: it is a value of type undefined/],
    [5n, /it is 5n/],
    [{ a: [1, Number.NaN] }, /value\["a"\]\[1\] cannot be written as JSON: it is NaN/],
    [{ a: Number.POSITIVE_INFINITY }, /Infinity/],
    [[undefined], /value\[0\] .*undefined/],
    [{ run: () => 1 }, /value\["run"\] .*function/],
    [{ at: Symbol("x") }, /symbol/],
    [new Map([["a", 1]]), /it is a Map/],
    [{ tags: new Set() }, /value\["tags"\] .*a Set/],
    [Promise.resolve(1), /it is a Promise \(is an await missing\?\)/],
    [{ user: Promise.resolve(1) }, /value\["user"\] .*await missing/],
    [bytes(1), /it is Uint8Array \(bytes/],
    [Buffer.from("x"), /it is Buffer \(bytes/],
    [new ArrayBuffer(1), /bytes/],
    [runInNewContext("new Uint8Array(1)"), /bytes/],
    [/x/, /a RegExp/],
    [new Blob(["x"]), /a Blob/],
    [{ form: new URLSearchParams("a=1") }, /value\["form"\] .*a URLSearchParams/],
    [new Error("x"), /an? Error/],
    [new Date(Number.NaN), /a Date that is not valid/],
    [[1][Symbol.iterator](), /Iterator/],
    [round, /value\["self"\] .*something that holds it/],
  ] as const) {
    assert.throws(() => jsonBytes("value", value), says);
    assert.throws(() => jsonBytes("value", value), BadTypeError);
  }
});

test("objects and arrays are JSON where a payload is meant", async () => {
  const caller = new Recorder();
  const { queue, stream, action, worker } = primitives(caller);
  const json = new TextEncoder().encode('{"a":1}');
  caller.answers.push([1n], [1n, 2n], [{}], [{}, {}]);
  await queue.enqueue("q", { a: 1 });
  assert.deepEqual(caller.lastFields["payloads"], [json]);
  await queue.enqueueMany("q", [{ a: 1 }, "text"]);
  assert.deepEqual(caller.lastFields["payloads"], [json, toBytes("text")]);
  await stream.append("s", { a: 1 });
  assert.deepEqual(caller.lastFields["payloads"], [json]);
  await stream.appendMany("s", [[1], { a: 1 }]);
  assert.deepEqual(caller.lastFields["payloads"], [toBytes("[1]"), json]);
  await action.invoke("a", { a: 1 });
  assert.deepEqual(caller.lastFields["payload"], json);
  await action.call("a", { a: 1 });
  assert.deepEqual(caller.lastFields["payload"], json);
  await worker.complete("w", { runId: "r", lease: 1n } as never, { a: 1 });
  assert.deepEqual(caller.lastFields["output"], json);
});

// Integers

test("durations, sizes and limits are numbers or bigints", async () => {
  const caller = new Recorder();
  const { kv, queue, stream } = primitives(caller);
  await kv.put("k", "v", { ttlSeconds: 3600n });
  assert.equal(caller.lastFields["ttlMs"], 3_600_000);
  await kv.put("k", "v", { ttlMs: 5n, casVersion: 1n });
  caller.answers.push([1n], { messages: [] }, { records: [] });
  await queue.enqueue("q", "p", { priority: 10n, delayMs: 60_000n, dedupKey: "task-123" });
  await queue.dequeue("q", 10n, { visibilityTimeoutMs: 60_000n, blockMs: 30_000n });
  await stream.read("s", { offset: 0n, limit: 10n });
});

// What is refused by name

const NONSENSE: readonly [(client: Primitives) => unknown, RegExp][] = [
  [({ kv }) => kv.jsonSet("k", "$", bytes(1)), /value cannot be written as JSON: it is Uint8Array/],
  [({ kv }) => kv.jsonSet("k", "$", Promise.resolve(1)), /value .*Promise.*await/],
  [({ kv }) => kv.put("k", Promise.resolve("v") as never), /a value .*not Promise.*await/],
  [({ kv }) => kv.put("k", { a: 1 } as never), /a value must be a Uint8Array or a string, not Obj/],
  [({ kv }) => kv.put("k", null as never), /a value .*not null/],
  [({ kv }) => kv.put(Promise.resolve("k") as never, "v"), /key must be text, not Promise/],
  [({ kv }) => kv.put("k", "v", Promise.resolve({}) as never), /options must be an object/],
  [({ kv }) => kv.put("k", "v", [] as never), /options must be an object, not Array/],
  [({ kv }) => kv.put("k", "v", new Map() as never), /options must be an object, not Map/],
  [
    ({ kv }) => kv.put("k", "v", { ttlSeconds: true as never }),
    /ttlSeconds must be a number, not b/,
  ],
  [
    ({ kv }) => kv.put("k", "v", { ttlSeconds: "5" as never }),
    /ttlSeconds must be a number, not s/,
  ],
  [({ kv }) => kv.put("k", "v", { ttlSeconds: "5" as never }), /ttlSeconds must be a number/],
  [({ kv }) => kv.touch("k", { ttlSeconds: null as never }), /touch needs ttlMs or ttlSeconds/],
  [({ kv }) => kv.put("k", "v", { ttlSeconds: Number.NaN }), /ttlSeconds is NaN/],
  [({ kv }) => kv.put("k", "v", { ttlSeconds: -1 }), /ttlSeconds is -1/],
  [({ kv }) => kv.put("k", "v", { ttlSeconds: 2n ** 70n }), /ttlSeconds is \d+; 0 to/],
  [({ kv }) => kv.put("k", "v", { ttlMs: 1.5 }), /ttlMs is 1\.5; it must be an integer/],
  [({ kv }) => kv.put("k", "v", { ttlMs: 2n ** 60n }), /ttlMs is \d+; .* within 2\^53/],
  [
    ({ kv }) => kv.put("k", "v", { casVersion: true as never }),
    /casVersion must be an integer, not/,
  ],
  [
    ({ kv }) => kv.put("k", "v", { signal: {} as never }),
    /signal must be an AbortSignal, not Object/,
  ],
  [({ kv }) => kv.incr("k", Number.NaN), /delta is NaN/],
  [({ kv }) => kv.incr("k", true as never), /delta must be an integer, not boolean/],
  [({ kv }) => kv.mget(Promise.resolve([]) as never), /keys must be a list, not Promise.*await/],
  [({ kv }) => kv.mget({ a: 1 } as never), /keys must be a list, not Object/],
  [({ queue }) => queue.enqueue("q", Promise.resolve("x")), /a payload .*Promise.*await/],
  [({ queue }) => queue.enqueue("q", null as never), /a payload must be .*, not null/],
  [({ queue }) => queue.enqueue("q", undefined as never), /a payload must be .*, not undefined/],
  [({ queue }) => queue.enqueue("q", true as never), /a payload must be .*, not boolean/],
  [({ queue }) => queue.enqueue("q", new Map()), /a payload .*a Map/],
  [
    ({ queue }) => queue.enqueueMany("q", Promise.resolve([]) as never),
    /payloads must be a list, not P/,
  ],
  [({ queue }) => queue.enqueueMany("q", [Promise.resolve("x")]), /a payload .*Promise/],
  [({ queue }) => queue.enqueueMany("q", { a: 1 } as never), /payloads must be a list, not Object/],
  [({ queue }) => queue.dequeue("q", true as never), /count must be an integer, not boolean/],
  [({ queue }) => queue.dequeue("q", "5" as never), /count must be an integer, not string/],
  [
    ({ queue }) => queue.ack("q", Promise.resolve([1n]) as never),
    /seqs must be a list, not Promise/,
  ],
  [({ queue }) => queue.ack("q", null as never), /seqs must be a list, not null/],
  [({ queue }) => queue.ack("q", [null as never]), /a seq must be an integer, not null/],
  [({ queue }) => queue.ack("q", [{ seq: 1n } as never]), /a seq must be an integer, not Object/],
  [({ stream }) => stream.append("s", Promise.resolve("x")), /a payload .*Promise/],
  [({ stream }) => stream.read("s", { tail: 1 as never }), /tail must be a boolean, not number/],
  [
    ({ stream }) => stream.groupAck("s", null as never, { group: "g" }),
    /ids must be a list, not null/,
  ],
  [({ stream }) => stream.groupAck("s", [5 as never], { group: "g" }), /number is no record id/],
  [({ action }) => action.invoke("a", Promise.resolve("x")), /a payload .*Promise/],
  [({ action }) => action.wait("r", { blockMs: true as never }), /blockMs must be/],
  [
    ({ worker }) => worker.register("w", Promise.resolve([]) as never),
    /actions must be a list, not P/,
  ],
  [
    ({ worker }) => worker.heartbeat("w", { running: [5 as never] }),
    /running must be text, not numb/,
  ],
  [({ workflow }) => workflow.start("w", Promise.resolve({})), /input .*Promise.*await/],
  [({ workflow }) => workflow.start("w", { a: Number.NaN }), /input\["a"\] .*NaN/],
  [({ workflow }) => workflow.signal("r", "t", new Set()), /data .*a Set/],
  [({ workflow }) => workflow.syncMany("abc" as never), /documents must be a list, not string/],
];

for (const [call, says] of NONSENSE) {
  test(`nonsense is refused by name: ${String(call).slice(18).replace(/\s+/g, " ")}`, async () => {
    const caller = new Recorder();
    const error = await rejection((async () => await call(primitives(caller)))());
    assert.ok(error instanceof BadRequestError, String(error));
    assert.match(error.message, says);
    assert.equal(caller.asked.length, 0);
  });
}

test("options of another realm are options", () => {
  const names = { limit: true } as const;
  const options = runInNewContext("({ limit: 5 })") as object;
  assert.equal(knownOfCall("kv.scan", options, names), options);
  const signal = runInNewContext("({ aborted: false, addEventListener() {} })") as AbortSignal;
  assert.ok(knownOfCall("kv.scan", { signal } as object, names));
});
