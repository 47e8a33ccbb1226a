/** Connecting to a name with several addresses. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { mock, test } from "node:test";

import { connectFirst } from "../dist/racing.js";

/** What `connect` is played by: sockets that answer when the test says so. */
class Played {
  readonly sockets: Socket[] = [];
  readonly addresses: string[] = [];
  readonly connect = (address: string): Socket => {
    const socket = new Socket();
    this.sockets.push(socket);
    this.addresses.push(address);
    return socket;
  };
}

const NEVER = new AbortController().signal;

async function withClock(run: () => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    await run();
  } finally {
    mock.timers.reset();
  }
}

test("an address that swallows packets does not keep the client from the next", async () => {
  await withClock(async () => {
    const played = new Played();
    const connecting = connectFirst(["a", "b", "c"], played.connect, NEVER);
    assert.deepEqual(played.addresses, ["a"]);
    mock.timers.tick(250);
    assert.deepEqual(played.addresses, ["a", "b"]);
    played.sockets[1]?.emit("connect");
    assert.equal(await connecting, played.sockets[1]);
    assert.equal(played.sockets[0]?.destroyed, true);
    assert.equal(played.sockets[1]?.destroyed, false);
    mock.timers.tick(10_000);
    assert.equal(played.sockets.length, 2, "no other begins");
  });
});

test("a slow first address goes on while others are tried, and may win", async () => {
  await withClock(async () => {
    const played = new Played();
    const connecting = connectFirst(["a", "b"], played.connect, NEVER);
    mock.timers.tick(250);
    mock.timers.tick(250);
    played.sockets[0]?.emit("connect");
    assert.equal(await connecting, played.sockets[0]);
    assert.equal(played.sockets[1]?.destroyed, true);
  });
});

test("a refused address lets the next begin at once; when all have failed, each is told", async () => {
  await withClock(async () => {
    const played = new Played();
    const connecting = connectFirst(["a", "b"], played.connect, NEVER);
    played.sockets[0]?.emit("error", new Error("a is refused"));
    assert.deepEqual(played.addresses, ["a", "b"]);
    mock.timers.tick(10_000);
    played.sockets[1]?.emit("error", new Error("b is refused"));
    await assert.rejects(connecting, /a is refused; b is refused/);
  });
});

test("giving up ends all that have begun", async () => {
  await withClock(async () => {
    const played = new Played();
    const giveUp = new AbortController();
    const connecting = connectFirst(["a", "b"], played.connect, giveUp.signal);
    mock.timers.tick(250);
    giveUp.abort();
    await assert.rejects(connecting, /given up/);
    assert.deepEqual(
      played.sockets.map(({ destroyed }) => destroyed),
      [true, true],
    );
  });
});

test("real addresses: the first refuses, the second answers", async () => {
  const listener = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = await connectFirst(
    ["127.0.0.2", "127.0.0.1"],
    (host) => new Socket().connect({ host, port }),
    NEVER,
  );
  assert.equal(socket.remoteAddress, "127.0.0.1");
  socket.destroy();
  listener.close();
});
