const SESSION_BYTES = 16;

/** Random bytes, as hex. */
export function randomHex(count: number): string {
  const bytes = new Uint8Array(count);
  crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An id that nobody else has and nobody can guess. */
export function newSession(): string {
  return randomHex(SESSION_BYTES);
}
