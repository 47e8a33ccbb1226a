/**
 * What `ActionWorker` and `StreamWorker` have in common: their settings, and how they are run.
 *
 * A worker is started, works until it is told to stop, and ends; it can be started again then.
 * Everything that belongs to one run is a `Life`.
 */

import type { FloClient } from "../api/client.js";
import { checkDuration, checkFlag, checkName, checkNamespace, checkRange } from "../base/checks.js";
import { BadRequestError } from "../base/errors.js";
import { deferred, Flag } from "../base/flag.js";
import { BLOCK_MS_MAX, LIMIT_MAX } from "../base/limits.generated.js";
import { type FullLogger, guarded } from "../base/logger.js";
import { randomHex } from "../base/random.js";
import type { Integer } from "../base/schema.js";
import { callHooks, callLastHooks, checkFunction, type WorkerHook } from "./hooks.js";
import { type Life, ownClient, type Plan, runAll } from "./life.js";

/** Where a worker's client comes from. */
export interface ClientSource {
  /** The client to work with. */
  open(): FloClient;
  /** Whether the worker closes the client when it ends. */
  readonly isOwned: boolean;
  /** Where the worker says what happens. Default: where its client does. */
  readonly logger?: FullLogger | undefined;
}

/** Options of all workers. */
export interface WorkerBaseOptions {
  /** Where the work is. Default: the namespace of the client. */
  readonly namespace?: string | null | undefined;
  /** How many handlers run at once: 1 to 1,000. Default: 10. */
  readonly concurrency?: Integer | null | undefined;
  /** How long one wait for work lasts. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
  /** Whether to extend the leases while handlers run. Default: true. */
  readonly autoTouch?: boolean | null | undefined;
  /**
   * How long handlers may continue after `stop()`. Default: 30,000.
   *
   * Then `ctx.signal` tells those that still run to stop, and they have five seconds to clean up.
   */
  readonly drainTimeoutMs?: Integer | null | undefined;
}

/** What one run of a worker has beside its settings. */
interface Run {
  readonly stopped: Flag;
  readonly ended: Promise<void>;
  lives: readonly Life<unknown>[];
}

export abstract class WorkerBase {
  readonly name: string;
  readonly concurrency: number;
  /** Set while it is known to the server and takes work. */
  readonly atWork = new Flag();
  readonly #source: ClientSource;
  readonly #namespace: string | undefined;
  readonly #timeoutMs: number;
  readonly #blockMs: number;
  readonly #autoTouch: boolean;
  readonly #drainTimeoutMs: number;
  readonly #atStart: WorkerHook[] = [];
  readonly #atStop: WorkerHook[] = [];
  #run: Run | null = null;
  #isStopping = false;

  constructor(
    source: ClientSource,
    name: string | undefined,
    timeoutMs: number,
    options: WorkerBaseOptions,
  ) {
    this.#source = source;
    this.name = name ?? `worker-${randomHex(8)}`;
    this.#timeoutMs = timeoutMs;
    const namespace = options.namespace ?? undefined;
    this.#namespace = namespace === undefined ? undefined : checkNamespace(namespace);
    this.concurrency = checkRange("concurrency", options.concurrency ?? 10, 1, LIMIT_MAX);
    this.#blockMs = checkRange("blockMs", options.blockMs ?? 30_000, 1, BLOCK_MS_MAX);
    this.#autoTouch = checkFlag("autoTouch", options.autoTouch ?? true);
    this.#drainTimeoutMs = checkDuration("drainTimeoutMs", options.drainTimeoutMs ?? 30_000);
  }

  /**
   * Call `hook` with the worker's client before the first work is taken; a promise is awaited.
   *
   * Several hooks are called in order. An error that one throws is thrown by `start()`.
   */
  onStart(hook: WorkerHook): this {
    this.#atStart.push(checkFunction("onStart", hook));
    return this;
  }

  /**
   * Call `hook` after the last work, before the worker's client is closed.
   *
   * It is called however the worker ends, if the hooks of `onStart` have run. An error that one
   * throws is logged, and the others are called.
   */
  onStop(hook: WorkerHook): this {
    this.#atStop.push(checkFunction("onStop", hook));
    return this;
  }

  /** What it does, side by side. Throws `BadRequestError` if it has nothing to do. */
  protected abstract newLives(plan: Plan, client: FloClient, log: FullLogger): Life<unknown>[];

  protected refuseWhileRunning(what: string): void {
    if (this.isRunning) {
      throw new BadRequestError(`the worker is running; name ${what} before start()`);
    }
  }

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    return this.#run !== null;
  }

  /**
   * Work until `stop()` or a drain from outside; then end in good order.
   *
   * Throws errors that make work impossible: no server at the start, a refused token. It retries
   * after errors that may pass, such as a lost connection.
   */
  async start(): Promise<void> {
    if (this.#run !== null) {
      throw new BadRequestError(`the worker ${this.name} is running already`);
    }
    const ended = deferred<void>();
    const client = this.#source.open();
    this.#run = { stopped: new Flag(), ended: ended.promise, lives: [] };
    try {
      if (!this.#isStopping) {
        await this.#live(this.#run, client);
      }
    } finally {
      if (this.#source.isOwned) {
        await client.close();
      }
      this.atWork.clear();
      this.#run = null;
      this.#isStopping = false;
      ended.resolve();
    }
  }

  async #live(run: Run, client: FloClient): Promise<void> {
    const log = guarded(this.#source.logger ?? client.logger);
    const lives = this.newLives(this.#plan(client), client, log);
    const own = ownClient(client, this.#plan(client).namespace);
    const connected = client.connect().then(() => true);
    connected.catch(() => undefined); // where it is stopped before
    if (await Promise.race([connected, run.stopped.wait().then(() => false)])) {
      await callHooks(this.#atStart, own);
      try {
        await this.#work(run, lives);
      } finally {
        await callLastHooks(this.#atStop, own, log);
      }
    }
  }

  async #work(run: Run, lives: readonly Life<unknown>[]): Promise<void> {
    if (!run.stopped.isSet) {
      run.lives = lives;
      await runAll(lives, () => this.atWork.set());
    }
  }

  #plan(client: FloClient): Plan {
    return {
      name: this.name,
      namespace: this.#namespace ?? client.namespace,
      concurrency: this.concurrency,
      timeoutMs: this.#timeoutMs,
      blockMs: this.#blockMs,
      autoTouch: this.#autoTouch,
      drainTimeoutMs: this.#drainTimeoutMs,
    };
  }

  /** Take no new work, finish what is in progress, and let `start()` resolve. */
  stop(): void {
    this.#isStopping = true;
    this.#run?.stopped.set();
    for (const life of this.#run?.lives ?? []) {
      life.stop();
    }
  }

  /** Call `stop()`, and wait until the worker has ended. */
  async close(): Promise<void> {
    if (this.#run !== null) {
      const { ended } = this.#run;
      this.stop();
      await ended;
    }
  }

  /** Another name for `close`. */
  async drain(): Promise<void> {
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The name that a worker is given as the option `field`; `undefined`: it makes one. */
export function givenName(field: string, name: string | null | undefined): string | undefined {
  return name === undefined || name === null ? undefined : checkName(field, name);
}
