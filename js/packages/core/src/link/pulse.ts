/**
 * Whether the peer still lives, judged by silence.
 *
 * While an answer is due and nothing comes, the peer is asked; one that stays silent is given up.
 * Whoever waits, and however calls end, does not matter: an answer stays due until it came. A long
 * poll is due when its time is up, and until then the peer is asked now and then. Where nothing is
 * under way nothing is asked.
 */

import type { Clock, Timer } from "../base/clock.js";

const QUIET_MS_MIN = 500;
const PATIENCE_MS_MIN = 1_000;
const QUIET_OF_WAITS_MS = 10_000;
/** A timer that is this late tells of a process that stood still, and nothing of the peer. */
const LATE_MS = 500;

/** What is under way: since when, and from when on an answer is due. */
export interface UnderWay {
  readonly sinceMs: number;
  readonly dueMs: number;
}

/** Whose pulse it is. */
export interface Patient {
  /** What is under way; `null` where nothing is. */
  underWay(): UnderWay | null;
  /** Ask for a sign of life. */
  ask(): void;
  /** It gave none: nothing came for so long. */
  silent(silentMs: number): void;
}

/** Watches one connection of a client with this time-out. */
export class Pulse {
  readonly #clock: Clock;
  readonly #patient: Patient;
  readonly #quietMs: number;
  readonly #quietOfWaitsMs: number;
  readonly #patienceMs: number;
  #heardMs: number;
  #judgeMs: number | null = null;
  #timer: Timer | null = null;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, timeoutMs: number, patient: Patient) {
    this.#clock = clock;
    this.#patient = patient;
    this.#quietMs = Math.max(QUIET_MS_MIN, timeoutMs / 4);
    this.#quietOfWaitsMs = Math.max(QUIET_OF_WAITS_MS, this.#quietMs);
    this.#patienceMs = Math.max(PATIENCE_MS_MIN, timeoutMs / 2);
    this.#heardMs = clock.nowMs();
  }

  /** For how long nothing came. */
  get silentMs(): number {
    return this.#clock.nowMs() - this.#heardMs;
  }

  /** Something came. */
  heard(): void {
    this.#heardMs = this.#clock.nowMs();
    this.#judgeMs = null;
  }

  /** Something is under way from now on, whose answer is due then. */
  expect(dueMs: number): void {
    this.#wakeAt(this.#askMs({ sinceMs: this.#clock.nowMs(), dueMs }));
  }

  /** Ask now; give the peer at most `patienceMs`. */
  ask(patienceMs: number = this.#patienceMs): void {
    const judgeMs = this.#clock.nowMs() + Math.min(patienceMs, this.#patienceMs);
    if (this.#judgeMs === null || judgeMs < this.#judgeMs) {
      this.#judgeMs = judgeMs;
      this.#patient.ask();
      this.#wakeAt(judgeMs);
    }
  }

  /** Watch no longer. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** When to ask, if nothing comes until then. */
  #askMs({ sinceMs, dueMs }: UnderWay): number {
    const heardMs = this.#heardMs;
    return Math.min(
      Math.max(heardMs, dueMs) + this.#quietMs,
      Math.max(heardMs, sinceMs) + this.#quietOfWaitsMs,
    );
  }

  #wakeAt(whenMs: number): void {
    if (whenMs >= this.#timerMs) {
      return;
    }
    this.#timer?.cancel();
    this.#timerMs = whenMs;
    this.#timer = this.#clock.callAt(whenMs, () => this.#look(whenMs));
  }

  #look(plannedMs: number): void {
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    if (this.#judgeMs !== null) {
      this.#judge(nowMs, nowMs - plannedMs > LATE_MS);
      return;
    }
    const underWay = this.#patient.underWay();
    if (underWay === null) {
      return;
    }
    const askMs = this.#askMs(underWay);
    if (askMs <= nowMs) {
      this.ask();
    } else {
      this.#wakeAt(askMs);
    }
  }

  #judge(nowMs: number, isLate: boolean): void {
    const judgeMs = this.#judgeMs as number;
    if (nowMs < judgeMs) {
      this.#wakeAt(judgeMs);
    } else if (isLate) {
      this.#judgeMs = null;
      this.ask();
    } else {
      this.#patient.silent(nowMs - this.#heardMs);
    }
  }
}
