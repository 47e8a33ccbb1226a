/**
 * What the SDKs of the first Flo call the same things. Each line is a name more and nothing else;
 * shapes that differ are in the packages' `compat` modules.
 */

export {
  Action as ActionOperations,
  type ListActionsOptions as ActionListOptions,
  type RegisterOptions as ActionRegisterOptions,
} from "../api/action/action.js";
export type { InvokeOptions as ActionInvokeOptions } from "../api/action/commands.js";
export type {
  ListOptions as DLQListOptions,
  ListOptions as WorkerListOptions,
  ListOptions as WorkflowHistoryOptions,
  ListOptions as WorkflowListDefinitionsOptions,
} from "../api/base/page.js";
export type {
  ExtendOptions as WorkerTouchOptions,
  ForceOptions as ActionDeleteOptions,
} from "../api/base/shared-options.js";
export type {
  CasOptions as DeleteOptions,
  IncrOptions as KVIncrOptions,
  TouchOptions as KVTouchOptions,
} from "../api/kv/commands.js";
export { Kv as KVOperations, KvReader as KVReadOnlyOperations } from "../api/kv/kv.js";
export type { CommitResult as KVCommitResult } from "../api/kv/transaction.js";
export { Queue as QueueOperations } from "../api/queue/queue.js";
export type { AppendOptions as StreamAppendOptions } from "../api/stream/commands.js";
export type {
  FollowOptions as StreamSubscribeOptions,
  RecordCallback as StreamEventCallback,
  Subscription as StreamSubscription,
} from "../api/stream/follow.js";
export type {
  GroupNackOptions as StreamNackOptions,
  SettleOptions as StreamAckOptions,
} from "../api/stream/group-commands.js";
export type { GroupReadOptions as StreamGroupOptions } from "../api/stream/groups.js";
export {
  type ReadOptions as StreamReadOptions,
  Stream as StreamOperations,
} from "../api/stream/stream.js";
export type {
  CompleteOptions as WorkerCompleteOptions,
  FailOptions as WorkerFailOptions,
} from "../api/worker/commands.js";
export {
  type AwaitTaskOptions as WorkerAwaitOptions,
  type HeartbeatOptions as WorkerHeartbeatOptions,
  type RegisterWorkerOptions as WorkerRegisterOptions,
  Worker as WorkerOperations,
} from "../api/worker/worker.js";
export type { StartOptions as WorkflowStartOptions } from "../api/workflow/commands.js";
export type {
  DefinitionEntry as WorkflowDefinitionEntry,
  HistoryEvent as WorkflowHistoryEvent,
  RunEntry as WorkflowListRunEntry,
} from "../api/workflow/results.js";
export {
  type GetDefinitionOptions as WorkflowGetDefinitionOptions,
  type ListWorkflowRunsOptions as WorkflowListRunsOptions,
  Workflow as WorkflowOperations,
} from "../api/workflow/workflow.js";
export {
  BadRequestError as KeyTooLargeError,
  BadRequestError as NamespaceTooLargeError,
  BadRequestError as ValueTooLargeError,
  ConnectionFailedError as ConnectionError,
  FloError as ServerError,
  InternalServerError as InternalError,
  ProtocolError as IncompleteResponseError,
  ProtocolError as InvalidChecksumError,
  ProtocolError as InvalidMagicError,
  ProtocolError as UnexpectedEOFError,
  ProtocolError as UnsupportedVersionError,
  RequestTimeoutError as TimeoutError,
  UnauthorizedError as AuthenticationError,
} from "../base/errors.js";
export {
  BLOCK_MS_MAX as MAX_BLOCK_MS,
  KEY_BYTES_MAX as MAX_KEY_SIZE,
  NAMESPACE_CHARS_MAX as MAX_NAMESPACE_SIZE,
  VALUE_BYTES_CEILING as MAX_VALUE_SIZE,
} from "../base/limits.generated.js";
export type {
  CallOptions as AckOptions,
  CallOptions as ActionStatusOptions,
  CallOptions as DLQRequeueOptions,
  CallOptions as KVExistsOptions,
  CallOptions as KVJsonOptions,
  CallOptions as KVMGetOptions,
  CallOptions as PeekOptions,
  CallOptions as WorkerDeregisterOptions,
  CallOptions as WorkerDrainOptions,
  CallOptions as WorkflowCancelOptions,
  CallOptions as WorkflowCreateOptions,
  CallOptions as WorkflowDisableOptions,
  CallOptions as WorkflowEnableOptions,
  CallOptions as WorkflowSignalOptions,
  CallOptions as WorkflowStatusOptions,
  CallOptions as WorkflowSyncOptions,
} from "../base/options.js";
export type {
  Caller as ActionRequestSender,
  Caller as KVRequestSender,
  Caller as QueueRequestSender,
  Caller as StreamRequestSender,
  Caller as WorkflowRequestSender,
} from "../link/caller.js";
export type {
  ActionRun as ActionRunStatus,
  AppendResult as StreamAppendResult,
  InvokeResult as ActionInvokeResult,
  KvEntry as GetResult,
  KvEntry as KVEntry,
  KvEntry as MGetEntry,
  ReadResult as StreamReadResult,
  StreamInfo as StreamInfoResult,
  SyncResult as WorkflowSyncResult,
  Task as TaskAssignment,
} from "../wire/messages.generated.js";
export { HandlerTimeoutError } from "../worker/handlers.js";
export type { StreamHandler as StreamRecordHandler } from "../worker/stream-worker.js";
