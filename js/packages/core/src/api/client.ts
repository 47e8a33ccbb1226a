/** `FloClient`: everything that a server offers, over one connection. */

import type { CallOptions } from "../base/options.js";
import { type ClientOptions, ConnectedClient } from "../link/connected.js";
import type { Transport } from "../link/transport.js";
import { Action } from "./action.js";
import { type FillBatch, type Memories, runBatch } from "./batch.js";
import { Cluster } from "./cluster.js";
import { Console } from "./console.js";
import { Jobs } from "./jobs.js";
import { Kv } from "./kv.js";
import { LeaseMemory } from "./leases.js";
import { Namespaces } from "./namespaces.js";
import { Queue } from "./queue.js";
import { Stream } from "./stream.js";
import { Tokens } from "./tokens.js";
import { Worker } from "./worker.js";
import { Workflow } from "./workflow.js";

/**
 * A client of one server, by any transport.
 *
 * It connects by `connect()` or with the first call; `close()` ends it, and so does
 * `await using client = …`.
 */
export class FloClient extends ConnectedClient {
  readonly kv: Kv;
  readonly queue: Queue;
  readonly stream: Stream;
  readonly streams: Stream;
  readonly action: Action;
  readonly worker: Worker;
  readonly workflow: Workflow;
  readonly jobs: Jobs;
  readonly namespaces: Namespaces;
  readonly cluster: Cluster;
  readonly tokens: Tokens;
  readonly console: Console;
  readonly #memories: Memories = { queue: new LeaseMemory(), stream: new LeaseMemory() };

  constructor(transport: Transport, options: ClientOptions = {}) {
    super(transport, options);
    this.kv = new Kv(this);
    this.queue = new Queue(this, this.#memories.queue);
    this.stream = new Stream(this, this.#memories.stream);
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
   * Several writes, all or nothing: `await client.batch((b) => { b.kv.put("key", "value"); })`.
   *
   * They are sent when the function ends without throwing (a promise of it is waited for); the
   * answer has, in order, what each live method would have answered. A refusal is thrown with
   * `index`, the position of the command refused; then none of them happened.
   */
  async batch(fill: FillBatch, options: CallOptions = {}): Promise<unknown[]> {
    return await runBatch(this, this.#memories, fill, options);
  }
}
