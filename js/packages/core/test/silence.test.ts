/** One client over a scripted server that falls silent: noticed whatever is under way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as errors from "../dist/base/errors.js";
import { KvGet, KvPut, Ping, QueueDequeue } from "../dist/wire/messages.generated.js";
import { answerPlainly, type FakeServer, SILENCE, silentFor } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

/** The links that are up now carry nothing any more; those made later do. */
function silence(server: FakeServer): void {
  for (const link of server.links) {
    link.isSilent = true;
  }
}

test("a silent link is left before the call on it times out, which is then answered", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 5_000 });
  await clock.until(client.connect());
  silence(server);
  const begun = clock.now;
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  assert.equal(clock.now - begun, 1_250 + 2_500 + 100);
  assert.equal(server.connects, 2);
  await client.close();
});

test("a link that falls silent before the first write is left, too", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 1_000 });
  await clock.until(client.connect());
  silence(server);
  const error = await rejection(clock.until(client.kv.put("a", "1")));
  assert.ok(error instanceof errors.RequestTimeoutError);
  assert.match(
    error.message,
    /KvPut was not sent within 1000 ms: the server has not opened the session.*nothing came for/,
  );
  assert.equal((await clock.until(client.kv.put("a", "2"))).version, 1n);
  assert.equal(server.connects, 2);
  await client.close();
});

test("calls that are given up early leave a silent link all the same", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 5_000 });
  await clock.until(client.connect());
  silence(server);
  const reason = new Error("no more patience");
  const outcomes: unknown[] = [];
  for (let round = 0; round < 50 && server.connects === 1; round++) {
    const giveUp = new AbortController();
    const call = client.kv.get("a", { signal: giveUp.signal }).then(text, (error) => error);
    await clock.advance(100);
    giveUp.abort(reason);
    outcomes.push(await call);
  }
  assert.equal(outcomes[0], reason, "the reason of the signal is the error");
  assert.equal(server.connects, 2);
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  await client.close();
});

test("a long poll alone leaves a silent link, and goes on on the next", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet), { timeoutMs: 5_000 });
  const poll = client.kv.get("a", { blockMs: 300_000 });
  await clock.advance(1_000);
  silence(server);
  await clock.advance(12_000);
  assert.equal(server.connects, 2);
  server.script = answerPlainly;
  server.dropLinks();
  assert.equal(text(await clock.until(poll)), "a");
  await client.close();
});

test("a peer that answers the probe is kept, however long an answer takes", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet), { timeoutMs: 300 });
  const poll = rejection(client.kv.get("b", { blockMs: 60_000 }));
  for (let round = 0; round < 3; round++) {
    await rejection(clock.until(client.kv.get("a")));
  }
  await clock.advance(50_000);
  assert.ok(server.requests(Ping).length > 0);
  assert.equal(server.connects, 1);
  await client.close();
  await poll;
});

test("a peer that stands still while something comes from it is not left", async () => {
  const { server, clock, client } = setUp(silentFor(KvPut), { timeoutMs: 1_000 });
  server.answersProbes = false;
  const put = rejection(client.kv.put("a", ""));
  for (let round = 0; round < 20; round++) {
    await clock.advance(400);
    await clock.until(client.kv.get("b"));
  }
  assert.ok((await put) instanceof errors.RequestTimeoutError);
  assert.equal(server.connects, 1);
  await client.close();
});

test("nothing is asked where nothing is under way", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.put("a", ""));
  await clock.advance(600_000);
  assert.equal(server.requests(Ping).length, 0);
  assert.equal(clock.waiting, 0);
  await client.close();
});

test("a long poll asks for a sign of life now and then", async () => {
  const { server, clock, client } = setUp(silentFor(QueueDequeue));
  const poll = rejection(client.queue.dequeue("q", 1, { blockMs: 100_000 }));
  await clock.advance(95_000);
  assert.equal(server.requests(Ping).length, 9);
  assert.equal(server.connects, 1);
  await client.close();
  await poll;
});

test("waking asks at once, and takes silence for an end soon", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet), { timeoutMs: 30_000 });
  const poll = rejection(client.kv.get("a", { blockMs: 300_000 }));
  await clock.advance(1_000);
  client.wake();
  await clock.settle();
  assert.equal(server.requests(Ping).length, 1);
  await clock.advance(5_000);
  assert.equal(server.connects, 1, "it answered");
  silence(server);
  client.wake();
  await clock.advance(2_100);
  assert.equal(server.connects, 2);
  await client.close();
  await poll;
});

test("waking ends the pause before the next try", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.connectError = new Error("no network");
  server.dropLinks();
  await clock.advance(20_500);
  const tries = server.connects;
  server.connectError = null;
  client.wake();
  await clock.settle();
  assert.equal(server.connects, tries + 1);
  assert.equal(client.isConnected, true);
  client.wake();
  await client.close();
});

test("a process that stood still judges nobody by that", async () => {
  const { server, clock, client } = setUp(() => SILENCE, { timeoutMs: 5_000 });
  const call = rejection(client.kv.get("a", { blockMs: 300_000 }));
  await clock.advance(0);
  server.answersProbes = false;
  await clock.advance(10_000); // it is asked
  assert.equal(server.requests(Ping).length, 1);
  clock.now += 3_600_000; // the machine sleeps
  server.answersProbes = true;
  await clock.advance(0);
  assert.equal(server.requests(Ping).length, 2, "it is asked again");
  assert.equal(server.connects, 1);
  await client.close();
  await call;
});

test("a transport's promise is told at once and kept, and an idle silent link is left", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 5_000 });
  server.quietMsMax = 20_000;
  await clock.until(client.connect());
  await clock.advance(59_000);
  const pings = server.requests(Ping);
  assert.deepEqual(
    pings.map((ping) => ping.fields["quietMsMax"]),
    Array(6).fill(20_000),
  );
  silence(server);
  await clock.advance(20_000);
  assert.equal(server.connects, 2);
  await client.close();
});
