/** Calls that act on many, and the requests that they make: jobs, dead letters, limits. */

import { Page } from "../dist/api/base/page.js";
import { StreamID } from "../dist/wire/stream-id.js";
import type { Case } from "./primitive-cases.js";

const RECORD = new StreamID(5n, 0n);
const EMPTY = { items: [], cursor: null };

export const BULK_CASES: readonly Case[] = [
  [({ kv }) => kv.deletePrefix("user:"), "KvDeletePrefix", { prefix: "user:" }],
  [({ workflow }) => workflow.countRuns("w"), "WorkflowCountRuns", { workflowName: "w" }, {}],
  [
    ({ workflow }) => workflow.bulk("cancel", { workflowName: "w", status: "waiting", limit: 5 }),
    "WorkflowBulk",
    { operation: "cancel", workflowName: "w", statuses: ["waiting"], limit: 5 },
  ],
  [
    ({ queue }) => queue.enqueueMany("q", ["p"], { group: "acme" }),
    "QueueEnqueue",
    { queue: "q", payloads: [new TextEncoder().encode("p")], group: "acme" },
  ],
  [
    ({ action }) => action.invoke("a", "p", { debounceKey: "k", debounceMs: 5, debounceMaxMs: 9 }),
    "ActionInvoke",
    {
      ...{ name: "a", payload: new TextEncoder().encode("p") },
      ...{ debounceKey: "k", debounceMs: 5, debounceMaxMs: 9 },
    },
  ],
  [
    ({ stream }) => stream.groupDeadRequeue("s", "g", [RECORD]),
    "GroupDeadRequeue",
    { stream: "s", group: "g", ids: [RECORD] },
  ],
  [
    ({ stream }) => stream.groupDeadDelete("s", "g", RECORD),
    "GroupDeadDelete",
    { stream: "s", group: "g", ids: [RECORD] },
  ],
  [
    ({ stream }) => stream.bulk("s", "g", "requeue_dead", { errorContains: "e", limit: 5 }),
    "GroupBulk",
    { stream: "s", group: "g", operation: "requeue_dead", errorContains: "e", limit: 5 },
  ],
  [
    ({ queue }) => queue.bulk("q", "delete_dead", { reason: "nacked", dryRun: true }),
    "QueueBulk",
    { queue: "q", operation: "delete_dead", reason: "nacked", dryRun: true },
  ],
  [
    ({ action }) => action.bulk("retry", { name: "a", status: "failed", endedAfterMs: 5 }),
    "ActionBulk",
    { operation: "retry", name: "a", statuses: ["failed"], endedAfterMs: 5 },
  ],
  [
    ({ action }) =>
      action.listRuns("a", {
        status: ["failed", "timed_out"],
        order: "oldest",
        startedBeforeMs: 5,
      }),
    "ActionListRuns",
    { name: "a", statuses: ["failed", "timed_out"], order: "oldest", startedBeforeMs: 5 },
    EMPTY,
    new Page([], null),
  ],
  [
    ({ action }) => action.register("a", { maxRetries: 5 }),
    "ActionRegister",
    { name: "a", type: "user", maxRetries: 5 },
  ],
  [
    ({ action }) => action.register("a", "user", { limits: { running: 5n }, keyPath: "$.k" }),
    "ActionRegister",
    {
      ...{ name: "a", type: "user", keyPath: "$.k" },
      limits: {
        ...{ running: 5, runningPerKey: null, rate: null, ratePerKey: null },
        ...{ ratePeriodMs: 1_000, fair: false },
      },
    },
  ],
  [
    ({ action }) => action.limits("a", { limit: 5 }),
    "ActionGetLimits",
    { name: "a", limit: 5 },
    { running: 1, waiting: 2, items: [], cursor: null },
    { running: 1, waiting: 2, keys: new Page([], null) },
  ],
  [
    ({ action }) => action.invoke("a", "p", { key: "acme" }),
    "ActionInvoke",
    { name: "a", payload: new TextEncoder().encode("p"), key: "acme" },
  ],
  [
    ({ action }) =>
      action.schedule("a", { cron: "0 3 * * *", payload: "p", overlap: "allow", jitterMs: 5 }),
    "ActionSchedule",
    {
      ...{ name: "a", payload: new TextEncoder().encode("p"), cron: "0 3 * * *" },
      ...{ overlap: "allow", jitterMs: 5 },
    },
  ],
  [({ action }) => action.unschedule("a"), "ActionUnschedule", { name: "a" }],
  [({ action }) => action.pauseSchedule("a"), "ActionPauseSchedule", { name: "a", paused: true }],
  [({ action }) => action.resumeSchedule("a"), "ActionPauseSchedule", { name: "a", paused: false }],
  [
    ({ action }) => action.schedules({ limit: 5 }),
    "ActionSchedules",
    { limit: 5 },
    EMPTY,
    new Page([], null),
  ],
  [
    ({ action }) => action.register("a", "user", { schedule: "0 3 * * *", timezone: "Asia/Tokyo" }),
    "ActionRegister",
    { name: "a", type: "user", schedule: "0 3 * * *", timezone: "Asia/Tokyo" },
  ],
  [({ jobs }) => jobs.status("job-1"), "JobGet", { jobId: "job-1" }],
  [({ jobs }) => jobs.wait("job-1", { blockMs: 5 }), "JobGet", { jobId: "job-1", blockMs: 5 }],
  [({ jobs }) => jobs.list({ limit: 5 }), "JobList", { limit: 5 }, EMPTY, new Page([], null)],
  [({ jobs }) => jobs.cancel("job-1"), "JobCancel", { jobId: "job-1" }],
  [({ action }) => action.retry("run-1"), "ActionRetry", { runId: "run-1" }],
  [({ action }) => action.countRuns(), "ActionCountRuns", {}],
  [({ action }) => action.countRuns("a"), "ActionCountRuns", { name: "a" }],
];
