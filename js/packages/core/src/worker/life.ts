/**
 * One life of a worker: from `start()` to its end, with all state that belongs to it.
 *
 * A worker makes itself known, works until it is told to stop, finishes what it has in hand (or hands
 * it back when the time for that is up), and ends.
 */

import type { FloClient } from "../api/client.js";
import { type Clock, sleep } from "../base/clock.js";
import { errorText } from "../base/error-text.js";
import {
  FloError,
  ForbiddenError,
  NotConnectedError,
  NotFoundError,
  UnauthorizedError,
} from "../base/errors.js";
import { Flag } from "../base/flag.js";
import type { FullLogger } from "../base/logger.js";
import { loggable, printable } from "../base/printable.js";
import type { RetryPolicy } from "../link/retry.js";
import { type Attempt, Attempts, CLEAN_UP_MS, type Owner } from "./attempts.js";
import { PACE } from "./claim-policy.js";
import { HandlerTimeoutError } from "./handlers.js";

/** How long the last results are tried for, with the time that handlers took to clean up. */
const GOOD_BYE_MS = 10_000;
/** How long a worker that has nothing to deliver tries to reach a server that is gone, twice. */
const LOST_MS = 750;
/** What time does not heal: it ends the worker. */
const FATAL = [ForbiddenError, NotConnectedError, NotFoundError, UnauthorizedError];

/** How a worker lives, as its owner said. */
export interface Plan {
  readonly name: string;
  readonly namespace: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly blockMs: number;
  readonly autoTouch: boolean;
  readonly drainTimeoutMs: number;
}

/** What `ActionWorker` and `StreamWorker` have in common from their start to their end. */
export abstract class Life<Item> implements Owner<Item> {
  protected readonly retry: RetryPolicy = PACE.retry;
  protected readonly stopped = new Flag();
  /** Ends every call and wait of this life. */
  protected readonly over = new AbortController();
  protected readonly attempts: Attempts<Item>;
  protected isDrained = false;
  /** The worker's connection as handlers and hooks get it: in the worker's namespace. */
  readonly own: FloClient;
  #isOpening = true;
  #releasing = 0;
  /** What it had in hand could not be delivered. */
  #hasLostTouch = false;
  readonly #background = new Set<Promise<void>>();

  constructor(
    protected readonly plan: Plan,
    protected readonly client: FloClient,
    protected readonly log: FullLogger,
  ) {
    const { concurrency, timeoutMs, autoTouch, namespace } = plan;
    this.own = ownClient(client, namespace);
    this.attempts = new Attempts<Item>(this, this.clock, { concurrency, timeoutMs, autoTouch });
  }

  // What a kind of worker does

  /** What it works on, in words: a worker of actions may serve queues beside them. */
  protected abstract get worksOn(): string;
  /** Make oneself known to the server. */
  protected abstract open(): Promise<void>;
  /** What runs side by side until the worker is drained. Each ends soon after `wake`. */
  protected abstract lanes(): Promise<void>[];
  /** Deliver the results that are left. Given up after a while. */
  protected abstract settle(): Promise<void>;
  /** Hand these back, no attempt counted. Does not throw. */
  protected abstract handBack(attempts: Attempt<Item>[]): Promise<void>;
  /** Tell the server that this worker is gone. */
  protected abstract leave(): Promise<void>;
  /** Something changed: let the lanes look. */
  protected abstract wake(): void;
  /** Whether something of it is on its way to the server, or yet to go. */
  protected abstract get hasResults(): boolean;
  abstract began(attempt: Attempt<Item>): void;
  abstract commit(attempt: Attempt<Item>, result: unknown): Promise<void>;
  abstract succeeded(attempt: Attempt<Item>, result: unknown): void;
  abstract failed(attempt: Attempt<Item>, error: unknown): void;
  abstract touchDue(attempts: Attempt<Item>[]): void;

  /** Start what waits for a place, as far as there are places. */
  protected abstract beginWaiting(): void;

  ended(attempt: Attempt<Item>, tookMs: number | null): void {
    if (tookMs === null) {
      attempt.context.log.warn(
        "its handler does not end although it was told to: its place is free",
      );
    }
    this.beginWaiting();
  }

  protected get clock(): Clock {
    return this.client.clock;
  }

  /** What calls of this life are made with. */
  protected get ofThisLife(): { namespace: string; signal: AbortSignal } {
    return { namespace: this.plan.namespace, signal: this.over.signal };
  }

  // From the start to the end

  /** Take no new work, finish what is in hand, and let `run` end. */
  stop(): void {
    if (this.stopped.isSet) {
      return;
    }
    this.log.info(`worker ${this.plan.name}: stopping`);
    this.stopped.set();
    if (this.#isOpening) {
      this.over.abort(this.#ended());
    }
    this.wake();
  }

  #ended(): NotConnectedError {
    return new NotConnectedError(`the worker ${this.plan.name} has ended`);
  }

  /** The whole of it. `atWork` is called once the server knows the worker. */
  async run(atWork: () => void): Promise<void> {
    if (await this.#opened()) {
      this.log.info(`worker ${this.plan.name}: at work on ${this.worksOn}`);
      atWork();
      await this.#work();
    } else {
      await this.#end();
    }
    this.log.info(`worker ${this.plan.name}: stopped working on ${this.worksOn}`);
  }

  /** False: it was stopped before it was known. */
  async #opened(): Promise<boolean> {
    try {
      await this.open();
      return !this.stopped.isSet;
    } catch (error) {
      if (this.stopped.isSet && this.over.signal.aborted) {
        return false;
      }
      throw error;
    } finally {
      this.#isOpening = false;
    }
  }

  async #work(): Promise<void> {
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
  }

  /** No new work; what has not begun goes back at once, what runs may finish. */
  async #drain(lanes: Promise<void>[]): Promise<void> {
    const returned = this.release(this.takeWaiting());
    await this.#within(this.plan.drainTimeoutMs, (signal) => this.attempts.finish(signal));
    const untilMs = this.clock.nowMs() + GOOD_BYE_MS;
    const left = await this.#giveUp();
    const handedOver = this.#handOver([returned, this.release(left)], lanes);
    this.#hasLostTouch = !(await this.#reached(handedOver, untilMs - this.clock.nowMs()));
    if (this.#hasLostTouch && this.#hasNews) {
      this.log.error(`worker ${this.plan.name}: the results that it still had could not be sent`);
    }
  }

  /** What may go back before all that runs has ended. */
  protected takeWaiting(): Attempt<Item>[] {
    return this.attempts.takeWaiting();
  }

  /** Tell handlers to stop, and let them clean up before anybody else may begin what they had. */
  async #giveUp(): Promise<Attempt<Item>[]> {
    if (this.attempts.running > 0) {
      const { running } = this.attempts;
      this.log.warn(`worker ${this.plan.name}: ${running} handlers did not finish in time`);
      this.attempts.giveUp();
      await this.#within(CLEAN_UP_MS, (signal) => this.attempts.finish(signal));
    }
    return this.attempts.takeAll();
  }

  async #handOver(returned: Promise<void>[], lanes: Promise<void>[]): Promise<void> {
    await Promise.all(returned);
    this.isDrained = true;
    this.wake();
    await Promise.all(lanes);
    await this.settle();
  }

  async #end(): Promise<void> {
    this.over.abort(this.#ended());
    try {
      const returned = this.release(this.attempts.takeAll()); // where something went wrong
      if (!this.#hasLostTouch) {
        await this.#reached(Promise.all([returned, ...this.#background]));
      }
      if (!(await this.#reached(this.leave()))) {
        this.log.warn(
          `worker ${this.plan.name}: could not tell the server that it stops: no connection`,
        );
      }
    } catch (error) {
      if (!(error instanceof NotFoundError)) {
        this.log.warn(
          `worker ${this.plan.name}: could not tell the server that it stops: ${errorText(error)}`,
        );
      }
    } finally {
      this.attempts.close();
    }
  }

  get #hasNews(): boolean {
    return this.hasResults || this.#releasing > 0;
  }

  /** Whether `work` was done, for which a server that is gone is only waited for with news. */
  async #reached(work: Promise<unknown>, timeMs: number = GOOD_BYE_MS): Promise<boolean> {
    return await this.#within(timeMs, async (signal) => {
      if (this.#hasLostTouch || !this.#hasNews) {
        const isGone = this.#gone(signal).then(() => true);
        return !(await Promise.race([work.then(() => false), isGone]));
      }
      await work;
      return true;
    });
  }

  /** Resolves a moment after the server is gone; whether it is shows soon, where it is silent. */
  async #gone(signal: AbortSignal): Promise<void> {
    this.client.wake();
    if (this.client.isConnected) {
      await new Promise<void>((resolve) => {
        const forget = this.client.onDisconnect(() => resolve());
        signal.addEventListener("abort", forget, { once: true });
      });
    }
    await sleep(this.clock, LOST_MS, signal);
  }

  /** Whether `work` was done in time, and did not say itself that it was not. Throws what it throws. */
  async #within(timeMs: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
    const done = new AbortController();
    const timeUp = sleep(this.clock, timeMs, done.signal).then(
      () => false,
      () => false,
    );
    try {
      const isDone = work(done.signal).then((outcome) => outcome !== false);
      isDone.catch(() => undefined); // after its time nobody waits for it
      return await Promise.race([isDone, timeUp]);
    } finally {
      done.abort();
    }
  }

  // Going on over trouble

  /** Throws `error` where waiting cannot help; else it is told, and to be tried again. */
  protected throwFatal(error: unknown): void {
    if (!(error instanceof FloError) || FATAL.some((kind) => error instanceof kind)) {
      throw error;
    }
    this.log.warn(`worker ${this.plan.name}: ${error.message}; trying again`);
  }

  /** Wait out `error`, longer each time. Throws it where waiting cannot help. */
  protected async trouble(error: unknown, failures: number): Promise<void> {
    this.throwFatal(error);
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

  /** Let `work` go on in the background; what goes wrong is logged. */
  protected inBackground(work: Promise<void>): void {
    const told = work.catch((error: unknown) => {
      this.log.warn(`worker ${this.plan.name}: ${errorText(error)}`);
    });
    this.#background.add(told);
    void told.finally(() => this.#background.delete(told));
  }

  /** Hand these back, no attempt counted. */
  protected async release(attempts: Attempt<Item>[]): Promise<void> {
    this.#releasing += attempts.length;
    try {
      await this.handBack(attempts);
    } finally {
      this.#releasing -= attempts.length;
    }
  }

  // What is told of attempts

  protected tellFailure(attempt: Attempt<Item>, error: unknown): void {
    const isExpected = error instanceof FloError || error instanceof HandlerTimeoutError;
    const text = printable(errorText(error));
    attempt.context.log.warn("failed:", isExpected ? text : loggable(error));
  }

  /** The server says that the delivery is no longer ours. */
  protected lost(attempt: Attempt<Item>, why: string): void {
    if (!attempt.isOver) {
      attempt.context.log.warn(`${why}: its handler is told to stop`);
      this.attempts.lose(attempt, why);
    }
  }
}

/** Why what a handler came to did not count, as far as the worker can tell. */
export function howLate(nowMs: number, leaseEndsMs: number): string {
  const lateMs = Math.round(nowMs - leaseEndsMs);
  return lateMs > 0
    ? `since it came ${lateMs} ms after the end of its lease`
    : "since it was cancelled, or another worker has it by now";
}

/** `client` in the namespace of a worker. */
export function ownClient(client: FloClient, namespace: string): FloClient {
  return client.namespace === namespace ? client : client.within(namespace);
}

/** Run them side by side; what ends one of them ends all. `atWork`: once all are. */
export async function runAll(lives: readonly Life<unknown>[], atWork: () => void): Promise<void> {
  let toBegin = lives.length;
  const begun = () => {
    toBegin -= 1;
    if (toBegin === 0) {
      atWork();
    }
  };
  const running = lives.map(async (life) => {
    try {
      await life.run(begun);
    } finally {
      for (const each of lives) {
        each.stop();
      }
    }
  });
  for (const end of await Promise.allSettled(running)) {
    if (end.status === "rejected") {
      throw end.reason;
    }
  }
}
