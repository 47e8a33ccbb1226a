/** Options of calls: nothing is accepted and ignored. */

import { checkBlock } from "./checks.js";
import { BadRequestError, BadTypeError } from "./errors.js";
import type { Integer } from "./schema.js";
import { shown, typeName } from "./shown.js";

/** What every call takes. */
export interface CallOptions {
  /** The client's own unless given. */
  readonly namespace?: string | undefined;
  /** Gives up waiting; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The names that `T` has, every one of them. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** Of calls that have no options of their own. */
export type NoOptions = object;
export const NONE: OptionNames<NoOptions> = {};

const OF_EVERY_CALL: OptionNames<CallOptions> = { namespace: true, signal: true };

/** `options`, whose names must all be known to `method`. Throws `BadRequestError`. */
export function known<T extends object>(method: string, options: T, names: OptionNames<T>): T {
  if (!isNamed(options)) {
    throw new BadTypeError(`${method}: options must be an object, not ${typeName(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) {
      const all = Object.keys(names).join(", ") || "none";
      throw new BadRequestError(`${method} has no option ${shown(name)}; it has: ${all}`);
    }
  }
  return options;
}

/** As `known`, for a call, which may have those options, too, that every call has. */
export function knownOfCall<T extends object>(
  method: string,
  options: T & CallOptions,
  names: OptionNames<T>,
): T & CallOptions {
  known(method, options, { ...names, ...OF_EVERY_CALL } as OptionNames<T & CallOptions>);
  checkSignal(method, options.signal);
  const { blockMs } = options as { blockMs?: Integer };
  if (blockMs !== undefined) {
    checkBlock(blockMs);
  }
  return options;
}

/** Whether it can hold options by name: a list, a promise, a map and the like cannot. */
function isNamed(options: unknown): boolean {
  const isObject = Object.prototype.toString.call(options) === "[object Object]";
  return isObject && typeof (options as { then?: unknown }).then !== "function";
}

function checkSignal(method: string, signal: AbortSignal | undefined): void {
  if (signal === undefined) {
    return;
  }
  const { aborted, addEventListener } = Object(signal) as AbortSignal;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new BadTypeError(`${method}: signal must be an AbortSignal, not ${typeName(signal)}`);
  }
}
