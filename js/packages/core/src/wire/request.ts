/** What a client can ask: kinds of requests, and requests. */

import { BadTypeError } from "../base/errors.js";
import { encodeField, encodeFields, type FieldOf, type Schema } from "../base/schema.js";
import { typeName } from "../base/shown.js";

/** A command may write, a query only reads; the others belong to the connection. */
export type Role = "command" | "query" | "other";

/** One operation of the protocol. `of` makes a request of this kind. */
export interface RequestKind<Fields, Reply> {
  readonly name: string;
  readonly tag: number;
  readonly role: Role;
  readonly fields: readonly FieldOf[];
  readonly reply: Schema<Reply>;
  /** How many fields older servers know, too: those behind them travel only where they say something. */
  readonly known: number;
  of(fields: Fields): Request<Reply>;
}

export type AnyRequestKind = RequestKind<never, unknown>;

export function requestKind<Fields, Reply>(
  name: string,
  tag: number,
  role: Role,
  fields: readonly FieldOf[],
  reply: Schema<Reply>,
  known = fields.length,
): RequestKind<Fields, Reply> {
  const kind: RequestKind<Fields, Reply> = {
    name,
    tag,
    role,
    fields,
    reply,
    known,
    of(given) {
      const finish = (decoded: unknown) => decoded as Reply;
      const request = new Request(kind as AnyRequestKind, given as object, finish);
      request.encode(); // now, so that it is sent as it was given, whatever is changed afterwards
      return request;
    },
  };
  return kind;
}

/** One request. `finish` makes what its caller gets of the decoded answer. */
export class Request<Reply> {
  #encoded: readonly unknown[] | null;
  #sent: readonly unknown[] | null = null;

  constructor(
    readonly kind: AnyRequestKind,
    readonly fields: object,
    readonly finish: (decoded: unknown) => Reply,
    encoded: readonly unknown[] | null = null,
  ) {
    this.#encoded = encoded;
  }

  /** The same request, its answer turned into something else. */
  map<Other>(turn: (reply: Reply) => Other): Request<Other> {
    const finish = (decoded: unknown) => turn(this.finish(decoded));
    return new Request(this.kind, this.fields, finish, this.#encoded);
  }

  /** The same request with some fields changed; the others stay as they were given. */
  with(changed: Readonly<Record<string, unknown>>): Request<Reply> {
    const encoded = [...this.#whole()];
    for (const [index, field] of this.kind.fields.entries()) {
      if (Object.hasOwn(changed, field[0])) {
        encoded[index + 1] = encodeField(field, changed);
      }
    }
    return new Request(this.kind, { ...this.fields, ...changed }, this.finish, encoded);
  }

  /** As it travels: the tag and the fields. Throws `BadRequestError`. */
  encode(): readonly unknown[] {
    this.#sent ??= withoutNeedless(this.kind, this.#whole());
    return this.#sent;
  }

  #whole(): readonly unknown[] {
    this.#encoded ??= [
      this.kind.tag,
      ...encodeFields(this.kind.fields, this.fields as Record<string, unknown>),
    ];
    return this.#encoded;
  }
}

/** Without those of the last fields that older servers need not know, because they say nothing. */
function withoutNeedless(kind: AnyRequestKind, whole: readonly unknown[]): readonly unknown[] {
  let count = kind.fields.length;
  while (count > kind.known && isSame(whole[count], kind.fields[count - 1]?.[2])) {
    count -= 1;
  }
  return count === kind.fields.length ? whole : whole.slice(0, count + 1);
}

/** Whether this is the default: a plain value, or an empty list. */
function isSame(value: unknown, fallback: unknown): boolean {
  return value === fallback || (isEmpty(value) && isEmpty(fallback));
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The commands of a batch, each as it travels alone. */
export const commands: Schema<unknown> = {
  encode(value, field) {
    return (value as unknown[]).map((command) => {
      if (!(command instanceof Request)) {
        throw new BadTypeError(`an item of ${field} must be a command, not ${typeName(command)}`);
      }
      return command.encode();
    });
  },
  decode: (value) => value,
};
