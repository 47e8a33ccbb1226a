/**
 * Following a stream: an endless reader that goes on over lost connections.
 *
 * It keeps the id it has seen up to and asks for what comes after it, so nothing is missed and
 * nothing comes twice.
 */

import { FloError, NotConnectedError } from "../base/errors.js";
import type { CallOptions, OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import { type ReadResult, StreamRead, type StreamRecord } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import { Endless } from "./endless.js";
import { type Position, positionText } from "./positions.js";

const RECORDS_PER_READ = 100;

export interface FollowOptions {
  /** Where to begin. Default: `"$"`, what is appended from now on. */
  readonly start?: Position | undefined;
  readonly partition?: Integer | undefined;
}

export const FOLLOW: OptionNames<FollowOptions> = { start: true, partition: true };

/** What is called with each record; a promise is waited for before the next one. */
export type RecordCallback = (record: StreamRecord) => unknown;

/** An endless iterator of records. The position is fixed by `start()`, or else by the first step. */
export class StreamFollower extends Endless<StreamRecord, ReadResult> {
  #request: Request<ReadResult>;

  constructor(caller: Caller, stream: string, options: FollowOptions & CallOptions) {
    super(caller, options, false);
    const start = positionText("start", options.start ?? "$");
    this.#request = StreamRead.of({ stream, start, partition: options.partition, limit: 1 });
  }

  protected override ask(blockMs: number): Request<ReadResult> {
    return this.#request.with({ blockMs });
  }

  protected override taken(reply: ReadResult): readonly StreamRecord[] {
    const after = reply.nextAfter === null ? undefined : reply.nextAfter.toString();
    this.#request = this.#request.with({ start: undefined, after, limit: RECORDS_PER_READ });
    return reply.records;
  }
}

/**
 * A running `subscribe`. The callback gets one record at a time, in order.
 *
 * What the callback throws is logged and the next record follows: a record that must not be lost to
 * a failing handler wants a consumer group.
 */
export class Subscription {
  readonly #caller: Caller;
  readonly #follower: StreamFollower;
  readonly #callback: RecordCallback;
  readonly #ended: Promise<void>;
  #isInCallback = false;
  #isActive = true;
  #error: FloError | null = null;

  constructor(caller: Caller, follower: StreamFollower, callback: RecordCallback) {
    this.#caller = caller;
    this.#follower = follower;
    this.#callback = callback;
    this.#ended = this.#run();
  }

  /** Whether records still come. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** What ended it early, if anything did. */
  get error(): FloError | null {
    return this.#error;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** End it: no callback begins after this resolves. A callback may close its own. */
  async close(): Promise<void> {
    await this.#follower.close();
    if (!this.#isInCallback) {
      await this.#ended;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { logger } = this.#caller;
    try {
      for await (const record of this.#follower) {
        await this.#handOver(record);
      }
    } catch (error) {
      const isMeant = error instanceof NotConnectedError; // the client was closed
      this.#error = error instanceof FloError ? error : null;
      logger[isMeant ? "info" : "error"]("subscription ended:", error);
    } finally {
      this.#isActive = false;
    }
  }

  async #handOver(record: StreamRecord): Promise<void> {
    this.#isInCallback = true;
    try {
      await this.#callback(record);
    } catch (error) {
      const { logger } = this.#caller;
      logger.error(`subscription: the callback failed on record ${record.id}:`, error);
    } finally {
      this.#isInCallback = false;
    }
  }
}
