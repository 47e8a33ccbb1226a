/**
 * `client.queue`: priority queues with leases.
 *
 * Priority is strict: while there are urgent messages (a low `priority` number), the rest wait.
 */

import type { JsonPayload } from "../../base/bytes.js";
import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../../base/options.js";
import { choice, type Integer } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import {
  type AckResult,
  type BulkJob,
  type DeadBulkOperation,
  type DequeueResult,
  QueueBulk,
  type QueueConfig,
  QueueDequeue,
  QueueDlqList,
  QueueGetStats,
  QueueList,
  QueuePeek,
  type QueueStats,
} from "../../wire/messages.generated.js";
import type { LeaseMemory } from "../base/leases.js";
import { LISTING, type ListOptions, type Page, pageOf } from "../base/page.js";
import type { ExtendOptions } from "../base/shared-options.js";
import { AckMode } from "./ack-mode.js";
import {
  type ConfigureOptions,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type NackOptions,
  QueueCommands,
  type Seqs,
} from "./commands.js";

export interface DequeueOptions {
  /**
   * How long the lease lasts: up to ten years. Default: 30,000. A message that is not acked by then
   * is delivered again.
   */
  readonly visibilityTimeoutMs?: Integer | null | undefined;
  /** How long to wait for the first message: at most 300,000. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
  /**
   * Default: `explicit`. `on_delivery` acks messages in the same step that delivers them, so each
   * is delivered at most once.
   */
  readonly ackMode?: AckMode | null | undefined;
}

const DEQUEUE: OptionNames<DequeueOptions> = {
  visibilityTimeoutMs: true,
  blockMs: true,
  ackMode: true,
};

export interface QueueBulkOptions {
  /** Only dead letters with this reason, `max_attempts` or `nacked`. Default: both. */
  readonly reason?: string | null | undefined;
  /** Only dead letters whose last error contains this text. Default: all. */
  readonly errorContains?: string | null | undefined;
  /** At most so many dead letters. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
}

const BULK: OptionNames<QueueBulkOptions> = {
  reason: true,
  errorContains: true,
  limit: true,
  dryRun: true,
};

/**
 * The queues of one client.
 *
 * The first message creates its queue. A queue's name is 1 to 255 bytes of UTF-8 without control
 * characters; any other name throws `BadRequestError`. Where a method takes seqs, it also takes the
 * messages themselves, at most 1,000. Each message gets its own result. The client sends along the
 * leases of the messages that it dequeued (the last 100,000).
 */
export class Queue {
  readonly #caller: Caller;
  readonly #leases: LeaseMemory;
  readonly #commands: QueueCommands;

  constructor(caller: Caller, leases: LeaseMemory) {
    this.#caller = caller;
    this.#leases = leases;
    this.#commands = new QueueCommands(false, leases, caller.namespace);
  }

  /**
   * Add a message. Returns its seq. A lower `priority` is delivered first.
   *
   * `payload` is at most the server's `value_bytes_max` (1 MiB unless configured). A second enqueue
   * with the same `dedupKey` returns the first seq again, even if that message is done.
   *
   * Throws `BadRequestError` if a value is out of its limits, `StorageFullError` if the server's
   * disk is nearly full.
   */
  async enqueue(
    queue: string,
    payload: JsonPayload,
    options: EnqueueOptions & CallOptions = {},
  ): Promise<bigint> {
    return await this.#caller.call(this.#commands.enqueue(queue, payload, options), options);
  }

  /** Another name for `enqueue`. */
  async push(
    queue: string,
    payload: JsonPayload,
    options: EnqueueOptions & CallOptions = {},
  ): Promise<bigint> {
    return await this.enqueue(queue, payload, options);
  }

  /**
   * Add up to 1,000 messages in one commit: all, or none. Returns their seqs, in order.
   *
   * The options apply to each message. Throws `BadRequestError` and `StorageFullError` as `enqueue`
   * does.
   */
  async enqueueMany(
    queue: string,
    payloads: Iterable<JsonPayload>,
    options: EnqueueManyOptions & CallOptions = {},
  ): Promise<bigint[]> {
    return await this.#caller.call(this.#commands.enqueueMany(queue, payloads, options), options);
  }

  /**
   * Lease the next messages.
   *
   * `count`: at most so many messages, 1 to 1,000; default 1. Fewer are returned if there are
   * fewer, or if their payloads reach 4 MiB. Throws `BadRequestError` if a value is out of its
   * limits.
   */
  async dequeue(
    queue: string,
    count: Integer = 1,
    options: DequeueOptions & CallOptions = {},
  ): Promise<DequeueResult> {
    const given = knownOfCall("queue.dequeue", options, DEQUEUE);
    const { visibilityTimeoutMs, blockMs, ackMode = AckMode.Explicit } = given;
    choice(AckMode).encode(ackMode, "ackMode");
    const onDelivery = ackMode === AckMode.OnDelivery;
    const request = QueueDequeue.of({ queue, count, visibilityTimeoutMs, blockMs, onDelivery });
    const result = await this.#caller.call(request, options);
    for (const message of result.messages) {
      const namespace = options.namespace ?? this.#caller.namespace;
      this.#leases.remember(message.lease, namespace, queue, message.seq);
    }
    return result;
  }

  /** Another name for `dequeue`. */
  async pop(
    queue: string,
    count: Integer = 1,
    options: DequeueOptions & CallOptions = {},
  ): Promise<DequeueResult> {
    return await this.dequeue(queue, count, options);
  }

  /**
   * Acknowledge messages, at most 1,000: their work is done.
   *
   * `stale` in the answer lists unknown messages, and those that have been delivered to somebody
   * else since. Throws `BadRequestError` for more than 1,000 messages. In a batch, a stale message
   * throws `ConflictError`.
   */
  async ack(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<AckResult> {
    return await this.#caller.call(this.#commands.ack(queue, seqs, options), options);
  }

  /**
   * Give messages back, at most 1,000, as failed attempts.
   *
   * They are due again after `delayMs`; a delay of 0, the default, means after the queue's
   * `retryDelayMs`, or at once with `release`.
   *
   * Throws `BadRequestError` if `toDlq` is given with `release` or `delayMs`. In a batch, a stale
   * message throws `ConflictError`.
   */
  async nack(
    queue: string,
    seqs: Seqs,
    options: NackOptions & CallOptions = {},
  ): Promise<AckResult> {
    return await this.#caller.call(this.#commands.nack(queue, seqs, options), options);
  }

  /**
   * Extend leases that are still held. `stale` in the answer lists the other messages.
   *
   * Throws `BadRequestError` if `extendMs` is out of range, or for more than 1,000 messages.
   */
  async touch(
    queue: string,
    seqs: Seqs,
    options: ExtendOptions & CallOptions = {},
  ): Promise<AckResult> {
    return await this.#caller.call(this.#commands.touch(queue, seqs, options), options);
  }

  /**
   * Return the next ready messages without leasing them.
   *
   * `count`: at most so many, 1 to 1,000; default 1. Throws `BadRequestError` if it is out of
   * range.
   */
  async peek(queue: string, count: Integer = 1, options: CallOptions = {}): Promise<DequeueResult> {
    knownOfCall("queue.peek", options, NONE);
    return await this.#caller.call(QueuePeek.of({ queue, count }), options);
  }

  /**
   * List the dead letters, oldest death first, one page at a time, with `reason` and `error`.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async dlqList(queue: string, options: ListOptions & CallOptions = {}): Promise<DequeueResult> {
    const { limit, cursor } = knownOfCall("queue.dlqList", options, LISTING);
    return await this.#caller.call(QueueDlqList.of({ queue, limit, cursor }), options);
  }

  /**
   * Turn dead letters into fresh messages, due now, without attempts. Returns how many.
   *
   * Throws `BadRequestError` for more than 1,000 seqs.
   */
  async dlqRequeue(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqRequeue(queue, seqs, options), options);
  }

  /** Delete dead letters. Returns how many. Throws `BadRequestError` for more than 1,000 seqs. */
  async dlqDelete(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqDelete(queue, seqs, options), options);
  }

  /** Delete all dead letters. Returns how many. */
  async dlqPurge(queue: string, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqPurge(queue, options), options);
  }

  /** Delete all messages, also leased and delayed ones, but no dead letters. Returns how many. */
  async purge(queue: string, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.purge(queue, options), options);
  }

  /**
   * Stop deliveries; enqueues, acks and leases continue. Returns the queue's counts.
   *
   * A queue that does not exist yet may be paused, too. Pausing a paused queue changes nothing.
   */
  async pause(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    return await this.#caller.call(this.#commands.pause(queue, options), options);
  }

  /** Deliver again; waiting dequeues are answered at once. Returns the queue's counts. */
  async resume(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    return await this.#caller.call(this.#commands.resume(queue, options), options);
  }

  /**
   * Make delayed messages due now, at most 1,000. Returns how many of them were delayed.
   *
   * Throws `BadRequestError` for more than 1,000 messages.
   */
  async promote(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.promote(queue, seqs, options), options);
  }

  /**
   * Change settings of a queue. Returns all its settings.
   *
   * A setting that is left out, or given as `null`, stays as it is. Throws `BadRequestError` if a
   * setting is out of its limits.
   */
  async configure(
    queue: string,
    options: ConfigureOptions & CallOptions = {},
  ): Promise<QueueConfig> {
    return await this.#caller.call(this.#commands.configure(queue, options), options);
  }

  /**
   * Requeue or delete all dead letters that match, in a background job.
   *
   * Messages that become dead letters after this call are not touched. `client.jobs` shows the
   * progress. Throws `BadRequestError` if there is no such operation or reason.
   */
  async bulk(
    queue: string,
    operation: DeadBulkOperation,
    options: QueueBulkOptions & CallOptions = {},
  ): Promise<BulkJob> {
    const { reason, errorContains, limit, dryRun } = knownOfCall("queue.bulk", options, BULK);
    const request = QueueBulk.of({ queue, operation, reason, errorContains, limit, dryRun });
    return await this.#caller.call(request, options);
  }

  /** Return the counts of a queue; all zero if it does not exist. */
  async stats(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    knownOfCall("queue.stats", options, NONE);
    return await this.#caller.call(QueueGetStats.of({ queue }), options);
  }

  /**
   * List the namespace's queues by name with their counts, one page at a time.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<QueueStats>> {
    const { limit, cursor } = knownOfCall("queue.list", options, LISTING);
    return await this.#caller.call(QueueList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * Delete the queue with its messages, settings and dedup keys. Returns whether it existed.
   */
  async delete(queue: string, options: CallOptions = {}): Promise<boolean> {
    return await this.#caller.call(this.#commands.delete(queue, options), options);
  }
}
