/** Values and payloads: bytes, text that becomes UTF-8, and objects where JSON is meant. */

import { type Bytes, copyOfBytes, isBytes } from "./byte-views.js";
import { BadTypeError } from "./errors.js";
import { jsonBytes } from "./json.js";
import { text } from "./schema.js";
import { typeName } from "./shown.js";

/** A value: bytes of any kind, or text, which is kept as UTF-8. */
export type Payload = Bytes | string;
/** A payload, or an object or array that is kept as JSON text. */
export type JsonPayload = Payload | object;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // which means: keeps U+FEFF

/** A copy of a value as bytes. Throws `BadTypeError` on what is neither bytes nor text. */
export function toBytes(value: Payload, field = "a value"): Uint8Array {
  if (typeof value === "string") {
    text.encode(value, field); // refuses text that has no UTF-8
    return encoder.encode(value);
  }
  return copyOfBytes(value) ?? refuse(field, "a Uint8Array or a string", value);
}

/** A payload as bytes; objects and arrays become JSON text. Throws `BadTypeError`. */
export function payloadBytes(payload: JsonPayload, field = "a payload"): Uint8Array {
  if (typeof payload === "object" && payload !== null && !isBytes(payload)) {
    return jsonBytes(field, payload);
  }
  return typeof payload === "string" || isBytes(payload)
    ? toBytes(payload, field)
    : refuse(field, "a Uint8Array, a string, or an object for JSON", payload);
}

/** Several payloads. Throws `BadTypeError` where one is given instead, or what is no list. */
export function manyBytes(payloads: Iterable<JsonPayload>): Uint8Array[] {
  if (typeof payloads === "string" || isBytes(payloads)) {
    throw new BadTypeError("payloads must be a list of payloads, not one payload");
  }
  return listOf("payloads", payloads).map((payload) => payloadBytes(payload));
}

/** The items of a list, or of anything else that is gone through with `for`. */
export function listOf<T>(field: string, items: Iterable<T>): T[] {
  const isList = typeof items === "object" && items !== null && Symbol.iterator in items;
  return isList && !isBytes(items) ? [...items] : refuse(field, "a list", items);
}

/** The text that `bytes` are in UTF-8. */
export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Bytes and text as they are, anything else as JSON. Throws `BadTypeError`. */
export function jsonText(field: string, value: unknown): Uint8Array {
  const isText = typeof value === "string" || isBytes(value);
  return isText ? toBytes(value, field) : jsonBytes(field, value);
}

function refuse(field: string, wanted: string, value: unknown): never {
  const note = isPromise(value) ? " (is an await missing?)" : "";
  throw new BadTypeError(`${field} must be ${wanted}, not ${typeName(value)}${note}`);
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
