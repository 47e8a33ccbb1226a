/**
 * Decoding JSON into typed values. A kind is a function that returns the value or throws, or a
 * schema as Zod, Valibot, ArkType and others have them (Standard Schema).
 */

import { BadRequestError, BadTypeError, ConflictError } from "./errors.js";
import { fromJson } from "./json.js";
import { typeName } from "./shown.js";

/** A schema as the Standard Schema says, version 1. */
export interface StandardSchema<T> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<T> | Promise<Checked<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type Checked<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Turns JSON into a typed value, or says why it cannot. */
export type Kind<T> = ((value: unknown) => T) | StandardSchema<T>;

/** Throws `BadTypeError` on what is no kind. */
export function checkKind(field: string, kind: unknown): void {
  if (typeof kind !== "function" && !isSchema(kind)) {
    throw new BadTypeError(`${field} must be a function or a schema, not ${typeName(kind)}`);
  }
}

function isSchema(kind: unknown): kind is StandardSchema<unknown> {
  const standard = (kind as StandardSchema<unknown> | null | undefined)?.["~standard"];
  return typeof standard?.validate === "function";
}

/** `data`, which is JSON, as `kind` makes it. Throws `BadRequestError`, naming the field. */
export function decodeAs<T>(what: string, data: Uint8Array, kind: Kind<T>): T {
  checkKind("kind", kind);
  let value: unknown;
  try {
    value = fromJson(data);
  } catch (error) {
    throw new BadRequestError(`${what} is no JSON: ${told(error)}`, { cause: error });
  }
  return isSchema(kind) ? checked(what, kind, value) : made(what, kind, value);
}

function made<T>(what: string, make: (value: unknown) => T, value: unknown): T {
  try {
    return make(value);
  } catch (error) {
    throw new BadRequestError(`${what} does not fit: ${told(error)}`, { cause: error });
  }
}

function checked<T>(what: string, schema: StandardSchema<T>, value: unknown): T {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw new BadTypeError(`the schema of ${what} checks asynchronously, which is not supported`);
  }
  if (result.issues !== undefined) {
    throw new BadRequestError(`${what} does not fit: ${result.issues.map(place).join("; ")}`);
  }
  return result.value;
}

function place(issue: Issue): string {
  const keys = (issue.path ?? []).map((each) => (typeof each === "object" ? each.key : each));
  return keys.length === 0
    ? issue.message
    : `${issue.message} - at $.${keys.map(String).join(".")}`;
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A run as `into` needs it. */
interface EndedRun {
  readonly runId: string;
  readonly status: string;
  readonly output: Uint8Array | null | undefined;
}

/** The output of a run as `kind` makes it. Throws `ConflictError` unless it has completed. */
export function outputAs<T>(run: EndedRun, kind: Kind<T>): T {
  if (run.status !== "completed") {
    throw new ConflictError(
      `run ${run.runId} is ${run.status}; only one that has completed has an output`,
    );
  }
  return decodeAs(`the output of run ${run.runId}`, run.output ?? new Uint8Array(), kind);
}
