/** Tokens: an admin creates, lists and revokes them; a backend mints them for web pages. */

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

/** A new token. `token` is its text, which cannot be shown again. */
export interface NewToken {
  readonly token: string;
  readonly info: TokenInfo;
}

export interface CreateTokenOptions {
  /** The namespaces that it may use, 100 at most; an admin's may use all. Default: all. */
  readonly namespaces?: readonly string[] | null | undefined;
  /** The time until it expires, up to ten years. Default: it does not expire. */
  readonly lifetimeMs?: Integer | null | undefined;
  /** A description of up to 4 KiB. Default: none. */
  readonly description?: string | null | undefined;
  /** Limits the role to these scopes, such as `read:kv:flag:*`; 100 at most. Default: no limit. */
  readonly scopes?: readonly string[] | null | undefined;
}

export interface MintOptions {
  /** What the page may do, such as `append:stream:chat:42`; 1 to 100 scopes. */
  readonly scopes: readonly string[];
  /** The time until it expires, up to an hour. Default: 600,000. */
  readonly expiresMs?: Integer | null | undefined;
  /** The namespaces that it may use, 100 at most. Default: those of this client's token. */
  readonly namespaces?: readonly string[] | null | undefined;
}

const CREATE: OptionNames<CreateTokenOptions> = {
  namespaces: true,
  lifetimeMs: true,
  description: true,
  scopes: true,
};
const MINT: OptionNames<MintOptions> = { scopes: true, expiresMs: true, namespaces: true };

/** `client.tokens`. All methods but `mint` and `whoami` need the role `admin`. */
export class Tokens {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Create a token. The client makes its secret and sends only its hash.
   *
   * The first token of a server turns tokens on: connections without one are closed. This client's
   * own connection is closed too, after it has its answer.
   *
   * Throws `BadRequestError` if there is no such role, if a scope is malformed or of no use to the
   * role, or if a value is out of its limits; `ConflictError` if there are 10,000 tokens already.
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
   * Create a short-lived token for one page. It has the role `web`, and the server does not store
   * it.
   *
   * A `backend` may do this, too, within its own namespaces and scopes. It also works on a server
   * without tokens, and does not turn tokens on. The token never lasts longer than this client's
   * own token. Revoking that token ends the minted one at once.
   *
   * Throws `BadRequestError` if a scope is malformed or of no use to a page, or if a value is out
   * of its limits; `ForbiddenError` if scopes or namespaces go beyond this client's own.
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

  /** List the tokens by id, one page at a time. Expired and revoked ones are listed for 30 days. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<TokenInfo>> {
    const { limit, cursor } = knownOfCall("tokens.list", options, LISTING);
    return await this.#caller.call(TokenList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * Revoke a token: its holders cannot connect again, and their connections are closed.
   *
   * Throws `NotFoundError` if there is no such token.
   */
  async revoke(id: string, options: CallOptions = {}): Promise<TokenInfo> {
    knownOfCall("tokens.revoke", options, NONE);
    return await this.#caller.call(TokenRevoke.of({ id }), options);
  }

  /** Return what this client may do (role, namespaces and scopes; `null`: all), and until when. */
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
