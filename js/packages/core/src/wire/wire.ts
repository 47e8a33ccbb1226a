/**
 * The wire format: a preamble, then frames of MessagePack.
 *
 *     request = [id, namespace, number, [tag, field, ...]]
 *     answer  = [id, result] | [id, nil, [code, message, ran, index, details]]
 *
 * `number` is the write number within the client's session, 0 for what carries none. No I/O.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";

import { BadRequestError, errorOf, type FloError, ProtocolError } from "../base/errors.js";
import { MIB } from "../base/limits.generated.js";
import { shown } from "../base/shown.js";
import { frame, LENGTH_BYTES } from "./frames.js";
import { ProblemSchema } from "./messages.generated.js";
import type { Request } from "./request.js";
import { any, int, list, nullable, PROTO_STAND_IN, text, wireInteger } from "./schema.js";

const ENCODER_KEEPS_BYTES_MAX = MIB;
const utf8 = new TextDecoder();

/** Map keys, decoded. The library throws on `__proto__`, which anybody may name a header. */
const keyDecoder = {
  canBeCached: () => true,
  decode(bytes: Uint8Array, at: number, length: number): string {
    const key = utf8.decode(bytes.subarray(at, at + length));
    return key === "__proto__" ? PROTO_STAND_IN : key;
  },
};

const decoder = new Decoder({ useBigInt64: true, keyDecoder });
let encoder = newEncoder();

function newEncoder(): Encoder {
  return new Encoder({ useBigInt64: true });
}

/** An error as it stands in an answer. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly ran: string;
  readonly index: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An answer as it arrives: `result` is decoded once the request it answers is known. */
export interface Answer {
  readonly id: number;
  readonly result: unknown;
  readonly error: WireError | null;
}

/** `value` as MessagePack. */
export function pack(value: unknown): Uint8Array {
  const packed = encoder.encode(value);
  if (packed.length > ENCODER_KEEPS_BYTES_MAX) {
    encoder = newEncoder(); // its buffer has grown with the largest message and would stay so
  }
  return packed;
}

/** The one value that `bytes` hold. Throws `ProtocolError`. */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new ProtocolError(`these bytes are no message: ${messageOf(error)}`, {
      ran: "maybe",
      cause: error,
    });
  }
}

/** One request as a frame. Throws `BadRequestError`. */
export function encodeRequest(
  id: number,
  namespace: string,
  number: number,
  request: Request<unknown>,
  frameBytesMax: number,
): Uint8Array {
  const body = pack([
    wireInteger(id),
    text.encode(namespace, "namespace"),
    wireInteger(number),
    request.encode(),
  ]);
  if (body.length > frameBytesMax) {
    throw new BadRequestError(
      `${request.kind.name} takes ${body.length} bytes; ` +
        `this server takes at most ${frameBytesMax} in one request`,
    );
  }
  return frame(body);
}

/** The size of a frame's body. */
export function bodyBytes(framed: Uint8Array): number {
  return framed.length - LENGTH_BYTES;
}

/** One answer. Throws `ProtocolError`. */
export function decodeAnswer(body: Uint8Array): Answer {
  const answer = unpack(body);
  if (!Array.isArray(answer) || answer.length < 2) {
    throw new ProtocolError(`the server sent no answer but ${shown(answer)}`, { ran: "maybe" });
  }
  const [id, result, error] = answer as unknown[];
  const isError = error !== undefined && error !== null;
  return { id: int.decode(id), result, error: isError ? decodeError(error) : null };
}

function decodeError(error: unknown): WireError {
  if (!Array.isArray(error) || error.length < 3) {
    throw new ProtocolError(`the server sent no error but ${shown(error)}`, { ran: "maybe" });
  }
  const [code, message, ran, index = null, details = {}] = error as unknown[];
  return {
    code: text.decode(code),
    message: text.decode(message),
    ran: text.decode(ran),
    index: nullable(int).decode(index),
    details: any.decode(details) as Record<string, unknown>,
  };
}

/** The result of `request`, typed. Throws `ProtocolError`. */
export function decodeReply<R>(request: Request<R>, result: unknown): R {
  try {
    return request.finish(request.kind.reply.decode(result));
  } catch (error) {
    throw new ProtocolError(
      `the server's answer to ${request.kind.name} is not valid: ${messageOf(error)}`,
      { ran: "maybe", cause: error },
    );
  }
}

/** The exception that `error` stands for. */
export function thrown(error: WireError): FloError {
  const { index, details } = error;
  const ran = error.ran === "no" ? "no" : "maybe";
  return errorOf(error.code, error.message, { ran, index, details: readable(details) });
}

/** Problems travel as arrays of their fields. */
function readable(details: WireError["details"]): WireError["details"] {
  const { problems } = details;
  return problems === undefined
    ? details
    : { ...details, problems: list(ProblemSchema).decode(problems) };
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
