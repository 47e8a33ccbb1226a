/** One client over a scripted server: connecting, by itself and by `connect()`, and closing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FloClient } from "../dist/api/client.js";
import * as errors from "../dist/base/errors.js";
import { KvPut } from "../dist/wire/messages.generated.js";
import { FakeServer, SILENCE, silentFor } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

test("greets with version, session and token", async () => {
  const { server, clock, client } = setUp(undefined, { token: "secret" });
  await clock.until(client.connect());
  assert.equal(client.isConnected, true);
  assert.ok((await clock.until(client.ping())) >= 0);
  await client.close();
  assert.equal(client.isConnected, false);
  assert.equal(server.hellos.length, 1);
  assert.equal(server.hellos[0]?.["token"], "secret");
  assert.match(String(server.hellos[0]?.["session"]), /^[0-9a-f]{32}$/);
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("the first call connects, once for all that wait for it", async () => {
  const { server, clock, client } = setUp();
  const calls = Promise.all(["a", "b", "c"].map((key) => client.kv.get(key)));
  assert.deepEqual((await clock.until(calls)).map(text), ["a", "b", "c"]);
  await client.connect();
  assert.equal(server.connects, 1);
  await client.close();
});

test("a refused connection fails at once, and the next call tries again", async () => {
  const { server, clock, client } = setUp();
  server.connectError = new Error("connection refused");
  const begun = clock.now;
  const error = await rejection(clock.until(client.kv.get("a")));
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.match(error.message, /fake:9000.*refused/);
  assert.equal(error.ran, "no");
  assert.equal(clock.now, begun);
  server.connectError = null;
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  await client.close();
});

test("connect waits for a server that is not up yet, as long as it is told to", async () => {
  const { server, clock, client } = setUp();
  server.connectError = new Error("connection refused");
  const begun = clock.now;
  const error = await rejection(clock.until(client.connect({ waitMs: 5_000 })));
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.ok(clock.now - begun > 2_000 && clock.now - begun < 5_000);
  const waiting = client.connect({ waitMs: 60_000 });
  await clock.advance(10_000);
  server.connectError = null;
  assert.equal(await clock.until(waiting), client);
  await client.close();
  await assert.rejects(client.connect({ waitMs: -1 }), /waitMs/);
  await assert.rejects(client.connect({ wait: 1 } as object), /has no option "wait"/);
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("a server that never greets fails after the time-out", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 700 });
  server.isDeaf = true;
  const begun = clock.now;
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.match(error.message, /within 700 ms/);
  assert.equal(clock.now - begun, 700);
  assert.equal(server.links[0]?.isClosed, true);
});

test("a first call has no more time than its own, and leaves the connecting to the others", async () => {
  const { server, clock, client } = setUp();
  server.isDeaf = true;
  const begun = clock.now;
  const other = client.kv.get("b");
  const error = await rejection(clock.until(client.kv.put("a", "x", { timeoutMs: 200 })));
  assert.ok(error instanceof errors.RequestTimeoutError);
  assert.match(
    error.message,
    /KvPut was not sent within 200 ms: there is no connection to fake:9000/,
  );
  assert.equal(error.ran, "no");
  assert.equal(clock.now - begun, 200);
  server.isDeaf = false;
  assert.equal(text(await clock.until(other)), "b");
  await client.close();
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("a link that breaks before the greeting may be one without TLS", async () => {
  const { server, clock, client } = setUp();
  server.isDeaf = true;
  const connecting = rejection(client.connect());
  await clock.settle();
  server.dropLinks();
  const error = await clock.until(connecting);
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.match(error.message, /before the greeting; is this a Flo server, and is TLS on at both/);
});

test("a hello into the void is followed by another on a second link", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 60_000 });
  server.isDeaf = true;
  const connecting = client.connect();
  await clock.advance(2_900);
  server.isDeaf = false;
  assert.equal(server.connects, 1);
  await clock.advance(200);
  await connecting;
  assert.deepEqual([server.connects, server.links[0]?.isClosed], [2, true]);
  await client.close();
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("a refusal on either link is the answer", async () => {
  const { server, clock, client } = setUp(undefined, { timeoutMs: 5_000 });
  server.isDeaf = true;
  const connecting = rejection(client.connect());
  await clock.advance(1_200);
  server.refusal = new errors.UnauthorizedError("no");
  await clock.advance(100);
  assert.ok((await connecting) instanceof errors.UnauthorizedError);
  assert.deepEqual(
    server.links.map((link) => link.isClosed),
    [true, true],
  );
  assert.equal(clock.waiting, 0, "no timer is left behind");
});

test("a refused token is its typed error", async () => {
  const { server, clock, client } = setUp(undefined, { token: "x" });
  server.refusal = new errors.UnauthorizedError("token 'x' is not known");
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.UnauthorizedError);
  server.refusal = null;
  await clock.until(client.connect());
  assert.equal(client.isConnected, true);
  await client.close();
});

test("a peer that speaks something else is a protocol error", async () => {
  const { server, clock, client } = setUp();
  server.isDeaf = true;
  const connecting = rejection(client.connect());
  await clock.settle();
  server.links[0]?.deliver(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const error = await clock.until(connecting);
  assert.ok(error instanceof errors.ProtocolError);
  assert.match(error.message, /these bytes are no message/);
});

test("a closed client refuses calls until it is connected again", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.get("a"));
  await client.close();
  await client.close();
  const error = await rejection(client.kv.get("a"));
  assert.ok(error instanceof errors.NotConnectedError);
  assert.match(error.message, /connect\(\)/);
  await clock.until(client.connect());
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  assert.equal(server.connects, 2);
  await client.close();
});

test("disposing of a client closes it", async () => {
  const { clock, client } = setUp();
  await clock.until(client.connect());
  await client[Symbol.asyncDispose]();
  assert.equal(client.isConnected, false);
});

test("closing fails what is in flight and what is held", async () => {
  const { clock, client } = setUp(() => SILENCE);
  await clock.until(client.connect());
  const failures = Promise.all([rejection(client.kv.put("a", "")), rejection(client.kv.get("b"))]);
  await clock.settle();
  await client.close();
  const [put, get] = await failures;
  assert.ok(put instanceof errors.NotConnectedError && get instanceof errors.NotConnectedError);
  assert.equal(put.ran, "maybe");
  assert.equal(get.ran, "no");
  assert.equal(clock.waiting, 0);
});

test("closing while a greeting is awaited leaves nothing behind", async () => {
  const { server, clock, client } = setUp();
  server.isDeaf = true;
  const connecting = rejection(client.connect());
  const calling = rejection(client.kv.get("a"));
  await clock.settle();
  await client.close();
  assert.ok((await connecting) instanceof errors.NotConnectedError);
  assert.ok((await calling) instanceof errors.NotConnectedError);
  assert.equal(server.links[0]?.isClosed, true);
  assert.equal(clock.waiting, 0);
});

test("closing while reconnecting leaves nothing behind", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.connectError = new Error("refused");
  server.dropLinks();
  await clock.advance(350);
  assert.equal(server.connects, 3, "after 100 and 200 ms more");
  await client.close();
  assert.equal(clock.waiting, 0);
  await clock.advance(10_000);
  assert.equal(server.connects, 3);
});

test("closing ends a call that waits to try again", async () => {
  const { clock, client } = setUp(() => new errors.OverloadedError("busy"));
  await clock.until(client.connect());
  const failure = rejection(client.kv.get("a"));
  await clock.settle();
  await client.close();
  assert.ok((await clock.until(failure)) instanceof errors.NotConnectedError);
});

test("options that can never be right are refused", () => {
  const server = new FakeServer();
  for (const options of [{ timeoutMs: 0 }, { timeoutMs: -1 }, { timeoutMs: 1.5 }]) {
    assert.throws(() => new FloClient(server, options), /timeoutMs/);
  }
  assert.throws(() => new FloClient(server, { namespace: "9x" }), errors.BadRequestError);
  assert.throws(() => new FloClient(server, { timeout: 5 } as object), /no option "timeout"/);
  assert.throws(
    () => new FloClient(server, { retry: { delay: 1 } as object }),
    /no option "delay"/,
  );
});

test("a link that breaks right after its greeting is made again", async () => {
  const { server, clock, client } = setUp(silentFor(KvPut));
  await clock.until(client.connect());
  server.dropLinks();
  await clock.advance(100);
  assert.equal(client.isConnected, true);
  assert.equal(server.connects, 2);
  assert.equal(server.hellos[0]?.["session"], server.hellos[1]?.["session"]);
  await client.close();
});
