/** A clock that moves only when it is told to: no test sleeps. */

import type { Clock, Timer } from "@floruntime/core";

const TURNS = 12;

interface Alarm {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  now = 1_000;
  #alarms: Alarm[] = [];

  nowMs(): number {
    return this.now;
  }

  callAt(whenMs: number, callback: () => void): Timer {
    const alarm = { dueMs: whenMs, callback };
    this.#alarms.push(alarm);
    return {
      cancel: () => {
        this.#alarms = this.#alarms.filter((each) => each !== alarm);
      },
    };
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#alarms.length;
  }

  /** Let everything that can happen without time passing happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) {
      await this.turn();
    }
  }

  /** Move on by `ms`, stopping at every timer on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.now + ms;
    await this.settle();
    while (this.#ringNext(untilMs)) {
      await this.settle();
    }
    this.now = untilMs;
  }

  /** What `promise` becomes, however long it takes. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    await this.settle();
    while (!isDone) {
      if (!this.#ringNext(Number.POSITIVE_INFINITY)) {
        throw new Error("everything waits, and nothing will ever happen");
      }
      await this.settle();
    }
    return await promise;
  }

  #ringNext(untilMs: number): boolean {
    const [next] = [...this.#alarms].sort((a, b) => a.dueMs - b.dueMs);
    if (next === undefined || next.dueMs > untilMs) {
      return false;
    }
    this.#alarms = this.#alarms.filter((each) => each !== next);
    this.now = Math.max(this.now, next.dueMs);
    next.callback();
    return true;
  }
}
