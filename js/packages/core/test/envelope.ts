/** The server's end of the wire format: reads requests, writes answers. */

import type { FloError } from "../dist/base/errors.js";
import { encodeMessagePack } from "../dist/wire/message-pack-writer.js";
import { ALL_REQUESTS } from "../dist/wire/messages.generated.js";
import type { AnyRequestKind } from "../dist/wire/request.js";
import { unpack } from "../dist/wire/wire.js";

export interface Envelope {
  readonly id: number;
  readonly namespace: string;
  readonly number: number;
  readonly kind: AnyRequestKind;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What stands beside it, as it travels. */
  readonly terms: unknown;
}

const KINDS = new Map<number, AnyRequestKind>(ALL_REQUESTS.map((kind) => [kind.tag, kind]));

export function decodeEnvelope(body: Uint8Array): Envelope {
  const [id, namespace, number, request, terms] = unpack(body) as [
    number,
    string,
    number,
    unknown[],
    unknown,
  ];
  const [tag, ...values] = request;
  const kind = KINDS.get(tag as number);
  if (kind === undefined) {
    throw new Error(`a request with the unknown tag ${String(tag)}`);
  }
  const fields = kind.fields.map(([name, schema, fallback], index) => [
    name,
    index < values.length ? schema.decode(values[index]) : fallback, // the last ones may be left out
  ]);
  return { id, namespace, number, kind, fields: Object.fromEntries(fields), terms };
}

/** `told`: what stands beside it; `null` where nothing does. */
export function encodeAnswer(id: number, result: unknown, told: unknown = null): Uint8Array {
  return encodeMessagePack(told === null ? [id, result] : [id, result, null, told]);
}

export function encodeError(id: number, error: FloError): Uint8Array {
  const { code, message, ran, index, details } = error;
  return encodeMessagePack([id, null, [code, message, ran, index, details]]);
}
