/**
 * What bytes are: any view on a buffer, and buffers themselves, of any realm (a frame of a page, the
 * sandbox of a test), judged by what they are and not by whose constructor made them.
 */

/** Bytes as a caller may have them: `Uint8Array`, Node's `Buffer`, a view, a whole buffer. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

const BUFFERS = ["[object ArrayBuffer]", "[object SharedArrayBuffer]"];

/** Whether `value` is bytes. */
export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || BUFFERS.includes(Object.prototype.toString.call(value));
}

/** The bytes that `value` is, where they lie; `null` where it is none. */
export function bytesIn(value: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return isBytes(value) ? new Uint8Array(value as ArrayBuffer) : null;
}

/** A copy of the bytes that `value` is; `null` where it is none. */
export function copyOfBytes(value: unknown): Uint8Array | null {
  return bytesIn(value)?.slice() ?? null;
}
