/** Builds the commands of consumer groups; `client.stream` and batches share it. */

import type { RetryBackoff } from "../../base/backoff.js";
import {
  type CallOptions,
  type Given,
  NONE,
  type NoOptions,
  type OptionNames,
} from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import {
  GroupAck,
  type GroupAckResult,
  GroupClaim,
  GroupConfigure,
  GroupCreate,
  GroupDeadDelete,
  GroupDeadRequeue,
  GroupDelete,
  type GroupInfo,
  GroupJoin,
  GroupLeave,
  GroupNack,
  GroupSeek,
  GroupTouch,
  type ReadResult,
  type StreamRecord,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import type { StreamID } from "../../wire/stream-id.js";
import { Commands } from "../base/commands.js";
import type { LeaseMemory } from "../base/leases.js";
import {
  namedRecords,
  neededPositionText,
  type Position,
  positionText,
  type RecordIds,
} from "./positions.js";

/** How a group divides its records among its members. */
export const GroupMode = {
  /** Each record goes to any one member. */
  Shared: "shared",
  /** All records go to the first member; the others wait. */
  Exclusive: "exclusive",
  /** All records of one partition key go to one member at a time. */
  KeyShared: "key_shared",
} as const;
export type GroupMode = (typeof GroupMode)[keyof typeof GroupMode];

export interface GroupCreateOptions {
  /** The position after which the group reads. Default: `"0"`, the beginning. */
  readonly start?: Position | null | undefined;
  /** How members share the records. Default: `shared`. */
  readonly mode?: GroupMode | null | undefined;
  /**
   * How long a delivery is leased: 1 ms to ten years. Default: 30,000. A record that is not acked
   * by then is delivered again.
   */
  readonly ackTimeoutMs?: Integer | null | undefined;
  /** How often a record is delivered before it is a dead letter: 1 to 1,000,000. Default: 10. */
  readonly maxDeliver?: Integer | null | undefined;
  /**
   * A member counts as lost after this time without a request: 1 ms to ten years. Default: 30,000.
   */
  readonly consumerTimeoutMs?: Integer | null | undefined;
  /**
   * How long a record waits after its lease has expired, or after a nack without a delay of its
   * own. Default: 0.
   */
  readonly retryDelayMs?: Integer | null | undefined;
  /**
   * How the delay grows. Default: `constant`. `exponential` doubles it after each attempt and adds
   * up to a tenth.
   */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that this growth reaches. Default: 3,600,000, one hour. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

/** The settings of `groupCreate`. A setting that is left out stays as it is. */
export interface GroupConfigureOptions {
  /** How long a delivery is leased. It applies to deliveries from now on. */
  readonly ackTimeoutMs?: Integer | null | undefined;
  /** How often a record is delivered before it is a dead letter: 1 to 1,000,000. */
  readonly maxDeliver?: Integer | null | undefined;
  /** A member counts as lost after this time without a request. */
  readonly consumerTimeoutMs?: Integer | null | undefined;
  /** How long a record waits after its lease has expired, or after a nack without its own delay. */
  readonly retryDelayMs?: Integer | null | undefined;
  /** How the delay grows: `constant`, or `exponential`, which doubles it after each attempt. */
  readonly retryBackoff?: RetryBackoff | null | undefined;
  /** The longest delay that this growth reaches. */
  readonly retryDelayMaxMs?: Integer | null | undefined;
}

export interface SeekOptions {
  /** The position after which the group continues. */
  readonly start: Position;
}

export interface SettleOptions {
  readonly group: string;
  /**
   * The member that settles, for records that were not delivered to this client. Records of other
   * members are then `stale`, too. Default: no member is named.
   */
  readonly consumer?: string | null | undefined;
}

export interface GroupNackOptions extends SettleOptions {
  /**
   * When they are delivered again. Default: 0, after the group's `retryDelayMs`. At most ten years.
   */
  readonly delayMs?: Integer | null | undefined;
  /** Another name for `delayMs`. */
  readonly redeliveryDelayMs?: Integer | null | undefined;
  /** A text of up to 4 KiB that is kept for the dead letter. Default: none. */
  readonly error?: string | null | undefined;
  /** Whether to give them back at once without counting an attempt. Default: false. */
  readonly release?: boolean | null | undefined;
}

export interface GroupTouchOptions extends SettleOptions {
  /** The new end of the lease, in milliseconds from now: up to ten years. Default: 30,000. */
  readonly extendMs?: Integer | null | undefined;
}

export interface ClaimOptions {
  readonly group: string;
  readonly consumer: string;
  /** Only records whose last delivery is this long ago, in milliseconds. */
  readonly minIdleMs: Integer;
  /** At most so many records: 1 to 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
}

const CONFIGURE: OptionNames<GroupConfigureOptions> = {
  ackTimeoutMs: true,
  maxDeliver: true,
  consumerTimeoutMs: true,
  retryDelayMs: true,
  retryBackoff: true,
  retryDelayMaxMs: true,
};
const CREATE: OptionNames<GroupCreateOptions> = { start: true, mode: true, ...CONFIGURE };
const SEEK: OptionNames<SeekOptions> = { start: true };
const SETTLE: OptionNames<SettleOptions> = { group: true, consumer: true };
const NACK: OptionNames<GroupNackOptions> = {
  ...SETTLE,
  delayMs: true,
  redeliveryDelayMs: "delayMs",
  error: true,
  release: true,
};
const TOUCH: OptionNames<GroupTouchOptions> = { ...SETTLE, extendMs: true };
const CLAIM: OptionNames<ClaimOptions> = {
  group: true,
  consumer: true,
  minIdleMs: true,
  limit: true,
};

/** The writes of groups but `groupRead`. `namespace` is meant where none is named. */
export class GroupCommands extends Commands {
  readonly #leases: LeaseMemory;
  readonly #namespace: string;

  constructor(isBatch: boolean, leases: LeaseMemory, namespace: string) {
    super(isBatch);
    this.#leases = leases;
    this.#namespace = namespace;
  }

  groupCreate(stream: string, group: string, options: GroupCreateOptions = {}): Request<GroupInfo> {
    const given = this.known("stream.groupCreate", options, CREATE);
    const { mode } = given;
    const start = positionText("start", given.start);
    return GroupCreate.of({ stream, group, start, mode, ...settingsOf(given) });
  }

  groupConfigure(
    stream: string,
    group: string,
    options: GroupConfigureOptions = {},
  ): Request<GroupInfo> {
    const given = this.known("stream.groupConfigure", options, CONFIGURE);
    return GroupConfigure.of({ stream, group, ...settingsOf(given) });
  }

  groupJoin(
    stream: string,
    group: string,
    consumer: string,
    options: NoOptions = {},
  ): Request<GroupInfo> {
    this.known("stream.groupJoin", options, NONE);
    return GroupJoin.of({ stream, group, consumer });
  }

  groupLeave(
    stream: string,
    group: string,
    consumer: string,
    options: NoOptions = {},
  ): Request<boolean> {
    this.known("stream.groupLeave", options, NONE);
    return GroupLeave.of({ stream, group, consumer });
  }

  groupDelete(stream: string, group: string, options: NoOptions = {}): Request<boolean> {
    this.known("stream.groupDelete", options, NONE);
    return GroupDelete.of({ stream, group });
  }

  groupSeek(stream: string, group: string, options: SeekOptions): Request<GroupInfo> {
    const { start } = this.known("stream.groupSeek", options, SEEK);
    return GroupSeek.of({ stream, group, start: neededPositionText("start", start) });
  }

  groupAck(stream: string, ids: RecordIds, options: SettleOptions): Request<GroupAckResult> {
    const { group, consumer } = this.known("stream.groupAck", options, SETTLE);
    return GroupAck.of({ stream, group, consumer, ...this.#held(stream, ids, options) });
  }

  groupNack(stream: string, ids: RecordIds, options: GroupNackOptions): Request<GroupAckResult> {
    const given = this.known("stream.groupNack", options, NACK);
    const { group, consumer, delayMs, error, release } = given;
    const held = this.#held(stream, ids, options);
    return GroupNack.of({ stream, group, consumer, ...held, delayMs, error, release });
  }

  groupTouch(stream: string, ids: RecordIds, options: GroupTouchOptions): Request<GroupAckResult> {
    const { group, consumer, extendMs } = this.known("stream.groupTouch", options, TOUCH);
    return GroupTouch.of({
      stream,
      group,
      consumer,
      extendMs,
      ...this.#held(stream, ids, options),
    });
  }

  /** The leases of what is claimed are remembered. */
  groupClaim(stream: string, options: ClaimOptions): Request<ReadResult> {
    const { group, consumer, minIdleMs, limit } = this.known("stream.groupClaim", options, CLAIM);
    const { namespace } = options as CallOptions;
    return GroupClaim.of({ stream, group, consumer, minIdleMs, limit }).map((result) => {
      remember(this.#leases, namespace ?? this.#namespace, stream, group, result.records);
      return result;
    });
  }

  groupDeadRequeue(
    stream: string,
    group: string,
    ids: RecordIds,
    options: NoOptions = {},
  ): Request<number> {
    this.known("stream.groupDeadRequeue", options, NONE);
    return GroupDeadRequeue.of({ stream, group, ids: namedRecords(ids).map(({ id }) => id) });
  }

  groupDeadDelete(
    stream: string,
    group: string,
    ids: RecordIds,
    options: NoOptions = {},
  ): Request<number> {
    this.known("stream.groupDeadDelete", options, NONE);
    return GroupDeadDelete.of({ stream, group, ids: namedRecords(ids).map(({ id }) => id) });
  }

  #held(
    stream: string,
    ids: RecordIds,
    options: SettleOptions & CallOptions,
  ): { ids: StreamID[]; leases: bigint[] } {
    const namespace = options.namespace ?? this.#namespace;
    const named = namedRecords(ids);
    return {
      ids: named.map(({ id }) => id),
      leases: named.map(
        ({ id, lease }) =>
          lease || this.#leases.get(namespace, stream, options.group, id.toString()),
      ),
    };
  }
}

/** These records came under their leases. */
export function remember(
  leases: LeaseMemory,
  namespace: string,
  stream: string,
  group: string,
  records: readonly StreamRecord[],
): void {
  for (const { id, lease } of records) {
    if (lease) {
      leases.remember(lease, namespace, stream, group, id.toString());
    }
  }
}

function settingsOf(given: Given<GroupConfigureOptions>): Given<GroupConfigureOptions> {
  const { ackTimeoutMs, maxDeliver, consumerTimeoutMs } = given;
  const { retryDelayMs, retryBackoff, retryDelayMaxMs } = given;
  const times = { ackTimeoutMs, consumerTimeoutMs, retryDelayMs, retryDelayMaxMs };
  return { ...times, maxDeliver, retryBackoff };
}
