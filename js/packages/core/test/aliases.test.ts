/** Other names for the same, what results can do beyond their fields, guards, loggers. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { extractWorkflowMeta, extractYAMLField } from "../dist/api/workflow/meta.js";
import * as errors from "../dist/base/errors.js";
import * as guards from "../dist/base/guards.js";
import { type FullLogger, loggerOf } from "../dist/base/logger.js";
import { known } from "../dist/base/options.js";
import * as flo from "../dist/index.js";
import {
  type ActionRun,
  ActionRunSchema,
  AppendResultSchema,
  type DequeueResult,
  DequeueResultSchema,
  KvEntrySchema,
  type Message,
  MessageSchema,
  type ReadResult,
  ReadResultSchema,
  type ScanResult,
  ScanResultSchema,
  StreamInfoSchema,
  type StreamRecord,
  StreamRecordSchema,
  TaskSchema,
  VersionEntrySchema,
} from "../dist/wire/messages.generated.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { primitives } from "./primitive-cases.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

const json = new TextEncoder().encode('{"a":1}');

// Options

test("an option may have another name, but is given once", () => {
  interface Cas {
    readonly casVersion?: bigint | undefined;
    readonly ifMatch?: bigint | undefined;
  }
  const names = { casVersion: true, ifMatch: "casVersion" } as const;
  assert.equal(known<Cas>("kv.delete", { ifMatch: 5n }, names).casVersion, 5n);
  assert.equal(
    known<Cas>("kv.delete", { ifMatch: undefined, casVersion: 6n }, names).casVersion,
    6n,
  );
  assert.throws(
    () => known<Cas>("kv.delete", { ifMatch: 5n, casVersion: 5n }, names),
    /kv\.delete: ifMatch and casVersion are names of one option; give one of them/,
  );
});

const REFUSED: readonly [call: (client: ReturnType<typeof primitives>) => unknown, says: RegExp][] =
  [
    [({ kv }) => kv.touch("k", 5 as never), /no unit; give \{ ttlMs: 5 \} or \{ ttlSeconds: 5 \}/],
    [
      ({ stream }) => stream.read("s", { start: "0", fromBeginning: true }),
      /start and fromBeginning/,
    ],
    [({ stream }) => stream.read("s", { end: "5-0", to: 5 }), /end and to say the same/],
    [
      ({ stream }) => stream.read("s", { fromBeginning: 1 as never }),
      /fromBeginning must be a boolean/,
    ],
    [({ stream }) => stream.follow("s", { tail: true, from: 5 }), /tail and another start/],
    [({ action }) => action.invoke("a", "", { labels: "{" }), /labels "\{" must be an object/],
    [({ workflow }) => workflow.create("other", "name: w"), /named "w", not "other"/],
  ];

for (const [call, says] of REFUSED) {
  test(`refused: ${says.source}`, async () => {
    const caller = new Recorder();
    const error = await rejection((async () => await call(primitives(caller)))());
    assert.ok(error instanceof errors.BadRequestError, String(error));
    assert.match(error.message, says);
    assert.equal(caller.asked.length, 0);
  });
}

test("Worker is no worker of one's own, and says which class is", () => {
  assert.throws(() => new flo.Worker({ endpoint: "localhost" } as never), /use ActionWorker/);
});

// Following

test("a follower begins where it is told to, by any of the names", async () => {
  const caller = new Recorder();
  const { stream } = primitives(caller);
  for (const [options, start, offset] of [
    [{}, "$", undefined],
    [{ tail: true }, "$", undefined],
    [{ fromBeginning: true }, "0", undefined],
    [{ from: 5n }, "5-0", undefined],
    [{ offset: 7n }, undefined, 7n],
  ] as const) {
    caller.answers.push({ records: [], nextAfter: null });
    await stream.follow("s", options).start();
    assert.deepEqual([caller.lastFields["start"], caller.lastFields["offset"]], [start, offset]);
  }
});

test("a follower that begins at an offset asks for it until there is one", async () => {
  const caller = new Recorder();
  const follower = primitives(caller).stream.follow("s", { offset: 1 });
  const record = { id: new StreamID(5n, 0n) };
  caller.answers.push({ records: [], nextAfter: new StreamID(0n, 0n) });
  await follower.start();
  caller.answers.push({ records: [record], nextAfter: record.id });
  assert.deepEqual(await follower.next(), { done: false, value: record });
  assert.equal(caller.lastFields["offset"], 1);
  caller.answers.push({ records: [record], nextAfter: record.id });
  await follower.next();
  assert.deepEqual([caller.lastFields["offset"], caller.lastFields["after"]], [undefined, "5-0"]);
});

// Results

test("messages and records read their payload as text and as JSON", () => {
  const message: Message = MessageSchema.decode([7n, json, 10, 2, 5n, 1n, 2n, null, null]);
  assert.equal(message.text(), '{"a":1}');
  assert.deepEqual(message.json<{ a: number }>(), { a: 1 });
  assert.equal(message.deliveryCount, 2);
  const { seq, payload } = message;
  assert.deepEqual([seq, payload], [7n, json]);
  assert.ok(!("text" in structuredClone(message)), "a copy for another thread has the fields");
  const record: StreamRecord = StreamRecordSchema.decode([
    ...[[5n, 0n], 3n, 0, "s", json, {}, null, 9n, 1, 0n, null, null],
  ]);
  assert.deepEqual([record.text(), record.json()], ['{"a":1}', { a: 1 }]);
  assert.deepEqual([record.seq, record.timestamp, record.tier], [3n, 9n, 0]);
  assert.deepEqual(Object.keys(record).slice(0, 4), ["id", "offset", "partition", "stream"]);
  assert.equal(record.constructor.name, "StreamRecord");
});

test("what a read, a dequeue or a scan answers is gone through", () => {
  const message = [7n, json, 10, 2, 5n, 1n, 2n, null, null];
  const record = [[5n, 0n], 3n, 0, "s", json, {}, null, 9n, 1, 0n, null, null];
  const result: DequeueResult = DequeueResultSchema.decode([[message]]);
  assert.deepEqual(
    [...result].map(({ seq }) => seq),
    [7n],
  );
  const read: ReadResult = ReadResultSchema.decode([[record]]);
  assert.deepEqual(
    [...read].map(({ stream }) => stream),
    ["s"],
  );
  const scanned: ScanResult = ScanResultSchema.decode([[["k", json, 1n, 5n, null]], null]);
  assert.deepEqual(
    [...scanned].map(({ key }) => key),
    ["k"],
  );
  assert.deepEqual(Object.keys(scanned), ["entries", "cursor", "hasMore"]);
});

test("other results have their other names", () => {
  const appended = AppendResultSchema.decode([[5n, 0n], 3n, 0, 9n]);
  assert.deepEqual([appended.seq, appended.timestamp], [3n, 9n]);
  const entry = KvEntrySchema.decode(["k", json, 1n, 5n, null]);
  assert.deepEqual(entry.json(), { a: 1 });
  const version = VersionEntrySchema.decode([1n, json, 9n, false]);
  assert.deepEqual([version.timestamp, version.text()], [9n, '{"a":1}']);
  const info = StreamInfoSchema.decode(["s", 2, 5, 99, null, null, null, null, null]);
  assert.deepEqual([info.bytes, info.partitionCount], [99, 2]);
  const run: ActionRun = ActionRunSchema.decode([
    ...["run-1", "a", "completed", 1, 10, json, json, "success", null, 5n],
  ]);
  assert.deepEqual([run.result, run.createdAt], [json, 5n]);
  const task = TaskSchema.decode(["run-1", "a", json, 1, 9n, 5n, 6n, null]);
  assert.deepEqual([task.taskId, task.taskType, task.createdAt], ["run-1", "a", 5n]);
  assert.deepEqual(task.json(), { a: 1 });
});

test("stream ids are bytes, too, and sort as such", () => {
  const id = StreamID.parse("1703350800000-7");
  assert.deepEqual(StreamID.parse(id.toBytes()), id);
  assert.equal(Buffer.from(id.toBytes()).toString("hex"), "0000018c979e8e800000000000000007");
  assert.deepEqual(StreamID.fromTimestamp(5n), new StreamID(5n, 0n));
  assert.deepEqual(StreamID.fromTimestamp(5), new StreamID(5n, 0n));
  assert.throws(() => StreamID.parse(new Uint8Array(15)), /16 bytes, not 15/);
});

test("a definition tells its name without being parsed", () => {
  const yaml =
    'kind: Workflow\nname: "order \\"x\\"" # ours\nversion: 1.0.0 # new\nsteps:\n  name: no';
  assert.deepEqual(extractWorkflowMeta(yaml), {
    name: 'order "x"',
    version: "1.0.0",
    description: "",
  });
  assert.equal(extractYAMLField("a: 'it''s'", "a"), "it's");
  assert.equal(extractYAMLField('{"a": 1}', "a"), null);
});

// Errors

test("every code has its guard, which needs no class", () => {
  for (const [code, guard] of [
    ["not_found", guards.isNotFound],
    ["conflict", guards.isConflict],
    ["bad_request", guards.isBadRequest],
    ["unauthorized", guards.isUnauthorized],
    ["overloaded", guards.isOverloaded],
    ["internal", guards.isInternal],
    ["forbidden", guards.isForbidden],
    ["gap", guards.isGap],
    ["storage_full", guards.isStorageFull],
    ["unavailable", guards.isUnavailable],
    ["timeout", guards.isTimeout],
    ["connection_failed", guards.isConnectionFailed],
    ["not_connected", guards.isNotConnected],
    ["protocol", guards.isProtocol],
    ["non_retryable", guards.isNonRetryable],
  ] as const) {
    const error = errors.errorOf(code, "why", {});
    assert.ok(guard(error) && guard({ code, ran: "no" }), code);
    assert.ok(guards.isFloError(error));
    assert.ok(!guard(new errors.FloError("x")) && !guard(null) && !guard({ code }), code);
    assert.ok(error.is(code) && error.status === code && error.serverMessage === "why");
  }
  assert.ok(guards.isBadRequest(new errors.BadTypeError("x")));
});

test("classes have the names of the first SDK, too", () => {
  assert.equal(flo.ServerError, errors.FloError);
  assert.equal(flo.TimeoutError, errors.RequestTimeoutError);
  assert.equal(flo.ConnectionError, errors.ConnectionFailedError);
  assert.equal(flo.KVOperations, flo.Kv);
  assert.equal(flo.MAX_BLOCK_MS, 300_000);
  assert.equal(new errors.BlockTooLongError("x").name, "BlockTooLongError");
});

// Loggers

test("a logger is true, false, or what has debug, warn and error", () => {
  const said: unknown[][] = [];
  const say =
    (level: string) =>
    (...texts: unknown[]) =>
      void said.push([level, ...texts]);
  const own = { debug: say("debug"), warn: say("warn"), error: say("error") };
  const logger: FullLogger = loggerOf(own);
  logger.info("a");
  logger.warn("b");
  logger.error("c");
  assert.deepEqual(said, [
    ["debug", "a"],
    ["warn", "b"],
    ["error", "c"],
  ]);
  assert.equal(loggerOf(console), console);
  const info = mock.method(console, "info", () => undefined);
  const warn = mock.method(console, "warn", () => undefined);
  loggerOf(true).info("told");
  loggerOf(false).warn("not told");
  loggerOf(undefined).info("not told");
  assert.deepEqual([info.mock.callCount(), warn.mock.callCount()], [1, 0]);
  mock.restoreAll();
  for (const wrong of ["yes", 1, {}, null, { debug() {}, warn() {} }]) {
    assert.throws(() => loggerOf(wrong as never), /logger must be true, false, or have/);
  }
});
