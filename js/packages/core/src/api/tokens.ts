/** Tokens: made, listed and revoked by an admin, minted for pages by a backend. */

import { BadTypeError } from "../base/errors.js";
import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../base/options.js";
import { randomText } from "../base/random.js";
import type { Integer } from "../base/schema.js";
import { shown } from "../base/shown.js";
import type { Caller } from "../link/caller.js";
import {
  type Identity,
  type MintedToken,
  type Role,
  TokenCreate,
  type TokenInfo,
  TokenList,
  TokenMint,
  TokenRevoke,
  WhoAmI,
} from "../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./base/page.js";
import { ID_ALPHABET, ID_CHARS, SECRET_ALPHABET, SECRET_CHARS, sha256 } from "./base/secrets.js";

/** A token just made. `token` is its text, which nobody can tell again. */
export interface NewToken {
  readonly token: string;
  readonly info: TokenInfo;
}

export interface CreateTokenOptions {
  /** Those that it is for, 100 at most; an admin's is for all. Default: all. */
  readonly namespaces?: readonly string[] | null | undefined;
  /** After how long it ends, up to ten years. Default: it does not. */
  readonly lifetimeMs?: Integer | null | undefined;
  /** A text of up to 4 KiB for people. Default: none. */
  readonly description?: string | null | undefined;
  /** Of all that the role may do, only this, such as `read:kv:flag:*`, 100 at most. Default: all. */
  readonly scopes?: readonly string[] | null | undefined;
}

export interface MintOptions {
  /** What the page may do, such as `append:stream:chat:42`, 1 to 100. */
  readonly scopes: readonly string[];
  /** After how long it ends, up to an hour. Default: 600,000. */
  readonly expiresMs?: Integer | null | undefined;
  /** Those that it is for, 100 at most. Default: those of this client's token. */
  readonly namespaces?: readonly string[] | null | undefined;
}

const CREATE: OptionNames<CreateTokenOptions> = {
  namespaces: true,
  lifetimeMs: true,
  description: true,
  scopes: true,
};
const MINT: OptionNames<MintOptions> = { scopes: true, expiresMs: true, namespaces: true };

/** `client.tokens`. All but `mint` and `whoami` is for the role `admin`; others get `ForbiddenError`. */
export class Tokens {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Make a token. Its secret is made here, and only a hash of it is sent. The first token of a
   * server turns tokens on: whoever came without one is cut, this client too, once it has its answer.
   */
  async create(role: Role, options: CreateTokenOptions & CallOptions = {}): Promise<NewToken> {
    const given = knownOfCall("tokens.create", options, CREATE);
    const id = randomText(ID_ALPHABET, ID_CHARS);
    const token = `flo_${id}_${randomText(SECRET_ALPHABET, SECRET_CHARS)}`;
    const request = TokenCreate.of({
      id,
      hash: await sha256(token),
      role,
      namespaces: listed("namespaces", given.namespaces ?? []),
      lifetimeMs: given.lifetimeMs,
      description: given.description,
      scopes: listed("scopes", given.scopes ?? []),
    });
    return { token, info: await this.#caller.call(request, options) };
  }

  /**
   * Make a token for one page: of the role `web`, short, and kept nowhere. A `backend` may do this,
   * too, within its own namespaces and scopes. It works without tokens as well, and turns none on.
   * It never lasts longer than this client's own token, whose revocation ends it at once.
   */
  async mint(options: MintOptions & CallOptions): Promise<MintedToken> {
    const { scopes, expiresMs, namespaces } = knownOfCall("tokens.mint", options, MINT);
    const request = TokenMint.of({
      scopes: listed("scopes", scopes),
      expiresMs,
      namespaces: namespaces === undefined ? undefined : listed("namespaces", namespaces),
    });
    return await this.#caller.call(request, options);
  }

  /** A page of the tokens, by id; expired and revoked ones for 30 days after. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<TokenInfo>> {
    const { limit, cursor } = knownOfCall("tokens.list", options, LISTING);
    return await this.#caller.call(TokenList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Let a token's holders in no longer, and cut those who are. */
  async revoke(id: string, options: CallOptions = {}): Promise<TokenInfo> {
    knownOfCall("tokens.revoke", options, NONE);
    return await this.#caller.call(TokenRevoke.of({ id }), options);
  }

  /** What this client may do: role, namespaces and scopes (`null`: all), and until when. */
  async whoami(options: CallOptions = {}): Promise<Identity> {
    knownOfCall("tokens.whoami", options, NONE);
    return await this.#caller.call(WhoAmI.of({}), options);
  }
}

function listed(field: string, texts: readonly string[]): string[] {
  if (!Array.isArray(texts)) {
    throw new BadTypeError(`${field} must be a list of texts, not ${shown(texts)}`);
  }
  return [...texts];
}
