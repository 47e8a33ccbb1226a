import type { FloError, Ran } from "../base/errors.js";
import { SESSION_AGE_MS_MAX } from "../base/limits.generated.js";
import {
  GetServerInfo,
  GroupClaim,
  GroupRead,
  Ping,
  QueueDequeue,
  WorkerAwait,
  WorkerExchange,
  WorkerTurn,
} from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import { again } from "./again.js";
import type { Route } from "./routes/route.js";

/** Whether asking again is always right, because it takes no effect. */
export function isRead(request: Request<unknown>): boolean {
  const kind: unknown = request.kind;
  return request.kind.role === "query" || kind === Ping || kind === GetServerInfo;
}

const DELIVERIES: readonly unknown[] = [
  QueueDequeue,
  GroupRead,
  WorkerAwait,
  WorkerExchange,
  WorkerTurn,
];

/**
 * Whether it may go without a write number while it waits: what an answer that got lost delivered
 * comes again when its lease is over.
 */
export function isDelivery(request: Request<unknown>): boolean {
  return DELIVERIES.includes(request.kind);
}

/** Who waits for the answer of a call. */
export interface Waiter {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** One request on its way, and who waits for its answer (`null`: nobody does). */
export class Call {
  id = 0;
  number = 0;
  /** By which route it went last; `null`: by the first link. */
  route: Route | null = null;
  /** When it was sent last, and from when on its answer is due. */
  sentMs = 0;
  #firstSentMs = 0;
  dueMs = 0;
  wasSent = false;
  #wasSentAgain = false;
  isAbandoned = false;
  isSettled = false;
  /** Takes what comes once its caller has given up, if it wants that. */
  onLate: OnLate | null = null;
  /** When its caller gives up; 0: never. */
  deadlineMs = 0;
  blockUntilMs: number | null = null;

  constructor(
    readonly request: Request<unknown>,
    readonly namespace: string,
    readonly blockMs: number,
    private readonly waiter: Waiter | null,
  ) {}

  /** Whether somebody waits for its answer. */
  get isAwaited(): boolean {
    return this.waiter !== null;
  }

  get isWait(): boolean {
    return this.blockMs > 0;
  }

  /** Whether it may be sent again after its link broke. */
  get mayRepeat(): boolean {
    return this.number !== 0 || isRead(this.request) || (this.isWait && isDelivery(this.request));
  }

  /** Whether the server may hold a delivery for it, of which it would tell again. */
  get mayHaveDelivered(): boolean {
    return this.number !== 0 && (isDelivery(this.request) || this.request.kind === GroupClaim);
  }

  /**
   * Whether it is a write that went out so long ago that a leader of a cluster, who may have heard
   * nothing of this client since, may not remember it any more.
   */
  mayBeForgotten(nowMs: number): boolean {
    if (!this.wasSent) {
      this.#firstSentMs = nowMs;
    }
    return this.number !== 0 && nowMs - this.#firstSentMs > SESSION_AGE_MS_MAX;
  }

  /** Whether the call may have taken effect although no answer came. */
  get ran(): Ran {
    return this.wasSent && !isRead(this.request) ? "maybe" : "no";
  }

  /** The request; sent again, it blocks only for what is left of its `blockMs`. */
  asOf(nowMs: number): Request<unknown> {
    if (this.blockMs === 0) {
      return this.request;
    }
    if (this.blockUntilMs === null) {
      this.blockUntilMs = nowMs + this.blockMs;
      return this.request;
    }
    const leftMs = Math.max(0, Math.floor(this.blockUntilMs - nowMs));
    return this.request.with({ blockMs: leftMs });
  }

  /** It goes out now. */
  goesOut(nowMs: number): void {
    this.#wasSentAgain = this.wasSent;
    this.sentMs = nowMs;
    if (this.route !== null) {
      this.route.usedMs = nowMs;
    }
    this.dueMs = this.isWait ? (this.blockUntilMs ?? nowMs + this.blockMs) : nowMs;
  }

  /**
   * What a server told of this sending. A refusal is not remembered: one that was sent before may
   * still be on its way, by the link that was lost, and be judged anew when it comes.
   */
  asKnown(error: unknown): unknown {
    const isSure = this.number === 0 || !this.#wasSentAgain;
    return isSure ? error : again(error as FloError, this.ran);
  }

  /** How long its caller still waits; 0: nobody says. */
  leftMs(nowMs: number): number {
    return this.deadlineMs === 0 ? 0 : Math.max(0, Math.floor(this.deadlineMs - nowMs));
  }

  succeed(result: unknown): void {
    if (!this.isSettled) {
      this.isSettled = true;
      this.waiter?.resolve(result);
    }
  }

  fail(error: unknown): void {
    if (!this.isSettled) {
      this.isSettled = true;
      this.waiter?.reject(error);
    }
  }
}

/** Whether it takes an answer that came late. */
export type OnLate = (result: unknown) => boolean;

/**
 * A hold on one long poll: `end()` asks for its answer now, which its caller still gets. `onLate`
 * takes an answer that comes once its caller has given up; what it does not take is handed back.
 */
export class Wait {
  #end: (() => void) | null = null;
  #isEnded = false;

  constructor(readonly onLate: OnLate | null = null) {}

  /** Whether it was ended by us. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The poll is on its way, or on it again; `end` ends it. */
  attach(end: () => void): void {
    this.#end = end;
    if (this.#isEnded) {
      end();
    }
  }

  /** Wait no longer. Doing it twice does nothing. */
  end(): void {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#end?.();
    }
  }
}
