/** `value` as an error message shows it: at most 80 characters. */
export function shown(value: unknown): string {
  const text = written(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function written(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.slice(0, 100));
  }
  if (typeof value === "bigint") {
    return `${value}n`;
  }
  if (typeof value === "object" && value !== null) {
    return typeName(value);
  }
  return String(value);
}

/** What kind of thing `value` is, in a word. */
export function typeName(value: unknown): string {
  if (value === null) {
    return "null";
  }
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}
