/**
 * `client.queue`: priority queues with leases.
 *
 * Priority is strict: a flood of urgent messages (a low `priority` number) delays all others.
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
  /** A message that is not acked within this time is delivered again. Default: 30,000. */
  readonly visibilityTimeoutMs?: Integer | null | undefined;
  /** How long to wait for the first message. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
  /** `on_delivery` acks in the same step: at most once. Default: `explicit`. */
  readonly ackMode?: AckMode | null | undefined;
}

const DEQUEUE: OptionNames<DequeueOptions> = {
  visibilityTimeoutMs: true,
  blockMs: true,
  ackMode: true,
};

export interface QueueBulkOptions {
  /** Only dead letters with this reason: `max_attempts` or `nacked`. */
  readonly reason?: string | null | undefined;
  /** Only dead letters whose last error contains this text. */
  readonly errorContains?: string | null | undefined;
  /** The largest number of dead letters to take. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to count only, and change nothing. Default: false. */
  readonly dryRun?: boolean | null | undefined;
}

const BULK: OptionNames<QueueBulkOptions> = {
  reason: true,
  errorContains: true,
  limit: true,
  dryRun: true,
};

/** The queues of one client. */
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
   * Add a message, and return its seq. A lower `priority` is delivered first.
   *
   * A `dedupKey` enqueues once within the queue's window, which starts with the first enqueue. A
   * repeat returns the first seq, even if that message is done.
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

  /** Add up to 1,000 messages in one commit, and return their seqs. */
  async enqueueMany(
    queue: string,
    payloads: Iterable<JsonPayload>,
    options: EnqueueManyOptions & CallOptions = {},
  ): Promise<bigint[]> {
    return await this.#caller.call(this.#commands.enqueueMany(queue, payloads, options), options);
  }

  /**
   * Lease up to `count` messages. `blockMs` waits for the first one.
   *
   * Fewer are returned if there are fewer, or if their payloads reach 4 MiB.
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
   * Confirm that these messages are done. `stale` lists those that are unknown, or were delivered
   * again since.
   */
  async ack(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<AckResult> {
    return await this.#caller.call(this.#commands.ack(queue, seqs, options), options);
  }

  /** Return messages to the queue. This counts as a failed attempt, unless `release` is set. */
  async nack(
    queue: string,
    seqs: Seqs,
    options: NackOptions & CallOptions = {},
  ): Promise<AckResult> {
    return await this.#caller.call(this.#commands.nack(queue, seqs, options), options);
  }

  /** Extend leases that are still held, to `extendMs` from now. */
  async touch(
    queue: string,
    seqs: Seqs,
    options: ExtendOptions & CallOptions = {},
  ): Promise<AckResult> {
    return await this.#caller.call(this.#commands.touch(queue, seqs, options), options);
  }

  /** Return the next ready messages without leasing them. */
  async peek(queue: string, count: Integer = 1, options: CallOptions = {}): Promise<DequeueResult> {
    knownOfCall("queue.peek", options, NONE);
    return await this.#caller.call(QueuePeek.of({ queue, count }), options);
  }

  /** A page of dead letters, in the order in which they died. */
  async dlqList(queue: string, options: ListOptions & CallOptions = {}): Promise<DequeueResult> {
    const { limit, cursor } = knownOfCall("queue.dlqList", options, LISTING);
    return await this.#caller.call(QueueDlqList.of({ queue, limit, cursor }), options);
  }

  /** Requeue dead letters: due now, with no attempts. Returns how many there were. */
  async dlqRequeue(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqRequeue(queue, seqs, options), options);
  }

  /** Delete dead letters. Returns how many there were. */
  async dlqDelete(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqDelete(queue, seqs, options), options);
  }

  /** Delete all dead letters. Returns how many there were. */
  async dlqPurge(queue: string, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.dlqPurge(queue, options), options);
  }

  /** Delete all messages, also leased and delayed ones, but no dead letters. Returns how many. */
  async purge(queue: string, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.purge(queue, options), options);
  }

  /** Pause the queue: it delivers nothing; everything else continues. Returns its counts. */
  async pause(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    return await this.#caller.call(this.#commands.pause(queue, options), options);
  }

  /** Resume the queue; waiting dequeues get messages at once. Returns its counts. */
  async resume(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    return await this.#caller.call(this.#commands.resume(queue, options), options);
  }

  /** Make delayed messages due now. Returns how many were delayed. */
  async promote(queue: string, seqs: Seqs, options: CallOptions = {}): Promise<number> {
    return await this.#caller.call(this.#commands.promote(queue, seqs, options), options);
  }

  /** Change the queue's settings. What is left out, or `null`, keeps its value. */
  async configure(
    queue: string,
    options: ConfigureOptions & CallOptions = {},
  ): Promise<QueueConfig> {
    return await this.#caller.call(this.#commands.configure(queue, options), options);
  }

  /**
   * Requeue or delete all dead letters that match. A job does this in the background.
   *
   * Messages that die later are not changed. `client.jobs` shows its progress.
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

  /** Return the counts of a queue; zeros if it does not exist. */
  async stats(queue: string, options: CallOptions = {}): Promise<QueueStats> {
    knownOfCall("queue.stats", options, NONE);
    return await this.#caller.call(QueueGetStats.of({ queue }), options);
  }

  /** A page of the namespace's queues, by name. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<QueueStats>> {
    const { limit, cursor } = knownOfCall("queue.list", options, LISTING);
    return await this.#caller.call(QueueList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * Delete the queue with everything in it, also settings and dedup keys. Returns whether it
   * existed.
   */
  async delete(queue: string, options: CallOptions = {}): Promise<boolean> {
    return await this.#caller.call(this.#commands.delete(queue, options), options);
  }
}
