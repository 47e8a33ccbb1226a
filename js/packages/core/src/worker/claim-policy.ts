/**
 * What an action worker does next: claim, poll, give back what it cannot begin, or wait.
 *
 * A worker hands in its results and takes new runs in one message. The policy decides when that
 * message goes, how many runs it asks for, and whether the server may keep it open:
 *
 * - **claim**: answered at once. There are runs to be had (the last answer was full), or there is news
 *   to tell (results, handlers that have begun). It claims nothing where a poll is open already.
 * - **poll**: there was nothing more to be had (*dry*), so the server answers when there is. News goes
 *   along; but only the answer says that results were taken, so such a poll is short (`confirmMs`).
 *   It begins only where a place is free: a run whose worker was lost needs one at once, and a poll that
 *   said that there is none would keep it waiting after one became free.
 * - **release**: what was claimed ahead has waited for `patienceMs` in which no handler began.
 *   Somebody else may be free for it.
 * - **wait**: for a handler to end, an answer to come, or a time.
 *
 * Where handlers are quick, more is claimed than there are free places: as much as begins within
 * `aheadMs`. One claim is out at a time, and beside it one poll.
 *
 * The policy is pure: it knows no connection and no clock. It is told what happens, and when. Its table
 * of cases is `js/vectors/claim-policy.json`, which the Python worker runs as well.
 */

import { RetryPolicy } from "../link/retry.js";

/** How many of the latest handlers count most in how long one takes. */
const MEAN_OF = 8;
const TOOK_MS_MIN = 0.001;

/** What there is to do. */
export const Do = { Claim: "claim", Poll: "poll", Release: "release", Wait: "wait" } as const;
export type Do = (typeof Do)[keyof typeof Do];

/** What to do next. */
export interface Step {
  readonly do: Do;
  /** How many runs to ask for, and how many of them begin at once. */
  readonly count: number;
  readonly places: number;
  /** How long the server may wait for some. */
  readonly blockMs: number;
  /** When to ask again though nothing has happened. */
  readonly untilMs: number | null;
}

/** What the worker has in hand as it asks. */
export interface Hand {
  /** Handlers that take a place. */
  readonly running: number;
  /** Claimed, without a place. */
  readonly waiting: number;
  /** Ended, and not on their way. */
  readonly results: number;
  /** Handlers that run, which the server was not told. */
  readonly begun: number;
}

/** How far ahead, how patiently, and how hastily. */
export interface Pace {
  readonly aheadMs: number;
  readonly aheadMax: number;
  readonly claimMax: number;
  readonly patienceMs: number;
  /** 0: no poll carries results. */
  readonly confirmMs: number;
  readonly retry: RetryPolicy;
}

export const PACE: Pace = {
  aheadMs: 20,
  aheadMax: 500,
  claimMax: 1_000,
  patienceMs: 250,
  confirmMs: 1_000,
  retry: new RetryPolicy(),
};

/** Nothing is to be had, and nothing to be told. */
export const WAIT: Step = { do: Do.Wait, count: 0, places: 0, blockMs: 0, untilMs: null };

/** The next step of a worker with `concurrency` places whose polls last `blockMs`. */
export class ClaimPolicy {
  readonly #concurrency: number;
  readonly #blockMs: number;
  readonly #pace: Pace;
  #claim: Step | null = null;
  #poll: Step | null = null;
  #pollBeganMs = 0;
  #isDry = true;
  #isStopping = false;
  #failures = 0;
  #waitsSinceMs: number | null = null;
  #tookMs: number | null = null;

  constructor(concurrency: number, blockMs: number, pace: Pace) {
    this.#concurrency = concurrency;
    this.#blockMs = blockMs;
    this.#pace = pace;
  }

  // What happened

  /** A handler began: what waits behind it has got nearer to its place. */
  began(): void {
    this.#waitsSinceMs = null;
  }

  /** A handler ended after so long. */
  took(tookMs: number): void {
    const meanMs = this.#tookMs;
    this.#tookMs = meanMs === null ? tookMs : meanMs + (tookMs - meanMs) / MEAN_OF;
  }

  /** Take nothing new from now on; what ends is still handed in. */
  stop(): void {
    this.#isStopping = true;
  }

  /**
   * The answer to a claim or poll, `got` runs. `wasEnded`: by ourselves, before its time.
   *
   * Returns how long to pause, in milliseconds; more than 0 where a poll came back early and with
   * nothing: something is wrong with this worker over there.
   */
  answered(step: Step, got: number, nowMs: number, wasEnded = false): number {
    const isWell = got > 0 || wasEnded || !this.#isEarly(step, nowMs);
    this.#outNoMore(step);
    if (step.count > 0) {
      this.#isDry = got < step.count;
    }
    if (!isWell) {
      return this.#backOff(0);
    }
    this.#failures = 0;
    return 0;
  }

  /**
   * The message could not be delivered, or was refused. `chance`: from [0, 1).
   *
   * Returns how long to pause, in milliseconds: longer each time.
   */
  failed(step: Step, chance: number): number {
    this.#outNoMore(step);
    return this.#backOff(chance);
  }

  #isEarly(step: Step, nowMs: number): boolean {
    return step.do === Do.Poll && nowMs - this.#pollBeganMs < step.blockMs / 2;
  }

  #outNoMore(step: Step): void {
    if (step.do === Do.Poll) {
      this.#poll = null;
    } else {
      this.#claim = null;
    }
  }

  #backOff(chance: number): number {
    this.#failures += 1;
    return this.#pace.retry.delayMs(this.#failures - 1, chance);
  }

  // What to do

  /** The next step. A claim or a poll is taken to be on its way from now on. */
  next(hand: Hand, nowMs: number): Step {
    if (this.#claim !== null) {
      return WAIT;
    }
    const hasNews = hand.results > 0 || hand.begun > 0;
    const count = this.#count(hand);
    const mayPoll = this.#pace.confirmMs > 0 || hand.results === 0;
    if (count > 0 && this.#isDry && this.#free(hand) > 0 && mayPoll) {
      return this.#beginPoll(hand, count, nowMs);
    }
    if (hasNews || (count > 0 && !this.#isDry)) {
      this.#claim = this.#step(Do.Claim, hand, this.#isDry ? 0 : count, 0);
      return this.#claim;
    }
    return this.#patience(hand, nowMs);
  }

  #beginPoll(hand: Hand, count: number, nowMs: number): Step {
    const { confirmMs } = this.#pace;
    const blockMs = hand.results > 0 ? Math.min(this.#blockMs, confirmMs) : this.#blockMs;
    this.#poll = this.#step(Do.Poll, hand, count, blockMs);
    this.#pollBeganMs = nowMs;
    return this.#poll;
  }

  #step(what: Do, hand: Hand, count: number, blockMs: number): Step {
    return { ...WAIT, do: what, count, places: Math.min(count, this.#free(hand)), blockMs };
  }

  #free(hand: Hand): number {
    return Math.max(0, this.#concurrency - hand.running - hand.waiting);
  }

  /** How many more runs may be claimed. */
  #count(hand: Hand): number {
    if (this.#isStopping || this.#poll !== null) {
      return 0;
    }
    const room = this.#concurrency + this.#ahead() - hand.running - hand.waiting;
    return Math.max(0, Math.min(this.#pace.claimMax, room));
  }

  #ahead(): number {
    if (this.#tookMs === null) {
      return 0;
    }
    const { aheadMs, aheadMax } = this.#pace;
    const begunAhead = (this.#concurrency * aheadMs) / Math.max(this.#tookMs, TOOK_MS_MIN);
    return Math.min(aheadMax, Math.floor(begunAhead));
  }

  /** Nothing to ask for. What waits for a place does so for a while, and goes back then. */
  #patience(hand: Hand, nowMs: number): Step {
    if (hand.waiting === 0) {
      this.#waitsSinceMs = null;
      return WAIT;
    }
    const { patienceMs } = this.#pace;
    this.#waitsSinceMs ??= nowMs;
    const untilMs = this.#waitsSinceMs + patienceMs;
    if (!this.#isStopping && nowMs < untilMs) {
      return { ...WAIT, untilMs };
    }
    this.#waitsSinceMs = null;
    this.#tookMs = Math.max(patienceMs, this.#tookMs ?? 0);
    return { ...WAIT, do: Do.Release };
  }
}
