// Generated from the types of `floruntime.core` by scripts/generate_js_messages.py; do not edit.

import { type Problem, Severity } from "../base/problem.generated.js";
import type { AnyRequestKind, Request, RequestKind } from "./request.js";
import { commands, requestKind } from "./request.js";
import { ActionInfoMethods, ActionRunMethods, AppendResultMethods } from "./result-methods.js";
import { DequeueResultMethods, ReadResultMethods, ScanResultMethods } from "./result-methods.js";
import { MessageMethods, StreamInfoMethods, StreamRecordMethods } from "./result-methods.js";
import { TaskMethods, ValueCarrier, VersionEntryMethods } from "./result-methods.js";
import { any, big, bool, bytes, bytesOf, choice, counts, decimal } from "../base/schema.js";
import { int, list, nil } from "../base/schema.js";
import { hasMore, type Integer, NO_BYTES, nullable, type Scalar } from "../base/schema.js";
import { scalars, struct, type StructSchema, text, texts } from "../base/schema.js";
import { type StreamID, streamId } from "./stream-id.js";

export { type Problem, Severity };

/**
 * What a connection may do. Each role may do everything that the roles before it may.
 *
 * `Web` appends to streams, reads them and KV; `Worker` claims, settles, invokes and writes data;
 * `Backend` does everything in its namespaces; `Admin` also makes tokens, namespaces and backups.
 */
export const Role = {
  Web: "web",
  Worker: "worker",
  Backend: "backend",
  Admin: "admin",
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The status of a job. The last two are final. */
export const JobStatus = {
  Running: "running",
  Completed: "completed",
  Cancelled: "cancelled",
} as const;
export type JobStatus = (typeof JobStatus)[keyof typeof JobStatus];

/** The operation on every dead letter that matches. */
export const DeadBulkOperation = {
  RequeueDead: "requeue_dead",
  DeleteDead: "delete_dead",
} as const;
export type DeadBulkOperation = (typeof DeadBulkOperation)[keyof typeof DeadBulkOperation];

/** Who runs an action: `User` means a worker of the application. */
export const ActionType = {
  User: "user",
} as const;
export type ActionType = (typeof ActionType)[keyof typeof ActionType];

/** The status of a run. The last four are final. */
export const RunStatus = {
  Pending: "pending",
  Running: "running",
  Completed: "completed",
  Failed: "failed",
  Cancelled: "cancelled",
  TimedOut: "timed_out",
} as const;
export type RunStatus = (typeof RunStatus)[keyof typeof RunStatus];

/**
 * What a run waits for.
 *
 * - `Worker`: a worker to claim it.
 * - `Delay`: the time of its first start.
 * - `Retry`: the time of the next attempt.
 * - `Poll`: the time of the next poll.
 * - `Result`: the result of a worker that runs it.
 * - `Child`: the end of a child workflow.
 * - `Signal`: a signal.
 * - `Sleep`: the time until which a step sleeps.
 * - `Branches`: its branches or items.
 * - `Compensation`: the compensation of its steps.
 */
export const WaitKind = {
  Worker: "worker",
  Delay: "delay",
  Retry: "retry",
  Poll: "poll",
  Result: "result",
  Child: "child",
  Signal: "signal",
  Sleep: "sleep",
  Branches: "branches",
  Compensation: "compensation",
} as const;
export type WaitKind = (typeof WaitKind)[keyof typeof WaitKind];

/** The order in which runs are listed, by when they were invoked. */
export const RunOrder = {
  Newest: "newest",
  Oldest: "oldest",
} as const;
export type RunOrder = (typeof RunOrder)[keyof typeof RunOrder];

/** The operation on every run that matches. */
export const ActionBulkOperation = {
  Cancel: "cancel",
  Retry: "retry",
  Delete: "delete",
} as const;
export type ActionBulkOperation = (typeof ActionBulkOperation)[keyof typeof ActionBulkOperation];

/**
 * What happens at a nominal time while the schedule already has as many unfinished runs as it
 * may.
 *
 * `Skip`: the time is skipped. `BufferOne`: one run waits until another ends. `Allow`: a run
 * starts anyway.
 */
export const Overlap = {
  Skip: "skip",
  BufferOne: "buffer_one",
  Allow: "allow",
} as const;
export type Overlap = (typeof Overlap)[keyof typeof Overlap];

/** What a sync did with one definition. `Refused`, in dry runs: a sync would refuse it. */
export const SyncAction = {
  Created: "created",
  Updated: "updated",
  Unchanged: "unchanged",
  Refused: "refused",
} as const;
export type SyncAction = (typeof SyncAction)[keyof typeof SyncAction];

/**
 * The status of a run. `Completed`, `Failed`, `Cancelled` and `TimedOut` are final.
 *
 * - `Running`: an action or a child workflow is under way.
 * - `Waiting`: for a signal, or for the time of a retry, a poll or a sleep.
 * - `Compensating`: the run undoes what it did, and ends after that.
 * - `Paused`: nothing begins until the run is resumed.
 */
export const WorkflowStatus = {
  Pending: "pending",
  Running: "running",
  Waiting: "waiting",
  Completed: "completed",
  Failed: "failed",
  Cancelled: "cancelled",
  TimedOut: "timed_out",
  Compensating: "compensating",
  Paused: "paused",
} as const;
export type WorkflowStatus = (typeof WorkflowStatus)[keyof typeof WorkflowStatus];

/** The operation on every run that matches. */
export const WorkflowBulkOperation = {
  Cancel: "cancel",
  Retry: "retry",
  Pause: "pause",
  Resume: "resume",
  Signal: "signal",
  Delete: "delete",
} as const;
export type WorkflowBulkOperation = (typeof WorkflowBulkOperation)[keyof typeof WorkflowBulkOperation];

/**
 * The limits of this server; sizes are in bytes. The first three are settings, the rest are
 * fixed.
 */
export interface ServerLimits {
  readonly valueBytesMax: number;
  readonly frameBytesMax: number;
  readonly inFlightMax: number;
  readonly keyBytesMax: number;
  readonly nameBytesMax: number;
  readonly namespaceCharsMax: number;
  readonly blockMsMax: number;
  readonly durationMsMax: number;
  readonly limitMax: number;
  readonly manyMax: number;
  readonly historyLimitMax: number;
  readonly mgetKeysMax: number;
  readonly batchCommandsMax: number;
  readonly batchBytesMax: number;
  readonly headersMax: number;
  readonly headersBytesMax: number;
  readonly labelsMax: number;
  readonly labelsBytesMax: number;
  readonly errorTextBytesMax: number;
  readonly priorityMax: number;
  readonly attemptsMax: number;
  readonly partitionsMax: number;
  readonly signalsKeptMax: number;
  readonly syncBytesMax: number;
}
export const ServerLimitsSchema: StructSchema<ServerLimits> = struct("ServerLimits", [
  ["valueBytesMax", int],
  ["frameBytesMax", int],
  ["inFlightMax", int],
  ["keyBytesMax", int, 4096],
  ["nameBytesMax", int, 255],
  ["namespaceCharsMax", int, 63],
  ["blockMsMax", int, 300000],
  ["durationMsMax", int, 315360000000],
  ["limitMax", int, 1000],
  ["manyMax", int, 1000],
  ["historyLimitMax", int, 64],
  ["mgetKeysMax", int, 256],
  ["batchCommandsMax", int, 1000],
  ["batchBytesMax", int, 4194304],
  ["headersMax", int, 64],
  ["headersBytesMax", int, 16384],
  ["labelsMax", int, 64],
  ["labelsBytesMax", int, 4096],
  ["errorTextBytesMax", int, 4096],
  ["priorityMax", int, 65535],
  ["attemptsMax", int, 1000000],
  ["partitionsMax", int, 256],
  ["signalsKeptMax", int, 1000],
  ["syncBytesMax", int, 2097152],
]);

/**
 * The server's answer to `Hello`. `sessionKnown`: it still remembers this client's writes.
 *
 * - `role`: what the connection may do.
 * - `history`: the id of the history that the server's state belongs to. It changes if the state
 * goes back, such as after a restored backup.
 * - `nodes`: the addresses (HOST:PORT) of the cluster's live nodes; empty if the server is alone.
 * - `node`: the one of them that answers.
 * - `holder`: in a cluster, the token holder under whom the client's writes are remembered,
 * together with the client's id. The same id under another holder is another client.
 */
export interface Welcome {
  readonly serverVersion: string;
  readonly limits: ServerLimits;
  readonly sessionKnown: boolean;
  readonly role: Role;
  readonly history: string;
  readonly nodes: string[];
  readonly node: string;
  readonly holder: string;
}
export const WelcomeSchema: StructSchema<Welcome> = struct("Welcome", [
  ["serverVersion", text],
  ["limits", ServerLimitsSchema],
  ["sessionKnown", bool],
  ["role", choice<Role>(Role), "admin"],
  ["history", text, ""],
  ["nodes", list(text), []],
  ["node", text, ""],
  ["holder", text, ""],
]);

/**
 * The running server. `durability` is `sync`, `async` or `ephemeral`; `nowMs` is its clock.
 *
 * - `history`: the id of the history that its state belongs to. It changes if the state goes back.
 * - `memoryBytes`: the memory for data that was read; 0 if the whole state is in memory.
 * - `diskFreeBytes`: the free space where the data is stored; `null` if all is in memory.
 * - `changesTotal`: how often the readable state has changed since the server began. While it
 * stays the same, nothing that was read has changed.
 */
export interface ServerInfo {
  readonly version: string;
  readonly durability: string;
  readonly limits: ServerLimits;
  readonly uptimeMs: number;
  readonly dataDir: string | null;
  readonly connections: number;
  readonly commandsTotal: number;
  readonly storageFull: boolean;
  readonly history: string;
  readonly nowMs: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number | null;
  readonly changesTotal: number;
}
export const ServerInfoSchema: StructSchema<ServerInfo> = struct("ServerInfo", [
  ["version", text],
  ["durability", text],
  ["limits", ServerLimitsSchema],
  ["uptimeMs", int],
  ["dataDir", nullable(text), null],
  ["connections", int, 0],
  ["commandsTotal", int, 0],
  ["storageFull", bool, false],
  ["history", text, ""],
  ["nowMs", int, 0],
  ["memoryBytes", int, 0],
  ["diskFreeBytes", nullable(int), null],
  ["changesTotal", int, 0],
]);

/**
 * A namespace, and when it was created (again, if it was deleted before).
 *
 * `kvHistory`: how many versions of a key it keeps, including the current one. `kvDeletedMs`:
 * how long it keeps those of a deleted key.
 */
export interface NamespaceInfo {
  readonly name: string;
  readonly createdAtMs: bigint;
  readonly kvHistory: number;
  readonly kvDeletedMs: number;
}
export const NamespaceInfoSchema: StructSchema<NamespaceInfo> = struct("NamespaceInfo", [
  ["name", text],
  ["createdAtMs", big],
  ["kvHistory", int, 64],
  ["kvDeletedMs", int, 86400000],
]);

export interface NamespaceListReply {
  readonly items: NamespaceInfo[];
  readonly cursor: string | null;
}
export const NamespaceListReplySchema: StructSchema<NamespaceListReply> = struct("NamespaceListReply", [
  ["items", list(NamespaceInfoSchema)],
  ["cursor", nullable(text)],
]);

/**
 * A token without its secret.
 *
 * `namespaces`: where it may act; empty means everywhere. `scopes`: what it may do, of all that
 * its role allows; empty means all. `expiresAtMs`: `null` if it lasts until it is revoked.
 */
export interface TokenInfo {
  readonly id: string;
  readonly role: Role;
  readonly namespaces: string[];
  readonly createdAtMs: bigint;
  readonly expiresAtMs: bigint | null;
  readonly revokedAtMs: bigint | null;
  readonly description: string | null;
  readonly scopes: string[];
}
export const TokenInfoSchema: StructSchema<TokenInfo> = struct("TokenInfo", [
  ["id", text],
  ["role", choice<Role>(Role)],
  ["namespaces", list(text)],
  ["createdAtMs", big],
  ["expiresAtMs", nullable(big), null],
  ["revokedAtMs", nullable(big), null],
  ["description", nullable(text), null],
  ["scopes", list(text), []],
]);

export interface TokenListReply {
  readonly items: TokenInfo[];
  readonly cursor: string | null;
}
export const TokenListReplySchema: StructSchema<TokenListReply> = struct("TokenListReply", [
  ["items", list(TokenInfoSchema)],
  ["cursor", nullable(text)],
]);

/** A token for a page. `expiresAtMs`: when it expires, and the page's connection is closed. */
export interface MintedToken {
  readonly token: string;
  readonly expiresAtMs: bigint;
}
export const MintedTokenSchema: StructSchema<MintedToken> = struct("MintedToken", [
  ["token", text],
  ["expiresAtMs", big],
]);

/**
 * Who a client is to the server. `namespaces`, `scopes`: `null` means all.
 *
 * `who`: its name in the audit. `expiresAtMs`: `null` if it lasts until it is revoked.
 * `isSession`: whether it is a session of the console.
 */
export interface Identity {
  readonly role: Role;
  readonly namespaces: string[] | null;
  readonly scopes: string[] | null;
  readonly expiresAtMs: bigint | null;
  readonly who: string;
  readonly isSession: boolean;
}
export const IdentitySchema: StructSchema<Identity> = struct("Identity", [
  ["role", choice<Role>(Role)],
  ["namespaces", nullable(list(text))],
  ["scopes", nullable(list(text))],
  ["expiresAtMs", nullable(big)],
  ["who", text],
  ["isSession", bool, false],
]);

/**
 * What a session may do, as the server knows it.
 *
 * `holder`: whose sessions it is counted with. `tokenId`: the token that it ends with. `isOpen`:
 * it came from no token, because the server needed none.
 */
export interface ConsoleRights {
  readonly role: Role;
  readonly namespaces: string[] | null;
  readonly scopes: string[] | null;
  readonly expiresAtMs: bigint | null;
  readonly holder: string;
  readonly who: string;
  readonly tokenId: string | null;
  readonly isOpen: boolean;
}
export const ConsoleRightsSchema: StructSchema<ConsoleRights> = struct("ConsoleRights", [
  ["role", choice<Role>(Role)],
  ["namespaces", nullable(list(text))],
  ["scopes", nullable(list(text))],
  ["expiresAtMs", nullable(big)],
  ["holder", text],
  ["who", text],
  ["tokenId", nullable(text)],
  ["isOpen", bool],
]);

/**
 * A node: the address for clients, its version, and its state.
 *
 * `clockDifferenceMs`: how far its wall clock was ahead of the answering node's, when it was
 * last heard. `leads`, `keeps`: numbers of partitions. `silentMs`: the time since it was last
 * heard.
 */
export interface NodeInfo {
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly isAlive: boolean;
  readonly isDraining: boolean;
  readonly clockDifferenceMs: number;
  readonly leads: number;
  readonly keeps: number;
  readonly silentMs: number;
}
export const NodeInfoSchema: StructSchema<NodeInfo> = struct("NodeInfo", [
  ["name", text],
  ["address", text],
  ["version", text],
  ["isAlive", bool],
  ["isDraining", bool],
  ["clockDifferenceMs", int],
  ["leads", int],
  ["keeps", int],
  ["silentMs", int],
]);

/** A copy of a partition, and how many messages of the log it lacks, as far as is known. */
export interface ReplicaInfo {
  readonly node: string;
  readonly sequence: bigint;
  readonly lagEntries: number;
  readonly lagMs: number;
}
export const ReplicaInfoSchema: StructSchema<ReplicaInfo> = struct("ReplicaInfo", [
  ["node", text],
  ["sequence", big],
  ["lagEntries", int],
  ["lagMs", int],
]);

/**
 * A partition; 0 is `system`, which holds tokens. `leader` is empty while there is no leader.
 *
 * `sequence`: the end of its log. `trouble`: why this node's copy has stopped following the log;
 * empty if it has not.
 */
export interface PartitionInfo {
  readonly number: number;
  readonly name: string;
  readonly leader: string;
  readonly term: number;
  readonly sequence: bigint;
  readonly replicas: ReplicaInfo[];
  readonly namespaces: number;
  readonly trouble: string;
}
export const PartitionInfoSchema: StructSchema<PartitionInfo> = struct("PartitionInfo", [
  ["number", int],
  ["name", text],
  ["leader", text],
  ["term", int],
  ["sequence", big],
  ["replicas", list(ReplicaInfoSchema)],
  ["namespaces", int],
  ["trouble", text, ""],
]);

/** A cluster as one of its nodes (`node`) sees it. `nats`: the state of NATS, in words. */
export interface ClusterInfo {
  readonly name: string;
  readonly clusterId: string;
  readonly node: string;
  readonly copies: number;
  readonly nats: string;
  readonly natsIsUp: boolean;
  readonly nodes: NodeInfo[];
  readonly partitions: PartitionInfo[];
}
export const ClusterInfoSchema: StructSchema<ClusterInfo> = struct("ClusterInfo", [
  ["name", text],
  ["clusterId", text],
  ["node", text],
  ["copies", int],
  ["nats", text],
  ["natsIsUp", bool],
  ["nodes", list(NodeInfoSchema)],
  ["partitions", list(PartitionInfoSchema)],
]);

/**
 * One operation on everything that matches, and its progress.
 *
 * - `matched`: what has been found to match so far; it grows while the job runs.
 * - `done`, `failed`: how many of those the operation was applied to, and refused for. With
 * `dryRun` both stay 0.
 * - `lookedAt`, `expected`: how much was looked at, of about how much in total.
 * - `about`: the action, the queue, or the stream and its group; `null` means all of the
 * namespace.
 * - `error`: the error of the last item that failed.
 */
export interface BulkJob {
  readonly jobId: string;
  readonly operation: string;
  readonly status: JobStatus;
  readonly matched: number;
  readonly done: number;
  readonly failed: number;
  readonly createdAtMs: bigint;
  readonly kind: string;
  readonly about: string | null;
  readonly dryRun: boolean;
  readonly endedAtMs: bigint | null;
  readonly lookedAt: number;
  readonly expected: number;
  readonly error: string | null;
}
export const BulkJobSchema: StructSchema<BulkJob> = struct("BulkJob", [
  ["jobId", text],
  ["operation", text],
  ["status", choice<JobStatus>(JobStatus)],
  ["matched", int],
  ["done", int],
  ["failed", int],
  ["createdAtMs", big],
  ["kind", text, ""],
  ["about", nullable(text), null],
  ["dryRun", bool, false],
  ["endedAtMs", nullable(big), null],
  ["lookedAt", int, 0],
  ["expected", int, 0],
  ["error", nullable(text), null],
]);

export interface JobListReply {
  readonly items: BulkJob[];
  readonly cursor: string | null;
}
export const JobListReplySchema: StructSchema<JobListReply> = struct("JobListReply", [
  ["items", list(BulkJobSchema)],
  ["cursor", nullable(text)],
]);

/** One key and its value. `expiresAtMs` is `null` for a key without a TTL. */
export interface KvEntry extends ValueCarrier {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: bigint;
  readonly updatedAtMs: bigint;
  readonly expiresAtMs: bigint | null;
}
export const KvEntrySchema: StructSchema<KvEntry> = struct("KvEntry", [
  ["key", text],
  ["value", bytes],
  ["version", big],
  ["updatedAtMs", big],
  ["expiresAtMs", nullable(big), null],
], { methods: ValueCarrier });

/** `version`: the namespace's change number that this write got. */
export interface PutResult {
  readonly version: bigint;
}
export const PutResultSchema: StructSchema<PutResult> = struct("PutResult", [
  ["version", big],
]);

/** A page of keys in byte order; `cursor` continues after the last one. */
export interface ScanResult extends ScanResultMethods {
  readonly entries: KvEntry[];
  readonly cursor: string | null;
  /** Whether a further page follows; ask for it with `cursor`. */
  readonly hasMore: boolean;
}
export const ScanResultSchema: StructSchema<ScanResult> = struct("ScanResult", [
  ["entries", list(KvEntrySchema)],
  ["cursor", nullable(text)],
], { add: hasMore, methods: ScanResultMethods });

/** One version of a key; `deleted` marks a deletion or an expiry. */
export interface VersionEntry extends VersionEntryMethods {
  readonly version: bigint;
  readonly value: Uint8Array;
  readonly timestampMs: bigint;
  readonly deleted: boolean;
}
export const VersionEntrySchema: StructSchema<VersionEntry> = struct("VersionEntry", [
  ["version", big],
  ["value", bytes],
  ["timestampMs", big],
  ["deleted", bool],
], { methods: VersionEntryMethods });

/** One change as a watch shows it; `value` is empty if `deleted`. */
export interface KvChange extends ValueCarrier {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: bigint;
  readonly deleted: boolean;
}
export const KvChangeSchema: StructSchema<KvChange> = struct("KvChange", [
  ["key", text],
  ["value", bytes],
  ["version", big],
  ["deleted", bool],
], { methods: ValueCarrier });

/**
 * Changes after a version, and the version to continue from. `more`: ask again at once.
 *
 * `generation`: how often the namespace was deleted; send it back with the version.
 */
export interface KvChangesReply {
  readonly changes: KvChange[];
  readonly version: bigint;
  readonly more: boolean;
  readonly generation: number;
}
export const KvChangesReplySchema: StructSchema<KvChangesReply> = struct("KvChangesReply", [
  ["changes", list(KvChangeSchema)],
  ["version", big],
  ["more", bool, false],
  ["generation", int, 0],
]);

/**
 * One message of a queue: delivered, peeked at, or dead.
 *
 * - `lease`: the number that fences this delivery; 0 if nothing is leased.
 * - `attempt`: the number of deliveries, including this one.
 * - `reason` (`maxAttempts`, `nacked`), `error`: set for dead letters only.
 * - `firstDeliveredAtMs`, `lastDeliveredAtMs`: `null` before the first delivery.
 * - `traceparent`: the trace in which it was enqueued (`core/trace.py`).
 */
export interface Message extends MessageMethods {
  readonly seq: bigint;
  readonly payload: Uint8Array;
  readonly priority: number;
  readonly attempt: number;
  readonly lease: bigint;
  readonly enqueuedAtMs: bigint;
  readonly leaseExpiresAtMs: bigint | null;
  readonly reason: string | null;
  readonly error: string | null;
  readonly firstDeliveredAtMs: bigint | null;
  readonly lastDeliveredAtMs: bigint | null;
  readonly traceparent: string | null;
}
export const MessageSchema: StructSchema<Message> = struct("Message", [
  ["seq", big],
  ["payload", bytes],
  ["priority", int],
  ["attempt", int],
  ["lease", big],
  ["enqueuedAtMs", big],
  ["leaseExpiresAtMs", nullable(big), null],
  ["reason", nullable(text), null],
  ["error", nullable(text), null],
  ["firstDeliveredAtMs", nullable(big), null],
  ["lastDeliveredAtMs", nullable(big), null],
  ["traceparent", nullable(text), null],
], { methods: MessageMethods });

/** Messages in delivery order; `cursor` is set only for pages of dead letters. */
export interface DequeueResult extends DequeueResultMethods {
  readonly messages: Message[];
  readonly cursor: string | null;
  /** Whether a further page follows; ask for it with `cursor`. */
  readonly hasMore: boolean;
}
export const DequeueResultSchema: StructSchema<DequeueResult> = struct("DequeueResult", [
  ["messages", list(MessageSchema)],
  ["cursor", nullable(text), null],
], { add: hasMore, methods: DequeueResultMethods });

/**
 * The result for each item of an ack, nack or touch.
 *
 * `done`: the items for which it took effect (or had already, by the same holder). `stale`: the
 * items whose lease the caller no longer holds, or that are unknown; nothing was changed for them.
 */
export interface AckResult {
  readonly done: bigint[];
  readonly stale: bigint[];
}
export const AckResultSchema: StructSchema<AckResult> = struct("AckResult", [
  ["done", list(big)],
  ["stale", list(big)],
]);

/** The settings of a queue. A queue that was never configured has the defaults. */
export interface QueueConfig {
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly dlqLimit: number;
  readonly dedupWindowMs: number;
  readonly retryBackoff: string;
  readonly retryDelayMaxMs: number;
}
export const QueueConfigSchema: StructSchema<QueueConfig> = struct("QueueConfig", [
  ["maxAttempts", int, 5],
  ["retryDelayMs", int, 0],
  ["dlqLimit", int, 10000],
  ["dedupWindowMs", int, 300000],
  ["retryBackoff", text, "constant"],
  ["retryDelayMaxMs", int, 3600000],
]);

/**
 * The counts of a queue.
 *
 * `oldestAgeMs`: the age of the oldest message that is not dead, or 0. `paused`: nothing is
 * delivered until the queue is resumed. `waiting`: messages that wait for earlier ones of their
 * group; `ready` and `delayed` do not include them.
 */
export interface QueueStats {
  readonly name: string;
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  readonly dead: number;
  readonly oldestAgeMs: number;
  readonly enqueuedTotal: number;
  readonly ackedTotal: number;
  readonly deadEvictedTotal: number;
  readonly paused: boolean;
  readonly waiting: number;
}
export const QueueStatsSchema: StructSchema<QueueStats> = struct("QueueStats", [
  ["name", text],
  ["ready", int],
  ["delayed", int],
  ["leased", int],
  ["dead", int],
  ["oldestAgeMs", int],
  ["enqueuedTotal", int],
  ["ackedTotal", int],
  ["deadEvictedTotal", int, 0],
  ["paused", bool, false],
  ["waiting", int, 0],
]);

export interface QueueListReply {
  readonly items: QueueStats[];
  readonly cursor: string | null;
}
export const QueueListReplySchema: StructSchema<QueueListReply> = struct("QueueListReply", [
  ["items", list(QueueStatsSchema)],
  ["cursor", nullable(text)],
]);

/** The place of a new record: its id, its offset in its partition, and its time. */
export interface AppendResult extends AppendResultMethods {
  readonly id: StreamID;
  readonly offset: bigint;
  readonly partition: number;
  readonly timestampMs: bigint;
}
export const AppendResultSchema: StructSchema<AppendResult> = struct("AppendResult", [
  ["id", streamId],
  ["offset", big],
  ["partition", int],
  ["timestampMs", big],
], { methods: AppendResultMethods });

/**
 * One record. `attempt` and `lease` are 0 if it was read without a group.
 *
 * `reason` and `error` (the text of its last nack) are set for dead letters only. `traceparent`:
 * the trace in which it was appended (`core/trace.py`).
 */
export interface StreamRecord extends StreamRecordMethods {
  readonly id: StreamID;
  readonly offset: bigint;
  readonly partition: number;
  readonly stream: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly partitionKey: string | null;
  readonly timestampMs: bigint;
  readonly attempt: number;
  readonly lease: bigint;
  readonly reason: string | null;
  readonly error: string | null;
  readonly traceparent: string | null;
}
export const StreamRecordSchema: StructSchema<StreamRecord> = struct("StreamRecord", [
  ["id", streamId],
  ["offset", big],
  ["partition", int],
  ["stream", text],
  ["payload", bytes],
  ["headers", texts],
  ["partitionKey", nullable(text)],
  ["timestampMs", big],
  ["attempt", int, 0],
  ["lease", big, 0n],
  ["reason", nullable(text), null],
  ["error", nullable(text), null],
  ["traceparent", nullable(text), null],
], { methods: StreamRecordMethods });

/**
 * Records in id order. `nextAfter` is the id after which a follower continues.
 *
 * `leaseMs`: how long the leases of a group's records last; 0 without leases.
 */
export interface ReadResult extends ReadResultMethods {
  readonly records: StreamRecord[];
  readonly nextAfter: StreamID | null;
  readonly leaseMs: number;
}
export const ReadResultSchema: StructSchema<ReadResult> = struct("ReadResult", [
  ["records", list(StreamRecordSchema)],
  ["nextAfter", nullable(streamId), null],
  ["leaseMs", int, 0],
], { methods: ReadResultMethods });

/** A stream's size and retention. `firstId`, `lastId`: `null` before its first record. */
export interface StreamInfo extends StreamInfoMethods {
  readonly name: string;
  readonly partitions: number;
  readonly count: number;
  readonly sizeBytes: number;
  readonly firstId: StreamID | null;
  readonly lastId: StreamID | null;
  readonly maxAgeMs: number | null;
  readonly maxRecords: number | null;
  readonly maxBytes: number | null;
}
export const StreamInfoSchema: StructSchema<StreamInfo> = struct("StreamInfo", [
  ["name", text],
  ["partitions", int],
  ["count", int],
  ["sizeBytes", int],
  ["firstId", nullable(streamId)],
  ["lastId", nullable(streamId)],
  ["maxAgeMs", nullable(int)],
  ["maxRecords", nullable(int)],
  ["maxBytes", nullable(int)],
], { methods: StreamInfoMethods });

export interface StreamListReply {
  readonly items: StreamInfo[];
  readonly cursor: string | null;
}
export const StreamListReplySchema: StructSchema<StreamListReply> = struct("StreamListReply", [
  ["items", list(StreamInfoSchema)],
  ["cursor", nullable(text)],
]);

/** `removed`: how many records were removed (with `dryRun`: would be removed). */
export interface TrimResult {
  readonly removed: number;
}
export const TrimResultSchema: StructSchema<TrimResult> = struct("TrimResult", [
  ["removed", int],
]);

/**
 * A consumer group. `lag`: records that it has not been given yet.
 *
 * `triggerOf`: the workflow whose trigger reads through this group, or empty. Such a group
 * belongs to the engine and can only be looked at.
 */
export interface GroupInfo {
  readonly name: string;
  readonly mode: string;
  readonly consumers: string[];
  readonly pending: number;
  readonly lag: number;
  readonly lastDeliveredId: StreamID | null;
  readonly ackTimeoutMs: number;
  readonly maxDeliver: number;
  readonly consumerTimeoutMs: number;
  readonly dead: number;
  readonly retryDelayMs: number;
  readonly retryBackoff: string;
  readonly retryDelayMaxMs: number;
  readonly triggerOf: string;
}
export const GroupInfoSchema: StructSchema<GroupInfo> = struct("GroupInfo", [
  ["name", text],
  ["mode", text],
  ["consumers", list(text)],
  ["pending", int],
  ["lag", int],
  ["lastDeliveredId", nullable(streamId)],
  ["ackTimeoutMs", int, 30000],
  ["maxDeliver", int, 10],
  ["consumerTimeoutMs", int, 30000],
  ["dead", int, 0],
  ["retryDelayMs", int, 0],
  ["retryBackoff", text, "constant"],
  ["retryDelayMaxMs", int, 3600000],
  ["triggerOf", text, ""],
]);

export interface GroupListReply {
  readonly items: GroupInfo[];
  readonly cursor: string | null;
}
export const GroupListReplySchema: StructSchema<GroupListReply> = struct("GroupListReply", [
  ["items", list(GroupInfoSchema)],
  ["cursor", nullable(text)],
]);

/** Like `AckResult`, for record ids. */
export interface GroupAckResult {
  readonly done: StreamID[];
  readonly stale: StreamID[];
}
export const GroupAckResultSchema: StructSchema<GroupAckResult> = struct("GroupAckResult", [
  ["done", list(streamId)],
  ["stale", list(streamId)],
]);

/** A record that was delivered and not yet acked. */
export interface PendingEntry {
  readonly id: StreamID;
  readonly consumer: string;
  readonly attempt: number;
  readonly lease: bigint;
  readonly deliveredAtMs: bigint;
  readonly expiresAtMs: bigint;
}
export const PendingEntrySchema: StructSchema<PendingEntry> = struct("PendingEntry", [
  ["id", streamId],
  ["consumer", text],
  ["attempt", int],
  ["lease", big],
  ["deliveredAtMs", big],
  ["expiresAtMs", big],
]);

export interface PendingReply {
  readonly items: PendingEntry[];
  readonly cursor: string | null;
}
export const PendingReplySchema: StructSchema<PendingReply> = struct("PendingReply", [
  ["items", list(PendingEntrySchema)],
  ["cursor", nullable(text)],
]);

export interface DeadReply {
  readonly items: StreamRecord[];
  readonly cursor: string | null;
}
export const DeadReplySchema: StructSchema<DeadReply> = struct("DeadReply", [
  ["items", list(StreamRecordSchema)],
  ["cursor", nullable(text)],
]);

/**
 * How many runs of an action are leased at once, and how fast runs are claimed.
 *
 * `null` means no limit.
 *
 * - `running`: leased runs, over all workers. `runningPerKey`: leased runs of one key.
 * - `rate`: claims in any span of `ratePeriodMs`. `ratePerKey`: the same for one key. Both are
 * 1 to 10,000.
 * - `fair`: keys take turns. Otherwise the key whose first run is due first goes first.
 */
export interface Limits {
  readonly running: number | null;
  readonly runningPerKey: number | null;
  readonly rate: number | null;
  readonly ratePerKey: number | null;
  readonly ratePeriodMs: number;
  readonly fair: boolean;
}
export const LimitsSchema: StructSchema<Limits> = struct("Limits", [
  ["running", nullable(int), null],
  ["runningPerKey", nullable(int), null],
  ["rate", nullable(int), null],
  ["ratePerKey", nullable(int), null],
  ["ratePeriodMs", int, 1000],
  ["fair", bool, false],
]);

/** A registered action and its settings; `version` counts registrations that changed them. */
export interface ActionInfo extends ActionInfoMethods {
  readonly name: string;
  readonly version: bigint;
  readonly enabled: boolean;
  readonly type: ActionType;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly runTimeoutMs: number | null;
  readonly description: string | null;
  readonly createdAtMs: bigint;
  readonly updatedAtMs: bigint;
  readonly retentionMs: number;
  readonly limits: Limits;
  readonly keyPath: string | null;
}
export const ActionInfoSchema: StructSchema<ActionInfo> = struct("ActionInfo", [
  ["name", text],
  ["version", big],
  ["enabled", bool],
  ["type", choice<ActionType>(ActionType)],
  ["timeoutMs", int],
  ["maxRetries", int],
  ["retryDelayMs", int],
  ["runTimeoutMs", nullable(int)],
  ["description", nullable(text)],
  ["createdAtMs", big],
  ["updatedAtMs", big],
  ["retentionMs", int, 2592000000],
  ["limits", LimitsSchema, { running: null, runningPerKey: null, rate: null, ratePerKey: null, ratePeriodMs: 1000, fair: false }],
  ["keyPath", nullable(text), null],
], { methods: ActionInfoMethods });

/** `created` is false if the idempotency key had made the run before. */
export interface InvokeResult {
  readonly runId: string;
  readonly created: boolean;
}
export const InvokeResultSchema: StructSchema<InvokeResult> = struct("InvokeResult", [
  ["runId", text],
  ["created", bool],
]);

/**
 * What a run waits for; `text` says it in a sentence, as of the time of the answer.
 *
 * - `name`: of the action, workflow or signal.
 * - `runId`: the run of an action or child that a workflow's run waits for.
 * - `workers`: how many registered and healthy workers could claim it (at most 100 are counted).
 * - `attempt`: the next attempt, of at most `attempts`.
 * - `dueAtMs`: when the wait ends on its own.
 * - `error`: how the previous attempt ended.
 */
export interface RunWait {
  readonly kind: WaitKind;
  readonly text: string;
  readonly name: string | null;
  readonly runId: string | null;
  readonly workers: number | null;
  readonly attempt: number | null;
  readonly attempts: number | null;
  readonly dueAtMs: bigint | null;
  readonly error: string | null;
}
export const RunWaitSchema: StructSchema<RunWait> = struct("RunWait", [
  ["kind", choice<WaitKind>(WaitKind)],
  ["text", text],
  ["name", nullable(text), null],
  ["runId", nullable(text), null],
  ["workers", nullable(int), null],
  ["attempt", nullable(int), null],
  ["attempts", nullable(int), null],
  ["dueAtMs", nullable(big), null],
  ["error", nullable(text), null],
]);

/**
 * One attempt of a run: which worker had it, from when to when, and why it ended.
 *
 * - `begunAtMs`: `null` for attempts of older versions, which did not keep it.
 * - `endedAtMs`: `null` while the attempt is under way.
 * - `error`: the first 512 bytes of the handler's error.
 * - `reason`: as for a run; `null` if a handler ended the attempt, by success or failure.
 */
export interface ActionAttempt {
  readonly attempt: number;
  readonly workerId: string;
  readonly begunAtMs: bigint | null;
  readonly endedAtMs: bigint | null;
  readonly reason: string | null;
  readonly error: string | null;
}
export const ActionAttemptSchema: StructSchema<ActionAttempt> = struct("ActionAttempt", [
  ["attempt", int],
  ["workerId", text],
  ["begunAtMs", nullable(big)],
  ["endedAtMs", nullable(big)],
  ["reason", nullable(text)],
  ["error", nullable(text)],
]);

/**
 * One run of an action, with a short history.
 *
 * - `attempt`: deliveries to workers, without those that were released or never began.
 * - `error`: the error of the last attempt.
 * - `reason`: why the run or attempt ended if no handler ended it: `workerLost`, `timeout`, or
 * the reason of a cancellation. It is then also the `error`.
 * - `waitsFor`: what a pending run waits for; only `status` fills it, no listing.
 * - `attempts`: the attempts that have begun, the last 100, oldest first.
 * - `progress` (0 to 1), `progressNote`: what the handler reported last, `null` if nothing. The
 * next attempt begins without them.
 * - `traceparent`: the trace in which the run was invoked.
 */
export interface ActionRun extends ActionRunMethods {
  readonly runId: string;
  readonly action: string;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly priority: number;
  readonly input: Uint8Array;
  readonly output: Uint8Array | null;
  readonly outcome: string | null;
  readonly error: string | null;
  readonly createdAtMs: bigint;
  readonly startedAtMs: bigint | null;
  readonly completedAtMs: bigint | null;
  readonly callerRunId: string | null;
  readonly reason: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly workerId: string | null;
  readonly waitsFor: RunWait | null;
  readonly attempts: ActionAttempt[];
  readonly progress: number | null;
  readonly progressNote: string | null;
  readonly key: string | null;
  readonly traceparent: string | null;
}
export const ActionRunSchema: StructSchema<ActionRun> = struct("ActionRun", [
  ["runId", text],
  ["action", text],
  ["status", choice<RunStatus>(RunStatus)],
  ["attempt", int],
  ["priority", int],
  ["input", bytes],
  ["output", nullable(bytes)],
  ["outcome", nullable(text)],
  ["error", nullable(text)],
  ["createdAtMs", big],
  ["startedAtMs", nullable(big), null],
  ["completedAtMs", nullable(big), null],
  ["callerRunId", nullable(text), null],
  ["reason", nullable(text), null],
  ["labels", texts, {}],
  ["workerId", nullable(text), null],
  ["waitsFor", nullable(RunWaitSchema), null],
  ["attempts", list(ActionAttemptSchema), []],
  ["progress", nullable(decimal), null],
  ["progressNote", nullable(text), null],
  ["key", nullable(text), null],
  ["traceparent", nullable(text), null],
], { methods: ActionRunMethods });

export interface ActionListReply {
  readonly items: ActionInfo[];
  readonly cursor: string | null;
}
export const ActionListReplySchema: StructSchema<ActionListReply> = struct("ActionListReply", [
  ["items", list(ActionInfoSchema)],
  ["cursor", nullable(text)],
]);

export interface RunListReply {
  readonly items: ActionRun[];
  readonly cursor: string | null;
}
export const RunListReplySchema: StructSchema<RunListReply> = struct("RunListReply", [
  ["items", list(ActionRunSchema)],
  ["cursor", nullable(text)],
]);

/**
 * One key of an action: its leased runs, its due runs, and the limit that holds it back.
 *
 * That limit is `running`, `runningPerKey`, `rate` or `ratePerKey`, if any.
 */
export interface KeyLimits {
  readonly key: string;
  readonly running: number;
  readonly waiting: number;
  readonly blockedBy: string | null;
}
export const KeyLimitsSchema: StructSchema<KeyLimits> = struct("KeyLimits", [
  ["key", text],
  ["running", int],
  ["waiting", int],
  ["blockedBy", nullable(text)],
]);

/** The action's leased runs, its due runs, and its keys. */
export interface LimitsReply {
  readonly running: number;
  readonly waiting: number;
  readonly items: KeyLimits[];
  readonly cursor: string | null;
}
export const LimitsReplySchema: StructSchema<LimitsReply> = struct("LimitsReply", [
  ["running", int],
  ["waiting", int],
  ["items", list(KeyLimitsSchema)],
  ["cursor", nullable(text)],
]);

/**
 * An action's schedule: either `cron` or `intervalMs`.
 *
 * - `enabled`: whether the action is enabled.
 * - `nextRunAtMs`: the next nominal time; `null` if the schedule is paused, disabled or not
 * calculated yet.
 * - `lastRunAtMs`: the nominal time of the last run, whose id is `lastRunId`.
 * - `running`: the schedule's own runs that have not ended.
 * - `skippedTotal`: times that were skipped because of `overlap`.
 * - `doubt`: why its `cron` probably does not mean what it says, such as a step of 90 minutes;
 * empty if there is no doubt.
 */
export interface ActionScheduleInfo {
  readonly name: string;
  readonly cron: string | null;
  readonly intervalMs: number | null;
  readonly timezone: string;
  readonly paused: boolean;
  readonly enabled: boolean;
  readonly nextRunAtMs: bigint | null;
  readonly lastRunAtMs: bigint | null;
  readonly lastRunId: string | null;
  readonly running: number;
  readonly skippedTotal: number;
  readonly overlap: Overlap;
  readonly maxConcurrent: number;
  readonly catchUpMs: number;
  readonly jitterMs: number;
  readonly doubt: string;
}
export const ActionScheduleInfoSchema: StructSchema<ActionScheduleInfo> = struct("ActionScheduleInfo", [
  ["name", text],
  ["cron", nullable(text)],
  ["intervalMs", nullable(int)],
  ["timezone", text],
  ["paused", bool],
  ["enabled", bool],
  ["nextRunAtMs", nullable(big)],
  ["lastRunAtMs", nullable(big)],
  ["lastRunId", nullable(text)],
  ["running", int],
  ["skippedTotal", int],
  ["overlap", choice<Overlap>(Overlap)],
  ["maxConcurrent", int],
  ["catchUpMs", int],
  ["jitterMs", int],
  ["doubt", text, ""],
]);

export interface ActionScheduleListReply {
  readonly items: ActionScheduleInfo[];
  readonly cursor: string | null;
}
export const ActionScheduleListReplySchema: StructSchema<ActionScheduleListReply> = struct("ActionScheduleListReply", [
  ["items", list(ActionScheduleInfoSchema)],
  ["cursor", nullable(text)],
]);

/**
 * A registered worker. It is unhealthy after 90 s without a heartbeat.
 *
 * `done`, `failed`: the attempts that it has ended since it was first registered.
 */
export interface WorkerInfo {
  readonly workerId: string;
  readonly actions: string[];
  readonly concurrency: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly registeredAtMs: bigint;
  readonly lastHeartbeatMs: bigint;
  readonly healthy: boolean;
  readonly draining: boolean;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}
export const WorkerInfoSchema: StructSchema<WorkerInfo> = struct("WorkerInfo", [
  ["workerId", text],
  ["actions", list(text)],
  ["concurrency", int],
  ["labels", texts],
  ["metadata", texts],
  ["registeredAtMs", big],
  ["lastHeartbeatMs", big],
  ["healthy", bool],
  ["draining", bool],
  ["running", int],
  ["done", int, 0],
  ["failed", int, 0],
]);

/**
 * The answer to a heartbeat.
 *
 * `known`: false asks the worker to register again. `cancelled`: the runs of `running` that it
 * should stop.
 */
export interface Heartbeat {
  readonly known: boolean;
  readonly draining: boolean;
  readonly cancelled: string[];
}
export const HeartbeatSchema: StructSchema<Heartbeat> = struct("Heartbeat", [
  ["known", bool],
  ["draining", bool],
  ["cancelled", list(text)],
]);

export interface WorkerListReply {
  readonly items: WorkerInfo[];
  readonly cursor: string | null;
}
export const WorkerListReplySchema: StructSchema<WorkerListReply> = struct("WorkerListReply", [
  ["items", list(WorkerInfoSchema)],
  ["cursor", nullable(text)],
]);

/**
 * One claimed run: its input, and the lease that fences this attempt.
 *
 * - `leaseMs`: how long the lease lasts, counted from the claim.
 * - `idempotencyKey`: for calls of a handler to other systems. It is the same in all attempts of
 * a run and of a workflow's step, and after a retry of the workflow.
 * - `traceparent`: the trace in which the run was invoked; for a workflow's step, the trace in
 * which the workflow was started.
 */
export interface Task extends TaskMethods {
  readonly runId: string;
  readonly action: string;
  readonly payload: Uint8Array;
  readonly attempt: number;
  readonly lease: bigint;
  readonly createdAtMs: bigint;
  readonly leaseExpiresAtMs: bigint;
  readonly callerRunId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly leaseMs: number;
  readonly idempotencyKey: string;
  readonly traceparent: string | null;
}
export const TaskSchema: StructSchema<Task> = struct("Task", [
  ["runId", text],
  ["action", text],
  ["payload", bytes],
  ["attempt", int],
  ["lease", big],
  ["createdAtMs", big],
  ["leaseExpiresAtMs", big],
  ["callerRunId", nullable(text), null],
  ["labels", texts, {}],
  ["leaseMs", int, 0],
  ["idempotencyKey", text, ""],
  ["traceparent", nullable(text), null],
], { methods: TaskMethods });

/**
 * How one claimed run ended: `error` is `null` if it completed.
 *
 * `lost`: the process that the handler ran in has ended; the attempt counts as `workerLost`.
 */
export interface TaskResult {
  readonly runId: string;
  readonly lease: bigint;
  readonly output: Uint8Array;
  readonly outcome: string;
  readonly error: string | null;
  readonly retry: boolean;
  readonly lost: boolean;
  readonly progress: number | null;
  readonly progressNote: string | null;
}
export const TaskResultSchema: StructSchema<TaskResult> = struct("TaskResult", [
  ["runId", text],
  ["lease", big],
  ["output", bytes, NO_BYTES],
  ["outcome", text, "success"],
  ["error", nullable(text), null],
  ["retry", bool, true],
  ["lost", bool, false],
  ["progress", nullable(decimal), null],
  ["progressNote", nullable(text), null],
]);

/** The handler of a claimed run has begun. */
export interface TaskBegun {
  readonly runId: string;
  readonly lease: bigint;
}
export const TaskBegunSchema: StructSchema<TaskBegun> = struct("TaskBegun", [
  ["runId", text],
  ["lease", big],
]);

/**
 * `tasks`: the claimed runs. `stale`: the results that were not taken, by their place in the
 * request.
 */
export interface TurnReply {
  readonly tasks: Task[];
  readonly stale: bigint[];
}
export const TurnReplySchema: StructSchema<TurnReply> = struct("TurnReply", [
  ["tasks", list(TaskSchema)],
  ["stale", list(big)],
]);

export const ProblemSchema: StructSchema<Problem> = struct("Problem", [
  ["code", text],
  ["severity", choice<Severity>(Severity)],
  ["message", text],
  ["path", text],
  ["line", int],
  ["column", int],
  ["file", nullable(text), null],
]);

/**
 * The result for one definition; `description` is empty if it has none.
 *
 * For a dry run it is what would happen. `refusal`: why a sync would refuse the definition.
 * `current`: the stored text, if the definition differs from it.
 */
export interface SyncResult {
  readonly name: string;
  readonly version: string;
  readonly action: SyncAction;
  readonly warnings: Problem[];
  readonly description: string;
  readonly refusal: string | null;
  readonly current: string | null;
}
export const SyncResultSchema: StructSchema<SyncResult> = struct("SyncResult", [
  ["name", text],
  ["version", text],
  ["action", choice<SyncAction>(SyncAction)],
  ["warnings", list(ProblemSchema), []],
  ["description", text, ""],
  ["refusal", nullable(text), null],
  ["current", nullable(text), null],
]);

/** `created` is false if the idempotency key had started the run before. */
export interface WorkflowStarted {
  readonly runId: string;
  readonly created: boolean;
}
export const WorkflowStartedSchema: StructSchema<WorkflowStarted> = struct("WorkflowStarted", [
  ["runId", text],
  ["created", bool],
]);

/**
 * One run of a workflow.
 *
 * - `currentStep`: the step that it is at, or ended at.
 * - `input`, `output`: JSON as bytes, or the bytes that an action returned.
 * - `waitSignal`: the type of the signal that it waits for.
 * - `terminal`: the terminal at which it ended.
 * - `waitsFor`: what it waits for; only `status` fills it, no listing.
 * - `traceparent`: the trace in which it was started.
 */
export interface WorkflowRun {
  readonly runId: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: WorkflowStatus;
  readonly currentStep: string | null;
  readonly input: Uint8Array;
  readonly output: Uint8Array | null;
  readonly error: string | null;
  readonly createdAtMs: bigint;
  readonly startedAtMs: bigint | null;
  readonly completedAtMs: bigint | null;
  readonly waitSignal: string | null;
  readonly parentRunId: string | null;
  readonly searchAttributes: Readonly<Record<string, Scalar>>;
  readonly terminal: string | null;
  readonly waitsFor: RunWait | null;
  readonly traceparent: string | null;
}
export const WorkflowRunSchema: StructSchema<WorkflowRun> = struct("WorkflowRun", [
  ["runId", text],
  ["workflow", text],
  ["version", text],
  ["status", choice<WorkflowStatus>(WorkflowStatus)],
  ["currentStep", nullable(text)],
  ["input", bytes],
  ["output", nullable(bytes)],
  ["error", nullable(text)],
  ["createdAtMs", big],
  ["startedAtMs", nullable(big), null],
  ["completedAtMs", nullable(big), null],
  ["waitSignal", nullable(text), null],
  ["parentRunId", nullable(text), null],
  ["searchAttributes", scalars, {}],
  ["terminal", nullable(text), null],
  ["waitsFor", nullable(RunWaitSchema), null],
  ["traceparent", nullable(text), null],
]);

/**
 * One event of a run; `sequence` counts from 1.
 *
 * `runId`: the run of the action or child workflow that the event is about. `attempts`: for an
 * action that has ended (`actionCompleted`), which workers had it, from when to when, and why
 * each attempt ended. They are there as long as the action's run is kept.
 */
export interface HistoryEvent {
  readonly sequence: bigint;
  readonly type: string;
  readonly detail: string;
  readonly step: string | null;
  readonly timestampMs: bigint;
  readonly runId: string | null;
  readonly attempts: ActionAttempt[];
}
export const HistoryEventSchema: StructSchema<HistoryEvent> = struct("HistoryEvent", [
  ["sequence", big],
  ["type", text],
  ["detail", text],
  ["step", nullable(text)],
  ["timestampMs", big],
  ["runId", nullable(text), null],
  ["attempts", list(ActionAttemptSchema), []],
]);

/** `isFinished`: the run has ended, and no event follows the last one. */
export interface HistoryReply {
  readonly items: HistoryEvent[];
  readonly cursor: string | null;
  readonly isFinished: boolean;
}
export const HistoryReplySchema: StructSchema<HistoryReply> = struct("HistoryReply", [
  ["items", list(HistoryEventSchema)],
  ["cursor", nullable(text)],
  ["isFinished", bool, false],
]);

/**
 * Values of one search attribute: above `gt` or from `gte` on, and below `lt` or up to `lte`.
 *
 * All `bounds` are texts, or all are numbers. There is at least one, and at most one of each side.
 */
export interface SearchRange {
  readonly name: string;
  readonly bounds: Readonly<Record<string, Scalar>>;
}
export const SearchRangeSchema: StructSchema<SearchRange> = struct("SearchRange", [
  ["name", text],
  ["bounds", scalars],
]);

export interface WorkflowRunListReply {
  readonly items: WorkflowRun[];
  readonly cursor: string | null;
}
export const WorkflowRunListReplySchema: StructSchema<WorkflowRunListReply> = struct("WorkflowRunListReply", [
  ["items", list(WorkflowRunSchema)],
  ["cursor", nullable(text)],
]);

/** A workflow and its current version. */
export interface DefinitionInfo {
  readonly name: string;
  readonly version: string;
  readonly enabled: boolean;
  readonly createdAtMs: bigint;
  readonly description: string | null;
}
export const DefinitionInfoSchema: StructSchema<DefinitionInfo> = struct("DefinitionInfo", [
  ["name", text],
  ["version", text],
  ["enabled", bool],
  ["createdAtMs", big],
  ["description", nullable(text), null],
]);

export interface DefinitionListReply {
  readonly items: DefinitionInfo[];
  readonly cursor: string | null;
}
export const DefinitionListReplySchema: StructSchema<DefinitionListReply> = struct("DefinitionListReply", [
  ["items", list(DefinitionInfoSchema)],
  ["cursor", nullable(text)],
]);

/** A kept version of a workflow. `current`: new runs use it. */
export interface DefinitionVersion {
  readonly version: string;
  readonly createdAtMs: bigint;
  readonly current: boolean;
  readonly description: string | null;
}
export const DefinitionVersionSchema: StructSchema<DefinitionVersion> = struct("DefinitionVersion", [
  ["version", text],
  ["createdAtMs", big],
  ["current", bool],
  ["description", nullable(text), null],
]);

export interface DefinitionVersionListReply {
  readonly items: DefinitionVersion[];
  readonly cursor: string | null;
}
export const DefinitionVersionListReplySchema: StructSchema<DefinitionVersionListReply> = struct("DefinitionVersionListReply", [
  ["items", list(DefinitionVersionSchema)],
  ["cursor", nullable(text)],
]);

/**
 * A workflow's schedule: either `cron` or `intervalMs`.
 *
 * - `nextRunAtMs`: the next nominal time; `null` if the schedule is paused or not calculated
 * yet.
 * - `lastRunAtMs`: the nominal time of the last run, whose id is `lastRunId`.
 * - `running`: the schedule's own runs that have not ended.
 * - `skippedTotal`: times that were skipped because of `overlap`.
 */
export interface ScheduleInfo {
  readonly name: string;
  readonly cron: string | null;
  readonly intervalMs: number | null;
  readonly timezone: string;
  readonly paused: boolean;
  readonly enabled: boolean;
  readonly nextRunAtMs: bigint | null;
  readonly lastRunAtMs: bigint | null;
  readonly lastRunId: string | null;
  readonly running: number;
  readonly skippedTotal: number;
}
export const ScheduleInfoSchema: StructSchema<ScheduleInfo> = struct("ScheduleInfo", [
  ["name", text],
  ["cron", nullable(text)],
  ["intervalMs", nullable(int)],
  ["timezone", text],
  ["paused", bool],
  ["enabled", bool],
  ["nextRunAtMs", nullable(big)],
  ["lastRunAtMs", nullable(big)],
  ["lastRunId", nullable(text)],
  ["running", int],
  ["skippedTotal", int],
]);

export interface ScheduleListReply {
  readonly items: ScheduleInfo[];
  readonly cursor: string | null;
}
export const ScheduleListReplySchema: StructSchema<ScheduleListReply> = struct("ScheduleListReply", [
  ["items", list(ScheduleInfoSchema)],
  ["cursor", nullable(text)],
]);

/** The first request of a connection. `session`: the client's id for its numbered writes. */
export interface Hello {
  readonly clientVersion: string;
  readonly session: string;
  readonly token?: string | null | undefined;
}
export const Hello: RequestKind<Hello, Welcome> = requestKind(
  "Hello", 0, "other", [
  ["clientVersion", text],
  ["session", text],
  ["token", nullable(text), null],
], WelcomeSchema,
);

/**
 * A sign of life, which the server answers with another.
 *
 * `quietMsMax`: the client promises never to be silent for longer from now on, so that the
 * server can notice that it has disconnected. 0 promises nothing.
 */
export interface Ping {
  readonly quietMsMax?: Integer | undefined;
}
export const Ping: RequestKind<Ping, null> = requestKind(
  "Ping", 112, "other", [
  ["quietMsMax", int, 0],
], nil, 0,
);

export interface GetServerInfo {}
export const GetServerInfo: RequestKind<GetServerInfo, ServerInfo> = requestKind(
  "GetServerInfo", 113, "other", [], ServerInfoSchema,
);

/** Copy the running server into `directory` (new, on its machine). Returns the full path. */
export interface Backup {
  readonly directory: string;
}
export const Backup: RequestKind<Backup, string> = requestKind(
  "Backup", 114, "other", [
  ["directory", text],
], text,
);

/** Returns whether it is new. */
export interface NamespaceCreate {
  readonly name: string;
}
export const NamespaceCreate: RequestKind<NamespaceCreate, boolean> = requestKind(
  "NamespaceCreate", 115, "command", [
  ["name", text],
], bool,
);

/** `null` keeps the current setting. */
export interface NamespaceConfigure {
  readonly name: string;
  readonly kvHistory?: Integer | null | undefined;
  readonly kvDeletedMs?: Integer | null | undefined;
}
export const NamespaceConfigure: RequestKind<NamespaceConfigure, NamespaceInfo> = requestKind(
  "NamespaceConfigure", 140, "command", [
  ["name", text],
  ["kvHistory", nullable(int), null],
  ["kvDeletedMs", nullable(int), null],
], NamespaceInfoSchema,
);

export interface NamespaceList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const NamespaceList: RequestKind<NamespaceList, NamespaceListReply> = requestKind(
  "NamespaceList", 116, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], NamespaceListReplySchema,
);

export interface NamespaceDelete {
  readonly name: string;
  readonly force?: boolean | undefined;
}
export const NamespaceDelete: RequestKind<NamespaceDelete, boolean> = requestKind(
  "NamespaceDelete", 117, "command", [
  ["name", text],
  ["force", bool, false],
], bool,
);

/** Remember this connection's client from now on; sent before its first numbered write. */
export interface SessionOpen {}
export const SessionOpen: RequestKind<SessionOpen, null> = requestKind(
  "SessionOpen", 118, "command", [], nil,
);

/** End the wait of an earlier request of this connection; that request gets its empty answer. */
export interface CancelWait {
  readonly requestId: Integer;
}
export const CancelWait: RequestKind<CancelWait, boolean> = requestKind(
  "CancelWait", 123, "other", [
  ["requestId", int],
], bool,
);

/** Several commands in one namespace, all or nothing. The answer is their results, in order. */
export interface Batch {
  readonly commands: readonly Request<unknown>[];
}
export const Batch: RequestKind<Batch, unknown[]> = requestKind(
  "Batch", 122, "command", [
  ["commands", commands],
], list(any),
);

/**
 * Remember the one write of this connection: a request over HTTP that may happen only once.
 *
 * `digest`: a digest of the request, 32 bytes. The session is `once-` and the digest of the key.
 */
export interface OnceOpen {
  readonly digest: Uint8Array;
}
export const OnceOpen: RequestKind<OnceOpen, null> = requestKind(
  "OnceOpen", 255, "command", [
  ["digest", bytes],
], nil,
);

/**
 * Make a token: clients that know its secret may connect.
 *
 * The caller chooses `id` and `hash` (SHA-256 of the token's text). The first token ever made
 * turns tokens on: from then on, no client can connect without one. It must be an admin's, because
 * otherwise nobody could make another.
 */
export interface TokenCreate {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly role: Role;
  readonly namespaces?: readonly string[] | undefined;
  readonly lifetimeMs?: Integer | null | undefined;
  readonly description?: string | null | undefined;
  readonly scopes?: readonly string[] | undefined;
}
export const TokenCreate: RequestKind<TokenCreate, TokenInfo> = requestKind(
  "TokenCreate", 124, "command", [
  ["id", text],
  ["hash", bytes],
  ["role", choice<Role>(Role)],
  ["namespaces", list(text), []],
  ["lifetimeMs", nullable(int), null],
  ["description", nullable(text), null],
  ["scopes", list(text), []],
], TokenInfoSchema, 6,
);

/** List tokens by id; expired and revoked ones for 30 days after. */
export interface TokenList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const TokenList: RequestKind<TokenList, TokenListReply> = requestKind(
  "TokenList", 125, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], TokenListReplySchema,
);

/**
 * Revoke a token: its holders cannot connect again, and their connections are closed.
 *
 * Revoking it again changes nothing.
 */
export interface TokenRevoke {
  readonly id: string;
}
export const TokenRevoke: RequestKind<TokenRevoke, TokenInfo> = requestKind(
  "TokenRevoke", 126, "command", [
  ["id", text],
], TokenInfoSchema,
);

/**
 * Sign a token of the role `web`, which is stored nowhere.
 *
 * It may do what its scopes name, but never more or longer than the caller may. `namespaces`:
 * `null` means those of the caller.
 */
export interface TokenMint {
  readonly scopes: readonly string[];
  readonly expiresMs?: Integer | undefined;
  readonly namespaces?: readonly string[] | null | undefined;
}
export const TokenMint: RequestKind<TokenMint, MintedToken> = requestKind(
  "TokenMint", 24, "other", [
  ["scopes", list(text)],
  ["expiresMs", int, 600000],
  ["namespaces", nullable(list(text)), null],
], MintedTokenSchema,
);

/** Return what the calling client may do. */
export interface WhoAmI {}
export const WhoAmI: RequestKind<WhoAmI, Identity> = requestKind(
  "WhoAmI", 26, "other", [], IdentitySchema,
);

/**
 * Let the code with this hash (SHA-256) open a session, once, within a minute.
 *
 * `rights`: the server overwrites what is sent. The answer is when that minute is over.
 */
export interface ConsoleOpen {
  readonly hash: Uint8Array;
  readonly rights?: ConsoleRights | null | undefined;
}
export const ConsoleOpen: RequestKind<ConsoleOpen, number> = requestKind(
  "ConsoleOpen", 27, "command", [
  ["hash", bytes],
  ["rights", nullable(ConsoleRightsSchema), null],
], int,
);

/**
 * Open a session with the code of the hash `codeHash`, which cannot be used again.
 *
 * The caller chooses `id` and `hash` (SHA-256 of the session's text).
 */
export interface ConsoleLogin {
  readonly codeHash: Uint8Array;
  readonly id: string;
  readonly hash: Uint8Array;
}
export const ConsoleLogin: RequestKind<ConsoleLogin, Identity> = requestKind(
  "ConsoleLogin", 28, "command", [
  ["codeHash", bytes],
  ["id", text],
  ["hash", bytes],
], IdentitySchema,
);

/** End the calling session. `sessionId`: the server overwrites what is sent. */
export interface ConsoleLogout {
  readonly sessionId?: string | undefined;
}
export const ConsoleLogout: RequestKind<ConsoleLogout, null> = requestKind(
  "ConsoleLogout", 29, "command", [
  ["sessionId", text, ""],
], nil,
);

/** Return the state of the cluster. */
export interface ClusterStatus {}
export const ClusterStatus: RequestKind<ClusterStatus, ClusterInfo> = requestKind(
  "ClusterStatus", 204, "other", [], ClusterInfoSchema,
);

/** Make `node` the leader of `partition`. Answered once it leads. */
export interface ClusterMove {
  readonly partition: Integer;
  readonly node: string;
}
export const ClusterMove: RequestKind<ClusterMove, null> = requestKind(
  "ClusterMove", 205, "other", [
  ["partition", int],
  ["node", text],
], nil,
);

/**
 * Move all that `node` leads to other nodes, until it starts again.
 *
 * Answered once it leads nothing.
 */
export interface ClusterDrain {
  readonly node: string;
}
export const ClusterDrain: RequestKind<ClusterDrain, null> = requestKind(
  "ClusterDrain", 206, "other", [
  ["node", text],
], nil,
);

/**
 * Remove a node that will never come back. Refused while it is alive.
 *
 * Other nodes keep its copies from now on.
 */
export interface ClusterForget {
  readonly node: string;
}
export const ClusterForget: RequestKind<ClusterForget, null> = requestKind(
  "ClusterForget", 207, "other", [
  ["node", text],
], nil,
);

/**
 * Load `directory`, a data directory or a backup on the machine of the node that is asked.
 *
 * The cluster must be empty. The answer is how many namespaces there are.
 */
export interface ClusterImport {
  readonly directory: string;
}
export const ClusterImport: RequestKind<ClusterImport, number> = requestKind(
  "ClusterImport", 208, "other", [
  ["directory", text],
], int,
);

/**
 * Continue `partition` from the copy that `node` keeps, as a new history, whatever its log
 * holds.
 *
 * Answered once the partition is led there. Refused if it has a leader and that copy follows its
 * log.
 */
export interface ClusterRecover {
  readonly partition: Integer;
  readonly node: string;
}
export const ClusterRecover: RequestKind<ClusterRecover, null> = requestKind(
  "ClusterRecover", 47, "other", [
  ["partition", int],
  ["node", text],
], nil,
);

/** With `blockMs`, wait until the job has ended. Answers the job as it is then. */
export interface JobGet {
  readonly jobId: string;
  readonly blockMs?: Integer | undefined;
}
export const JobGet: RequestKind<JobGet, BulkJob> = requestKind(
  "JobGet", 92, "query", [
  ["jobId", text],
  ["blockMs", int, 0],
], BulkJobSchema,
);

/** List jobs, newest first. */
export interface JobList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const JobList: RequestKind<JobList, JobListReply> = requestKind(
  "JobList", 93, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], JobListReplySchema,
);

/** End the job; what it has done is not undone. */
export interface JobCancel {
  readonly jobId: string;
}
export const JobCancel: RequestKind<JobCancel, BulkJob> = requestKind(
  "JobCancel", 94, "command", [
  ["jobId", text],
], BulkJobSchema,
);

export interface KvGet {
  readonly key: string;
  readonly blockMs?: Integer | undefined;
}
export const KvGet: RequestKind<KvGet, Uint8Array | null> = requestKind(
  "KvGet", 1, "query", [
  ["key", text],
  ["blockMs", int, 0],
], nullable(bytes),
);

export interface KvGetEntry {
  readonly key: string;
}
export const KvGetEntry: RequestKind<KvGetEntry, KvEntry | null> = requestKind(
  "KvGetEntry", 2, "query", [
  ["key", text],
], nullable(KvEntrySchema),
);

export interface KvPut {
  readonly key: string;
  readonly value: Uint8Array;
  readonly ttlMs?: Integer | null | undefined;
  readonly casVersion?: Integer | null | undefined;
  readonly ifNotExists?: boolean | undefined;
  readonly ifExists?: boolean | undefined;
}
export const KvPut: RequestKind<KvPut, PutResult> = requestKind(
  "KvPut", 3, "command", [
  ["key", text],
  ["value", bytes],
  ["ttlMs", nullable(int), null],
  ["casVersion", nullable(big), null],
  ["ifNotExists", bool, false],
  ["ifExists", bool, false],
], PutResultSchema,
);

/** `purge`: remove the key's older values at once. */
export interface KvDelete {
  readonly key: string;
  readonly casVersion?: Integer | null | undefined;
  readonly purge?: boolean | undefined;
}
export const KvDelete: RequestKind<KvDelete, boolean> = requestKind(
  "KvDelete", 4, "command", [
  ["key", text],
  ["casVersion", nullable(big), null],
  ["purge", bool, false],
], bool, 2,
);

/** Delete every key with this prefix, in a background job, except keys written later. */
export interface KvDeletePrefix {
  readonly prefix: string;
}
export const KvDeletePrefix: RequestKind<KvDeletePrefix, BulkJob> = requestKind(
  "KvDeletePrefix", 181, "command", [
  ["prefix", text],
], BulkJobSchema,
);

export interface KvScan {
  readonly prefix?: string | undefined;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
  readonly keysOnly?: boolean | undefined;
}
export const KvScan: RequestKind<KvScan, ScanResult> = requestKind(
  "KvScan", 5, "query", [
  ["prefix", text, ""],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
  ["keysOnly", bool, false],
], ScanResultSchema,
);

export interface KvHistory {
  readonly key: string;
  readonly limit?: Integer | undefined;
}
export const KvHistory: RequestKind<KvHistory, VersionEntry[]> = requestKind(
  "KvHistory", 6, "query", [
  ["key", text],
  ["limit", int, 10],
], list(VersionEntrySchema),
);

export interface KvMget {
  readonly keys: readonly string[];
}
export const KvMget: RequestKind<KvMget, (KvEntry | null)[]> = requestKind(
  "KvMget", 7, "query", [
  ["keys", list(text)],
], list(nullable(KvEntrySchema)),
);

export interface KvIncr {
  readonly key: string;
  readonly delta?: Integer | undefined;
}
export const KvIncr: RequestKind<KvIncr, bigint> = requestKind(
  "KvIncr", 8, "command", [
  ["key", text],
  ["delta", big, 1n],
], big,
);

/** Set a new TTL; 0 removes the TTL (`persist`). */
export interface KvTouch {
  readonly key: string;
  readonly ttlMs: Integer;
  readonly casVersion?: Integer | null | undefined;
}
export const KvTouch: RequestKind<KvTouch, boolean> = requestKind(
  "KvTouch", 9, "command", [
  ["key", text],
  ["ttlMs", int],
  ["casVersion", nullable(big), null],
], bool,
);

export interface KvExists {
  readonly key: string;
}
export const KvExists: RequestKind<KvExists, boolean> = requestKind(
  "KvExists", 10, "query", [
  ["key", text],
], bool,
);

/** The answer is JSON text, or nothing if the key or the path is missing. */
export interface KvJsonGet {
  readonly key: string;
  readonly path?: string | undefined;
}
export const KvJsonGet: RequestKind<KvJsonGet, Uint8Array | null> = requestKind(
  "KvJsonGet", 11, "query", [
  ["key", text],
  ["path", text, "$"],
], nullable(bytes),
);

/** `value` is JSON text. */
export interface KvJsonSet {
  readonly key: string;
  readonly path: string;
  readonly value: Uint8Array;
}
export const KvJsonSet: RequestKind<KvJsonSet, PutResult> = requestKind(
  "KvJsonSet", 12, "command", [
  ["key", text],
  ["path", text],
  ["value", bytes],
], PutResultSchema,
);

export interface KvJsonDel {
  readonly key: string;
  readonly path?: string | undefined;
}
export const KvJsonDel: RequestKind<KvJsonDel, boolean> = requestKind(
  "KvJsonDel", 13, "command", [
  ["key", text],
  ["path", text, "$"],
], bool,
);

/** A condition without a write, for batches: the key has this version (0: it does not exist). */
export interface KvCheck {
  readonly key: string;
  readonly version: Integer;
}
export const KvCheck: RequestKind<KvCheck, null> = requestKind(
  "KvCheck", 14, "command", [
  ["key", text],
  ["version", big],
], nil,
);

/**
 * Return changes of a key (or of all keys with the prefix) after `fromVersion` (`null`: now).
 *
 * `generation`: the one that came with the version; 0 if the caller chose the version.
 */
export interface KvChanges {
  readonly key: string;
  readonly prefix?: boolean | undefined;
  readonly fromVersion?: Integer | null | undefined;
  readonly blockMs?: Integer | undefined;
  readonly limit?: Integer | undefined;
  readonly generation?: Integer | null | undefined;
}
export const KvChanges: RequestKind<KvChanges, KvChangesReply> = requestKind(
  "KvChanges", 15, "query", [
  ["key", text],
  ["prefix", bool, false],
  ["fromVersion", nullable(big), null],
  ["blockMs", int, 0],
  ["limit", int, 100],
  ["generation", nullable(int), null],
], KvChangesReplySchema, 5,
);

/**
 * Enqueue one or several payloads in one commit.
 *
 * A dedup key is allowed only with a single payload. Of one `group`, only the oldest message that
 * is not done is delivered.
 */
export interface QueueEnqueue {
  readonly queue: string;
  readonly payloads: readonly Uint8Array[];
  readonly priority?: Integer | undefined;
  readonly delayMs?: Integer | undefined;
  readonly dedupKey?: string | null | undefined;
  readonly group?: string | null | undefined;
  readonly traceparent?: string | null | undefined;
}
export const QueueEnqueue: RequestKind<QueueEnqueue, bigint[]> = requestKind(
  "QueueEnqueue", 32, "command", [
  ["queue", text],
  ["payloads", list(bytes)],
  ["priority", int, 10],
  ["delayMs", int, 0],
  ["dedupKey", nullable(text), null],
  ["group", nullable(text), null],
  ["traceparent", nullable(text), null],
], list(big), 5,
);

/**
 * Lease the next messages.
 *
 * `onDelivery`: ack them as they are delivered (at most once). `byWorker`: the caller begins all
 * messages at once. If it dies, what it leaves behind waits before it is delivered again.
 */
export interface QueueDequeue {
  readonly queue: string;
  readonly count?: Integer | undefined;
  readonly visibilityTimeoutMs?: Integer | undefined;
  readonly blockMs?: Integer | undefined;
  readonly onDelivery?: boolean | undefined;
  readonly byWorker?: boolean | undefined;
}
export const QueueDequeue: RequestKind<QueueDequeue, DequeueResult> = requestKind(
  "QueueDequeue", 33, "command", [
  ["queue", text],
  ["count", int, 1],
  ["visibilityTimeoutMs", int, 30000],
  ["blockMs", int, 0],
  ["onDelivery", bool, false],
  ["byWorker", bool, false],
], DequeueResultSchema, 5,
);

/** `leases` has an entry for each of `seqs`; 0 means: no lease known, trust the caller. */
export interface QueueAck {
  readonly queue: string;
  readonly seqs: readonly Integer[];
  readonly leases: readonly Integer[];
}
export const QueueAck: RequestKind<QueueAck, AckResult> = requestKind(
  "QueueAck", 34, "command", [
  ["queue", text],
  ["seqs", list(big)],
  ["leases", list(big)],
], AckResultSchema,
);

export interface QueueNack {
  readonly queue: string;
  readonly seqs: readonly Integer[];
  readonly leases: readonly Integer[];
  readonly toDlq?: boolean | undefined;
  readonly delayMs?: Integer | undefined;
  readonly release?: boolean | undefined;
  readonly error?: string | null | undefined;
}
export const QueueNack: RequestKind<QueueNack, AckResult> = requestKind(
  "QueueNack", 35, "command", [
  ["queue", text],
  ["seqs", list(big)],
  ["leases", list(big)],
  ["toDlq", bool, false],
  ["delayMs", int, 0],
  ["release", bool, false],
  ["error", nullable(text), null],
], AckResultSchema,
);

export interface QueueTouch {
  readonly queue: string;
  readonly seqs: readonly Integer[];
  readonly leases: readonly Integer[];
  readonly extendMs?: Integer | undefined;
}
export const QueueTouch: RequestKind<QueueTouch, AckResult> = requestKind(
  "QueueTouch", 36, "command", [
  ["queue", text],
  ["seqs", list(big)],
  ["leases", list(big)],
  ["extendMs", int, 30000],
], AckResultSchema,
);

export interface QueuePeek {
  readonly queue: string;
  readonly count?: Integer | undefined;
}
export const QueuePeek: RequestKind<QueuePeek, DequeueResult> = requestKind(
  "QueuePeek", 37, "query", [
  ["queue", text],
  ["count", int, 1],
], DequeueResultSchema,
);

export interface QueueDlqList {
  readonly queue: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const QueueDlqList: RequestKind<QueueDlqList, DequeueResult> = requestKind(
  "QueueDlqList", 38, "query", [
  ["queue", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], DequeueResultSchema,
);

export interface QueueDlqRequeue {
  readonly queue: string;
  readonly seqs: readonly Integer[];
}
export const QueueDlqRequeue: RequestKind<QueueDlqRequeue, number> = requestKind(
  "QueueDlqRequeue", 39, "command", [
  ["queue", text],
  ["seqs", list(big)],
], int,
);

export interface QueueDlqDelete {
  readonly queue: string;
  readonly seqs: readonly Integer[];
}
export const QueueDlqDelete: RequestKind<QueueDlqDelete, number> = requestKind(
  "QueueDlqDelete", 40, "command", [
  ["queue", text],
  ["seqs", list(big)],
], int,
);

export interface QueueDlqPurge {
  readonly queue: string;
}
export const QueueDlqPurge: RequestKind<QueueDlqPurge, number> = requestKind(
  "QueueDlqPurge", 41, "command", [
  ["queue", text],
], int,
);

export interface QueuePurge {
  readonly queue: string;
}
export const QueuePurge: RequestKind<QueuePurge, number> = requestKind(
  "QueuePurge", 42, "command", [
  ["queue", text],
], int,
);

/** `null` keeps the current setting (the default, for a new queue). */
export interface QueueConfigure {
  readonly queue: string;
  readonly maxAttempts?: Integer | null | undefined;
  readonly retryDelayMs?: Integer | null | undefined;
  readonly dlqLimit?: Integer | null | undefined;
  readonly dedupWindowMs?: Integer | null | undefined;
  readonly retryBackoff?: string | null | undefined;
  readonly retryDelayMaxMs?: Integer | null | undefined;
}
export const QueueConfigure: RequestKind<QueueConfigure, QueueConfig> = requestKind(
  "QueueConfigure", 43, "command", [
  ["queue", text],
  ["maxAttempts", nullable(int), null],
  ["retryDelayMs", nullable(int), null],
  ["dlqLimit", nullable(int), null],
  ["dedupWindowMs", nullable(int), null],
  ["retryBackoff", nullable(text), null],
  ["retryDelayMaxMs", nullable(int), null],
], QueueConfigSchema, 5,
);

/** A queue that does not exist has only zeros. */
export interface QueueGetStats {
  readonly queue: string;
}
export const QueueGetStats: RequestKind<QueueGetStats, QueueStats> = requestKind(
  "QueueGetStats", 44, "query", [
  ["queue", text],
], QueueStatsSchema,
);

export interface QueueList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const QueueList: RequestKind<QueueList, QueueListReply> = requestKind(
  "QueueList", 45, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], QueueListReplySchema,
);

export interface QueueDelete {
  readonly queue: string;
}
export const QueueDelete: RequestKind<QueueDelete, boolean> = requestKind(
  "QueueDelete", 46, "command", [
  ["queue", text],
], bool,
);

/** Nothing is delivered while a queue is paused; everything else continues. */
export interface QueuePause {
  readonly queue: string;
  readonly paused?: boolean | undefined;
}
export const QueuePause: RequestKind<QueuePause, QueueStats> = requestKind(
  "QueuePause", 86, "command", [
  ["queue", text],
  ["paused", bool, true],
], QueueStatsSchema,
);

/** Make delayed messages due now. The answer is how many of them were delayed. */
export interface QueuePromote {
  readonly queue: string;
  readonly seqs: readonly Integer[];
}
export const QueuePromote: RequestKind<QueuePromote, number> = requestKind(
  "QueuePromote", 87, "command", [
  ["queue", text],
  ["seqs", list(big)],
], int,
);

/**
 * Requeue or delete all dead letters that match, in a background job.
 *
 * `reason`: `maxAttempts` or `nacked`. `errorContains`: a part of the last error text.
 */
export interface QueueBulk {
  readonly queue: string;
  readonly operation: DeadBulkOperation;
  readonly reason?: string | null | undefined;
  readonly errorContains?: string | null | undefined;
  readonly limit?: Integer | null | undefined;
  readonly dryRun?: boolean | undefined;
}
export const QueueBulk: RequestKind<QueueBulk, BulkJob> = requestKind(
  "QueueBulk", 96, "command", [
  ["queue", text],
  ["operation", choice<DeadBulkOperation>(DeadBulkOperation)],
  ["reason", nullable(text), null],
  ["errorContains", nullable(text), null],
  ["limit", nullable(int), null],
  ["dryRun", bool, false],
], BulkJobSchema,
);

/** Append one or several payloads in one commit. The headers go with each payload. */
export interface StreamAppend {
  readonly stream: string;
  readonly payloads: readonly Uint8Array[];
  readonly partitionKey?: string | null | undefined;
  readonly partition?: Integer | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly traceparent?: string | null | undefined;
}
export const StreamAppend: RequestKind<StreamAppend, AppendResult[]> = requestKind(
  "StreamAppend", 64, "command", [
  ["stream", text],
  ["payloads", list(bytes)],
  ["partitionKey", nullable(text), null],
  ["partition", nullable(int), null],
  ["headers", texts, {}],
  ["traceparent", nullable(text), null],
], list(AppendResultSchema), 5,
);

/** Positions are text: an id, `0` or `$`. `tail`: only records appended after the read began. */
export interface StreamRead {
  readonly stream: string;
  readonly start?: string | null | undefined;
  readonly end?: string | null | undefined;
  readonly after?: string | null | undefined;
  readonly offset?: Integer | null | undefined;
  readonly tail?: boolean | undefined;
  readonly limit?: Integer | undefined;
  readonly partition?: Integer | null | undefined;
  readonly partitionKey?: string | null | undefined;
  readonly blockMs?: Integer | undefined;
}
export const StreamRead: RequestKind<StreamRead, ReadResult> = requestKind(
  "StreamRead", 65, "query", [
  ["stream", text],
  ["start", nullable(text), null],
  ["end", nullable(text), null],
  ["after", nullable(text), null],
  ["offset", nullable(big), null],
  ["tail", bool, false],
  ["limit", int, 10],
  ["partition", nullable(int), null],
  ["partitionKey", nullable(text), null],
  ["blockMs", int, 0],
], ReadResultSchema,
);

export interface StreamCreate {
  readonly stream: string;
  readonly partitions?: Integer | undefined;
  readonly maxAgeMs?: Integer | null | undefined;
  readonly maxRecords?: Integer | null | undefined;
  readonly maxBytes?: Integer | null | undefined;
}
export const StreamCreate: RequestKind<StreamCreate, StreamInfo> = requestKind(
  "StreamCreate", 66, "command", [
  ["stream", text],
  ["partitions", int, 1],
  ["maxAgeMs", nullable(int), null],
  ["maxRecords", nullable(int), null],
  ["maxBytes", nullable(int), null],
], StreamInfoSchema,
);

/** `null` means no such limit. The settings whose names are in `unchanged` stay as they are. */
export interface StreamAlter {
  readonly stream: string;
  readonly maxAgeMs: Integer | null;
  readonly maxRecords: Integer | null;
  readonly maxBytes: Integer | null;
  readonly unchanged?: readonly string[] | undefined;
}
export const StreamAlter: RequestKind<StreamAlter, StreamInfo> = requestKind(
  "StreamAlter", 67, "command", [
  ["stream", text],
  ["maxAgeMs", nullable(int)],
  ["maxRecords", nullable(int)],
  ["maxBytes", nullable(int)],
  ["unchanged", list(text), []],
], StreamInfoSchema,
);

export interface StreamGetInfo {
  readonly stream: string;
}
export const StreamGetInfo: RequestKind<StreamGetInfo, StreamInfo> = requestKind(
  "StreamGetInfo", 68, "query", [
  ["stream", text],
], StreamInfoSchema,
);

export interface StreamList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const StreamList: RequestKind<StreamList, StreamListReply> = requestKind(
  "StreamList", 69, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], StreamListReplySchema,
);

/** `before`: a position; records with smaller ids are removed. */
export interface StreamTrim {
  readonly stream: string;
  readonly maxRecords?: Integer | null | undefined;
  readonly before?: string | null | undefined;
  readonly maxAgeMs?: Integer | null | undefined;
  readonly maxBytes?: Integer | null | undefined;
  readonly dryRun?: boolean | undefined;
}
export const StreamTrim: RequestKind<StreamTrim, TrimResult> = requestKind(
  "StreamTrim", 70, "command", [
  ["stream", text],
  ["maxRecords", nullable(int), null],
  ["before", nullable(text), null],
  ["maxAgeMs", nullable(int), null],
  ["maxBytes", nullable(int), null],
  ["dryRun", bool, false],
], TrimResultSchema,
);

export interface StreamDelete {
  readonly stream: string;
  readonly force?: boolean | undefined;
}
export const StreamDelete: RequestKind<StreamDelete, boolean> = requestKind(
  "StreamDelete", 71, "command", [
  ["stream", text],
  ["force", bool, false],
], bool,
);

export interface GroupCreate {
  readonly stream: string;
  readonly group: string;
  readonly start?: string | undefined;
  readonly mode?: string | undefined;
  readonly ackTimeoutMs?: Integer | undefined;
  readonly maxDeliver?: Integer | undefined;
  readonly consumerTimeoutMs?: Integer | undefined;
  readonly retryDelayMs?: Integer | undefined;
  readonly retryBackoff?: string | undefined;
  readonly retryDelayMaxMs?: Integer | undefined;
}
export const GroupCreate: RequestKind<GroupCreate, GroupInfo> = requestKind(
  "GroupCreate", 72, "command", [
  ["stream", text],
  ["group", text],
  ["start", text, "0"],
  ["mode", text, "shared"],
  ["ackTimeoutMs", int, 30000],
  ["maxDeliver", int, 10],
  ["consumerTimeoutMs", int, 30000],
  ["retryDelayMs", int, 0],
  ["retryBackoff", text, "constant"],
  ["retryDelayMaxMs", int, 3600000],
], GroupInfoSchema, 7,
);

/** `null` keeps the current setting. A group's start and mode cannot be changed. */
export interface GroupConfigure {
  readonly stream: string;
  readonly group: string;
  readonly ackTimeoutMs?: Integer | null | undefined;
  readonly maxDeliver?: Integer | null | undefined;
  readonly consumerTimeoutMs?: Integer | null | undefined;
  readonly retryDelayMs?: Integer | null | undefined;
  readonly retryBackoff?: string | null | undefined;
  readonly retryDelayMaxMs?: Integer | null | undefined;
}
export const GroupConfigure: RequestKind<GroupConfigure, GroupInfo> = requestKind(
  "GroupConfigure", 194, "command", [
  ["stream", text],
  ["group", text],
  ["ackTimeoutMs", nullable(int), null],
  ["maxDeliver", nullable(int), null],
  ["consumerTimeoutMs", nullable(int), null],
  ["retryDelayMs", nullable(int), null],
  ["retryBackoff", nullable(text), null],
  ["retryDelayMaxMs", nullable(int), null],
], GroupInfoSchema,
);

export interface GroupJoin {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}
export const GroupJoin: RequestKind<GroupJoin, GroupInfo> = requestKind(
  "GroupJoin", 73, "command", [
  ["stream", text],
  ["group", text],
  ["consumer", text],
], GroupInfoSchema,
);

export interface GroupLeave {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}
export const GroupLeave: RequestKind<GroupLeave, boolean> = requestKind(
  "GroupLeave", 74, "command", [
  ["stream", text],
  ["group", text],
  ["consumer", text],
], bool,
);

export interface GroupDelete {
  readonly stream: string;
  readonly group: string;
}
export const GroupDelete: RequestKind<GroupDelete, boolean> = requestKind(
  "GroupDelete", 75, "command", [
  ["stream", text],
  ["group", text],
], bool,
);

export interface GroupSeek {
  readonly stream: string;
  readonly group: string;
  readonly start: string;
}
export const GroupSeek: RequestKind<GroupSeek, GroupInfo> = requestKind(
  "GroupSeek", 76, "command", [
  ["stream", text],
  ["group", text],
  ["start", text],
], GroupInfoSchema,
);

export interface GroupGetInfo {
  readonly stream: string;
  readonly group: string;
}
export const GroupGetInfo: RequestKind<GroupGetInfo, GroupInfo> = requestKind(
  "GroupGetInfo", 77, "query", [
  ["stream", text],
  ["group", text],
], GroupInfoSchema,
);

export interface GroupList {
  readonly stream: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const GroupList: RequestKind<GroupList, GroupListReply> = requestKind(
  "GroupList", 78, "query", [
  ["stream", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], GroupListReplySchema,
);

/**
 * Read records for a consumer of a group.
 *
 * `byWorker`: the caller handles the records of a key one after the other. If it dies, then of
 * the records that it leaves behind only the first of each key counts as attempted, and waits
 * before it is delivered again.
 */
export interface GroupRead {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly limit?: Integer | undefined;
  readonly blockMs?: Integer | undefined;
  readonly noAck?: boolean | undefined;
  readonly byWorker?: boolean | undefined;
}
export const GroupRead: RequestKind<GroupRead, ReadResult> = requestKind(
  "GroupRead", 79, "command", [
  ["stream", text],
  ["group", text],
  ["consumer", text],
  ["limit", int, 10],
  ["blockMs", int, 0],
  ["noAck", bool, false],
  ["byWorker", bool, false],
], ReadResultSchema, 6,
);

/** `leases` has an entry for each of `ids`; 0 means: no lease known, trust the caller. */
export interface GroupAck {
  readonly stream: string;
  readonly group: string;
  readonly ids: readonly StreamID[];
  readonly leases: readonly Integer[];
  readonly consumer?: string | null | undefined;
}
export const GroupAck: RequestKind<GroupAck, GroupAckResult> = requestKind(
  "GroupAck", 80, "command", [
  ["stream", text],
  ["group", text],
  ["ids", list(streamId)],
  ["leases", list(big)],
  ["consumer", nullable(text), null],
], GroupAckResultSchema,
);

/** `release`: give the records back at once, without counting an attempt. */
export interface GroupNack {
  readonly stream: string;
  readonly group: string;
  readonly ids: readonly StreamID[];
  readonly leases: readonly Integer[];
  readonly consumer?: string | null | undefined;
  readonly delayMs?: Integer | undefined;
  readonly error?: string | null | undefined;
  readonly release?: boolean | undefined;
}
export const GroupNack: RequestKind<GroupNack, GroupAckResult> = requestKind(
  "GroupNack", 81, "command", [
  ["stream", text],
  ["group", text],
  ["ids", list(streamId)],
  ["leases", list(big)],
  ["consumer", nullable(text), null],
  ["delayMs", int, 0],
  ["error", nullable(text), null],
  ["release", bool, false],
], GroupAckResultSchema,
);

export interface GroupTouch {
  readonly stream: string;
  readonly group: string;
  readonly ids: readonly StreamID[];
  readonly leases: readonly Integer[];
  readonly consumer?: string | null | undefined;
  readonly extendMs?: Integer | undefined;
}
export const GroupTouch: RequestKind<GroupTouch, GroupAckResult> = requestKind(
  "GroupTouch", 82, "command", [
  ["stream", text],
  ["group", text],
  ["ids", list(streamId)],
  ["leases", list(big)],
  ["consumer", nullable(text), null],
  ["extendMs", int, 30000],
], GroupAckResultSchema,
);

export interface GroupPending {
  readonly stream: string;
  readonly group: string;
  readonly consumer?: string | null | undefined;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const GroupPending: RequestKind<GroupPending, PendingReply> = requestKind(
  "GroupPending", 83, "query", [
  ["stream", text],
  ["group", text],
  ["consumer", nullable(text), null],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], PendingReplySchema,
);

export interface GroupDead {
  readonly stream: string;
  readonly group: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const GroupDead: RequestKind<GroupDead, DeadReply> = requestKind(
  "GroupDead", 84, "query", [
  ["stream", text],
  ["group", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], DeadReplySchema,
);

export interface GroupClaim {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly minIdleMs: Integer;
  readonly limit?: Integer | undefined;
}
export const GroupClaim: RequestKind<GroupClaim, ReadResult> = requestKind(
  "GroupClaim", 85, "command", [
  ["stream", text],
  ["group", text],
  ["consumer", text],
  ["minIdleMs", int],
  ["limit", int, 10],
], ReadResultSchema,
);

/** Deliver dead letters again, with attempts counted from 0. Answers how many there were. */
export interface GroupDeadRequeue {
  readonly stream: string;
  readonly group: string;
  readonly ids: readonly StreamID[];
}
export const GroupDeadRequeue: RequestKind<GroupDeadRequeue, number> = requestKind(
  "GroupDeadRequeue", 88, "command", [
  ["stream", text],
  ["group", text],
  ["ids", list(streamId)],
], int,
);

export interface GroupDeadDelete {
  readonly stream: string;
  readonly group: string;
  readonly ids: readonly StreamID[];
}
export const GroupDeadDelete: RequestKind<GroupDeadDelete, number> = requestKind(
  "GroupDeadDelete", 89, "command", [
  ["stream", text],
  ["group", text],
  ["ids", list(streamId)],
], int,
);

/** Requeue or delete all dead letters of a group that match, in a background job. */
export interface GroupBulk {
  readonly stream: string;
  readonly group: string;
  readonly operation: DeadBulkOperation;
  readonly errorContains?: string | null | undefined;
  readonly limit?: Integer | null | undefined;
  readonly dryRun?: boolean | undefined;
}
export const GroupBulk: RequestKind<GroupBulk, BulkJob> = requestKind(
  "GroupBulk", 97, "command", [
  ["stream", text],
  ["group", text],
  ["operation", choice<DeadBulkOperation>(DeadBulkOperation)],
  ["errorContains", nullable(text), null],
  ["limit", nullable(int), null],
  ["dryRun", bool, false],
], BulkJobSchema,
);

/**
 * Register an action, or change its settings.
 *
 * `retentionMs`: how long runs are kept after they have ended. `limits`, `keyPath` and the
 * retries: `null` keeps the current setting (a new action has the defaults); an empty `keyPath`
 * removes it. `schedule`: cron in `timezone`, kept as `ActionSchedule` keeps it; `null` leaves the
 * schedule unchanged.
 */
export interface ActionRegister {
  readonly name: string;
  readonly type?: ActionType | undefined;
  readonly timeoutMs?: Integer | undefined;
  readonly maxRetries?: Integer | null | undefined;
  readonly retryDelayMs?: Integer | null | undefined;
  readonly runTimeoutMs?: Integer | null | undefined;
  readonly description?: string | null | undefined;
  readonly retentionMs?: Integer | undefined;
  readonly limits?: Limits | null | undefined;
  readonly keyPath?: string | null | undefined;
  readonly schedule?: string | null | undefined;
  readonly timezone?: string | undefined;
}
export const ActionRegister: RequestKind<ActionRegister, ActionInfo> = requestKind(
  "ActionRegister", 128, "command", [
  ["name", text],
  ["type", choice<ActionType>(ActionType), "user"],
  ["timeoutMs", int, 30000],
  ["maxRetries", nullable(int), null],
  ["retryDelayMs", nullable(int), null],
  ["runTimeoutMs", nullable(int), null],
  ["description", nullable(text), null],
  ["retentionMs", int, 2592000000],
  ["limits", nullable(LimitsSchema), null],
  ["keyPath", nullable(text), null],
  ["schedule", nullable(text), null],
  ["timezone", text, "UTC"],
], ActionInfoSchema, 8,
);

export interface ActionInvoke {
  readonly name: string;
  readonly payload?: Uint8Array | undefined;
  readonly priority?: Integer | undefined;
  readonly delayMs?: Integer | undefined;
  readonly idempotencyKey?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly callerRunId?: string | null | undefined;
  readonly create?: boolean | undefined;
  readonly key?: string | null | undefined;
  readonly debounceKey?: string | null | undefined;
  readonly debounceMs?: Integer | null | undefined;
  readonly debounceMaxMs?: Integer | null | undefined;
  readonly traceparent?: string | null | undefined;
}
export const ActionInvoke: RequestKind<ActionInvoke, InvokeResult> = requestKind(
  "ActionInvoke", 129, "command", [
  ["name", text],
  ["payload", bytes, NO_BYTES],
  ["priority", int, 10],
  ["delayMs", int, 0],
  ["idempotencyKey", nullable(text), null],
  ["labels", texts, {}],
  ["callerRunId", nullable(text), null],
  ["create", bool, false],
  ["key", nullable(text), null],
  ["debounceKey", nullable(text), null],
  ["debounceMs", nullable(int), null],
  ["debounceMaxMs", nullable(int), null],
  ["traceparent", nullable(text), null],
], InvokeResultSchema, 7,
);

/** With `blockMs`, wait until the run is finished. Answers the run as it is then. */
export interface ActionStatus {
  readonly runId: string;
  readonly blockMs?: Integer | undefined;
}
export const ActionStatus: RequestKind<ActionStatus, ActionRun> = requestKind(
  "ActionStatus", 130, "query", [
  ["runId", text],
  ["blockMs", int, 0],
], ActionRunSchema,
);

export interface ActionCancel {
  readonly runId: string;
  readonly reason?: string | null | undefined;
}
export const ActionCancel: RequestKind<ActionCancel, ActionRun> = requestKind(
  "ActionCancel", 131, "command", [
  ["runId", text],
  ["reason", nullable(text), null],
], ActionRunSchema,
);

export interface ActionGet {
  readonly name: string;
}
export const ActionGet: RequestKind<ActionGet, ActionInfo> = requestKind(
  "ActionGet", 132, "query", [
  ["name", text],
], ActionInfoSchema,
);

/** Without `force`, it is refused while runs are unfinished; with it, those are cancelled. */
export interface ActionDelete {
  readonly name: string;
  readonly force?: boolean | undefined;
}
export const ActionDelete: RequestKind<ActionDelete, boolean> = requestKind(
  "ActionDelete", 133, "command", [
  ["name", text],
  ["force", bool, false],
], bool,
);

export interface ActionEnable {
  readonly name: string;
  readonly enabled?: boolean | undefined;
}
export const ActionEnable: RequestKind<ActionEnable, ActionInfo> = requestKind(
  "ActionEnable", 134, "command", [
  ["name", text],
  ["enabled", bool, true],
], ActionInfoSchema,
);

export interface ActionList {
  readonly prefix?: string | undefined;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const ActionList: RequestKind<ActionList, ActionListReply> = requestKind(
  "ActionList", 135, "query", [
  ["prefix", text, ""],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], ActionListReplySchema,
);

/**
 * List runs.
 *
 * `statuses`: several statuses, if `status` is not given. Times: at or after `..._after_ms`, and
 * before `..._before_ms`. For a run that has not started, the time of its invocation counts as its
 * start. The server looks at 1,000 runs at most: a page may hold fewer than `limit`, or none, and
 * still have a cursor.
 */
export interface ActionListRuns {
  readonly name?: string | null | undefined;
  readonly status?: RunStatus | null | undefined;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
  readonly statuses?: readonly RunStatus[] | undefined;
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  readonly order?: RunOrder | undefined;
}
export const ActionListRuns: RequestKind<ActionListRuns, RunListReply> = requestKind(
  "ActionListRuns", 136, "query", [
  ["name", nullable(text), null],
  ["status", nullable(choice<RunStatus>(RunStatus)), null],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
  ["statuses", list(choice<RunStatus>(RunStatus)), []],
  ["startedAfterMs", nullable(int), null],
  ["startedBeforeMs", nullable(int), null],
  ["endedAfterMs", nullable(int), null],
  ["endedBeforeMs", nullable(int), null],
  ["order", choice<RunOrder>(RunOrder), "newest"],
], RunListReplySchema, 4,
);

/** Invoke, and wait up to `blockMs` until the run is finished. Answers the run as it is. */
export interface ActionCall {
  readonly name: string;
  readonly payload?: Uint8Array | undefined;
  readonly priority?: Integer | undefined;
  readonly delayMs?: Integer | undefined;
  readonly idempotencyKey?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly callerRunId?: string | null | undefined;
  readonly blockMs?: Integer | undefined;
  readonly create?: boolean | undefined;
  readonly key?: string | null | undefined;
  readonly traceparent?: string | null | undefined;
}
export const ActionCall: RequestKind<ActionCall, ActionRun> = requestKind(
  "ActionCall", 137, "command", [
  ["name", text],
  ["payload", bytes, NO_BYTES],
  ["priority", int, 10],
  ["delayMs", int, 0],
  ["idempotencyKey", nullable(text), null],
  ["labels", texts, {}],
  ["callerRunId", nullable(text), null],
  ["blockMs", int, 0],
  ["create", bool, false],
  ["key", nullable(text), null],
  ["traceparent", nullable(text), null],
], ActionRunSchema, 8,
);

/** Make a run that failed or timed out due again, with its attempts counted from 0. */
export interface ActionRetry {
  readonly runId: string;
}
export const ActionRetry: RequestKind<ActionRetry, ActionRun> = requestKind(
  "ActionRetry", 90, "command", [
  ["runId", text],
], ActionRunSchema,
);

/** Count the kept runs of the action (`null`: of all actions) by status. */
export interface ActionCountRuns {
  readonly name?: string | null | undefined;
}
export const ActionCountRuns: RequestKind<ActionCountRuns, Readonly<Record<string, number>>> = requestKind(
  "ActionCountRuns", 91, "query", [
  ["name", nullable(text), null],
], counts,
);

/**
 * Cancel, retry or delete all runs that match, in a background job.
 *
 * The filters are those of `ActionListRuns`. Of the given statuses, those count that the operation
 * can take.
 */
export interface ActionBulk {
  readonly operation: ActionBulkOperation;
  readonly name?: string | null | undefined;
  readonly statuses?: readonly RunStatus[] | undefined;
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  readonly limit?: Integer | null | undefined;
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | null | undefined;
}
export const ActionBulk: RequestKind<ActionBulk, BulkJob> = requestKind(
  "ActionBulk", 95, "command", [
  ["operation", choice<ActionBulkOperation>(ActionBulkOperation)],
  ["name", nullable(text), null],
  ["statuses", list(choice<RunStatus>(RunStatus)), []],
  ["startedAfterMs", nullable(int), null],
  ["startedBeforeMs", nullable(int), null],
  ["endedAfterMs", nullable(int), null],
  ["endedBeforeMs", nullable(int), null],
  ["limit", nullable(int), null],
  ["dryRun", bool, false],
  ["reason", nullable(text), null],
], BulkJobSchema,
);

/** List the keys that have leased or due runs, or whose rate window counts, by name. */
export interface ActionGetLimits {
  readonly name: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const ActionGetLimits: RequestKind<ActionGetLimits, LimitsReply> = requestKind(
  "ActionGetLimits", 98, "query", [
  ["name", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], LimitsReplySchema,
);

/**
 * Invoke the action at set times, by either `cron` or `intervalMs`.
 *
 * This replaces the schedule that the action has. A schedule that somebody has paused stays
 * paused, unless `paused` differs from the value given before.
 */
export interface ActionSchedule {
  readonly name: string;
  readonly cron?: string | null | undefined;
  readonly intervalMs?: Integer | null | undefined;
  readonly timezone?: string | undefined;
  readonly payload?: Uint8Array | undefined;
  readonly overlap?: Overlap | undefined;
  readonly maxConcurrent?: Integer | undefined;
  readonly paused?: boolean | undefined;
  readonly catchUpMs?: Integer | undefined;
  readonly jitterMs?: Integer | undefined;
}
export const ActionSchedule: RequestKind<ActionSchedule, ActionScheduleInfo> = requestKind(
  "ActionSchedule", 99, "command", [
  ["name", text],
  ["cron", nullable(text), null],
  ["intervalMs", nullable(int), null],
  ["timezone", text, "UTC"],
  ["payload", bytes, NO_BYTES],
  ["overlap", choice<Overlap>(Overlap), "skip"],
  ["maxConcurrent", int, 1],
  ["paused", bool, false],
  ["catchUpMs", int, 60000],
  ["jitterMs", int, 0],
], ActionScheduleInfoSchema,
);

/** Delete the action's schedule. Returns whether it had one. Its runs continue. */
export interface ActionUnschedule {
  readonly name: string;
}
export const ActionUnschedule: RequestKind<ActionUnschedule, boolean> = requestKind(
  "ActionUnschedule", 100, "command", [
  ["name", text],
], bool,
);

/** List schedules by the name of their action. */
export interface ActionSchedules {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const ActionSchedules: RequestKind<ActionSchedules, ActionScheduleListReply> = requestKind(
  "ActionSchedules", 101, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], ActionScheduleListReplySchema,
);

export interface ActionPauseSchedule {
  readonly name: string;
  readonly paused?: boolean | undefined;
}
export const ActionPauseSchedule: RequestKind<ActionPauseSchedule, ActionScheduleInfo> = requestKind(
  "ActionPauseSchedule", 102, "command", [
  ["name", text],
  ["paused", bool, true],
], ActionScheduleInfoSchema,
);

/** Start a run of the schedule now, beside its set times. Returns the run id. */
export interface ActionTriggerSchedule {
  readonly name: string;
}
export const ActionTriggerSchedule: RequestKind<ActionTriggerSchedule, string> = requestKind(
  "ActionTriggerSchedule", 250, "command", [
  ["name", text],
], text,
);

export interface WorkerGetInfo {
  readonly workerId: string;
}
export const WorkerGetInfo: RequestKind<WorkerGetInfo, WorkerInfo> = requestKind(
  "WorkerGetInfo", 138, "query", [
  ["workerId", text],
], WorkerInfoSchema,
);

export interface WorkerRegister {
  readonly workerId: string;
  readonly actions: readonly string[];
  readonly concurrency?: Integer | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}
export const WorkerRegister: RequestKind<WorkerRegister, WorkerInfo> = requestKind(
  "WorkerRegister", 144, "command", [
  ["workerId", text],
  ["actions", list(text)],
  ["concurrency", int, 10],
  ["labels", texts, {}],
  ["metadata", texts, {}],
], WorkerInfoSchema,
);

/** `running`: the ids of the runs that the worker works on. */
export interface WorkerHeartbeat {
  readonly workerId: string;
  readonly running?: readonly string[] | undefined;
}
export const WorkerHeartbeat: RequestKind<WorkerHeartbeat, Heartbeat> = requestKind(
  "WorkerHeartbeat", 145, "command", [
  ["workerId", text],
  ["running", list(text), []],
], HeartbeatSchema,
);

export interface WorkerDrain {
  readonly workerId: string;
}
export const WorkerDrain: RequestKind<WorkerDrain, WorkerInfo> = requestKind(
  "WorkerDrain", 146, "command", [
  ["workerId", text],
], WorkerInfoSchema,
);

export interface WorkerDeregister {
  readonly workerId: string;
}
export const WorkerDeregister: RequestKind<WorkerDeregister, boolean> = requestKind(
  "WorkerDeregister", 147, "command", [
  ["workerId", text],
], bool,
);

export interface WorkerList {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const WorkerList: RequestKind<WorkerList, WorkerListReply> = requestKind(
  "WorkerList", 148, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], WorkerListReplySchema,
);

/** Claim up to `count` due runs of `actions`; wait while there are none. */
export interface WorkerAwait {
  readonly workerId: string;
  readonly actions: readonly string[];
  readonly count?: Integer | undefined;
  readonly blockMs?: Integer | undefined;
}
export const WorkerAwait: RequestKind<WorkerAwait, Task[]> = requestKind(
  "WorkerAwait", 149, "command", [
  ["workerId", text],
  ["actions", list(text)],
  ["count", int, 1],
  ["blockMs", int, 0],
], list(TaskSchema),
);

export interface WorkerComplete {
  readonly workerId: string;
  readonly runId: string;
  readonly lease: Integer;
  readonly output?: Uint8Array | undefined;
  readonly outcome?: string | undefined;
}
export const WorkerComplete: RequestKind<WorkerComplete, null> = requestKind(
  "WorkerComplete", 150, "command", [
  ["workerId", text],
  ["runId", text],
  ["lease", big],
  ["output", bytes, NO_BYTES],
  ["outcome", text, "success"],
], nil,
);

export interface WorkerFail {
  readonly workerId: string;
  readonly runId: string;
  readonly lease: Integer;
  readonly error: string;
  readonly retry?: boolean | undefined;
}
export const WorkerFail: RequestKind<WorkerFail, null> = requestKind(
  "WorkerFail", 151, "command", [
  ["workerId", text],
  ["runId", text],
  ["lease", big],
  ["error", text],
  ["retry", bool, true],
], nil,
);

/**
 * Extend the lease of a run. Returns whether the run continues: false once it was cancelled.
 *
 * `progress` (0 to 1) and `progressNote` are kept with the run; `null` leaves them unchanged.
 */
export interface WorkerTouch {
  readonly workerId: string;
  readonly runId: string;
  readonly lease: Integer;
  readonly extendMs?: Integer | undefined;
  readonly progress?: number | null | undefined;
  readonly progressNote?: string | null | undefined;
}
export const WorkerTouch: RequestKind<WorkerTouch, boolean> = requestKind(
  "WorkerTouch", 152, "command", [
  ["workerId", text],
  ["runId", text],
  ["lease", big],
  ["extendMs", int, 30000],
  ["progress", nullable(decimal), null],
  ["progressNote", nullable(text), null],
], bool, 4,
);

/** Give the run back without counting the attempt. */
export interface WorkerRelease {
  readonly workerId: string;
  readonly runId: string;
  readonly lease: Integer;
}
export const WorkerRelease: RequestKind<WorkerRelease, null> = requestKind(
  "WorkerRelease", 153, "command", [
  ["workerId", text],
  ["runId", text],
  ["lease", big],
], nil,
);

/**
 * Settle finished runs and claim the next ones in one step.
 *
 * A stale result is skipped: another worker had the run by then. The answer is the claimed runs.
 * While there are none, the request waits; its results are settled already.
 */
export interface WorkerExchange {
  readonly workerId: string;
  readonly results: readonly TaskResult[];
  readonly actions: readonly string[];
  readonly count: Integer;
  readonly blockMs?: Integer | undefined;
}
export const WorkerExchange: RequestKind<WorkerExchange, Task[]> = requestKind(
  "WorkerExchange", 154, "command", [
  ["workerId", text],
  ["results", list(TaskResultSchema)],
  ["actions", list(text)],
  ["count", int],
  ["blockMs", int, 0],
], list(TaskSchema),
);

/**
 * Settle finished runs, report which have begun, and claim the next ones, in one step.
 *
 * `places`: how many of the `count` runs begin with the claim. Any other run counts as begun once
 * the worker reports that, or sends its result. If the worker is lost before that, the run is
 * delivered again without counting an attempt. A run that was lost before is delivered only to a
 * place.
 * While there are no runs, the request waits, unless results were stale; the other results are
 * settled already.
 */
export interface WorkerTurn {
  readonly workerId: string;
  readonly actions: readonly string[];
  readonly results?: readonly TaskResult[] | undefined;
  readonly begun?: readonly TaskBegun[] | undefined;
  readonly count?: Integer | undefined;
  readonly places?: Integer | undefined;
  readonly blockMs?: Integer | undefined;
}
export const WorkerTurn: RequestKind<WorkerTurn, TurnReply> = requestKind(
  "WorkerTurn", 155, "command", [
  ["workerId", text],
  ["actions", list(text)],
  ["results", list(TaskResultSchema), []],
  ["begun", list(TaskBegunSchema), []],
  ["count", int, 0],
  ["places", int, 0],
  ["blockMs", int, 0],
], TurnReplySchema,
);

/** Store definitions, each a YAML document, all or none. Answers a result for each, in order. */
export interface WorkflowSync {
  readonly documents: readonly Uint8Array[];
}
export const WorkflowSync: RequestKind<WorkflowSync, SyncResult[]> = requestKind(
  "WorkflowSync", 160, "command", [
  ["documents", list(bytes)],
], list(SyncResultSchema),
);

/** Return what a sync of these documents would do, in order, without doing it. */
export interface WorkflowSyncPreview {
  readonly documents: readonly Uint8Array[];
}
export const WorkflowSyncPreview: RequestKind<WorkflowSyncPreview, SyncResult[]> = requestKind(
  "WorkflowSyncPreview", 191, "query", [
  ["documents", list(bytes)],
], list(SyncResultSchema),
);

/** Return what a sync of this document would complain about. */
export interface WorkflowValidate {
  readonly document: Uint8Array;
}
export const WorkflowValidate: RequestKind<WorkflowValidate, Problem[]> = requestKind(
  "WorkflowValidate", 161, "query", [
  ["document", bytes],
], list(ProblemSchema),
);

/** `input` is JSON text. `version`: a version other than the current one. */
export interface WorkflowStart {
  readonly name: string;
  readonly input?: Uint8Array | undefined;
  readonly version?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
  readonly runId?: string | null | undefined;
  readonly traceparent?: string | null | undefined;
}
export const WorkflowStart: RequestKind<WorkflowStart, WorkflowStarted> = requestKind(
  "WorkflowStart", 162, "command", [
  ["name", text],
  ["input", bytes, bytesOf("null")],
  ["version", nullable(text), null],
  ["idempotencyKey", nullable(text), null],
  ["runId", nullable(text), null],
  ["traceparent", nullable(text), null],
], WorkflowStartedSchema, 5,
);

/** With `blockMs`, wait until the run is finished. Answers the run as it is then. */
export interface WorkflowGet {
  readonly runId: string;
  readonly blockMs?: Integer | undefined;
}
export const WorkflowGet: RequestKind<WorkflowGet, WorkflowRun> = requestKind(
  "WorkflowGet", 163, "query", [
  ["runId", text],
  ["blockMs", int, 0],
], WorkflowRunSchema,
);

/** Send a signal to a run; an early signal is kept for its wait. */
export interface WorkflowSignal {
  readonly runId: string;
  readonly type: string;
  readonly data?: Uint8Array | undefined;
}
export const WorkflowSignal: RequestKind<WorkflowSignal, null> = requestKind(
  "WorkflowSignal", 164, "command", [
  ["runId", text],
  ["type", text],
  ["data", bytes, NO_BYTES],
], nil,
);

export interface WorkflowCancel {
  readonly runId: string;
  readonly reason?: string | null | undefined;
}
export const WorkflowCancel: RequestKind<WorkflowCancel, WorkflowRun> = requestKind(
  "WorkflowCancel", 165, "command", [
  ["runId", text],
  ["reason", nullable(text), null],
], WorkflowRunSchema,
);

/** Let a failed run continue from the step that failed. */
export interface WorkflowRetry {
  readonly runId: string;
}
export const WorkflowRetry: RequestKind<WorkflowRetry, WorkflowRun> = requestKind(
  "WorkflowRetry", 166, "command", [
  ["runId", text],
], WorkflowRunSchema,
);

/** Start a new run at a step of another run, with its results. Answers the new run's id. */
export interface WorkflowFork {
  readonly runId: string;
  readonly fromStep: string;
  readonly input?: Uint8Array | null | undefined;
  readonly version?: string | null | undefined;
  readonly newRunId?: string | null | undefined;
}
export const WorkflowFork: RequestKind<WorkflowFork, string> = requestKind(
  "WorkflowFork", 176, "command", [
  ["runId", text],
  ["fromStep", text],
  ["input", nullable(bytes), null],
  ["version", nullable(text), null],
  ["newRunId", nullable(text), null],
], text,
);

/** Let a run begin nothing until it is resumed. */
export interface WorkflowPause {
  readonly runId: string;
  readonly reason?: string | null | undefined;
}
export const WorkflowPause: RequestKind<WorkflowPause, WorkflowRun> = requestKind(
  "WorkflowPause", 177, "command", [
  ["runId", text],
  ["reason", nullable(text), null],
], WorkflowRunSchema,
);

/** Let a paused run continue. */
export interface WorkflowResume {
  readonly runId: string;
}
export const WorkflowResume: RequestKind<WorkflowResume, WorkflowRun> = requestKind(
  "WorkflowResume", 178, "command", [
  ["runId", text],
], WorkflowRunSchema,
);

/**
 * List events, oldest first.
 *
 * `after`: only events after the one with this sequence number; a `cursor` contains it. With
 * `blockMs`, wait for an event, or for the end of the run.
 */
export interface WorkflowHistory {
  readonly runId: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
  readonly after?: Integer | undefined;
  readonly blockMs?: Integer | undefined;
}
export const WorkflowHistory: RequestKind<WorkflowHistory, HistoryReply> = requestKind(
  "WorkflowHistory", 167, "query", [
  ["runId", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
  ["after", int, 0],
  ["blockMs", int, 0],
], HistoryReplySchema,
);

/**
 * List runs.
 *
 * - `search`: attributes that the run has with exactly these values.
 * - `statuses`: several statuses, if `status` is not given.
 * - Times: at or after `..._after_ms`, and before `..._before_ms`.
 * - `searchRange`: one attribute whose value is in the range; the runs are then ordered by its
 * value.
 *
 * Without a range, runs are ordered by their end if the filter has a time of the end, and
 * otherwise by their start. The server looks at 1,000 runs at most: a page may hold fewer than
 * `limit`, or none, and still have a cursor.
 */
export interface WorkflowListRuns {
  readonly workflowName?: string | null | undefined;
  readonly status?: WorkflowStatus | null | undefined;
  readonly search?: Readonly<Record<string, Scalar>> | undefined;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
  readonly statuses?: readonly WorkflowStatus[] | undefined;
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  readonly order?: RunOrder | undefined;
  readonly searchRange?: SearchRange | null | undefined;
}
export const WorkflowListRuns: RequestKind<WorkflowListRuns, WorkflowRunListReply> = requestKind(
  "WorkflowListRuns", 168, "query", [
  ["workflowName", nullable(text), null],
  ["status", nullable(choice<WorkflowStatus>(WorkflowStatus)), null],
  ["search", scalars, {}],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
  ["statuses", list(choice<WorkflowStatus>(WorkflowStatus)), []],
  ["startedAfterMs", nullable(int), null],
  ["startedBeforeMs", nullable(int), null],
  ["endedAfterMs", nullable(int), null],
  ["endedBeforeMs", nullable(int), null],
  ["order", choice<RunOrder>(RunOrder), "newest"],
  ["searchRange", nullable(SearchRangeSchema), null],
], WorkflowRunListReplySchema, 5,
);

/** Count the kept runs of the workflow (`null`: of all workflows) by status. */
export interface WorkflowCountRuns {
  readonly workflowName?: string | null | undefined;
}
export const WorkflowCountRuns: RequestKind<WorkflowCountRuns, Readonly<Record<string, number>>> = requestKind(
  "WorkflowCountRuns", 179, "query", [
  ["workflowName", nullable(text), null],
], counts,
);

/**
 * Apply one operation to all runs that match, in a background job.
 *
 * The filters are those of `WorkflowListRuns`. Of the given statuses, those count that the
 * operation can take. `type` and `data`: those of a signal.
 */
export interface WorkflowBulk {
  readonly operation: WorkflowBulkOperation;
  readonly workflowName?: string | null | undefined;
  readonly statuses?: readonly WorkflowStatus[] | undefined;
  readonly search?: Readonly<Record<string, Scalar>> | undefined;
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  readonly limit?: Integer | null | undefined;
  readonly dryRun?: boolean | undefined;
  readonly reason?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly data?: Uint8Array | undefined;
  readonly searchRange?: SearchRange | null | undefined;
}
export const WorkflowBulk: RequestKind<WorkflowBulk, BulkJob> = requestKind(
  "WorkflowBulk", 180, "command", [
  ["operation", choice<WorkflowBulkOperation>(WorkflowBulkOperation)],
  ["workflowName", nullable(text), null],
  ["statuses", list(choice<WorkflowStatus>(WorkflowStatus)), []],
  ["search", scalars, {}],
  ["startedAfterMs", nullable(int), null],
  ["startedBeforeMs", nullable(int), null],
  ["endedAfterMs", nullable(int), null],
  ["endedBeforeMs", nullable(int), null],
  ["limit", nullable(int), null],
  ["dryRun", bool, false],
  ["reason", nullable(text), null],
  ["type", nullable(text), null],
  ["data", bytes, NO_BYTES],
  ["searchRange", nullable(SearchRangeSchema), null],
], BulkJobSchema,
);

/** Make a version that was synced the current one. */
export interface WorkflowUse {
  readonly name: string;
  readonly version: string;
}
export const WorkflowUse: RequestKind<WorkflowUse, DefinitionInfo> = requestKind(
  "WorkflowUse", 139, "command", [
  ["name", text],
  ["version", text],
], DefinitionInfoSchema,
);

/** List workflows by name. */
export interface WorkflowListDefinitions {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const WorkflowListDefinitions: RequestKind<WorkflowListDefinitions, DefinitionListReply> = requestKind(
  "WorkflowListDefinitions", 169, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], DefinitionListReplySchema,
);

/** List the versions of one workflow, the last synced first. */
export interface WorkflowListVersions {
  readonly name: string;
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const WorkflowListVersions: RequestKind<WorkflowListVersions, DefinitionVersionListReply> = requestKind(
  "WorkflowListVersions", 251, "query", [
  ["name", text],
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], DefinitionVersionListReplySchema,
);

/** Return the YAML as it was synced, by default of the current version. */
export interface WorkflowGetDefinition {
  readonly name: string;
  readonly version?: string | null | undefined;
}
export const WorkflowGetDefinition: RequestKind<WorkflowGetDefinition, Uint8Array | null> = requestKind(
  "WorkflowGetDefinition", 170, "query", [
  ["name", text],
  ["version", nullable(text), null],
], nullable(bytes),
);

/** While a workflow is disabled, no call, schedule or trigger starts it. Its runs continue. */
export interface WorkflowEnable {
  readonly name: string;
  readonly enabled?: boolean | undefined;
}
export const WorkflowEnable: RequestKind<WorkflowEnable, DefinitionInfo> = requestKind(
  "WorkflowEnable", 171, "command", [
  ["name", text],
  ["enabled", bool, true],
], DefinitionInfoSchema,
);

/** List schedules by the name of their workflow. */
export interface WorkflowSchedules {
  readonly limit?: Integer | undefined;
  readonly cursor?: string | null | undefined;
}
export const WorkflowSchedules: RequestKind<WorkflowSchedules, ScheduleListReply> = requestKind(
  "WorkflowSchedules", 172, "query", [
  ["limit", int, 100],
  ["cursor", nullable(text), null],
], ScheduleListReplySchema,
);

export interface WorkflowPauseSchedule {
  readonly name: string;
  readonly paused?: boolean | undefined;
}
export const WorkflowPauseSchedule: RequestKind<WorkflowPauseSchedule, ScheduleInfo> = requestKind(
  "WorkflowPauseSchedule", 173, "command", [
  ["name", text],
  ["paused", bool, true],
], ScheduleInfoSchema,
);

/** Start a run of the schedule now, beside its set times. Returns the run id. */
export interface WorkflowTriggerSchedule {
  readonly name: string;
}
export const WorkflowTriggerSchedule: RequestKind<WorkflowTriggerSchedule, string> = requestKind(
  "WorkflowTriggerSchedule", 174, "command", [
  ["name", text],
], text,
);

/** Everything that a client can ask, in the order of the protocol's page. */
export const ALL_REQUESTS: readonly AnyRequestKind[] = [
  Hello,
  Ping,
  GetServerInfo,
  Backup,
  NamespaceCreate,
  NamespaceConfigure,
  NamespaceList,
  NamespaceDelete,
  SessionOpen,
  CancelWait,
  Batch,
  OnceOpen,
  TokenCreate,
  TokenList,
  TokenRevoke,
  TokenMint,
  WhoAmI,
  ConsoleOpen,
  ConsoleLogin,
  ConsoleLogout,
  ClusterStatus,
  ClusterMove,
  ClusterDrain,
  ClusterForget,
  ClusterImport,
  ClusterRecover,
  JobGet,
  JobList,
  JobCancel,
  KvGet,
  KvGetEntry,
  KvPut,
  KvDelete,
  KvDeletePrefix,
  KvScan,
  KvHistory,
  KvMget,
  KvIncr,
  KvTouch,
  KvExists,
  KvJsonGet,
  KvJsonSet,
  KvJsonDel,
  KvCheck,
  KvChanges,
  QueueEnqueue,
  QueueDequeue,
  QueueAck,
  QueueNack,
  QueueTouch,
  QueuePeek,
  QueueDlqList,
  QueueDlqRequeue,
  QueueDlqDelete,
  QueueDlqPurge,
  QueuePurge,
  QueueConfigure,
  QueueGetStats,
  QueueList,
  QueueDelete,
  QueuePause,
  QueuePromote,
  QueueBulk,
  StreamAppend,
  StreamRead,
  StreamCreate,
  StreamAlter,
  StreamGetInfo,
  StreamList,
  StreamTrim,
  StreamDelete,
  GroupCreate,
  GroupConfigure,
  GroupJoin,
  GroupLeave,
  GroupDelete,
  GroupSeek,
  GroupGetInfo,
  GroupList,
  GroupRead,
  GroupAck,
  GroupNack,
  GroupTouch,
  GroupPending,
  GroupDead,
  GroupClaim,
  GroupDeadRequeue,
  GroupDeadDelete,
  GroupBulk,
  ActionRegister,
  ActionInvoke,
  ActionStatus,
  ActionCancel,
  ActionGet,
  ActionDelete,
  ActionEnable,
  ActionList,
  ActionListRuns,
  ActionCall,
  ActionRetry,
  ActionCountRuns,
  ActionBulk,
  ActionGetLimits,
  ActionSchedule,
  ActionUnschedule,
  ActionSchedules,
  ActionPauseSchedule,
  ActionTriggerSchedule,
  WorkerGetInfo,
  WorkerRegister,
  WorkerHeartbeat,
  WorkerDrain,
  WorkerDeregister,
  WorkerList,
  WorkerAwait,
  WorkerComplete,
  WorkerFail,
  WorkerTouch,
  WorkerRelease,
  WorkerExchange,
  WorkerTurn,
  WorkflowSync,
  WorkflowSyncPreview,
  WorkflowValidate,
  WorkflowStart,
  WorkflowGet,
  WorkflowSignal,
  WorkflowCancel,
  WorkflowRetry,
  WorkflowFork,
  WorkflowPause,
  WorkflowResume,
  WorkflowHistory,
  WorkflowListRuns,
  WorkflowCountRuns,
  WorkflowBulk,
  WorkflowUse,
  WorkflowListDefinitions,
  WorkflowListVersions,
  WorkflowGetDefinition,
  WorkflowEnable,
  WorkflowSchedules,
  WorkflowPauseSchedule,
  WorkflowTriggerSchedule,
];
