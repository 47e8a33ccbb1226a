/** Frames, numbers, ids, pages, options and other small parts, each alone. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { FakeClock } from "@floruntime/testing";
import { LeaseMemory } from "../dist/api/base/leases.js";
import { Page } from "../dist/api/base/page.js";
import { namedRecords, positionText } from "../dist/api/stream/positions.js";
import { onAbort, orAborted } from "../dist/base/abort.js";
import { checkName, checkNamespace, checkRange } from "../dist/base/checks.js";
import { sleep, systemClock } from "../dist/base/clock.js";
import { errorText } from "../dist/base/error-text.js";
import { BadRequestError, BadTypeError, FloError, NonRetryableError } from "../dist/base/errors.js";
import { deferred, Flag } from "../dist/base/flag.js";
import {
  ERROR_TEXT_BYTES_MAX,
  SESSION_BLOCK_WRITES,
  SESSION_BLOCKS,
  UINT_MAX,
} from "../dist/base/limits.generated.js";
import { about, defaultLogger } from "../dist/base/logger.js";
import { knownOfCall } from "../dist/base/options.js";
import { loggable, printable } from "../dist/base/printable.js";
import { shown } from "../dist/base/shown.js";
import { WriteNumbers } from "../dist/link/numbers.js";
import { RetryPolicy } from "../dist/link/retry.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { rejection } from "./setup.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

// Numbers

test("answered numbers go up by one", () => {
  const numbers = new WriteNumbers();
  for (let expected = 1; expected < 3_000; expected++) {
    const number = numbers.take();
    assert.equal(number, expected);
    numbers.release(number as number);
  }
});

test("a block whose place holds an unanswered number is skipped", () => {
  const numbers = new WriteNumbers();
  const held = numbers.take();
  const ring = SESSION_BLOCK_WRITES * SESSION_BLOCKS;
  const taken = new Set<number>();
  for (let round = 0; round < 2 * ring; round++) {
    const number = numbers.take() as number;
    taken.add(number);
    numbers.release(number);
  }
  assert.equal(held, 1);
  for (let number = ring; number < ring + SESSION_BLOCK_WRITES; number++) {
    assert.ok(!taken.has(number), `number ${number} has the place of number 1`);
  }
  assert.ok(taken.has(ring + SESSION_BLOCK_WRITES));
});

test("a full ring gives no number until a block is free", () => {
  const numbers = new WriteNumbers();
  const taken: number[] = [];
  for (let number = numbers.take(); number !== null; number = numbers.take()) {
    taken.push(number);
  }
  assert.equal(taken.length, SESSION_BLOCK_WRITES * SESSION_BLOCKS - 1);
  for (const number of taken.slice(0, SESSION_BLOCK_WRITES - 1)) {
    assert.equal(numbers.take(), null);
    numbers.release(number);
  }
  assert.equal(numbers.take(), SESSION_BLOCK_WRITES * SESSION_BLOCKS);
});

// Ids and positions

test("stream ids are written, read and sorted", () => {
  const id = StreamID.parse("1703350800000-7");
  assert.deepEqual(id, new StreamID(1703350800000n, 7n));
  assert.equal(`${id}`, "1703350800000-7");
  assert.equal(JSON.stringify({ id }), '{"id":"1703350800000-7"}');
  const sorted = ["2-0", "1-10", "1-9", "10-0"].map(StreamID.parse).sort(StreamID.compare);
  assert.deepEqual(sorted.map(String), ["1-9", "1-10", "2-0", "10-0"]);
  assert.ok(id.equals(StreamID.parse(String(id))));
  assert.ok(!id.equals(new StreamID(1n, 7n)));
});

test("what is no stream id is refused", () => {
  const most = "18446744073709551615";
  assert.equal(String(StreamID.parse(`${most}-${most}`)), `${most}-${most}`);
  for (const text of [
    "",
    "1",
    "1-",
    "-1",
    "a-1",
    "1-1-1",
    " 1-1",
    "18446744073709551616-0",
    "١-1",
  ]) {
    assert.throws(() => StreamID.parse(text), BadRequestError, text);
  }
});

test("positions are ids, their text, 0 or $", () => {
  assert.equal(positionText("start", new StreamID(1n, 2n)), "1-2");
  assert.equal(positionText("start", "01-2"), "1-2");
  assert.deepEqual(
    ["0", "$", undefined].map((position) => positionText("start", position)),
    ["0", "$", undefined],
  );
  assert.throws(() => positionText("start", 5 as never), /start must be a StreamID/);
  assert.throws(() => positionText("start", "now"), BadRequestError);
});

test("records are named by id, by text or by themselves", () => {
  const record = { id: new StreamID(1n, 0n), lease: 5n, payload: bytes() } as never;
  const expected = [{ id: new StreamID(1n, 0n), lease: 5n }];
  assert.deepEqual(namedRecords(record), expected);
  assert.deepEqual(
    namedRecords(["1-0", new StreamID(2n, 0n)]).map(({ lease }) => lease),
    [0n, 0n],
  );
  assert.deepEqual(
    namedRecords("1-0").map(({ id }) => `${id}`),
    ["1-0"],
  );
  assert.throws(() => namedRecords([5 as never]), /number is no record id/);
});

// Pages and options

test("a page is an array that knows how to go on", () => {
  const page = new Page([3, 1], "more");
  assert.deepEqual([...page], [3, 1]);
  assert.ok(Array.isArray(page));
  assert.equal(page.length, 2);
  assert.equal(page.hasMore, true);
  assert.equal(new Page([5], null).hasMore, false);
  assert.deepEqual([...new Page([7], null)], [7], "one number is an item, not a length");
  const mapped = page.map((each) => each + 1);
  assert.deepEqual(mapped, [4, 2]);
  assert.equal(mapped.constructor, Array);
});

test("an option that nobody knows is refused by name", () => {
  const names = { limit: true } as const;
  assert.throws(
    () => knownOfCall("kv.scan", { limt: 5 } as object, names),
    /kv\.scan has no option "limt"; it has: limit, namespace, timeoutMs, signal/,
  );
  assert.throws(() => knownOfCall("kv.scan", null as never, names), BadTypeError);
  assert.throws(() => knownOfCall("kv.scan", 5 as never, names), /must be an object, not number/);
});

test("names, namespaces and numbers at their limits", () => {
  assert.equal(checkNamespace(`a${"b".repeat(62)}`).length, 63);
  for (const name of ["", "9x", "_x", "a".repeat(64), "a b", "ä"]) {
    assert.throws(() => checkNamespace(name), BadRequestError, name);
  }
  assert.throws(() => checkNamespace(5 as never), BadTypeError);
  assert.equal(checkName("queue", "ä".repeat(127)).length, 127);
  for (const name of ["", "ä".repeat(128), "a\u0000", "\u0085"]) {
    assert.throws(() => checkName("queue", name), /queue/);
  }
  assert.throws(() => checkName("queue", undefined as never), BadTypeError);
  assert.equal(checkRange("count", 5n, 0, 9), 5);
  assert.throws(() => checkRange("count", 10n, 0, 9), /count is 10; an integer from 0 to 9/);
  for (const value of [true, "5", Number.NaN, 1.5, null, [5]]) {
    assert.throws(() => checkRange("count", value as never, 0, 9), BadRequestError, String(value));
  }
  assert.throws(() => checkRange("count", 10, 0, 9), /count is 10; an integer from 0 to 9/);
});

// Leases

test("the oldest leases are forgotten, and the latest of an item counts", () => {
  const memory = new LeaseMemory(2);
  memory.remember(1n, "ns", "q", 1n);
  memory.remember(2n, "ns", "q", 2n);
  memory.remember(3n, "ns", "q", 1n);
  memory.remember(4n, "ns", "q", 3n);
  assert.deepEqual(
    [1n, 2n, 3n].map((seq) => memory.get("ns", "q", seq)),
    [3n, 0n, 4n],
  );
  assert.equal(memory.get("other", "q", 1n), 0n);
});

// Back-off

test("delays grow to their ceiling, and chance takes away its part", () => {
  const exact = new RetryPolicy({ initialDelayMs: 100, maxDelayMs: 1_000, jitter: 0 });
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5_000].map((attempt) => exact.delayMs(attempt, 0.9)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  const half = new RetryPolicy();
  assert.equal(half.delayMs(0, 0), 50);
  assert.equal(half.delayMs(0, 0.5), 37.5);
});

test("policies that make no sense are refused", () => {
  for (const options of [
    { initialDelayMs: 0 },
    { initialDelayMs: 10, maxDelayMs: 9 },
    { multiplier: 0.5 },
    { multiplier: Number.NaN },
    { jitter: -0.1 },
    { jitter: 1.1 },
  ]) {
    assert.throws(() => new RetryPolicy(options), BadRequestError);
  }
});

// Time

test("a timer beyond what setTimeout takes is set again and again", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const nowMs = mock.method(performance, "now", () => 0);
  try {
    let fired = 0;
    systemClock.callAt(2 ** 31 + 500, () => fired++);
    mock.timers.tick(2 ** 31 - 1);
    assert.equal(fired, 0);
    nowMs.mock.mockImplementation(() => 2 ** 31 - 1);
    mock.timers.tick(0);
    nowMs.mock.mockImplementation(() => 2 ** 31 + 500);
    mock.timers.tick(2 ** 31);
    assert.equal(fired, 1);
    const timer = systemClock.callAt(2 ** 31 + 600, () => fired++);
    timer.cancel();
    mock.timers.tick(1_000);
    assert.equal(fired, 1);
  } finally {
    mock.timers.reset();
    nowMs.mock.restore();
  }
});

test("a sleep can be cut short, and leaves nothing behind", async () => {
  const clock = new FakeClock();
  const giveUp = new AbortController();
  const asleep = rejection(sleep(clock, 1_000, giveUp.signal));
  assert.equal(clock.waiting, 1);
  giveUp.abort("why");
  assert.equal(await asleep, "why");
  assert.equal(clock.waiting, 0);
  assert.equal(await rejection(sleep(clock, 1_000, giveUp.signal)), "why");
  await clock.until(sleep(clock, 5));
});

test("a promise or the abort, whichever is first", async () => {
  const giveUp = new AbortController();
  assert.equal(await orAborted(Promise.resolve(5), giveUp.signal), 5);
  const never = orAborted(deferred<number>().promise, giveUp.signal);
  giveUp.abort("why");
  assert.equal(await rejection(never), "why");
  assert.equal(await rejection(orAborted(deferred<number>().promise, giveUp.signal)), "why");
});

test("a signal has one listener, however many wait for it", () => {
  const giveUp = new AbortController();
  const listened = mock.method(giveUp.signal, "addEventListener");
  const heard: number[] = [];
  const undo = Array.from({ length: 50 }, (_, index) =>
    onAbort(giveUp.signal, () => heard.push(index)),
  );
  for (const forget of undo.slice(2)) {
    forget();
  }
  onAbort(undefined, () => heard.push(-1))();
  giveUp.abort();
  assert.deepEqual(heard, [0, 1]);
  assert.equal(listened.mock.callCount(), 1);
});

test("a flag wakes all who wait, and those who gave up are forgotten", async () => {
  const flag = new Flag();
  const giveUp = new AbortController();
  const waits = [flag.wait(), flag.wait(giveUp.signal)];
  const gone = rejection(waits[1] as Promise<void>);
  giveUp.abort("why");
  assert.equal(await gone, "why");
  flag.set();
  await waits[0];
  await flag.wait();
  flag.clear();
  assert.equal(flag.isSet, false);
});

// Errors and logs

test("what a run keeps of an error is its name and message, at most 4 KiB", () => {
  assert.equal(errorText(new TypeError("no")), "TypeError: no");
  assert.equal(errorText(new Error()), "Error");
  assert.equal(errorText(new NonRetryableError("gone")), "NonRetryableError: gone");
  assert.equal(errorText("just text"), "just text");
  assert.equal(errorText(new Error("\ud800")), "Error: \ufffd");
  const long = errorText(new Error("ä".repeat(ERROR_TEXT_BYTES_MAX)));
  assert.match(long, /ä … \(cut from \d+ bytes\)$/);
  assert.ok(Buffer.byteLength(long) <= ERROR_TEXT_BYTES_MAX);
  assert.ok(Buffer.byteLength(long) > ERROR_TEXT_BYTES_MAX - 10);
});

test("errors have a name, a code and a cause", () => {
  const cause = new Error("below");
  const error = new FloError("above", { cause, index: 3 });
  assert.equal(String(error), "FloError: above");
  assert.equal(error.cause, cause);
  assert.equal(error.index, 3);
  assert.equal(error.code, "error");
  assert.ok(new BadTypeError("x") instanceof BadRequestError);
  assert.equal(new BadTypeError("x").code, "bad_request");
});

test("values in messages are cut", () => {
  assert.equal(shown("x".repeat(200)).length, 80);
  assert.equal(shown(5n), "5n");
  assert.equal(shown(null), "null");
  assert.equal(shown([]), "Array");
});

test("a logger says what it is about; the default one keeps quiet about small things", () => {
  const lines: unknown[][] = [];
  const say = (...texts: unknown[]) => lines.push(texts);
  const logger = about({ debug: say, info: say, warn: say, error: say }, () => "run-1");
  logger.debug("a");
  logger.info("b");
  logger.warn("c", 1);
  logger.error("d");
  assert.deepEqual(lines, [
    ["run-1:", "a"],
    ["run-1:", "b"],
    ["run-1:", "c", 1],
    ["run-1:", "d"],
  ]);
  const warned = mock.method(console, "warn", () => undefined);
  const failed = mock.method(console, "error", () => undefined);
  defaultLogger.debug("x");
  defaultLogger.info("x");
  defaultLogger.warn("x");
  defaultLogger.error("x");
  assert.equal(warned.mock.callCount(), 1);
  assert.equal(failed.mock.callCount(), 1);
  mock.restoreAll();
});

test("what others wrote is shown as one line that no terminal obeys", () => {
  const hostile = "a\x1b[2J\u009b31m \u202e\n2026-01-01 INFO \u{e0001}";
  assert.equal(printable(hostile), "a\\x1b[2J\\x9b31m \\u202e\\n2026-01-01 INFO \\u{e0001}");
  assert.equal(printable("naïve 語 🎉"), "naïve 語 🎉");
  const plain = new TypeError("an ordinary one");
  assert.equal(loggable(plain), plain);
  assert.equal(loggable(hostile), printable(hostile));
  const [first, ...frames] = String(loggable(new TypeError(hostile))).split("\n");
  assert.equal(first, `TypeError: ${printable(hostile)}`);
  assert.ok(frames.length > 0 && frames.every((frame) => frame.startsWith("    at ")));
});

test("limits beyond 2^53 are bigints", () => {
  assert.equal(UINT_MAX, 2n ** 63n - 1n);
});
