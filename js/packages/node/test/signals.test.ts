/** Signals, with a process that the test plays. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mock, test } from "node:test";

import { Signals, type SignalTarget } from "../dist/signals.js";

class Target extends EventEmitter implements SignalTarget {
  readonly pid = 7;
  readonly killed: [number, string][] = [];

  kill(pid: number, name: NodeJS.Signals): void {
    this.killed.push([pid, name]);
  }
}

function setUp() {
  const target = new Target();
  const clock = { nowMs: 5_000 };
  const signals = new Signals(target, () => clock.nowMs);
  const heard: string[] = [];
  const count = () => target.listenerCount("SIGTERM") + target.listenerCount("SIGINT");
  return { target, clock, signals, heard, count };
}

test("the first signal is told to all who listen, once", () => {
  const { target, signals, heard, count } = setUp();
  signals.listen(() => heard.push("a"));
  signals.listen(() => heard.push("b"));
  assert.equal(count(), 2, "one handler for each signal");
  target.emit("SIGTERM", "SIGTERM");
  assert.deepEqual(heard, ["a", "b"]);
});

test("signals within a second are one; a later one ends the process", () => {
  const { target, clock, signals, heard, count } = setUp();
  signals.listen(() => heard.push("a"));
  target.emit("SIGINT", "SIGINT");
  clock.nowMs += 999;
  target.emit("SIGINT", "SIGINT");
  target.emit("SIGTERM", "SIGTERM");
  assert.deepEqual(heard, ["a"]);
  assert.deepEqual(target.killed, []);
  clock.nowMs += 1;
  target.emit("SIGINT", "SIGINT");
  assert.deepEqual(target.killed, [[7, "SIGINT"]]);
  assert.equal(count(), 0);
});

test("where the application has a handler, it is called for each signal, and ending is its own", () => {
  const { target, clock, signals, heard } = setUp();
  target.on("SIGTERM", () => heard.push("the application's"));
  const stop = signals.listen(() => heard.push("the worker's"));
  target.emit("SIGTERM", "SIGTERM");
  clock.nowMs += 5_000;
  target.emit("SIGTERM", "SIGTERM");
  assert.deepEqual(heard, ["the application's", "the worker's", "the application's"]);
  assert.deepEqual(target.killed, []);
  stop();
  target.emit("SIGTERM", "SIGTERM");
  assert.equal(heard.length, 4);
  assert.equal(target.listenerCount("SIGTERM"), 1, "the application's alone is left");
});

test("nobody listens after the last worker, but for what belongs to the first signal", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { target, clock, signals, heard, count } = setUp();
    const stopEarly = signals.listen(() => heard.push("a"));
    stopEarly();
    stopEarly();
    assert.equal(count(), 0);
    const stop = signals.listen(() => heard.push("b"));
    target.emit("SIGINT", "SIGINT");
    stop(); // a worker that had nothing to do
    clock.nowMs += 20;
    target.emit("SIGINT", "SIGINT"); // passed on by who watches over it
    assert.deepEqual([heard, target.killed], [["b"], []]);
    assert.equal(count(), 2);
    mock.timers.tick(1_000);
    assert.equal(count(), 0);
  } finally {
    mock.timers.reset();
  }
});

test("a worker that starts anew is stopped by the next signal", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { target, signals, heard, count } = setUp();
    signals.listen(() => heard.push("a"))();
    const stop = signals.listen(() => heard.push("b"));
    target.emit("SIGTERM", "SIGTERM");
    stop();
    signals.listen(() => heard.push("c"));
    mock.timers.tick(1_000);
    assert.equal(count(), 2);
    target.emit("SIGTERM", "SIGTERM");
    assert.deepEqual(heard, ["b", "c"]);
  } finally {
    mock.timers.reset();
  }
});
