/**
 * How long to wait after a failed attempt, where that may grow from one to the next. The same rule,
 * and the same delays, as in Python (`core/backoff.py`).
 */

import { checkDuration } from "./checks.js";
import { BadRequestError } from "./errors.js";
import type { Integer } from "./schema.js";
import { shown } from "./shown.js";

/** How delays between attempts grow. */
export const RetryBackoff = {
  /** Always the same. */
  Constant: "constant",
  /** Twice as long after each attempt, and up to a tenth of that on top. */
  Exponential: "exponential",
} as const;
export type RetryBackoff = (typeof RetryBackoff)[keyof typeof RetryBackoff];

export const RETRY_DELAY_MAX_MS = 3_600_000;
const DOUBLINGS_MAX = 64;
const JITTER_SHARE = 10;

export interface RetryOptions {
  readonly retryDelayMs?: Integer | null | undefined;
  readonly retryBackoff?: RetryBackoff | null | undefined;
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

/** The delays of one holder of these settings. */
export class RetryDelay {
  readonly #baseMs: number;
  readonly #backoff: RetryBackoff;
  readonly #longestMs: number;

  constructor(options: RetryOptions) {
    this.#baseMs = checkDuration("retryDelayMs", options.retryDelayMs ?? 0);
    this.#backoff = options.retryBackoff ?? RetryBackoff.Constant;
    const longestMs = options.retryDelayMaxMs ?? RETRY_DELAY_MAX_MS;
    this.#longestMs = checkDuration("retryDelayMaxMs", longestMs, 1);
    if (!Object.values(RetryBackoff).includes(this.#backoff)) {
      const known = Object.values(RetryBackoff).join(", ");
      throw new BadRequestError(
        `retryBackoff is ${shown(this.#backoff)}; it must be one of: ${known}`,
      );
    }
    if (this.#backoff === RetryBackoff.Exponential && this.#longestMs < this.#baseMs) {
      throw new BadRequestError(
        `retryDelayMaxMs is ${this.#longestMs}, which is less than retryDelayMs, ` +
          `${this.#baseMs}: delays grow from the one to the other`,
      );
    }
  }

  /** The delay after attempt `attempt`, the first being 1. */
  after(attempt: number, seed: string): number {
    const baseMs = this.#baseMs;
    if (this.#backoff !== RetryBackoff.Exponential || baseMs === 0) {
      return baseMs;
    }
    const doublings = Math.min(Math.max(attempt - 1, 0), DOUBLINGS_MAX);
    const delayMs = Math.min(baseMs * 2 ** doublings, this.#longestMs);
    const share = crc32(new TextEncoder().encode(`${seed}/${attempt}`)) % 1001;
    return Math.min(
      delayMs + Math.floor((delayMs * share) / (1000 * JITTER_SHARE)),
      this.#longestMs,
    );
  }
}

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    }
  }
  return ~sum >>> 0;
}
