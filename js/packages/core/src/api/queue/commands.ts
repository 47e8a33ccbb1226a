/** Builds the commands of queues; `client.queue` and batches share it. Nothing here is sent. */

import type { RetryBackoff } from "../../base/backoff.js";
import { type JsonPayload, listOf, manyBytes, payloadBytes } from "../../base/bytes.js";
import { type CallOptions, NONE, type NoOptions, type OptionNames } from "../../base/options.js";
import { big, type Integer } from "../../base/schema.js";
import {
  type AckResult,
  type Message,
  QueueAck,
  type QueueConfig,
  QueueConfigure,
  QueueDelete,
  QueueDlqDelete,
  QueueDlqPurge,
  QueueDlqRequeue,
  QueueEnqueue,
  QueueNack,
  QueuePause,
  QueuePromote,
  QueuePurge,
  type QueueStats,
  QueueTouch,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Commands } from "../base/commands.js";
import type { LeaseMemory } from "../base/leases.js";
import type { ExtendOptions } from "../base/shared-options.js";

/** A message as it was delivered: its number, and the lease that it came under. */
type Delivered = Pick<Message, "seq" | "lease">;
type Seq = Integer | Delivered;
/** One seq or message, or several: at most 1,000. */
export type Seqs = Seq | Iterable<Seq>;

export interface EnqueueManyOptions {
  /** 0 to 65,535. A lower number is delivered first. Default: 10. */
  readonly priority?: Integer | null | undefined;
  /** The message is not delivered before this time has passed. Default: 0. At most ten years. */
  readonly delayMs?: Integer | null | undefined;
  /**
   * A name of 1 to 255 bytes. Of each group, only the oldest message that is not done is delivered.
   * The next one follows when that one is acked, dead or deleted. A message keeps its place through
   * delays and retries. Default: no group.
   */
  readonly group?: string | null | undefined;
}

export interface EnqueueOptions extends EnqueueManyOptions {
  /**
   * A name of 1 to 255 bytes. A second enqueue with the same key adds nothing and returns the first
   * seq again. The key is remembered for the queue's dedup window, counted from the first enqueue.
   * Default: every enqueue adds a message.
   */
  readonly dedupKey?: string | null | undefined;
}

export interface NackOptions {
  /** Whether to make them dead letters at once. Default: false. */
  readonly toDlq?: boolean | null | undefined;
  /**
   * When they are due again. Default: 0, which means at once with `release`, and otherwise after
   * the queue's `retryDelayMs`.
   */
  readonly delayMs?: Integer | null | undefined;
  /** Whether to give them back without counting an attempt. Default: false. */
  readonly release?: boolean | null | undefined;
  /** A text of up to 4 KiB that is kept for the dead letter. Default: none. */
  readonly error?: string | null | undefined;
}

/**
 * A setting that is left out, or given as `null`, stays as it is. A new queue has the defaults. A
 * changed setting applies from now on.
 */
export interface ConfigureOptions {
  /** How often a message is delivered before it is a dead letter: 1 to 1,000,000. Default: 5. */
  readonly maxAttempts?: Integer | null | undefined;
  /** How long a message waits after a failed attempt. Default: 0. */
  readonly retryDelayMs?: Integer | null | undefined;
  /** How many dead letters are kept; beyond it the oldest are deleted. Default: 10,000. */
  readonly dlqLimit?: Integer | null | undefined;
  /** How long a `dedupKey` is remembered. Default: 300,000. */
  readonly dedupWindowMs?: Integer | null | undefined;
  /**
   * How the delay grows. Default: `constant`. `exponential` doubles `retryDelayMs` after each
   * attempt and adds up to a tenth.
   */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that this growth reaches. Default: 3,600,000, one hour. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

const ENQUEUE_MANY: OptionNames<EnqueueManyOptions> = {
  priority: true,
  delayMs: true,
  group: true,
};
const ENQUEUE: OptionNames<EnqueueOptions> = { ...ENQUEUE_MANY, dedupKey: true };
const NACK: OptionNames<NackOptions> = { toDlq: true, delayMs: true, release: true, error: true };
const EXTEND: OptionNames<ExtendOptions> = { extendMs: true };
const CONFIGURE: OptionNames<ConfigureOptions> = {
  maxAttempts: true,
  retryDelayMs: true,
  dlqLimit: true,
  dedupWindowMs: true,
  retryBackoff: true,
  retryDelayMaxMs: true,
};

/** The writes of `client.queue` but `dequeue`. `namespace` is meant where none is named. */
export class QueueCommands extends Commands {
  readonly #leases: LeaseMemory;
  readonly #namespace: string;

  constructor(isBatch: boolean, leases: LeaseMemory, namespace: string) {
    super(isBatch);
    this.#leases = leases;
    this.#namespace = namespace;
  }

  enqueue(queue: string, payload: JsonPayload, options: EnqueueOptions = {}): Request<bigint> {
    const { priority, delayMs, dedupKey, group } = this.known("queue.enqueue", options, ENQUEUE);
    const payloads = [payloadBytes(payload)];
    const request = QueueEnqueue.of({ queue, payloads, priority, delayMs, dedupKey, group });
    return request.map(([seq]) => seq as bigint);
  }

  enqueueMany(
    queue: string,
    payloads: Iterable<JsonPayload>,
    options: EnqueueManyOptions = {},
  ): Request<bigint[]> {
    const { priority, delayMs, group } = this.known("queue.enqueueMany", options, ENQUEUE_MANY);
    return QueueEnqueue.of({ queue, payloads: manyBytes(payloads), priority, delayMs, group });
  }

  ack(queue: string, seqs: Seqs, options: NoOptions = {}): Request<AckResult> {
    this.known("queue.ack", options, NONE);
    return QueueAck.of({ queue, ...this.#held(queue, seqs, options) });
  }

  nack(queue: string, seqs: Seqs, options: NackOptions = {}): Request<AckResult> {
    const { toDlq, delayMs, release, error } = this.known("queue.nack", options, NACK);
    const held = this.#held(queue, seqs, options);
    return QueueNack.of({ queue, ...held, toDlq, delayMs, release, error });
  }

  touch(queue: string, seqs: Seqs, options: ExtendOptions = {}): Request<AckResult> {
    const { extendMs } = this.known("queue.touch", options, EXTEND);
    return QueueTouch.of({ queue, ...this.#held(queue, seqs, options), extendMs });
  }

  #held(queue: string, seqs: Seqs, options: object): { seqs: bigint[]; leases: bigint[] } {
    const namespace = (options as CallOptions).namespace ?? this.#namespace;
    const items = listed(seqs);
    return {
      seqs: items.map(seqOf),
      leases: items.map((item) =>
        isMessage(item) ? item.lease : this.#leases.get(namespace, queue, seqOf(item)),
      ),
    };
  }

  dlqRequeue(queue: string, seqs: Seqs, options: NoOptions = {}): Request<number> {
    this.known("queue.dlqRequeue", options, NONE);
    return QueueDlqRequeue.of({ queue, seqs: listed(seqs).map(seqOf) });
  }

  dlqDelete(queue: string, seqs: Seqs, options: NoOptions = {}): Request<number> {
    this.known("queue.dlqDelete", options, NONE);
    return QueueDlqDelete.of({ queue, seqs: listed(seqs).map(seqOf) });
  }

  dlqPurge(queue: string, options: NoOptions = {}): Request<number> {
    this.known("queue.dlqPurge", options, NONE);
    return QueueDlqPurge.of({ queue });
  }

  purge(queue: string, options: NoOptions = {}): Request<number> {
    this.known("queue.purge", options, NONE);
    return QueuePurge.of({ queue });
  }

  pause(queue: string, options: NoOptions = {}): Request<QueueStats> {
    this.known("queue.pause", options, NONE);
    return QueuePause.of({ queue, paused: true });
  }

  resume(queue: string, options: NoOptions = {}): Request<QueueStats> {
    this.known("queue.resume", options, NONE);
    return QueuePause.of({ queue, paused: false });
  }

  promote(queue: string, seqs: Seqs, options: NoOptions = {}): Request<number> {
    this.known("queue.promote", options, NONE);
    return QueuePromote.of({ queue, seqs: listed(seqs).map(seqOf) });
  }

  configure(queue: string, options: ConfigureOptions = {}): Request<QueueConfig> {
    const given = this.known("queue.configure", options, CONFIGURE);
    return QueueConfigure.of({
      queue,
      maxAttempts: given.maxAttempts,
      retryDelayMs: given.retryDelayMs,
      dlqLimit: given.dlqLimit,
      dedupWindowMs: given.dedupWindowMs,
      retryBackoff: given.retryBackoff,
      retryDelayMaxMs: given.retryDelayMaxMs,
    });
  }

  delete(queue: string, options: NoOptions = {}): Request<boolean> {
    this.known("queue.delete", options, NONE);
    return QueueDelete.of({ queue });
  }
}

function listed(seqs: Seqs): Seq[] {
  return typeof seqs !== "object" || isMessage(seqs) ? [seqs as Seq] : listOf("seqs", seqs);
}

function isMessage(item: unknown): item is Delivered {
  return typeof item === "object" && item !== null && "seq" in item && "lease" in item;
}

function seqOf(item: Seq): bigint {
  return big.decode(big.encode(isMessage(item) ? item.seq : item, "a seq"));
}
