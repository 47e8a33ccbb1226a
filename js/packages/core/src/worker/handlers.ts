/** What is told of a handler that failed. */

import { toBytes, toText } from "../base/bytes.js";
import { NonRetryableError } from "../base/errors.js";
import { ERROR_TEXT_BYTES_MAX } from "../base/limits.generated.js";

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** What a run keeps of an error: its name and message, at most 4 KiB. */
export function errorText(error: unknown): string {
  const text = (error instanceof Error ? textOf(error) : String(error)).replace(
    LONE_SURROGATES,
    "\ufffd",
  );
  const data = toBytes(text);
  if (data.length <= ERROR_TEXT_BYTES_MAX) {
    return text;
  }
  const note = ` … (cut from ${data.length} bytes)`;
  const kept = data.subarray(0, ERROR_TEXT_BYTES_MAX - toBytes(note).length - 3);
  return toText(kept).replace(/\ufffd+$/u, "") + note; // a character that was cut in two
}

function textOf(error: Error): string {
  return error.message ? `${error.name}: ${error.message}` : error.name;
}

/** Whether another attempt may help. */
export function mayRetry(error: unknown): boolean {
  return !(error instanceof NonRetryableError);
}

/** A handler's time was up. */
export class HandlerTimeoutError extends Error {
  override readonly name = "TimeoutError";
}
