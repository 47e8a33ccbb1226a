/** What errors say. Anything at all can be thrown, and saying so must not throw again. */

import { toBytes, toText } from "./bytes.js";
import { ERROR_TEXT_BYTES_MAX } from "./limits.generated.js";

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** What a run keeps of an error: its name and message, at most 4 KiB. */
export function errorText(error: unknown): string {
  const text = said(error).replace(LONE_SURROGATES, "\ufffd");
  const data = toBytes(text);
  if (data.length <= ERROR_TEXT_BYTES_MAX) {
    return text;
  }
  const note = ` … (cut from ${data.length} bytes)`;
  const kept = data.subarray(0, ERROR_TEXT_BYTES_MAX - toBytes(note).length - 3);
  return toText(kept).replace(/\ufffd+$/u, "") + note; // a character that was cut in two
}

/** The message of an error, without its name. */
export function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { message?: unknown };
    return typeof message === "string" && message !== "" ? message : said(error);
  } catch {
    return said(error);
  }
}

/** The first of several ways to put it that leads to a text. */
function said(error: unknown): string {
  for (const way of [asError, asItself, asJson]) {
    try {
      const text = way(error);
      if (text) {
        return text;
      }
    } catch {
      // it has a getter, a proxy or a toString that throws
    }
  }
  return "something was thrown that says nothing of itself";
}

/** `name: message`, of errors of any realm. */
function asError(error: unknown): string | null {
  const { name, message, errors } = Object(error) as { [part: string]: unknown };
  if (typeof name !== "string" || typeof error === "function") {
    return null;
  }
  const parts = Array.isArray(errors) ? errors.map(messageOf).join("; ") : "";
  const text = typeof message === "string" && message !== "" ? message : parts;
  return text === "" ? name : `${name}: ${text}`;
}

/** What it says of itself as text, where it does. */
function asItself(error: unknown): string | null {
  const text = String(error);
  return text.startsWith("[object ") ? null : text;
}

function asJson(error: unknown): string | null {
  const text = JSON.stringify(error) as string | undefined;
  return text === "{}" ? null : (text ?? null);
}
