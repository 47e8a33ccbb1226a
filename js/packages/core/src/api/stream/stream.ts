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
  /** End at this position; the record there is included. */
  readonly end?: Position | null | undefined;
  /** Another name for `end`, which also takes a moment in epoch milliseconds. */
  readonly to?: Moment | null | undefined;
  /** Begin after this position. */
  readonly after?: Position | null | undefined;
  /** Begin at this record of the partition (0 if none is given), counted from 0. */
  readonly offset?: Integer | null | undefined;
  /** Read only records that come after the read began; use it with `blockMs`. */
  readonly tail?: boolean | null | undefined;
  /** The largest number of records: at most 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
  readonly partition?: Integer | null | undefined;
  readonly partitionKey?: string | null | undefined;
  /** How long to wait for the first record. Default: 0, do not wait. */
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
   * Records with the same key always go to the same partition. Without a key and a partition, they
   * are spread over the partitions in turn.
   */
  async append(
    stream: string,
    payload: JsonPayload,
    options: AppendOptions & CallOptions = {},
  ): Promise<AppendResult> {
    return await this.caller.call(this.commands.append(stream, payload, options), options);
  }

  /** Append up to 1,000 records in one commit: all of them, or none. */
  async appendMany(
    stream: string,
    payloads: Iterable<JsonPayload>,
    options: AppendManyOptions & CallOptions = {},
  ): Promise<AppendResult[]> {
    return await this.caller.call(this.commands.appendMany(stream, payloads, options), options);
  }

  /**
   * Return up to `limit` records in the order of their ids, by default from the beginning.
   *
   * An answer ends early if its payloads reach 4 MiB, but has at least one record. A stream that
   * does not exist reads as empty.
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
   * The position is fixed when this resolves. Every record that is appended later is seen once,
   * also over lost connections. An error that the callback throws is logged, and the next record
   * follows.
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
   * Iterate over the records from `start` on, endlessly, also over lost connections.
   *
   * It begins at the stream's present end, unless told otherwise. `await follower.start()` waits
   * until that is fixed.
   */
  follow(stream: string, options: FollowOptions & CallOptions = {}): StreamFollower {
    const given = knownOfCall("stream.follow", options, FOLLOW);
    return StreamFollower.begun(new StreamFollower(this.caller, stream, given));
  }
}

export interface GroupBulkOptions {
  /** Only dead letters whose last error contains this text. */
  readonly errorContains?: string | null | undefined;
  /** The largest number of dead letters to take. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to count only, and change nothing. Default: false. */
  readonly dryRun?: boolean | null | undefined;
}

const BULK: OptionNames<GroupBulkOptions> = { errorContains: true, limit: true, dryRun: true };

/** The streams of one client. */
export class Stream extends StreamRecords {
  /**
   * Create a stream. Again with the same settings has no effect, with others it is a
   * `ConflictError`.
   *
   * `sizeBytes`, which `maxBytes` limits, counts payloads, headers and partition keys.
   */
  async create(
    stream: string,
    options: CreateStreamOptions & CallOptions = {},
  ): Promise<StreamInfo> {
    return await this.caller.call(this.commands.create(stream, options), options);
  }

  /** Change limits (`null`: no such limit), which take effect at once. What is left out stays. */
  async alter(stream: string, options: RetentionOptions & CallOptions): Promise<StreamInfo> {
    return await this.caller.call(this.commands.alter(stream, options), options);
  }

  /** Return the stream's size and settings. Throws `NotFoundError` if it does not exist. */
  async info(stream: string, options: CallOptions = {}): Promise<StreamInfo> {
    knownOfCall("stream.info", options, NONE);
    return await this.caller.call(StreamGetInfo.of({ stream }), options);
  }

  /** A page of the namespace's streams, by name. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<StreamInfo>> {
    const { limit, cursor } = knownOfCall("stream.list", options, LISTING);
    return await this.caller.call(StreamList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Remove the oldest records: all that any of the criteria matches. Give at least one. */
  async trim(stream: string, options: TrimOptions & CallOptions): Promise<TrimResult> {
    return await this.caller.call(this.commands.trim(stream, options), options);
  }

  /**
   * Delete a stream with its groups. Returns whether it existed. One with records needs `force`.
   */
  async delete(stream: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.commands.delete(stream, options), options);
  }

  /**
   * Requeue or delete all dead letters of a group that match. A job does this in the background.
   *
   * Records that die later are not changed. `client.jobs` shows its progress.
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
