// The console of one node: it enqueues, waits for a line (meanwhile another node dies), enqueues again.
import { once } from "node:events";

import { launch } from "../../js/browser/build/chromium.js";

const [link, queue] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(150_000);
  await page.goto(link);
  await page.getByText("live", { exact: true }).waitFor();
  await page.goto(`${new URL(link).origin}/#/default/queues/${queue}`);
  const enqueue = async (payload) => {
    await page.getByRole("button", { name: "Enqueue…" }).click();
    await page.locator("textarea[name=payload]").fill(payload);
    await page.getByRole("button", { name: "Enqueue", exact: true }).click();
    await page.locator("summary", { hasText: payload }).waitFor();
    console.log(payload);
  };
  await enqueue("before");
  await once(process.stdin, "data");
  await enqueue("after");
  await page.goto(`${new URL(link).origin}/#/default/settings/cluster`);
  await page.getByText("lost", { exact: true }).waitFor();
  console.log("lost");
} finally {
  await browser.close();
}
process.exit(0);
