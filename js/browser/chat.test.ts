/** The example page in `examples/chat`, used as a person would. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { FloClient as NodeClient } from "@floruntime/node";
import { environment, python, ROOT, ServerProcess } from "@floruntime/testing";
import type { Browser, BrowserContext, Page } from "playwright-core";

import { becomes, launch, PATIENCE_MS, Pages } from "./chromium.js";

const CONTRAST_MIN = 4.5; // of texts, says WCAG 2 at level AA

let server: ServerProcess;
let backend: NodeClient;
let pages: Pages;
let browser: Browser;
let context: BrowserContext;
const uncaught: Error[] = [];
const hosts = new Set<string>();

before(async () => {
  [server, pages, browser] = await Promise.all([ServerProcess.start(), Pages.start(), launch()]);
  backend = new NodeClient(server.endpoint, { namespace: "chat", timeoutMs: PATIENCE_MS });
  context = await browser.newContext({ colorScheme: "light", locale: "en-GB" });
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("weberror", (told) => uncaught.push(told.error()));
  context.on("request", (request) => hosts.add(new URL(request.url()).host));
});
after(async () => {
  await Promise.all([browser?.close(), backend?.close(), pages?.stop()]);
  await server?.stop();
});

/** A tab in which `name` sits. */
async function opened(name: string, room: string, hash = ""): Promise<Page> {
  const page = await context.newPage();
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(pages.url(`examples/chat/?server=${server.endpoint}&room=${room}${hash}`));
  await page.getByLabel("You are").fill(name);
  return page;
}

async function say(page: Page, line: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(line);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

const status = (page: Page, text: string) =>
  page.getByRole("status").filter({ hasText: text }).waitFor();

/** Wait until `count` messages are there, none on its way; each as `name: text`. */
async function lines(page: Page, count: number): Promise<string[]> {
  const items = page.getByRole("log").getByRole("listitem");
  await items.nth(count - 1).waitFor();
  await page.waitForFunction(() => document.querySelector("[data-state=pending]") === null);
  return await items.evaluateAll((all) =>
    all.map((item) => {
      const text = (part: string) => item.querySelector(part)?.textContent;
      return `${text(".who")}: ${text(".text")}`;
    }),
  );
}

test("two tabs talk, markup stays text, and a tab that comes later sees all of it", async () => {
  const [ada, bob] = await Promise.all([opened("Ada", "one"), opened("Bob", "one")]);
  await ada.getByText("Nobody has said anything yet.").waitFor();
  await Promise.all([status(ada, "connected"), status(bob, "connected")]);
  await say(ada, "is anybody here?");
  await bob.getByText("is anybody here?").waitFor();
  await say(bob, "<img src=x onerror=alert(1)> & I am");
  const expected = ["Ada: is anybody here?", "Bob: <img src=x onerror=alert(1)> & I am"];
  assert.deepEqual(await lines(ada, 2), expected);
  assert.deepEqual(await lines(bob, 2), expected);
  await becomes(() => ada.getByText("Nobody has said anything yet.").isVisible(), false);
  await becomes(() => ada.locator(".own").count(), 1);
  const late = await opened("Eve", "one");
  assert.deepEqual(await lines(late, 2), expected);
  await Promise.all([ada, bob, late].map((page) => page.close()));
});

test("the accent follows the feature flag", async () => {
  const page = await opened("Ada", "two");
  await page.getByText("not set").waitFor();
  await page.locator("summary").click();
  const command = await page.getByText("kv put flag:accent teal").textContent();
  const [flo, ...args] = command?.split(" ") ?? [];
  assert.equal(flo, ".venv/bin/flo");
  execFileSync(python(), ["-m", "floruntime", ...args], { cwd: ROOT, env: environment() });
  await page.locator("html[data-accent=teal]").waitFor();
  await backend.kv.put("flag:accent", "plaid");
  await page.getByText("“plaid”, unknown").waitFor();
  await page.locator("html[data-accent=violet]").waitFor();
  await page.close();
});

test("a lost server is shown, and what is said meanwhile arrives once", async () => {
  const [ada, bob] = await Promise.all([opened("Ada", "three"), opened("Bob", "three")]);
  await Promise.all([status(ada, "connected"), status(bob, "connected")]);
  await say(ada, "before");
  await lines(bob, 1);
  await server.kill();
  await Promise.all([status(ada, "reconnecting…"), status(bob, "reconnecting…")]);
  await ada.getByText("The server cannot be reached.").waitFor();
  await say(ada, "meanwhile");
  await say(ada, "and more");
  await becomes(() => ada.getByText("sending…").count(), 2);
  await server.start();
  await Promise.all([status(ada, "connected"), status(bob, "connected")]);
  await becomes(() => ada.getByText("The server cannot be reached.").isVisible(), false);
  await say(bob, "welcome back");
  for (const page of [ada, bob]) {
    const shown = await lines(page, 4);
    assert.equal(shown[0], "Ada: before");
    assert.deepEqual(
      [...shown].sort(),
      ["Ada: and more", "Ada: before", "Ada: meanwhile", "Bob: welcome back"],
      "each once",
    );
  }
  await Promise.all([ada.close(), bob.close()]);
});

test("light or dark is the system's choice, and then the person's", async () => {
  const page = await opened("Ada", "four");
  const theme = () => page.locator("html").getAttribute("data-theme");
  const button = page.getByRole("button", { name: "Dark" });
  await becomes(theme, "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-theme=dark]").waitFor();
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("html[data-theme=light]").waitFor();
  await button.click();
  await becomes(theme, "dark");
  await becomes(() => button.getAttribute("aria-pressed"), "true");
  await page.reload();
  await becomes(theme, "dark");
  await page.close();
});

test("every text can be read on what is behind it, in every accent, light and dark", async () => {
  const page = await opened("Ada", "five");
  await status(page, "connected");
  await say(page, "hello");
  await lines(page, 1);
  const pairs = await page.evaluate(() => {
    const root = document.documentElement.dataset;
    const parts = [".status", ".quiet", ".own .text", ".meta", ".send", ".flag strong", "summary"];
    document.querySelector(".own .text")?.setAttribute("style", "transition: none");
    document.querySelector(".send")?.setAttribute("style", "transition: none");
    const found: { where: string; text: string; behind: string }[] = [];
    for (const accent of ["violet", "teal", "rose", "amber", "blue"]) {
      for (const theme of ["light", "dark"]) {
        Object.assign(root, { accent, theme });
        for (const part of parts) {
          let element = document.querySelector(part);
          const text = element ? getComputedStyle(element).color : "";
          let behind = "rgba(0, 0, 0, 0)";
          while (element !== null && behind === "rgba(0, 0, 0, 0)") {
            behind = getComputedStyle(element).backgroundColor;
            element = element.parentElement;
          }
          found.push({ where: `${part} ${accent} ${theme}`, text, behind });
        }
      }
    }
    return found;
  });
  assert.equal(pairs.length, 70);
  for (const { where, text, behind } of pairs) {
    assert.ok(contrast(text, behind) >= CONTRAST_MIN, `${where}: ${text} on ${behind}`);
  }
  await page.close();
});

/** The contrast of two colours written as `rgb(…)`, as WCAG 2 reckons. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("a server that asks for a token says so, and lets in who has one", async () => {
  const page = await opened("Ada", "six");
  await status(page, "connected");
  const create = (options: string[], env: Record<string, string> = {}): string => {
    const args = ["-m", "floruntime", "--host", server.endpoint, "--json", "token", "create"];
    const settings = { cwd: ROOT, env: environment(env), encoding: "utf8" } as const;
    const told = execFileSync(python(), [...args, ...options], settings);
    return (JSON.parse(told) as { token: string }).token;
  };
  const admin = create(["--role", "admin"]); // the first one turns tokens on
  await status(page, "refused");
  await page.getByText(/token/).first().waitFor();
  const token = create(["--role", "web", "--namespace", "chat"], { FLO_TOKEN: admin });
  const known = await opened("Bob", "six", `#token=${token}`);
  await status(known, "connected");
  await say(known, "hello");
  assert.deepEqual(await lines(known, 1), ["Bob: hello"]);
  await Promise.all([page.close(), known.close()]);
});

test("nothing came from elsewhere, and no error went uncaught", () => {
  assert.deepEqual([...hosts].sort(), [`127.0.0.1:${pages.port}`, server.endpoint].sort());
  assert.deepEqual(uncaught, []);
});
