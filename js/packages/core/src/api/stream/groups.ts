/** The consumer groups of `client.stream`. */

import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import {
  type GroupAckResult,
  GroupDead,
  GroupGetInfo,
  type GroupInfo,
  GroupList,
  GroupPending,
  GroupRead,
  type PendingEntry,
  type ReadResult,
  type StreamRecord,
} from "../../wire/messages.generated.js";
import type { LeaseMemory } from "../base/leases.js";
import { LISTING, type ListOptions, type Page, pageOf } from "../base/page.js";
import { StreamCommands } from "./commands.js";
import {
  type ClaimOptions,
  type GroupConfigureOptions,
  type GroupCreateOptions,
  type GroupNackOptions,
  type GroupTouchOptions,
  remember,
  type SeekOptions,
  type SettleOptions,
} from "./group-commands.js";
import type { RecordIds } from "./positions.js";

export interface GroupReadOptions {
  readonly group: string;
  readonly consumer: string;
  /**
   * At most so many records: 1 to 1,000. Default: 10. Fewer are returned if there are fewer, or if
   * their payloads reach 4 MiB.
   */
  readonly limit?: Integer | null | undefined;
  /** How long to wait for the first record: at most 300,000. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
  /** Whether to lease nothing, so that each record is delivered at most once. Default: false. */
  readonly noAck?: boolean | null | undefined;
}

export interface PendingOptions extends ListOptions {
  /** Only the records of this member. Default: of all. */
  readonly consumer?: string | null | undefined;
}

const READ: OptionNames<GroupReadOptions> = {
  group: true,
  consumer: true,
  limit: true,
  blockMs: true,
  noAck: true,
};
const PENDING: OptionNames<PendingOptions> = { ...LISTING, consumer: true };

/** The consumer groups of streams. `groupRead` creates a group and joins it where needed. */
export class StreamGroups {
  protected readonly caller: Caller;
  protected readonly commands: StreamCommands;
  readonly #leases: LeaseMemory;

  constructor(caller: Caller, leases: LeaseMemory) {
    this.caller = caller;
    this.commands = new StreamCommands(false, leases, caller.namespace);
    this.#leases = leases;
  }

  /**
   * Create a group, and its stream if there is none.
   *
   * Creating it again with the same settings changes nothing. Throws `ConflictError` if the group
   * exists with other settings (`start` is one of them), `BadRequestError` if a setting is out of
   * its limits.
   */
  async groupCreate(
    stream: string,
    group: string,
    options: GroupCreateOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupCreate(stream, group, options), options);
  }

  /**
   * Change settings of a group. Returns the group in its new state.
   *
   * `ackTimeoutMs` applies to deliveries from now on; the other settings apply to deliveries that
   * end from now on. Throws `NotFoundError` if there is no such group, `BadRequestError` if a
   * setting is out of its limits.
   */
  async groupConfigure(
    stream: string,
    group: string,
    options: GroupConfigureOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupConfigure(stream, group, options), options);
  }

  /**
   * Become a member of the group, which is created if there is none.
   *
   * Throws `BadRequestError` if the group has 1,000 members already.
   */
  async groupJoin(
    stream: string,
    group: string,
    consumer: string,
    options: CallOptions = {},
  ): Promise<GroupInfo> {
    const command = this.commands.groupJoin(stream, group, consumer, options);
    return await this.caller.call(command, options);
  }

  /**
   * Leave the group and give back its pending records. Returns whether it was a member.
   *
   * Throws `NotFoundError` if there is no such group.
   */
  async groupLeave(
    stream: string,
    group: string,
    consumer: string,
    options: CallOptions = {},
  ): Promise<boolean> {
    const command = this.commands.groupLeave(stream, group, consumer, options);
    return await this.caller.call(command, options);
  }

  /** Delete the group. Returns whether it existed. */
  async groupDelete(stream: string, group: string, options: CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.commands.groupDelete(stream, group, options), options);
  }

  /**
   * Let the group continue at `start`. Pending records are dropped; dead letters stay.
   *
   * Throws `NotFoundError` if there is no such group.
   */
  async groupSeek(
    stream: string,
    group: string,
    options: SeekOptions & CallOptions,
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupSeek(stream, group, options), options);
  }

  /** Return the group in its current state. Throws `NotFoundError` if there is no such group. */
  async groupInfo(stream: string, group: string, options: CallOptions = {}): Promise<GroupInfo> {
    knownOfCall("stream.groupInfo", options, NONE);
    return await this.caller.call(GroupGetInfo.of({ stream, group }), options);
  }

  /**
   * List the stream's groups by name, one page at a time.
   *
   * Throws `NotFoundError` if there is no such stream, `BadRequestError` if the cursor belongs to
   * another listing.
   */
  async groupList(
    stream: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<GroupInfo>> {
    const { limit, cursor } = knownOfCall("stream.groupList", options, LISTING);
    return await this.caller.call(GroupList.of({ stream, limit, cursor }).map(pageOf), options);
  }

  /**
   * Read records for this consumer: due redeliveries first, then new records.
   *
   * Each record is leased for the group's `ackTimeoutMs`. If there is no such group, it is created;
   * if the consumer is not a member, it becomes one. Throws `BadRequestError` if a value is out of
   * its limits, or if the group has 1,000 members already.
   */
  async groupRead(stream: string, options: GroupReadOptions & CallOptions): Promise<ReadResult> {
    const given = knownOfCall("stream.groupRead", options, READ);
    const { group, consumer, limit, blockMs, noAck } = given;
    const request = GroupRead.of({ stream, group, consumer, limit, blockMs, noAck });
    const result = await this.caller.call(request, options);
    const namespace = options.namespace ?? this.caller.namespace;
    remember(this.#leases, namespace, stream, group, result.records);
    return result;
  }

  /**
   * Acknowledge records, 1 to 1,000: their work is done.
   *
   * `stale` in the answer lists the records that somebody else has by now. Throws `NotFoundError`
   * if there is no such group. In a batch, a stale record throws `ConflictError`.
   */
  async groupAck(
    stream: string,
    ids: RecordIds,
    options: SettleOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupAck(stream, ids, options), options);
  }

  /**
   * Report that records, 1 to 1,000, failed, so that they are delivered again.
   *
   * They are delivered again after `delayMs`; a delay of 0, the default, means after the group's
   * `retryDelayMs`. `release` gives them back at once without counting an attempt.
   *
   * Throws `NotFoundError` if there is no such group, `BadRequestError` if `release` is given with
   * `delayMs` or `error`. In a batch, a stale record throws `ConflictError`.
   */
  async groupNack(
    stream: string,
    ids: RecordIds,
    options: GroupNackOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupNack(stream, ids, options), options);
  }

  /**
   * Extend leases that are still held. `stale` in the answer lists the other records.
   *
   * Throws `NotFoundError` if there is no such group.
   */
  async groupTouch(
    stream: string,
    ids: RecordIds,
    options: GroupTouchOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupTouch(stream, ids, options), options);
  }

  /**
   * List delivered records that are neither acked nor dead, by id, one page at a time.
   *
   * Throws `NotFoundError` if there is no such group, `BadRequestError` if the cursor belongs to
   * another listing.
   */
  async groupPending(
    stream: string,
    group: string,
    options: PendingOptions & CallOptions = {},
  ): Promise<Page<PendingEntry>> {
    const { consumer, limit, cursor } = knownOfCall("stream.groupPending", options, PENDING);
    const request = GroupPending.of({ stream, group, consumer, limit, cursor });
    return await this.caller.call(request.map(pageOf), options);
  }

  /**
   * List the dead letters, one page at a time, with `reason` and the last nack's `error`.
   *
   * A group keeps the latest 10,000. Throws `NotFoundError` if there is no such group,
   * `BadRequestError` if the cursor belongs to another listing.
   */
  async groupDead(
    stream: string,
    group: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<StreamRecord>> {
    const { limit, cursor } = knownOfCall("stream.groupDead", options, LISTING);
    const request = GroupDead.of({ stream, group, limit, cursor });
    return await this.caller.call(request.map(pageOf), options);
  }

  /**
   * Deliver dead letters again, with attempts counted from 0. Returns how many there were.
   *
   * A dead letter stays if the stream no longer keeps its record. Throws `NotFoundError` if there
   * is no such group, `BadRequestError` for no ids, or more than 1,000.
   */
  async groupDeadRequeue(
    stream: string,
    group: string,
    ids: RecordIds,
    options: CallOptions = {},
  ): Promise<number> {
    const request = this.commands.groupDeadRequeue(stream, group, ids, options);
    return await this.caller.call(request, options);
  }

  /**
   * Delete dead letters. Returns how many there were. The stream's records stay.
   *
   * Throws `NotFoundError` if there is no such group, `BadRequestError` for no ids, or more than
   * 1,000.
   */
  async groupDeadDelete(
    stream: string,
    group: string,
    ids: RecordIds,
    options: CallOptions = {},
  ): Promise<number> {
    const request = this.commands.groupDeadDelete(stream, group, ids, options);
    return await this.caller.call(request, options);
  }

  /**
   * Take over records whose last delivery is `minIdleMs` ago. Each is a new delivery.
   *
   * Throws `NotFoundError` if there is no such group, `BadRequestError` if `limit` is out of range.
   */
  async groupClaim(stream: string, options: ClaimOptions & CallOptions): Promise<ReadResult> {
    return await this.caller.call(this.commands.groupClaim(stream, options), options);
  }
}
