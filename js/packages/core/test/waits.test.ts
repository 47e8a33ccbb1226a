/** Long polls beside everything else, however many. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { SESSION_BLOCK_WRITES, SESSION_BLOCKS } from "../dist/base/limits.generated.js";
import { WriteNumbers } from "../dist/link/numbers.js";
import { KvGet, KvPut, QueueDequeue } from "../dist/wire/messages.generated.js";
import { answerPlainly, silentFor } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

const MESSAGE = [7, Buffer.from("x"), 10, 1, 99, 0];

test("writes go on beside two hundred long polls that began far apart", async () => {
  const { server, clock, client } = setUp(silentFor(QueueDequeue));
  const polls: Promise<unknown>[] = [];
  for (let began = 0; began < 200; began++) {
    polls.push(rejection(client.queue.dequeue(`q${began}`, 1, { blockMs: 60_000 })));
    const puts = Array.from({ length: 17 }, () => client.kv.put("counter", "1"));
    await clock.until(Promise.all(puts));
  }
  const numbers = server.requests(QueueDequeue).map(({ number }) => number);
  assert.equal(numbers.length, 200);
  assert.ok(numbers[0] !== undefined && numbers[0] > 0);
  assert.equal(numbers.at(-1), 0, "beyond half of the ring they go without a number");
  await client.close();
  await Promise.all(polls);
});

test("long polls without a number go on over a lost connection, and get what comes", async () => {
  const { server, clock, client } = setUp(silentFor(QueueDequeue));
  const polls = [];
  for (let began = 0; began < 40; began++) {
    polls.push(client.queue.dequeue("q", 1, { blockMs: 60_000 }));
    await clock.until(Promise.all(Array.from({ length: 17 }, () => client.kv.put("k", ""))));
  }
  assert.equal(server.requests(QueueDequeue).at(-1)?.number, 0);
  server.script = (envelope) =>
    envelope.kind.name === QueueDequeue.name ? [[MESSAGE]] : answerPlainly(envelope);
  server.dropLinks();
  const results = await clock.until(Promise.all(polls));
  assert.deepEqual(new Set(results.map(({ messages }) => messages.length)), new Set([1]));
  await client.close();
});

test("long polls leave room for other calls in what may be in flight", async () => {
  const { server, clock, client } = setUp(silentFor(QueueDequeue));
  server.limits = [1 << 20, 2 << 20, 8];
  const polls = Array.from({ length: 20 }, () =>
    client.queue.dequeue("q", 1, { blockMs: 60_000 }).catch(() => undefined),
  );
  await clock.settle();
  assert.equal(server.requests(QueueDequeue).length, 4);
  const calls = Array.from({ length: 50 }, (_, index) => client.kv.get(`k${index}`));
  assert.equal((await clock.until(Promise.all(calls))).length, 50);
  server.script = (envelope) => answerPlainly(envelope) ?? [[]];
  for (const poll of server.requests(QueueDequeue)) {
    server.links[0]?.handle(poll);
  }
  await clock.settle();
  const ids = new Set(server.requests(QueueDequeue).map(({ id }) => id));
  assert.equal(ids.size, 20, "the next ones take their places");
  await client.close();
  await Promise.all(polls);
});

test("queries that wait are no different", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet));
  server.limits = [1 << 20, 2 << 20, 8];
  const polls = Array.from({ length: 20 }, () => rejection(client.kv.get("a", { blockMs: 9_000 })));
  await clock.settle();
  assert.equal((await clock.until(client.kv.put("b", ""))).version, 1n);
  server.script = answerPlainly;
  assert.equal(text(await clock.until(client.kv.get("c"))), "c");
  assert.equal(server.requests(KvPut).length, 1);
  await client.close();
  await Promise.all(polls);
});

// Numbers

test("long polls that begin together share their places", () => {
  const numbers = new WriteNumbers();
  const taken = Array.from({ length: 300 }, () => numbers.takeForWait());
  assert.deepEqual(
    taken,
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

test("long polls get half of the places, and give them back", () => {
  const numbers = new WriteNumbers();
  const far = 2 * SESSION_BLOCK_WRITES;
  const waits: (number | null)[] = [];
  for (let began = 0; began < SESSION_BLOCKS; began++) {
    waits.push(numbers.takeForWait());
    for (let count = 0; count < far; count++) {
      numbers.release(numbers.take() as number);
    }
  }
  const numbered = waits.filter((number) => number !== null);
  assert.equal(numbered.length, Math.floor(SESSION_BLOCKS / 2) - 1);
  const [first] = numbered;
  numbers.release(first as number);
  assert.notEqual(numbers.takeForWait(), null);
  assert.equal(new Set(numbered).size, numbered.length);
});

test("with every place taken by long polls and calls, a write finds one", () => {
  const numbers = new WriteNumbers();
  const next = () => {
    const number = numbers.take() as number;
    assert.notEqual(number, null);
    return number;
  };
  for (let began = 0; began < 40; began++) {
    numbers.takeForWait();
    for (let count = 0; count < SESSION_BLOCK_WRITES; count++) {
      numbers.release(next());
    }
  }
  for (let began = 0; began < 32; began++) {
    next(); // a call that waits for its run
    for (let count = 0; count < SESSION_BLOCK_WRITES; count++) {
      numbers.release(next());
    }
  }
  for (let count = 0; count < 10_000; count++) {
    numbers.release(next());
  }
});
