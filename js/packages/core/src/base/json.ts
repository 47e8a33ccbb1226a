/**
 * Writing JSON, and saying of what it has no form for: `JSON.stringify` writes `{}` for a promise or a
 * map, `null` for NaN, and leaves functions out, none of which anybody means.
 */

import { isBytes } from "./byte-views.js";
import { BadTypeError } from "./errors.js";
import { shown, typeName } from "./shown.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder(); // which passes over U+FEFF at the beginning
/** Objects that JSON.stringify makes `{}` of, by the names of their kinds. */
const WITHOUT_FORM =
  /^(?:(?:Weak)?(?:Map|Set)|WeakRef|Promise|RegExp|Error|Symbol|BigInt|.*Generator|.*Iterator)$/;

const PLAIN = /^(?:Object|Array|String|Number|Boolean|Arguments|Module)$/;

/** What JSON text in UTF-8 says; U+FEFF before it is passed over. Throws `SyntaxError`. */
export function fromJson(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}

/** `value` as JSON text in UTF-8. Throws `BadTypeError`, saying where what cannot be written is. */
export function jsonBytes(field: string, value: unknown): Uint8Array {
  check(field, value, new Set());
  return encoder.encode(JSON.stringify(value));
}

function check(where: string, value: unknown, holders: Set<object>): void {
  if (typeof value === "object") {
    checkObject(where, value, holders);
  } else if (typeof value === "bigint") {
    refuse(where, `${value}n (a BigInt: make it a number or a text)`);
  } else if (typeof value === "number" && !Number.isFinite(value)) {
    refuse(where, String(value));
  } else if (!["string", "boolean", "number"].includes(typeof value)) {
    refuse(where, `a value of type ${typeof value}`);
  }
}

function checkObject(where: string, value: object | null, holders: Set<object>): void {
  if (value === null) {
    return;
  }
  if (holders.has(value)) {
    refuse(where, "something that holds it");
  }
  if (isBytes(value)) {
    refuse(where, `${typeName(value)} (bytes: give the value that they stand for)`);
  }
  holders.add(value);
  const written = writtenAs(where, value);
  if (written === value) {
    checkKind(where, value);
    checkMembers(where, value, holders);
  } else {
    check(where, written, holders);
  }
  holders.delete(value);
}

/** What `value` itself says should be written in its place. */
function writtenAs(where: string, value: object): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  const written: unknown = typeof toJSON === "function" ? toJSON.call(value, "") : value;
  return written === null ? refuse(where, `a ${typeName(value)} that is not valid`) : written;
}

function checkKind(where: string, value: object): void {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (typeof (value as { then?: unknown }).then === "function") {
    refuse(where, `a ${typeName(value)} (is an await missing?)`);
  }
  const isEmptyOfAKind = !PLAIN.test(kind) && Object.keys(value).length === 0; // a Blob, say
  if (WITHOUT_FORM.test(kind) || isEmptyOfAKind) {
    refuse(where, `a ${kind}`);
  }
}

function checkMembers(where: string, value: object, holders: Set<object>): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      check(`${where}[${index}]`, item, holders);
    }
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) {
      check(`${where}[${shown(name)}]`, member, holders); // JSON leaves undefined out, as is usual
    }
  }
}

function refuse(where: string, what: string): never {
  throw new BadTypeError(`${where} cannot be written as JSON: it is ${what}`);
}
