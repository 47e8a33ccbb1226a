/** Every snippet of the page that describes this SDK runs, and says what it should. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { FloClient } from "@floruntime/node";
import { environment, Process, ServerProcess } from "@floruntime/testing";

const BUILD = fileURLToPath(new URL("../../../snippets/build/", import.meta.url));

let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start();
});
after(() => server.stop());

/** The snippet's lines, run against the test's server instead of the page's. */
async function linesOf(name: string): Promise<string[]> {
  const source = readFileSync(`${BUILD}${name}.js`, "utf8")
    .replaceAll("localhost:9000", server.endpoint)
    .replaceAll("wss://flo.example.com/ws", `ws://${server.endpoint}/ws`);
  const path = `${BUILD}run-${name}.mjs`;
  writeFileSync(path, source);
  const flags = ["--no-warnings", "--experimental-websocket"];
  const running = new Process(process.execPath, [...flags, path], environment());
  assert.equal(await running.ended(), 0, running.lines.join("\n"));
  // A worker warns of a run that was cancelled under its hands; whether it was is a matter of moments.
  return running.lines.filter((line) => !line.includes("did not take its result"));
}

const EXPECTED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "quick-start-node": [
    "Hello, Flo!",
    'working on {"task":"process"}',
    "{ ready: 0, leased: 0, ackedTotal: 1 }",
  ],
  "quick-start-web": ['{"dark":1}', "hello", "anybody there?"],
  kv: [
    "null",
    /exclude each other/,
    "[ 'user:ada' ]",
    "[ [ 3n, true ], [ 2n, false ], [ 1n, false ] ]",
  ],
  queue: ["bigint", "true 1", "[ 'nacked' ]", "{ ready: 1, leased: 0, dead: 0, ackedTotal: 1 }"],
  stream: ["0 0n", "[ 'user-123' ]", "{ pending: 0, lag: 0 }"],
  action: ["true", "pending"],
  "action-worker": ['completed {"status":"done","result":"cat.png, made smaller"}'],
  workflow: [
    "process-order v1: created",
    "unchanged",
    /^wfrun-\d+$/,
    "process-order",
    "1",
    "waiting",
    "approve",
    '{"orderId":"ORD-123","amount":99.99} approval_decision',
    "bigint bigint undefined",
    "completed",
    /^\[\d{13}\] workflow_started: /,
    /^\[\d{13}\] step_started: /,
    /^\[\d{13}\] awaiting_action: /,
    /^\[\d{13}\] action_completed: /,
    /^\[\d{13}\] step_completed: /,
    /^\[\d{13}\] step_started: /,
    /^\[\d{13}\] waiting_for_signal: .*approval_decision/,
    /^\[\d{13}\] signal_received: /,
    /^\[\d{13}\] signal_matched: /,
    /^\[\d{13}\] step_completed: /,
    /^\[\d{13}\] workflow_completed: /,
    "cancelled",
    /^wfrun-\d+ — cancelled \(\d{13}\)$/,
    /^wfrun-\d+ — completed \(\d{13}\)$/,
    "process-order v1",
    "true",
    /process-order.*disabled/,
  ],
};

test("every snippet is expected to say something", () => {
  const names = readdirSync(BUILD).filter((name) => name.endsWith(".js"));
  assert.deepEqual(
    names.map((name) => name.replace(/\.js$/, "")).sort(),
    Object.keys(EXPECTED).sort(),
  );
});

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`the snippet ${name}`, async () => {
    if (name === "quick-start-web") {
      const backend = new FloClient(server.endpoint, { namespace: name });
      await backend.kv.put("config:flags", '{"dark":1}');
      await backend.close();
    }
    const lines = await linesOf(name);
    for (const [index, wanted] of expected.entries()) {
      const line = lines[index] ?? "";
      if (typeof wanted === "string") {
        assert.equal(line, wanted, lines.join("\n"));
      } else {
        assert.match(line, wanted, lines.join("\n"));
      }
    }
    assert.equal(lines.length, expected.length, lines.join("\n"));
  });
}
