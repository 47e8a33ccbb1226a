/** The console in a real browser, against a real server: every screen, what it shows and does. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FloClient as NodeClient } from "@floruntime/node";

import { becomes } from "./chromium.js";
import { ConsolePlace, isFair, seriousOf, unreadableIn } from "./console-place.js";

declare global {
  var wasHurt: boolean | undefined;
}

const MARKUP = `<img src=x onerror="wasHurt=true">`;
const HOSTILE = `${MARKUP}\u202E\u001b[31m`;
const WORKFLOW = `
kind: Workflow
name: order
version: "1"
description: An order, from its payment to the parcel
start:
  parallel:
    branches:
      stock: {waitForSignal: {type: stock}}
      payment: {waitForSignal: {type: payment}}
  transitions: {success: approve, failure: flo.Failed}
steps:
  approve:
    waitForSignal: {type: approval, timeoutMs: 86400000, onTimeout: flo.TimedOut}
    transitions: {success: flo.Completed}
`;
const SCREENS: Readonly<Record<string, string>> = {
  overview: "overview",
  workflows: "workflows",
  run: "workflows/runs/order-1",
  "hostile run": "workflows/runs/order-2",
  definitions: "workflows/definitions",
  definition: "workflows/definitions/order",
  "a difference": "workflows/definitions/order?version=2&beside=1",
  schedules: "workflows/schedules",
  "empty list": "workflows?search=customer%3Dnobody&time=3600000",
  actions: "actions",
  action: "actions/names/ship",
  "action schedules": "actions/schedules",
  "action names": "actions/names",
  workers: "actions/workers",
  "hostile worker": `actions/workers/${encodeURIComponent(MARKUP)}`,
  queues: "queues",
  queue: "queues/mails",
  streams: "streams",
  stream: "streams/events?from=60",
  group: "streams/events/mailer",
  keys: "keys",
  key: "keys/users%2Fada",
  "hostile key": `keys/${encodeURIComponent(HOSTILE)}`,
  settings: "settings",
  jobs: "settings/jobs",
  cluster: "settings/cluster",
  namespaces: "settings/namespaces",
  tokens: "settings/tokens",
  audit: "settings/audit",
};

let place: ConsolePlace;
let backend: NodeClient;

before(async () => {
  place = await ConsolePlace.start(HOSTILE);
  ({ backend } = place);
  await fill(backend);
});
after(() => place?.stop());

async function fill(client: NodeClient): Promise<void> {
  await client.workflow.sync(WORKFLOW.replace("approval, timeoutMs", "answer, timeoutMs"));
  await client.workflow.sync(WORKFLOW.replace(`"1"`, `"2"`));
  for (const number of [1, 2, 3]) {
    const input = { id: number, customer: "Ada", items: [{ sku: "a-1", count: 2 }] };
    await client.workflow.start("order", input, { runId: `order-${number}` });
  }
  await client.workflow.signal("order-1", "stock", { ok: true });
  await client.workflow.signal("order-1", "payment", { ok: true });
  await client.workflow.cancel("order-2", HOSTILE);
  await client.action.register("ship");
  await client.action.schedule("ship", { cron: "0 3 1 1 *" });
  await client.namespaces.create("another");
  await client.action.invoke("ship", JSON.stringify({ parcel: 7 }));
  await client.queue.configure("mails", { maxAttempts: 1 });
  await client.queue.enqueueMany("mails", ["one", "two", JSON.stringify({ three: 3 })]);
  const { messages } = await client.queue.dequeue("mails", 1);
  const [message] = messages;
  assert(message !== undefined);
  await client.queue.nack("mails", message.seq, { error: HOSTILE });
  await client.stream.append("events", HOSTILE, { headers: { source: HOSTILE } });
  await client.stream.groupCreate("events", "mailer");
  await client.kv.put("users/ada", JSON.stringify({ name: "Ada", plan: "free" }));
  await client.kv.put("users/ada", JSON.stringify({ name: "Ada", plan: "pro" }));
  await client.kv.put(HOSTILE, HOSTILE);
  await hostile(client);
  await client.kv.put("large", new Uint8Array(1_000_000).fill(65));
  await client.kv.put("bytes", new Uint8Array([0, 255, 1]));
}

/** Names, notes and headers that would break out of a page that trusts them. */
async function hostile(client: NodeClient): Promise<void> {
  await client.worker.register(MARKUP, ["ship"], { metadata: { note: HOSTILE } });
  await client.action.invoke("ship", HOSTILE, { key: MARKUP });
  const task = await client.worker.awaitTask(MARKUP, ["ship"], { blockMs: 10_000 });
  assert(task !== null);
  await client.worker.touch(MARKUP, task, { progress: 0.5, progressNote: HOSTILE });
  await client.stream.groupRead("events", { group: "mailer", consumer: MARKUP });
}

for (const [width, scheme, other] of [
  [1280, "light", "dark"],
  [390, "dark", "light"],
] as const) {
  test(`every screen at ${width} pixels, ${scheme} and ${other}: nothing breaks, axe finds nothing serious`, async () => {
    const page = await place.tab(width, scheme);
    for (const [name, where] of Object.entries(SCREENS)) {
      await place.open(page, where);
      // Each with the name of the screen, so that a failure tells which one it is.
      await becomes(async () => [name, await seriousOf(page)], [name, []]);
      await becomes(async () => [name, other, await unreadableIn(page, other)], [name, other, []]);
      await becomes(async () => [name, await page.evaluate(overhanging)], [name, []]);
      await becomes(async () => [name, await page.evaluate(squeezed)], [name, []]);
      await becomes(async () => [name, await page.evaluate(below)], [name, []]);
      await becomes(async () => [name, await page.evaluate(cut)], [name, []]);
    }
    assert.equal(await page.evaluate(() => globalThis.wasHurt), undefined);
    assert.deepEqual(place.troubles.splice(0), []);
    await page.close();
  });
}

/** What is wider than the page, from the outermost to the innermost. */
function overhanging(): string[] {
  if (document.body.scrollWidth <= innerWidth + 1) {
    return [];
  }
  const isOver = (element: Element) => element.getBoundingClientRect().right > innerWidth + 1;
  const found = [...document.body.querySelectorAll("*")].filter(isOver);
  return [`${document.body.scrollWidth} pixels`, ...found.map(({ outerHTML }) => outerHTML)];
}

/** Lists that have no room for when something comes next, if that is far off: `in 13 h 3…`. */
function cut(): string[] {
  const next = [...document.querySelectorAll<HTMLElement>(".line .cell time")];
  return next
    .filter(({ textContent }) => textContent?.startsWith("in "))
    .filter((time) => {
      const told = time.textContent;
      time.textContent = "in 164 d 23 h";
      const cell = time.closest(".cell");
      const isCut = cell !== null && cell.scrollWidth > cell.clientWidth;
      time.textContent = told;
      return isCut;
    })
    .map(({ textContent }) => textContent ?? "");
}

/** The titles of columns that are shown, and have no room. */
function squeezed(): string[] {
  return [...document.querySelectorAll<HTMLElement>(".line.head .cell")]
    .filter((cell) => getComputedStyle(cell).display !== "none" && cell.offsetWidth < 50)
    .filter(({ textContent }) => textContent !== "")
    .map(({ textContent }) => textContent ?? "");
}

test("a namespace in which nothing is says so on every screen", async () => {
  const page = await place.tab();
  await backend.namespaces.create("empty");
  const screens = ["overview", "workflows", "workflows/definitions", "workflows/schedules"];
  screens.push("actions", "actions/names", "actions/schedules", "actions/workers");
  screens.push("queues", "queues/none", "streams", "keys", "settings/jobs", "settings/audit");
  for (const where of screens) {
    await place.open(page, where, "empty");
    await page.locator(".empty").first().waitFor();
  }
  for (const where of ["workflows/runs/none", "actions/runs/run-1", "streams/none/group"]) {
    await place.open(page, where, "empty");
    await page.getByRole("alert").first().waitFor();
  }
  await isFair(page);
  assert.deepEqual(place.troubles.splice(0), []);
});

test("a token that is refused is told, and the page stays closed", async () => {
  const page = await place.blank();
  await page.goto(place.address);
  await page.getByLabel("Or paste a token").fill("flo_nonsense");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  await becomes(() => page.getByRole("navigation").count(), 0);
  await becomes(() => page.evaluate(() => localStorage.length), 0);
  await page.context().close();
});

test("a code lets a page in once, and its session outlives the server until log-out", async () => {
  const { code } = await backend.console.code();
  const link = `${place.address}#code=${code}`;
  const page = await place.blank();
  await page.goto(link);
  await page.getByText("live", { exact: true }).waitFor();
  await becomes(() => page.url().includes(code), false);
  await place.server.restart();
  await page.reload();
  await page.getByText("live", { exact: true }).waitFor();
  const other = await place.blank();
  await other.goto(link);
  await other.getByRole("alert").waitFor();
  await becomes(() => other.getByRole("navigation").count(), 0);
  const session = await page.evaluate(() => localStorage.getItem("flo.console.token"));
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Or paste a token").waitFor();
  await page.getByLabel("Or paste a token").fill(session ?? "");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await Promise.all([page.context().close(), other.context().close()]);
});

test("what a role may not do is not offered", async () => {
  const { token: weak } = await backend.tokens.create("worker");
  const page = await place.blank();
  await page.goto(place.address);
  await page.getByLabel("Or paste a token").fill(weak);
  await page.keyboard.press("Enter");
  await page.getByText("worker", { exact: true }).waitFor();
  await place.open(page, "queues/mails");
  await page.getByRole("button", { name: "Enqueue…" }).waitFor();
  await becomes(() => page.getByRole("button", { name: "Purge…" }).count(), 0);
  await place.open(page, "settings");
  await page.getByRole("link", { name: "Jobs" }).waitFor();
  await becomes(() => page.getByRole("link", { name: "Tokens" }).count(), 0);
  await place.open(page, "keys");
  await page.getByRole("button", { name: "New key" }).waitFor();
  await page.context().close();
});

test("a run is signalled to its end, and the drawing follows", async () => {
  const page = await place.tab();
  await place.open(page, "workflows/runs/order-1");
  await page.locator("svg[role=img][aria-label*='approve: now']").waitFor();
  await page.getByRole("button", { name: "Signal…" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("h1 .badge", { hasText: "completed" }).waitFor();
  await becomes(async () => (await backend.workflow.status("order-1")).status, "completed");
});

test("a run is started by the keyboard alone", async () => {
  const page = await place.tab();
  await place.open(page, "workflows");
  await page.getByRole("button", { name: "Start a run" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.locator('#workflow-names option[value="order"]').waitFor({ state: "attached" });
  await page.keyboard.type("order");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type('{"id": 9}');
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("h1", { hasText: "wfrun" }).waitFor();
});

test("an edit is written only at the version that was read", async () => {
  const page = await place.tab();
  await place.open(page, "keys/users%2Fada");
  await page.getByRole("button", { name: "Edit" }).click();
  await backend.kv.put("users/ada", "meanwhile");
  await page.locator(".payload").getByText("meanwhile").waitFor();
  await page.getByRole("textbox", { name: "Value" }).fill("mine");
  await page.getByRole("button", { name: "Write" }).click();
  await page.locator(".notice.bad").waitFor();
  assert.equal((await backend.kv.entry("users/ada"))?.text(), "meanwhile");
});

test("an edit keeps the time that a key has left", async () => {
  const page = await place.tab();
  await backend.kv.put("session", "before", { ttlMs: 3_600_000 });
  await place.open(page, "keys/session");
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Value" }).fill("after");
  await page.getByRole("button", { name: "Write" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const entry = await backend.kv.entry("session");
  assert.equal(entry?.text(), "after");
  assert(entry.expiresAtMs !== null && entry.expiresAtMs > BigInt(Date.now()) + 3_000_000n);
  await backend.kv.put("session", "from elsewhere");
  await page.getByText("from elsewhere").first().waitFor();
});

test("records show as they are appended", async () => {
  const page = await place.tab();
  await place.open(page, "streams/events");
  await page.getByText("No new records yet.").waitFor();
  const seen = page.getByText("just now appended").first();
  while (!(await seen.isVisible())) {
    // Again until one of them comes after the page began to follow.
    await backend.stream.append("events", "just now appended");
    await seen.waitFor({ timeout: 1_000 }).catch(() => undefined);
  }
});

test("a server that is killed and comes again finds the page where it was", async () => {
  const page = await place.tab();
  await place.open(page, "queues");
  await place.server.kill();
  await page.getByText("connecting…").waitFor();
  await place.server.start();
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByRole("link", { name: "mails" }).waitFor();
});

test("a token that is revoked ends the page", async () => {
  const { token: own, info } = await backend.tokens.create("admin");
  const page = await place.blank();
  await page.goto(place.address);
  await page.getByLabel("Or paste a token").fill(own);
  await page.keyboard.press("Enter");
  await page.getByText("live", { exact: true }).waitFor();
  await backend.tokens.revoke(info.id);
  await page.getByLabel("Or paste a token").waitFor();
  await page.getByRole("alert").filter({ hasText: /./ }).first().waitFor();
  await page.context().close();
});

/** What of the head has no room in its one row, where a namespace has a long name. */
function below(): string[] {
  const option = new Option("a-namespace-with-a-long-name");
  document.querySelector<HTMLSelectElement>(".top select")?.append(option);
  const [first, ...others] = document.querySelectorAll<HTMLElement>(".top > *:not(.spring)");
  const end = first?.getBoundingClientRect().bottom ?? 0;
  const found = others.filter((each) => each.getBoundingClientRect().top >= end);
  option.remove();
  return found.map(({ textContent }) => textContent ?? "");
}
