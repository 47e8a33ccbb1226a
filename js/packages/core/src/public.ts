/// <reference lib="esnext.disposable" preserve="true" />
/** What users of `@floruntime/node` and `@floruntime/web` see of this package. */

export type {
  ActionBulkOptions,
  CallActionOptions,
  LimitsInfo,
  LimitsOptions,
  ListActionsOptions,
  ListRunsOptions,
  RegisterOptions,
  RunFilterOptions,
  ScheduleOptions,
  WaitForRunOptions,
} from "./api/action/action.js";
export { Action } from "./api/action/action.js";
export type { CancelOptions, InvokeOptions } from "./api/action/commands.js";
export { type ListOptions, Page } from "./api/base/page.js";
export type { ExtendOptions, ForceOptions } from "./api/base/shared-options.js";
export type { Batch, FillBatch, Recorded } from "./api/batch.js";
export { FloClient } from "./api/client.js";
export { Cluster } from "./api/cluster.js";
export type { ConsoleCode, ConsoleSession } from "./api/console.js";
export { Console } from "./api/console.js";
export type { HandlerBatch } from "./api/handler-batch.js";
export { Jobs, type WaitForJobOptions } from "./api/jobs.js";
export type { Make } from "./api/kv/cache.js";
export type {
  CasOptions,
  CheckOptions,
  IncrOptions,
  KvDeleteOptions,
  PutOptions,
  TouchOptions,
  TtlOptions,
} from "./api/kv/commands.js";
export type {
  GetOptions,
  GetOrSetOptions,
  HistoryOptions,
  KeysOptions,
  ScanOptions,
} from "./api/kv/kv.js";
export { Kv, KvReader } from "./api/kv/kv.js";
export { ScanCursor } from "./api/kv/scan-cursor.js";
export { type CommitResult, Transaction } from "./api/kv/transaction.js";
export type { KvWatch, WatchOptions } from "./api/kv/watch.js";
export { type NamespaceOptions, Namespaces } from "./api/namespaces.js";
export { AckMode } from "./api/queue/ack-mode.js";
export type {
  ConfigureOptions,
  EnqueueManyOptions,
  EnqueueOptions,
  NackOptions,
  Seqs,
} from "./api/queue/commands.js";
export type { DequeueOptions, QueueBulkOptions } from "./api/queue/queue.js";
export { Queue } from "./api/queue/queue.js";
export type {
  AppendManyOptions,
  AppendOptions,
  CreateStreamOptions,
  RetentionOptions,
  TrimOptions,
} from "./api/stream/commands.js";
export type {
  FollowOptions,
  RecordCallback,
  StreamFollower,
  Subscription,
} from "./api/stream/follow.js";
export type {
  ClaimOptions,
  GroupConfigureOptions,
  GroupCreateOptions,
  GroupNackOptions,
  GroupTouchOptions,
  SeekOptions,
  SettleOptions,
} from "./api/stream/group-commands.js";
export { GroupMode } from "./api/stream/group-commands.js";
export type { GroupReadOptions, PendingOptions } from "./api/stream/groups.js";
export type {
  Moment,
  Position,
  RecordIds,
  StartOptions as BeginOptions,
} from "./api/stream/positions.js";
export {
  type GroupBulkOptions,
  type ReadOptions,
  Stream,
  StreamRecords,
} from "./api/stream/stream.js";
export type { CreateTokenOptions, MintOptions, NewToken } from "./api/tokens.js";
export { Tokens } from "./api/tokens.js";
export type { CompleteOptions, FailOptions } from "./api/worker/commands.js";
export type {
  AwaitTaskOptions,
  AwaitTasksOptions,
  HeartbeatOptions,
  RegisterWorkerOptions,
} from "./api/worker/worker.js";
export { Worker } from "./api/worker/worker.js";
export type { StartOptions } from "./api/workflow/commands.js";
export type { SearchBounds } from "./api/workflow/filters.js";
export { extractWorkflowMeta, extractYAMLField, type WorkflowMeta } from "./api/workflow/meta.js";
export type {
  DefinitionEntry,
  DefinitionVersionEntry,
  HistoryEvent,
  RunEntry,
  ScheduleEntry,
  WorkflowStatusResult,
} from "./api/workflow/results.js";
export type {
  FollowRunOptions,
  GetDefinitionOptions,
  HistoryFollower,
  ListWorkflowRunsOptions,
  SyncOptions,
  WaitForWorkflowOptions,
} from "./api/workflow/workflow.js";
export { Workflow } from "./api/workflow/workflow.js";
export { RetryBackoff } from "./base/backoff.js";
export type { Bytes } from "./base/byte-views.js";
export type { JsonPayload, Payload } from "./base/bytes.js";
export type { Clock, Timer } from "./base/clock.js";
export {
  BadRequestError,
  BadTypeError,
  BlockTooLongError,
  ConflictError,
  ConnectionFailedError,
  type ErrorOptions,
  FloError,
  ForbiddenError,
  GapError,
  InternalServerError,
  InvalidEndpointError,
  NonRetryableError,
  NotConnectedError,
  NotFoundError,
  OverloadedError,
  ProtocolError,
  type Ran,
  RequestTimeoutError,
  StorageFullError,
  TxnFinishedError,
  TxnUnsupportedOpError,
  UnauthorizedError,
  UnavailableError,
} from "./base/errors.js";
export * from "./base/guards.js";
export * as limits from "./base/limits.generated.js";
export { VERSION } from "./base/limits.generated.js";
export {
  consoleLogger,
  type FullLogger,
  type Logger,
  silentLogger,
} from "./base/logger.js";
export type { CallOptions } from "./base/options.js";
export type { Integer, Scalar } from "./base/schema.js";
export type { Kind, StandardSchema } from "./base/typed.js";
export * from "./compat/aliases.js";
export { Wait } from "./link/call.js";
export type { Caller, WaitOptions } from "./link/caller.js";
export type { ClientOptions, ConnectOptions, DisconnectListener } from "./link/connected.js";
export type { ReadsFrom } from "./link/reads.js";
export { type RetryOptions, RetryPolicy } from "./link/retry.js";
export type { Token } from "./link/token.js";
export type { Link, LinkEvents, Transport } from "./link/transport.js";
export type {
  AckResult,
  ActionInfo,
  ActionRun,
  ActionScheduleInfo,
  AppendResult,
  BulkJob,
  ClusterInfo,
  DequeueResult,
  GroupAckResult,
  GroupInfo,
  Heartbeat,
  Identity,
  InvokeResult,
  KvChange,
  KvEntry,
  Message,
  NamespaceInfo,
  NodeInfo,
  PartitionInfo,
  PendingEntry,
  Problem,
  PutResult,
  QueueConfig,
  QueueStats,
  ReadResult,
  ReplicaInfo,
  RunWait,
  ScanResult,
  ServerInfo,
  StreamInfo,
  StreamRecord,
  SyncResult,
  Task,
  TrimResult,
  VersionEntry,
  WorkerInfo,
} from "./wire/messages.generated.js";
export {
  ActionBulkOperation,
  ActionType,
  DeadBulkOperation,
  JobStatus,
  Overlap,
  RunOrder,
  RunStatus,
  Severity,
  SyncAction,
  WaitKind,
  WorkflowStatus,
} from "./wire/messages.generated.js";
export { StreamID } from "./wire/stream-id.js";
export type {
  ActionHandler,
  ActionWorkerOptions,
  HandlerOptions,
  TypedHandler,
} from "./worker/action-handlers.js";
export { ActionWorker } from "./worker/action-worker.js";
export {
  ActionContext,
  ActionResult,
  Context,
  QueueContext,
  StreamContext,
} from "./worker/contexts.js";
export type { WorkerHook } from "./worker/hooks.js";
export { QueueWorker, type QueueWorkerOptions } from "./worker/queue-worker.js";
export type { QueueHandler, QueueOptions } from "./worker/serving.js";
export {
  type StreamHandler,
  StreamWorker,
  type StreamWorkerOptions,
} from "./worker/stream-worker.js";
export type { ClientSource, WorkerBaseOptions } from "./worker/worker-base.js";
