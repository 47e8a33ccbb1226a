/** Moments, durations, sizes and texts, as a person reads them. */

const CONTROLS = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** `text` with controls and marks of direction made visible: nothing in it can move other text. */
export function shown(text: string): string {
  return text.replace(CONTROLS, (mark) => {
    if (mark === "\n" || mark === "\t") {
      return mark;
    }
    const code = mark.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

export function count(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

export function bytes(size: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = size;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** How old the oldest is, where there is one: the server says 0 where there is none. */
export function age(ms: number): string {
  return ms > 0 ? duration(ms) : "–";
}

/** A duration in at most two units: `3 m 20 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) {
    return `${Math.max(0, Math.round(ms))} ms`;
  }
  if (ms < 10_000) {
    return `${Math.round(ms / 100) / 10} s`;
  }
  const parts: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "m"],
    [1_000, "s"],
  ];
  const found: string[] = [];
  let left = ms;
  for (const [size, name] of parts) {
    if (left >= size && found.length < 2) {
      found.push(`${Math.floor(left / size)} ${name}`);
      left %= size;
    } else if (found.length > 0) {
      break;
    }
  }
  return found.join(" ");
}

/** How long ago, or in how long. */
export function ago(ms: number | bigint, nowMs = Date.now()): string {
  const past = nowMs - Number(ms);
  if (Math.abs(past) < 1_000) {
    return "now";
  }
  return past > 0 ? `${duration(past)} ago` : `in ${duration(-past)}`;
}

export function moment(ms: number | bigint): string {
  return new Date(Number(ms)).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** The text of a payload where it is UTF-8. */
export function textOf(payload: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return null;
  }
}

/** The first line or so of a payload, for a list. */
export function glimpse(payload: Uint8Array, length = 80): string {
  const text =
    textOf(payload.subarray(0, length * 4)) ?? textOf(payload.subarray(0, length * 4 - 3));
  if (text === null) {
    return `${bytes(payload.length)} of bytes`;
  }
  const line = shown(text.replace(/\s+/gu, " "));
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

export function hex(payload: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < payload.length; at += 16) {
    const row = payload.subarray(at, at + 16);
    const codes = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = Array.from(row, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".",
    ).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${codes.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}
