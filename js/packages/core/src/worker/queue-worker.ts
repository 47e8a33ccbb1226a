/** `QueueWorker`: runs a person's handlers for the messages of queues. */

import type { FloClient } from "../api/client.js";
import { checkDuration } from "../base/checks.js";
import { BadRequestError } from "../base/errors.js";
import type { FullLogger } from "../base/logger.js";
import type { Integer } from "../base/schema.js";
import type { Life, Plan } from "./life.js";
import { type QueueHandler, type QueueOptions, Queues } from "./serving.js";
import { type ClientSource, givenName, WorkerBase, type WorkerBaseOptions } from "./worker-base.js";

export interface QueueWorkerOptions extends WorkerBaseOptions, QueueOptions {
  /** The first queue; give it with `handler`. Add more, or all of them, with `worker.queue`. */
  readonly queue?: string | null | undefined;
  /** The handler of its messages. */
  readonly handler?: QueueHandler | null | undefined;
  /** Its name in its log. Default: one is made up. */
  readonly workerId?: string | null | undefined;
  /** How long one message may take, from the start of its handler. Default: 300,000. */
  readonly messageTimeoutMs?: Integer | null | undefined;
}

/**
 * A worker for queues: calls `handler(ctx)` for each message, once `worker.start()` was called.
 *
 * A message is acked when its handler returns. If the handler throws, the message is delivered
 * again after `retryDelayMs`, which doubles with each attempt unless `retryBackoff` says otherwise.
 * After the queue's `maxAttempts`, or at once after a `NonRetryableError`, it becomes a dead
 * letter.
 */
export class QueueWorker extends WorkerBase {
  /** The id of the worker. */
  readonly workerId: string;
  readonly #queues: Queues;

  constructor(source: ClientSource, options: QueueWorkerOptions = {}) {
    const timeoutMs = checkDuration("messageTimeoutMs", options.messageTimeoutMs ?? 300_000, 1);
    super(source, givenName("workerId", options.workerId), timeoutMs, options);
    this.workerId = this.name;
    this.#queues = new Queues(options);
    const queue = options.queue ?? undefined;
    const handler = options.handler ?? undefined;
    if ((queue === undefined) !== (handler === undefined)) {
      throw new BadRequestError("queue and handler go together; give both, or name queues later");
    }
    if (queue !== undefined && handler !== undefined) {
      this.#queues.add(queue, handler, {});
    }
  }

  /** Use `handler(ctx)` for the messages of the queue `name`. */
  queue(name: string, handler: QueueHandler, options: QueueOptions = {}): this {
    this.refuseWhileRunning(`the queue "${name}"`);
    this.#queues.add(name, handler, options);
    return this;
  }

  /** The names of the queues that it handles. */
  get queues(): string[] {
    return this.#queues.names;
  }

  protected override newLives(plan: Plan, client: FloClient, log: FullLogger): Life<unknown>[] {
    if (this.#queues.names.length === 0) {
      throw new BadRequestError("the worker has no queues: use worker.queue(name, handler)");
    }
    return this.#queues.lives(plan, client, log);
  }
}
