/** `@floruntime/web` as it was built, in a real browser, against a real server. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { FloClient as NodeClient } from "@floruntime/node";
import { decodeMessagePack, ServerProcess } from "@floruntime/testing";
import type { FloClient } from "@floruntime/web";
import type { Browser, BrowserContext, Page } from "playwright-core";

import { ELSEWHERE, launch, PATIENCE_MS, Pages } from "./chromium.js";

/** What the page has: the package, and what a test keeps there. */
declare global {
  var flo: typeof import("@floruntime/web");
  var client: FloClient;
  var seen: string[];
  var sent: string[];
}

const RECORDS = 150; // of each tab
const BEFORE_THE_KILL = 30;
const PATIENT = { timeoutMs: PATIENCE_MS };

let server: ServerProcess;
let backend: NodeClient;
let pages: Pages;
let browser: Browser;
let context: BrowserContext;
const uncaught: Error[] = [];

before(async () => {
  [server, pages, browser] = await Promise.all([ServerProcess.start(), Pages.start(), launch()]);
  backend = new NodeClient(server.endpoint, PATIENT);
  context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("weberror", (told) => uncaught.push(told.error()));
});
after(async () => {
  await Promise.all([browser?.close(), backend?.close(), pages?.stop()]);
  await server?.stop();
});

const socketUrl = (): string => `ws://${server.endpoint}/ws`;

/** A new tab that has loaded the package. */
async function opened(host?: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(pages.url("browser/page.html", host));
  await page.waitForFunction(() => globalThis.flo !== undefined);
  return page;
}

test("a page that has no bundler needs an import map of two lines", async () => {
  const page = await context.newPage();
  await page.goto(pages.url("browser/import-map.html"));
  await page.waitForFunction(() => globalThis.flo !== undefined);
  await backend.kv.put("mapped", "\ufeffyes");
  const read = await page.evaluate(async (url) => {
    const client = new flo.FloClient(url);
    const entry = await client.kv.entry("mapped");
    await client.close();
    return entry?.text();
  }, socketUrl());
  assert.equal(read, "\ufeffyes");
});

/** A new tab with a client of its own, which follows `room`. */
async function tab(room: string): Promise<Page> {
  const page = await opened();
  await page.evaluate(
    async ([url, stream, options]) => {
      globalThis.client = new flo.FloClient(url, options);
      globalThis.seen = [];
      globalThis.sent = [];
      await client.streams.subscribe(stream, ({ payload, headers }) => {
        seen.push(`${headers["from"]}: ${new TextDecoder().decode(payload)}`);
      });
    },
    [socketUrl(), room, PATIENT] as const,
  );
  return page;
}

async function say(page: Page, room: string, from: string, line: string): Promise<void> {
  await page.evaluate(
    async (args) => {
      await client.streams.append(args.room, args.line, { headers: { from: args.from } });
    },
    { room, from, line },
  );
}

async function hasSeen(page: Page, count: number): Promise<string[]> {
  await page.waitForFunction((least) => seen.length >= least, count);
  return await page.evaluate(() => seen);
}

test("two tabs chat through a stream", async () => {
  const [ada, bob] = await Promise.all([tab("room"), tab("room")]);
  await say(ada, "room", "ada", "is anybody here?");
  await hasSeen(bob, 1);
  await say(bob, "room", "bob", "I am – 你好 🙂");
  const expected = ["ada: is anybody here?", "bob: I am – 你好 🙂"];
  assert.deepEqual(await hasSeen(ada, 2), expected);
  assert.deepEqual(await hasSeen(bob, 2), expected);
  await Promise.all([ada.close(), bob.close()]);
});

test("a feature flag is read, and read again when it has changed", async () => {
  const page = await tab("flags");
  const flag = () =>
    page.evaluate(async () => {
      const entry = await client.kv.entry("flag:theme");
      return entry && [new TextDecoder().decode(entry.value), typeof entry.version];
    });
  assert.equal(await flag(), null);
  await backend.kv.put("flag:theme", "dark");
  assert.deepEqual(await flag(), ["dark", "bigint"]);
  await backend.kv.put("flag:theme", "light");
  assert.deepEqual(await flag(), ["light", "bigint"]);
  await page.close();
});

test("two tabs go on when the server is killed, with no record lost or doubled", async () => {
  const room = "long-room";
  const tabs = await Promise.all([tab(room), tab(room)]);
  const talking = tabs.map((page, index) =>
    page.evaluate(
      async ([stream, from, count]) => {
        for (let line = 0; line < count; line++) {
          await client.streams.append(stream, `${line}`, { headers: { from } });
          sent.push(`${from}: ${line}`);
        }
      },
      [room, `tab ${index}`, RECORDS] as const,
    ),
  );
  await Promise.all(tabs.map((page) => hasSeen(page, BEFORE_THE_KILL)));
  await server.kill();
  await Promise.all(tabs.map((page) => page.waitForFunction(() => !client.isConnected)));
  for (const page of tabs) {
    const count = await page.evaluate(() => sent.length);
    assert.ok(count < RECORDS, "the server was killed while both were talking");
  }
  await server.start();
  await Promise.all(talking);

  const { records } = await backend.stream.read(room, { limit: 1_000 });
  const kept = records.map(
    ({ headers, payload }) => `${headers["from"]}: ${new TextDecoder().decode(payload)}`,
  );
  const said = await Promise.all(tabs.map((page) => page.evaluate(() => sent)));
  assert.deepEqual([...kept].sort(), said.flat().sort(), "each line once");
  for (const page of tabs) {
    assert.deepEqual(await hasSeen(page, 2 * RECORDS), kept, "each line once, in order");
  }
  await Promise.all(tabs.map((page) => page.close()));
});

// What pages may not do

/** Requests as bytes, made without the package; each is number 7, in the namespace `shop`. */
const VECTORS = JSON.parse(
  readFileSync(new URL("../../vectors/requests.json", import.meta.url), "utf8"),
) as { name: string; frame: string }[];
const HELLO = "9401a473686f70009400a0a161c0"; // [1, "shop", 0, [0, "", "a", nil]]
const HEAD_DIGITS = 8; // the length before a frame's body, which WebSocket messages do without
const FORBIDDEN = [
  ...["KvPut", "KvDelete", "KvIncr", "KvTouch", "KvJsonSet", "QueueEnqueue", "QueueDequeue"],
  ...["StreamCreate", "StreamDelete", "StreamTrim", "ActionInvoke", "WorkerAwait", "Batch"],
  ...["WorkflowStart", "WorkflowSync", "NamespaceDelete", "TokenCreate", "TokenList", "Backup"],
];

/** Send each message through a WebSocket of the page itself; what came back to each. */
async function exchanged(page: Page, messages: readonly string[]): Promise<unknown[]> {
  const answers = await page.evaluate(
    async ([url, hexes]) => {
      const socket = new WebSocket(url);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      const received: number[][] = [];
      for (const hex of hexes) {
        const answered = new Promise<MessageEvent<ArrayBuffer>>((resolve, reject) => {
          socket.onmessage = resolve;
          socket.onclose = reject;
        });
        socket.send(
          Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
        );
        received.push([...new Uint8Array((await answered).data)]);
      }
      socket.close();
      return received;
    },
    [socketUrl(), messages] as const,
  );
  return answers.map((answer) => decodeMessagePack(Uint8Array.from(answer)));
}

test("a page that sends bytes of its own making is refused what it may not do", async () => {
  const page = await opened();
  const chosen = FORBIDDEN.map((name) => VECTORS.find((vector) => vector.name === name));
  const bodies = chosen.map((vector) => vector?.frame.slice(HEAD_DIGITS) ?? assert.fail());
  const [welcome, ...answers] = await exchanged(page, [HELLO, ...bodies]);
  assert.equal((welcome as unknown[]).length, 2, "let in");
  for (const [index, answer] of answers.entries()) {
    const [id, result, error] = answer as [number, null, [string, string, string]];
    assert.deepEqual([id, result, error[0], error[2]], [7, null, "forbidden", "no"]);
    assert.match(error[1], /web/, FORBIDDEN[index]);
  }
  assert.deepEqual((await backend.kv.scan("", { namespace: "shop" })).entries, []);
  await page.close();
});

test("a page of another site is not let in", async () => {
  const page = await opened(ELSEWHERE);
  const logged = page.waitForEvent("console");
  const told = await page.evaluate(async (url) => {
    const stranger = new flo.FloClient(url);
    return await stranger.connect().catch((error: Error) => error.name);
  }, socketUrl());
  assert.match((await logged).text(), /Unexpected response code: 403/);
  assert.equal(told, "ConnectionFailedError");
  await page.close();
});

test("none of these pages had an error that nobody caught", () => {
  assert.deepEqual(uncaught, []);
});
