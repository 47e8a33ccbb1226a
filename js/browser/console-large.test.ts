/**
 * The console with much in it, and for long: lists that are drawn only as far as they are seen, a day
 * in a tab, a slow phone. `CONSOLE_LARGE=1` fills 100,000 runs and 10,000 queues in.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FloClient as NodeClient } from "@floruntime/node";
import type { CDPSession, Page } from "playwright-core";

import { becomes } from "./chromium.js";
import { ConsolePlace, WAITS } from "./console-place.js";

const IS_LARGE = process.env["CONSOLE_LARGE"] !== undefined;
const RUNS = IS_LARGE ? 100_000 : 2_000;
const QUEUES = IS_LARGE ? 10_000 : 1_200;
const TOGETHER = 500;
const ROWS_DRAWN_MAX = 80;
const UPDATES = 50;
const GROWTH_BYTES_MAX = 1_500_000;
/** What differs from one look to the next, by what just stands on the page. */
const NODES_SPARE = 1_000;
const LISTENERS_SPARE = 60;

/** A minute of a page that looks every two seconds. */
const LOOKS = 30;
/** What a queue's page asks for: its figures, the next messages, dead letters. */
const SCREEN_REQUESTS = 3;
const SPARE_FRAMES = 15;
/** The page and its styles. */
const PAINT_BYTES_MAX = 8_000;
const FORM_BYTES_MAX = 175_000;

declare global {
  var timersPending: () => number;
}

let place: ConsolePlace;
let backend: NodeClient;

before(async () => {
  place = await ConsolePlace.start();
  ({ backend } = place);
  await backend.workflow.sync(WAITS);
  await inTurns(RUNS, (number) => backend.workflow.start("waits", { number }));
  await inTurns(QUEUES, (number) => backend.queue.enqueue(`queue-${number}`, "one"));
  const rows = Array.from({ length: 40_000 }, (_, number) => ({ number, name: `row ${number}` }));
  await backend.kv.put("large.json", JSON.stringify(rows).slice(0, 1_000_000));
  await backend.kv.put("tree.json", JSON.stringify(rows.slice(0, 20_000)));
  await backend.stream.append("events", "one");
});
after(() => place?.stop());

async function inTurns(count: number, act: (number: number) => Promise<unknown>): Promise<void> {
  for (let begun = 0; begun < count; begun += TOGETHER) {
    const numbers = Array.from(
      { length: Math.min(TOGETHER, count - begun) },
      (_, at) => begun + at,
    );
    await Promise.all(numbers.map(act));
  }
}

/** Scroll to the end of the list until so many rows are known; how many are on the page then. */
async function scrolledTo(page: Page, rows: number): Promise<number> {
  const lines = page.locator(".lines").first();
  await page.waitForFunction(
    (wanted) => {
      const box = document.querySelector(".lines");
      if (box === null || box.scrollHeight / 40 >= wanted) {
        return true;
      }
      box.scrollTop = box.scrollHeight;
      return false;
    },
    rows,
    { polling: 50 },
  );
  await lines.evaluate((box) => {
    box.scrollTop = box.scrollHeight;
  });
  return await page.locator(".space .line").count();
}

test("lists of any length scroll, and only what is seen is on the page", async () => {
  const page = await place.tab();
  await place.open(page, "workflows");
  await page.getByRole("button", { name: `waiting ${RUNS.toLocaleString("en-US")}` }).waitFor();
  await becomes(async () => (await scrolledTo(page, 1_000)) < ROWS_DRAWN_MAX, true);
  await place.open(page, "queues");
  await becomes(async () => (await scrolledTo(page, 1_000)) < ROWS_DRAWN_MAX, true);
  await place.open(page, "overview");
  await page.getByText("messages ready, in the first 1,000 queues").waitFor();
  await page.close();
});

test("the rows of a list are reached by the keyboard", async () => {
  const page = await place.tab();
  await place.open(page, "queues");
  await page.getByRole("link", { name: "queue-0", exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const name = await page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press("Enter");
  await page.locator("h1", { hasText: name?.trim() ?? "" }).waitFor();
  await page.close();
});

test("payloads of a megabyte open, as text and as a tree", async () => {
  const page = await place.tab();
  await place.open(page, "keys/large.json");
  await page.getByRole("button", { name: "show all" }).click();
  await page.waitForFunction(
    () => (document.querySelector("pre")?.textContent?.length ?? 0) > 999_000,
  );
  await place.open(page, "keys/tree.json");
  await page.getByText("[20000]").first().waitFor();
  await page.getByRole("button", { name: /more$/ }).first().waitFor();
  await page.close();
});

test("a job over many shows how far it is, and is stopped", async () => {
  const page = await place.tab();
  await place.open(page, "workflows?workflow=waits");
  await page.getByRole("button", { name: "All that match…" }).click();
  await page.getByRole("button", { name: /^Cancel (all that match|[\d,]+ runs)$/ }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText(/^(cancelled|completed): [\d,]+ done/).waitFor();
  await page.close();
});

interface Weight {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

async function weightOf(session: CDPSession): Promise<Weight> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  return { heapBytes: usedSize, nodes, listeners: jsEventListeners };
}

function assertSameWeight(earlier: Weight, later: Weight): void {
  const told = `${JSON.stringify(earlier)} then ${JSON.stringify(later)}`;
  assert(later.heapBytes - earlier.heapBytes < GROWTH_BYTES_MAX, told);
  assert(later.nodes < earlier.nodes + NODES_SPARE, told);
  assert(later.listeners < earlier.listeners + LISTENERS_SPARE, told);
}

test("a tab that is open for long does not grow", async (t) => {
  const page = await place.blank();
  await page.clock.install();
  await page.goto(place.address);
  await place.logIn(page, place.token);
  await page.getByText("live", { exact: true }).waitFor();
  await place.open(page, "overview");
  const session = await page.context().newCDPSession(page);
  const updated = async (times: number) => {
    for (let update = 0; update < times; update += 1) {
      await page.clock.runFor(2_000);
      await page.evaluate(() => fetch("/healthz"));
    }
  };
  await updated(UPDATES);
  const first = await weightOf(session);
  await updated(UPDATES);
  const second = await weightOf(session);
  t.diagnostic(`the overview: ${JSON.stringify(first)}, later ${JSON.stringify(second)}`);
  assertSameWeight(first, second);
  await page.context().close();
});

test("walking from screen to screen leaves nothing behind", async (t) => {
  const page = await place.tab();
  const session = await page.context().newCDPSession(page);
  const round = async () => {
    for (const screen of ["overview", "workflows", "queues/queue-1", "streams/events", "keys"]) {
      await place.open(page, screen);
    }
  };
  await round();
  await round();
  const first = await weightOf(session);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await round();
  }
  const second = await weightOf(session);
  t.diagnostic(`screens: ${JSON.stringify(first)}, later ${JSON.stringify(second)}`);
  assertSameWeight(first, second);
  assert.deepEqual(place.troubles.splice(0), []);
  await page.close();
});

/** How many timers the page has set that are still to come. */
function countTimers(): void {
  const pending = new Set<unknown>();
  globalThis.timersPending = () => pending.size;
  const { setTimeout: once, setInterval: often, clearTimeout: end } = globalThis;
  const set = (kind: typeof once, isOnce: boolean) =>
    ((act: () => void, ms?: number) => {
      const timer: unknown = kind(() => {
        if (isOnce) {
          pending.delete(timer);
        }
        act();
      }, ms);
      pending.add(timer);
      return timer;
    }) as typeof once;
  globalThis.setTimeout = set(once, true);
  globalThis.setInterval = set(often as typeof once, false) as typeof often;
  globalThis.clearTimeout = (timer) => {
    pending.delete(timer);
    end(timer);
  };
  globalThis.clearInterval = globalThis.clearTimeout;
}

function setHidden(isHidden: boolean): void {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a page at rest asks only whether anything changed; a hidden one nothing", async (t) => {
  const page = await place.blank();
  await page.clock.install();
  await page.addInitScript(countTimers);
  let sent = 0;
  page.on("websocket", (socket) => socket.on("framesent", () => (sent += 1)));
  await page.goto(place.address);
  await place.logIn(page, place.token);
  await page.getByText("live", { exact: true }).waitFor();
  await place.open(page, "queues/queue-1");
  await page.getByText("Dead letters (0)").waitFor();
  const sentIn = async (looks: number) => {
    const before = sent;
    for (let look = 0; look < looks; look += 1) {
      await page.clock.runFor(2_000);
      await page.evaluate(() => fetch("/healthz"));
    }
    return sent - before;
  };
  await sentIn(5);
  const atRest = await sentIn(LOOKS);
  assert((await page.evaluate(() => globalThis.timersPending())) > 0, "timers are counted");
  await page.evaluate(setHidden, true);
  await sentIn(1);
  const hidden = await sentIn(LOOKS);
  const timers = await page.evaluate(() => globalThis.timersPending());
  t.diagnostic(`in a minute: ${atRest} frames, hidden ${hidden}, with ${timers} timers`);
  assert(atRest <= LOOKS + 6 * SCREEN_REQUESTS + SPARE_FRAMES, `${atRest} frames`);
  assert.deepEqual([hidden, timers], [0, 0]);
  await page.evaluate(setHidden, false);
  await backend.queue.enqueue("queue-1", "news");
  await becomes(async () => {
    await sentIn(1);
    return await page.locator("summary", { hasText: "news" }).count();
  }, 1);
  await page.context().close();
});

test("a page that follows shows what came unseen when it is seen again", async () => {
  const page = await place.blank();
  await page.clock.install();
  let received = 0;
  page.on("websocket", (socket) => socket.on("framereceived", () => (received += 1)));
  await page.goto(place.address);
  await place.logIn(page, place.token);
  await page.getByText("live", { exact: true }).waitFor();
  await place.open(page, "streams/events");
  const records = async (text: string) => {
    await page.clock.runFor(1_000);
    return await page.locator("summary", { hasText: text }).count();
  };
  await becomes(async () => {
    await backend.stream.append("events", "seen");
    return (await records("seen")) > 0;
  }, true);
  await page.evaluate(setHidden, true);
  await records("seen");
  const before = received;
  await backend.stream.append("events", "come unseen");
  await becomes(() => received > before, true);
  assert.equal(await records("come unseen"), 0);
  await page.evaluate(setHidden, false);
  await becomes(() => records("come unseen"), 1);
  await page.context().close();
});

test("on a slow phone the page comes soon (told, not judged)", async (t) => {
  const page = await place.blank(390);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: 1_600_000 / 8,
    uploadThroughput: 750_000 / 8,
  });
  await page.goto(place.address);
  await page.getByLabel("Or paste a token").waitFor();
  const told = await page.evaluate(() => ({
    firstPaintMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    readyMs: performance.now(),
    sizes: performance
      .getEntriesByType("resource")
      .map((each) => (each as PerformanceResourceTiming).transferSize),
  }));
  t.diagnostic(`four times slower, 1.6 Mbit/s, 150 ms: ${JSON.stringify(told)}`);
  assert(Math.max(...told.sizes) < 200_000, "the script travels compressed");
  await page.context().close();
});

test("the first paint needs little, and no script; the form to log in, only the script", async (t) => {
  const page = await place.blank(390);
  let letGo: () => void = () => undefined;
  const isWanted = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route("**/*.js", async (route) => {
    await isWanted;
    await route.continue();
  });
  await page.goto(place.address, { waitUntil: "commit" });
  await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint").length > 0,
  );
  const first = await page.evaluate(answered);
  letGo();
  await page.getByLabel("Or paste a token").waitFor();
  const form = await page.evaluate(answered);
  t.diagnostic(`before the first paint ${JSON.stringify(first)}, then ${JSON.stringify(form)}`);
  assert(first.requests <= 3 && first.bytes <= PAINT_BYTES_MAX, JSON.stringify(first));
  assert(form.requests <= 4 && form.bytes <= FORM_BYTES_MAX, JSON.stringify(form));
  await page.context().close();
});

/** How many requests were answered so far, and how many bytes came with that. */
function answered(): { requests: number; bytes: number } {
  const entries = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const sizes = entries.map((entry) => (entry as PerformanceResourceTiming).transferSize);
  const come = sizes.filter((bytes) => bytes > 0);
  return { requests: come.length, bytes: come.reduce((sum, bytes) => sum + bytes, 0) };
}
