/**
 * One life of a worker at a queue: it takes messages, lets a handler have them, and settles them.
 *
 * A message whose handler threw is due again after a delay that may grow with each attempt, until the
 * queue's `maxAttempts` make it a dead letter; one that threw `NonRetryableError` is one at once.
 */

import type { FloClient } from "../api/client.js";
import type { RetryDelay } from "../base/backoff.js";
import type { FullLogger } from "../base/logger.js";
import {
  type AckResult,
  type DequeueResult,
  type Message,
  QueueDequeue,
} from "../wire/messages.generated.js";
import type { Attempt } from "./attempts.js";
import { type ContextOptions, QueueContext } from "./contexts.js";
import { mayRetry } from "./handlers.js";
import type { Plan } from "./life.js";
import { ReadingLife, type Verdict } from "./reading-life.js";

/** Which queue, and what becomes of its messages. */
export interface Serving {
  readonly queue: string;
  readonly handler: (ctx: QueueContext) => unknown;
  readonly concurrency: number;
  readonly batchSize: number;
  readonly visibilityTimeoutMs: number;
  readonly delay: RetryDelay;
}

export class QueueLife extends ReadingLife<Message, QueueContext> {
  readonly #serving: Serving;

  constructor(plan: Plan, serving: Serving, client: FloClient, log: FullLogger) {
    super(plan, serving.handler, serving.batchSize, client, log);
    this.#serving = serving;
    this.leaseMs = serving.visibilityTimeoutMs;
  }

  protected override get worksOn(): string {
    return `queue ${this.#serving.queue}`;
  }

  protected override async open(): Promise<void> {
    await this.client.queue.stats(this.#serving.queue, this.ofThisLife);
  }

  protected override async leave(): Promise<void> {
    // a queue knows nothing of who takes from it
  }

  protected override async read(count: number): Promise<readonly Message[]> {
    const { queue, visibilityTimeoutMs } = this.#serving;
    const { blockMs } = this.plan;
    const settings = { visibilityTimeoutMs, blockMs, byWorker: true };
    const request = QueueDequeue.of({ queue, count, ...settings });
    const options = { ...this.ofThisLife, blockMs, wait: this.wait };
    return this.itemsOf(await this.client.call(request, options));
  }

  protected override itemsOf(result: DequeueResult): readonly Message[] {
    return result.messages;
  }

  protected override idOf({ seq }: Message): string {
    return `${seq}`;
  }

  protected override nameOf({ seq }: Message): string {
    return `${this.#serving.queue} ${seq}`;
  }

  protected override contextOf(message: Message, options: ContextOptions): QueueContext {
    return new QueueContext(message, { ...options, queue: this.#serving.queue });
  }

  override async commit(attempt: Attempt<Message>): Promise<void> {
    const batch = attempt.context.batch();
    batch.queue.ack(this.#serving.queue, attempt.item);
    await batch.send(this.ofThisLife);
  }

  protected override failure({ attempt, seq }: Message, error: unknown) {
    const kind = mayRetry(error) ? "nack" : "dead";
    const { delay } = this.#serving;
    return { kind, delayMs: kind === "dead" ? 0 : delay.after(attempt, `${seq}`) } as const;
  }

  protected override async sendTouch(
    messages: readonly Message[],
    extendMs: number,
  ): Promise<AckResult> {
    const options = { extendMs, ...this.ofThisLife };
    return await this.client.queue.touch(this.#serving.queue, messages, options);
  }

  protected override async send(part: readonly Verdict<Message>[]): Promise<AckResult> {
    const { queue } = this.#serving;
    const { namespace } = this.plan;
    const messages = part.map(({ item }) => item);
    const [first] = part;
    if (first === undefined || first.kind === "ack") {
      return await this.client.queue.ack(queue, messages, { namespace });
    }
    const { delayMs, error, kind } = first;
    return await this.client.queue.nack(queue, messages, {
      toDlq: kind === "dead",
      release: kind === "release",
      delayMs,
      error,
      namespace,
    });
  }
}
