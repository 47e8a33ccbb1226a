import { type Bytes, bytesIn } from "../base/byte-views.js";
import { BadRequestError, BadTypeError, ProtocolError } from "../base/errors.js";
import { big, type Integer, integerWithin, type Schema } from "../base/schema.js";
import { shown, typeName } from "../base/shown.js";

const WRITTEN = /^(\d{1,20})-(\d{1,20})$/;
const ID_BYTES = 16;
const UINT64_MAX = 2n ** 64n - 1n;

/** The position of a record in its stream. `StreamID.parse` is the reverse of `toString`. */
export class StreamID {
  constructor(
    readonly timestampMs: bigint,
    readonly sequence: bigint,
  ) {}

  /** The first id of a millisecond since the Unix epoch. */
  static fromTimestamp(timestampMs: Integer): StreamID {
    return new StreamID(BigInt(integerWithin(timestampMs, "timestampMs")), 0n);
  }

  /**
   * Parse an id: text such as `1703350800000-0`, or the 16 bytes of `toBytes`. Throws
   * `BadRequestError`.
   */
  static parse(written: string | Bytes): StreamID {
    const bytes = bytesIn(written);
    return bytes === null ? parsedText(written as string) : parsedBytes(bytes);
  }

  /** Return the id as 16 bytes that sort as ids do: two 64-bit numbers, highest byte first. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(ID_BYTES);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, this.timestampMs);
    view.setBigUint64(8, this.sequence);
    return bytes;
  }

  /** Compare two ids, for `Array.sort`: negative if `a` comes before `b`. */
  static compare(a: StreamID, b: StreamID): number {
    const [left, right] =
      a.timestampMs === b.timestampMs ? [a.sequence, b.sequence] : [a.timestampMs, b.timestampMs];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  /** Whether both ids are equal. */
  equals(other: StreamID): boolean {
    return StreamID.compare(this, other) === 0;
  }

  /** `MILLISECONDS-SEQUENCE`. */
  toString(): string {
    return `${this.timestampMs}-${this.sequence}`;
  }

  /** In JSON an id is its text. */
  toJSON(): string {
    return this.toString();
  }
}

function parsedText(text: string): StreamID {
  if (typeof text !== "string") {
    throw new BadTypeError(`a stream id must be text or 16 bytes, not ${typeName(text)}`);
  }
  const parts = WRITTEN.exec(text);
  const [timestampMs, sequence] = (parts ?? []).slice(1).map(BigInt);
  if (timestampMs === undefined || sequence === undefined) {
    throw badId(text);
  }
  if (timestampMs > UINT64_MAX || sequence > UINT64_MAX) {
    throw badId(text);
  }
  return new StreamID(timestampMs, sequence);
}

function parsedBytes(bytes: Uint8Array): StreamID {
  if (bytes.length !== ID_BYTES) {
    throw new BadRequestError(`a stream id has ${ID_BYTES} bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, ID_BYTES);
  return new StreamID(view.getBigUint64(0), view.getBigUint64(8));
}

/** Whether it is an id, made by this copy of the package or by another in the same program. */
export function isStreamId(value: unknown): value is StreamID {
  const { timestampMs, sequence } = Object(value) as Partial<StreamID>;
  return typeof timestampMs === "bigint" && typeof sequence === "bigint";
}

function badId(text: string): BadRequestError {
  return new BadRequestError(
    `stream id ${shown(text)} must look like "1703350800000-0" ` +
      "(milliseconds, a dash, a sequence number)",
  );
}

/** An id on the wire: its two numbers. */
export const streamId: Schema<StreamID> = {
  encode(value, field) {
    if (!isStreamId(value)) {
      throw new BadTypeError(`${field} must be a StreamID, not ${typeName(value)}`);
    }
    return [big.encode(value.timestampMs, field), big.encode(value.sequence, field)];
  },
  decode(value) {
    if (!Array.isArray(value) || value.length < 2) {
      throw new ProtocolError(`${shown(value)} stands where a stream id belongs`, { ran: "maybe" });
    }
    return new StreamID(big.decode(value[0]), big.decode(value[1]));
  },
};
