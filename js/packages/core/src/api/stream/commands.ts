/** Builds the commands of streams; `client.stream` and batches share it. Nothing here is sent. */

import { type JsonPayload, manyBytes, payloadBytes } from "../../base/bytes.js";
import { NULL_SAYS, type OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import {
  type AppendResult,
  StreamAlter,
  StreamAppend,
  StreamCreate,
  StreamDelete,
  type StreamInfo,
  StreamTrim,
  type TrimResult,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { FORCE, type ForceOptions } from "../base/shared-options.js";
import { GroupCommands } from "./group-commands.js";
import { type Position, positionText } from "./positions.js";

export interface AppendManyOptions {
  /**
   * A name of 1 to 255 bytes. The same key always maps to the same partition (CRC-32 of its UTF-8,
   * modulo the number of partitions).
   */
  readonly partitionKey?: string | null | undefined;
  /**
   * The partition's number, from 0. Default: with neither a partition nor a key, records go to the
   * partitions in turn.
   */
  readonly partition?: Integer | null | undefined;
}

export interface AppendOptions extends AppendManyOptions {
  /** Up to 64 texts by name, together 16 KiB. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | null | undefined;
}

/** Limits of a stream. `null` means that there is no such limit. */
export interface RetentionOptions {
  /** How old a record may become, in milliseconds. */
  readonly maxAgeMs?: Integer | null | undefined;
  /** How many records are kept; the oldest are removed first. */
  readonly maxRecords?: Integer | null | undefined;
  /** How many bytes of payloads, headers and partition keys are kept. */
  readonly maxBytes?: Integer | null | undefined;
}

export interface CreateStreamOptions extends RetentionOptions {
  /** The number of partitions, 1 to 256, which never changes. Default: 1. */
  readonly partitions?: Integer | null | undefined;
}

export interface TrimOptions extends RetentionOptions {
  /** Remove records with a smaller id. */
  readonly before?: Position | null | undefined;
  /** Whether to only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
}

const APPEND_MANY: OptionNames<AppendManyOptions> = { partitionKey: true, partition: true };
const APPEND: OptionNames<AppendOptions> = { ...APPEND_MANY, headers: true };
const RETENTION: OptionNames<RetentionOptions> = {
  maxAgeMs: true,
  maxRecords: true,
  maxBytes: true,
};
/** `null`: no bound any more. */
const ALTER: OptionNames<RetentionOptions> = {
  maxAgeMs: NULL_SAYS,
  maxRecords: NULL_SAYS,
  maxBytes: NULL_SAYS,
};
const CREATE: OptionNames<CreateStreamOptions> = { ...RETENTION, partitions: true };
const TRIM: OptionNames<TrimOptions> = { ...RETENTION, before: true, dryRun: true };
const SETTINGS = [
  ["maxAgeMs", "max_age_ms"],
  ["maxRecords", "max_records"],
  ["maxBytes", "max_bytes"],
] as const;

/** The writes of `client.stream` but `groupRead`. `namespace` is meant where none is named. */
export class StreamCommands extends GroupCommands {
  append(stream: string, payload: JsonPayload, options: AppendOptions = {}): Request<AppendResult> {
    const given = this.known("stream.append", options, APPEND);
    const { partitionKey, partition, headers } = given;
    const payloads = [payloadBytes(payload)];
    const request = StreamAppend.of({ stream, payloads, partitionKey, partition, headers });
    return request.map(([result]) => result as AppendResult);
  }

  appendMany(
    stream: string,
    payloads: Iterable<JsonPayload>,
    options: AppendManyOptions = {},
  ): Request<AppendResult[]> {
    const { partitionKey, partition } = this.known("stream.appendMany", options, APPEND_MANY);
    return StreamAppend.of({ stream, payloads: manyBytes(payloads), partitionKey, partition });
  }

  create(stream: string, options: CreateStreamOptions = {}): Request<StreamInfo> {
    const given = this.known("stream.create", options, CREATE);
    const { partitions, maxAgeMs, maxRecords, maxBytes } = given;
    return StreamCreate.of({ stream, partitions, maxAgeMs, maxRecords, maxBytes });
  }

  alter(stream: string, options: RetentionOptions = {}): Request<StreamInfo> {
    const given = this.known("stream.alter", options, ALTER);
    const { maxAgeMs = null, maxRecords = null, maxBytes = null } = given;
    const unchanged = SETTINGS.filter(([name]) => given[name] === undefined).map(
      ([, wire]) => wire,
    );
    return StreamAlter.of({ stream, maxAgeMs, maxRecords, maxBytes, unchanged });
  }

  trim(stream: string, options: TrimOptions): Request<TrimResult> {
    const given = this.known("stream.trim", options, TRIM);
    const { maxRecords, maxAgeMs, maxBytes, dryRun } = given;
    const before = positionText("before", given.before);
    return StreamTrim.of({ stream, maxRecords, before, maxAgeMs, maxBytes, dryRun });
  }

  delete(stream: string, options: ForceOptions = {}): Request<boolean> {
    const { force } = this.known("stream.delete", options, FORCE);
    return StreamDelete.of({ stream, force });
  }
}
