/**
 * Following a stream: an endless reader that continues over lost connections.
 *
 * It remembers the last id that it has seen and asks for what comes after it. So nothing is missed
 * and nothing comes twice.
 */

import { checkFlag } from "../../base/checks.js";
import { BadRequestError, FloError, NotConnectedError } from "../../base/errors.js";
import type { CallOptions, Given, OptionNames } from "../../base/options.js";
import { loggable } from "../../base/printable.js";
import { randomHex } from "../../base/random.js";
import type { Integer } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import { type ReadResult, StreamRead, type StreamRecord } from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Endless } from "../base/endless.js";
import { START, type StartOptions, startText } from "./positions.js";

const RECORDS_PER_READ = 100;

/**
 * Where to begin; give one of these. Default: `start: "$"`, records that are appended from now on.
 */
export interface FollowOptions extends StartOptions {
  /** Begin with this record of the partition (0 if none is named), counted from 0. */
  readonly offset?: Integer | null | undefined;
  /** The same as `start: "$"`. */
  readonly tail?: boolean | null | undefined;
  /** Only records of this partition: its number, from 0. Default: of all. */
  readonly partition?: Integer | null | undefined;
}

export const FOLLOW: OptionNames<FollowOptions> = {
  ...START,
  offset: true,
  tail: true,
  partition: true,
};

/** Called with each record; if it returns a promise, that is awaited before the next record. */
export type RecordCallback = (record: StreamRecord) => unknown;

/** An endless iterator of records. Its start is fixed when it is created. */
export class StreamFollower extends Endless<StreamRecord, ReadResult> {
  #request: Request<ReadResult>;
  /** Where to begin, until it is there. */
  readonly #offset: Integer | undefined;

  constructor(caller: Caller, stream: string, options: Given<FollowOptions & CallOptions>) {
    super(caller, options, false);
    const { offset, partition, tail = false } = options;
    const told = startText("stream.follow", options);
    const isTold = told !== undefined || offset !== undefined;
    if (checkFlag("tail", tail) && isTold) {
      throw new BadRequestError(
        "stream.follow: tail and another start are both given; give one of them",
      );
    }
    const start = isTold ? told : "$";
    this.#offset = offset;
    this.#request = StreamRead.of({ stream, start, offset, partition, limit: 1 });
  }

  protected override ask(blockMs: number): Request<ReadResult> {
    return this.#request.with({ blockMs });
  }

  protected override taken(reply: ReadResult): readonly StreamRecord[] {
    if (reply.nextAfter !== null && (reply.records.length > 0 || this.#offset === undefined)) {
      const after = reply.nextAfter.toString();
      const beginning = { start: undefined, offset: undefined };
      this.#request = this.#request.with({ ...beginning, after, limit: RECORDS_PER_READ });
    }
    return reply.records;
  }
}

/**
 * A running `subscribe`. The callback gets one record at a time, in order.
 *
 * An error that the callback throws is logged, and the next record follows. If a failing handler
 * must not lose a record, use a consumer group.
 */
export class Subscription {
  /** A unique name of this subscription. */
  readonly subscriptionId: string = `sub-${randomHex(8)}`;
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

  /** Whether it is still running. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** The error that ended it early; `null` if there is none. */
  get error(): FloError | null {
    return this.#error;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** End it. After this resolves, no callback begins. A callback may close its own subscription. */
  async close(): Promise<void> {
    await this.#follower.close();
    if (!this.#isInCallback) {
      await this.#ended;
    }
  }

  /** Another name for `close`. */
  async unsubscribe(): Promise<void> {
    await this.close();
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
      logger.error(`subscription: the callback failed on record ${record.id}:`, loggable(error));
    } finally {
      this.#isInCallback = false;
    }
  }
}
