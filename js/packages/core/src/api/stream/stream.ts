/** `client.stream`: append-only streams, as a person calls them; groups are in `stream-groups`. */

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

/** Where to begin is said once; default: the beginning. */
export interface ReadOptions extends StartOptions {
  /** Up to here, included. */
  readonly end?: Position | null | undefined;
  /** Another name for `end`, which also takes a moment in epoch milliseconds. */
  readonly to?: Moment | null | undefined;
  /** From behind this one on. */
  readonly after?: Position | null | undefined;
  /** Counts from 0 in a partition (0 if none is named). */
  readonly offset?: Integer | null | undefined;
  /** Only what comes after the read began: give it `blockMs`. */
  readonly tail?: boolean | null | undefined;
  /** At most 1,000. Default: 10. */
  readonly limit?: Integer | null | undefined;
  readonly partition?: Integer | null | undefined;
  readonly partitionKey?: string | null | undefined;
  /** How long to wait for the first record; 0, the default, does not wait. */
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

/** Records: appending, reading and following them. With groups, all that browsers have. */
export class StreamRecords extends StreamGroups {
  /**
   * Add a record; a stream that does not exist is made, with one partition.
   *
   * A key always maps to the same partition. With neither key nor partition, records go round robin.
   */
  async append(
    stream: string,
    payload: JsonPayload,
    options: AppendOptions & CallOptions = {},
  ): Promise<AppendResult> {
    return await this.caller.call(this.commands.append(stream, payload, options), options);
  }

  /** Add up to 1,000 records in one commit: all of them, or none. */
  async appendMany(
    stream: string,
    payloads: Iterable<JsonPayload>,
    options: AppendManyOptions & CallOptions = {},
  ): Promise<AppendResult[]> {
    return await this.caller.call(this.commands.appendMany(stream, payloads, options), options);
  }

  /**
   * Up to `limit` records in id order, from the beginning unless told otherwise.
   *
   * An answer ends early, with one record at least, when its payloads reach 4 MiB. A stream that
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
   * Call `callback` with every record from `start` on; a promise of it is waited for.
   *
   * The position is fixed when this resolves: whatever is appended later will be seen, once, over
   * lost connections too. What the callback throws is logged, and the next record follows.
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
   * An endless iterator of the records from `start` on, over lost connections too.
   *
   * It begins where the stream is when this is called; `await follower.start()` to be certain of it.
   */
  follow(stream: string, options: FollowOptions & CallOptions = {}): StreamFollower {
    const given = knownOfCall("stream.follow", options, FOLLOW);
    return StreamFollower.begun(new StreamFollower(this.caller, stream, given));
  }
}

export interface GroupBulkOptions {
  /** Only those whose last error has this text in it. */
  readonly errorContains?: string | null | undefined;
  /** At most so many. */
  readonly limit?: Integer | null | undefined;
  /** Only count. */
  readonly dryRun?: boolean | null | undefined;
}

const BULK: OptionNames<GroupBulkOptions> = { errorContains: true, limit: true, dryRun: true };

/** The streams of one client. */
export class Stream extends StreamRecords {
  /**
   * Make a stream. Again with the same settings is fine, with others a `ConflictError`.
   *
   * `sizeBytes`, which `maxBytes` limits, counts payloads, headers and partition keys.
   */
  async create(
    stream: string,
    options: CreateStreamOptions & CallOptions = {},
  ): Promise<StreamInfo> {
    return await this.caller.call(this.commands.create(stream, options), options);
  }

  /** Set limits (`null`: no such limit), which hold at once; what is not named stays. */
  async alter(stream: string, options: RetentionOptions & CallOptions): Promise<StreamInfo> {
    return await this.caller.call(this.commands.alter(stream, options), options);
  }

  /** The stream's size and settings. `NotFoundError` where there is none. */
  async info(stream: string, options: CallOptions = {}): Promise<StreamInfo> {
    knownOfCall("stream.info", options, NONE);
    return await this.caller.call(StreamGetInfo.of({ stream }), options);
  }

  /** A page of the namespace's streams, by name. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<StreamInfo>> {
    const { limit, cursor } = knownOfCall("stream.list", options, LISTING);
    return await this.caller.call(StreamList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Take away the oldest records: all that any of the criteria names (one at least). */
  async trim(stream: string, options: TrimOptions & CallOptions): Promise<TrimResult> {
    return await this.caller.call(this.commands.trim(stream, options), options);
  }

  /** Delete a stream with its groups. Returns whether it existed. One that holds records: `force`. */
  async delete(stream: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.commands.delete(stream, options), options);
  }

  /**
   * Requeue or delete all dead letters of a group that match, by a job: a piece of it per tick. What
   * dies later is left alone. `client.jobs` tells how far it is.
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
