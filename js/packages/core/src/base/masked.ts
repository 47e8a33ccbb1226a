/**
 * An address for logs and errors: without what stands before an `@`, and without each value behind
 * a `?`, since these may be a user, a password, a token or a key.
 */
export function masked(address: string): string {
  return address
    .replace(/^((?:[a-z]+:\/+)?).*@/is, "$1***@")
    .replace(/([?&#][^=&#\s]*=)[^&#\s]*/g, (_, name: string) => `${name}***`);
}
