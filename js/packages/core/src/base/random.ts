const SESSION_BYTES = 16;

/** Random bytes, as hex. */
export function randomHex(count: number): string {
  const bytes = new Uint8Array(count);
  crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A text of `count` characters of `alphabet` (64 at most), each as likely as the others. */
export function randomText(alphabet: string, count: number): string {
  const fair = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < count) {
    const bytes = new Uint8Array(count);
    crypto.getRandomValues(bytes);
    for (const byte of bytes) {
      text += byte < fair && text.length < count ? alphabet[byte % alphabet.length] : "";
    }
  }
  return text;
}

/** An id that nobody else has and nobody can guess. */
export function newSession(): string {
  return randomHex(SESSION_BYTES);
}
