/** What is judged here and not by the server: settings of clients and workers, and what they send. */

import { toBytes } from "./bytes.js";
import { BadRequestError, BadTypeError, BlockTooLongError } from "./errors.js";
import {
  BLOCK_MS_MAX,
  DURATION_MS_MAX,
  NAME_BYTES_MAX,
  NAMESPACE_CHARS_MAX,
} from "./limits.generated.js";
import { bool, type Integer } from "./schema.js";
import { shown, typeName } from "./shown.js";

const NAMESPACE = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
const CONTROL = /\p{Cc}/u;
/** The engine's own, which can be read. */
const SYSTEM_NAMESPACE = "_system";

/** A namespace: 1 to 63 letters, digits, `-`, `_`, `.`, beginning with a letter; or `_system`. */
export function checkNamespace(name: string): string {
  if (typeof name !== "string") {
    throw new BadTypeError(`namespace must be text, not ${typeName(name)}`);
  }
  if (!NAMESPACE.test(name) && name !== SYSTEM_NAMESPACE) {
    throw new BadRequestError(
      `namespace ${shown(name)} must be 1 to ${NAMESPACE_CHARS_MAX} letters, digits, '-', ` +
        "'_' or '.', beginning with a letter",
    );
  }
  return name;
}

/** A name: 1 to 255 bytes of UTF-8, no control characters. */
export function checkName(field: string, name: string): string {
  if (typeof name !== "string") {
    throw new BadTypeError(`${field} must be text, not ${typeName(name)}`);
  }
  const size = toBytes(name, field).length;
  if (size < 1 || size > NAME_BYTES_MAX) {
    throw new BadRequestError(
      `${field} ${shown(name)} has ${size} bytes; 1 to ${NAME_BYTES_MAX} are allowed`,
    );
  }
  if (CONTROL.test(name)) {
    throw new BadRequestError(`${field} ${shown(name)} contains a control character`);
  }
  return name;
}

/** An integer in `low` to `high`, both included, as a number. */
export function checkRange(field: string, value: Integer, low: number, high: number): number {
  if (typeof value !== "number" && typeof value !== "bigint") {
    throw new BadTypeError(
      `${field} must be a number, not ${typeName(value)}; ${low} to ${high} is allowed`,
    );
  }
  const number = Number(value);
  if (!Number.isInteger(number) || number < low || number > high) {
    throw new BadRequestError(`${field} is ${value}; an integer from ${low} to ${high} is allowed`);
  }
  return number;
}

/** Yes or no. Throws `BadTypeError` on anything else. */
export function checkFlag(field: string, value: boolean): boolean {
  return bool.encode(value, field) as boolean;
}

/** A duration in milliseconds: `low` to ten years. */
export function checkDuration(field: string, valueMs: Integer, low = 0): number {
  return checkRange(field, valueMs, low, DURATION_MS_MAX);
}

/** `blockMs`: 0 (do not wait) to 300,000. */
export function checkBlock(valueMs: Integer): number {
  if (Number(valueMs) > BLOCK_MS_MAX) {
    throw new BlockTooLongError(`blockMs is ${valueMs}; 0 to ${BLOCK_MS_MAX} is allowed`);
  }
  return checkRange("blockMs", valueMs, 0, BLOCK_MS_MAX);
}
