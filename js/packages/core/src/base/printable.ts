/** What others wrote, for people's eyes: a terminal obeys nothing in it, a line stays one line. */

import { errorText } from "./error-text.js";

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `text` with control characters, marks of writing direction and the like as their escapes. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => NAMED[character] ?? escaped(character));
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const digits = code.toString(16);
  if (code < 0x100) {
    return `\\x${digits.padStart(2, "0")}`;
  }
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}

/** What a log is given of `error`: itself, for its stack, unless it could pass for other lines. */
export function loggable(error: unknown): unknown {
  const said = printable(errorText(error));
  if (!(error instanceof Error) || typeof error.message !== "string") {
    return said;
  }
  if (printable(error.message) === error.message) {
    return error;
  }
  const frames = String(error.stack)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return [said, ...frames.map((frame) => `    ${printable(frame.trim())}`)].join("\n");
}
