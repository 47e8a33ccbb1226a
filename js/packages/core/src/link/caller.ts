/** The one door through which each primitive's methods reach the server. */

import type { Clock } from "../base/clock.js";
import type { FullLogger } from "../base/logger.js";
import type { CallOptions } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Request } from "../wire/request.js";
import type { Wait } from "./call.js";

export interface WaitOptions {
  /** How long the request may wait at the server; it is added to the call's time-out. */
  readonly blockMs?: Integer | null | undefined;
  /** What can end that wait early. */
  readonly wait?: Wait | undefined;
}

/** Sends one request and gives its typed answer; a client is one. */
export interface Caller {
  /** What calls mean that name no namespace. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: FullLogger;
  /** Throws the `FloError` that the server or the connection gave. */
  call<R>(request: Request<R>, options?: CallOptions & WaitOptions): Promise<R>;
}
