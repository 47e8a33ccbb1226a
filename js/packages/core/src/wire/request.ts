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
  of(fields: Fields): Request<Reply>;
}

export type AnyRequestKind = RequestKind<never, unknown>;

export function requestKind<Fields, Reply>(
  name: string,
  tag: number,
  role: Role,
  fields: readonly FieldOf[],
  reply: Schema<Reply>,
): RequestKind<Fields, Reply> {
  const kind: RequestKind<Fields, Reply> = {
    name,
    tag,
    role,
    fields,
    reply,
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
    const encoded = [...this.encode()];
    for (const [index, field] of this.kind.fields.entries()) {
      if (Object.hasOwn(changed, field[0])) {
        encoded[index + 1] = encodeField(field, changed);
      }
    }
    return new Request(this.kind, { ...this.fields, ...changed }, this.finish, encoded);
  }

  /** As it travels: the tag and the fields. Throws `BadRequestError`. */
  encode(): readonly unknown[] {
    this.#encoded ??= [
      this.kind.tag,
      ...encodeFields(this.kind.fields, this.fields as Record<string, unknown>),
    ];
    return this.#encoded;
  }
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
