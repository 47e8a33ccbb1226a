/** The queues that a worker serves, and what each of them was given. */

import type { FloClient } from "../api/client.js";
import { RETRY_DELAY_MAX_MS, RetryBackoff, RetryDelay } from "../base/backoff.js";
import { checkDuration, checkName, checkRange } from "../base/checks.js";
import { BadRequestError, BadTypeError } from "../base/errors.js";
import { LIMIT_MAX } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import { known, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import { typeName } from "../base/shown.js";
import type { QueueContext } from "./contexts.js";
import type { Life, Plan } from "./life.js";
import { QueueLife, type Serving } from "./queue-life.js";

/** Handles a message. If it throws, the message is delivered again later. */
export type QueueHandler = (ctx: QueueContext) => unknown;

/** Options of `worker.queue`. */
export interface QueueOptions {
  /** How many handlers run at once for this queue: 1 to 1,000. Default: as for the worker. */
  readonly concurrency?: Integer | null | undefined;
  /** How many messages one dequeue asks for: 1 to 1,000. Default: 10. */
  readonly batchSize?: Integer | null | undefined;
  /** How long a message is leased; `autoTouch` extends the lease. Default: 30,000. */
  readonly visibilityTimeoutMs?: Integer | null | undefined;
  /** The delay after a failed attempt. Default: 1,000. */
  readonly retryDelayMs?: Integer | null | undefined;
  /**
   * How the delay grows. Default: `exponential`. It doubles the delay after each attempt and adds
   * up to a tenth; `constant` does not.
   */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that this growth reaches. Default: 3,600,000, one hour. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

const QUEUE: OptionNames<QueueOptions> = {
  concurrency: true,
  batchSize: true,
  visibilityTimeoutMs: true,
  retryDelayMs: true,
  retryBackoff: true,
  retryDelayMaxMs: true,
};
const DEFAULTS: Settings = {
  concurrency: 10,
  batchSize: 10,
  visibilityTimeoutMs: 30_000,
  retryDelayMs: 1_000,
  retryBackoff: RetryBackoff.Exponential,
  retryDelayMaxMs: undefined,
};

/** What all queues share, or one has. `retryDelayMaxMs`: where it was given. */
interface Settings extends Omit<Serving, "queue" | "handler" | "delay"> {
  readonly retryDelayMs: number;
  readonly retryBackoff: RetryBackoff;
  readonly retryDelayMaxMs: number | undefined;
}

/** Handlers by the name of their queue. What one of them is not given, all share. */
export class Queues {
  readonly #shared: Settings;
  readonly #servings = new Map<string, Serving>();

  constructor(shared: QueueOptions) {
    this.#shared = settingsOf(shared, DEFAULTS);
    delayOf(this.#shared);
  }

  /** Those that have a handler. */
  get names(): string[] {
    return [...this.#servings.keys()];
  }

  /** Let `handler` handle the messages of the queue `name`. Throws `BadRequestError`. */
  add(name: string, handler: QueueHandler, options: QueueOptions): void {
    checkName("queue", name);
    if (typeof handler !== "function") {
      throw new BadTypeError(`the handler of ${name} must be a function, not ${typeName(handler)}`);
    }
    if (this.#servings.has(name)) {
      throw new BadRequestError(`the queue "${name}" has a handler already`);
    }
    const settings = settingsOf(known(`queue "${name}"`, options, QUEUE), this.#shared);
    this.#servings.set(name, { queue: name, handler, delay: delayOf(settings), ...settings });
  }

  /** A life at each queue. */
  lives(plan: Plan, client: FloClient, log: FullLogger): Life<unknown>[] {
    return [...this.#servings.values()].map((serving) => {
      const { concurrency } = serving;
      return new QueueLife({ ...plan, concurrency }, serving, client, log);
    });
  }
}

function settingsOf(given: QueueOptions, shared: Settings): Settings {
  const { concurrency, batchSize, visibilityTimeoutMs, retryDelayMs, retryBackoff } = given;
  const retryDelayMaxMs = given.retryDelayMaxMs ?? shared.retryDelayMaxMs;
  return {
    concurrency: checkRange("concurrency", concurrency ?? shared.concurrency, 1, LIMIT_MAX),
    batchSize: checkRange("batchSize", batchSize ?? shared.batchSize, 1, LIMIT_MAX),
    visibilityTimeoutMs: checkDuration(
      "visibilityTimeoutMs",
      visibilityTimeoutMs ?? shared.visibilityTimeoutMs,
      1,
    ),
    retryDelayMs: checkDuration("retryDelayMs", retryDelayMs ?? shared.retryDelayMs),
    retryBackoff: retryBackoff ?? shared.retryBackoff,
    retryDelayMaxMs:
      retryDelayMaxMs === undefined
        ? undefined
        : checkDuration("retryDelayMaxMs", retryDelayMaxMs, 1),
  };
}

/** The longest delay is an hour unless told, or the first one where that is longer. */
function delayOf({ retryDelayMs, retryBackoff, retryDelayMaxMs }: Settings): RetryDelay {
  const longestMs = retryDelayMaxMs ?? Math.max(retryDelayMs, RETRY_DELAY_MAX_MS);
  return new RetryDelay({ retryDelayMs, retryBackoff, retryDelayMaxMs: longestMs });
}
