/** Every method of every primitive: which request it makes of its arguments. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Action } from "../dist/action.js";
import { BadRequestError, BadTypeError } from "../dist/errors.js";
import { Kv } from "../dist/kv.js";
import { LeaseMemory } from "../dist/leases.js";
import { ActionType, RunStatus, type Task } from "../dist/messages.generated.js";
import { Namespaces } from "../dist/namespaces.js";
import { Page } from "../dist/page.js";
import { Queue } from "../dist/queue.js";
import { Stream } from "../dist/stream.js";
import { StreamID } from "../dist/stream-id.js";
import { Worker } from "../dist/worker.js";
import { Workflow } from "../dist/workflow.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ID = new StreamID(5n, 0n);
const TASK = { runId: "run-1", lease: 9n, action: "a" } as Task;

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
};
const EVENT = { sequence: 1n, type: "t", detail: "d", step: null, timestampMs: 5n, runId: "run-1" };
const EVENT_SHOWN = {
  ...{ sequence: 1n, type: "t", detail: "d", step: undefined, timestamp: 5n, run_id: "run-1" },
};
const SCHEDULE = {
  ...{ name: "w", cron: null, intervalMs: 5, timezone: "UTC", paused: false, enabled: true },
  ...{ nextRunAtMs: 5n, lastRunAtMs: null, lastRunId: null, running: 0, skippedTotal: 1 },
};
const SCHEDULE_SHOWN = {
  ...{ name: "w", cron: undefined, interval_ms: 5, timezone: "UTC", paused: false, enabled: true },
  ...{ next_run_at: 5n, last_run_at: undefined, last_run_id: undefined },
  ...{ running: 0, skipped_total: 1 },
};

interface Primitives {
  readonly kv: Kv;
  readonly queue: Queue;
  readonly stream: Stream;
  readonly action: Action;
  readonly worker: Worker;
  readonly workflow: Workflow;
  readonly namespaces: Namespaces;
}

function primitives(caller: Recorder): Primitives {
  return {
    kv: new Kv(caller),
    queue: new Queue(caller, new LeaseMemory()),
    stream: new Stream(caller, new LeaseMemory()),
    action: new Action(caller),
    worker: new Worker(caller),
    workflow: new Workflow(caller),
    namespaces: new Namespaces(caller),
  };
}

type Case = readonly [
  call: (client: Primitives) => Promise<unknown>,
  name: string,
  fields: object,
  answer?: unknown,
  result?: unknown,
];

const EMPTY = { items: [], cursor: null };
const NO_MESSAGES = { messages: [], cursor: null, hasMore: false };
const NO_RECORDS = { records: [], nextAfter: null };

const CASES: readonly Case[] = [
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
  [({ kv }) => kv.delete("k", { casVersion: 7 }), "KvDelete", { key: "k", casVersion: 7 }],
  [({ kv }) => kv.scan(), "KvScan", { prefix: "" }],
  [
    ({ kv }) => kv.scan("user:", { limit: 5, cursor: "c", keysOnly: true }),
    "KvScan",
    { prefix: "user:", limit: 5, cursor: "c", keysOnly: true },
  ],
  [({ kv }) => kv.history("k", { limit: 3 }), "KvHistory", { key: "k", limit: 3 }],
  [({ kv }) => kv.mget(new Set(["a", "b"])), "KvMget", { keys: ["a", "b"] }],
  [({ kv }) => kv.incr("k"), "KvIncr", { key: "k", delta: 1 }, 1n, 1n],
  [({ kv }) => kv.incr("k", -5n), "KvIncr", { key: "k", delta: -5n }],
  [({ kv }) => kv.touch("k", { ttlMs: 0 }), "KvTouch", { key: "k", ttlMs: 0 }],
  [({ kv }) => kv.touch("k", { ttlSeconds: 2 }), "KvTouch", { key: "k", ttlMs: 2_000 }],
  [({ kv }) => kv.persist("k", { casVersion: 1n }), "KvTouch", { key: "k", ttlMs: 0, casVersion: 1n }],
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
  [({ queue }) => queue.ack("q", [1n, 2]), "QueueAck", { queue: "q", seqs: [1n, 2n], leases: [0n, 0n] }],
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
  [({ queue }) => queue.purge("q"), "QueuePurge", { queue: "q" }],
  [
    ({ queue }) => queue.configure("q", { maxAttempts: 3, dlqLimit: null }),
    "QueueConfigure",
    { queue: "q", maxAttempts: 3, retryDelayMs: 0, dlqLimit: null, dedupWindowMs: 300_000 },
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
  [({ stream }) => stream.delete("s", { force: true }), "StreamDelete", { stream: "s", force: true }],
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
      stream.groupNack("s", ID, { group: "g", consumer: "c", delayMs: 5, error: "e", release: true }),
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
    },
  ],
  [({ action }) => action.status("run-1"), "ActionStatus", { runId: "run-1" }],
  [({ action }) => action.wait("run-1"), "ActionStatus", { runId: "run-1", blockMs: 30_000 }],
  [({ action }) => action.wait("run-1", { blockMs: 5 }), "ActionStatus", { runId: "run-1", blockMs: 5 }],
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
    ({ worker }) => worker.heartbeat("w", { running: ["run-1"] }),
    "WorkerHeartbeat",
    { workerId: "w", running: ["run-1"] },
  ],
  [({ worker }) => worker.drain("w"), "WorkerDrain", { workerId: "w" }],
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
  [
    ({ workflow }) => workflow.triggerSchedule("w"),
    "WorkflowTriggerSchedule",
    { name: "w" },
    "wf-2",
    "wf-2",
  ],
  // Namespaces
  [({ namespaces }) => namespaces.create("n"), "NamespaceCreate", { name: "n" }],
  [({ namespaces }) => namespaces.list(), "NamespaceList", {}, EMPTY],
  [
    ({ namespaces }) => namespaces.delete("n", { force: true }),
    "NamespaceDelete",
    { name: "n", force: true },
  ],
];

for (const [call, name, fields, answer, result] of CASES) {
  test(`${name} is made of ${String(call).replace(/\s+/g, " ")}`, async () => {
    const caller = new Recorder();
    caller.answers.push(answer);
    const found = await call(primitives(caller));
    assert.equal(caller.last?.name, name);
    assert.deepEqual(caller.last?.fields, fields);
    const { blockMs } = fields as { blockMs?: number };
    assert.equal(caller.last?.blockMs, blockMs, "the time-out grows with the wait");
    if (result !== undefined) {
      assert.deepEqual(found, result);
    }
  });
}

test("every method of every primitive has its case, and takes a namespace and a signal", async () => {
  const recorder = new Recorder();
  const texts = CASES.map(([call]) => String(call)).join("\n");
  for (const [primitive, object] of Object.entries(primitives(recorder))) {
    const others = ["iterate", "watch", "subscribe", "follow", "call"]; // have tests of their own
    for (const method of methodsOf(object).filter((name) => !others.includes(name))) {
      assert.match(texts, new RegExp(`\\b${primitive}\\s*\\.${method}\\(`), `${primitive}.${method}`);
    }
  }
  const { signal } = new AbortController();
  const { kv, queue } = primitives(recorder);
  await kv.get("k", { namespace: "other", signal });
  assert.deepEqual([recorder.last?.namespace, recorder.last?.signal], ["other", signal]);
  recorder.answers.push([1n]);
  await queue.enqueue("q", "", { namespace: "other", signal });
  assert.deepEqual([recorder.last?.namespace, recorder.last?.signal], ["other", signal]);
});

function methodsOf(object: object): string[] {
  const names: string[] = [];
  let prototype: object = Object.getPrototypeOf(object) as object;
  while (prototype !== Object.prototype) {
    names.push(...Object.getOwnPropertyNames(prototype));
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return names.filter((name) => name !== "constructor");
}

const WRONG: readonly [(client: Primitives) => unknown, RegExp][] = [
  [({ kv }) => kv.put("k", 5 as never), /a value must be a Uint8Array or a string/],
  [({ kv }) => kv.put("k", "", { ttl: 5 } as never), /kv\.put has no option "ttl"/],
  [({ kv }) => kv.put("k", "", { ttlMs: 1, ttlSeconds: 1 }), /both given/],
  [({ kv }) => kv.put("k", "", { ttlSeconds: 1e-9 }), /less than a millisecond/],
  [({ kv }) => kv.put("k", "", { ttlSeconds: 1e12 }), /ttlSeconds is 1000000000000; 0 to/],
  [({ kv }) => kv.put("k", "", { ifExists: 1 as never }), /ifExists must be a boolean, not number/],
  [({ kv }) => kv.touch("k", {}), /touch needs ttlMs or ttlSeconds/],
  [({ kv }) => kv.mget("abc"), /keys must be a list/],
  [({ kv }) => kv.jsonSet("k", "$", 5n), /cannot be written as JSON/],
  [({ kv }) => kv.jsonSet("k", "$", undefined), /cannot be written as JSON/],
  [({ kv }) => kv.watch("k", { from: 1 } as never), /kv\.watch has no option "from"/],
  [({ queue }) => queue.dequeue("q", 1, { ackMode: "never" as never }), /ackMode .*explicit, on_delivery/],
  [({ queue }) => queue.enqueueMany("q", "abc"), /a list of payloads, not one payload/],
  [({ queue }) => queue.ack("q", ["1" as never]), /a seq must be an integer, not string/],
  [({ queue }) => queue.purge("q", { force: true } as never), /queue\.purge has no option "force"; it/],
  [({ stream }) => stream.append("s", "", { headers: ["a"] as never }), /headers must be an object/],
  [({ stream }) => stream.append("s", "", { headers: { a: 5 as never } }), /headers\["a"\] must be text/],
  [({ stream }) => stream.subscribe("s", "f" as never), /callback must be a function, not string/],
  [({ stream }) => stream.groupAck("s", ["x"], { group: "g" }), /stream id "x" must look like/],
  [({ action }) => action.register("a", "wasm" as never), /type is "wasm"; it must be one of: user/],
  [({ action }) => action.listRuns(null, { status: "x" as never }), /status is "x"; it must be one of/],
  [({ workflow }) => workflow.start("w", 5n), /input cannot be written as JSON/],
  [({ workflow }) => workflow.start("w", "", { id: "x" } as never), /workflow\.start has no option "id"/],
  [({ workflow }) => workflow.sync(5 as never), /yaml must be a Uint8Array or a string, not number/],
  [
    ({ workflow }) => workflow.listRuns({ search: { a: null as never } }),
    /search\["a"\] must be text/,
  ],
  [({ worker }) => worker.register("w", "a"), /a list of names, not one name/],
  [({ worker }) => worker.complete("w", "run-1" as never), /task must be a Task as it was claimed/],
  [({ worker }) => worker.fail("w", TASK, new Error("x") as never), /error must be text, not Error/],
];

for (const [call, says] of WRONG) {
  test(`refused before anything is sent: ${says.source}`, async () => {
    const caller = new Recorder();
    const attempt = async () => await call(primitives(caller));
    const error = await rejection(attempt());
    assert.ok(error instanceof BadRequestError, String(error));
    assert.match(error.message, says);
    assert.equal(caller.asked.length, 0);
  });
}

test("a wrong type is a BadTypeError", async () => {
  const { kv } = primitives(new Recorder());
  assert.ok((await rejection(kv.put("k", 5 as never))) instanceof BadTypeError);
});

// Leases

const message = (seq: bigint, lease: bigint) => ({ seq, lease, payload: bytes("") }) as never;

test("the lease of every message dequeued goes along with its seq", async () => {
  const caller = new Recorder();
  const { queue } = primitives(caller);
  caller.answers.push({ messages: [message(1n, 5n), message(2n, 6n)] });
  await queue.dequeue("q", 2);
  await queue.ack("q", [1n, 2, 3n]);
  assert.deepEqual(caller.last?.fields, { queue: "q", seqs: [1n, 2n, 3n], leases: [5n, 6n, 0n] });
  await queue.nack("q", 1n, { namespace: "mine" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [5n], "its own namespace");
  await queue.touch("q", 1n, { namespace: "other" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [0n], "another namespace");
  await queue.ack("other", [1n]);
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [0n], "another queue");
  await queue.ack("q", message(1n, 99n));
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [99n], "the message's own");
});

test("the lease of every record read in a group goes along with its id", async () => {
  const caller = new Recorder();
  const { stream } = primitives(caller);
  const record = { id: ID, lease: 7n, payload: bytes("") };
  caller.answers.push({ records: [record] });
  await stream.groupRead("s", { group: "g", consumer: "c" });
  await stream.groupAck("s", [ID], { group: "g" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [7n]);
  await stream.groupAck("s", [ID], { group: "other" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [0n]);
  caller.answers.push({ records: [{ ...record, lease: 8n }] });
  await stream.groupClaim("s", { group: "g", consumer: "c", minIdleMs: 0, namespace: "other" });
  await stream.groupNack("s", "5-0", { group: "g", namespace: "other" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [8n]);
  await stream.groupTouch("s", { ...record, lease: 9n } as never, { group: "g" });
  assert.deepEqual((caller.last?.fields as { leases: unknown }).leases, [9n]);
});

test("action.call invokes and waits", async () => {
  const caller = new Recorder();
  const { action } = primitives(caller);
  caller.answers.push({ runId: "run-1", created: true }, { runId: "run-1", status: "completed" });
  const options = { priority: 1, blockMs: 500, namespace: "other" };
  assert.equal((await action.call("a", "p", options)).status, "completed");
  const [invoke, wait] = caller.asked;
  assert.deepEqual(invoke?.fields, { name: "a", payload: bytes("p"), priority: 1 });
  assert.equal(invoke?.blockMs, undefined);
  assert.deepEqual(wait?.fields, { runId: "run-1", blockMs: 500 });
  assert.deepEqual([invoke?.namespace, wait?.namespace], ["other", "other"]);
});

test("kv.iterate goes from page to page", async () => {
  const caller = new Recorder();
  const { kv } = primitives(caller);
  const entry = (key: string) => ({ key });
  caller.answers.push(
    { entries: [entry("a"), entry("b")], cursor: "c", hasMore: true },
    { entries: [entry("c")], cursor: null, hasMore: false },
  );
  const keys: string[] = [];
  for await (const { key } of kv.iterate("p", { keysOnly: true, namespace: "other" })) {
    keys.push(key);
  }
  assert.deepEqual(keys, ["a", "b", "c"]);
  const [first, second] = caller.asked;
  assert.deepEqual(first?.fields, { prefix: "p", limit: 1_000, cursor: null, keysOnly: true });
  assert.deepEqual(second?.fields, { prefix: "p", limit: 1_000, cursor: "c", keysOnly: true });
  assert.equal(second?.namespace, "other");
});
