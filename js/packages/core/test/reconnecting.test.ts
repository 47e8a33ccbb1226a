/** One client over a scripted server: how it connects again, with which token, and who is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FloError } from "../dist/base/errors.js";
import * as errors from "../dist/base/errors.js";
import type { ClientOptions } from "../dist/link/connected.js";
import { REMEMBERING, rejection, setUp, text } from "./setup.js";

const DELAY_MAX_MS = 1_000; // of the clients of these tests

test("a link that is cut right after its greeting, again and again, is made ever more slowly", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  for (let round = 0; round < 60; round++) {
    server.dropLinks();
    await clock.advance(1_000);
  }
  assert.ok(server.connects <= 63 + 3, `${server.connects} connections within a minute`);
  const before = server.connects;
  server.dropLinks();
  await clock.advance(DELAY_MAX_MS - 1);
  assert.equal(server.connects, before, "the full delay, although it was let in");
  await clock.advance(1);
  assert.equal(server.connects, before + 1);
  await client.close();
});

test("a link that was of use begins the delays anew", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.connectError = new Error("refused");
  server.dropLinks();
  await clock.advance(10_000);
  server.connectError = null;
  await clock.advance(DELAY_MAX_MS);
  assert.equal(client.isConnected, true);
  await clock.advance(DELAY_MAX_MS);
  const before = server.connects;
  server.dropLinks();
  await clock.advance(100);
  assert.equal(server.connects, before + 1);
  await client.close();
});

// Tokens

const tokens = (server: { hellos: Readonly<Record<string, unknown>>[] }) =>
  server.hellos.map(({ token }) => token);

test("a token may be a function, which is asked at each connection", async () => {
  let count = 0;
  for (const token of [() => `plain-${++count}`, async () => `promised-${++count}`]) {
    count = 0;
    const { server, clock, client } = setUp(undefined, { token });
    await clock.until(client.connect());
    server.dropLinks();
    await clock.until(client.kv.get("a"));
    const kind = token().toString().startsWith("plain") ? "plain" : "promised";
    assert.deepEqual(tokens(server), [`${kind}-1`, `${kind}-2`]);
    await client.close();
  }
});

test("a token that has run out is fetched anew, and nobody notices", async () => {
  const { server, clock, client } = setUp(undefined, { token: () => current });
  let current = "first";
  await clock.until(client.connect());
  server.refusal = new errors.UnauthorizedError("the token has run out");
  server.dropLinks();
  const get = client.kv.get("a");
  await clock.advance(100);
  current = "second";
  server.refusal = null;
  assert.equal(text(await clock.until(get)), "a");
  assert.deepEqual(tokens(server), ["first", "first", "second"]);
  await client.close();
});

test("a function without a token is asked again, and its reason is told", async () => {
  let fails = true;
  const token = async () => {
    if (fails) {
      throw new TypeError("fetch failed");
    }
    return "good";
  };
  const { server, clock, client } = setUp(undefined, { token, timeoutMs: 700 });
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.match(error.message, /the function token failed: fetch failed/);
  assert.ok(error.cause instanceof TypeError);
  fails = false;
  await clock.until(client.connect());
  fails = true;
  server.dropLinks();
  const late = await rejection(clock.until(client.kv.get("a")));
  assert.ok(late instanceof errors.RequestTimeoutError);
  assert.match(late.message, /no connection to fake:9000: the function token failed/);
  fails = false;
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  await client.close();
});

for (const [name, token, says] of [
  ["never settles", () => new Promise<string>(() => undefined), /returned no token within 5000 ms/],
  ["gives something else", () => 5 as never, /must return text, not number/],
  ["throws what nobody can read", () => Promise.reject(Object.create(null)), /says nothing/],
] as const) {
  test(`a function token that ${name} is told of`, async () => {
    const { clock, client } = setUp(undefined, { token });
    const error = await rejection(clock.until(client.connect()));
    assert.ok(error instanceof errors.FloError);
    assert.match(error.message, says);
  });
}

test("what is no token is refused by name", () => {
  assert.throws(() => setUp(undefined, { token: 5 as never }), /token must be text or a function/);
});

for (const refusal of [
  new errors.UnauthorizedError("revoked"),
  new errors.ForbiddenError("not for you"),
]) {
  test(`a refusal that cannot pass (${refusal.code}) ends the client with it`, async () => {
    const { server, clock, client } = setUp(undefined, { token: "x", logger: REMEMBERING.fresh() });
    const seen: FloError[] = [];
    client.onDisconnect((reason) => seen.push(reason));
    await clock.until(client.connect());
    server.refusal = refusal;
    server.dropLinks();
    const waiting = await rejection(clock.until(client.kv.get("a")));
    assert.equal((waiting as FloError).code, refusal.code);
    await clock.advance(600_000);
    assert.equal(server.connects, 2, "the same token is not sent again");
    assert.equal(clock.waiting, 0);
    for (const call of [client.kv.get("a"), client.kv.put("a", ""), client.ping()]) {
      const error = (await rejection(call)) as FloError;
      assert.equal(error.code, refusal.code);
      assert.equal(error.message, refusal.message);
      assert.equal(error.ran, "no");
    }
    assert.deepEqual(
      seen.map(({ code }) => code),
      ["connection_failed", refusal.code],
    );
    assert.match(
      REMEMBERING.lines.at(-1) ?? "",
      /error: fake:9000 refuses this client permanently/,
    );
    server.refusal = null;
    await clock.until(client.connect());
    assert.equal(text(await clock.until(client.kv.get("a"))), "a");
    await client.close();
  });
}

test("a function that goes on giving the refused token ends the client, too", async () => {
  const { server, clock, client } = setUp(undefined, { token: () => "old" });
  await clock.until(client.connect());
  server.refusal = new errors.UnauthorizedError("run out");
  server.dropLinks();
  await clock.advance(60_000);
  assert.deepEqual(tokens(server), ["old", "old"]);
  assert.ok((await rejection(client.kv.get("a"))) instanceof errors.UnauthorizedError);
});

test("a function whose tokens are all refused ends the client after three", async () => {
  let count = 0;
  const { server, clock, client } = setUp(undefined, { token: () => `token-${count++}` });
  await clock.until(client.connect());
  server.refusal = new errors.UnauthorizedError("not yours");
  server.dropLinks();
  await clock.advance(60_000);
  assert.deepEqual(tokens(server), ["token-0", "token-1", "token-2", "token-3"]);
  assert.ok((await rejection(client.kv.get("a"))) instanceof errors.UnauthorizedError);
});

// Events, and the log

function remembered(options: ClientOptions = {}) {
  const setup = setUp(undefined, { logger: REMEMBERING.fresh(), ...options });
  const events: string[] = [];
  const { client } = setup;
  const forgetConnects = client.onConnect(() => events.push("up"));
  const forgetDisconnects = client.onDisconnect((reason) => events.push(`down: ${reason.message}`));
  return { ...setup, events, forgetConnects, forgetDisconnects };
}

test("who listens hears of each loss with its reason, and of each connection", async () => {
  const { server, clock, client, events, forgetConnects, forgetDisconnects } = remembered();
  await clock.until(client.connect());
  server.dropLinks();
  await clock.advance(100);
  const lost = "down: the connection broke: reset by the test";
  assert.deepEqual(events, ["up", lost, "up"]);
  forgetConnects();
  server.dropLinks();
  await clock.advance(1_000);
  forgetDisconnects();
  server.dropLinks();
  await clock.advance(1_000);
  assert.deepEqual(events, ["up", lost, "up", lost]);
  await client.close();
  assert.equal(events.length, 4, "a close is no loss");
});

test("a loss is warned of with its reason, once for each reason, and so is its end", async () => {
  const { server, clock, client } = remembered();
  await clock.until(client.connect());
  await clock.advance(5_000);
  server.connectError = new Error("refused");
  server.dropLinks();
  await clock.advance(60_000);
  server.connectError = null;
  await clock.advance(1_000);
  assert.deepEqual(REMEMBERING.lines, [
    "warn: the connection to fake:9000 is lost: the connection broke: reset by the test; connecting again",
    "warn: cannot connect to fake:9000: refused; trying again",
    "warn: connected to fake:9000 again, after 60.5 s",
  ]);
  await client.close();
});

test("a call that times out without a connection says why there is none", async () => {
  const { server, clock, client } = remembered({ timeoutMs: 300 });
  await clock.until(client.connect());
  server.isDeaf = true;
  server.dropLinks();
  const error = (await rejection(clock.until(client.kv.get("a")))) as FloError;
  assert.match(
    error.message,
    /KvGet was not sent within 300 ms: no connection to fake:9000: the connection broke: reset/,
  );
  await client.close();
});

test("a listener that fails is told of, and the others hear all the same", async () => {
  const { server, clock, client, events } = remembered();
  client.onDisconnect(() => {
    throw new Error("mine");
  });
  client.onConnect(() => Promise.reject(new Error("mine, too")));
  await clock.until(client.connect());
  server.dropLinks();
  await clock.advance(100);
  assert.equal(events.length, 3);
  const failed = REMEMBERING.lines.filter((line) => line.startsWith("error: a listener failed:"));
  assert.equal(failed.length, 3);
  assert.throws(() => client.onConnect("f" as never), /a listener must be a function/);
  await client.close();
});

test("a listener may close the client", async () => {
  const { server, clock, client } = remembered();
  client.onDisconnect(() => client.close());
  await clock.until(client.connect());
  server.dropLinks();
  await clock.advance(60_000);
  assert.equal(server.connects, 1);
  assert.ok((await rejection(client.kv.get("a"))) instanceof errors.NotConnectedError);
});
