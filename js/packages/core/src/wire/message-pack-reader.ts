/**
 * Reading MessagePack: what the library that writes it would lose is kept.
 *
 * A text comes back as it went in, with U+FEFF at its beginning and with any key, `__proto__` too;
 * integers of 64 bits are bigints. Bytes are windows on what was read. No extension types: the
 * protocol has none.
 */

const DEPTH_MAX = 512;
/** Texts of up to so many bytes are read here, longer ones by the runtime, whichever is quicker. */
const SHORT_TEXT_BYTES = 24;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true }); // which means: keeps U+FEFF

/** The one value that `bytes` hold. Throws `RangeError` where they are not exactly one. */
export function decodeMessagePack(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw new RangeError(`${this.#bytes.length - this.#at} bytes stand after the value`);
    }
  }

  value(depth: number): unknown {
    const head = this.#view.getUint8(this.#skip(1));
    if (head < 0x80) {
      return head;
    }
    if (head >= 0xe0) {
      return head - 0x100;
    }
    if (head < 0x90) {
      return this.#map(head & 0x0f, depth);
    }
    if (head < 0xa0) {
      return this.#array(head & 0x0f, depth);
    }
    return head < 0xc0 ? this.#text(head & 0x1f) : this.#typed(head, depth);
  }

  #typed(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#window(this.#size(head - 0xc4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#size(head - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#size(head - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#size(head - 0xdd), depth);
      default:
        return this.#number(head);
    }
  }

  #number(head: number): number | bigint {
    const view = this.#view;
    switch (head) {
      case 0xca:
        return view.getFloat32(this.#skip(4));
      case 0xcb:
        return view.getFloat64(this.#skip(8));
      case 0xcc:
        return view.getUint8(this.#skip(1));
      case 0xcd:
        return view.getUint16(this.#skip(2));
      case 0xce:
        return view.getUint32(this.#skip(4));
      case 0xcf:
        return view.getBigUint64(this.#skip(8));
      case 0xd0:
        return view.getInt8(this.#skip(1));
      case 0xd1:
        return view.getInt16(this.#skip(2));
      case 0xd2:
        return view.getInt32(this.#skip(4));
      case 0xd3:
        return view.getBigInt64(this.#skip(8));
      default:
        throw new RangeError(`0x${head.toString(16)} begins no value`);
    }
  }

  /** Pass `count` bytes, which must be there; where they begin. */
  #skip(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) {
      throw new RangeError(`${this.#bytes.length} bytes end within a value`);
    }
    this.#at = at + count;
    return at;
  }

  /** A length of 1, 2 or 4 bytes. */
  #size(power: number): number {
    const view = this.#view;
    if (power === 0) {
      return view.getUint8(this.#skip(1));
    }
    return power === 1 ? view.getUint16(this.#skip(2)) : view.getUint32(this.#skip(4));
  }

  #window(size: number): Uint8Array {
    const at = this.#skip(size);
    return this.#bytes.subarray(at, at + size);
  }

  #text(size: number): string {
    if (size > SHORT_TEXT_BYTES) {
      return utf8.decode(this.#window(size));
    }
    const begin = this.#skip(size);
    let text = "";
    for (let at = begin; at < begin + size; at++) {
      const byte = this.#bytes[at] as number;
      if (byte >= 0x80) {
        return utf8.decode(this.#bytes.subarray(begin, begin + size));
      }
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #array(count: number, depth: number): unknown[] {
    this.#checkNesting(count, depth);
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) {
      items.push(this.value(depth + 1));
    }
    return items;
  }

  #map(count: number, depth: number): Record<string, unknown> {
    this.#checkNesting(count, depth);
    const map: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      put(map, this.#key(depth), this.value(depth + 1));
    }
    return map;
  }

  #key(depth: number): string {
    const key = this.value(depth + 1);
    if (typeof key !== "string") {
      throw new RangeError(`a ${typeof key} is the key of a map; only texts are`);
    }
    return key;
  }

  /** Every item takes a byte at least, so no length makes more work than there are bytes. */
  #checkNesting(count: number, depth: number): void {
    if (depth > DEPTH_MAX) {
      throw new RangeError(`values are nested deeper than ${DEPTH_MAX}`);
    }
    if (count > this.#bytes.length - this.#at) {
      throw new RangeError(`${count} items do not fit into what is left`);
    }
  }
}

/** Set a member; that of the name `__proto__` is one like any other. */
function put(map: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(map, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    map[name] = value;
  }
}
