/** Bytes over TCP and TLS. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";

import {
  ConnectionFailedError,
  FloClient,
  ProtocolError,
  RequestTimeoutError,
} from "@floruntime/node";
import { ServerProcess } from "@floruntime/testing";

import { FloClient as CoreFloClient } from "../../core/dist/api/client.js";
import { encodeMessagePack } from "../../core/dist/wire/message-pack-writer.js";
import { unpack } from "../../core/dist/wire/wire.js";
import { FrameReader, frame, PREAMBLE } from "../dist/framing.js";
import { TcpTransport } from "../dist/tcp.js";

let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start("--durability", "ephemeral");
});
after(() => server.stop());

async function listening(listener: Server): Promise<string> {
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

test("values of every size go both ways", async () => {
  const client = new FloClient(server.endpoint);
  const sizes = [0, 1, 255, 256, 65_535, 65_536, 70_000, 2 ** 20];
  const values = sizes.map((size) => new Uint8Array(size).fill(size % 251));
  await Promise.all(values.map((value, index) => client.kv.put(`k${index}`, value)));
  const entries = await client.kv.mget(values.map((_, index) => `k${index}`));
  assert.deepEqual(
    entries.map((entry) => entry?.value),
    values,
  );
  const key = "ä".repeat(2_048);
  await client.kv.put(key, "long key");
  assert.equal((await client.kv.entry(key))?.key, key);
  assert.ok(client.isConnected);
  await client.close();
});

test("a refused connection says where", async () => {
  const listener = createServer();
  const endpoint = await listening(listener);
  listener.close();
  await assert.rejects(new FloClient(endpoint).connect(), (error: Error) => {
    assert.ok(error instanceof ConnectionFailedError);
    assert.match(
      error.message,
      new RegExp(`cannot connect to ${endpoint}.*connection refused; is a server running there`),
    );
    return true;
  });
});

test("of a name with several addresses, each one's refusal is told", async () => {
  await assert.rejects(new FloClient("localhost:1").connect(), (error: Error) => {
    assert.match(
      error.message,
      /cannot connect to localhost:1: connection refused; is a server running there\?/,
    );
    return true;
  });
});

test("an error shows where the call was made", async () => {
  const client = new FloClient(server.endpoint);
  async function putsTheSameTwice(): Promise<void> {
    await client.kv.put("twice", "", { ifNotExists: true });
    await client.kv.put("twice", "", { ifNotExists: true });
  }
  await assert.rejects(putsTheSameTwice(), (error: Error) => {
    assert.match(
      error.stack ?? "",
      /^ConflictError: key 'twice'.*at async Kv\.put.*putsTheSameTwice/s,
    );
    return true;
  });
  await client.close();
});

test("a peer that never answers fails after the time-out, and is left", async () => {
  let ended = 0;
  const listener = createServer((socket) => {
    socket.resume();
    socket.on("close", () => {
      ended += 1;
    });
  });
  const endpoint = await listening(listener);
  const client = new FloClient(endpoint, { timeoutMs: 50 });
  try {
    await assert.rejects(client.connect(), ConnectionFailedError);
    while (ended === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await client.close();
    listener.close();
  }
});

const WELCOME = frame(encodeMessagePack([0, ["1", [2 ** 20, 2 ** 23, 100], false]]));

/** A listener that sends `answer` to the first bytes of each connection. */
function answering(answer: Uint8Array): Server {
  return createServer((socket) => {
    socket.once("data", () => socket.write(answer));
    socket.on("error", () => undefined);
  });
}

test("the first thing sent is the preamble, then each message in a frame", async () => {
  const listener = answering(WELCOME);
  const sent = once(listener, "connection").then(async ([socket]) => await once(socket, "data"));
  const client = new FloClient(await listening(listener));
  await client.connect();
  const [data] = (await sent) as [Uint8Array];
  assert.deepEqual(new Uint8Array(data.subarray(0, PREAMBLE.length)), PREAMBLE);
  const messages = new FrameReader(2 ** 20).receive(new Uint8Array(data.subarray(PREAMBLE.length)));
  assert.equal(messages.length, 1);
  assert.deepEqual((unpack(messages[0] as Uint8Array) as unknown[]).slice(0, 3), [0, "default", 0]);
  await client.close();
  listener.close();
});

test("a connection whose answers are cut anywhere is as good as any", async () => {
  const onward = createServer((client) => {
    const real = connect(server.port, "127.0.0.1");
    client.pipe(real);
    client.setNoDelay(true);
    real.on("data", (data) => {
      for (const byte of data) {
        client.write(Uint8Array.of(byte));
      }
    });
    client.on("close", () => real.destroy());
  });
  const client = new FloClient(await listening(onward));
  const keys = ["a", "ä€😀", "x".repeat(300)];
  await Promise.all(keys.map((key) => client.kv.put(key, key)));
  const values = await Promise.all(keys.map((key) => client.kv.get(key)));
  assert.deepEqual(
    values.map((value) => new TextDecoder().decode(value as Uint8Array)),
    keys,
  );
  await client.close();
  onward.close();
});

for (const [name, garbage] of [
  ["a length beyond all measure", "ffffffff"],
  ["another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n").toString("hex")],
] as const) {
  test(`a peer that answers with ${name} is a protocol error`, async () => {
    const listener = answering(Buffer.from(garbage, "hex"));
    const client = new FloClient(await listening(listener));
    await assert.rejects(client.connect(), (error: Error) => {
      assert.ok(error instanceof ProtocolError);
      assert.match(error.message, /claims \d+ bytes/);
      return true;
    });
    listener.close();
  });
}

test("a peer that stops reading does not hold up a close", async () => {
  const listener = createServer((socket) => {
    socket.once("data", () => {
      socket.pause();
      socket.write(WELCOME);
    });
    socket.on("error", () => undefined);
  });
  const client = new FloClient(await listening(listener));
  await client.connect();
  const size = new Uint8Array(2 ** 20);
  const reads = Array.from({ length: 20 }, () => client.kv.mget([new TextDecoder().decode(size)]));
  await new Promise((resolve) => setImmediate(resolve));
  const ends = Promise.allSettled(reads);
  await client.close();
  assert.deepEqual(new Set((await ends).map(({ status }) => status)), new Set(["rejected"]));
  listener.close();
});

test("a server that is killed is told as such, and found again", async () => {
  const own = await ServerProcess.start();
  const client = new FloClient(own.endpoint, { timeoutMs: 20_000 });
  await client.kv.put("a", "kept");
  await own.kill();
  const waiting = client.kv.get("a");
  await own.start();
  assert.equal(new TextDecoder().decode((await waiting) as Uint8Array), "kept");
  const short = new FloClient(own.endpoint, { timeoutMs: 300 });
  await short.connect();
  await own.kill();
  await assert.rejects(short.kv.put("b", ""), RequestTimeoutError);
  await Promise.all([client.close(), short.close(), own.stop()]);
});

// TLS

const files = mkdtempSync(join(tmpdir(), "flo-tls-"));
const [certificate, key] = [join(files, "certificate.pem"), join(files, "key.pem")];
after(() => rmSync(files, { recursive: true }));

function makeCertificate(): boolean {
  const args =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost " +
    `-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out ${certificate} -keyout ${key}`;
  try {
    execFileSync("openssl", args.split(" "), { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A listener that speaks TLS, and passes bytes on to the server. */
async function tlsProxy(): Promise<{ endpoint: string; stop: () => void }> {
  const settings = { cert: readFileSync(certificate), key: readFileSync(key) };
  const listener = createTlsServer(settings, (client) => {
    const onward = connect(server.port, "127.0.0.1");
    client.pipe(onward).pipe(client);
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
  });
  listener.on("tlsClientError", () => undefined);
  const endpoint = await listening(listener);
  return { endpoint, stop: () => void listener.close() };
}

test("calls over TLS", { skip: makeCertificate() ? false : "there is no openssl" }, async () => {
  const proxy = await tlsProxy();
  const ca = readFileSync(certificate);
  const client = new FloClient(proxy.endpoint, { tls: { ca } });
  await client.kv.put("over", "TLS");
  assert.equal(new TextDecoder().decode((await client.kv.get("over")) as Uint8Array), "TLS");
  await client.close();
  const byAddress = new FloClient(`flos://${proxy.endpoint}/default?ca=${certificate}`);
  assert.equal(await byAddress.kv.exists("over"), true);
  await byAddress.close();
  const elsewhere = new TcpTransport("nowhere.invalid:1", { ca });
  const route = elsewhere.at(proxy.endpoint);
  assert.ok(route !== null);
  const straight = new CoreFloClient(route);
  assert.equal(await straight.kv.exists("over"), true);
  await straight.close();
  assert.equal(elsewhere.at("no address"), null);
  await assert.rejects(new FloClient(proxy.endpoint, { tls: true }).connect(), (error: Error) => {
    assert.ok(error instanceof ConnectionFailedError);
    assert.match(
      error.message,
      /its certificate is refused: self-signed certificate; .+ \?ca=FILE/,
    );
    return true;
  });
  proxy.stop();
});

test("TLS against a server without it is a failed connection", async () => {
  const client = new FloClient(server.endpoint, { tls: true, timeoutMs: 2_000 });
  await assert.rejects(client.connect(), ConnectionFailedError);
  await client.close();
});
