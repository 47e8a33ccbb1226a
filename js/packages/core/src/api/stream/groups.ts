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
  /** At most 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
  /** How long to wait for the first record; 0, the default, does not wait. */
  readonly blockMs?: Integer | null | undefined;
  /** At most once: nothing is leased and nothing comes again. */
  readonly noAck?: boolean | null | undefined;
}

export interface PendingOptions extends ListOptions {
  /** Of this consumer alone. */
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

/** Groups by stream and name. A group's read makes it, and joins it, where needed. */
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
   * Make a group (and its stream where there is none).
   *
   * Again with the same settings is fine, with others (`start` is one) a `ConflictError`.
   */
  async groupCreate(
    stream: string,
    group: string,
    options: GroupCreateOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupCreate(stream, group, options), options);
  }

  /** Set what is named; the rest stays. Answers with the group as it is now. */
  async groupConfigure(
    stream: string,
    group: string,
    options: GroupConfigureOptions & CallOptions = {},
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupConfigure(stream, group, options), options);
  }

  /** Become a member of the group, which is made where there is none. */
  async groupJoin(
    stream: string,
    group: string,
    consumer: string,
    options: CallOptions = {},
  ): Promise<GroupInfo> {
    const command = this.commands.groupJoin(stream, group, consumer, options);
    return await this.caller.call(command, options);
  }

  /** Leave, handing back at once what is pending. Returns whether it was a member. */
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

  /** Let the group go on at `start`; what is pending is dropped, dead letters stay. */
  async groupSeek(
    stream: string,
    group: string,
    options: SeekOptions & CallOptions,
  ): Promise<GroupInfo> {
    return await this.caller.call(this.commands.groupSeek(stream, group, options), options);
  }

  /** The group as it stands. `NotFoundError` where there is none. */
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
   * What there is for this consumer: due redeliveries first, then new records.
   *
   * Fewer than `limit` come when there are fewer, or when their payloads reach 4 MiB. Each is leased
   * for the group's `ackTimeoutMs`.
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

  /** These are done with. `stale`: those that somebody else has by now. */
  async groupAck(
    stream: string,
    ids: RecordIds,
    options: SettleOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupAck(stream, ids, options), options);
  }

  /** These failed: deliver them again after `delayMs`. `release` counts no attempt. */
  async groupNack(
    stream: string,
    ids: RecordIds,
    options: GroupNackOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupNack(stream, ids, options), options);
  }

  /** Let leases that are still held run out `extendMs` from now. */
  async groupTouch(
    stream: string,
    ids: RecordIds,
    options: GroupTouchOptions & CallOptions,
  ): Promise<GroupAckResult> {
    return await this.caller.call(this.commands.groupTouch(stream, ids, options), options);
  }

  /** A page of what was delivered and is neither acked nor dead, in id order. */
  async groupPending(
    stream: string,
    group: string,
    options: PendingOptions & CallOptions = {},
  ): Promise<Page<PendingEntry>> {
    const { consumer, limit, cursor } = knownOfCall("stream.groupPending", options, PENDING);
    const request = GroupPending.of({ stream, group, consumer, limit, cursor });
    return await this.caller.call(request.map(pageOf), options);
  }

  /** A page of the dead letters, with `reason` and the last nack's `error`. */
  async groupDead(
    stream: string,
    group: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<StreamRecord>> {
    const { limit, cursor } = knownOfCall("stream.groupDead", options, LISTING);
    const request = GroupDead.of({ stream, group, limit, cursor });
    return await this.caller.call(request.map(pageOf), options);
  }

  /** Let dead letters be delivered again, attempts at 0; how many there were. */
  async groupDeadRequeue(
    stream: string,
    group: string,
    ids: RecordIds,
    options: CallOptions = {},
  ): Promise<number> {
    const request = this.commands.groupDeadRequeue(stream, group, ids, options);
    return await this.caller.call(request, options);
  }

  /** Delete dead letters; how many there were. The stream's records stay. */
  async groupDeadDelete(
    stream: string,
    group: string,
    ids: RecordIds,
    options: CallOptions = {},
  ): Promise<number> {
    const request = this.commands.groupDeadDelete(stream, group, ids, options);
    return await this.caller.call(request, options);
  }

  /** Take over records whose last delivery is `minIdleMs` ago, each as a new delivery. */
  async groupClaim(stream: string, options: ClaimOptions & CallOptions): Promise<ReadResult> {
    return await this.caller.call(this.commands.groupClaim(stream, options), options);
  }
}
