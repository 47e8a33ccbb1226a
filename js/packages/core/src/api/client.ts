/** `FloClient`: everything that a server offers, over one connection. */

import type { CallOptions } from "../base/options.js";
import type { WaitOptions } from "../link/caller.js";
import {
  type ClientOptions,
  ConnectedClient,
  type ConnectOptions,
  type DisconnectListener,
} from "../link/connected.js";
import type { Transport } from "../link/transport.js";
import type { Request } from "../wire/request.js";
import { Action } from "./action/action.js";
import { LeaseMemory } from "./base/leases.js";
import { type FillBatch, type Memories, runBatch } from "./batch.js";
import { Cluster } from "./cluster.js";
import { Console } from "./console.js";
import { Jobs } from "./jobs.js";
import { Kv } from "./kv/kv.js";
import { Namespaces } from "./namespaces.js";
import { Queue } from "./queue/queue.js";
import { Stream } from "./stream/stream.js";
import { Tokens } from "./tokens.js";
import { Worker } from "./worker/worker.js";
import { Workflow } from "./workflow/workflow.js";

/**
 * A client of one server, over any transport.
 *
 * It connects with `connect()` or at the first call. `close()` closes it; `await using client = …`
 * does so at the end of its block.
 */
export class FloClient extends ConnectedClient {
  /** Versioned keys. */
  readonly kv: Kv;
  /** Priority queues with leases. */
  readonly queue: Queue;
  /** Streams and their groups. */
  readonly stream: Stream;
  /** The same as `stream`. */
  readonly streams: Stream;
  /** Actions and their runs. */
  readonly action: Action;
  /** Workers by id. To run a worker of your own, use `ActionWorker`. */
  readonly worker: Worker;
  /** Workflows, their runs and schedules. */
  readonly workflow: Workflow;
  /** Jobs: operations on everything that matches, in progress or ended. */
  readonly jobs: Jobs;
  /** Namespaces: separate worlds on one server. */
  readonly namespaces: Namespaces;
  /** The cluster that the server is a node of. */
  readonly cluster: Cluster;
  /** Tokens: who may do what. */
  readonly tokens: Tokens;
  /** Sessions of the web console. */
  readonly console: Console;
  /** Which deliveries it remembers, so that a number is enough to settle one. @internal */
  readonly memories: Memories = { queue: new LeaseMemory(), stream: new LeaseMemory() };

  constructor(transport: Transport, options: ClientOptions = {}) {
    super(transport, options);
    this.kv = new Kv(this);
    this.queue = new Queue(this, this.memories.queue);
    this.stream = new Stream(this, this.memories.stream);
    this.streams = this.stream;
    this.action = new Action(this);
    this.worker = new Worker(this);
    this.workflow = new Workflow(this);
    this.jobs = new Jobs(this);
    this.namespaces = new Namespaces(this);
    this.cluster = new Cluster(this);
    this.tokens = new Tokens(this);
    this.console = new Console(this);
  }

  /**
   * Send several writes in one commit, all or none: `await client.batch((b) => { b.kv.put("key",
   * "value"); })`.
   *
   * They are sent when the function ends without throwing; if it returns a promise, that is
   * awaited. The result has the answer of each write, in order. If the server refuses one, the
   * error has its position as `index`, and none of the writes took effect.
   */
  async batch(fill: FillBatch, options: CallOptions = {}): Promise<unknown[]> {
    return await runBatch(this, this.memories, fill, options);
  }

  /**
   * Return a client for another namespace on the same connection.
   *
   * `namespace` is used by calls that name none. Closing that client closes this one. Throws
   * `BadRequestError` if the name is not allowed.
   */
  within(namespace: string): FloClient {
    return new ClientWithin(this, namespace);
  }
}

/** A client that leaves its connection to `outer`, which `within` gives. */
export class ClientWithin extends FloClient {
  readonly #outer: FloClient;

  constructor(outer: FloClient, namespace: string) {
    const { endpoint, clock, logger } = outer;
    const never = () => Promise.reject(new Error(`${endpoint} is connected to by another client`));
    super({ endpoint, connect: never }, { namespace, clock, logger });
    this.#outer = outer;
  }

  override get isConnected(): boolean {
    return this.#outer.isConnected;
  }

  override get stalenessMs(): number {
    return this.#outer.stalenessMs;
  }

  override onConnect(listener: () => unknown): () => void {
    return this.#outer.onConnect(listener);
  }

  override onDisconnect(listener: DisconnectListener): () => void {
    return this.#outer.onDisconnect(listener);
  }

  override wake(): void {
    this.#outer.wake();
  }

  override async connect(options: ConnectOptions = {}): Promise<this> {
    await this.#outer.connect(options);
    return this;
  }

  override async close(): Promise<void> {
    await this.#outer.close();
  }

  override async call<R>(request: Request<R>, options: CallOptions & WaitOptions = {}): Promise<R> {
    const namespace = options.namespace ?? this.namespace;
    return await this.#outer.call(request, { ...options, namespace });
  }
}
