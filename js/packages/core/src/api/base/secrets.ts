/** How secrets are written, and what of them is sent. */

export const ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
export const ID_CHARS = 12;
export const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const SECRET_CHARS = 43;

/** What a server keeps of a secret. */
export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
