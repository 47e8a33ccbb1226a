/**
 * The deliveries that a worker has in hand: which run or record, and until when it is its own.
 *
 * Every delivery ends once: settled (its handler returned or threw, or its time was up), lost (the
 * server says that it is no longer ours) or taken back by the worker to be released. Whatever its
 * handler does after that has no effect; its place is free when it has returned.
 */

import type { Clock, Timer } from "../base/clock.js";
import { ConflictError } from "../base/errors.js";
import type { Context } from "./contexts.js";
import { HandlerTimeoutError } from "./handlers.js";

const TOUCHES_PER_LEASE = 3;
const NEVER_MS = Number.POSITIVE_INFINITY;

/** One delivery in hand. `key`: what it is known by (a run id, a record id). */
export class Attempt<Item> {
  touchDueMs = 0;
  deadlineMs = NEVER_MS;
  isBegun = false;
  isOver = false;

  constructor(
    readonly key: string,
    readonly item: Item,
    readonly leaseMs: number,
    readonly context: Context,
    readonly run: () => unknown,
  ) {}
}

/** Whose attempts these are. */
export interface Owner<Item> {
  /** The handler returned. */
  succeeded(attempt: Attempt<Item>, result: unknown): void;
  /** The handler threw, or its time was up. */
  failed(attempt: Attempt<Item>, error: unknown): void;
  /** Its handler has returned or thrown: a place is free. */
  ended(attempt: Attempt<Item>): void;
  /** A third of the lease has passed. */
  touchDue(attempts: Attempt<Item>[]): void;
}

export interface AttemptsOptions {
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly autoTouch: boolean;
}

/** Starts handlers, at most `concurrency` at once, and watches over their time. */
export class Attempts<Item> {
  readonly #owner: Owner<Item>;
  readonly #clock: Clock;
  readonly #options: AttemptsOptions;
  readonly #held = new Map<string, Attempt<Item>>();
  readonly #running = new Map<Attempt<Item>, Promise<void>>();
  #timer: Timer | null = null;
  #timerDueMs = 0;
  /** Deliveries that wait for a place, in order. */
  waiting: Attempt<Item>[] = [];
  /** How long a handler takes, the latest counting most. */
  meanMs: number | null = null;
  begunTotal = 0;

  constructor(owner: Owner<Item>, clock: Clock, options: AttemptsOptions) {
    this.#owner = owner;
    this.#clock = clock;
    this.#options = options;
  }

  /** All that are ours and not over. */
  get held(): Attempt<Item>[] {
    return [...this.#held.values()];
  }

  /** How many places are taken. */
  get running(): number {
    return this.#running.size;
  }

  /** How many places are free. */
  get free(): number {
    return this.#options.concurrency - this.#running.size;
  }

  /** The delivery held under `key`. */
  get(key: string): Attempt<Item> | undefined {
    return this.#held.get(key);
  }

  /** Take `attempt` in hand: its lease is kept from now on. */
  hold(attempt: Attempt<Item>): void {
    const former = this.#held.get(attempt.key);
    if (former !== undefined) {
      this.lose(former, "it was delivered anew"); // what we still had of it was lost
    }
    this.#held.set(attempt.key, attempt);
    attempt.touchDueMs = this.#nextTouchMs(attempt);
    if (this.#options.autoTouch) {
      this.#wakeAt(attempt.touchDueMs);
    }
  }

  #nextTouchMs(attempt: Attempt<Item>): number {
    return this.#clock.nowMs() + attempt.leaseMs / TOUCHES_PER_LEASE;
  }

  /** Start the handler of a held attempt. */
  begin(attempt: Attempt<Item>): void {
    attempt.isBegun = true;
    attempt.deadlineMs = this.#clock.nowMs() + this.#options.timeoutMs;
    this.begunTotal += 1;
    this.#wakeAt(attempt.deadlineMs);
    // In a turn of its own, so that whoever begins it is not in the middle of something.
    this.#running.set(
      attempt,
      Promise.resolve().then(() => this.#run(attempt)),
    );
  }

  async #run(attempt: Attempt<Item>): Promise<void> {
    const begunMs = this.#clock.nowMs();
    try {
      const result = await attempt.run();
      if (this.#end(attempt)) {
        this.#owner.succeeded(attempt, result);
      }
    } catch (error) {
      if (this.#end(attempt)) {
        this.#owner.failed(attempt, error);
      }
    } finally {
      this.#running.delete(attempt);
      this.#measure(this.#clock.nowMs() - begunMs);
      this.#owner.ended(attempt);
    }
  }

  #measure(tookMs: number): void {
    this.meanMs = this.meanMs === null ? tookMs : this.meanMs + (tookMs - this.meanMs) / 8;
  }

  /** Whether it was not over yet. */
  #end(attempt: Attempt<Item>): boolean {
    if (attempt.isOver) {
      return false;
    }
    attempt.isOver = true;
    if (this.#held.get(attempt.key) === attempt) {
      this.#held.delete(attempt.key);
    }
    return true;
  }

  /** It is no longer ours: tell its handler to stop, drop its result. */
  lose(attempt: Attempt<Item>, why: string): void {
    if (this.#end(attempt)) {
      this.#stop(attempt, new ConflictError(`${attempt.key}: ${why}`));
    }
  }

  #stop(attempt: Attempt<Item>, reason: Error): void {
    if (!attempt.isBegun) {
      this.waiting = this.waiting.filter((each) => each !== attempt);
    }
    attempt.context.cancel(reason);
  }

  /** Everything that has not begun, out of hand. */
  takeWaiting(): Attempt<Item>[] {
    const waiting = this.waiting;
    this.waiting = [];
    return waiting.filter((attempt) => this.#end(attempt));
  }

  /** Everything, out of hand; handlers are told to stop. */
  takeAll(): Attempt<Item>[] {
    const taken = this.held;
    for (const attempt of taken) {
      this.lose(attempt, "the worker stops");
    }
    return taken;
  }

  /** Resolves when none of the handlers that run now runs any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** End the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  // Time

  #wakeAt(dueMs: number): void {
    if (this.#timer !== null) {
      if (this.#timerDueMs <= dueMs) {
        return;
      }
      this.#timer.cancel();
    }
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.callAt(dueMs, () => this.#look());
  }

  /** Touch what is due, end what took too long, and look again when the next is due. */
  #look(): void {
    this.#timer = null;
    const nowMs = this.#clock.nowMs();
    for (const attempt of this.held.filter((each) => each.deadlineMs <= nowMs)) {
      this.#timeOut(attempt);
    }
    if (this.#options.autoTouch) {
      this.#touch(this.held.filter((each) => each.touchDueMs <= nowMs));
    }
    const next = Math.min(NEVER_MS, ...this.held.map((attempt) => this.#nextDueMs(attempt)));
    if (next < NEVER_MS) {
      this.#wakeAt(next);
    }
  }

  #touch(due: Attempt<Item>[]): void {
    for (const attempt of due) {
      attempt.touchDueMs = this.#nextTouchMs(attempt);
    }
    if (due.length > 0) {
      this.#owner.touchDue(due);
    }
  }

  #nextDueMs(attempt: Attempt<Item>): number {
    const touchDueMs = this.#options.autoTouch ? attempt.touchDueMs : NEVER_MS;
    return Math.min(touchDueMs, attempt.deadlineMs);
  }

  #timeOut(attempt: Attempt<Item>): void {
    const error = new HandlerTimeoutError(`not done within ${this.#options.timeoutMs} ms`);
    this.#end(attempt);
    this.#stop(attempt, error);
    this.#owner.failed(attempt, error);
  }
}
