/**
 * What `@floruntime/node` and `@floruntime/web` stand on: the protocol, the client and the workers,
 * free of the runtime that they run in. A transport brings bytes in and out.
 */

export { AckMode } from "./ack-mode.js";
export type {
  CallActionOptions,
  ListActionsOptions,
  ListRunsOptions,
  RegisterOptions,
  WaitForRunOptions,
} from "./action.js";
export { Action } from "./action.js";
export type { CancelOptions, InvokeOptions } from "./action-commands.js";
export type { ActionHandler, ActionWorkerOptions } from "./action-handlers.js";
export { ActionWorker } from "./action-worker.js";
export type { Batch, FillBatch, Recorded } from "./batch.js";
export type { Payload } from "./bytes.js";
export { Wait } from "./call.js";
export type { Caller, WaitOptions } from "./caller.js";
export { checkName, checkRange } from "./checks.js";
export { FloClient } from "./client.js";
export { type Clock, systemClock, type Timer } from "./clock.js";
export { CLIENT_OPTIONS, type ClientOptions, ConnectedClient } from "./connected.js";
export { ActionContext, ActionResult, Context, StreamContext } from "./contexts.js";
export * from "./errors.js";
export type { FollowOptions, RecordCallback, StreamFollower, Subscription } from "./follow.js";
export { frame, LENGTH_BYTES, PREAMBLE } from "./frames.js";
export type { GetOptions, HistoryOptions, KeysOptions, ScanOptions } from "./kv.js";
export { Kv, KvReader } from "./kv.js";
export type {
  CasOptions,
  CheckOptions,
  PutOptions,
  TouchOptions,
  TtlOptions,
} from "./kv-commands.js";
export { LeaseMemory } from "./leases.js";
export * as limits from "./limits.generated.js";
export { VERSION } from "./limits.generated.js";
export type { Logger } from "./logger.js";
export type {
  AckResult,
  ActionInfo,
  ActionRun,
  AppendResult,
  DequeueResult,
  GroupAckResult,
  GroupInfo,
  Heartbeat,
  InvokeResult,
  KvChange,
  KvEntry,
  Message,
  NamespaceInfo,
  PendingEntry,
  Problem,
  PutResult,
  QueueConfig,
  QueueStats,
  ReadResult,
  ScanResult,
  ServerInfo,
  StreamInfo,
  StreamRecord,
  SyncResult,
  Task,
  TrimResult,
  VersionEntry,
  WorkerInfo,
} from "./messages.generated.js";
export * as messages from "./messages.generated.js";
export {
  ActionType,
  RunStatus,
  Severity,
  SyncAction,
  WorkflowStatus,
} from "./messages.generated.js";
export { Namespaces } from "./namespaces.js";
export { type CallOptions, known, type OptionNames } from "./options.js";
export { type ListOptions, Page } from "./page.js";
export type { Position, RecordIds } from "./positions.js";
export type { DequeueOptions } from "./queue.js";
export { Queue } from "./queue.js";
export type {
  ConfigureOptions,
  EnqueueManyOptions,
  EnqueueOptions,
  ExtendOptions,
  NackOptions,
  Seqs,
} from "./queue-commands.js";
export { randomHex } from "./random.js";
export { Request, type RequestKind } from "./request.js";
export { type RetryOptions, RetryPolicy } from "./retry.js";
export type { Scalar } from "./schema.js";
export { type ReadOptions, Stream, StreamRecords } from "./stream.js";
export type {
  AppendManyOptions,
  AppendOptions,
  CreateStreamOptions,
  ForceOptions,
  RetentionOptions,
  TrimOptions,
} from "./stream-commands.js";
export type {
  ClaimOptions,
  GroupCreateOptions,
  GroupNackOptions,
  GroupTouchOptions,
  SeekOptions,
  SettleOptions,
} from "./stream-group-commands.js";
export { GroupMode } from "./stream-group-commands.js";
export type { GroupReadOptions, PendingOptions } from "./stream-groups.js";
export { StreamID } from "./stream-id.js";
export { type StreamHandler, StreamWorker, type StreamWorkerOptions } from "./stream-worker.js";
export type { Link, LinkEvents, Transport } from "./transport.js";
export type { KvWatch, WatchOptions } from "./watch.js";
export type {
  AwaitTaskOptions,
  AwaitTasksOptions,
  HeartbeatOptions,
  RegisterWorkerOptions,
} from "./worker.js";
export { Worker } from "./worker.js";
export type { ClientSource, WorkerBaseOptions } from "./worker-base.js";
export type { CompleteOptions, FailOptions } from "./worker-commands.js";
export type {
  FollowRunOptions,
  GetDefinitionOptions,
  HistoryFollower,
  ListWorkflowRunsOptions,
  WaitForWorkflowOptions,
} from "./workflow.js";
export { Workflow } from "./workflow.js";
export type { StartOptions } from "./workflow-commands.js";
export type {
  DefinitionEntry,
  HistoryEvent,
  RunEntry,
  ScheduleEntry,
  WorkflowStatusResult,
} from "./workflow-results.js";
