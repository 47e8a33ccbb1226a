/** The types of options take `null` wherever the calls do: it is the same as leaving them out. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ActionWorker } from "../dist/worker/action-worker.js";
import { QueueWorker } from "../dist/worker/queue-worker.js";
import { StreamWorker } from "../dist/worker/stream-worker.js";
import { primitives } from "./primitive-cases.js";
import { Recorder } from "./recorder.js";
import { setUp } from "./setup.js";

const PACKAGES = fileURLToPath(new URL("../../", import.meta.url));
/** Where no options of this SDK are: what is Node's, what travels, what is within. */
const NO_OPTIONS = [
  "core/src/api/workflow/filters.ts",
  "core/src/base/errors.ts",
  "core/src/base/typed.ts",
  "node/src/tcp.ts",
  "node/src/address.ts",
];
const WITHIN = ["wait", "waits_for", "logger", "quietMsMax", "nodesTotal", "add", "methods"];
const OPTIONAL = /^ {2}readonly (\w+)\?: ([^;(]+(?:\(.*\).*)?);$/gm;

test("every optional setting is of a type that has null", () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const name of ["core", "node", "web"]) {
    const source = join(PACKAGES, name, "src");
    for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
      const path = relative(PACKAGES, join(source, file));
      if (!file.endsWith(".ts") || file.includes("generated") || NO_OPTIONS.includes(path)) {
        continue;
      }
      for (const [, option, type] of readFileSync(join(source, file), "utf8").matchAll(OPTIONAL)) {
        seen += 1;
        const takesNull = type === "unknown" || type?.endsWith("| null | undefined");
        if (!takesNull && !WITHIN.includes(String(option))) {
          wrong.push(`${path}: ${option}: ${type}`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(seen > 200, `${seen} options`);
});

const EVERY = { namespace: null, timeoutMs: null, signal: null } as const;

test("a call with null options compiles, and asks what it asks without them", async () => {
  const caller = new Recorder();
  const { kv, queue, action, stream } = primitives(caller);
  caller.answers.push({ version: 1n }, { messages: [] }, { runId: "r" });
  await kv.put("k", "v", { ttlMs: null, casVersion: null, ifNotExists: null, ...EVERY });
  assert.deepEqual(Object.keys(caller.lastFields).sort(), ["key", "value"]);
  await queue.dequeue("q", 1, { blockMs: null, ackMode: null, ...EVERY });
  await action.invoke("a", "x", { key: null, debounceKey: null, labels: null, ...EVERY });
  kv.watch("k", { prefix: null, fromVersion: null, ...EVERY }).close();
  stream.follow("s", { from: null, offset: null, tail: null, ...EVERY }).close();
});

test("so do a client and workers", async () => {
  const retry = { initialDelayMs: null, maxDelayMs: null, multiplier: null, jitter: null };
  const { client } = setUp(undefined, { namespace: null, token: null, retry, logger: null });
  const source = { open: () => client, isOwned: false };
  const every = { namespace: null, concurrency: null, blockMs: null, autoTouch: null } as const;
  const more = { ...every, drainTimeoutMs: null, messageTimeoutMs: null } as const;
  assert.match(new ActionWorker(source, { ...every, workerId: null }).workerId, /^worker-/);
  assert.deepEqual(new QueueWorker(source, { ...more, queue: null, handler: null }).queues, []);
  const handler = () => undefined;
  const stream = { ...more, stream: "s", group: "g", handler, consumer: null, batchSize: null };
  assert.equal(new StreamWorker(source, stream).stream, "s");
});
