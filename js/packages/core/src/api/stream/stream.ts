/** `client.stream`: append-only streams. Groups are in `groups.ts`. */

import type { JsonPayload } from "../../base/bytes.js";
import { BadTypeError } from "../../base/errors.js";
import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import { typeName } from "../../base/shown.js";
import {
  type AppendResult,
  type BulkJob,
  type DeadBulkOperation,
  GroupBulk,
  type ReadResult,
  StreamGetInfo,
  type StreamInfo,
  StreamList,
  StreamRead,
  type TrimResult,
} from "../../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "../base/page.js";
import type { ForceOptions } from "../base/shared-options.js";
import type {
  AppendManyOptions,
  AppendOptions,
  CreateStreamOptions,
  RetentionOptions,
  TrimOptions,
} from "./commands.js";
import {
  FOLLOW,
  type FollowOptions,
  type RecordCallback,
  StreamFollower,
  Subscription,
} from "./follow.js";
import { StreamGroups } from "./groups.js";
import {
  endText,
  type Moment,
  type Position,
  positionText,
  START,
  type StartOptions,
  startText,
} from "./positions.js";

/** Where to begin; give one of these. Default: the beginning. */
export interface ReadOptions extends StartOptions {
  /** Stop at this position, included. Default: at the last record. */
  readonly end?: Position | null | undefined;
  /** Another name for `end`, which also takes a moment in epoch milliseconds. */
  readonly to?: Moment | null | undefined;
  /** Begin after this position. */
  readonly after?: Position | null | undefined;
  /** Begin with this record of the partition (0 if none is named), counted from 0. */
  readonly offset?: Integer | null | undefined;
  /**
   * Whether to show only records that are appended after the read began; use it with `blockMs`.
   * Default: false.
   */
  readonly tail?: boolean | null | undefined;
  /** At most so many records: 1 to 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
  /** Only records of this partition. Default: of all. */
  readonly partition?: Integer | null | undefined;
  /** Only records of the partition that this key maps to. */
  readonly partitionKey?: string | null | undefined;
  /** How long to wait for the first record: at most 300,000. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
}

const READ: OptionNames<ReadOptions> = {
  ...START,
  end: true,
  to: true,
  after: true,
  offset: true,
  tail: true,
  limit: true,
  partition: true,
  partitionKey: true,
  blockMs: true,
};

/** Append, read and follow records. Web pages have only these methods and those of groups. */
export class StreamRecords extends StreamGroups {
  /**
   * Append a record. A stream that does not exist is created, with one partition.
   *
   * `payload` is at most the server's `value_bytes_max` (1 MiB unless configured). Records with the
   * same key always go to the same partition. With neither a partition nor a key, they go to the
   * partitions in turn.
   *
   * Throws `BadRequestError` if a value is out of its limits, if there is no such partition, or if
   * the record is larger than the stream's `maxBytes`; `StorageFullError` if the server's disk is
   * nearly full.
   */
  async append(
    stream: string,
    payload: JsonPayload,
    options: AppendOptions & CallOptions = {},
  ): Promise<AppendResult> {
    return await this.caller.call(this.commands.append(stream, payload, options), options);
  }

  /**
   * Append 1 to 1,000 records in one commit: all, or none. Returns their places, in order.
   *
   * Throws `BadRequestError` and `StorageFullError` as `append` does.
   */
  async appendMany(
    stream: string,
    payloads: Iterable<JsonPayload>,
    options: AppendManyOptions & CallOptions = {},
  ): Promise<AppendResult[]> {
    return await this.caller.call(this.commands.appendMany(stream, payloads, options), options);
  }

  /**
   * Read records in id order, by default from the beginning.
   *
   * An answer ends earlier when its payloads reach 4 MiB, but has one record at least. A stream
   * that does not exist reads as empty.
   *
   * Throws `BadRequestError` if two beginnings are given, if a text is not a position, or if there
   * is no such partition.
   */
  async read(stream: string, options: ReadOptions & CallOptions = {}): Promise<ReadResult> {
    const given = knownOfCall("stream.read", options, READ);
    const { offset, tail, limit, partition, partitionKey, blockMs } = given;
    const request = StreamRead.of({
      stream,
      start: startText("stream.read", given),
      end: endText("stream.read", given.end, given.to),
      after: positionText("after", given.after),
      offset,
      tail,
      limit,
      partition,
      partitionKey,
      blockMs,
    });
    return await this.caller.call(request, options);
  }

  /**
   * Call `callback` with every record from `start` on; if it returns a promise, that is awaited.
   *
   * The position is fixed when this resolves. Every record that is appended later is shown once,
   * also across lost connections. If the callback throws, the error is logged, and the next record
   * follows.
   *
   * Throws `BadRequestError` if a text is not a position, or if there is no such partition. Until
   * the subscription has begun, it also throws what the connection throws.
   */
  async subscribe(
    stream: string,
    callback: RecordCallback,
    options: FollowOptions & CallOptions = {},
  ): Promise<Subscription> {
    if (typeof callback !== "function") {
      throw new BadTypeError(`callback must be a function, not ${typeName(callback)}`);
    }
    const given = knownOfCall("stream.subscribe", options, FOLLOW);
    const follower = StreamFollower.begun(new StreamFollower(this.caller, stream, given));
    await follower.start();
    return new Subscription(this.caller, follower, callback);
  }

  /**
   * Iterate over the records from `start` on, without end, also across lost connections.
   *
   * `start`: by default the moment when `follow` is called. `await follower.start()` makes certain
   * that the server has been asked for that position.
   *
   * A step throws `BadRequestError` if there is no such partition. Until the follower has begun, a
   * step also throws what the connection throws.
   */
  follow(stream: string, options: FollowOptions & CallOptions = {}): StreamFollower {
    const given = knownOfCall("stream.follow", options, FOLLOW);
    return StreamFollower.begun(new StreamFollower(this.caller, stream, given));
  }
}

export interface GroupBulkOptions {
  /** Only dead letters whose last error contains this text. Default: all. */
  readonly errorContains?: string | null | undefined;
  /** At most so many dead letters. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
}

const BULK: OptionNames<GroupBulkOptions> = { errorContains: true, limit: true, dryRun: true };

/**
 * The streams of one client.
 *
 * The name of a stream, a group or a consumer is 1 to 255 bytes of UTF-8 without control
 * characters; any other name throws `BadRequestError`. The client sends along the leases of the
 * records that groups delivered to it (the last 100,000).
 */
export class Stream extends StreamRecords {
  /**
   * Create a stream. Creating it again with the same settings changes nothing.
   *
   * Records beyond one of the limits are removed, the oldest first; by default there are no limits.
   * `sizeBytes`, which `maxBytes` limits, counts payloads, headers and partition keys.
   *
   * Throws `ConflictError` if the stream exists with other settings, `BadRequestError` if a setting
   * is out of its limits.
   */
  async create(
    stream: string,
    options: CreateStreamOptions & CallOptions = {},
  ): Promise<StreamInfo> {
    return await this.caller.call(this.commands.create(stream, options), options);
  }

  /**
   * Change limits of a stream, which apply at once.
   *
   * `null` removes a limit. A limit that is left out stays as it is. Throws `NotFoundError` if
   * there is no such stream, `BadRequestError` if a limit is below 1.
   */
  async alter(stream: string, options: RetentionOptions & CallOptions): Promise<StreamInfo> {
    return await this.caller.call(this.commands.alter(stream, options), options);
  }

  /** Return the stream's size and settings. Throws `NotFoundError` if there is no such stream. */
  async info(stream: string, options: CallOptions = {}): Promise<StreamInfo> {
    knownOfCall("stream.info", options, NONE);
    return await this.caller.call(StreamGetInfo.of({ stream }), options);
  }

  /**
   * List the namespace's streams by name, one page at a time.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<StreamInfo>> {
    const { limit, cursor } = knownOfCall("stream.list", options, LISTING);
    return await this.caller.call(StreamList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * Remove the oldest records that any of the criteria names. Returns how many were removed.
   *
   * Give at least one criterion. A criterion that is left out removes nothing. Throws
   * `NotFoundError` if there is no such stream, `BadRequestError` without any criterion.
   */
  async trim(stream: string, options: TrimOptions & CallOptions): Promise<TrimResult> {
    return await this.caller.call(this.commands.trim(stream, options), options);
  }

  /**
   * Delete a stream with its groups. Returns whether it existed.
   *
   * Throws `ConflictError` if it holds records and `force` is not given.
   */
  async delete(stream: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.commands.delete(stream, options), options);
  }

  /**
   * Requeue or delete all dead letters of a group that match, in a background job.
   *
   * Records that become dead letters after this call are not touched. `client.jobs` shows the
   * progress. Throws `NotFoundError` if there is no such group, `BadRequestError` if there is no
   * such operation.
   */
  async bulk(
    stream: string,
    group: string,
    operation: DeadBulkOperation,
    options: GroupBulkOptions & CallOptions = {},
  ): Promise<BulkJob> {
    const { errorContains, limit, dryRun } = knownOfCall("stream.bulk", options, BULK);
    const request = GroupBulk.of({ stream, group, operation, errorContains, limit, dryRun });
    return await this.caller.call(request, options);
  }
}
