/** Options of calls: nothing is accepted and ignored. */

import { checkBlock } from "./checks.js";
import { BadRequestError, BadTypeError } from "./errors.js";
import type { Integer } from "./schema.js";
import { shown, typeName } from "./shown.js";

/** Options of every call. */
export interface CallOptions {
  /** The namespace. Default: that of the client. */
  readonly namespace?: string | null | undefined;
  /** How long this call may take; its own `blockMs` is added. Default: the client's time-out. */
  readonly timeoutMs?: Integer | null | undefined;
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | null | undefined;
}

/** Of an option of which `null` says something else than leaving it out. */
export const NULL_SAYS = Symbol("null says something");

/** The names that `T` has, every one of them; a text says of which other option it is a name. */
export type OptionNames<T> = Readonly<
  Record<keyof T, true | typeof NULL_SAYS | (keyof T & string)>
>;

/** Options as they are read: `null` is left out. */
export type Given<T> = { readonly [Name in keyof T]: Exclude<T[Name], null> };

/** Of calls that have no options of their own. */
export type NoOptions = object;
export const NONE: OptionNames<NoOptions> = {};

const OF_EVERY_CALL: OptionNames<CallOptions> = {
  namespace: true,
  timeoutMs: true,
  signal: true,
};

/**
 * `options`, whose names must all be known to `method`, each under its first name; those that are
 * `null` are left out. Throws `BadRequestError`.
 */
export function known<T extends object>(
  method: string,
  options: T,
  names: OptionNames<T>,
): Given<T> {
  checkNamed(method, options);
  const spelled = inCamelCase(method, options, names);
  for (const name of Object.keys(spelled)) {
    if (!Object.hasOwn(names, name)) {
      const all = Object.keys(names).join(", ") || "none";
      throw new BadRequestError(`${method} has no option ${shown(name)}; it has: ${all}`);
    }
  }
  return underFirstNames(method, withoutNull(spelled, names), names) as Given<T>;
}

/** What is `null` counts as left out, where that says nothing of its own. */
function withoutNull<T extends object>(options: T, names: OptionNames<T>): T {
  const nulls = Object.entries(options).filter(
    ([name, value]) => value === null && names[name as keyof T] !== NULL_SAYS,
  );
  if (nulls.length === 0) {
    return options;
  }
  return { ...options, ...Object.fromEntries(nulls.map(([name]) => [name, undefined])) };
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
    const other = others[camel] ?? undefined;
    if (other !== undefined && (value ?? undefined) !== undefined) {
      throw new BadRequestError(`${method}: ${name} and ${camel} are one option; give one of them`);
    }
    spelled = { ...others, [camel]: other ?? value };
  }
  return spelled as T;
}

function underFirstNames<T extends object>(method: string, options: T, names: OptionNames<T>): T {
  const firstNames = names as Readonly<Record<string, true | symbol | string>>;
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
): Given<T & CallOptions> {
  const all = { ...names, ...OF_EVERY_CALL } as unknown as OptionNames<T & CallOptions>;
  const given = known<T & CallOptions>(method, options, all);
  checkSignal(method, given.signal);
  const { blockMs } = given as { blockMs?: Integer };
  if (blockMs !== undefined) {
    checkBlock(blockMs);
  }
  return given;
}

/** What every call has, of options that `knownOfCall` has seen, however they are spelled. */
export function ofCall(options: CallOptions & BlockOptions): Given<CallOptions & BlockOptions> {
  const { timeout_ms, block_ms } = options as PythonSpelled;
  return {
    namespace: options.namespace ?? undefined,
    timeoutMs: options.timeoutMs ?? timeout_ms ?? undefined,
    blockMs: options.blockMs ?? block_ms ?? undefined,
    signal: options.signal ?? undefined,
  };
}

interface BlockOptions {
  readonly blockMs?: Integer | null | undefined;
}

interface PythonSpelled {
  readonly timeout_ms?: Integer | null | undefined;
  readonly block_ms?: Integer | null | undefined;
}

/** Throws `BadTypeError` on what cannot hold options by name. */
export function checkNamed<T extends object>(method: string, options: T): T {
  if (!isNamed(options)) {
    throw new BadTypeError(`${method}: options must be an object, not ${typeName(options)}`);
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
