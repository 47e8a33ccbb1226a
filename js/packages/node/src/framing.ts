/**
 * How messages are told apart on a stream of bytes: four bytes of length, little-endian, then the
 * message. TCP alone needs this. No I/O.
 */

import { ProtocolError } from "@floruntime/core";

/** What a client sends first: the letters FLO and the version of the framing. */
export const PREAMBLE: Uint8Array = Uint8Array.of(0x46, 0x4c, 0x4f, 0x02);
const LENGTH_BYTES = 4;

/** What stands before a message of `bodyBytes` bytes. */
export function lengthOf(bodyBytes: number): Uint8Array {
  const head = new Uint8Array(LENGTH_BYTES);
  new DataView(head.buffer).setUint32(0, bodyBytes, true);
  return head;
}

/** `body` with its length before it. */
export function frame(body: Uint8Array): Uint8Array {
  return joined([lengthOf(body.length), body]);
}

/** These bytes in one piece. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) {
    return first;
  }
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Cuts a byte stream into frame bodies. After a bad length it is `failed` and takes nothing.
 *
 * The pieces of an unfinished frame are only joined when it is complete, so the work is linear in
 * the bytes however small the pieces are.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  #unfinished: Uint8Array[] = [];
  #heldBytes = 0;
  #wantedBytes = LENGTH_BYTES;
  failed: ProtocolError | null = null;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** The bodies that `data` completes, in order. They are windows on bytes that nobody changes. */
  receive(data: Uint8Array): Uint8Array[] {
    if (this.failed !== null) {
      return [];
    }
    this.#hold(data);
    if (this.#heldBytes < this.#wantedBytes) {
      return [];
    }
    const whole = joined(this.#unfinished);
    this.#unfinished = [];
    this.#heldBytes = 0;
    return this.#cut(whole);
  }

  #hold(data: Uint8Array): void {
    this.#unfinished.push(data);
    this.#heldBytes += data.length;
  }

  #cut(whole: Uint8Array): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
    let at = 0;
    this.#wantedBytes = LENGTH_BYTES;
    while (whole.length - at >= LENGTH_BYTES) {
      const size = view.getUint32(at, true);
      if (size > this.#frameBytesMax) {
        this.#fail(size);
        return bodies;
      }
      const after = at + LENGTH_BYTES + size;
      if (after > whole.length) {
        this.#wantedBytes = LENGTH_BYTES + size;
        break;
      }
      bodies.push(whole.subarray(at + LENGTH_BYTES, after));
      at = after;
    }
    if (at < whole.length) {
      this.#hold(whole.subarray(at));
    }
    return bodies;
  }

  #fail(size: number): void {
    this.failed = new ProtocolError(
      `a frame claims ${size} bytes; at most ${this.#frameBytesMax} are allowed`,
      { ran: "maybe" },
    );
  }
}
