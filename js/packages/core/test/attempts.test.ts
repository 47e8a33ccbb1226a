/** Deliveries in hand: their leases, their time, and how they end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@floruntime/testing";

import { FloClient } from "../dist/api/client.js";
import { ConflictError } from "../dist/base/errors.js";
import { silentLogger } from "../dist/base/logger.js";
import { Attempt, Attempts, type Owner } from "../dist/worker/attempts.js";
import { Context } from "../dist/worker/contexts.js";
import { HandlerTimeoutError } from "../dist/worker/handlers.js";

class PlainContext extends Context {
  readonly payload = new Uint8Array(0);
  readonly attempt = 1;
}

/** Writes down what it is told. */
class Recorder implements Owner<string> {
  readonly told: string[] = [];
  readonly began = ({ key }: Attempt<string>) => void this.told.push(`${key} began`);
  readonly succeeded = ({ key }: Attempt<string>, result: unknown) =>
    void this.told.push(`${key} gave ${result}`);
  readonly failed = ({ key }: Attempt<string>, error: unknown) =>
    void this.told.push(`${key} failed: ${(error as Error).message}`);
  readonly ended = ({ key }: Attempt<string>, tookMs: number | null) =>
    void this.told.push(`${key} ended after ${tookMs}`);
  readonly commit = () => Promise.resolve();
  readonly touchDue = (attempts: Attempt<string>[]) =>
    void this.told.push(`touch ${attempts.map(({ key }) => key).join(", ")}`);
}

const client = new FloClient({ endpoint: "nowhere", connect: () => forever() as Promise<never> });

function setUp({ autoTouch = true, timeoutMs = 1_000_000 } = {}) {
  const clock = new FakeClock();
  const owner = new Recorder();
  const attempts = new Attempts(owner, clock, { concurrency: 2, timeoutMs, autoTouch });
  const held = (key: string, run: (context: Context) => unknown, leaseMs = 30_000) => {
    const touch = async () => undefined;
    const options = { client, namespace: "n", logger: silentLogger, touch };
    const context = new PlainContext(key, null, options);
    const attempt = new Attempt(key, key, leaseMs, context, () => run(context));
    attempts.hold(attempt);
    return attempt;
  };
  return { clock, told: owner.told, attempts, held };
}

const forever = () => new Promise(() => undefined);

test("a handler takes a place until it has returned", async () => {
  const { clock, told, attempts, held } = setUp();
  const attempt = held("a", async () => "done");
  attempts.begin(attempt);
  assert.deepEqual([attempts.running, attempts.free], [1, 1]);
  await clock.settle();
  assert.deepEqual(told, ["a began", "a gave done", "a ended after 0"]);
  assert.equal(attempts.running, 0);
  assert.deepEqual(attempts.held, []);
});

test("a lease is kept every third of it, and touching never shortens it", async () => {
  const { clock, told, attempts, held } = setUp();
  const attempt = held("a", forever);
  const begunMs = clock.now;
  attempts.begin(attempt);
  await clock.advance(9_999);
  assert.ok(!told.includes("touch a"));
  attempts.touched(attempt, clock.now, 1_000); // asked for less than there is
  assert.equal(attempt.leaseEndsMs, begunMs + 30_000);
  await clock.advance(1);
  assert.equal(told.filter((line) => line === "touch a").length, 1, "it is kept as it was");
  attempts.touched(attempt, clock.now, 30_000);
  assert.equal(attempt.leaseEndsMs, begunMs + 40_000);
  attempts.touched(attempt, clock.now, 300_000); // a person asked for more
  await clock.advance(279_999);
  assert.equal(told.filter((line) => line === "touch a").length, 1);
  await clock.advance(1);
  assert.equal(told.filter((line) => line === "touch a").length, 2);
  attempts.close();
});

test("a touch of which nothing is heard is tried again after another third", async () => {
  const { clock, told, attempts, held } = setUp();
  attempts.begin(held("a", forever, 3_000));
  await clock.advance(2_000);
  assert.equal(told.filter((line) => line === "touch a").length, 2);
  attempts.close();
});

test("without autoTouch no lease is kept", async () => {
  const { clock, told, attempts, held } = setUp({ autoTouch: false, timeoutMs: 500_000 });
  attempts.begin(held("a", forever));
  await clock.advance(400_000);
  assert.deepEqual(told, ["a began"]);
  attempts.close();
});

test("a handler whose time is up is told to stop, and its place is free when it has ended", async () => {
  const { clock, told, attempts, held } = setUp({ timeoutMs: 1_000 });
  let reason: unknown;
  const attempt = held("a", async (context) => {
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    reason = context.signal.reason;
    await clock.turn();
    return "too late";
  });
  attempts.begin(attempt);
  await clock.advance(1_000);
  assert.ok(reason instanceof HandlerTimeoutError);
  assert.deepEqual(told, ["a began", "a failed: not done within 1000 ms", "a ended after 1000"]);
});

test("a handler that hangs keeps its place no longer than it may clean up", async () => {
  const { clock, told, attempts, held } = setUp({ timeoutMs: 1_000 });
  attempts.begin(held("a", forever));
  await clock.advance(5_999);
  assert.equal(attempts.running, 1);
  await clock.advance(1);
  assert.equal(attempts.running, 0);
  assert.equal(told.at(-1), "a ended after null");
  const lost = held("b", forever);
  attempts.begin(lost);
  attempts.lose(lost, "it was cancelled");
  await clock.advance(5_000);
  assert.deepEqual(told.slice(-2), ["b began", "b ended after null"]);
});

test("what is lost is told to stop, and what it comes to is not told", async () => {
  const { clock, told, attempts, held } = setUp();
  let stop: unknown;
  const attempt = held("a", async (context) => {
    await clock.turn();
    stop = context.signal.reason;
    throw new Error("mine");
  });
  attempts.begin(attempt);
  attempts.lose(attempt, "the run was cancelled");
  attempts.lose(attempt, "twice");
  await clock.settle();
  assert.ok(stop instanceof ConflictError);
  assert.match(stop.message, /a: the run was cancelled/);
  assert.deepEqual(told, ["a began", "a ended after 0"]);
});

test("what is delivered anew is lost as it was before", async () => {
  const { attempts, held } = setUp();
  const first = held("a", forever);
  const second = held("a", forever);
  assert.equal(first.isOver, true);
  assert.equal(attempts.get("a"), second);
  attempts.close();
});

test("given up, handlers clean up while their leases are kept; what still succeeds is told", async () => {
  const { clock, told, attempts, held } = setUp({ timeoutMs: 20_000 });
  const steps: string[] = [];
  const throws = held("throws", async (context) => {
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    await clock.turn();
    steps.push("cleaned up");
    context.signal.throwIfAborted();
  });
  const returns = held("returns", async (context) => {
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    return "just in time";
  });
  attempts.begin(throws);
  attempts.begin(returns);
  await clock.advance(19_999);
  told.length = 0;
  attempts.giveUp();
  await attempts.finish(new AbortController().signal);
  assert.deepEqual(steps, ["cleaned up"]);
  assert.ok(told.includes("returns gave just in time"));
  assert.ok(!told.some((line) => line.includes("failed")));
  assert.deepEqual(attempts.takeAll(), [throws], "it is to be released");
  attempts.close();
});

test("given up is given up: no time-out is told afterwards", async () => {
  const { clock, told, attempts, held } = setUp({ timeoutMs: 1_000 });
  attempts.begin(held("a", forever));
  attempts.giveUp();
  await clock.advance(4_000);
  assert.ok(!told.some((line) => line.includes("failed")));
  attempts.close();
  assert.equal(clock.waiting, 0);
});

test("what waits for a place can be taken out of hand", () => {
  const { attempts, held } = setUp();
  const [a, b] = [held("a", forever), held("b", forever)];
  attempts.waiting.push(a, b);
  attempts.lose(b, "it was cancelled");
  assert.deepEqual(attempts.takeWaiting(), [a]);
  assert.deepEqual(attempts.waiting, []);
  assert.equal(a.isOver, true);
  attempts.close();
});
