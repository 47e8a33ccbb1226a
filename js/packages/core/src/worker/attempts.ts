/**
 * The deliveries that a worker has in hand: which run or record, and until when it is its own.
 *
 * Every delivery ends once: settled (its handler returned or threw, or its time was up), lost (the
 * server says that it is no longer ours) or taken back by the worker to be released. Whatever its
 * handler does after that has no effect. Its place is free when it has returned; a handler that was
 * told to stop and does not return keeps it no longer than `CLEAN_UP_MS`.
 */

import type { Clock, Timer } from "../base/clock.js";
import { ConflictError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import type { Context } from "./contexts.js";
import { HandlerTimeoutError } from "./handlers.js";
import { handled } from "./traced.js";

/** How long a handler may take to end once it is told to stop, for what it does in `finally`. */
export const CLEAN_UP_MS = 5_000;
const TOUCHES_PER_LEASE = 3;
const NEVER_MS = Number.POSITIVE_INFINITY;

/** One delivery in hand. `key`: what it is known by (a run id, a record id). */
export class Attempt<Item> {
  /** Until when it is ours, as far as we know. */
  leaseEndsMs = 0;
  touchDueMs = NEVER_MS;
  deadlineMs = NEVER_MS;
  /** The claim itself told the server that it begins. */
  isBeginKnown = false;
  begunMs = 0;
  /** When its place is given away though its handler has not returned. */
  placeEndsMs = NEVER_MS;
  isBegun = false;
  /** Its handler is told to stop, and what it throws is not told: it is to be released. */
  isGivenUp = false;
  isOver = false;
  /** The server has been told already that it succeeded, with what the handler wrote. */
  isSettled = false;

  constructor(
    readonly key: string,
    readonly item: Item,
    readonly leaseMs: number,
    readonly context: Context,
    readonly run: () => unknown,
  ) {}

  /** For how long to ask, so that the lease does not end earlier than it does now. */
  atLeast(extendMs: number, nowMs: number): number {
    return Math.max(extendMs, Math.ceil(this.leaseEndsMs - nowMs));
  }

  /** The lease lasts until then; touching never shortens one. */
  keepUntil(endsMs: number): void {
    this.leaseEndsMs = Math.max(this.leaseEndsMs, endsMs);
    this.touchDueMs =
      this.leaseEndsMs - (this.leaseMs * (TOUCHES_PER_LEASE - 1)) / TOUCHES_PER_LEASE;
  }
}

/** Whose attempts these are. */
export interface Owner<Item> {
  /** Its handler begins. */
  began(attempt: Attempt<Item>): void;
  /** The handler returned, and has writes that go with its result: send both. */
  commit(attempt: Attempt<Item>, result: unknown): Promise<void>;
  /** The handler returned; the result is to be told unless the attempt is settled. */
  succeeded(attempt: Attempt<Item>, result: unknown): void;
  /** The handler threw, or its time was up. */
  failed(attempt: Attempt<Item>, error: unknown): void;
  /** Its place is free, after so long; `null`: its handler has not returned. */
  ended(attempt: Attempt<Item>, tookMs: number | null): void;
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
  readonly #running = new Set<Attempt<Item>>();
  readonly #isIdle = new Flag();
  #timer: Timer | null = null;
  #timerDueMs = 0;
  /** Deliveries that wait for a place, in order. */
  waiting: Attempt<Item>[] = [];

  constructor(owner: Owner<Item>, clock: Clock, options: AttemptsOptions) {
    this.#owner = owner;
    this.#clock = clock;
    this.#options = options;
    this.#isIdle.set();
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
    this.touched(attempt, this.#clock.nowMs(), attempt.leaseMs);
  }

  /** Its lease lasts for `extendMs` from `askedMs`, or for longer if it did so already. */
  touched(attempt: Attempt<Item>, askedMs: number, extendMs: number): void {
    attempt.keepUntil(askedMs + extendMs);
    if (this.#options.autoTouch) {
      this.#wakeAt(attempt.touchDueMs);
    }
  }

  /** Give a held attempt a place, and start its handler. */
  begin(attempt: Attempt<Item>): void {
    attempt.isBegun = true;
    attempt.begunMs = this.#clock.nowMs();
    attempt.deadlineMs = attempt.begunMs + this.#options.timeoutMs;
    this.#wakeAt(attempt.deadlineMs);
    this.#running.add(attempt);
    this.#isIdle.clear();
    this.#owner.began(attempt);
    // In a turn of its own, so that whoever begins it is not in the middle of something.
    void Promise.resolve().then(() => this.#run(attempt));
  }

  async #run(attempt: Attempt<Item>): Promise<void> {
    try {
      const result = await handled(attempt.context, () => this.#done(attempt));
      if (this.#end(attempt)) {
        this.#owner.succeeded(attempt, result);
      }
    } catch (error) {
      if (!attempt.isGivenUp && this.#end(attempt)) {
        this.#owner.failed(attempt, error);
      }
    } finally {
      this.#leave(attempt, this.#clock.nowMs() - attempt.begunMs);
    }
  }

  /** What the handler returns, with all that it wrote. */
  async #done(attempt: Attempt<Item>): Promise<unknown> {
    const result = await attempt.run();
    if (attempt.context.hasWrites && !attempt.isOver) {
      await this.#owner.commit(attempt, result);
      attempt.isSettled = true;
    }
    return result;
  }

  #leave(attempt: Attempt<Item>, tookMs: number | null): void {
    if (this.#running.delete(attempt)) {
      if (this.#running.size === 0) {
        this.#isIdle.set();
      }
      this.#owner.ended(attempt, tookMs);
    }
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
    if (attempt.isBegun) {
      attempt.placeEndsMs = Math.min(attempt.placeEndsMs, this.#clock.nowMs() + CLEAN_UP_MS);
      this.#wakeAt(attempt.placeEndsMs);
    } else {
      this.waiting = this.waiting.filter((each) => each !== attempt);
    }
    attempt.context.cancel(reason);
  }

  /** Everything that has not begun and may go, out of hand. */
  takeWaiting(mayGo: (attempt: Attempt<Item>) => boolean = () => true): Attempt<Item>[] {
    const taken = new Set(this.waiting.filter(mayGo));
    this.waiting = this.waiting.filter((attempt) => !taken.has(attempt));
    return [...taken].filter((attempt) => this.#end(attempt));
  }

  /** Tell every handler to stop. What they do then may take its time; leases are kept. */
  giveUp(): void {
    for (const attempt of this.held) {
      attempt.isGivenUp = true;
      attempt.deadlineMs = NEVER_MS;
      this.#stop(attempt, new ConflictError(`${attempt.key}: the worker stops`));
    }
  }

  /** Everything, out of hand; handlers that still run are told to stop. */
  takeAll(): Attempt<Item>[] {
    const taken = this.held;
    for (const attempt of taken) {
      this.lose(attempt, "the worker stops");
    }
    return taken;
  }

  /** Resolves when no place is taken. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#isIdle.wait(signal);
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
    for (const attempt of [...this.#running].filter((each) => each.placeEndsMs <= nowMs)) {
      this.#leave(attempt, null);
    }
    const next = Math.min(
      NEVER_MS,
      ...this.held.map((attempt) => this.#nextDueMs(attempt)),
      ...[...this.#running].map(({ placeEndsMs }) => placeEndsMs),
    );
    if (next < NEVER_MS) {
      this.#wakeAt(next);
    }
  }

  #touch(due: Attempt<Item>[]): void {
    for (const attempt of due) {
      // again after another third, if nothing is heard of this one
      attempt.touchDueMs = this.#clock.nowMs() + attempt.leaseMs / TOUCHES_PER_LEASE;
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
