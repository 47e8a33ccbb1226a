/** Messages on a stream of bytes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameReader, frame } from "../dist/framing.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("a frame is the length, the lowest byte first, and the message", () => {
  assert.deepEqual(frame(bytes(7, 8, 9)), bytes(3, 0, 0, 0, 7, 8, 9));
  assert.deepEqual(frame(new Uint8Array(258)).subarray(0, 4), bytes(2, 1, 0, 0));
});

test("messages come out whole, however they are cut", () => {
  const bodies = [bytes(), bytes(1), new Uint8Array(70_000).fill(7), bytes(2, 3)];
  const whole = Buffer.concat(bodies.map(frame));
  for (const size of [1, 2, 3, 5, 4_096, whole.length]) {
    const reader = new FrameReader(100_000);
    const found: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) {
      found.push(...reader.receive(new Uint8Array(whole.subarray(at, at + size))));
    }
    assert.deepEqual(
      found.map((body) => Buffer.from(body)),
      bodies.map((body) => Buffer.from(body)),
      `in pieces of ${size}`,
    );
  }
});

test("a frame is as large as is allowed, and no larger", () => {
  const reader = new FrameReader(10);
  assert.equal(reader.receive(frame(new Uint8Array(10))).length, 1);
  const [first, ...others] = reader.receive(Buffer.concat([frame(bytes(1)), bytes(11, 0, 0, 0)]));
  assert.deepEqual([...(first ?? [])], [1]);
  assert.equal(others.length, 0);
  assert.match(reader.failed?.message ?? "", /claims 11 bytes; at most 10/);
  assert.deepEqual(reader.receive(frame(bytes(1))), [], "after a failure nothing is taken");
});
