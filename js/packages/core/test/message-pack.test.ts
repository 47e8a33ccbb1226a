/** MessagePack: what is written is read again as it was, and nothing else is. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { int, texts } from "../dist/base/schema.js";
import { decodeMessagePack } from "../dist/wire/message-pack-reader.js";
import { encodeMessagePack } from "../dist/wire/message-pack-writer.js";

const again = (value: unknown): unknown => decodeMessagePack(encodeMessagePack(value));

test("integers are read as they were written, in the shortest form", () => {
  const edges = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff];
  const bytes = [1, 1, 2, 2, 3, 3, 5, 5];
  for (const [index, edge] of edges.entries()) {
    assert.equal(again(edge), edge);
    assert.equal(encodeMessagePack(edge).length, bytes[index], String(edge));
    assert.deepEqual(encodeMessagePack(BigInt(edge)), encodeMessagePack(edge), "a bigint is alike");
  }
  for (const below of [-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -0x8000_0000]) {
    assert.equal(again(below), below);
    assert.deepEqual(encodeMessagePack(BigInt(below)), encodeMessagePack(below));
  }
  assert.equal(encodeMessagePack(-0x20).length, 1);
});

test("integers beyond 32 bits are read as bigints", () => {
  for (const far of [2n ** 32n, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 31n) - 1n, -(2n ** 63n)]) {
    assert.equal(again(far), far);
  }
  assert.equal(again(2 ** 40), 2n ** 40n);
  assert.equal(again(-(2 ** 40)), -(2n ** 40n));
});

test("a limit that Python set beyond 2^53 is read as the nearest number", () => {
  assert.equal(int.decode(again(2n ** 63n - 1n)), 2 ** 63);
  assert.equal(int.decode(again(2n ** 40n)), 2 ** 40);
  assert.throws(() => int.decode(again("5")), /"5" stands where an integer belongs/);
});

test("other values are read as they were written", () => {
  const values = [null, true, false, 1.5, -0.1, 1e300, "", "a", "x".repeat(31), "x".repeat(32)];
  const larger = ["ä€😀", "x".repeat(255), "x".repeat(256), "ä".repeat(40_000), [], {}];
  for (const value of [...values, ...larger, Array(15).fill(1), Array(70_000).fill("a")]) {
    assert.deepEqual(again(value), value);
  }
  const members = Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index]);
  assert.deepEqual(again(Object.fromEntries(members)), Object.fromEntries(members));
  assert.ok(Number.isNaN(again(Number.NaN)));
  assert.equal(decodeMessagePack(Uint8Array.of(0xca, 0x3f, 0xc0, 0, 0)), 1.5, "of 32 bits");
});

test("bytes of every size, and the writer's buffer after a large value", () => {
  for (const size of [0, 255, 256, 65_535, 65_536, 3 * 2 ** 20]) {
    const bytes = new Uint8Array(size).fill(7);
    assert.equal(Buffer.compare(again(bytes) as Uint8Array, bytes), 0, String(size));
  }
  assert.equal(again("after a large one"), "after a large one");
});

test("a text keeps U+FEFF at its beginning, at every length, also as a key", () => {
  for (const length of [0, 1, 10, 24, 25, 199, 200, 201, 70_000]) {
    const text = `\ufeff${"k".repeat(length)}`;
    assert.equal(again(text), text, String(length));
    assert.deepEqual(Object.keys(again({ [text]: 1 }) as object), [text]);
  }
});

test("a map may have any key", () => {
  const headers = Object.fromEntries([
    ["__proto__", "polluted"],
    ["constructor", "c"],
    ["x".repeat(300), "long"],
  ]) as Record<string, string>;
  const decoded = texts.decode(again(texts.encode(headers, "headers")));
  assert.deepEqual(Object.entries(decoded), Object.entries(headers));
  assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
});

test("what is no one value is refused, and costs no more than it is long", () => {
  const wrong = [
    [],
    [0xc1], // begins nothing
    [0xd4, 1, 1], // an extension
    [0x01, 0x02], // two values
    [0xa5, 0x61], // a text that ends early
    [0xcd, 0x01], // an integer that does
    [0xdd, 0xff, 0xff, 0xff, 0xff], // four milliards of items in no bytes
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0xc6, 0xff, 0xff, 0xff, 0xff],
    [0x81, 0x01, 0x02], // a map whose key is a number
    Array(2_000).fill(0x91), // lists in lists
  ];
  for (const bytes of wrong) {
    assert.throws(() => decodeMessagePack(Uint8Array.from(bytes)), RangeError, String(bytes));
  }
});
