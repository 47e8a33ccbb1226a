/**
 * The server names options as the protocol spells them. An error of a call names them as its caller
 * did.
 */

import type { AnyRequestKind, Request } from "./request.js";

/** What stands in quotes is the caller's own; a name has words with `_` between them. */
const PART = /(?<![A-Za-z0-9])(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|[a-z0-9]+(?:_[a-z0-9]+)+/g;

/** `message`, about `request` or the member `index` of that batch. */
export function asSpelt(message: string, request: Request<unknown>, index: number | null): string {
  const names = spellings(memberOf(request, index).kind);
  return message.replace(PART, (part) => names.get(part) ?? part);
}

function memberOf(request: Request<unknown>, index: number | null): Request<unknown> {
  const { commands } = request.fields as { readonly commands?: readonly Request<unknown>[] };
  return (index === null ? undefined : commands?.[index]) ?? request;
}

function spellings(kind: AnyRequestKind): ReadonlyMap<string, string> {
  return new Map(
    kind.fields.map(([name]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name,
    ]),
  );
}
