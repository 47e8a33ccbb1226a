/** Who is logged in, what that lets them do, and what happens when it ends. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FloClient as NodeClient } from "@floruntime/node";

import { becomes } from "./chromium.js";
import { ConsolePlace } from "./console-place.js";

let place: ConsolePlace;
let backend: NodeClient;

before(async () => {
  place = await ConsolePlace.start();
  ({ backend } = place);
  await backend.queue.enqueue("mails", "one");
  await backend.queue.enqueue("secret", "two");
  await backend.kv.put("users/ada", "Ada");
  await backend.kv.put("secret", "two");
  await backend.stream.append("chat", "hello");
});
after(() => place?.stop());

test("scopes decide which screens, which things and which buttons there are", async () => {
  const scopes = ["read:queue:mails", "read:kv:users/*", "write:kv:users/*"];
  const { token } = await backend.tokens.create("worker", { scopes });
  const page = await place.tab(1280, "light", token);
  await page.getByText("worker, limited by scopes").waitFor();
  const screens = page.getByRole("navigation").getByRole("link");
  await becomes(() => screens.allTextContents(), ["Overview", "Queues", "Keys"]);
  await place.open(page, "queues");
  await page.getByRole("link", { name: "mails" }).waitFor();
  await becomes(() => page.getByRole("link", { name: "secret" }).count(), 0);
  await place.open(page, "queues/mails");
  await page.getByText("Next messages").waitFor();
  await becomes(() => page.getByRole("button", { name: "Enqueue…" }).count(), 0);
  await place.open(page, "keys");
  await page.getByRole("link", { name: "users/ada" }).waitFor();
  await becomes(() => page.getByRole("link", { name: "secret" }).count(), 0);
  await place.open(page, "keys/users%2Fada");
  await page.getByRole("button", { name: "Edit" }).waitFor();
  await place.open(page, "overview");
  await page.getByText("oldest message").waitFor();
  await becomes(() => page.getByText("runs failed").count(), 0);
  assert.deepEqual(place.troubles.splice(0), []);
  await page.close();
});

test("a page's own token opens the streams that it may read, by name", async () => {
  const { token } = await backend.tokens.create("web", { scopes: ["read:stream:chat"] });
  const page = await place.tab(390, "dark", token);
  await place.open(page, "streams");
  await page.getByLabel("name of a stream").fill("chat");
  await page.keyboard.press("Enter");
  await page.getByText("Live records").waitFor();
  await page.getByLabel("from", { exact: true }).fill("60");
  await page.getByText("hello").first().waitFor();
  assert.deepEqual(place.troubles.splice(0), []);
  await page.close();
});

test("a session that ends leaves the page as it is; a token lets it go on", async () => {
  const { token: short, info } = await backend.tokens.create("admin");
  const page = await place.tab(1280, "light", short);
  await place.open(page, "keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Key", { exact: true }).fill("typed");
  await page.getByLabel("Value").fill("with care");
  await backend.tokens.revoke(info.id);
  const over = page.getByRole("dialog", { name: "Your session has ended" });
  await over.waitFor();
  await page.keyboard.press("Escape");
  await over.getByRole("alert").waitFor();
  await over.getByLabel("Or paste a token").fill(place.token);
  await page.keyboard.press("Enter");
  await over.waitFor({ state: "detached" });
  await becomes(() => page.getByLabel("Value").inputValue(), "with care");
  await page.getByRole("button", { name: "Write" }).click();
  await page.locator("h1", { hasText: "typed" }).waitFor();
  await becomes(async () => (await backend.kv.entry("typed"))?.text(), "with care");
  await page.close();
});

test("a session that ends goes on when another tab logs in", async () => {
  const { token: short, info } = await backend.tokens.create("admin");
  const page = await place.tab(1280, "light", short);
  await place.open(page, "queues/mails");
  await backend.tokens.revoke(info.id);
  const over = page.getByRole("dialog", { name: "Your session has ended" });
  await over.waitFor();
  const { code } = await backend.console.code();
  const other = await page.context().newPage();
  await other.goto(`${place.address}#code=${code}&namespace=shop`);
  await other.getByText("live", { exact: true }).waitFor();
  await becomes(() => new URL(other.url()).hash, "#/shop/overview");
  await over.waitFor({ state: "detached" });
  await page.locator("h1", { hasText: "mails" }).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  await page.context().close();
});

test("no other page frames it, and none asks in its name", async () => {
  const page = await place.blank();
  await page.route("http://elsewhere.test/**", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<iframe src="${place.address}"></iframe>`,
    }),
  );
  await page.goto("http://elsewhere.test/");
  const framed = page.frames().find((frame) => frame !== page.mainFrame());
  assert(!framed?.url().startsWith("http://127"), "the frame stays empty");
  const outcome = await page.evaluate(async (address) => {
    const send = (headers: Record<string, string>) =>
      fetch(`${address}v1/default/kv.put`, {
        method: "POST",
        headers,
        body: JSON.stringify({ key: "forged", value: "1" }),
      }).then(
        (answer) => answer.status,
        () => "refused",
      );
    return [
      await send({ "Content-Type": "application/json" }),
      await send({ "Content-Type": "text/plain" }),
    ];
  }, place.address);
  assert.deepEqual(outcome, ["refused", "refused"]);
  assert.equal(await backend.kv.get("forged"), null);
  place.troubles.splice(0);
  await page.context().close();
});

test("with a slow line it says that it loads, and what is typed is kept", async () => {
  const page = await place.tab();
  const line = await page.context().newCDPSession(page);
  await line.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 400,
    downloadThroughput: 50_000,
    uploadThroughput: 20_000,
  });
  await place.open(page, "queues");
  await page.getByRole("link", { name: "mails" }).waitFor();
  await page.getByRole("link", { name: "mails" }).click();
  await page.getByRole("button", { name: "Enqueue…" }).click();
  await page.locator("textarea[name=payload]").fill("over a slow line");
  await page.getByRole("button", { name: "Enqueue", exact: true }).click();
  await page.locator("summary", { hasText: "over a slow line" }).waitFor();
  await page.close();
});
