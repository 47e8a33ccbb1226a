/** Values and payloads: bytes, or text that becomes UTF-8. */

import { text } from "../wire/schema.js";
import { BadRequestError, BadTypeError } from "./errors.js";
import { typeName } from "./shown.js";

export type Payload = Uint8Array | string;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A value or payload as bytes. Throws `BadTypeError` on anything else. */
export function toBytes(value: Payload, field = "a value"): Uint8Array {
  if (typeof value === "string") {
    text.encode(value, field); // refuses text that has no UTF-8
    return encoder.encode(value);
  }
  if (value instanceof Uint8Array) {
    return value;
  }
  throw new BadTypeError(`${field} must be a Uint8Array or a string, not ${typeName(value)}`);
}

/** Several payloads. Throws `BadTypeError` where one is given instead. */
export function manyBytes(payloads: Iterable<Payload>): Uint8Array[] {
  if (typeof payloads === "string" || payloads instanceof Uint8Array) {
    throw new BadTypeError("payloads must be a list of payloads, not one payload");
  }
  return Array.from(payloads, (payload) => toBytes(payload));
}

/** The text that `bytes` are in UTF-8. */
export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** `value` as JSON text in UTF-8. Throws `TypeError` where JSON has no such thing. */
export function toJson(value: unknown): Uint8Array {
  const written = JSON.stringify(value) as string | undefined;
  if (written === undefined) {
    throw new TypeError(`${typeName(value)} cannot be written as JSON`);
  }
  return encoder.encode(written);
}

/** `value` as JSON text in UTF-8. Throws `BadRequestError` where JSON has no such thing. */
export function jsonBytes(field: string, value: unknown): Uint8Array {
  try {
    return toJson(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BadRequestError(`${field} cannot be written as JSON: ${why}`);
  }
}

/** Bytes and text as they are, anything else as JSON. Throws `BadRequestError`. */
export function jsonText(field: string, value: unknown): Uint8Array {
  const isText = typeof value === "string" || value instanceof Uint8Array;
  return isText ? toBytes(value, field) : jsonBytes(field, value);
}
