/** Watches of keys, followers of streams, and subscriptions. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LeaseMemory } from "../dist/api/base/leases.js";
import { Kv } from "../dist/api/kv/kv.js";
import { Stream } from "../dist/api/stream/stream.js";
import { Workflow } from "../dist/api/workflow/workflow.js";
import { ConnectionFailedError, GapError, NotConnectedError } from "../dist/base/errors.js";
import { StreamRead } from "../dist/wire/messages.generated.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { is, SILENCE } from "./fake-server.js";
import { Recorder } from "./recorder.js";
import { rejection, setUp } from "./setup.js";

const change = (version: bigint) => ({ key: "k", version, deleted: false });
const record = (sequence: bigint) => ({ id: new StreamID(1n, sequence) });
const read = (...sequences: bigint[]) => ({
  records: sequences.map(record),
  nextAfter: new StreamID(1n, sequences.at(-1) ?? 0n),
});

test("a watch fixes its position before it waits, and goes on from version to version", async () => {
  const caller = new Recorder();
  caller.answers.push(
    { changes: [], version: 7n, generation: 0n },
    { changes: [change(8n), change(9n)], version: 9n, generation: 0n },
    { changes: [], version: 9n, generation: 0n },
    { changes: [change(10n)], version: 10n, generation: 0n },
  );
  const watch = new Kv(caller).watch("k", { prefix: true, namespace: "other" });
  await watch.start();
  await watch.start();
  assert.equal(caller.asked.length, 1);
  const versions = [await watch.next(), await watch.next(), await watch.next()];
  assert.deepEqual(
    versions.map(({ value }) => value.version),
    [8n, 9n, 10n],
  );
  assert.deepEqual(
    caller.asked.map(({ fields, blockMs, namespace }) => [fields, blockMs, namespace]),
    [
      [{ key: "k", prefix: true, fromVersion: null, blockMs: 0, generation: null }, 0, "other"],
      [
        { key: "k", prefix: true, fromVersion: 7n, blockMs: 30_000, generation: 0n },
        30_000,
        "other",
      ],
      [
        { key: "k", prefix: true, fromVersion: 9n, blockMs: 30_000, generation: 0n },
        30_000,
        "other",
      ],
      [
        { key: "k", prefix: true, fromVersion: 9n, blockMs: 30_000, generation: 0n },
        30_000,
        "other",
      ],
    ],
  );
});

test("two steps at once are given one change each", async () => {
  const caller = new Recorder();
  caller.answers.push(
    { changes: [change(8n), change(9n)], version: 9n, generation: 0n },
    { changes: [change(10n)], version: 10n, generation: 0n },
  );
  const watch = new Kv(caller).watch("k", { fromVersion: 7n });
  const steps = await Promise.all([watch.next(), watch.next(), watch.next()]);
  assert.deepEqual(
    steps.map(({ value }) => value.version),
    [8n, 9n, 10n],
  );
  assert.equal(caller.asked.length, 2);
});

test("a watch may begin at a version", async () => {
  const caller = new Recorder();
  caller.answers.push({ changes: [change(6n)], version: 6n, generation: 0n });
  const watch = new Kv(caller).watch("k", { fromVersion: 5n });
  assert.equal((await watch.next()).value.version, 6n);
  assert.deepEqual(caller.last?.fields, {
    key: "k",
    fromVersion: 5n,
    blockMs: 30_000,
    generation: 0,
  });
});

test("trouble is waited out, a little longer each time", async () => {
  const caller = new Recorder();
  caller.answers.push(
    { changes: [], version: 7n, generation: 0n },
    ...new Array(8).fill(new ConnectionFailedError("broke")),
    { changes: [change(8n)], version: 8n, generation: 0n },
  );
  const watch = new Kv(caller).watch("k");
  const begun = caller.clock.now;
  assert.equal((await caller.clock.until(watch.next())).value.version, 8n);
  assert.equal(caller.clock.now - begun, 50 + 100 + 200 + 400 + 800 + 1_600 + 2_000 + 2_000);
});

test("before it has begun, trouble is told; a gap always is", async () => {
  const caller = new Recorder();
  const refused = () => new ConnectionFailedError("refused");
  caller.answers.push(refused(), refused(), new GapError("gone"));
  const watch = new Kv(caller).watch("k");
  assert.ok((await rejection(watch.start())) instanceof ConnectionFailedError);
  assert.ok((await rejection(watch.next())) instanceof GapError);
  caller.answers.push(new ConnectionFailedError("refused"));
  const positioned = new Kv(caller).watch("k", { fromVersion: 5n });
  assert.ok((await rejection(positioned.next())) instanceof ConnectionFailedError);
});

test("a run is followed to its end", async () => {
  const caller = new Recorder();
  const event = (sequence: bigint) => ({ sequence, type: "t", detail: "", timestampMs: 1n });
  caller.answers.push(
    { items: [event(1n)], cursor: "c", isFinished: true },
    { items: [], cursor: null, isFinished: false },
    { items: [event(2n), event(3n)], cursor: null, isFinished: true },
  );
  const sequences: bigint[] = [];
  for await (const { sequence } of new Workflow(caller).follow("wf-1", { namespace: "other" })) {
    sequences.push(sequence);
  }
  assert.deepEqual(sequences, [1n, 2n, 3n]);
  assert.deepEqual(
    caller.asked.map(({ fields, blockMs }) => [(fields as { after: number }).after, blockMs]),
    [
      [0, 30_000],
      [1, 30_000],
      [1, 30_000],
    ],
  );
  assert.equal(caller.last?.namespace, "other");
});

test("leaving the loop ends a follower, and so do close and the signal", async () => {
  const caller = new Recorder();
  const stream = new Stream(caller, new LeaseMemory());
  caller.answers.push(read(1n, 2n));
  const seen: bigint[] = [];
  const follower = stream.follow("s", { start: "0" });
  for await (const { id } of follower) {
    seen.push(id.sequence);
    break;
  }
  assert.deepEqual(seen, [1n]);
  assert.equal((await follower.next()).done, true);
  caller.answers.push(read(1n));
  const closed = stream.follow("s");
  await closed.start();
  await closed.close();
  assert.equal((await closed.next()).done, true, "what it had in hand is dropped");
  const giveUp = new AbortController();
  const given = stream.follow("s", { signal: giveUp.signal });
  giveUp.abort();
  assert.equal((await given.next()).done, true);
  assert.equal((await stream.follow("s", { signal: giveUp.signal }).next()).done, true);
});

test("a follower asks for what comes after what it has seen", async () => {
  const caller = new Recorder();
  const stream = new Stream(caller, new LeaseMemory());
  caller.answers.push(read(3n), read(4n, 5n), { records: [], nextAfter: null }, read(6n));
  const follower = stream.follow("s", { start: "1-3", partition: 2 });
  const ids = [];
  for (let step = 0; step < 4; step++) {
    ids.push((await follower.next()).value.id.sequence);
  }
  assert.deepEqual(ids, [3n, 4n, 5n, 6n]);
  assert.deepEqual(caller.asked[0]?.fields, {
    ...{ stream: "s", start: "1-3", partition: 2, limit: 1, blockMs: 0 },
  });
  assert.deepEqual(caller.asked[1]?.fields, {
    ...{ stream: "s", after: "1-3", partition: 2, limit: 100, blockMs: 30_000 },
  });
});

// Subscriptions, over the scripted server

const wireRecord = (sequence: number) => [
  ...[[1, sequence], sequence, 0, "s", Buffer.from(`${sequence}`), {}, null, 1],
];

/** A stream that grows by one record with every read, up to `last`. */
function growing(last: number): (envelope: { fields: Record<string, unknown> }) => unknown {
  return ({ fields }) => {
    const after = fields["after"] as string | null;
    const next = after === null ? 1 : Number(after.split("-")[1]) + 1;
    if (after === null) {
      return [[], [1, 0]];
    }
    return next > last ? SILENCE : [[wireRecord(next)], [1, next]];
  };
}

test("a subscription hands over one record after the other, and outlives lost connections", async () => {
  const { server, clock, client } = setUp();
  server.script = (envelope) => (is(envelope, StreamRead) ? growing(5)(envelope) : null);
  const seen: string[] = [];
  let inCallback = 0;
  const subscription = await clock.until(
    client.streams.subscribe("s", async ({ payload }) => {
      assert.equal(++inCallback, 1, "one at a time");
      await clock.turn();
      seen.push(Buffer.from(payload).toString());
      inCallback -= 1;
      if (seen.length === 2) {
        server.dropLinks();
      }
    }),
  );
  await clock.advance(500);
  assert.deepEqual(seen, ["1", "2", "3", "4", "5"]);
  assert.equal(subscription.isActive, true);
  await clock.until(subscription.close());
  assert.equal(subscription.isActive, false);
  assert.equal(subscription.error, null);
  await client.close();
});

test("what a callback throws is logged, and the next record follows", async () => {
  const lines: string[] = [];
  const say = (...texts: unknown[]) => lines.push(texts.join(" "));
  const logger = { debug: say, info: say, warn: say, error: say };
  const { server, clock, client } = setUp(undefined, { logger });
  server.script = growing(2);
  const seen: string[] = [];
  const subscribing = client.stream.subscribe("s", ({ payload }) => {
    seen.push(Buffer.from(payload).toString());
    throw new Error("broken");
  });
  await clock.until(subscribing);
  await clock.settle();
  assert.deepEqual(seen, ["1", "2"]);
  assert.match(lines[0] ?? "", /callback failed on record 1-1: Error: broken/);
  await client.close();
});

test("a callback may close its own subscription", async () => {
  const { server, clock, client } = setUp();
  server.script = growing(3);
  const seen: string[] = [];
  const subscription = await client.stream.subscribe("s", async ({ payload }) => {
    seen.push(Buffer.from(payload).toString());
    await subscription.close();
  });
  await clock.settle();
  assert.deepEqual(seen, ["1"]);
  await subscription.ended;
  await client.close();
});

test("a subscription is there before its first record, however soon that comes", async () => {
  const { server, clock, client } = setUp();
  server.script = () => [[wireRecord(1)], [1, 1]];
  const ends: Promise<void>[] = [];
  const options = { start: "0" } as const;
  const callback = (): number => ends.push(subscription.close());
  const subscribe = async () => await client.stream.subscribe("s", callback, options);
  const subscribeFromAfar = async () => await subscribe();
  const subscription = await subscribeFromAfar();
  await clock.settle();
  assert.equal(ends.length, 1);
  await client.close();
});

test("closing the client ends a subscription without a fuss", async () => {
  const failed = mock.method(console, "error", () => undefined);
  const { server, clock, client } = setUp();
  server.script = growing(0);
  const subscription = await clock.until(client.stream.subscribe("s", () => undefined));
  await clock.settle();
  await client.close();
  await subscription.ended;
  assert.ok(subscription.error instanceof NotConnectedError);
  assert.equal(failed.mock.callCount(), 0);
  mock.restoreAll();
});
