/**
 * The pictures of the README and the documents, taken from a shop that lives: `make pictures`. They are
 * of what is there, or this test fails.
 */

import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { environment, Process, python } from "@floruntime/testing";
import type { Page } from "playwright-core";

import { ConsolePlace } from "./console-place.js";

const PICTURES = process.env["PICTURES"];
const skip = PICTURES === undefined ? "pictures are taken by: make pictures" : false;
const SHOP_MS = 30_000;

test("the pictures of a shop that lives", { skip, timeout: 180_000 }, async () => {
  const place = await ConsolePlace.start();
  const address = `flo://${place.token}@${place.server.endpoint}`;
  const shop = new Process(python(), ["examples/shop.py", address], environment());
  try {
    mkdirSync(PICTURES as string, { recursive: true });
    const page = await place.tab();
    const dark = await place.tab(1280, "dark");
    const phone = await place.tab(390, "dark");
    const shops = (tab: Page, where: string) => place.open(tab, where, "shop");
    await shops(page, "overview");
    await page.waitForTimeout(SHOP_MS);
    await page.getByText("dead letters").waitFor();
    await taken(page, "overview-light");
    await shops(page, "workflows");
    await page.getByRole("button", { name: /^completed [1-9]/ }).waitFor();
    await taken(page, "workflows-light");
    await shops(page, "workflows?status=failed,cancelled");
    await page.locator(".line .cell a").first().click();
    await page.getByText("Timeline").waitFor();
    await taken(page, "run-light", 1_240);
    await shops(dark, "queues/mails");
    await dark.getByText("mailbox full").first().waitFor();
    await taken(dark, "queue-dark");
    await shops(dark, "actions/names/take-payment");
    await dark.getByText("1 per key").waitFor();
    await taken(dark, "limits-dark");
    await shops(phone, "overview");
    await phone.getByText("oldest message").waitFor();
    await taken(phone, "phone-dark");
  } finally {
    await shop.kill();
    await place.stop();
  }
});

async function taken(page: Page, name: string, height = 860): Promise<void> {
  const { width } = page.viewportSize() ?? { width: 1280 };
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${PICTURES}/console-${name}.png` });
}
