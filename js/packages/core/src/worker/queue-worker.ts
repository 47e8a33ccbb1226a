/** `QueueWorker`: runs a person's handlers for the messages of queues. */

import type { FloClient } from "../api/client.js";
import { checkDuration } from "../base/checks.js";
import { BadRequestError } from "../base/errors.js";
import type { FullLogger } from "../base/logger.js";
import type { Integer } from "../base/schema.js";
import type { Life, Plan } from "./life.js";
import { type QueueHandler, type QueueOptions, Queues } from "./serving.js";
import { type ClientSource, WorkerBase, type WorkerBaseOptions } from "./worker-base.js";

export interface QueueWorkerOptions extends WorkerBaseOptions, QueueOptions {
  /** A queue to serve; goes with `handler`. More, or all of them, are named by `worker.queue`. */
  readonly queue?: string | null | undefined;
  /** What handles its messages. */
  readonly handler?: QueueHandler | null | undefined;
  /** What it is called in its log. Default: a name that nobody else has. */
  readonly workerId?: string | null | undefined;
  /** The longest that one handler may take. Default: 300,000. */
  readonly messageTimeoutMs?: Integer | null | undefined;
}

/**
 * A worker for queues: `handler(ctx)` for each message, from `await worker.start()` on.
 *
 * A message is acked when its handler returns. When it throws, the message is due again after
 * `retryDelayMs`, which doubles with each attempt unless `retryBackoff` says otherwise, and is a dead
 * letter after the queue's `maxAttempts`; with `NonRetryableError` it is one at once.
 */
export class QueueWorker extends WorkerBase {
  /** What the server knows it by. */
  readonly workerId: string;
  readonly #queues: Queues;

  constructor(source: ClientSource, options: QueueWorkerOptions = {}) {
    const timeoutMs = checkDuration("messageTimeoutMs", options.messageTimeoutMs ?? 300_000, 1);
    super(source, options.workerId ?? undefined, timeoutMs, options);
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

  /** Let `handler(ctx)` handle the messages of the queue `name`. */
  queue(name: string, handler: QueueHandler, options: QueueOptions = {}): this {
    this.refuseWhileRunning(`the queue "${name}"`);
    this.#queues.add(name, handler, options);
    return this;
  }

  /** The queues that it has handlers for. */
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
