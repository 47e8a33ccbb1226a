/** A server with a console, a browser, and tabs that are logged in. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FloClient as NodeClient } from "@floruntime/node";
import { ServerProcess } from "@floruntime/testing";
import type { Browser, Page } from "playwright-core";

import { becomes, launch, PATIENCE_MS } from "./chromium.js";

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}
declare global {
  /** What follows `#`, as the page was told last. */
  var heardPlace: string;
  var axe: {
    run(of: Document, how: object): Promise<{ violations: Violation[] }>;
  };
}

/** A workflow whose runs wait for good. */
export const WAITS = `
kind: Workflow
name: waits
version: "1"
start:
  waitForSignal: {type: go}
  transitions: {success: flo.Completed}
`;

export type Scheme = "light" | "dark";

const PATIENT = { timeoutMs: PATIENCE_MS };
const AXE = readFileSync(
  fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)),
  "utf8",
);

export class ConsolePlace {
  readonly server: ServerProcess;
  readonly backend: NodeClient;
  readonly browser: Browser;
  readonly token: string;
  /** What went wrong in the tabs. */
  readonly troubles: string[] = [];
  readonly #tabs = new Map<string, Page>();

  private constructor(server: ServerProcess, backend: NodeClient, browser: Browser, token: string) {
    this.server = server;
    this.backend = backend;
    this.browser = browser;
    this.token = token;
  }

  /** A server whose admin has a token that is described so. */
  static async start(description = "the test"): Promise<ConsolePlace> {
    const [server, browser] = await bothOrNone(ServerProcess.start(), launch());
    const first = new NodeClient(server.endpoint, PATIENT);
    const { token } = await first.tokens.create("admin", { description });
    await first.close();
    return new ConsolePlace(
      server,
      new NodeClient(server.endpoint, { ...PATIENT, token }),
      browser,
      token,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.browser.close(), this.backend.close()]);
    await this.server.stop();
  }

  get address(): string {
    return `http://${this.server.endpoint}/`;
  }

  /** An empty tab with a profile of its own; what goes wrong in it is kept. */
  async blank(width = 1280, colorScheme: Scheme = "light"): Promise<Page> {
    const viewport = { width, height: 860 };
    const context = await this.browser.newContext({ viewport, colorScheme });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(() => {
      globalThis.heardPlace = location.hash;
      addEventListener("hashchange", () => {
        globalThis.heardPlace = location.hash;
      });
    });
    context.on("weberror", (told) => this.troubles.push(told.error().message));
    context.on("console", (told) => {
      if (told.type() === "error" && !told.text().includes("WebSocket")) {
        this.troubles.push(told.text());
      }
    });
    context.on("request", (request) => {
      const own = [this.address, `ws://${this.server.endpoint}/`];
      if (!own.some((each) => request.url().startsWith(each))) {
        this.troubles.push(`a request went elsewhere: ${request.url()}`);
      }
    });
    return await context.newPage();
  }

  /** A tab that is logged in, of this size and scheme: the one of an earlier test, if it is open. */
  async tab(width = 1280, scheme: Scheme = "light", token = this.token): Promise<Page> {
    const kind = `${width} ${scheme} ${token}`;
    const known = this.#tabs.get(kind);
    const page = known === undefined ? await this.blank(width, scheme) : await openAgain(known);
    this.#tabs.set(kind, page);
    await page.goto(`${this.address}#/default/settings`);
    if (known === undefined) {
      await this.logIn(page, token);
    }
    await page.getByText("live", { exact: true }).waitFor();
    return page;
  }

  async logIn(page: Page, token: string): Promise<void> {
    await page.getByLabel("Or paste a token").fill(token);
    await page.keyboard.press("Enter");
  }

  /** The screen at this place; not before it is the one that is shown, with what it loads. */
  async open(page: Page, place: string, namespace = "default"): Promise<void> {
    await page.goto(`${this.address}#/${namespace}/${place}`);
    await page.waitForFunction(() => globalThis.heardPlace === location.hash);
    await page.locator("h1").first().waitFor();
    await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  }
}

/** The tab with nothing of before on it. Who closes it gets another one of the same profile. */
async function openAgain(page: Page): Promise<Page> {
  const again = page.isClosed() ? await page.context().newPage() : page;
  await again.goto("about:blank");
  return again;
}

/** What axe calls serious on the page as it is, each with the element; by one rule, or by all. */
export async function seriousOf(page: Page, rule?: string): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) {
    await page.evaluate(AXE);
  }
  // Judged within the page: the whole of what axe tells takes longer to travel than to find.
  return await page.evaluate(async (only) => {
    const rules = only === undefined ? {} : { runOnly: [only] };
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...rules });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  }, rule);
}

/** Nothing on the page is serious, once it shows what it should. */
export async function isFair(page: Page): Promise<void> {
  await becomes(() => seriousOf(page), []);
}

/** What cannot be read in the other scheme, of light and dark; nothing else differs there. */
export async function unreadableIn(page: Page, colorScheme: Scheme): Promise<string[]> {
  await page.emulateMedia({ colorScheme });
  const found = await seriousOf(page, "color-contrast");
  await page.emulateMedia({ colorScheme: null });
  return found;
}

/** A test that cannot begin leaves no process behind. */
async function bothOrNone(
  server: Promise<ServerProcess>,
  browser: Promise<Browser>,
): Promise<[ServerProcess, Browser]> {
  try {
    return await Promise.all([server, browser]);
  } catch (error) {
    await Promise.allSettled([
      server.then((made) => made.stop()),
      browser.then((made) => made.close()),
    ]);
    throw error;
  }
}
