/** Why there is no connection, in words that help. */

const NOBODY_VOUCHES: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const HOW_TO_TRUST =
  "if this is the right server, name the file with the certificate that vouches for it: " +
  "?ca=FILE in the address, or FLO_TLS_CA";

/** What to tell of an attempt to connect that failed with `error`, which is its cause. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (error.message.includes("ECONNREFUSED")) {
    return new Error("connection refused; is a server running there?", { cause: error });
  }
  if (NOBODY_VOUCHES.has(code)) {
    const told = `its certificate is refused: ${error.message}; ${HOW_TO_TRUST}`;
    return new Error(told, { cause: error });
  }
  return error;
}
