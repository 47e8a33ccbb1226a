/**
 * What stands in messages: each schema turns a value into what MessagePack takes, and back.
 *
 * Encoding judges what a caller gave and throws `BadRequestError`, naming the field; decoding judges
 * what the server sent and throws `ProtocolError`.
 */

import { copyOfBytes } from "./byte-views.js";
import { BadRequestError, BadTypeError, ProtocolError } from "./errors.js";
import { shown, typeName } from "./shown.js";

export interface Schema<T> {
  encode(value: unknown, field: string): unknown;
  decode(value: unknown): T;
}

/** An integer as callers may give it, whichever of the two they have. */
export type Integer = number | bigint;

/** The empty value. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** `text` in UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MIN = -(2n ** 63n);
const LONE_SURROGATE = /\p{Surrogate}/u;

function refuse(field: string, wanted: string, value: unknown): never {
  throw new BadTypeError(`${field} must be ${wanted}, not ${typeName(value)}`);
}

function broken(wanted: string, value: unknown): never {
  throw new ProtocolError(`${shown(value)} stands where ${wanted} belongs`, { ran: "maybe" });
}

export const text: Schema<string> = {
  encode(value, field) {
    if (typeof value !== "string") {
      refuse(field, "text", value);
    }
    if (LONE_SURROGATE.test(value)) {
      throw new BadRequestError(`${field} ${shown(value)} is not valid Unicode text`);
    }
    return value;
  },
  decode: (value) => (typeof value === "string" ? value : broken("text", value)),
};

export const bytes: Schema<Uint8Array> = {
  /** A copy: what is sent later, or again, is what the caller gave. */
  encode: (value, field) => copyOfBytes(value) ?? refuse(field, "bytes", value),
  /** A copy: what is decoded is a window on the whole frame. */
  decode: (value) => copyOfBytes(value) ?? broken("bytes", value),
};

export const bool: Schema<boolean> = {
  encode: (value, field) =>
    typeof value === "boolean" ? value : refuse(field, "a boolean", value),
  decode: (value) => (typeof value === "boolean" ? value : broken("a boolean", value)),
};

export const nil: Schema<null> = {
  encode: () => null,
  decode: (value) => (value === null ? value : broken("nothing", value)),
};

/** Anything at all, as MessagePack has it. */
export const any: Schema<unknown> = { encode: (value) => value, decode: (value) => value };

/**
 * An integer within 2^53, a `number`; a `bigint` within it is taken, too. Python may have set a limit
 * beyond it, which is read as the nearest number: one such stream is not to spoil the whole list.
 */
export const int: Schema<number> = {
  encode: integerWithin,
  decode(value) {
    const whole = typeof value === "bigint" ? Number(value) : value;
    return Number.isInteger(whole) ? (whole as number) : broken("an integer", value);
  },
};

/** An integer of up to 64 bits, a `bigint`; a `number` is taken, too. */
export const big: Schema<bigint> = {
  encode: encodeInteger,
  decode(value) {
    const isWhole = typeof value === "bigint" || Number.isSafeInteger(value);
    return isWhole ? BigInt(value as Integer) : broken("an integer", value);
  },
};

function encodeInteger(value: unknown, field: string): number | bigint {
  if (typeof value === "bigint") {
    if (value < INT64_MIN || value > UINT64_MAX) {
      throw new BadRequestError(`${field} is ${value}; it must be an integer of 64 bits`);
    }
    return value;
  }
  if (typeof value !== "number") {
    refuse(field, "an integer", value);
  }
  if (!Number.isSafeInteger(value)) {
    const beyond = Number.isInteger(value) ? " within 2^53; give a bigint beyond it" : "";
    throw new BadTypeError(`${field} is ${value}; it must be an integer${beyond}`);
  }
  return value;
}

/** `value`, a number or a bigint, as a number. Throws `BadRequestError` on what is none. */
export function integerWithin(value: unknown, field: string): number {
  const whole = encodeInteger(value, field);
  if (!Number.isSafeInteger(Number(whole))) {
    throw new BadRequestError(`${field} is ${whole}; it must be an integer within 2^53`);
  }
  return Number(whole);
}

/** Any finite number. */
export const decimal: Schema<number> = {
  encode: (value, field) =>
    typeof value === "number" && Number.isFinite(value) ? value : refuse(field, "a number", value),
  decode: (value) => (typeof value === "bigint" ? Number(value) : decodeNumber(value)),
};

function decodeNumber(value: unknown): number {
  return typeof value === "number" ? value : broken("a number", value);
}

export function nullable<T>(inner: Schema<T>): Schema<T | null> {
  return {
    encode: (value, field) => (value === null ? null : inner.encode(value, field)),
    decode: (value) => (value === null ? null : inner.decode(value)),
  };
}

export function list<T>(item: Schema<T>): Schema<T[]> {
  return {
    encode(value, field) {
      if (!Array.isArray(value)) {
        refuse(field, "a list", value);
      }
      return value.map((each) => item.encode(each, `an item of ${field}`));
    },
    decode: (value) =>
      Array.isArray(value) ? value.map((each) => item.decode(each)) : broken("a list", value),
  };
}

/** One of the values of `options`. One that a newer server knows is let through. */
export function choice<T extends string>(options: Readonly<Record<string, T>>): Schema<T> {
  return {
    encode(value, field) {
      const known = Object.values(options);
      if (!known.includes(value as T)) {
        throw new BadRequestError(
          `${field} is ${shown(value)}; it must be one of: ${known.join(", ")}`,
        );
      }
      return value;
    },
    decode: (value) => text.decode(value) as T,
  };
}

/** Whether its own properties are all there is of it: no Map, no array. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Values of one kind by name. */
function mapping<T>(item: Schema<T>, wanted: string): Schema<Readonly<Record<string, T>>> {
  return {
    encode(value, field) {
      if (!isPlain(value)) {
        refuse(field, `an object of names and ${wanted}`, value);
      }
      const pairs = Object.entries(value).map(([name, each]) => [
        text.encode(name, `a name of ${field}`),
        item.encode(each, `${field}[${shown(name)}]`),
      ]);
      return Object.fromEntries(pairs) as unknown;
    },
    decode(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        broken("a map", value);
      }
      const pairs = Object.entries(value).map(([name, each]) => [name, item.decode(each)]);
      return Object.fromEntries(pairs) as Readonly<Record<string, T>>;
    },
  };
}

/** What a search attribute may be. */
export type Scalar = string | number | bigint | boolean;

const scalar: Schema<Scalar> = {
  encode(value, field) {
    if (typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)) {
      return value;
    }
    if (typeof value === "number" || typeof value === "bigint") {
      return encodeInteger(value, field);
    }
    return typeof value === "boolean" ? value : text.encode(value, field);
  },
  decode(value) {
    const isSmall = typeof value === "bigint" && BigInt(Number(value)) === value;
    return isSmall ? Number(value) : (value as Scalar);
  },
};

export const texts = mapping(text, "texts");
export const counts = mapping(int, "integers");
export const scalars = mapping(scalar, "texts, numbers and booleans");

/** A name, its schema, and the default where there is one. */
export type FieldOf = readonly [name: string, schema: Schema<unknown>, fallback?: unknown];

/** An object that travels as the array of its fields. */
export interface StructSchema<T> extends Schema<T> {
  readonly name: string;
  readonly fields: readonly FieldOf[];
}

/** What a struct has beyond its fields. */
interface Beyond {
  /** Completes what was decoded with what follows from it. */
  readonly add?: (decoded: Record<string, unknown>) => void;
  /** Whose methods it has. */
  readonly methods?: AbstractClass;
}

type AbstractClass = abstract new () => object;

/** A schema of structs, which may have more than their fields. */
export function struct<T>(
  name: string,
  fields: readonly FieldOf[],
  { add, methods }: Beyond = {},
): StructSchema<T> {
  const Made = methods === undefined ? Object : madeOf(name, methods);
  return {
    name,
    fields,
    encode(value, field) {
      if (typeof value !== "object" || value === null) {
        refuse(field, name, value);
      }
      return encodeFields(fields, value as Record<string, unknown>);
    },
    decode(value) {
      const decoded = new Made() as Record<string, unknown>;
      decodeFields(name, fields, value, decoded);
      add?.(decoded);
      return decoded as T;
    },
  };
}

/** A class of what has the methods of another, under the name by which it is shown. */
function madeOf(name: string, methods: AbstractClass): new () => object {
  return { [name]: class extends methods {} }[name] as new () => object;
}

/** Says of a page whether there is a next one. */
export function hasMore(page: Record<string, unknown>): void {
  page["hasMore"] = page["cursor"] !== null;
}

/** The fields in their order; those that are not given have their defaults. */
export function encodeFields(
  fields: readonly FieldOf[],
  values: Readonly<Record<string, unknown>>,
): unknown[] {
  return fields.map((field) => encodeField(field, values));
}

/** One field of `values`, or its default. */
export function encodeField(field: FieldOf, values: Readonly<Record<string, unknown>>): unknown {
  const [name, schema] = field;
  const given = values[name];
  if (given !== undefined) {
    return schema.encode(given, name);
  }
  return field.length > 2 ? schema.encode(field[2], name) : refuse(name, "given", given);
}

/** Fields that the server does not send have their defaults; those it sends beyond are ignored. */
function decodeFields(
  name: string,
  fields: readonly FieldOf[],
  value: unknown,
  decoded: Record<string, unknown>,
): void {
  if (!Array.isArray(value)) {
    broken(name, value);
  }
  for (const [index, field] of fields.entries()) {
    if (index < value.length) {
      decoded[field[0]] = field[1].decode(value[index]);
    } else if (field.length > 2) {
      decoded[field[0]] = field[2];
    } else {
      broken(`${name}.${field[0]}`, undefined);
    }
  }
}
