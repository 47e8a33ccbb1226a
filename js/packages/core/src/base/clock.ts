/** What time-outs, leases and back-off are kept by. */

import { onAbort } from "./abort.js";

/** A scheduled call that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** The runtime's own clock, or one that a test moves. */
export interface Clock {
  /** The time in milliseconds, from any beginning; it never goes back. */
  nowMs(): number;
  /** Call back once `whenMs` is reached. */
  callAt(whenMs: number, callback: () => void): Timer;
  /** Resolves when what is already due in this turn of the event loop has been done. */
  turn(): Promise<void>;
}

const TIMER_MS_MAX = 2 ** 31 - 1; // a longer `setTimeout` would fire at once

/** The clock of every JavaScript runtime. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  callAt(whenMs, callback) {
    let timer: unknown;
    const arm = () => {
      const leftMs = whenMs - performance.now();
      timer =
        leftMs > TIMER_MS_MAX
          ? setTimeout(arm, TIMER_MS_MAX)
          : setTimeout(callback, Math.max(0, Math.ceil(leftMs)));
    };
    arm();
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => void setTimeout(resolve, 0)),
};

/** Resolves after `delayMs`. Rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = clock.callAt(clock.nowMs() + delayMs, () => {
      forget();
      resolve();
    });
    const forget = onAbort(signal, () => {
      timer.cancel();
      reject(signal?.reason);
    });
  });
}
