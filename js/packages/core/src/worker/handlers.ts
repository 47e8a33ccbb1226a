/** How handlers fail. */

import { NonRetryableError } from "../base/errors.js";

/** Whether another attempt may help. */
export function mayRetry(error: unknown): boolean {
  return !(error instanceof NonRetryableError);
}

/** A handler took too long. */
export class HandlerTimeoutError extends Error {
  override readonly name = "TimeoutError";
}
