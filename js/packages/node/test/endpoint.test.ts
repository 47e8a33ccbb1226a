/** What endpoints mean. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionWorker, BadRequestError, FloClient, StreamWorker } from "@floruntime/node";

import { parseEndpoint, parseEndpoints } from "../dist/endpoint.js";

const RIGHT: readonly [string, string, number][] = [
  ["localhost:9000", "localhost", 9_000],
  ["localhost", "localhost", 9_000],
  ["flo://flo.example.com:1", "flo.example.com", 1],
  ["10.0.0.1:65535", "10.0.0.1", 65_535],
  ["[::1]:9001", "::1", 9_001],
  ["[::1]", "::1", 9_000],
];
const WRONG: readonly [unknown, RegExp][] = [
  ["", /not understood/],
  ["secret@host:9000", /"\*\*\*@host:9000": it is not understood/],
  ["http://localhost", /not understood/],
  ["localhost:9000/path", /not understood/],
  [":9000", /names no host/],
  ["a b:9000", /names no host/],
  ["localhost:", /the port must be 1 to 65535/],
  ["localhost:0", /the port must be/],
  ["localhost:65536", /the port must be/],
  ["localhost:x", /the port must be/],
  ["::1:9000", /in brackets/],
  ["[::1", /not understood/],
  ["memory://", /for Python alone/],
  ["file:data", /for Python alone/],
  [9_000, /must be text, not number/],
];

for (const [text, host, port] of RIGHT) {
  test(`${text} is understood`, () => {
    assert.deepEqual(parseEndpoint(text), { host, port });
  });
}

for (const [text, says] of WRONG) {
  test(`${String(text)} is refused: ${says.source}`, () => {
    assert.throws(
      () => new FloClient(text as string),
      (error: Error) => error instanceof BadRequestError && says.test(error.message),
    );
  });
}

test("a token in an endpoint is not shown", () => {
  for (const text of ["flo://s3cr3t@host:port", "http://me:s3cr3t@host/?token=s3cr3t"]) {
    assert.throws(
      () => parseEndpoint(text),
      (error: Error) => error.message.includes("***") && !error.message.includes("s3cr3t"),
    );
  }
});

test("several nodes have commas between them", () => {
  assert.deepEqual(parseEndpoints("a:1, b:2,c"), [
    { host: "a", port: 1 },
    { host: "b", port: 2 },
    { host: "c", port: 9000 },
  ]);
  assert.deepEqual(parseEndpoints("a:1"), [{ host: "a", port: 1 }]);
  for (const text of ["a:1,", ",a:1", "a:1,b:0", "a:1,memory://"]) {
    assert.throws(() => parseEndpoints(text), BadRequestError);
  }
});

test("options that cannot have names are refused, and not taken for none", () => {
  const client = new FloClient("localhost:9000");
  for (const options of [null, "shop", 5, [], new Map([["namespace", "shop"]])]) {
    const refused = { name: "BadTypeError", message: /: options must be an object, not / };
    assert.throws(() => new FloClient("localhost:9000", options as never), refused);
    assert.throws(() => client.newActionWorker(options as never), refused);
    assert.throws(() => client.newQueueWorker(options as never), refused);
    assert.throws(() => client.newStreamWorker(options as never), refused);
  }
});

test("an option of a worker that is wrong is refused at once, by its name", () => {
  const map = new Map([["a", "b"]]) as never;
  for (const [options, message] of [
    [{ workerId: "" }, /workerId "" has 0 bytes/],
    [{ labels: 5 as never }, /labels must be an object of names and texts, not number/],
    [{ metadata: map }, /metadata must be an object of names and texts, not Map/],
    [{ metadata: map, machineId: "m" }, /metadata must be an object of names and texts, not Map/],
  ] as const) {
    const refused = (error: Error) =>
      error instanceof BadRequestError && message.test(error.message);
    assert.throws(() => new ActionWorker({ endpoint: "localhost", ...options }), refused);
  }
  const stream = { endpoint: "localhost", stream: "s", group: "g", handler: () => undefined };
  assert.throws(
    () => new StreamWorker({ ...stream, consumer: "a\nb" }),
    /consumer "a\\nb" contains/,
  );
});
