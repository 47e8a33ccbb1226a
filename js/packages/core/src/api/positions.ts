/** Where to read a stream from, and which of its records are meant. */

import { listOf } from "../base/bytes.js";
import { BadTypeError } from "../base/errors.js";
import { typeName } from "../base/shown.js";
import type { StreamRecord } from "../wire/messages.generated.js";
import { isStreamId, StreamID } from "../wire/stream-id.js";

/** An id, its text, `"0"` (the beginning) or `"$"` (after the last). */
export type Position = StreamID | string;

/** A record as it was delivered: its id, and the lease that it came under. */
type Delivered = Pick<StreamRecord, "id" | "lease">;
type RecordId = StreamID | string | Delivered;
/** One id (or its text, or the record), or several. */
export type RecordIds = RecordId | Iterable<RecordId>;

/** A position as it travels: an id's text, `0` or `$`. */
export function positionText(
  field: string,
  position: Position | null | undefined,
): string | undefined {
  if (position === undefined || position === null) {
    return undefined;
  }
  if (isStreamId(position)) {
    return `${position.timestampMs}-${position.sequence}`;
  }
  if (typeof position !== "string") {
    throw new BadTypeError(
      `${field} must be a StreamID, its text, "0" or "$", not ${typeName(position)}`,
    );
  }
  return position === "0" || position === "$" ? position : StreamID.parse(position).toString();
}

/** A record's id, and the lease that came with it where it was handed over itself. */
export interface NamedRecord {
  readonly id: StreamID;
  readonly lease: bigint;
}

/** Which records are meant. Throws `BadRequestError` on what is no id. */
export function namedRecords(ids: RecordIds): NamedRecord[] {
  return isOne(ids) ? [named(ids)] : listOf("ids", ids).map(named);
}

function isOne(ids: RecordIds): ids is RecordId {
  return typeof ids === "string" || isStreamId(ids) || isRecord(ids);
}

function isRecord(item: unknown): item is Delivered {
  return typeof item === "object" && item !== null && "id" in item && "lease" in item;
}

function named(item: RecordId): NamedRecord {
  if (typeof item === "string") {
    return { id: StreamID.parse(item), lease: 0n };
  }
  if (isStreamId(item)) {
    return { id: item, lease: 0n };
  }
  if (isRecord(item)) {
    return { id: item.id, lease: item.lease };
  }
  throw new BadTypeError(
    `${typeName(item)} is no record id; give a StreamID, its text or a record`,
  );
}
