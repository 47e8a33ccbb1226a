/** Where to read a stream from, and which of its records are meant. */

import { BadTypeError } from "../base/errors.js";
import { typeName } from "../base/shown.js";
import type { StreamRecord } from "../wire/messages.generated.js";
import { StreamID } from "../wire/stream-id.js";

/** An id, its text, `"0"` (the beginning) or `"$"` (after the last). */
export type Position = StreamID | string;

type RecordId = StreamID | string | StreamRecord;
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
  if (position instanceof StreamID) {
    return position.toString();
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
  return isOne(ids) ? [named(ids)] : Array.from(ids, named);
}

function isOne(ids: RecordIds): ids is RecordId {
  return typeof ids === "string" || ids instanceof StreamID || isRecord(ids);
}

function isRecord(item: unknown): item is StreamRecord {
  return typeof item === "object" && item !== null && "id" in item && "payload" in item;
}

function named(item: RecordId): NamedRecord {
  if (typeof item === "string") {
    return { id: StreamID.parse(item), lease: 0n };
  }
  if (item instanceof StreamID) {
    return { id: item, lease: 0n };
  }
  if (isRecord(item)) {
    return { id: item.id, lease: item.lease };
  }
  throw new BadTypeError(
    `${typeName(item)} is no record id; give a StreamID, its text or a record`,
  );
}
