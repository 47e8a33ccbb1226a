/** `StreamWorker`: runs a person's handler for the records of a consumer group. */

import type { FloClient } from "../api/client.js";
import { type RetryBackoff, RetryDelay } from "../base/backoff.js";
import { checkDuration, checkName, checkRange } from "../base/checks.js";
import { BadTypeError } from "../base/errors.js";
import { LIMIT_MAX } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import type { Integer } from "../base/schema.js";
import { typeName } from "../base/shown.js";
import type { StreamContext } from "./contexts.js";
import type { Life, Plan } from "./life.js";
import { type Reading, StreamLife } from "./stream-life.js";
import { type ClientSource, givenName, WorkerBase, type WorkerBaseOptions } from "./worker-base.js";

/** Handles a record. If it throws, the record is nacked. */
export type StreamHandler = (ctx: StreamContext) => unknown;

export interface StreamWorkerOptions extends WorkerBaseOptions {
  readonly stream: string;
  readonly group: string;
  readonly handler: StreamHandler;
  /** A name that is unique in the group. Default: one is made up. */
  readonly consumer?: string | null | undefined;
  /** How many records one read asks for: 1 to 1,000. Default: 10. */
  readonly batchSize?: Integer | null | undefined;
  /** How long one record may take, from the start of its handler. Default: 300,000. */
  readonly messageTimeoutMs?: Integer | null | undefined;
  /** The delay after a failed attempt. Default: 0, which takes that of the group. */
  readonly retryDelayMs?: Integer | null | undefined;
  /**
   * How the delay grows. Default: `constant`. `exponential` doubles the delay after each attempt
   * and adds up to a tenth.
   */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that this growth reaches. Default: 3,600,000, one hour. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

/**
 * A consumer of a group: calls `handler(ctx)` for each record, once `worker.start()` was called.
 */
export class StreamWorker extends WorkerBase {
  /** The stream that it reads. */
  readonly stream: string;
  /** The group of which it is a member. */
  readonly group: string;
  /** Its name in the group. */
  readonly consumer: string;
  readonly #reading: Reading;

  constructor(source: ClientSource, options: StreamWorkerOptions) {
    const timeoutMs = checkDuration("messageTimeoutMs", options.messageTimeoutMs ?? 300_000, 1);
    super(source, givenName("consumer", options.consumer), timeoutMs, options);
    this.stream = checkName("stream", options.stream);
    this.group = checkName("group", options.group);
    this.consumer = this.name;
    const { stream, group } = this;
    const batchSize = checkRange("batchSize", options.batchSize ?? 10, 1, LIMIT_MAX);
    const delay = new RetryDelay(options);
    const { handler } = options;
    if (typeof handler !== "function") {
      throw new BadTypeError(`handler must be a function, not ${typeName(handler)}`);
    }
    this.#reading = { stream, group, batchSize, delay, handler };
  }

  protected override newLives(plan: Plan, client: FloClient, log: FullLogger): Life<unknown>[] {
    return [new StreamLife(plan, this.#reading, client, log)];
  }
}
