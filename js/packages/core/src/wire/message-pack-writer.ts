/**
 * Writing MessagePack, each value in its shortest form, byte for byte as the Python side does.
 *
 * A number that is an integer and a bigint are written alike, other numbers as 64-bit floats.
 */

const BUFFER_BYTES = 2_048;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES_MAX = 1_048_576;
/** Texts of up to so many characters are written here, longer ones by the runtime. */
const SHORT_TEXT_CHARS = 24;

const utf8 = new TextEncoder();
let shared = new Uint8Array(BUFFER_BYTES);

/** `value` as MessagePack. */
export function encodeMessagePack(value: unknown): Uint8Array {
  const writer = new Writer(shared);
  writer.value(value);
  const written = writer.written();
  shared = writer.buffer.length > KEPT_BYTES_MAX ? new Uint8Array(BUFFER_BYTES) : writer.buffer;
  return written;
}

/** How the lengths of one kind of value are written: in its head, or after it in 1, 2 or 4 bytes. */
interface Lengths {
  readonly within: number;
  readonly withinMax: number;
  readonly one: number | null;
  readonly two: number;
  readonly four: number;
}

const TEXT: Lengths = { within: 0xa0, withinMax: 31, one: 0xd9, two: 0xda, four: 0xdb };
const BYTES: Lengths = { within: 0, withinMax: -1, one: 0xc4, two: 0xc5, four: 0xc6 };
const ARRAY: Lengths = { within: 0x90, withinMax: 15, one: null, two: 0xdc, four: 0xdd };
const MAP: Lengths = { within: 0x80, withinMax: 15, one: null, two: 0xde, four: 0xdf };

class Writer {
  buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;

  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }

  /** A copy of what was written. */
  written(): Uint8Array {
    return this.buffer.slice(0, this.#at);
  }

  value(value: unknown): void {
    if (typeof value === "string") {
      this.#text(value);
    } else if (typeof value === "number") {
      this.#number(value);
    } else if (typeof value === "bigint") {
      this.#bigInteger(value);
    } else if (typeof value === "boolean") {
      this.#byte(value ? 0xc3 : 0xc2);
    } else if (value === null) {
      this.#byte(0xc0);
    } else if (typeof value === "object") {
      this.#object(value);
    } else {
      throw new TypeError(`a ${typeof value} has no form in MessagePack`);
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) {
      this.#length(value.length, ARRAY);
      for (const item of value) {
        this.value(item);
      }
    } else if (ArrayBuffer.isView(value)) {
      this.#bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else {
      const pairs = Object.entries(value);
      this.#length(pairs.length, MAP);
      for (const [name, each] of pairs) {
        this.#text(name);
        this.value(each);
      }
    }
  }

  /** Make room for `count` bytes; where they begin. */
  #take(count: number): number {
    const at = this.#at;
    const needed = at + count;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, at));
      this.buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#at = needed;
    return at;
  }

  #byte(value: number): void {
    const at = this.#take(1); // first, because it may change the buffer
    this.buffer[at] = value;
  }

  /** `head`, then `value` as an unsigned integer of `size` bytes. */
  #head(head: number, value: number, size: 1 | 2 | 4): void {
    const at = this.#take(1 + size);
    this.buffer[at] = head;
    if (size === 1) {
      this.#view.setUint8(at + 1, value);
    } else if (size === 2) {
      this.#view.setUint16(at + 1, value);
    } else {
      this.#view.setUint32(at + 1, value);
    }
  }

  #length(count: number, { within, withinMax, one, two, four }: Lengths): void {
    if (count <= withinMax) {
      this.#byte(within | count);
    } else if (one !== null && count < 0x100) {
      this.#head(one, count, 1);
    } else if (count < 0x1_0000) {
      this.#head(two, count, 2);
    } else {
      this.#head(four, count, 4);
    }
  }

  #bytes(bytes: Uint8Array): void {
    this.#length(bytes.length, BYTES);
    const at = this.#take(bytes.length);
    this.buffer.set(bytes, at);
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT_CHARS && this.#ascii(text)) {
      return;
    }
    const bytes = utf8.encode(text);
    this.#length(bytes.length, TEXT);
    const at = this.#take(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Write a short text if all of it is ASCII. */
  #ascii(text: string): boolean {
    const at = this.#take(1 + text.length);
    this.buffer[at] = TEXT.within | text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#at = at;
        return false;
      }
      this.buffer[at + 1 + index] = code;
    }
    return true;
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) {
      this.#integer(value);
    } else {
      this.#float(value);
    }
  }

  #integer(value: number): void {
    if (value >= 0) {
      this.#positive(value);
    } else if (value >= -0x20) {
      this.#byte(value + 0x100);
    } else if (value >= -0x80) {
      this.#head(0xd0, value + 0x100, 1);
    } else if (value >= -0x8000) {
      this.#head(0xd1, value + 0x1_0000, 2);
    } else if (value >= -0x8000_0000) {
      this.#head(0xd2, value + 0x1_0000_0000, 4);
    } else {
      this.#long(0xd3, BigInt(value));
    }
  }

  #positive(value: number): void {
    if (value < 0x80) {
      this.#byte(value);
    } else if (value < 0x100) {
      this.#head(0xcc, value, 1);
    } else if (value < 0x1_0000) {
      this.#head(0xcd, value, 2);
    } else if (value < 0x1_0000_0000) {
      this.#head(0xce, value, 4);
    } else {
      this.#long(0xcf, BigInt(value));
    }
  }

  #bigInteger(value: bigint): void {
    if (value >= -0x8000_0000n && value < 0x1_0000_0000n) {
      this.#integer(Number(value));
    } else {
      this.#long(value < 0n ? 0xd3 : 0xcf, value);
    }
  }

  #long(head: number, value: bigint): void {
    const at = this.#take(9);
    this.buffer[at] = head;
    this.#view.setBigUint64(at + 1, BigInt.asUintN(64, value));
  }

  #float(value: number): void {
    const at = this.#take(9);
    this.buffer[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
  }
}
