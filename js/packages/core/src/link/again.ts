import type { FloError, Ran } from "../base/errors.js";

/** The same error once more, for another caller. */
export function again(error: FloError, ran: Ran = "no"): FloError {
  const kind = error.constructor as typeof FloError;
  return new kind(error.message, { ran, details: error.details, cause: error });
}
