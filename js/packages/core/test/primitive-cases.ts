/** Calls of every method of every primitive, and the requests that they make of their arguments. */

import { Action } from "../dist/api/action/action.js";
import { LeaseMemory } from "../dist/api/base/leases.js";
import { Page } from "../dist/api/base/page.js";
import { Console } from "../dist/api/console.js";
import { Jobs } from "../dist/api/jobs.js";
import { Kv } from "../dist/api/kv/kv.js";
import { Namespaces } from "../dist/api/namespaces.js";
import { Queue } from "../dist/api/queue/queue.js";
import { Stream } from "../dist/api/stream/stream.js";
import { Tokens } from "../dist/api/tokens.js";
import { Worker } from "../dist/api/worker/worker.js";
import { Workflow } from "../dist/api/workflow/workflow.js";
import { ActionType, RunStatus, type Task } from "../dist/wire/messages.generated.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { BULK_CASES } from "./bulk-cases.js";
import type { Recorder } from "./recorder.js";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const ID = new StreamID(5n, 0n);
export const TASK = { runId: "run-1", lease: 9n, action: "a" } as Task;

const SYNCED = { name: "w", version: "1", action: "created", warnings: [] };
const DEFINITION = { name: "w", version: "1", enabled: true, createdAtMs: 5n, description: null };
const DEFINED = { name: "w", version: "1", enabled: true, created_at: 5n, description: undefined };
const RUN = {
  runId: "wf-1",
  workflow: "w",
  version: "1",
  status: "waiting",
  currentStep: "approve",
  input: bytes("{}"),
  output: null,
  error: null,
  createdAtMs: 5n,
  startedAtMs: 6n,
  completedAtMs: null,
  waitSignal: "go",
  parentRunId: null,
  searchAttributes: { amount: 5 },
  terminal: null,
  waitsFor: { kind: "signal", text: "the signal 'go'" },
};
const RUN_SHOWN = {
  run_id: "wf-1",
  workflow: "w",
  version: "1",
  status: "waiting",
  current_step: "approve",
  input: bytes("{}"),
  output: undefined,
  error: undefined,
  created_at: 5n,
  started_at: 6n,
  completed_at: undefined,
  wait_signal: "go",
  parent_run_id: undefined,
  search_attributes: { amount: 5 },
  terminal: undefined,
  waits_for: { kind: "signal", text: "the signal 'go'" },
};
const EVENT = { sequence: 1n, type: "t", detail: "d", step: null, timestampMs: 5n, runId: "run-1" };
const EVENT_SHOWN = {
  ...{ sequence: 1n, type: "t", detail: "d", step: undefined, timestamp: 5n, run_id: "run-1" },
};
const VERSION_INFO = { version: "2", createdAtMs: 7n, current: true, description: null };
const SCHEDULE = {
  ...{ name: "w", cron: null, intervalMs: 5, timezone: "UTC", paused: false, enabled: true },
  ...{ nextRunAtMs: 5n, lastRunAtMs: null, lastRunId: null, running: 0, skippedTotal: 1 },
};
const SCHEDULE_SHOWN = {
  ...{ name: "w", cron: undefined, interval_ms: 5, timezone: "UTC", paused: false, enabled: true },
  ...{ next_run_at: 5n, last_run_at: undefined, last_run_id: undefined },
  ...{ running: 0, skipped_total: 1 },
};

export interface Primitives {
  readonly kv: Kv;
  readonly queue: Queue;
  readonly stream: Stream;
  readonly action: Action;
  readonly worker: Worker;
  readonly workflow: Workflow;
  readonly jobs: Jobs;
  readonly namespaces: Namespaces;
  readonly tokens: Tokens;
  readonly console: Console;
}

const TOKEN = {
  id: "abc",
  role: "web",
  namespaces: [],
  createdAtMs: 1n,
  expiresAtMs: null,
  revokedAtMs: null,
  description: null,
  scopes: ["read:kv:a"],
};

export function primitives(caller: Recorder): Primitives {
  return {
    kv: new Kv(caller),
    queue: new Queue(caller, new LeaseMemory()),
    stream: new Stream(caller, new LeaseMemory()),
    action: new Action(caller),
    worker: new Worker(caller),
    workflow: new Workflow(caller),
    jobs: new Jobs(caller),
    namespaces: new Namespaces(caller),
    tokens: new Tokens(caller),
    console: new Console(caller),
  };
}

export type Case = readonly [
  call: (client: Primitives) => Promise<unknown>,
  name: string,
  fields: object,
  answer?: unknown,
  result?: unknown,
];

const EMPTY = { items: [], cursor: null };
const NO_MESSAGES = { messages: [], cursor: null, hasMore: false };
const NO_RECORDS = { records: [], nextAfter: null };

export const CASES: readonly Case[] = [
  ...BULK_CASES,
  // KV
  [({ kv }) => kv.get("k"), "KvGet", { key: "k" }],
  [({ kv }) => kv.get("k", { blockMs: 5 }), "KvGet", { key: "k", blockMs: 5 }],
  [({ kv }) => kv.entry("k"), "KvGetEntry", { key: "k" }],
  [({ kv }) => kv.put("k", "v"), "KvPut", { key: "k", value: bytes("v") }],
  [
    ({ kv }) => kv.put("k", bytes("v"), { ttlMs: 5, casVersion: 7n, ifExists: true }),
    "KvPut",
    { key: "k", value: bytes("v"), ttlMs: 5, casVersion: 7n, ifExists: true },
  ],
  [
    ({ kv }) => kv.put("k", "", { ttlSeconds: 1.5, ifNotExists: true }),
    "KvPut",
    { key: "k", value: bytes(""), ttlMs: 1_500, ifNotExists: true },
  ],
  [({ kv }) => kv.set("k", "v"), "KvPut", { key: "k", value: bytes("v") }],
  [({ kv }) => kv.delete("k", { ifMatch: 7n }), "KvDelete", { key: "k", casVersion: 7n }],
  [({ kv }) => kv.delete("k", { casVersion: 7 }), "KvDelete", { key: "k", casVersion: 7 }],
  [({ kv }) => kv.delete("k", { purge: true }), "KvDelete", { key: "k", purge: true }],
  [({ kv }) => kv.scan(), "KvScan", { prefix: "" }],
  [
    ({ kv }) => kv.scan("user:", { limit: 5, cursor: "c", keysOnly: true }),
    "KvScan",
    { prefix: "user:", limit: 5, cursor: "c", keysOnly: true },
  ],
  [({ kv }) => kv.history("k", { limit: 3 }), "KvHistory", { key: "k", limit: 3 }],
  [({ kv }) => kv.mget(new Set(["a", "b"])), "KvMget", { keys: ["a", "b"] }],
  [({ kv }) => kv.incr("k"), "KvIncr", { key: "k", delta: 1 }, 1n, 1n],
  [({ kv }) => kv.incr("k", { delta: 10n }), "KvIncr", { key: "k", delta: 10n }],
  [({ kv }) => kv.incr("k", {}), "KvIncr", { key: "k", delta: 1 }],
  [({ kv }) => kv.incr("k", -5n), "KvIncr", { key: "k", delta: -5n }],
  [({ kv }) => kv.touch("k", { ttlMs: 0 }), "KvTouch", { key: "k", ttlMs: 0 }],
  [({ kv }) => kv.touch("k", { ttlSeconds: 2 }), "KvTouch", { key: "k", ttlMs: 2_000 }],
  [
    ({ kv }) => kv.touch("k", { ttlSeconds: 2n, ifMatch: 3n }),
    "KvTouch",
    { key: "k", ttlMs: 2_000, casVersion: 3n },
  ],
  [({ kv }) => kv.persist("k", { ifMatch: 1n }), "KvTouch", { key: "k", ttlMs: 0, casVersion: 1n }],
  [
    ({ kv }) => kv.persist("k", { casVersion: 1n }),
    "KvTouch",
    { key: "k", ttlMs: 0, casVersion: 1n },
  ],
  [({ kv }) => kv.exists("k"), "KvExists", { key: "k" }],
  [
    ({ kv }) => kv.jsonGet("k", "$.a"),
    "KvJsonGet",
    { key: "k", path: "$.a" },
    bytes('{"b": 1}'),
    { b: 1 },
  ],
  [({ kv }) => kv.jsonGet("k"), "KvJsonGet", { key: "k", path: "$" }, null, null],
  [
    ({ kv }) => kv.jsonSet("k", "$.a", { namespace: "is a name like any other" }),
    "KvJsonSet",
    { key: "k", path: "$.a", value: bytes('{"namespace":"is a name like any other"}') },
  ],
  [({ kv }) => kv.jsonDel("k"), "KvJsonDel", { key: "k", path: "$" }],
  // Queues
  [
    ({ queue }) => queue.enqueue("q", "p"),
    "QueueEnqueue",
    { queue: "q", payloads: [bytes("p")] },
    [7n],
    7n,
  ],
  [
    ({ queue }) => queue.enqueue("q", "p", { priority: 1, delayMs: 2, dedupKey: "d" }),
    "QueueEnqueue",
    { queue: "q", payloads: [bytes("p")], priority: 1, delayMs: 2, dedupKey: "d" },
    [7n],
  ],
  [
    ({ queue }) => queue.enqueueMany("q", ["a", bytes("b")], { priority: 1, delayMs: 2 }),
    "QueueEnqueue",
    { queue: "q", payloads: [bytes("a"), bytes("b")], priority: 1, delayMs: 2 },
    [7n, 8n],
    [7n, 8n],
  ],
  [
    ({ queue }) => queue.dequeue("q"),
    "QueueDequeue",
    { queue: "q", count: 1, onDelivery: false },
    NO_MESSAGES,
    NO_MESSAGES,
  ],
  [
    ({ queue }) =>
      queue.dequeue("q", 10, { visibilityTimeoutMs: 5, blockMs: 6, ackMode: "on_delivery" }),
    "QueueDequeue",
    { queue: "q", count: 10, visibilityTimeoutMs: 5, blockMs: 6, onDelivery: true },
    NO_MESSAGES,
  ],
  [
    ({ queue }) => queue.push("q", "p", { priority: 1 }),
    "QueueEnqueue",
    { queue: "q", payloads: [bytes("p")], priority: 1 },
    [7n],
    7n,
  ],
  [
    ({ queue }) => queue.pop("q", 2),
    "QueueDequeue",
    { queue: "q", count: 2, onDelivery: false },
    NO_MESSAGES,
  ],
  [
    ({ queue }) => queue.ack("q", [1n, 2]),
    "QueueAck",
    { queue: "q", seqs: [1n, 2n], leases: [0n, 0n] },
  ],
  [
    ({ queue }) => queue.nack("q", 1n, { toDlq: true, delayMs: 5, release: false, error: "e" }),
    "QueueNack",
    { queue: "q", seqs: [1n], leases: [0n], toDlq: true, delayMs: 5, release: false, error: "e" },
  ],
  [
    ({ queue }) => queue.touch("q", new Set([1]), { extendMs: 5 }),
    "QueueTouch",
    { queue: "q", seqs: [1n], leases: [0n], extendMs: 5 },
  ],
  [({ queue }) => queue.peek("q", 2), "QueuePeek", { queue: "q", count: 2 }],
  [
    ({ queue }) => queue.dlqList("q", { limit: 2, cursor: "c" }),
    "QueueDlqList",
    { queue: "q", limit: 2, cursor: "c" },
  ],
  [({ queue }) => queue.dlqRequeue("q", [1n]), "QueueDlqRequeue", { queue: "q", seqs: [1n] }],
  [({ queue }) => queue.dlqDelete("q", [1n]), "QueueDlqDelete", { queue: "q", seqs: [1n] }],
  [({ queue }) => queue.dlqPurge("q"), "QueueDlqPurge", { queue: "q" }],
  [({ queue }) => queue.pause("q"), "QueuePause", { queue: "q", paused: true }],
  [({ queue }) => queue.resume("q"), "QueuePause", { queue: "q", paused: false }],
  [({ queue }) => queue.promote("q", [1n]), "QueuePromote", { queue: "q", seqs: [1n] }],
  [({ queue }) => queue.purge("q"), "QueuePurge", { queue: "q" }],
  [
    ({ queue }) => queue.configure("q", { maxAttempts: 3, dlqLimit: null }),
    "QueueConfigure",
    { queue: "q", maxAttempts: 3 },
  ],
  [({ queue }) => queue.stats("q"), "QueueGetStats", { queue: "q" }],
  [({ queue }) => queue.list({ limit: 5 }), "QueueList", { limit: 5 }, EMPTY, new Page([], null)],
  [({ queue }) => queue.delete("q"), "QueueDelete", { queue: "q" }],
  // Streams
  [
    ({ stream }) => stream.append("s", "p", { partitionKey: "k", headers: { a: "b" } }),
    "StreamAppend",
    { stream: "s", payloads: [bytes("p")], partitionKey: "k", headers: { a: "b" } },
    [{ partition: 1 }],
    { partition: 1 },
  ],
  [
    ({ stream }) => stream.appendMany("s", ["a", "b"], { partition: 2 }),
    "StreamAppend",
    { stream: "s", payloads: [bytes("a"), bytes("b")], partition: 2 },
    [{}, {}],
    [{}, {}],
  ],
  [({ stream }) => stream.read("s"), "StreamRead", { stream: "s" }, NO_RECORDS],
  [
    ({ stream }) => stream.read("s", { fromBeginning: true }),
    "StreamRead",
    { stream: "s", start: "0" },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.read("s", { from: 5n, to: 6 }),
    "StreamRead",
    { stream: "s", start: "5-0", end: "6-18446744073709551615" },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.read("s", { from: ID, to: "6-0" }),
    "StreamRead",
    { stream: "s", start: "5-0", end: "6-0" },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.read("s", { start: ID, end: "6-0", tail: false, limit: 3, blockMs: 5 }),
    "StreamRead",
    { stream: "s", start: "5-0", end: "6-0", tail: false, limit: 3, blockMs: 5 },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.read("s", { after: "$", offset: 5n, partition: 1, partitionKey: "k" }),
    "StreamRead",
    { stream: "s", after: "$", offset: 5n, partition: 1, partitionKey: "k" },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.create("s", { partitions: 2, maxAgeMs: 3, maxRecords: 4, maxBytes: 5 }),
    "StreamCreate",
    { stream: "s", partitions: 2, maxAgeMs: 3, maxRecords: 4, maxBytes: 5 },
  ],
  [
    ({ stream }) => stream.alter("s", { maxAgeMs: null, maxRecords: 5 }),
    "StreamAlter",
    { stream: "s", maxAgeMs: null, maxRecords: 5, maxBytes: null, unchanged: ["max_bytes"] },
  ],
  [({ stream }) => stream.info("s"), "StreamGetInfo", { stream: "s" }],
  [({ stream }) => stream.list(), "StreamList", {}, EMPTY, new Page([], null)],
  [
    ({ stream }) => stream.trim("s", { maxRecords: 1, before: ID, dryRun: true }),
    "StreamTrim",
    { stream: "s", maxRecords: 1, before: "5-0", dryRun: true },
  ],
  [
    ({ stream }) => stream.delete("s", { force: true }),
    "StreamDelete",
    { stream: "s", force: true },
  ],
  [
    ({ stream }) =>
      stream.groupConfigure("s", "g", {
        maxDeliver: 2,
        retryDelayMs: 5,
        retryBackoff: "exponential",
        retryDelayMaxMs: 7,
      }),
    "GroupConfigure",
    {
      stream: "s",
      group: "g",
      maxDeliver: 2,
      retryDelayMs: 5,
      retryBackoff: "exponential",
      retryDelayMaxMs: 7,
    },
  ],
  [
    ({ stream }) =>
      stream.groupCreate("s", "g", {
        start: "$",
        mode: "key_shared",
        ackTimeoutMs: 1,
        maxDeliver: 2,
        consumerTimeoutMs: 3,
      }),
    "GroupCreate",
    {
      stream: "s",
      group: "g",
      start: "$",
      mode: "key_shared",
      ackTimeoutMs: 1,
      maxDeliver: 2,
      consumerTimeoutMs: 3,
    },
  ],
  [
    ({ stream }) => stream.groupJoin("s", "g", "c"),
    "GroupJoin",
    { stream: "s", group: "g", consumer: "c" },
  ],
  [
    ({ stream }) => stream.groupLeave("s", "g", "c"),
    "GroupLeave",
    { stream: "s", group: "g", consumer: "c" },
  ],
  [({ stream }) => stream.groupDelete("s", "g"), "GroupDelete", { stream: "s", group: "g" }],
  [
    ({ stream }) => stream.groupSeek("s", "g", { start: ID }),
    "GroupSeek",
    { stream: "s", group: "g", start: "5-0" },
  ],
  [({ stream }) => stream.groupInfo("s", "g"), "GroupGetInfo", { stream: "s", group: "g" }],
  [({ stream }) => stream.groupList("s"), "GroupList", { stream: "s" }, EMPTY],
  [
    ({ stream }) =>
      stream.groupRead("s", { group: "g", consumer: "c", limit: 2, blockMs: 3, noAck: true }),
    "GroupRead",
    { stream: "s", group: "g", consumer: "c", limit: 2, blockMs: 3, noAck: true },
    NO_RECORDS,
  ],
  [
    ({ stream }) => stream.groupAck("s", [ID, "6-0"], { group: "g" }),
    "GroupAck",
    { stream: "s", group: "g", ids: [ID, new StreamID(6n, 0n)], leases: [0n, 0n] },
  ],
  [
    ({ stream }) =>
      stream.groupNack("s", ID, {
        group: "g",
        consumer: "c",
        delayMs: 5,
        error: "e",
        release: true,
      }),
    "GroupNack",
    {
      stream: "s",
      group: "g",
      consumer: "c",
      ids: [ID],
      leases: [0n],
      delayMs: 5,
      error: "e",
      release: true,
    },
  ],
  [
    ({ stream }) => stream.groupNack("s", ID, { group: "g", redeliveryDelayMs: 7n }),
    "GroupNack",
    { stream: "s", group: "g", ids: [ID], leases: [0n], delayMs: 7n },
  ],
  [
    ({ stream }) => stream.groupTouch("s", ID, { group: "g", extendMs: 5 }),
    "GroupTouch",
    { stream: "s", group: "g", ids: [ID], leases: [0n], extendMs: 5 },
  ],
  [
    ({ stream }) => stream.groupPending("s", "g", { consumer: "c", limit: 5 }),
    "GroupPending",
    { stream: "s", group: "g", consumer: "c", limit: 5 },
    EMPTY,
  ],
  [({ stream }) => stream.groupDead("s", "g"), "GroupDead", { stream: "s", group: "g" }, EMPTY],
  [
    ({ stream }) => stream.groupClaim("s", { group: "g", consumer: "c", minIdleMs: 5, limit: 6 }),
    "GroupClaim",
    { stream: "s", group: "g", consumer: "c", minIdleMs: 5, limit: 6 },
    NO_RECORDS,
  ],
  // Actions
  [({ action }) => action.register("a"), "ActionRegister", { name: "a", type: "user" }],
  [
    ({ action }) =>
      action.register("a", ActionType.User, {
        timeoutMs: 1,
        maxRetries: 2,
        retryDelayMs: 3,
        runTimeoutMs: 4,
        description: "d",
        retentionMs: 5,
      }),
    "ActionRegister",
    {
      name: "a",
      type: "user",
      timeoutMs: 1,
      maxRetries: 2,
      retryDelayMs: 3,
      runTimeoutMs: 4,
      description: "d",
      retentionMs: 5,
    },
  ],
  [({ action }) => action.invoke("a"), "ActionInvoke", { name: "a", payload: bytes("") }],
  [
    ({ action }) =>
      action.invoke("a", "p", {
        priority: 1,
        delayMs: 2,
        idempotencyKey: "i",
        labels: { a: "b" },
        callerRunId: "c",
        create: true,
      }),
    "ActionInvoke",
    {
      name: "a",
      payload: bytes("p"),
      priority: 1,
      delayMs: 2,
      idempotencyKey: "i",
      labels: { a: "b" },
      callerRunId: "c",
      create: true,
    },
  ],
  [
    ({ action }) => action.invoke("a", "p", { labels: '{"gpu": "yes"}' }),
    "ActionInvoke",
    { name: "a", payload: bytes("p"), labels: { gpu: "yes" } },
  ],
  [({ action }) => action.status("run-1"), "ActionStatus", { runId: "run-1" }],
  [({ action }) => action.wait("run-1"), "ActionStatus", { runId: "run-1", blockMs: 30_000 }],
  [
    ({ action }) => action.wait("run-1", { blockMs: 5 }),
    "ActionStatus",
    { runId: "run-1", blockMs: 5 },
  ],
  [
    ({ action }) => action.cancel("run-1", { reason: "why" }),
    "ActionCancel",
    { runId: "run-1", reason: "why" },
  ],
  [({ action }) => action.get("a"), "ActionGet", { name: "a" }],
  [({ action }) => action.delete("a", { force: true }), "ActionDelete", { name: "a", force: true }],
  [({ action }) => action.enable("a"), "ActionEnable", { name: "a", enabled: true }],
  [({ action }) => action.disable("a"), "ActionEnable", { name: "a", enabled: false }],
  [({ action }) => action.list({ prefix: "p" }), "ActionList", { prefix: "p" }, EMPTY],
  [({ action }) => action.listRuns(), "ActionListRuns", {}, EMPTY],
  [
    ({ action }) => action.listRuns("a", { status: RunStatus.TimedOut, limit: 5 }),
    "ActionListRuns",
    { name: "a", status: "timed_out", limit: 5 },
    EMPTY,
  ],
  // Workers
  [
    ({ worker }) =>
      worker.register("w", ["a"], { concurrency: 2, labels: { l: "1" }, metadata: { m: "2" } }),
    "WorkerRegister",
    { workerId: "w", actions: ["a"], concurrency: 2, labels: { l: "1" }, metadata: { m: "2" } },
  ],
  [
    ({ worker }) =>
      worker.register("w", ["a"], { maxConcurrency: 2, metadata: "text", machineId: "m" }),
    "WorkerRegister",
    {
      workerId: "w",
      actions: ["a"],
      concurrency: 2,
      metadata: { text: "text", machineId: "m" },
    },
  ],
  [
    ({ worker }) => worker.heartbeat("w", { running: ["run-2", TASK] }),
    "WorkerHeartbeat",
    { workerId: "w", running: ["run-2", "run-1"] },
  ],
  [({ worker }) => worker.drain("w"), "WorkerDrain", { workerId: "w" }],
  [({ worker }) => worker.info("w"), "WorkerGetInfo", { workerId: "w" }],
  [({ worker }) => worker.deregister("w"), "WorkerDeregister", { workerId: "w" }],
  [({ worker }) => worker.list(), "WorkerList", {}, EMPTY],
  [
    ({ worker }) => worker.awaitTask("w", ["a"]),
    "WorkerAwait",
    { workerId: "w", actions: ["a"], count: 1, blockMs: 30_000 },
    [],
    null,
  ],
  [
    ({ worker }) => worker.awaitTask("w", ["a"], { blockMs: 0 }),
    "WorkerAwait",
    { workerId: "w", actions: ["a"], count: 1, blockMs: 0 },
    [TASK],
    TASK,
  ],
  [
    ({ worker }) => worker.awaitTasks("w", ["a"], { count: 5, blockMs: 6 }),
    "WorkerAwait",
    { workerId: "w", actions: ["a"], count: 5, blockMs: 6 },
    [TASK],
    [TASK],
  ],
  [
    ({ worker }) => worker.complete("w", TASK, "out", { outcome: "approved" }),
    "WorkerComplete",
    { workerId: "w", runId: "run-1", lease: 9n, output: bytes("out"), outcome: "approved" },
    null,
    undefined,
  ],
  [
    ({ worker }) => worker.fail("w", TASK, "broken", { retry: false }),
    "WorkerFail",
    { workerId: "w", runId: "run-1", lease: 9n, error: "broken", retry: false },
    null,
    undefined,
  ],
  [
    ({ worker }) => worker.touch("w", TASK, { extendMs: 5 }),
    "WorkerTouch",
    { workerId: "w", runId: "run-1", lease: 9n, extendMs: 5 },
    true,
    undefined,
  ],
  [
    ({ worker }) => worker.release("w", TASK),
    "WorkerRelease",
    { workerId: "w", runId: "run-1", lease: 9n },
  ],
  // Workflows
  [
    ({ workflow }) => workflow.sync("kind: Workflow"),
    "WorkflowSync",
    { documents: [bytes("kind: Workflow")] },
    [SYNCED],
    SYNCED,
  ],
  [
    ({ workflow }) => workflow.create("w", 'name: "w" # ours'),
    "WorkflowSync",
    { documents: [bytes('name: "w" # ours')] },
    [SYNCED],
    SYNCED,
  ],
  [
    ({ workflow }) => workflow.syncBytes(bytes("kind: Workflow")),
    "WorkflowSync",
    { documents: [bytes("kind: Workflow")] },
    [SYNCED],
    SYNCED,
  ],
  [
    ({ workflow }) => workflow.syncMany(["a", "b"]),
    "WorkflowSync",
    { documents: [bytes("a"), bytes("b")] },
    [SYNCED, SYNCED],
    [SYNCED, SYNCED],
  ],
  [({ workflow }) => workflow.validate("a"), "WorkflowValidate", { document: bytes("a") }, [], []],
  [
    ({ workflow }) => workflow.listDefinitions({ limit: 5 }),
    "WorkflowListDefinitions",
    { limit: 5 },
    { items: [DEFINITION], cursor: "c" },
    new Page([DEFINED], "c"),
  ],
  [
    ({ workflow }) => workflow.getDefinition("w", { version: "1" }),
    "WorkflowGetDefinition",
    { name: "w", version: "1" },
    null,
    null,
  ],
  [
    ({ workflow }) => workflow.use("w", "1"),
    "WorkflowUse",
    { name: "w", version: "1" },
    DEFINITION,
    DEFINED,
  ],
  [
    ({ workflow }) => workflow.disable("w"),
    "WorkflowEnable",
    { name: "w", enabled: false },
    DEFINITION,
    DEFINED,
  ],
  [
    ({ workflow }) => workflow.enable("w"),
    "WorkflowEnable",
    { name: "w", enabled: true },
    DEFINITION,
    DEFINED,
  ],
  [
    ({ workflow }) => workflow.start("w"),
    "WorkflowStart",
    { name: "w", input: bytes("null") },
    { runId: "wf-1", created: true },
    "wf-1",
  ],
  [
    ({ workflow }) =>
      workflow.start("w", { a: 1 }, { version: "1", idempotencyKey: "k", runId: "mine" }),
    "WorkflowStart",
    { name: "w", input: bytes('{"a":1}'), version: "1", idempotencyKey: "k", runId: "mine" },
    { runId: "mine", created: true },
    "mine",
  ],
  [({ workflow }) => workflow.status("wf-1"), "WorkflowGet", { runId: "wf-1" }, RUN, RUN_SHOWN],
  [
    ({ workflow }) => workflow.wait("wf-1"),
    "WorkflowGet",
    { runId: "wf-1", blockMs: 30_000 },
    RUN,
    RUN_SHOWN,
  ],
  [
    ({ workflow }) => workflow.signal("wf-1", "go", '{"a": 1}'),
    "WorkflowSignal",
    { runId: "wf-1", type: "go", data: bytes('{"a": 1}') },
    null,
    undefined,
  ],
  [
    ({ workflow }) => workflow.signal("wf-1", "go"),
    "WorkflowSignal",
    { runId: "wf-1", type: "go", data: bytes("") },
    null,
    undefined,
  ],
  [
    ({ workflow }) => workflow.cancel("wf-1", "why"),
    "WorkflowCancel",
    { runId: "wf-1", reason: "why" },
    RUN,
    RUN_SHOWN,
  ],
  [({ workflow }) => workflow.retry("wf-1"), "WorkflowRetry", { runId: "wf-1" }, RUN, RUN_SHOWN],
  [({ workflow }) => workflow.resume("wf-1"), "WorkflowResume", { runId: "wf-1" }, RUN, RUN_SHOWN],
  [
    ({ workflow }) => workflow.pause("wf-1", "why"),
    "WorkflowPause",
    { runId: "wf-1", reason: "why" },
    RUN,
    RUN_SHOWN,
  ],
  [
    ({ workflow }) => workflow.fork("wf-1", "ship", { input: { a: 1 }, newRunId: "n" }),
    "WorkflowFork",
    { runId: "wf-1", fromStep: "ship", input: bytes('{"a":1}'), newRunId: "n" },
    "n",
    "n",
  ],
  [
    ({ workflow }) => workflow.history("wf-1", { limit: 20 }),
    "WorkflowHistory",
    { runId: "wf-1", limit: 20 },
    { items: [EVENT], cursor: null, isFinished: true },
    new Page([EVENT_SHOWN], null),
  ],
  [
    ({ workflow }) =>
      workflow.listRuns({
        workflowName: "w",
        status: "timed_out",
        search: { amount: 99.99, vip: true, id: 2n ** 60n },
        limit: 5,
      }),
    "WorkflowListRuns",
    {
      workflowName: "w",
      status: "timed_out",
      search: { amount: 99.99, vip: true, id: 2n ** 60n },
      limit: 5,
    },
    { items: [RUN], cursor: null },
    new Page([RUN_SHOWN], null),
  ],
  [
    ({ workflow }) =>
      workflow.listRuns({ search: { amount: { gte: 100, lt: 2n ** 60n }, vip: true } }),
    "WorkflowListRuns",
    {
      search: { vip: true },
      searchRange: { name: "amount", bounds: { gte: 100, lt: 2n ** 60n } },
    },
    { items: [], cursor: null },
  ],
  [
    ({ workflow }) => workflow.listRuns({ statusFilter: "failed" }),
    "WorkflowListRuns",
    { status: "failed" },
    { items: [], cursor: null },
  ],
  [
    ({ workflow }) => workflow.schedules(),
    "WorkflowSchedules",
    {},
    { items: [SCHEDULE], cursor: null },
    new Page([SCHEDULE_SHOWN], null),
  ],
  [
    ({ workflow }) => workflow.pauseSchedule("w"),
    "WorkflowPauseSchedule",
    { name: "w", paused: true },
    SCHEDULE,
    SCHEDULE_SHOWN,
  ],
  [
    ({ workflow }) => workflow.resumeSchedule("w"),
    "WorkflowPauseSchedule",
    { name: "w", paused: false },
    SCHEDULE,
    SCHEDULE_SHOWN,
  ],
  [({ action }) => action.triggerSchedule("a"), "ActionTriggerSchedule", { name: "a" }, "r", "r"],
  [
    ({ workflow }) => workflow.listVersions("w", { limit: 2 }),
    "WorkflowListVersions",
    { name: "w", limit: 2 },
    { items: [VERSION_INFO], cursor: null },
    new Page([{ version: "2", created_at: 7n, current: true, description: undefined }], null),
  ],
  [
    ({ workflow }) => workflow.triggerSchedule("w"),
    "WorkflowTriggerSchedule",
    { name: "w" },
    "wf-2",
    "wf-2",
  ],
  // Namespaces
  [({ namespaces }) => namespaces.create("n"), "NamespaceCreate", { name: "n" }],
  [
    ({ namespaces }) => namespaces.configure("n", { kvHistory: 2, kvDeletedMs: 0 }),
    "NamespaceConfigure",
    { name: "n", kvHistory: 2, kvDeletedMs: 0 },
  ],
  [({ namespaces }) => namespaces.list(), "NamespaceList", {}, EMPTY],
  [
    ({ namespaces }) => namespaces.delete("n", { force: true }),
    "NamespaceDelete",
    { name: "n", force: true },
  ],
  // Tokens
  [
    ({ tokens }) => tokens.mint({ scopes: ["read:kv:a"], expiresMs: 5, namespaces: ["n"] }),
    "TokenMint",
    { scopes: ["read:kv:a"], expiresMs: 5, namespaces: ["n"] },
    { token: "flom_x", expiresAtMs: 7n },
  ],
  [
    ({ tokens }) => tokens.mint({ scopes: ["read:kv:a"] }),
    "TokenMint",
    { scopes: ["read:kv:a"] },
    { token: "t", expiresAtMs: 7n },
  ],
  [({ tokens }) => tokens.list({ limit: 3 }), "TokenList", { limit: 3 }, EMPTY],
  [({ tokens }) => tokens.revoke("abc"), "TokenRevoke", { id: "abc" }, TOKEN],
  [
    ({ tokens }) => tokens.whoami(),
    "WhoAmI",
    {},
    {
      role: "web",
      namespaces: ["n"],
      scopes: null,
      expiresAtMs: 7n,
      who: "token abc",
      isSession: false,
    },
  ],
  [({ console }) => console.logout(), "ConsoleLogout", {}, null, undefined],
];
