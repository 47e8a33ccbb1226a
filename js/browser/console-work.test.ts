/** What an operator does in the console, against a real server. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { FloClient as NodeClient } from "@floruntime/node";
import type { Page } from "playwright-core";

import { becomes } from "./chromium.js";
import { ConsolePlace, isFair, WAITS } from "./console-place.js";

const ORDER = `
kind: Workflow
name: order
version: "1"
searchAttributes:
  - {name: customer, type: string, from: $.input.customer}
  - {name: amount, type: number, from: $.input.amount}
start:
  parallel:
    branches:
      stock: {run: "@actions/reserve"}
      payment: {waitForSignal: {type: payment}}
  transitions: {success: pick, failure: flo.Failed}
steps:
  pick:
    forEach: {items: $.input.items, run: "@actions/pick", concurrency: 2}
    transitions: {success: approve, failure: flo.Failed}
  approve:
    waitForSignal: {type: approval}
    transitions: {success: flo.Completed}
`;

const EACH = `
kind: Workflow
name: each
version: "1"
start:
  forEach: {items: $.input, run: "@actions/pick", retry: {maxAttempts: 3, initialDelayMs: 1}}
  transitions: {success: flo.Completed, failure: flo.Failed}
`;

declare global {
  var misfits: string[];
}

let place: ConsolePlace;
let backend: NodeClient;

before(async () => {
  place = await ConsolePlace.start();
  ({ backend } = place);
  for (const action of ["reserve", "pick", "sync"]) {
    await backend.action.register(action, "user", { maxRetries: 0 });
  }
  await backend.worker.register("by-hand", ["reserve", "pick", "sync"]);
  await backend.workflow.syncMany([ORDER, WAITS]);
});
after(() => place?.stop());

/** Claim the next run of this action. */
async function claimed(action: string) {
  const task = await backend.worker.awaitTask("by-hand", [action], { blockMs: 10_000 });
  assert(task !== null);
  return task;
}

async function pressIn(page: Page, dialog: string, button: string | RegExp): Promise<void> {
  await page.getByRole("dialog", { name: dialog }).getByRole("button", { name: button }).click();
}

test("a run with branches and items is drawn with what is in them, and its steps open", async () => {
  const page = await place.tab();
  const input = { customer: "ada", items: ["lamp", "desk", "rug"] };
  await backend.workflow.start("order", input, { runId: "order-1" });
  await backend.worker.complete("by-hand", await claimed("reserve"), JSON.stringify({ shelf: 7 }));
  await place.open(page, "workflows/runs/order-1");
  const drawing = page.locator("svg[role=img]");
  await drawing.getByText("stock", { exact: true }).waitFor();
  await becomes(() => drawing.locator("rect.box.group").count(), 2);
  await drawing
    .filter({ hasText: /parallel, all of them.*for each of \$\.input\.items/s })
    .waitFor();
  await page.locator("summary.lane", { hasText: "stock" }).click();
  await page.getByText("shelf:").waitFor();
  await backend.workflow.signal("order-1", "payment", {});
  await backend.worker.complete("by-hand", await claimed("pick"), "{}");
  await drawing.getByText("1 done, 2 running").waitFor();
  await isFair(page);
  await backend.worker.complete("by-hand", await claimed("pick"), "{}");
  await backend.worker.complete("by-hand", await claimed("pick"), "{}");
  await drawing.getByText("3 done").waitFor();
  await page.getByText("waits").first().waitFor();
});

test("each item of a run leads to what it ran", async () => {
  const page = await place.tab();
  await backend.workflow.sync(EACH);
  await backend.workflow.start("each", ["lamp", "desk"], { runId: "each-1" });
  const lamp = await claimed("pick");
  await backend.worker.complete("by-hand", lamp, JSON.stringify({ shelf: 12 }));
  const desk = await claimed("pick");
  await place.open(page, "workflows/runs/each-1");
  for (const [item, { runId }] of [
    ["0", lamp],
    ["1", desk],
  ] as const) {
    const named = page.getByText(item, { exact: true });
    await page.locator("summary.lane.inner", { has: named }).click();
    await page.locator(".opened").getByRole("link", { name: runId }).waitFor();
  }
  await page.getByText("shelf:").waitFor();
  // Its history names the first attempt and the last; the one between them is found all the same.
  await backend.worker.fail("by-hand", desk, "no ladder");
  const second = await claimed("pick");
  await backend.worker.fail("by-hand", second, "no ladder yet");
  await backend.worker.complete("by-hand", await claimed("pick"), "{}");
  await page.locator("h1 .badge", { hasText: "completed" }).waitFor();
  await page.locator(".opened").getByRole("link", { name: second.runId }).waitFor();
});

test("versions of a definition are listed, compared and used", async () => {
  const page = await place.tab();
  await backend.workflow.sync(WAITS.replace(`"1"`, `"2"`).replace("type: go", "type: walk"));
  await place.open(page, "workflows/definitions/waits");
  await page.getByRole("row", { name: /^2.*current/ }).waitFor();
  await page.getByRole("link", { name: "since 1" }).click();
  await page.locator(".difference").getByText("walk").waitFor();
  await page.getByLabel("compare with version").selectOption("none");
  await isFair(page);
  await page.getByRole("button", { name: "use", exact: true }).click();
  await page.getByRole("row", { name: /^1.*current/ }).waitFor();
  await becomes(async () => {
    const versions = await backend.workflow.listVersions("waits");
    return versions.filter(({ current }) => current).map(({ version }) => version);
  }, ["1"]);
});

test("a namespace is told what to keep, and a backup is made", async () => {
  const page = await place.tab();
  await backend.namespaces.create("cache");
  await place.open(page, "settings/namespaces");
  const row = page.getByRole("row", { name: /^cache/ });
  await row.getByRole("button", { name: "settings…" }).click();
  await page.getByLabel("Versions kept of each key").fill("3");
  await page.getByLabel("Hours for which deleted keys").fill("0.5");
  await pressIn(page, "Settings of cache", "Save");
  await row.getByText("30 m").waitFor();
  await becomes(async () => {
    const cache = (await backend.namespaces.list()).find(({ name }) => name === "cache");
    return [cache?.kvHistory, Number(cache?.kvDeletedMs)];
  }, [3, 1_800_000]);
  await place.open(page, "settings");
  await page.getByText(/[GM]iB free/).waitFor();
  await page.getByRole("button", { name: "Back up…" }).click();
  const directory = await mkdtemp(join(tmpdir(), "flo-js-backup-"));
  await page.getByLabel("A new or empty directory").fill(directory);
  await pressIn(page, "Back up the server", "Back up");
  await page.getByText(`The backup is in ${directory}.`).waitFor();
  await becomes(async () => (await readdir(directory)).length > 0, true);
  await rm(directory, { recursive: true });
});

test("a list of keys follows what is written", async () => {
  const page = await place.tab();
  await place.open(page, "keys");
  await backend.kv.put("written/now", "1");
  await page.getByRole("link", { name: "written/now" }).waitFor();
});

test("a run is paused, resumed and forked", async () => {
  const page = await place.tab();
  await backend.workflow.start("waits", {}, { runId: "waits-1" });
  await place.open(page, "workflows/runs/waits-1");
  await page.getByRole("button", { name: "Pause…" }).click();
  await page.getByLabel("Reason").fill("the bank is down");
  await pressIn(page, "Pause waits-1", "Pause the run");
  await page.locator("h1 .badge", { hasText: "paused" }).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator("h1 .badge", { hasText: "waiting" }).waitFor();
  await page.getByRole("button", { name: "Fork…" }).click();
  await pressIn(page, "Fork waits-1", "Start a new run");
  await page.locator("h1", { hasText: "wfrun" }).waitFor();
  await becomes(async () => (await backend.workflow.status("waits-1")).status, "waiting");
});

test("all runs that match are counted first, then cancelled by a job", async () => {
  const page = await place.tab();
  for (let number = 0; number < 5; number += 1) {
    const input = { customer: number < 3 ? "alan" : "grace", items: [] };
    await backend.workflow.start("order", input, { runId: `bulk-${number}` });
  }
  await place.open(page, "workflows?workflow=order&search=customer%3Dalan");
  await becomes(() => page.getByRole("link", { name: /^bulk-/ }).count(), 3);
  await page.getByRole("button", { name: "All that match…" }).click();
  await page.getByText("3 runs match now.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^completed/ }).click();
  await page.getByRole("button", { name: "All that match…" }).click();
  await page.getByRole("dialog").getByRole("alert").getByText("cancel takes runs that").waitFor();
  await becomes(() => page.getByRole("button", { name: "Cancel runs" }).isDisabled(), true);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^completed/ }).click();
  await page.getByRole("button", { name: "All that match…" }).click();
  await page.getByText("3 runs match now.").waitFor();
  await isFair(page);
  await page.getByLabel("At most").fill("2");
  await page.getByText("2 runs match now.").waitFor();
  await page.getByLabel("At most").fill("");
  await pressIn(page, "All runs that match", "Cancel 3 runs");
  await page.getByText("completed: 3 done").waitFor();
  const areCancelled = async () => {
    const runs = [0, 1, 2, 3, 4].map((each) => backend.workflow.status(`bulk-${each}`));
    return (await Promise.all(runs)).map(({ status }) => status === "cancelled");
  };
  await becomes(areCancelled, [true, true, true, false, false]);
  await page.getByRole("button", { name: /^cancelled 3$/ }).click();
  await page.waitForURL(/status=cancelled/);
  await place.open(page, "settings/jobs");
  await page.getByText("cancel workflow").first().waitFor();
});

/** Note in each frame which runs are shown under a filter that they do not fit. */
function watchMisfits(): void {
  globalThis.misfits = [];
  const look = () => {
    const rows = location.hash.includes("search=") ? document.querySelectorAll(".line a") : [];
    for (const { textContent } of rows) {
      if (textContent === "amount-50" || textContent === "amount-950") {
        globalThis.misfits.push(textContent);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}

test("runs are found by when they began, and the filter stands in the address", async () => {
  const page = await place.tab();
  await backend.workflow.start("waits", {}, { runId: "found-1" });
  await place.open(page, "workflows?workflow=waits");
  await page.getByLabel("when").selectOption("last hour");
  await page.waitForURL(/time=3600000/);
  await page.getByRole("link", { name: "found-1" }).waitFor();
  await page.getByLabel("when").selectOption("between…");
  await page.getByLabel("to", { exact: true }).fill("2020-01-01T00:00");
  await page.getByText("No run matches these filters.").waitFor();
  for (const amount of [50, 150, 950]) {
    const input = { customer: "tony", amount, items: [] };
    await backend.workflow.start("order", input, { runId: `amount-${amount}` });
  }
  await place.open(page, "workflows");
  await page.getByRole("link", { name: "amount-950" }).waitFor();
  await page.evaluate(watchMisfits);
  await page.getByLabel("attributes").fill("customer=tony amount>=100 amount<900");
  await page.waitForURL(/search=/);
  await becomes(
    () => page.getByRole("link", { name: /^amount-/ }).allTextContents(),
    ["amount-150"],
  );
  assert.deepEqual(await page.evaluate(() => globalThis.misfits), []);
  await page.getByLabel("attributes").fill("customer");
  await page.getByRole("alert").getByText("write customer=ada amount>=100").waitFor();
});

test("an action's run that failed is tried again; what limits hold up is shown", async () => {
  const page = await place.tab();
  const { runId } = await backend.action.invoke("sync", "{}");
  await backend.worker.fail("by-hand", await claimed("sync"), "the shop is down");
  await place.open(page, `actions/runs/${runId}`);
  await page.getByRole("button", { name: "Retry" }).click();
  await page.locator("h1 .badge", { hasText: "pending" }).waitFor();
  await backend.worker.complete("by-hand", await claimed("sync"), "{}");
  await backend.action.register("sync", "user", { limits: { runningPerKey: 1 } });
  await backend.action.invoke("sync", "{}", { key: "acme" });
  await backend.action.invoke("sync", "{}", { key: "acme" });
  const task = await claimed("sync");
  await backend.worker.touch("by-hand", task, { progress: 0.4, progressNote: "half way" });
  await place.open(page, "actions/names/sync");
  await page.getByText("1 per key").waitFor();
  await page.getByRole("row", { name: /acme.*running per key/ }).waitFor();
  await place.open(page, `actions/runs/${task.runId}`);
  await page.getByText("40 %").waitFor();
  await place.open(page, "actions/workers/by-hand");
  await page.getByText("40 % half way").waitFor();
});

test("schedules of actions run now, stand still and go on", async () => {
  const page = await place.tab();
  await backend.action.schedule("sync", { cron: "0 3 * * *", timezone: "Europe/Berlin" });
  await place.open(page, "actions/schedules");
  await page.getByRole("button", { name: "run now" }).click();
  await page.getByText("sync was started").first().waitFor();
  await becomes(async () => (await backend.action.schedules())[0]?.running, 1);
  await page.getByRole("button", { name: "pause" }).click();
  await page.getByRole("button", { name: "resume" }).waitFor();
  await becomes(async () => (await backend.action.schedules())[0]?.paused, true);
});

test("a queue stands still; dead letters of one error go back, the others stay", async () => {
  const page = await place.tab();
  await backend.queue.configure("mails", { maxAttempts: 1 });
  await backend.queue.enqueueMany("mails", ["one", "two", "three"]);
  const { messages } = await backend.queue.dequeue("mails", 3);
  for (const [at, { seq }] of messages.entries()) {
    await backend.queue.nack("mails", seq, { error: at < 2 ? "mailbox full" : "no address" });
  }
  await place.open(page, "queues/mails");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator("h1 .badge", { hasText: "paused" }).waitFor();
  await page.getByRole("button", { name: "All that match…" }).click();
  await page.getByText("3 dead letters match now.").waitFor();
  await page.getByLabel("Only if the error contains").fill("full");
  await page.getByText("2 dead letters match now.").waitFor();
  await pressIn(page, "All dead letters that match", "Requeue 2 dead letters");
  await page.getByText("Dead letters (1)").waitFor();
  await becomes(async () => (await backend.queue.stats("mails")).paused, true);
  await page.getByRole("button", { name: "3", exact: true }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Dead letters (0)").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
});

test("a message that is enqueued without a priority gets the usual one", async () => {
  const page = await place.tab();
  await backend.queue.configure("letters", {});
  await place.open(page, "queues/letters");
  await page.getByRole("button", { name: "Enqueue…" }).click();
  await page.locator("textarea[name=payload]").fill("one");
  await pressIn(page, "Enqueue into letters", "Enqueue");
  await page.locator("summary", { hasText: "one" }).waitFor();
  const { messages } = await backend.queue.dequeue("letters");
  assert.equal(messages[0]?.priority, 10);
});

test("a group shows its lag, what is under way, what died; and is moved", async () => {
  const page = await place.tab();
  await backend.stream.groupCreate("events", "books", { maxDeliver: 1 });
  for (let number = 0; number < 4; number += 1) {
    await backend.stream.append("events", `record ${number}`);
  }
  const at = { group: "books", consumer: "ada" };
  const { records } = await backend.stream.groupRead("events", { ...at, limit: 2 });
  await backend.stream.groupNack("events", records.slice(0, 1), { ...at, error: "no such book" });
  await place.open(page, "streams/events/books");
  await page.getByText("no such book").waitFor();
  await page.getByRole("row", { name: /ada/ }).waitFor();
  await page.getByRole("button", { name: "requeue" }).click();
  await page.getByText("Dead letters (0)").waitFor();
  await page.getByRole("button", { name: "Move…" }).click();
  await page.locator("select[name=to]").selectOption("records from now on");
  await pressIn(page, "Move the group books", "Move");
  await page.getByText("No record is pending.").waitFor();
  await becomes(async () => (await backend.stream.groupInfo("events", "books")).lag, 0);
});

test("a token is made, shown once, and revoked", async () => {
  const page = await place.tab();
  await place.open(page, "settings/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await page.locator("select[name=role]").selectOption("web");
  await page.locator("input[name=scopes]").fill("read:kv:flag:*");
  await page.getByLabel("Description").fill("flags of the page");
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".secret").filter({ hasText: /^flo_/ }).waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await becomes(() => page.locator(".secret").count(), 0);
  const row = page.getByRole("row", { name: /flags of the page/ });
  await row.getByRole("button", { name: "revoke" }).click();
  await row.getByText("revoked").waitFor();
  await place.open(page, "settings/audit");
  await page.getByLabel("show", { exact: true }).selectOption("the server");
  await page.getByRole("button", { name: "TokenRevoke" }).first().click();
  await page.getByRole("region", { name: "audit record" }).getByText("who:").waitFor();
  assert.deepEqual(place.troubles.splice(0), []);
});
