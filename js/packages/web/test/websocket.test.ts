/** The transport over WebSocket, with a WebSocket that the test plays. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { BadRequestError, BadTypeError, FloClient } from "@floruntime/web";

import { parseUrl, type WebSocketClass, WebSocketTransport } from "../dist/websocket.js";

/** What the transport makes use of; the other side is the test. */
class FakeWebSocket {
  static latest: FakeWebSocket;
  readonly OPEN = 1;
  readonly sent: Uint8Array[] = [];
  readonly closedWith: (number | undefined)[] = [];
  readyState = 0;
  binaryType = "blob";
  onopen: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: (event: { code: number; reason: string }) => void = () => undefined;
  onerror: () => void = () => undefined;

  constructor(readonly url: string) {
    FakeWebSocket.latest = this;
  }

  send(data: Uint8Array): void {
    this.sent.push(data);
  }

  close(code?: number): void {
    this.closedWith.push(code);
  }

  open(): void {
    this.readyState = 1;
    this.onopen();
  }
}

const FAKE = FakeWebSocket as unknown as WebSocketClass;
const URL_TEXT = "ws://localhost:9000/ws";

interface Seen {
  readonly messages: Uint8Array[];
  readonly ends: (Error | undefined)[];
}

async function opened() {
  const seen: Seen = { messages: [], ends: [] };
  const connecting = new WebSocketTransport(URL_TEXT, FAKE).connect(
    {
      onMessage: (message) => seen.messages.push(message),
      onClose: (error) => seen.ends.push(error),
    },
    new AbortController().signal,
  );
  const socket = FakeWebSocket.latest;
  socket.open();
  return { seen, socket, link: await connecting };
}

test("messages pass through, both ways", async () => {
  const { seen, socket, link } = await opened();
  assert.equal(socket.url, URL_TEXT);
  assert.equal(socket.binaryType, "arraybuffer");
  link.write(Uint8Array.of(1, 2));
  link.write(Uint8Array.of(3));
  assert.deepEqual(
    socket.sent.map((data) => [...data]),
    [[1, 2], [3]],
  );
  socket.onmessage({ data: Uint8Array.of(7, 8).buffer });
  assert.deepEqual(seen.messages, [Uint8Array.of(7, 8)]);
});

test("nothing is sent on a WebSocket that is not open", async () => {
  const { socket, link } = await opened();
  socket.readyState = 2;
  link.write(Uint8Array.of(1));
  assert.deepEqual(socket.sent, []);
});

test("a text message ends the connection", async () => {
  const { socket } = await opened();
  socket.onmessage({ data: "text" });
  assert.deepEqual(socket.closedWith, [1003]);
});

test("why the server closed is told once", async () => {
  const { seen, socket, link } = await opened();
  socket.onclose({ code: 1008, reason: "the token has expired" });
  await link.closed;
  assert.equal(seen.ends.length, 1);
  assert.match(seen.ends[0]?.message ?? "", /closed \(1008: the token has expired\)/);
  link.close();
  assert.deepEqual(socket.closedWith, []);
});

test("a close is not called back, and does not wait for a peer that is gone", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { seen, socket, link } = await opened();
    let isClosed = false;
    void link.closed.then(() => {
      isClosed = true;
    });
    link.close();
    link.close();
    assert.deepEqual(socket.closedWith, [1000]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isClosed, false);
    mock.timers.tick(1_000);
    await link.closed;
    socket.onclose({ code: 1000, reason: "" });
    assert.deepEqual(seen.ends, []);
  } finally {
    mock.timers.reset();
  }
});

test("a refused WebSocket is told, and one that is given up is closed", async () => {
  const events = { onMessage: () => undefined, onClose: () => undefined };
  const giveUp = new AbortController();
  const connecting = new WebSocketTransport(URL_TEXT, FAKE).connect(events, giveUp.signal);
  giveUp.abort();
  assert.equal(FakeWebSocket.latest.closedWith.length, 1);
  FakeWebSocket.latest.onclose({ code: 1006, reason: "" });
  await assert.rejects(connecting, /refused the WebSocket \(1006\)/);
});

test("a WebSocket that only fails, and is never closed, has failed", async () => {
  const events = { onMessage: () => undefined, onClose: () => undefined };
  const { signal } = new AbortController();
  const connecting = new WebSocketTransport(URL_TEXT, FAKE).connect(events, signal);
  FakeWebSocket.latest.onerror();
  await assert.rejects(connecting, /refused the WebSocket/);
  const { seen, socket, link } = await opened();
  socket.onerror();
  await link.closed;
  socket.onclose({ code: 1006, reason: "" });
  assert.equal(seen.ends.length, 1);
});

test("URLs: the path is /ws unless told", () => {
  assert.equal(parseUrl("ws://localhost:9000"), "ws://localhost:9000/ws");
  assert.equal(parseUrl("wss://flo.example.com/ws"), "wss://flo.example.com/ws");
  assert.equal(parseUrl("wss://flo.example.com/flo?x=1"), "wss://flo.example.com/flo?x=1");
  for (const text of [
    "localhost:9000",
    "http://localhost",
    "",
    "ws://",
    "ws://a/#b",
    "ws://u@a/",
  ]) {
    assert.throws(() => parseUrl(text), BadRequestError, text);
  }
  assert.throws(() => parseUrl(5 as never), BadTypeError);
});

test("a token in an endpoint is not shown", () => {
  assert.throws(
    () => parseUrl("ws://me:s3cr3t@host/?token=s3cr3t"),
    (error: Error) => error.message.includes("***") && !error.message.includes("s3cr3t"),
  );
  const transport = new WebSocketTransport("ws://host/ws?key=s3cr3t", FakeWebSocket as never);
  assert.equal(transport.endpoint, "ws://host/ws?key=***");
});

test("a runtime without WebSocket is told what to do", () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true });
  try {
    assert.throws(() => new WebSocketTransport(URL_TEXT, undefined), /the option webSocket/);
  } finally {
    Object.defineProperty(globalThis, "WebSocket", own ?? { value: undefined });
  }
});

test("options that cannot have names are refused, and not taken for none", () => {
  for (const options of [null, "shop", 5, [], new Map([["namespace", "shop"]])]) {
    assert.throws(() => new FloClient(URL_TEXT, options as never), {
      name: "BadTypeError",
      message: /FloClient: options must be an object, not /,
    });
  }
});
