/**
 * Following something: what a watch of keys, a follower of a stream and one of a run have in
 * common.
 *
 * Each asks where it begins as soon as it is made. Once it has begun, it retries errors of the
 * connection or the server with a growing delay; every other error ends it. The Python SDK does the
 * same, and `js/vectors/behaviour/` holds both to it.
 */

import { onAbort } from "../../base/abort.js";
import { sleep } from "../../base/clock.js";
import {
  ConnectionFailedError,
  OverloadedError,
  RequestTimeoutError,
  UnavailableError,
} from "../../base/errors.js";
import type { CallOptions } from "../../base/options.js";
import type { Caller } from "../../link/caller.js";
import type { Request } from "../../wire/request.js";

const BLOCK_MS = 30_000;
const RETRY_MS_FIRST = 50;
const RETRY_MS_MAX = 2_000;
const OUTLASTED = [ConnectionFailedError, OverloadedError, RequestTimeoutError, UnavailableError];

/** An iterator that waits for more. Leaving the loop, `close()` and its `signal` end it. */
export abstract class Endless<Item, Reply> implements AsyncIterableIterator<Item> {
  readonly #caller: Caller;
  readonly #options: CallOptions;
  readonly #forget: () => void;
  readonly #life = new AbortController();
  readonly #ready: Item[] = [];
  readonly #hasPosition: boolean;
  #beginning: Promise<void> | null = null;
  #stepping: Promise<void> | null = null;
  #retryMs = RETRY_MS_FIRST;
  #isBegun = false;
  #isFinished = false;

  /** `hasPosition`: where it begins is known, and need not be asked for first. */
  constructor(caller: Caller, options: CallOptions, hasPosition: boolean) {
    this.#caller = caller;
    this.#options = options;
    this.#hasPosition = hasPosition;
    const signal = options.signal ?? undefined;
    this.#forget = onAbort(signal, () => this.#end(signal?.reason));
    if (signal?.aborted) {
      this.#end(signal.reason);
    }
  }

  /** `endless`, which asks now where it begins, before anything that is sent later. */
  static begun<E extends Endless<unknown, unknown>>(endless: E): E {
    if (!endless.#hasPosition && !endless.#life.signal.aborted) {
      endless.#beginning = endless.#askWhere().catch(() => undefined); // the first step tells
    }
    return endless;
  }

  /** What to ask next; `blockMs` is 0 while the position is not known. */
  protected abstract ask(blockMs: number): Request<Reply>;

  /** Go on behind `reply`; what it brought. */
  protected abstract taken(reply: Reply): readonly Item[];

  /** Nothing comes after what was taken. */
  protected finish(): void {
    this.#isFinished = true;
  }

  /**
   * Wait until its start is fixed: it will show everything after that.
   *
   * Throws the error of the request for the start, or the reason of its signal.
   */
  async start(): Promise<void> {
    await this.#beginning;
    if (!this.#isBegun && !this.#hasPosition) {
      this.#life.signal.throwIfAborted();
      await this.#askWhere();
    }
  }

  async #askWhere(): Promise<void> {
    this.#take(await this.#call(0));
  }

  /** End the iterator; the next step ends a loop over it. */
  async close(): Promise<void> {
    this.#forget();
    this.#end();
  }

  #end(reason?: unknown): void {
    this.#ready.length = 0;
    this.#life.abort(reason);
  }

  async next(): Promise<IteratorResult<Item>> {
    await this.#beginning;
    while (this.#ready.length === 0 && !this.#isFinished && !this.#life.signal.aborted) {
      try {
        await this.#sharedStep();
      } catch (error) {
        if (!this.#life.signal.aborted) {
          throw error;
        }
      }
    }
    const item = this.#ready.shift();
    return item === undefined ? { done: true, value: undefined } : { done: false, value: item };
  }

  async return(): Promise<IteratorResult<Item>> {
    await this.close();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The step under way, if any: two that ask from one position would both be given the same. */
  #sharedStep(): Promise<void> {
    this.#stepping ??= this.#step().finally(() => {
      this.#stepping = null;
    });
    return this.#stepping;
  }

  async #step(): Promise<void> {
    if (!this.#isBegun && !this.#hasPosition) {
      await this.start();
      return;
    }
    try {
      this.#take(await this.#call(BLOCK_MS));
    } catch (error) {
      if (!this.#isBegun || !OUTLASTED.some((kind) => error instanceof kind)) {
        throw error;
      }
      await sleep(this.#caller.clock, this.#retryMs, this.#life.signal);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    }
  }

  #take(reply: Reply): void {
    this.#retryMs = RETRY_MS_FIRST;
    this.#isBegun = true;
    this.#ready.push(...this.taken(reply));
  }

  #call(blockMs: number): Promise<Reply> {
    const { namespace } = this.#options;
    return this.#caller.call(this.ask(blockMs), { namespace, blockMs, signal: this.#life.signal });
  }
}
