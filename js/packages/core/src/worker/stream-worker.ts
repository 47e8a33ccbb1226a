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
import { type ClientSource, WorkerBase, type WorkerBaseOptions } from "./worker-base.js";

/** What handles a record. What it throws nacks it. */
export type StreamHandler = (ctx: StreamContext) => unknown;

export interface StreamWorkerOptions extends WorkerBaseOptions {
  readonly stream: string;
  readonly group: string;
  readonly handler: StreamHandler;
  /** Its name in the group. Default: one that nobody else has. */
  readonly consumer?: string | null | undefined;
  /** How many records one read takes. Default: 10. */
  readonly batchSize?: Integer | null | undefined;
  /** The longest that one handler may take. Default: 300,000. */
  readonly messageTimeoutMs?: Integer | null | undefined;
  /** When a record whose handler threw is due again. Default: 0, as the group says. */
  readonly retryDelayMs?: Integer | null | undefined;
  /** Whether that is doubled after each attempt. Default: `constant`. */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that it grows to. Default: an hour. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

/** A consumer of a group: `handler(ctx)` for each record, from `await worker.start()` on. */
export class StreamWorker extends WorkerBase {
  /** The stream that it reads. */
  readonly stream: string;
  /** The group that it is a member of. */
  readonly group: string;
  /** What the group knows it by. */
  readonly consumer: string;
  readonly #reading: Reading;

  constructor(source: ClientSource, options: StreamWorkerOptions) {
    const timeoutMs = checkDuration("messageTimeoutMs", options.messageTimeoutMs ?? 300_000, 1);
    super(source, options.consumer ?? undefined, timeoutMs, options);
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
