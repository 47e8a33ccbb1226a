/** The web client against a real server; a client of Node does what a page may not. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { ConnectedClient, messages } from "@floruntime/core";
import { FloClient as NodeClient } from "@floruntime/node";
import { environment, python, ROOT, ServerProcess } from "@floruntime/testing";
import { ConflictError, FloClient, ForbiddenError, UnauthorizedError } from "@floruntime/web";

import { WebSocketTransport } from "../dist/websocket.js";

const FAST = { initialDelayMs: 1, maxDelayMs: 10 };

let server: ServerProcess;
let web: FloClient;
let backend: NodeClient;
let names = 0;

const text = (value: Uint8Array | null | undefined): string | null =>
  value ? new TextDecoder().decode(value) : null;
const fresh = (): string => `name-${names++}`;
const url = (): string => `ws://${server.endpoint}/ws`;

before(async () => {
  server = await ServerProcess.start();
  web = new FloClient(url(), { retry: FAST, timeoutMs: 20_000 });
  backend = new NodeClient(server.endpoint, { retry: FAST, timeoutMs: 20_000 });
});
after(async () => {
  await Promise.all([web.close(), backend.close()]);
  await server.stop();
});

test("keys are read", async () => {
  const key = fresh();
  const large = new Uint8Array(2 ** 20).fill(7);
  await backend.kv.put(key, large);
  await backend.kv.put(`${key}:flag`, "on");
  assert.deepEqual(await web.kv.get(key), large);
  assert.equal(text((await web.kv.entry(`${key}:flag`))?.value), "on");
  assert.equal(await web.kv.exists(key), true);
  assert.equal((await web.kv.scan(key)).entries.length, 2);
  assert.equal((await web.kv.history(key)).length, 1);
  assert.deepEqual(
    (await web.kv.mget([`${key}:flag`, "none"])).map((each) => text(each?.value)),
    [...["on", null]],
  );
  const waiting = web.kv.get(`${key}:later`, { blockMs: 20_000 });
  await backend.kv.put(`${key}:later`, "here");
  assert.equal(text(await waiting), "here");
  assert.equal(web.isConnected, true);
});

test("streams are appended to, read and followed", async () => {
  const stream = fresh();
  const first = await web.streams.append(stream, "hello", { headers: { from: "ada" } });
  await web.stream.appendMany(stream, ["a", "b"]);
  const { records } = await web.streams.read(stream, { after: first.id });
  assert.deepEqual(
    records.map(({ payload }) => text(payload)),
    ["a", "b"],
  );
  const seen: (string | null)[] = [];
  for await (const { payload } of web.streams.follow(stream, { start: "0" })) {
    seen.push(text(payload));
    if (seen.length === 3) {
      break;
    }
  }
  assert.deepEqual(seen, ["hello", "a", "b"]);
});

test("groups work over WebSocket, leases remembered", async () => {
  const stream = fresh();
  await web.streams.appendMany(stream, ["a", "b"]);
  const options = { group: "g", consumer: "tab" };
  const { records } = await web.streams.groupRead(stream, options);
  const acked = await web.streams.groupAck(
    stream,
    records.map(({ id }) => id),
    options,
  );
  assert.deepEqual([acked.done.length, acked.stale.length], [2, 0]);
});

test("nothing else exists on it", () => {
  const methods = (object: object): string[] => {
    const found: string[] = [];
    for (
      let prototype = Object.getPrototypeOf(object) as object;
      prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype) as object
    ) {
      found.push(...Object.getOwnPropertyNames(prototype));
    }
    return found.filter((name) => name !== "constructor").sort();
  };
  assert.deepEqual(methods(web.kv), ["entry", "exists", "get", "history", "mget", "scan"]);
  assert.deepEqual(methods(web.streams), [
    ...["append", "appendMany", "follow", "groupAck", "groupClaim", "groupConfigure"],
    ...["groupCreate", "groupDead", "groupDeadDelete", "groupDeadRequeue"],
    ...["groupDelete", "groupInfo", "groupJoin", "groupLeave", "groupList", "groupNack"],
    ...["groupPending", "groupRead", "groupSeek", "groupTouch", "read", "subscribe"],
  ]);
  assert.deepEqual(Object.keys(web).sort(), ["kv", "stream", "streams"]);
  assert.deepEqual(methods(web), [
    "close",
    "connect",
    "endpoint",
    "isConnected",
    "namespace",
    "onConnect",
    "onDisconnect",
    "stalenessMs",
  ]);
});

test("the server refuses the rest, whatever is sent", async () => {
  const raw = new ConnectedClient(new WebSocketTransport(url(), undefined));
  const put = messages.KvPut.of({ key: "k", value: new Uint8Array(0) });
  await assert.rejects(raw.call(put), ForbiddenError);
  await assert.rejects(
    raw.call(messages.QueueEnqueue.of({ queue: "q", payloads: [] })),
    ForbiddenError,
  );
  assert.equal(await raw.call(messages.KvExists.of({ key: "k" })), false);
  await raw.close();
});

test("a subscription outlives a server that is killed, with no record lost or doubled", async () => {
  const stream = fresh();
  const seen: string[] = [];
  let onLast: () => void = () => undefined;
  const last = new Promise<void>((resolve) => {
    onLast = resolve;
  });
  const subscription = await web.streams.subscribe(stream, ({ payload }) => {
    seen.push(text(payload) ?? "");
    if (seen.length === 40) {
      onLast();
    }
  });
  for (let index = 0; index < 20; index++) {
    await web.streams.append(stream, `${index}`);
  }
  const restarting = server.restart();
  const appends = Array.from({ length: 20 }, (_, index) =>
    backend.stream.append(stream, `${20 + index}`),
  );
  await restarting;
  await Promise.all(appends);
  await last;
  await subscription.close();
  assert.deepEqual(
    seen.map(Number).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index),
  );
});

test("a write whose answer is lost with the server happens once", async () => {
  const stream = fresh();
  const appends = Array.from({ length: 200 }, (_, index) => web.streams.append(stream, `${index}`));
  await Promise.all(appends.slice(0, 20));
  await server.restart();
  await Promise.allSettled(appends);
  const { records } = await backend.stream.read(stream, { limit: 1_000 });
  const payloads = records.map(({ payload }) => text(payload));
  assert.equal(new Set(payloads).size, payloads.length, "none is there twice");
});

test("the bundle works without a bundler", async () => {
  const bundle = new URL("../dist/floruntime-web.js", import.meta.url);
  const { FloClient: Bundled, NotFoundError } = (await import(
    bundle.href
  )) as typeof import("@floruntime/web");
  const client = new Bundled(url());
  const key = fresh();
  await backend.kv.put(key, "from the bundle");
  assert.equal(text(await client.kv.get(key)), "from the bundle");
  const stream = fresh();
  await client.streams.append(stream, "x");
  await assert.rejects(client.streams.groupInfo(stream, "none"), (error: Error) => {
    assert.ok(error instanceof NotFoundError, "errors have their classes");
    assert.equal(error.name, "NotFoundError", "and their names, although it is minified");
    return true;
  });
  await client.close();
});

test("options that nobody knows are refused", () => {
  assert.throws(() => new FloClient(url(), { tls: true } as object), /no option "tls"/);
  assert.throws(() => new FloClient("localhost:9000"), /is not understood/);
});

// Tokens

test("with tokens turned on, the token decides who is let in and what for", async (t) => {
  const own = await ServerProcess.start();
  t.after(() => own.stop());
  const make = (...options: string[]): string => {
    const args = [
      "-m",
      "floruntime",
      "--host",
      own.endpoint,
      "--json",
      "token",
      "create",
      ...options,
    ];
    const env = environment(admin === null ? {} : { FLO_TOKEN: admin });
    const told = execFileSync(python(), args, { cwd: ROOT, env, encoding: "utf8" });
    return (JSON.parse(told) as { token: string }).token;
  };
  let admin: string | null = null;
  admin = make("--role", "admin");
  const token = make("--role", "web", "--namespace", "shop");
  const address = `ws://${own.endpoint}/ws`;
  await assert.rejects(new FloClient(address).connect(), UnauthorizedError);
  await assert.rejects(new FloClient(address, { token: "nonsense" }).connect(), UnauthorizedError);
  const client = new FloClient(address, { token, namespace: "shop" });
  t.after(() => client.close());
  await client.streams.append("chat", "hi");
  await assert.rejects(client.kv.get("k", { namespace: "other" }), ForbiddenError);
  const owner = new NodeClient(own.endpoint, { token: admin });
  t.after(() => owner.close());
  await assert.rejects(owner.kv.put("k", "", { casVersion: 5 }), ConflictError);

  let asked = 0;
  const onAuthRequired = async () => {
    asked += 1;
    return token;
  };
  const renewing = new FloClient(address, { authToken: token, onAuthRequired, namespace: "shop" });
  t.after(() => renewing.close());
  await renewing.connect();
  assert.equal(asked, 0, "the first connection has the token that was given");
  await renewing.close();
  await renewing.connect();
  assert.equal(asked, 1);
  const late = new FloClient(address, { onAuthRequired, namespace: "shop" });
  t.after(() => late.close());
  await late.connect();
  assert.equal(asked, 2);
});

test("two names of a token, or two ways to renew it, are refused", () => {
  const both = { token: "a", authToken: "b" };
  assert.throws(() => new FloClient("ws://localhost/ws", both), /names of one option/);
  const twice = { token: () => "a", onAuthRequired: () => "b" };
  assert.throws(() => new FloClient("ws://localhost/ws", twice), /leave out onAuthRequired/);
});
