/**
 * The wire format: messages of MessagePack, which a transport carries whole.
 *
 *     request = [id, namespace, number, [tag, field, ...], terms?]
 *     answer  = [id, result] | [id, nil, [code, message, ran, index, details]] | [..., ..., ..., told]
 *
 * `number` is the write number within the client's session, 0 for what carries none. `terms` and
 * `told` are there in clusters only. No I/O.
 */

import { messageOf } from "../base/error-text.js";
import { BadRequestError, errorOf, type FloError, ProtocolError } from "../base/errors.js";
import { any, int, list, nullable, text } from "../base/schema.js";
import { shown } from "../base/shown.js";
import { decodeMessagePack } from "./message-pack-reader.js";
import { encodeMessagePack } from "./message-pack-writer.js";
import { ProblemSchema } from "./messages.generated.js";
import { asSpelt } from "./option-names.js";
import type { Request } from "./request.js";

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
  readonly told: Told | null;
}

/**
 * Beside a request: for how long its caller waits, how far it has seen the log where any copy that has
 * come so far may answer (`null`: only who leads), how old that copy may be, and whether he wants to be
 * told who leads, where the request is passed on.
 */
export type Terms = readonly [
  withinMs: number,
  seen: number | null,
  maxStalenessMs: number | null,
  routes?: boolean,
];

/**
 * Beside an answer: the log's sequence that it is of, how old it may be, and where the node is reached
 * that it was passed on to, as HOST:PORT; empty where the node answered that was asked.
 */
export interface Told {
  readonly sequence: number;
  readonly stalenessMs: number;
  readonly leader: string;
}

/** The one value that `bytes` hold. Throws `ProtocolError`. */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return decodeMessagePack(bytes);
  } catch (error) {
    throw new ProtocolError(`these bytes are no message: ${messageOf(error)}`, {
      ran: "maybe",
      cause: error,
    });
  }
}

/** One request. Throws `BadRequestError`. */
export function encodeRequest(
  id: number,
  namespace: string,
  number: number,
  request: Request<unknown>,
  frameBytesMax: number,
  terms: Terms | null = null,
): Uint8Array {
  const asked = [id, text.encode(namespace, "namespace"), number, request.encode()];
  const body = encodeMessagePack(terms === null ? asked : [...asked, terms]);
  if (body.length > frameBytesMax) {
    throw new BadRequestError(
      `${request.kind.name} takes ${body.length} bytes; ` +
        `this server takes at most ${frameBytesMax} in one request`,
    );
  }
  return body;
}

/** One answer. Throws `ProtocolError`. */
export function decodeAnswer(body: Uint8Array): Answer {
  const answer = unpack(body);
  if (!Array.isArray(answer) || answer.length < 2) {
    throw new ProtocolError(`the server sent no answer but ${shown(answer)}`, { ran: "maybe" });
  }
  const [id, result, error, told] = answer as unknown[];
  return {
    id: int.decode(id),
    result,
    error: isThere(error) ? decodeError(error) : null,
    told: isThere(told) ? decodeTold(told) : null,
  };
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function decodeTold(told: unknown): Told {
  if (!Array.isArray(told) || told.length < 2) {
    throw new ProtocolError(`the server told ${shown(told)} beside an answer`, { ran: "maybe" });
  }
  const [sequence, stalenessMs, leader = ""] = told as unknown[];
  return {
    sequence: int.decode(sequence),
    stalenessMs: int.decode(stalenessMs),
    leader: text.decode(leader),
  };
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
export function thrown(error: WireError, request?: Request<unknown>): FloError {
  const { index, details, message } = error;
  const ran = error.ran === "no" ? "no" : "maybe";
  const told = request === undefined ? message : asSpelt(message, request, index);
  return errorOf(error.code, told, { ran, index, details: readable(details) });
}

/** Problems travel as arrays of their fields. */
function readable(details: WireError["details"]): WireError["details"] {
  const { problems } = details;
  return problems === undefined
    ? details
    : { ...details, problems: list(ProblemSchema).decode(problems) };
}
