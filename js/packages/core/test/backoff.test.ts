/** Delays between attempts, the same as in Python (`tests/core/test_backoff.py`). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryDelay } from "../dist/base/backoff.js";
import { BadRequestError } from "../dist/base/errors.js";

test("a constant delay stays as it is", () => {
  const delay = new RetryDelay({ retryDelayMs: 7_200_000 });
  assert.deepEqual(
    [1, 2, 99].map((attempt) => delay.after(attempt, "seed")),
    [7_200_000, 7_200_000, 7_200_000],
  );
});

test("an exponential delay grows, scattered, up to the longest", () => {
  const delay = new RetryDelay({ retryDelayMs: 1_000, retryBackoff: "exponential" });
  assert.deepEqual(
    [1, 2, 3, 10, 12, 13, 99].map((attempt) => delay.after(attempt, "1700000000000-0")),
    [1092, 2063, 4040, 555_110, 2_186_649, 3_600_000, 3_600_000],
  );
});

test("what cannot be is refused", () => {
  const growing = { retryDelayMs: 10, retryBackoff: "exponential" as const };
  assert.throws(() => new RetryDelay({ ...growing, retryDelayMaxMs: 9 }), BadRequestError);
  const odd = { retryBackoff: "linear" as "constant" };
  assert.throws(() => new RetryDelay(odd), /one of: constant, exponential/);
});
