/** The heartbeat of a worker. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@floruntime/testing";

import { Heartbeat } from "../dist/worker/heartbeat.js";
import { rejection } from "./setup.js";

test("it beats every so often, and at once when it is hurried, until it ends", async () => {
  const clock = new FakeClock();
  const beats: number[] = [];
  const heartbeat = new Heartbeat(clock, 30_000, async () => {
    beats.push(clock.now);
  });
  const begunMs = clock.now;
  const running = heartbeat.run(new AbortController().signal);
  await clock.advance(65_000);
  heartbeat.hurry();
  heartbeat.hurry();
  await clock.advance(30_000);
  assert.deepEqual(
    beats.map((beat) => beat - begunMs),
    [30_000, 60_000, 65_000, 95_000],
  );
  heartbeat.end();
  await clock.until(running);
  assert.equal(clock.waiting, 0);
});

test("what a beat throws, and the reason of the signal, end it", async () => {
  const clock = new FakeClock();
  const broken = new Error("refused");
  const heartbeat = new Heartbeat(clock, 10, () => Promise.reject(broken));
  assert.equal(await rejection(clock.until(heartbeat.run(new AbortController().signal))), broken);
  const over = new AbortController();
  const running = rejection(new Heartbeat(clock, 10, async () => undefined).run(over.signal));
  await clock.settle();
  over.abort(broken);
  assert.equal(await running, broken);
  assert.equal(clock.waiting, 0);
});
