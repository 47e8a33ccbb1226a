/** Waits between attempts. */

import { checkDuration } from "../base/checks.js";
import { BadRequestError } from "../base/errors.js";
import { known, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";

export interface RetryOptions {
  /** The wait after the first failure. Default: 50. */
  readonly initialDelayMs?: Integer | null | undefined;
  /** The longest wait. Default: 2,000. */
  readonly maxDelayMs?: Integer | null | undefined;
  /** What each wait grows by. Default: 2. */
  readonly multiplier?: number | null | undefined;
  /**
   * The part of each wait that chance may take away: 0 for exact waits, 1 for anything from nothing
   * to the full wait. It keeps clients that failed together from coming back together. Default:
   * 0.5.
   */
  readonly jitter?: number | null | undefined;
}

const RETRY: OptionNames<RetryOptions> = {
  initialDelayMs: true,
  maxDelayMs: true,
  multiplier: true,
  jitter: true,
};

/** Back-off. The number of attempts has no limit of its own: a call's time-out ends them. */
export class RetryPolicy {
  /** The first wait. */
  readonly initialDelayMs: number;
  /** The longest wait. */
  readonly maxDelayMs: number;
  /** How much longer each wait is than the one before. */
  readonly multiplier: number;
  /** The part of each wait that chance may take away. */
  readonly jitter: number;

  constructor(options: RetryOptions = {}) {
    const given = known("retry", options, RETRY);
    this.initialDelayMs = checkDuration("initialDelayMs", given.initialDelayMs ?? 50, 1);
    this.maxDelayMs = checkDuration("maxDelayMs", given.maxDelayMs ?? 2_000, this.initialDelayMs);
    this.multiplier = given.multiplier ?? 2;
    this.jitter = given.jitter ?? 0.5;
    if (!(Number.isFinite(this.multiplier) && this.multiplier >= 1)) {
      throw new BadRequestError(`multiplier is ${this.multiplier}; it must be 1 or more`);
    }
    if (!(Number.isFinite(this.jitter) && this.jitter >= 0 && this.jitter <= 1)) {
      throw new BadRequestError(`jitter is ${this.jitter}; 0 to 1 is allowed`);
    }
  }

  /** The wait after failed attempt number `attempt` (from 0); `random` lies in [0, 1). */
  delayMs(attempt: number, random: number): number {
    const grown = this.initialDelayMs * this.multiplier ** attempt;
    return Math.min(grown, this.maxDelayMs) * (1 - this.jitter * random);
  }
}
