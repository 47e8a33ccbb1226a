/** One client over a scripted server: many calls, time-outs, giving up. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as errors from "../dist/base/errors.js";
import { SESSION_BLOCK_WRITES, SESSION_BLOCKS } from "../dist/base/limits.generated.js";
import { Wait } from "../dist/link/call.js";
import {
  CancelWait,
  GroupNack,
  GroupRead,
  KvGet,
  KvPut,
  QueueDequeue,
  QueueNack,
  SessionOpen,
  WorkerAwait,
  WorkerRelease,
} from "../dist/wire/messages.generated.js";
import type { Request } from "../dist/wire/request.js";
import { StreamID } from "../dist/wire/stream-id.js";
import type { Envelope } from "./envelope.js";
import { answerPlainly, SILENCE, silentFor } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

function holder(): { held: Envelope[]; script: (envelope: Envelope) => unknown } {
  const held: Envelope[] = [];
  const script = (envelope: Envelope) => {
    held.push(envelope);
    return SILENCE;
  };
  return { held, script };
}

test("many calls share one connection, and answers come in any order", async () => {
  const { held, script } = holder();
  const { server, clock, client } = setUp(script);
  const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
  const calls = Promise.all(keys.map((key) => client.kv.get(key)));
  await clock.settle();
  assert.equal(held.length, 500);
  server.script = answerPlainly;
  for (const envelope of [...held].reverse()) {
    server.links[0]?.handle(envelope);
  }
  assert.deepEqual((await clock.until(calls)).map(text), keys);
  assert.equal(server.connects, 1);
  await client.close();
});

test("a session is opened once, and writes are numbered from one", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.get("a"));
  assert.equal(server.sessions.size, 0);
  const puts = Array.from({ length: 50 }, (_, index) => client.kv.put(`k${index}`, ""));
  const versions = (await clock.until(Promise.all(puts))).map(({ version }) => version);
  assert.deepEqual(
    versions,
    Array.from({ length: 50 }, (_, index) => BigInt(index + 1)),
  );
  assert.equal(server.requests(SessionOpen).length, 1);
  await client.close();
});

test("a refused session refuses the writes that waited for it", async () => {
  const { server, clock, client } = setUp();
  server.sessionRefusal = new errors.ConflictError("no sessions today");
  const puts = [rejection(client.kv.put("a", "")), rejection(client.kv.put("b", ""))];
  const [first, second] = await clock.until(Promise.all(puts));
  assert.ok(first instanceof errors.ConflictError && second instanceof errors.ConflictError);
  assert.notEqual(first, second);
  server.sessionRefusal = null;
  assert.equal((await clock.until(client.kv.put("a", ""))).version, 1n);
  await client.close();
});

test("the namespace of a call goes before the client's", async () => {
  const { server, clock, client } = setUp(undefined, { namespace: "mine" });
  await clock.until(client.kv.get("a"));
  await clock.until(client.kv.get("a", { namespace: "other" }));
  assert.deepEqual(
    server.seen.map(({ namespace }) => namespace),
    ["mine", "other"],
  );
  await client.close();
});

test("a request over the frame limit is refused before it is sent", async () => {
  const { server, clock, client } = setUp();
  server.limits = [500, 600, 100];
  await clock.until(client.kv.put("a", ""));
  const error = await rejection(clock.until(client.kv.put("a", "x".repeat(600))));
  assert.ok(error instanceof errors.BadRequestError);
  assert.match(error.message, /KvPut.*at most 600/);
  await clock.until(client.kv.put("a", "x".repeat(500)));
  assert.equal(server.requests(KvPut).length, 2);
  await client.close();
});

test("what cannot be written on the wire is a bad request that names the field", async () => {
  const { clock, client } = setUp();
  for (const [key, says] of [
    ["\ud800", /key .* is not valid Unicode text/],
    [5 as never, /key must be text, not number/],
    [undefined as never, /key must be given/],
  ] as const) {
    const error = await rejection(clock.until(client.kv.get(key)));
    assert.ok(error instanceof errors.BadRequestError);
    assert.match(error.message, says);
  }
  for (const casVersion of [2n ** 64n, -(2n ** 63n) - 1n, 1.5, Number.NaN, 2 ** 60, "7" as never]) {
    const error = await rejection(clock.until(client.kv.put("a", "", { casVersion })));
    assert.ok(error instanceof errors.BadRequestError);
    assert.match(error.message, /casVersion/);
  }
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  await client.close();
});

test("no more is in flight than the server takes", async () => {
  const { held, script } = holder();
  const { server, clock, client } = setUp(script);
  server.limits = [1 << 20, 2 << 20, 3];
  const keys = ["k0", "k1", "k2", "k3", "k4"];
  const calls = Promise.all(keys.map((key) => client.kv.get(key)));
  await clock.settle();
  assert.deepEqual(
    held.map(({ fields }) => fields["key"]),
    ["k0", "k1", "k2"],
  );
  server.script = answerPlainly;
  for (const envelope of [...held]) {
    server.links[0]?.handle(envelope);
  }
  assert.deepEqual((await clock.until(calls)).map(text), keys);
  await client.close();
});

// Time-outs

test("a write that was sent may have run", async () => {
  const { server, clock, client } = setUp(silentFor(KvPut), { timeoutMs: 300 });
  await clock.until(client.connect());
  const begun = clock.now;
  const error = await rejection(clock.until(client.kv.put("a", "")));
  assert.ok(error instanceof errors.RequestTimeoutError);
  assert.match(error.message, /KvPut .* within 300 ms/);
  assert.equal(error.ran, "maybe");
  assert.equal(clock.now - begun, 300);
  server.script = answerPlainly;
  assert.equal((await clock.until(client.kv.put("b", ""))).version, 2n, "its number stays used");
  await client.close();
});

test("a query that timed out did not run", async () => {
  const { clock, client } = setUp(silentFor(KvGet));
  const error = await rejection(clock.until(client.kv.get("a")));
  assert.ok(error instanceof errors.RequestTimeoutError);
  assert.equal(error.ran, "no");
  await client.close();
});

test("blockMs is added to the time-out", async () => {
  const { clock, client } = setUp(silentFor(KvGet), { timeoutMs: 1_000 });
  await clock.until(client.connect());
  const begun = clock.now;
  await rejection(clock.until(client.kv.get("a", { blockMs: 60_000 })));
  assert.equal(clock.now - begun, 61_000);
  await client.close();
});

test("a block that can never be right is refused before it is sent", async () => {
  const { server, clock, client } = setUp();
  for (const blockMs of [-1, 300_001, 1.5, "1" as never]) {
    const error = await rejection(clock.until(client.kv.get("a", { blockMs })));
    assert.ok(error instanceof errors.BadRequestError);
    assert.match(error.message, /blockMs.*300000/);
  }
  await clock.until(client.kv.get("a", { blockMs: 300_000 }));
  assert.equal(server.requests(KvGet).length, 1);
  await client.close();
});

test("a late answer is dropped", async () => {
  const { held, script } = holder();
  const { server, clock, client } = setUp(script, { timeoutMs: 300 });
  await rejection(clock.until(client.kv.get("late")));
  server.script = answerPlainly;
  server.links[0]?.handle(held[0] as Envelope);
  assert.equal(text(await clock.until(client.kv.get("next"))), "next");
  assert.equal(server.connects, 1);
  await client.close();
});

test("a write that never went out certainly did not run", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 300 });
  await clock.until(client.connect());
  server.connectError = new Error("refused");
  server.dropLinks();
  const error = await rejection(clock.until(client.kv.put("a", "")));
  assert.ok(error instanceof errors.RequestTimeoutError);
  assert.match(error.message, /no connection to fake:9000/);
  assert.equal(error.ran, "no");
  assert.ok(error.cause instanceof errors.ConnectionFailedError);
  server.connectError = null;
  assert.equal((await clock.until(client.kv.put("b", ""))).version, 1n);
  assert.deepEqual(
    server.requests(KvPut).map(({ fields }) => fields["key"]),
    ["b"],
  );
  await client.close();
});

// Giving up

test("a call that is given up leaves the connection usable, and is not sent again", async () => {
  const { server, clock, client } = setUp(silentFor(KvPut));
  const giveUp = new AbortController();
  const failure = rejection(client.kv.put("a", "", { signal: giveUp.signal }));
  await clock.settle();
  const reason = new Error("enough");
  giveUp.abort(reason);
  assert.equal(await failure, reason);
  server.dropLinks();
  server.script = answerPlainly;
  assert.equal(text(await clock.until(client.kv.get("b"))), "b");
  assert.equal(server.requests(KvPut).length, 1);
  await client.close();
});

test("a call given up before it could go out never goes", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.dropLinks();
  const giveUp = new AbortController();
  const first = rejection(client.kv.put("a", "", { signal: giveUp.signal }));
  const second = client.kv.put("b", "");
  giveUp.abort();
  await first;
  assert.equal((await clock.until(second)).version, 1n);
  assert.deepEqual(
    server.requests(KvPut).map(({ fields }) => fields["key"]),
    ["b"],
  );
  await client.close();
});

test("a call that was given up before it began is refused at once", async () => {
  const { server, client } = setUp();
  const error = await rejection(client.kv.get("a", { signal: AbortSignal.abort() }));
  assert.equal((error as Error).name, "AbortError");
  assert.equal(server.connects, 0);
});

test("a call can be given up while it connects and while it waits to try again", async () => {
  const { server, clock, client } = setUp(() => new errors.OverloadedError("busy"));
  server.isDeaf = true;
  const connecting = new AbortController();
  const first = rejection(client.kv.get("a", { signal: connecting.signal }));
  await clock.settle();
  connecting.abort();
  assert.equal(((await first) as Error).name, "AbortError");
  server.isDeaf = false;
  await client.close();
  await clock.until(client.connect());
  const retrying = new AbortController();
  const second = rejection(client.kv.get("a", { signal: retrying.signal }));
  await clock.settle();
  retrying.abort();
  assert.equal(((await second) as Error).name, "AbortError");
  await client.close();
  assert.equal(clock.waiting, 0);
});

test("a wait given up is ended on the server, too", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet));
  const giveUp = new AbortController();
  const options = { blockMs: 60_000, namespace: "other", signal: giveUp.signal };
  const failure = rejection(client.kv.get("a", options));
  await clock.settle();
  giveUp.abort();
  await failure;
  await clock.settle();
  const [wait, end] = server.seen;
  assert.equal(end?.kind.name, CancelWait.name);
  assert.equal(end?.fields["requestId"], wait?.id);
  assert.equal(end?.namespace, "other");
  await client.close();
});

const MESSAGE = [7, Buffer.from("x"), 10, 1, 99, 0];
const RECORD = [[5, 0], 0, 0, "s", Buffer.from("x"), {}, null, 5, 1, 98];
const TASK = ["run-1", "a", Buffer.from("x"), 1, 97, 0, 0];

const DELIVERIES: readonly [Request<unknown>, unknown, string, object][] = [
  [
    QueueDequeue.of({ queue: "q", blockMs: 10_000 }),
    [[MESSAGE]],
    QueueNack.name,
    { queue: "q", seqs: [7n], leases: [99n], release: true },
  ],
  [
    GroupRead.of({ stream: "s", group: "g", consumer: "c", blockMs: 10_000 }),
    [[RECORD]],
    GroupNack.name,
    { stream: "s", group: "g", ids: [new StreamID(5n, 0n)], leases: [98n], release: true },
  ],
  [
    WorkerAwait.of({ workerId: "w", actions: ["a"], blockMs: 10_000 }),
    [TASK],
    WorkerRelease.name,
    { workerId: "w", runId: "run-1", lease: 97n },
  ],
];

for (const [request, result, name, expected] of DELIVERIES) {
  test(`what a ${request.kind.name} that was given up is given is handed back`, async () => {
    const { held, script } = holder();
    const { server, clock, client } = setUp(script);
    const giveUp = new AbortController();
    const options = { blockMs: 10_000, namespace: "other", signal: giveUp.signal };
    const failure = rejection(client.call(request, options));
    await clock.settle();
    giveUp.abort();
    await failure;
    server.script = () => result;
    server.links[0]?.handle(held[0] as Envelope);
    await clock.settle();
    const last = server.seen.at(-1);
    assert.equal(last?.kind.name, name);
    assert.equal(last?.namespace, "other");
    for (const [field, value] of Object.entries(expected)) {
      assert.deepEqual(last?.fields[field], value, field);
    }
    await client.close();
  });
}

for (const isTaken of [true, false]) {
  test(`what came too late is ${isTaken ? "taken" : "handed back"} as its caller says`, async () => {
    const { held, script } = holder();
    const { server, clock, client } = setUp(script);
    const late: unknown[] = [];
    const wait = new Wait((result) => late.push(result) > 0 && isTaken);
    const request = QueueDequeue.of({ queue: "q", blockMs: 1_000 });
    const failure = rejection(client.call(request, { blockMs: 1_000, timeoutMs: 100, wait }));
    await clock.until(failure);
    server.script = () => [[MESSAGE]];
    server.links[0]?.handle(held[0] as Envelope);
    await clock.settle();
    assert.equal(late.length, 1);
    assert.equal(server.requests(QueueNack).length, isTaken ? 0 : 1);
    await client.close();
  });
}

test("what was acked on delivery is not handed back", async () => {
  const { held, script } = holder();
  const { server, clock, client } = setUp(script);
  const giveUp = new AbortController();
  const options = { ackMode: "on_delivery", blockMs: 1_000, signal: giveUp.signal } as const;
  const failure = rejection(client.queue.dequeue("q", 1, options));
  await clock.settle();
  giveUp.abort();
  await failure;
  server.script = () => [[MESSAGE]];
  server.links[0]?.handle(held[0] as Envelope);
  await clock.settle();
  assert.equal(server.requests(QueueNack).length, 0);
  await client.close();
});

// The ring of numbers

test("a long poll holds up no other write", async () => {
  const { server, clock, client } = setUp(silentFor(QueueDequeue));
  const poll = rejection(client.queue.dequeue("q", 1, { blockMs: 300_000 }));
  await clock.settle();
  const [waiting] = server.requests(QueueDequeue);
  for (let round = 0; round < 40; round++) {
    const puts = Array.from({ length: 100 }, () => client.kv.put("k", ""));
    await clock.until(Promise.all(puts));
  }
  const taken = new Set(server.applied.map(({ number }) => number));
  const place = (number: number) => Math.floor(number / SESSION_BLOCK_WRITES) % SESSION_BLOCKS;
  for (const number of taken) {
    const isSameBlock = number < SESSION_BLOCK_WRITES;
    assert.ok(isSameBlock || place(number) !== place(waiting?.number ?? 0), `number ${number}`);
  }
  await client.close();
  assert.ok((await poll) instanceof errors.NotConnectedError);
});

test("writes are held back while the whole ring is unanswered", async () => {
  const { server, clock, client } = setUp(() => SILENCE);
  const ring = SESSION_BLOCK_WRITES * SESSION_BLOCKS - 1;
  const failures = Array.from({ length: ring + 5 }, () => rejection(client.kv.put("k", "")));
  await clock.settle();
  assert.equal(server.requests(KvPut).length, ring);
  await client.close();
  const errorsSeen = (await Promise.all(failures)) as errors.FloError[];
  assert.equal(errorsSeen.filter(({ ran }) => ran === "no").length, 5);
});
