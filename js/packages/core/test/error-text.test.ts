/** What is said of anything that can be thrown. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { errorText, messageOf } from "../dist/base/error-text.js";

function thrown(parts: object): Error {
  return Object.assign(new Error("x"), parts);
}

class OddError extends Error {
  override get message(): string {
    throw new Error("inner");
  }
}

const SAYS_NOTHING = "something was thrown that says nothing of itself";

for (const [name, error, expected] of [
  ["an error", new RangeError("too far"), "RangeError: too far"],
  ["an error without a message", new TypeError(), "TypeError"],
  ["an error of another realm", { name: "TypeError", message: "far away" }, "TypeError: far away"],
  ["several errors", new AggregateError([new Error("a"), "b"]), "AggregateError: a; b"],
  ["text", "just so", "just so"],
  ["nothing", undefined, "undefined"],
  ["null", null, "null"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a bigint", 5n, "5"],
  ["a plain object", { code: 42, message: "card refused" }, '{"code":42,"message":"card refused"}'],
  ["what has a text of its own", { toString: () => "my own" }, "my own"],
  ["an object without prototype", Object.create(null), SAYS_NOTHING],
  ["a message that is a symbol", thrown({ message: Symbol("s") }), "Error"],
  ["a name that is none", thrown({ name: 5, message: "x" }), "5: x"],
  ["a message that throws", new OddError(), SAYS_NOTHING],
  ["a toString that throws", throwing(), SAYS_NOTHING],
  ["a circle", circle(), SAYS_NOTHING],
] as const) {
  test(`${name} has a text`, () => {
    assert.equal(errorText(error), expected);
    assert.equal(typeof messageOf(error), "string");
  });
}

function throwing(): object {
  return {
    toString() {
      throw new Error("inner");
    },
  };
}

function circle(): object {
  const around: Record<string, unknown> = {};
  around["around"] = around;
  return around;
}

test("a message is what an error says, without its name", () => {
  assert.equal(messageOf(new Error("just this")), "just this");
  assert.equal(messageOf("text"), "text");
  assert.equal(messageOf(new TypeError()), "TypeError");
  assert.equal(messageOf(Object.create(null)), SAYS_NOTHING);
});
