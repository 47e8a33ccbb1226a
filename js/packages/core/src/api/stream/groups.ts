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
  /** The largest number of records: at most 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
  /** How long to wait for the first record. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
  /** Whether to ack at delivery: nothing is leased, nothing comes again. Default: false. */
  readonly noAck?: boolean | null | undefined;
}

export interface PendingOptions extends ListOptions {
  /** Only records of this consumer. */
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

/** Consumer groups, by stream and name. Reading from a group creates and joins it if needed. */
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
   * Create a group, and its stream if needed.
   *
   * Creating it again with the same settings has no effect; with others, also another `start`, it
   * is a `ConflictError`.
   */
  async groupCreate(
    stream: string,
    group: string,
    options: GroupCreateOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupCreate(stream, group, options), options);
  }

  /** Change settings; those that are left out stay. Returns the group as it is then. */
  async groupConfigure(
    stream: string,
    group: string,
    options: GroupConfigureOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupConfigure(stream, group, options), options);
  }

  /** Become a member of the group, which is created if needed. */
  async groupJoin(
    stream: string,
    group: string,
    consumer: string,
    options: CallOptions = {},
  ): Promise<GroupInfo> {
    const command = this.commands.groupJoin(stream, group, consumer, options);
    return await this.caller.call(command, options);
  }

  /** Leave the group, and hand back pending records at once. Returns whether it was a member. */
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

  /** Move the group to `start`. Pending records are dropped; dead letters stay. */
  async groupSeek(
    stream: string,
    group: string,
    options: SeekOptions & CallOptions,
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupSeek(stream, group, options), options);
  }

  /** Return the group's state. Throws `NotFoundError` if it does not exist. */
  async groupInfo(stream: string, group: string, options: CallOptions = {}): Promise<GroupInfo> {
    knownOfCall("stream.groupInfo", options, NONE);
    return await this.caller.call(GroupGetInfo.of({ stream, group }), options);
  }

  /** A page of the stream's groups, by name. */
  async groupList(
    stream: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<GroupInfo>> {
    const { limit, cursor } = knownOfCall("stream.groupList", options, LISTING);
    return await this.caller.call(GroupList.of({ stream, limit, cursor }).map(pageOf), options);
  }

  /**
   * Return records for this consumer: due redeliveries first, then new records.
   *
   * Fewer than `limit` are returned if there are fewer, or if their payloads reach 4 MiB. Each is
   * leased for the group's `ackTimeoutMs`.
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
   * Confirm that these records are done. `stale` lists those that now belong to another consumer.
   */
  async groupAck(
    stream: string,
    ids: RecordIds,
    options: SettleOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupAck(stream, ids, options), options);
  }

  /**
   * Report that these records failed: they are delivered again after `delayMs`. `release` counts no
   * attempt.
   */
  async groupNack(
    stream: string,
    ids: RecordIds,
    options: GroupNackOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupNack(stream, ids, options), options);
  }

  /** Extend leases that are still held, to `extendMs` from now. */
  async groupTouch(
    stream: string,
    ids: RecordIds,
    options: GroupTouchOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupTouch(stream, ids, options), options);
  }

  /**
   * A page of records that were delivered and are neither acked nor dead, in the order of their
   * ids.
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

  /** A page of dead letters, with `reason` and the `error` of the last nack. */
  async groupDead(
    stream: string,
    group: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<StreamRecord>> {
    const { limit, cursor } = knownOfCall("stream.groupDead", options, LISTING);
    const request = GroupDead.of({ stream, group, limit, cursor });
    return await this.caller.call(request.map(pageOf), options);
  }

  /** Deliver dead letters again, with attempts counted from 0. Returns how many there were. */
  async groupDeadRequeue(
    stream: string,
    group: string,
    ids: RecordIds,
    options: CallOptions = {},
  ): Promise<number> {
    const request = this.commands.groupDeadRequeue(stream, group, ids, options);
    return await this.caller.call(request, options);
  }

  /** Delete dead letters. Returns how many there were. The stream's records stay. */
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
   * Take over records whose last delivery is at least `minIdleMs` ago. Each counts as a new
   * delivery.
   */
  async groupClaim(stream: string, options: ClaimOptions & CallOptions): Promise<ReadResult> {
    return await this.caller.call(this.commands.groupClaim(stream, options), options);
  }
}
