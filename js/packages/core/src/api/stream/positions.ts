/** Where to read a stream from, and which of its records are meant. */

import { listOf } from "../../base/bytes.js";
import { checkFlag } from "../../base/checks.js";
import { BadRequestError, BadTypeError } from "../../base/errors.js";
import type { Given, OptionNames } from "../../base/options.js";
import { type Integer, integerWithin } from "../../base/schema.js";
import { typeName } from "../../base/shown.js";
import type { StreamRecord } from "../../wire/messages.generated.js";
import { isStreamId, StreamID } from "../../wire/stream-id.js";

const SEQUENCE_MAX = 2n ** 64n - 1n;

/** An id or its text, `"0"` (the beginning) or `"$"` (after the last record). */
export type Position = StreamID | string;

/** A record as it was delivered: its id, and the lease that it came under. */
type Delivered = Pick<StreamRecord, "id" | "lease">;
type RecordId = StreamID | string | Delivered;
/** One record, its id or the text of it, or several. */
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

/** A position that has no default, as it travels. Throws `BadTypeError` where there is none. */
export function neededPositionText(field: string, position: Position): string {
  const text = positionText(field, position);
  if (text === undefined) {
    throw new BadTypeError(`${field} must be given: a StreamID, its text, "0" or "$"`);
  }
  return text;
}

/** A position, or a moment in epoch milliseconds. */
export type Moment = Position | Integer;

/** Where to begin; give one of these. */
export interface StartOptions {
  /** Begin at this position; the record there is included. */
  readonly start?: Position | null | undefined;
  /** Another name for `start`, which also takes a moment in epoch milliseconds. */
  readonly from?: Moment | null | undefined;
  /** The same as `start: "0"`. */
  readonly fromBeginning?: boolean | null | undefined;
}

export const START: OptionNames<StartOptions> = { start: true, from: true, fromBeginning: true };

/** Where to begin, as it travels. Throws `BadRequestError` where it is said twice. */
export function startText(method: string, options: Given<StartOptions>): string | undefined {
  const { start, from, fromBeginning = false } = options;
  return only(method, {
    start: positionText("start", start),
    from: momentText("from", from, 0n),
    fromBeginning: checkFlag("fromBeginning", fromBeginning) ? "0" : undefined,
  });
}

/** Where to end, as it travels; `to` may be a moment in epoch milliseconds. */
export function endText(
  method: string,
  end: Position | undefined,
  to: Moment | undefined,
): string | undefined {
  return only(method, {
    end: positionText("end", end),
    to: momentText("to", to, SEQUENCE_MAX),
  });
}

function momentText(
  field: string,
  moment: Moment | undefined,
  sequence: bigint,
): string | undefined {
  const isMoment = typeof moment === "number" || typeof moment === "bigint";
  return isMoment
    ? `${integerWithin(moment, field)}-${sequence}`
    : positionText(field, moment as Position | undefined);
}

/** The one of these that is given. */
function only(
  method: string,
  given: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const found = Object.entries(given).filter(([, value]) => value !== undefined);
  if (found.length > 1) {
    const names = found.map(([name]) => name).join(" and ");
    throw new BadRequestError(`${method}: ${names} say the same; give one of them`);
  }
  return found[0]?.[1];
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
