/** Options of calls: nothing is accepted and ignored. */

import { checkBlock } from "./checks.js";
import { BadRequestError, BadTypeError } from "./errors.js";
import type { Integer } from "./schema.js";
import { shown, typeName } from "./shown.js";

/** What every call takes. */
export interface CallOptions {
  /** The client's own unless given. */
  readonly namespace?: string | undefined;
  /** How long this call may take, beside its own `blockMs`. The client's own unless given. */
  readonly timeoutMs?: Integer | undefined;
  /** Gives up waiting; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The names that `T` has, every one of them; a text says of which other option it is a name. */
export type OptionNames<T> = Readonly<Record<keyof T, true | (keyof T & string)>>;

/** Of calls that have no options of their own. */
export type NoOptions = object;
export const NONE: OptionNames<NoOptions> = {};

const OF_EVERY_CALL: OptionNames<CallOptions> = {
  namespace: true,
  timeoutMs: true,
  signal: true,
};

/**
 * `options`, whose names must all be known to `method`, each under its first name. Throws
 * `BadRequestError`.
 */
export function known<T extends object>(method: string, options: T, names: OptionNames<T>): T {
  if (!isNamed(options)) {
    throw new BadTypeError(`${method}: options must be an object, not ${typeName(options)}`);
  }
  const spelled = inCamelCase(method, options, names);
  for (const name of Object.keys(spelled)) {
    if (!Object.hasOwn(names, name)) {
      const all = Object.keys(names).join(", ") || "none";
      throw new BadRequestError(`${method} has no option ${shown(name)}; it has: ${all}`);
    }
  }
  return underFirstNames(method, spelled, names);
}

/** Options as Python spells them (`max_attempts`) mean the same. */
function inCamelCase<T extends object>(method: string, options: T, names: OptionNames<T>): T {
  let spelled = options as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(options)) {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (Object.hasOwn(names, name) || !Object.hasOwn(names, camel)) {
      continue;
    }
    const { [name]: _, ...others } = spelled;
    if (others[camel] !== undefined) {
      throw new BadRequestError(`${method}: ${name} and ${camel} are one option; give one of them`);
    }
    spelled = { ...others, [camel]: value };
  }
  return spelled as T;
}

function underFirstNames<T extends object>(method: string, options: T, names: OptionNames<T>): T {
  const firstNames = names as Readonly<Record<string, true | string>>;
  let named = options as Readonly<Record<string, unknown>>;
  for (const [alias, value] of Object.entries(options)) {
    const first = firstNames[alias];
    if (typeof first !== "string" || value === undefined) {
      continue;
    }
    if (named[first] !== undefined) {
      const both = `${alias} and ${first} are names of one option`;
      throw new BadRequestError(`${method}: ${both}; give one of them`);
    }
    named = { ...named, [first]: value, [alias]: undefined };
  }
  return named as T;
}

/** As `known`, for a call, which may have those options, too, that every call has. */
export function knownOfCall<T extends object>(
  method: string,
  options: T & CallOptions,
  names: OptionNames<T>,
): T & CallOptions {
  const all = { ...names, ...OF_EVERY_CALL } as unknown as OptionNames<T & CallOptions>;
  const given = known<T & CallOptions>(method, options, all);
  checkSignal(method, given.signal);
  const { blockMs } = given as { blockMs?: Integer };
  if (blockMs !== undefined) {
    checkBlock(blockMs);
  }
  return given;
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
