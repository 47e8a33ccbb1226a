/** Constants and shapes of the first JavaScript SDK that differ from ours. */

import { toText } from "../base/bytes.js";
import { errorOf, type FloError } from "../base/errors.js";
import type { Integer } from "../base/schema.js";
import type { ActionInfo, WorkflowStatus } from "../wire/messages.generated.js";
import type { StreamID } from "../wire/stream-id.js";

/** What `error.status` is, and `error.is(…)` asks for. */
export const StatusCode = {
  ErrorGeneric: "error",
  NotFound: "not_found",
  BadRequest: "bad_request",
  Unauthorized: "unauthorized",
  Conflict: "conflict",
  InternalError: "internal",
  Overloaded: "overloaded",
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** The words for a status. */
export function statusCodeToString(status: string): string {
  return status.replaceAll("_", " ");
}

/** The error of a status, with the server's text. */
export function createServerError(status: string, data?: Uint8Array): FloError {
  return errorOf(status, data === undefined ? "" : toText(data), {});
}

/** Where a record is kept: there is one kind of storage, which is the first. */
export const StorageTier = { Hot: 0, Pending: 1, Warm: 2, Cold: 3 } as const;
export type StorageTier = (typeof StorageTier)[keyof typeof StorageTier];

/** Who runs an action. `Wasm` is refused: there is no such kind here. */
export const ActionType = { User: "user", Wasm: "wasm" } as const;
export type ActionType = (typeof ActionType)[keyof typeof ActionType];

/** What a worker works on. Only those of actions are registered here. */
export const WorkerType = { Action: 0, Stream: 1 } as const;
export type WorkerType = (typeof WorkerType)[keyof typeof WorkerType];

/** How a worker is. */
export const WorkerStatus = { Active: 0, Idle: 1, Draining: 2, Unhealthy: 3 } as const;
export type WorkerStatus = (typeof WorkerStatus)[keyof typeof WorkerStatus];

/** What a process of a worker handles. */
export const ProcessKind = { Action: 0, StreamConsumer: 1 } as const;
export type ProcessKind = (typeof ProcessKind)[keyof typeof ProcessKind];

/** One thing that a worker handles. */
export interface ProcessEntry {
  readonly name: string;
  readonly kind: ProcessKind;
}

/** A value that is also `{ value, version }`: what `kv.get` answers in both states of that SDK. */
export class GetResult extends Uint8Array {
  /** The version of the key. */
  readonly version: bigint;

  constructor(value: Uint8Array, version: bigint) {
    super(value);
    this.version = version;
  }

  /** The bytes themselves. */
  get value(): Uint8Array {
    return this;
  }

  /** What `slice` and `map` make of it are plain bytes. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }
}

/** An entry of a scan. */
export interface KVEntry {
  readonly key: Uint8Array;
  /** `null` where only keys were asked for. */
  readonly value: Uint8Array | null;
}

/** One page of a scan. */
export interface ScanPage {
  readonly entries: KVEntry[];
  /** For the next page; `null`: the end. */
  readonly cursor: Uint8Array | null;
  readonly hasMore: boolean;
}

/** One key of `kv.mget`; `found` is false, `value` empty and `version` 0 where it is missing. */
export interface MGetEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: bigint;
  readonly found: boolean;
}

/** The size of a stream. The ids are `null` while it is new. */
export interface StreamInfoResult {
  readonly firstId: StreamID | null;
  readonly lastId: StreamID | null;
  readonly count: bigint;
  readonly bytes: bigint;
  readonly partitionCount: number;
}

/** A claimed run. */
export interface TaskAssignment {
  readonly taskId: string;
  readonly taskType: string;
  readonly payload: Uint8Array;
  readonly createdAt: bigint;
  readonly attempt: number;
}

/** What `worker.awaitTask` answers. */
export interface WorkerAwaitResult {
  /** `null` where none came in time. */
  readonly task: TaskAssignment | null;
}

/** What `worker.list` answers. */
export interface WorkerListResult {
  readonly workers: WorkerInfo[];
}

/** What `action.list` answers. */
export interface ActionListResult {
  readonly actions: ActionInfo[];
  /** For the next page; `null`: the end. */
  readonly cursor: string | null;
}

/** A worker as the registry has it. How many tasks it did is not counted here. */
export interface WorkerInfo {
  readonly id: string;
  readonly type: WorkerType;
  readonly status: WorkerStatus;
  readonly metadata: string | undefined;
  readonly machineId: string | undefined;
  readonly currentLoad: number;
  readonly maxConcurrency: number;
  readonly lastHeartbeat: bigint;
}

/** One thing that happened to a run. */
export interface WorkflowHistoryEvent {
  readonly type: string;
  readonly detail: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

/** One run in a listing. */
export interface WorkflowListRunEntry {
  readonly run_id: string;
  readonly workflow: string;
  readonly status: WorkflowStatus;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

/** One workflow in a listing. */
export interface WorkflowDefinitionEntry {
  readonly name: string;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly created_at: number;
}

/** A file as `WorkflowSyncDirFn` gives it. */
export interface WorkflowSyncDirFile {
  readonly name: string;
  readonly content: string;
}

/** Reads the definitions in a directory. */
export type WorkflowSyncDirFn = (dir: string) => Promise<WorkflowSyncDirFile[]>;

/** Options of `kv.touch` and `kv.persist`. */
export interface KVTouchOptions {
  readonly namespace?: string | null | undefined;
  /** The version that the key must have. */
  readonly ifMatch?: Integer | null | undefined;
}
