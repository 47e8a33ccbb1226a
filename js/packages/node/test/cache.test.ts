/** `kv.getOrSet`: one caller makes a value, the others wait for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BadRequestError, BadTypeError } from "@floruntime/node";

import { advance, client, fresh, text, until } from "./workshop.js";

test("one caller makes the value, and all get it", async () => {
  const key = fresh();
  let made = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const make = async () => {
    made += 1;
    await finished;
    return { n: 1 };
  };
  const all = Promise.all([1, 2, 3].map(() => client.kv.getOrSet(key, make, { ttlMs: 60_000 })));
  await until(() => made === 1);
  finish();
  assert.deepEqual((await all).map(text), ['{"n":1}', '{"n":1}', '{"n":1}']);
  assert.equal(made, 1);
  assert.equal(await client.kv.get(`${key}#making`), null);
  await advance(60_000);
  assert.equal(await client.kv.get(key), null);
});

test("where one fails, the next one makes it", async () => {
  const key = fresh();
  const failing = () => Promise.reject(new RangeError("no"));
  await assert.rejects(client.kv.getOrSet(key, failing), RangeError);
  assert.equal(text(await client.kv.getOrSet(key, () => "made")), "made");
  assert.equal(text(await client.kv.getOrSet(key, failing)), "made");
});

test("where the value is refused, or the call given up, the next one need not wait", async () => {
  const key = fresh();
  const tooLarge = () => new Uint8Array(2 ** 20 + 1);
  await assert.rejects(client.kv.getOrSet(key, tooLarge), BadRequestError);
  assert.equal(await client.kv.exists(`${key}#making`), false);
  const life = new AbortController();
  const given = () => {
    life.abort(new RangeError("given up"));
    throw new TypeError("make's own");
  };
  const { signal } = life;
  await assert.rejects(client.kv.getOrSet(key, given, { signal }), TypeError);
  assert.equal(await client.kv.exists(`${key}#making`), false);
});

test("what is no function, and what is no option, is refused", async () => {
  await assert.rejects(client.kv.getOrSet("k", "v" as never), BadTypeError);
  const options = { ttlSeconds: 3 } as never;
  await assert.rejects(
    client.kv.getOrSet("k", () => "v", options),
    BadRequestError,
  );
});

test("an option may be spelled as in Python", async () => {
  const queue = fresh();
  const given = { max_attempts: 7, dlq_limit: 3 } as never;
  const config = await client.queue.configure(queue, given);
  assert.deepEqual([config.maxAttempts, config.dlqLimit], [7, 3]);
  const both = { max_attempts: 7, maxAttempts: 7 } as never;
  await assert.rejects(client.queue.configure(queue, both), /max_attempts and maxAttempts are one/);
});

test("a call has a time-out of its own, and `name` is another name for `workflowName`", async () => {
  assert.equal(await client.kv.get(fresh(), { timeoutMs: 50 }), null);
  await assert.rejects(client.kv.get("k", { timeoutMs: 0 }), /timeoutMs is 0/);
  assert.deepEqual([...(await client.workflow.listRuns({ name: "nobody" }))], []);
  const both = client.workflow.listRuns({ name: "a", workflowName: "a" });
  await assert.rejects(both, /name and workflowName are names of one option/);
});
