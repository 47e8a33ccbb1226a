/** A client of several nodes connects to one that takes it, whatever the others say. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FloClient } from "../dist/api/client.js";
import * as errors from "../dist/base/errors.js";
import type { Link, LinkEvents, Transport } from "../dist/link/transport.js";
import { FakeServer } from "./fake-server.js";
import { rejection, setUp, text } from "./setup.js";

/** A transport whose links go to one server after another. */
class Nodes implements Transport {
  readonly endpoint = "a:1,b:2";
  readonly nodesTotal: number;
  readonly #servers: readonly FakeServer[];
  #next = 0;

  constructor(servers: readonly FakeServer[]) {
    this.#servers = servers;
    this.nodesTotal = servers.length;
  }

  async connect(events: LinkEvents): Promise<Link> {
    const server = this.#servers[this.#next++ % this.#servers.length] as FakeServer;
    return await server.connect(events);
  }
}

function thatRefuses(refusal: errors.FloError): FakeServer {
  const server = new FakeServer();
  server.refusal = refusal;
  return server;
}

/** It takes a connection and ends it without a greeting. */
class Closing extends FakeServer {
  override async connect(events: LinkEvents): Promise<Link> {
    const link = await super.connect(events);
    this.isDeaf = true;
    setImmediate(() => this.dropLinks());
    return link;
  }
}

function clientOfAll(...servers: FakeServer[]) {
  const { clock } = setUp();
  return { clock, client: new FloClient(new Nodes(servers), { clock, logger: false }) };
}

for (const refusal of [
  new errors.UnavailableError("stopping"),
  new errors.OverloadedError("too many"),
]) {
  test(`a node that cannot take it now is passed by: ${refusal.name}`, async () => {
    const other = new FakeServer();
    const { clock, client } = clientOfAll(thatRefuses(refusal), thatRefuses(refusal), other);
    const begunMs = clock.now;
    await clock.until(client.connect());
    assert.deepEqual([other.connects, clock.now], [1, begunMs]);
    await client.close();
  });
}

test("so is one that ends the connection before its greeting", async () => {
  const { clock, client } = clientOfAll(new Closing(), new FakeServer());
  assert.equal(text(await clock.until(client.kv.get("a"))), "a");
  await client.close();
});

test("where no node takes it each was asked once", async () => {
  const servers = [1, 2, 3].map(() => thatRefuses(new errors.UnavailableError("stopping")));
  const { clock, client } = clientOfAll(...servers);
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.UnavailableError);
  assert.deepEqual(
    servers.map(({ connects }) => connects),
    [1, 1, 1],
  );
});

test("a refusal of the client itself is the answer", async () => {
  const other = new FakeServer();
  const { clock, client } = clientOfAll(thatRefuses(new errors.UnauthorizedError("no")), other);
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.UnauthorizedError);
  assert.equal(other.connects, 0);
});

test("one that cannot be reached is asked once: a transport tries all nodes by itself", async () => {
  const server = new FakeServer();
  server.connectError = new Error("no route");
  const { clock, client } = clientOfAll(server, server);
  const error = await rejection(clock.until(client.connect()));
  assert.ok(error instanceof errors.ConnectionFailedError);
  assert.equal(server.connects, 1);
});

test("connecting waits for a server that does not take clients yet", async () => {
  const { server, clock, client } = setUp();
  server.refusal = new errors.UnavailableError("it is starting");
  assert.ok((await rejection(clock.until(client.connect()))) instanceof errors.UnavailableError);
  const waiting = rejection(clock.until(client.connect({ waitMs: 250 })));
  assert.ok((await waiting) instanceof errors.UnavailableError);
  assert.equal(server.connects, 3);
});

test("a first call waits for such a server as later calls do", async () => {
  const { server, clock, client } = setUp();
  server.refusal = new errors.UnavailableError("it is starting");
  const call = client.kv.get("a");
  await clock.advance(250);
  assert.equal(server.connects, 2);
  server.refusal = null;
  assert.equal(text(await clock.until(call)), "a");
  await client.close();
});
