/** One client over a scripted server: lost connections, refusals that pass, garbage. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as errors from "../dist/base/errors.js";
import { Backup, GetServerInfo, KvGet, SessionOpen } from "../dist/wire/messages.generated.js";
import { answerPlainly, SILENCE, silentFor } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

test("an unanswered write is sent again under its number and runs once", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.put("first", ""));
  server.losesAnswers = true;
  const put = client.kv.put("a", "");
  await clock.settle();
  server.losesAnswers = false;
  server.dropLinks();
  assert.equal(client.isConnected, false);
  assert.equal((await clock.until(put)).version, 2n);
  const numbered = server.seen.filter(({ number }) => number > 0);
  assert.deepEqual(
    numbered.map(({ number, fields }) => [number, fields["key"]]),
    [
      [1, "first"],
      [2, "a"],
      [2, "a"],
    ],
  );
  assert.deepEqual(
    server.applied.map(({ number }) => number),
    [1, 2],
  );
  assert.equal(server.hellos[0]?.["session"], server.hellos[1]?.["session"]);
  await client.close();
});

test("unanswered writes are sent again in their order", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.put("first", ""));
  server.script = () => SILENCE;
  const puts = ["a", "b", "c"].map((key) => client.kv.put(key, ""));
  await clock.settle();
  server.script = answerPlainly;
  server.dropLinks();
  await clock.until(Promise.all(puts));
  assert.deepEqual(
    server.applied.map(({ fields }) => fields["key"]),
    ["first", "a", "b", "c"],
  );
  await client.close();
});

for (const kind of [KvGet, GetServerInfo]) {
  test(`an unanswered ${kind.name} is asked again`, async () => {
    const { server, clock, client } = setUp(() => SILENCE);
    await clock.until(client.connect());
    const call = kind === KvGet ? client.kv.get("a") : client.info();
    await clock.settle();
    server.script = () => (kind === KvGet ? null : ["1", "sync", [1, 2, 3], 4]);
    server.dropLinks();
    await clock.until<unknown>(call);
    assert.equal(server.requests(kind).length, 2);
    await client.close();
  });
}

test("a wait that is asked again waits only for what is left", async () => {
  const { server, clock, client } = setUp(silentFor(KvGet));
  const get = client.kv.get("a", { blockMs: 10_000 });
  await clock.advance(4_000);
  server.dropLinks();
  await clock.advance(100);
  const [first, second] = server.requests(KvGet).map(({ fields }) => fields["blockMs"]);
  assert.equal(first, 10_000);
  assert.equal(second, 5_900);
  server.script = answerPlainly;
  server.dropLinks();
  assert.equal(text(await clock.until(get)), "a");
  await client.close();
});

test("what has neither a number nor is a query fails with maybe", async () => {
  const { server, clock, client } = setUp(silentFor(Backup));
  const failure = rejection(client.call(Backup.of({ directory: "d" })));
  await clock.settle();
  server.dropLinks();
  const error = await clock.until(failure);
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.equal(error.ran, "maybe");
  await client.close();
});

for (const kind of [errors.UnavailableError, errors.ConflictError]) {
  test(`${kind.code} to a write that was sent before tells of one sending`, async () => {
    const { server, clock, client } = setUp();
    await clock.until(client.kv.put("first", ""));
    server.losesAnswers = true;
    const failure = rejection(client.kv.put("a", ""));
    await clock.settle();
    server.losesAnswers = false;
    server.sessions.get(server.hellos[0]?.["session"] as string)?.delete(2);
    server.script = () => new kind("refused");
    server.dropLinks();
    const error = await clock.until(failure);
    assert.ok(error instanceof kind);
    assert.equal(error.ran, "maybe");
    assert.equal(server.seen.at(-1)?.number, 2, "it is not written again under another number");
    await client.close();
  });
}

test("a loss while the session opens opens it again", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.losesAnswers = true;
  const put = client.kv.put("a", "");
  await clock.settle();
  server.losesAnswers = false;
  server.sessions.clear();
  server.dropLinks();
  assert.equal((await clock.until(put)).version, 1n);
  assert.equal(server.requests(SessionOpen).length, 2);
  await client.close();
});

test("a forgotten session fails unanswered writes and makes a fresh one", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.kv.put("first", ""));
  server.script = () => SILENCE;
  const put = rejection(client.kv.put("a", ""));
  const get = client.kv.get("b");
  await clock.settle();
  server.sessions.clear();
  server.script = answerPlainly;
  server.dropLinks();
  const error = await clock.until(put);
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.equal(error.ran, "maybe");
  assert.match(error.message, /no longer remembers.*KvPut/);
  assert.equal(text(await clock.until(get)), "b", "a query goes on");
  assert.equal((await clock.until(client.kv.put("c", ""))).version, 1n, "numbers begin anew");
  assert.equal(new Set(server.hellos.map((hello) => hello["session"])).size, 2);
  await client.close();
});

test("calls wait for the reconnect, which backs off", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.connectError = new Error("refused");
  server.dropLinks();
  const get = client.kv.get("a");
  const begun = clock.now;
  await clock.advance(1_600); // attempts after 100, 300, 700 and 1,500 ms
  assert.equal(server.connects, 5);
  server.connectError = null;
  assert.equal(text(await clock.until(get)), "a");
  assert.equal(clock.now - begun, 2_500);
  await client.close();
});

test("a token refused on reconnect is told to waiting calls at once", async () => {
  const { server, clock, client } = setUp();
  await clock.until(client.connect());
  server.refusal = new errors.UnauthorizedError("revoked");
  server.dropLinks();
  const begun = clock.now;
  const error = await rejection(clock.until(client.kv.get("a")));
  assert.ok(error instanceof errors.UnauthorizedError);
  assert.equal(clock.now - begun, 100);
  await client.close();
});

for (const refusal of [
  new errors.UnavailableError("going down"),
  new errors.OverloadedError("full"),
]) {
  test(`a server that answers ${refusal.code} on reconnect is waited for`, async () => {
    const { server, clock, client } = setUp();
    await clock.until(client.connect());
    server.refusal = refusal;
    server.dropLinks();
    const get = client.kv.get("a");
    await clock.advance(1_000);
    server.refusal = null;
    assert.equal(text(await clock.until(get)), "a");
    await client.close();
  });
}

for (const [name, garbage] of [
  ["what is no MessagePack", "c1"],
  ["a number", "07"],
  ["an answer without an id", "92a161"],
] as const) {
  test(`garbage (${name}) fails what is in flight and connects anew`, async () => {
    const { server, clock, client } = setUp(() => SILENCE);
    await clock.until(client.connect());
    const failure = rejection(client.kv.put("a", ""));
    await clock.settle();
    const lost = rejection(client.kv.get("b"));
    await clock.settle();
    server.links[0]?.deliver(Buffer.from(garbage, "hex"));
    await clock.settle();
    assert.ok((await clock.until(lost)) instanceof errors.ProtocolError);
    server.script = answerPlainly;
    assert.equal(text(await clock.until(client.kv.get("c"))), "c");
    assert.equal(server.connects, 2);
    await client.close();
    await failure;
  });
}

test("an answer of the wrong type fails its call alone", async () => {
  const { server, clock, client } = setUp(() => "text");
  const error = await rejection(clock.until(client.kv.get("a")));
  assert.ok(error instanceof errors.ProtocolError);
  assert.match(error.message, /KvGet/);
  server.script = answerPlainly;
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  assert.equal(server.connects, 1);
  await client.close();
});

for (const kind of [errors.OverloadedError, errors.UnavailableError]) {
  test(`what certainly did not run (${kind.code}) is sent again with back-off`, async () => {
    let refusals = 3;
    const { clock, client } = setUp((envelope) =>
      refusals-- > 0 ? new kind("busy") : answerPlainly(envelope),
    );
    await clock.until(client.connect());
    const begun = clock.now;
    assert.equal(text(await clock.until(client.kv.get("a"))), "a");
    assert.equal(clock.now - begun, 700);
    await client.close();
  });
}

test("trying again ends with the time-out", async () => {
  const { clock, client } = setUp(() => new errors.OverloadedError("busy"), { timeoutMs: 2_000 });
  await clock.until(client.connect());
  const begun = clock.now;
  assert.ok((await rejection(clock.until(client.kv.get("a")))) instanceof errors.OverloadedError);
  assert.ok(clock.now - begun <= 2_000);
  await client.close();
});

for (const error of [
  new errors.OverloadedError("busy", { ran: "maybe" }),
  new errors.ConflictError("lost"),
]) {
  test(`other refusals (${error.code}, ${error.ran}) are not tried again`, async () => {
    let asked = 0;
    const { clock, client } = setUp(() => {
      asked += 1;
      return error;
    });
    const caught = await rejection(clock.until(client.kv.get("a")));
    assert.equal((caught as errors.FloError).code, error.code);
    assert.equal(asked, 1);
    await client.close();
  });
}
