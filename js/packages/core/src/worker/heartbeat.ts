/** The heartbeat of a worker: every so often it says that it lives, and hears what to stop. */

import type { Clock } from "../base/clock.js";
import { Flag } from "../base/flag.js";

/** Calls `beat` every `intervalMs`, and at once when it is hurried. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #beat: () => Promise<void>;
  readonly #due = new Flag();
  #isEnded = false;

  constructor(clock: Clock, intervalMs: number, beat: () => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#beat = beat;
  }

  /** Beat now. */
  hurry(): void {
    this.#due.set();
  }

  /** Beat no more. */
  end(): void {
    this.#isEnded = true;
    this.#due.set();
  }

  /** Until `end`. Throws what `beat` throws, and the reason of `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#isEnded) {
      await this.#untilDue(signal);
      this.#due.clear();
      if (!this.#isEnded) {
        await this.#beat();
      }
    }
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const dueMs = this.#clock.nowMs() + this.#intervalMs;
    const timer = this.#clock.callAt(dueMs, () => this.#due.set());
    try {
      await this.#due.wait(signal);
    } finally {
      timer.cancel();
    }
  }
}
