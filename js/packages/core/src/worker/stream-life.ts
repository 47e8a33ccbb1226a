/**
 * One life of a `StreamWorker`: it reads records, lets handlers have them, and settles them.
 *
 * In a `key_shared` group the records of one partition key are handled one after the other, in
 * order; when one fails, those of its key that wait here go back behind it. (Of a key whose record
 * failed, later ones that were already on their way may be handled before it is tried again.)
 */

import type { FloClient } from "../api/client.js";
import { GroupMode } from "../api/stream/group-commands.js";
import type { RetryDelay } from "../base/backoff.js";
import type { FullLogger } from "../base/logger.js";
import {
  type GroupAckResult,
  GroupRead,
  type ReadResult,
  type StreamRecord,
} from "../wire/messages.generated.js";
import type { Attempt } from "./attempts.js";
import { type ContextOptions, StreamContext } from "./contexts.js";
import type { Plan } from "./life.js";
import { ReadingLife, type Verdict } from "./reading-life.js";

/** What is read, and what becomes of it. */
export interface Reading {
  readonly stream: string;
  readonly group: string;
  readonly batchSize: number;
  readonly delay: RetryDelay;
  readonly handler: (ctx: StreamContext) => unknown;
}

export class StreamLife extends ReadingLife<StreamRecord, StreamContext> {
  readonly #reading: Reading;
  #keepsOrder = false;

  constructor(plan: Plan, reading: Reading, client: FloClient, log: FullLogger) {
    super(plan, reading.handler, reading.batchSize, client, log);
    this.#reading = reading;
  }

  protected override get worksOn(): string {
    return `stream ${this.#reading.stream}, group ${this.#reading.group}`;
  }

  protected override async open(): Promise<void> {
    const { stream, group } = this.#reading;
    const { name } = this.plan;
    const info = await this.client.stream.groupJoin(stream, group, name, this.ofThisLife);
    this.#keepsOrder = info.mode === GroupMode.KeyShared;
    this.leaseMs = info.ackTimeoutMs;
  }

  protected override async leave(): Promise<void> {
    const { stream, group } = this.#reading;
    const { name, namespace } = this.plan;
    await this.client.stream.groupLeave(stream, group, name, { namespace });
  }

  protected override async read(count: number): Promise<readonly StreamRecord[]> {
    const { stream, group } = this.#reading;
    const { name: consumer, blockMs } = this.plan;
    const request = GroupRead.of({
      stream,
      group,
      consumer,
      limit: count,
      blockMs,
      byWorker: true,
    });
    const options = { ...this.ofThisLife, blockMs, wait: this.wait };
    return this.itemsOf(await this.client.call(request, options));
  }

  protected override itemsOf({ records, leaseMs }: ReadResult): readonly StreamRecord[] {
    // The lease that these came under counts, whatever the group said as it was joined.
    this.leaseMs = leaseMs || this.leaseMs;
    return records;
  }

  protected override idOf({ id }: StreamRecord): string {
    return id.toString();
  }

  protected override nameOf({ stream, id }: StreamRecord): string {
    return `${stream} ${id}`;
  }

  protected override keyOf({ partitionKey }: StreamRecord): string | null {
    return this.#keepsOrder ? partitionKey : null;
  }

  protected override wasBegunBefore({ attempt }: StreamRecord): boolean {
    return attempt > 1;
  }

  protected override contextOf(record: StreamRecord, options: ContextOptions): StreamContext {
    const { group } = this.#reading;
    return new StreamContext(record, { ...options, group, consumer: this.plan.name });
  }

  override async commit(attempt: Attempt<StreamRecord>): Promise<void> {
    const { stream, group } = this.#reading;
    const batch = attempt.context.batch();
    batch.stream.groupAck(stream, attempt.item, { group, consumer: this.plan.name });
    await batch.send(this.ofThisLife);
  }

  protected override failure({ attempt, id }: StreamRecord) {
    return { kind: "nack", delayMs: this.#reading.delay.after(attempt, `${id}`) } as const;
  }

  protected override async sendTouch(
    records: readonly StreamRecord[],
    extendMs: number,
  ): Promise<GroupAckResult> {
    const { stream, group } = this.#reading;
    const options = { group, consumer: this.plan.name, extendMs, ...this.ofThisLife };
    return await this.client.stream.groupTouch(stream, records, options);
  }

  protected override async send(part: readonly Verdict<StreamRecord>[]): Promise<GroupAckResult> {
    const { stream, group } = this.#reading;
    const where = { group, consumer: this.plan.name, namespace: this.plan.namespace };
    const records = part.map(({ item }) => item);
    const [first] = part;
    if (first === undefined || first.kind === "ack") {
      return await this.client.stream.groupAck(stream, records, where);
    }
    const { delayMs, error } = first;
    const release = first.kind === "release";
    return await this.client.stream.groupNack(stream, records, {
      ...where,
      delayMs,
      error,
      release,
    });
  }
}
