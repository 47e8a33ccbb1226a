/**
 * This package in the shapes of the first JavaScript SDK of Flo: for programs that were written
 * against that one, with no more than their import lines changed.
 */

import type {
  Action,
  CallOptions,
  Kv,
  Queue,
  Stream,
  StreamHandler,
  Worker,
} from "@floruntime/core";
import {
  type ActionDifferences,
  actions,
  type Extended,
  type KeyReads,
  type KeyWrites,
  keys,
  type StreamDifferences,
  streams,
  type WorkerDifferences,
  type WorkflowDifferences,
  workers,
  workflows,
} from "@floruntime/core/compat";
import { type FloClientOptions, FloClient as OurFloClient } from "./client.js";
import {
  ActionWorker as OurActionWorker,
  type ActionWorkerOptions as OurActionWorkerOptions,
  StreamWorker as OurStreamWorker,
  type StreamWorkerConfig as OurStreamWorkerConfig,
  type StreamWorkerSource as OurStreamWorkerSource,
  type StreamWorkerOptions,
} from "./workers.js";
import type { Workflow } from "./workflow-files.js";

export {
  type ActionListResult,
  ActionType,
  beginTxn,
  createServerError,
  GetResult,
  type KVEntry,
  type KVTouchOptions,
  type MGetEntry,
  type ProcessEntry,
  ProcessKind,
  type ScanOptions,
  type ScanPage as ScanResult,
  StatusCode,
  StorageTier,
  type StreamInfoResult,
  statusCodeToString,
  type TaskAssignment,
  Transaction,
  type WorkerAwaitResult,
  type WorkerInfo,
  type WorkerListResult,
  WorkerStatus,
  WorkerType,
  type WorkflowDefinitionEntry,
  type WorkflowHistoryEvent,
  type WorkflowListRunEntry,
  type WorkflowSyncDirFile,
  type WorkflowSyncDirFn,
} from "@floruntime/core/compat";
export * from "@floruntime/core/public";
export { type Endpoint, parseEndpoint } from "./endpoint.js";
export { TcpTransport, type Tls, type TlsOptions } from "./tcp.js";

/** A client over TCP. `native` is the client of this package that it stands on. */
export class FloClient {
  /** The client of this package, with everything that has no counterpart there. */
  readonly native: OurFloClient;
  readonly kv: Extended<Kv, KeyReads & KeyWrites>;
  readonly queue: Queue;
  readonly stream: Extended<Stream, StreamDifferences>;
  /** The same as `stream`. */
  readonly streams: Extended<Stream, StreamDifferences>;
  readonly action: Extended<Action, ActionDifferences>;
  readonly worker: Extended<Worker, WorkerDifferences>;
  readonly workflow: Extended<Workflow, WorkflowDifferences>;

  constructor(endpoint?: string, options: FloClientOptions = {}) {
    this.native = new OurFloClient(endpoint, options);
    this.kv = keys(this.native.kv, this.native);
    this.queue = this.native.queue;
    this.stream = streams(this.native.stream);
    this.streams = this.stream;
    this.action = actions(this.native.action);
    this.worker = workers(this.native.worker);
    this.workflow = workflows(this.native.workflow);
  }

  /** Connect once; a second time does nothing. */
  async connect(): Promise<void> {
    await this.native.connect();
  }

  /** Close. Calls under way fail with `NotConnectedError`. */
  async close(): Promise<void> {
    await this.native.close();
  }

  /** Whether the connection is up at this moment. */
  isConnected(): boolean {
    return this.native.isConnected;
  }

  /** The namespace of calls that name none. */
  namespace(): string {
    return this.native.namespace;
  }

  /** `override`, or else the namespace of calls that name none. */
  getNamespace(override?: string): string {
    return this.native.getNamespace(override);
  }

  /** An `ActionWorker` on this client's connection. */
  newWorker(options: Omit<ActionWorkerConfig, "endpoint" | "client"> = {}): ActionWorker {
    return new ActionWorker({ ...options, client: this.native });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export interface ActionWorkerConfig extends OurActionWorkerOptions {}
export type WorkerConfig = ActionWorkerConfig;
export interface StreamWorkerConfig extends OurStreamWorkerConfig {}

/** A worker for actions. Of its options, 0 for `blockMs` and `heartbeatIntervalMs` is the default. */
export class ActionWorker extends OurActionWorker {
  constructor(config: ActionWorkerConfig) {
    super(withDefaults(config));
  }
}

/** The older name of `ActionWorker`. */
export { ActionWorker as Worker };

/** A consumer of a stream's group, made with a client or its options, settings and a handler. */
export class StreamWorker extends OurStreamWorker {
  constructor(
    source: FloClient | OurStreamWorkerSource,
    config: StreamWorkerConfig,
    handler: StreamHandler,
  ) {
    const from = source instanceof FloClient ? source.native : source;
    super(from, withDefaults(config), handler);
  }
}

function withDefaults<Config extends { blockMs?: unknown; heartbeatIntervalMs?: unknown }>(
  config: Config,
): Config {
  const asDefault = ["blockMs", "heartbeatIntervalMs"];
  const named = Object.entries(config).filter(
    ([name, value]) => !asDefault.includes(name) || (value !== 0 && value !== 0n),
  );
  return Object.fromEntries(named) as Config;
}

export type { CallOptions, StreamWorkerOptions };
