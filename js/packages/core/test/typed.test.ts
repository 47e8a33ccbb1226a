/** JSON as values of a kind that a person names. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAs, outputAs } from "../dist/base/typed.js";
import { BadRequestError, BadTypeError, type StandardSchema } from "../dist/public.js";

interface Order {
  readonly id: number;
}

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** What Zod and others make, by hand. */
const ORDER: StandardSchema<Order> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const { id } = value as { id?: unknown };
      return typeof id === "number"
        ? { value: { id } }
        : { issues: [{ message: "Expected number", path: [{ key: "id" }, 0] }] };
    },
  },
};

function order(value: unknown): Order {
  const { id } = value as { id?: unknown };
  if (typeof id !== "number") {
    throw new TypeError("id must be a number");
  }
  return { id };
}

test("a function and a schema make the value, and say what does not fit", () => {
  assert.deepEqual(decodeAs("the payload", bytes({ id: 7, more: 1 }), ORDER), { id: 7 });
  assert.deepEqual(decodeAs("the payload", bytes({ id: 7 }), order), { id: 7 });
  const callable = Object.assign(() => assert.fail("its schema is asked"), ORDER);
  assert.deepEqual(decodeAs("the payload", bytes({ id: 7 }), callable), { id: 7 });
  const misfits: [() => unknown, RegExp][] = [
    [
      () => decodeAs("the payload", bytes({}), ORDER),
      /^the payload does not fit: Expected number - at \$\.id\.0$/,
    ],
    [
      () => decodeAs("the payload", bytes({}), order),
      /^the payload does not fit: id must be a number$/,
    ],
    [() => decodeAs("the payload", new Uint8Array(), order), /^the payload is no JSON: /],
  ];
  for (const [ask, message] of misfits) {
    assert.throws(ask, (error) => error instanceof BadRequestError && message.test(error.message));
  }
});

test("what is no kind is refused, and so is a schema that takes its time", () => {
  assert.throws(() => decodeAs("x", bytes(1), 5 as never), /kind must be a function or a schema/);
  const slow: StandardSchema<number> = {
    "~standard": { version: 1, vendor: "test", validate: async () => ({ value: 1 }) },
  };
  assert.throws(() => decodeAs("the payload", bytes(1), slow), BadTypeError);
});

test("only a run that has completed has an output", () => {
  const run = { runId: "run-1", status: "completed", output: bytes({ id: 1 }) };
  assert.deepEqual(outputAs(run, ORDER), { id: 1 });
  assert.throws(
    () => outputAs({ ...run, status: "failed", output: null }, ORDER),
    /run run-1 is failed; only one that has completed has an output/,
  );
  assert.throws(() => outputAs({ ...run, output: null }, ORDER), /is no JSON/);
});
