/**
 * What `ActionWorker` and `StreamWorker` have in common: their life, and going on over trouble.
 *
 * A worker is started, works until it is told to stop, finishes what it has in hand (or hands it
 * back when the time for that is up), and ends. One that was stopped can be started again.
 */

import type { FloClient } from "../api/client.js";
import { checkDuration, checkFlag, checkName, checkNamespace, checkRange } from "../base/checks.js";
import { type Clock, sleep } from "../base/clock.js";
import { errorText } from "../base/error-text.js";
import {
  BadRequestError,
  FloError,
  ForbiddenError,
  NotConnectedError,
  UnauthorizedError,
} from "../base/errors.js";
import { deferred, Flag } from "../base/flag.js";
import { BLOCK_MS_MAX, LIMIT_MAX } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import { randomHex } from "../base/random.js";
import type { Integer } from "../base/schema.js";
import { Wait } from "../link/call.js";
import { RetryPolicy } from "../link/retry.js";
import { type Attempt, Attempts, type Owner } from "./attempts.js";
import { HandlerTimeoutError } from "./handlers.js";

/** How long the last results are tried for. */
const GOOD_BYE_MS = 10_000;
/** How long a server that is gone is told that the worker is, too. */
const LOST_MS = 1_000;
/** What time does not heal: it ends the worker. */
const FATAL = [ForbiddenError, NotConnectedError, UnauthorizedError];

/** Where a worker's client comes from. */
export interface ClientSource {
  /** The client to work with. */
  open(): FloClient;
  /** Whether the worker closes the client when it ends. */
  readonly isOwned: boolean;
  /** Where the worker says what happens. Default: where its client does. */
  readonly logger?: FullLogger | undefined;
}

/** What both kinds of workers take. */
export interface WorkerBaseOptions {
  /** The client's own unless given. */
  readonly namespace?: string | undefined;
  /** How many handlers run at once. Default: 10. */
  readonly concurrency?: Integer | undefined;
  /** How long a long poll for work lasts. Default: 30,000. */
  readonly blockMs?: Integer | undefined;
  /** Keep leases while handlers run. Default: true. */
  readonly autoTouch?: boolean | undefined;
  /** How long handlers may go on after `stop()`. Default: 30,000. */
  readonly drainTimeoutMs?: Integer | undefined;
}

interface Life {
  readonly client: FloClient;
  readonly ended: Promise<void>;
}

export abstract class WorkerBase<Item> implements Owner<Item> {
  readonly name: string;
  readonly concurrency: number;
  protected readonly blockMs: number;
  protected readonly retry = new RetryPolicy();
  readonly #source: ClientSource;
  readonly #namespace: string | undefined;
  readonly #timeoutMs: number;
  readonly #autoTouch: boolean;
  readonly #drainTimeoutMs: number;
  #life: Life | null = null;
  #isStopping = false;
  #background = new Set<Promise<void>>();
  /** Set while it is known to the server and takes work. */
  readonly atWork = new Flag();
  protected stopped = new Flag();
  protected isDrained = false;
  protected wait = new Wait();
  /** Ends every call and wait of this life. */
  protected over = new AbortController();
  protected attempts!: Attempts<Item>;

  constructor(
    source: ClientSource,
    name: string | undefined,
    timeoutMs: number,
    options: WorkerBaseOptions,
  ) {
    this.#source = source;
    this.name = checkName("name", name ?? `worker-${randomHex(8)}`);
    this.#timeoutMs = timeoutMs;
    this.#namespace =
      options.namespace === undefined ? undefined : checkNamespace(options.namespace);
    this.concurrency = checkRange("concurrency", options.concurrency ?? 10, 1, LIMIT_MAX);
    this.blockMs = checkRange("blockMs", options.blockMs ?? 30_000, 1, BLOCK_MS_MAX);
    this.#autoTouch = checkFlag("autoTouch", options.autoTouch ?? true);
    this.#drainTimeoutMs = checkDuration("drainTimeoutMs", options.drainTimeoutMs ?? 30_000);
  }

  // What a kind of worker does

  /** Everything that one life of the worker has to itself. */
  protected reset(): void {
    this.stopped = new Flag();
    this.isDrained = false;
    this.wait = new Wait();
    this.over = new AbortController();
    this.#background = new Set();
    this.attempts = new Attempts<Item>(this, this.clock, {
      concurrency: this.concurrency,
      timeoutMs: this.#timeoutMs,
      autoTouch: this.#autoTouch,
    });
  }

  /** Make oneself known to the server. */
  protected abstract open(): Promise<void>;
  /** What runs side by side until the worker stops. Each ends soon after `wake`. */
  protected abstract lanes(): Promise<void>[];
  /** Deliver the results that are left. Given up after a while. */
  protected abstract settle(): Promise<void>;
  /** Hand these back, no attempt counted. */
  protected abstract release(attempts: Attempt<Item>[]): Promise<void>;
  /** Tell the server that this worker is gone. */
  protected abstract leave(): Promise<void>;
  /** Something changed: let the lanes look. */
  protected abstract wake(): void;
  /** Start what waits for a place, as far as there are places. */
  protected abstract beginWaiting(): void;
  abstract succeeded(attempt: Attempt<Item>, result: unknown): void;
  abstract failed(attempt: Attempt<Item>, error: unknown): void;
  abstract touchDue(attempts: Attempt<Item>[]): void;

  ended(_attempt: Attempt<Item>): void {
    this.beginWaiting();
  }

  // What it works with

  protected get client(): FloClient {
    if (this.#life === null) {
      throw new NotConnectedError(`the worker ${this.name} is not running`);
    }
    return this.#life.client;
  }

  protected get clock(): Clock {
    return this.client.clock;
  }

  protected get log(): FullLogger {
    return this.#source.logger ?? this.client.logger;
  }

  protected get namespace(): string {
    return this.#namespace ?? this.client.namespace;
  }

  /** What calls of this life are made with. */
  protected get ofThisLife(): { namespace: string; signal: AbortSignal } {
    return { namespace: this.namespace, signal: this.over.signal };
  }

  // Life

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    return this.#life !== null;
  }

  /**
   * Work until `stop()` or a drain from outside; then end in good order.
   *
   * Throws what makes work impossible: no server at the start, a refused token. Everything that time
   * may heal is waited out, a lost connection above all.
   */
  async start(): Promise<void> {
    if (this.#life !== null) {
      throw new BadRequestError(`the worker ${this.name} is running already`);
    }
    const ended = deferred<void>();
    const client = this.#source.open();
    this.#life = { client, ended: ended.promise };
    this.reset();
    try {
      if (!this.#isStopping) {
        await client.connect();
        await this.#work();
      }
    } finally {
      if (this.#source.isOwned) {
        await client.close();
      }
      this.atWork.clear();
      this.#life = null;
      this.#isStopping = false;
      ended.resolve();
    }
  }

  /** Take no new work, finish what is in hand, and let `start()` resolve. */
  stop(): void {
    this.#isStopping = true;
    if (this.#life !== null && !this.stopped.isSet) {
      this.log.info(`worker ${this.name}: stopping`);
      this.stopped.set();
      this.wait.end();
      this.wake();
    }
  }

  /** `stop()`, and wait until the worker has ended. */
  async close(): Promise<void> {
    if (this.#life !== null) {
      const { ended } = this.#life;
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

  async #work(): Promise<void> {
    await this.open();
    this.log.info(`worker ${this.name}: at work`);
    this.atWork.set();
    const lanes = this.lanes();
    for (const lane of lanes) {
      lane.catch(() => undefined); // whoever waits for it hears of it
    }
    try {
      await Promise.race([this.stopped.wait(), ...lanes]);
      await this.#drain(lanes);
    } finally {
      await this.#end();
    }
    this.log.info(`worker ${this.name}: stopped`);
  }

  /** No new work; what has not begun goes back at once, what runs may finish. */
  async #drain(lanes: Promise<void>[]): Promise<void> {
    await this.release(this.attempts.takeWaiting());
    await this.#within(this.#drainTimeoutMs, this.attempts.finish());
    const left = this.attempts.takeAll();
    if (!(await this.#within(GOOD_BYE_MS, this.#handOver(left, lanes)))) {
      this.log.error(`worker ${this.name}: what it had in hand could not be delivered`);
    }
  }

  async #handOver(left: Attempt<Item>[], lanes: Promise<void>[]): Promise<void> {
    if (left.length > 0) {
      this.log.warn(`worker ${this.name}: ${left.length} handlers did not finish in time`);
      await this.release(left);
    }
    this.isDrained = true;
    this.wake();
    await Promise.all(lanes);
    await this.settle();
  }

  async #end(): Promise<void> {
    this.over.abort(new NotConnectedError(`the worker ${this.name} has ended`));
    try {
      // there are some only where something went wrong
      await this.release(this.attempts.takeAll());
      await Promise.all(this.#background);
      const patienceMs = this.client.isConnected ? GOOD_BYE_MS : LOST_MS;
      if (!(await this.#within(patienceMs, this.leave()))) {
        this.log.warn(`worker ${this.name}: could not say good-bye: no connection`);
      }
    } catch (error) {
      this.log.warn(`worker ${this.name}: could not say good-bye: ${errorText(error)}`);
    } finally {
      this.attempts.close();
    }
  }

  /** Whether `work` was done in time. Throws what it throws. */
  async #within(timeMs: number, work: Promise<unknown>): Promise<boolean> {
    const done = new AbortController();
    const timeUp = sleep(this.clock, timeMs, done.signal).then(
      () => false,
      () => true,
    );
    try {
      return await Promise.race([work.then(() => true), timeUp]);
    } finally {
      done.abort();
    }
  }

  // Going on over trouble

  /** Wait out `error`, longer each time. Throws it where waiting cannot help. */
  protected async trouble(error: unknown, failures: number): Promise<void> {
    if (!(error instanceof FloError) || FATAL.some((kind) => error instanceof kind)) {
      throw error;
    }
    this.log.warn(`worker ${this.name}: ${error.message}; trying again`);
    await this.pause(this.retry.delayMs(failures, Math.random()));
  }

  /** Sleep, or until the worker stops. */
  protected async pause(delayMs: number): Promise<void> {
    const done = new AbortController();
    const waits = [sleep(this.clock, delayMs, done.signal)];
    if (!this.stopped.isSet) {
      waits.push(this.stopped.wait(done.signal));
    }
    try {
      await Promise.race(waits);
    } finally {
      done.abort();
      await Promise.allSettled(waits);
    }
  }

  /** Let `work` go on beside everything else; what goes wrong is logged. */
  protected inBackground(work: Promise<void>): void {
    const told = work.catch((error: unknown) => {
      this.log.warn(`worker ${this.name}: ${errorText(error)}`);
    });
    this.#background.add(told);
    void told.finally(() => this.#background.delete(told));
  }

  protected tellFailure(attempt: Attempt<Item>, error: unknown): void {
    const isExpected = error instanceof FloError || error instanceof HandlerTimeoutError;
    attempt.context.log.warn("failed:", isExpected ? errorText(error) : error);
  }

  /** The server says that the delivery is no longer ours. */
  protected lost(attempt: Attempt<Item>, why: string): void {
    if (!attempt.isOver) {
      attempt.context.log.warn(`${why}: its handler is told to stop`);
      this.attempts.lose(attempt, why);
    }
  }
}
