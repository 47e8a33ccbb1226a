/** Every message, byte for byte as Python writes and reads it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as errors from "../dist/base/errors.js";
import { ConflictError, GapError } from "../dist/base/errors.js";
import * as messages from "../dist/wire/messages.generated.js";
import { type AnyRequestKind, Request } from "../dist/wire/request.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { decodeAnswer, decodeReply, encodeRequest, thrown } from "../dist/wire/wire.js";

interface Vector {
  readonly name: string;
  readonly fields: Record<string, unknown>;
  readonly result: unknown;
  readonly frame: string;
}

interface ErrorVector {
  readonly code: string;
  readonly className: string;
  readonly message: string;
  readonly ran: string;
  readonly index: number | null;
  readonly currentVersion: string;
  readonly frame: string;
}

const BYTES_MAX = 2 ** 28;
const CLASSES = new Map<string, unknown>(Object.entries(errors));
const KINDS = new Map<string, AnyRequestKind>(
  messages.ALL_REQUESTS.map((kind) => [kind.name, kind]),
);

function read<T>(name: string): T[] {
  const url = new URL(`../../../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as T[];
}

function kindOf(name: string): AnyRequestKind {
  const kind = KINDS.get(name);
  assert.ok(kind, `no request is named ${name}`);
  return kind;
}

/** A value as the vectors write it. */
function valueIn(shown: unknown): unknown {
  if (Array.isArray(shown)) {
    return shown.map(valueIn);
  }
  if (typeof shown !== "object" || shown === null) {
    return shown;
  }
  const [[key, inner] = ["", null], ...others] = Object.entries(shown);
  if (others.length === 0) {
    switch (key) {
      case "big":
        return BigInt(inner as string);
      case "bytes":
        return new Uint8Array(Buffer.from(inner as string, "hex"));
      case "id":
        return StreamID.parse(inner as string);
      case "map":
        return Object.fromEntries(inner as [string, string][]);
    }
  }
  if ("name" in shown && "fields" in shown) {
    return requestOf(shown as Vector);
  }
  return Object.fromEntries(Object.entries(shown).map(([name, each]) => [name, valueIn(each)]));
}

function requestOf({ name, fields }: Pick<Vector, "name" | "fields">): Request<unknown> {
  const given = Object.entries(fields).map(([field, value]) => [field, valueIn(value)]);
  return kindOf(name).of(Object.fromEntries(given) as never);
}

/** A frame is its message with four bytes of length before it. */
function bodyOf(frame: string): Buffer {
  const framed = Buffer.from(frame, "hex");
  const body = framed.subarray(4);
  assert.equal(framed.readUInt32LE(), body.length);
  return body;
}

test("every request is written as Python writes it", () => {
  const vectors = read<Vector>("requests");
  for (const vector of vectors) {
    const body = encodeRequest(7, "shop", 300, requestOf(vector), BYTES_MAX);
    assert.deepEqual(Buffer.from(body), bodyOf(vector.frame), vector.name);
  }
  const named = new Set(vectors.map(({ name }) => name));
  assert.deepEqual(named, new Set(KINDS.keys()), "every kind of request has vectors");
});

test("every answer that Python writes is read", () => {
  const vectors = read<Vector>("answers");
  for (const { name, result, frame } of vectors) {
    const answer = decodeAnswer(bodyOf(frame));
    assert.equal(answer.id, 7);
    assert.equal(answer.error, null);
    const request = new Request(kindOf(name), {}, (decoded) => decoded);
    const expected = valueIn(result);
    const found = decodeReply(request, answer.result);
    assert.deepEqual(plain(withoutHasMore(found)), expected, name);
  }
  const named = new Set([...vectors.map(({ name }) => name), "Batch"]);
  assert.deepEqual(named, new Set(KINDS.keys()), "every kind of request has answers");
});

/** The same without the methods that results have. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  const isOther = value instanceof Uint8Array || value instanceof StreamID;
  if (typeof value !== "object" || value === null || isOther) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

/** What a page says beyond its fields follows from them. */
function withoutHasMore(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("hasMore" in value)) {
    return value;
  }
  const { hasMore, ...rest } = value as { hasMore: boolean; cursor: string | null };
  assert.equal(hasMore, rest.cursor !== null);
  return rest;
}

test("every refusal becomes its class", () => {
  for (const vector of read<ErrorVector>("errors")) {
    const answer = decodeAnswer(bodyOf(vector.frame));
    assert.ok(answer.error);
    const error = thrown(answer.error);
    assert.equal(error.constructor, CLASSES.get(vector.className), vector.code);
    assert.equal(error.name, vector.className);
    const { code, message, ran, index } = error;
    const { code: _, ...expected } = vector;
    assert.deepEqual({ code, message, ran, index }, { ...pick(expected), code: vector.code });
    if (error instanceof ConflictError) {
      assert.equal(error.currentVersion, BigInt(vector.currentVersion));
    }
  }
});

function pick({ message, ran, index }: Omit<ErrorVector, "code">): object {
  return { message, ran, index };
}

test("details that are not there", () => {
  assert.equal(new ConflictError("lost").currentVersion, null);
  assert.equal(new GapError("gone").firstVersion, 0n);
  assert.equal(new GapError("gone", { details: { first_version: 7 } }).firstVersion, 7n);
});

test("a code of a newer server is an error of no special kind", () => {
  const told = { code: "constructor", message: "new", ran: "maybe", index: null, details: {} };
  const error = thrown(told);
  assert.equal(error.constructor, errors.FloError);
  assert.equal(error.ran, "maybe");
});
