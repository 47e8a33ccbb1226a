/** What a server knows a client by: a text, or what gives one whenever the client connects. */

import type { Clock } from "../base/clock.js";
import { messageOf } from "../base/error-text.js";
import {
  BadRequestError,
  BadTypeError,
  ConnectionFailedError,
  FloError,
  ForbiddenError,
  UnauthorizedError,
} from "../base/errors.js";
import { typeName } from "../base/shown.js";

/** A token, or a function that is called at each connection, for tokens that expire. */
export type Token = string | (() => string | Promise<string>);

/** Refusals of a greeting that no other attempt with the same token heals. */
const FINAL = [BadRequestError, ForbiddenError, UnauthorizedError];
/** How many tokens in a row may be refused, where each was another one. */
const REFUSED_MAX = 3;

/** `token`, or `null` for none. Throws `BadTypeError` on what is no token. */
export function checkToken(token: Token | null | undefined): Token | null {
  if (token === undefined || token === null) {
    return null;
  }
  if (typeof token !== "string" && typeof token !== "function") {
    throw new BadTypeError(`token must be text or a function, not ${typeName(token)}`);
  }
  return token;
}

/** Gives the token of each greeting, and remembers which were refused. */
export class TokenSource {
  readonly #token: Token | null;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #given: string | null = null;
  #refused: FloError | null = null;
  #refusedTotal = 0;

  constructor(token: Token | null, clock: Clock, timeoutMs: number) {
    this.#token = token;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The token to greet with. Throws the server's refusal where it would be the token refused last,
   * and `ConnectionFailedError` where the function gives none.
   */
  async next(): Promise<string | null> {
    if (typeof this.#token !== "function") {
      return this.#token;
    }
    const given = await this.#ask(this.#token);
    if (this.#refused !== null && given === this.#given) {
      throw this.#refused;
    }
    this.#given = given;
    return given;
  }

  /** The server took it. */
  taken(): void {
    this.#refused = null;
    this.#refusedTotal = 0;
  }

  /** Connecting failed with `error`: whether there is no use in trying again. */
  isFinal(error: FloError): boolean {
    if (!FINAL.some((kind) => error instanceof kind)) {
      return false;
    }
    const isSame = typeof this.#token !== "function" || error === this.#refused;
    this.#refused = error;
    this.#refusedTotal += 1;
    return isSame || this.#refusedTotal >= REFUSED_MAX;
  }

  async #ask(token: () => string | Promise<string>): Promise<string> {
    let given: unknown;
    try {
      given = await this.#inTime(token);
    } catch (error) {
      if (error instanceof FloError) {
        throw error;
      }
      const text = `the function token failed: ${messageOf(error)}`;
      throw new ConnectionFailedError(text, { cause: error });
    }
    if (typeof given !== "string") {
      throw new BadTypeError(`the function token must return text, not ${typeName(given)}`);
    }
    return given;
  }

  #inTime(token: () => string | Promise<string>): Promise<string> {
    return new Promise((resolve, reject) => {
      const text = `the function token returned no token within ${this.#timeoutMs} ms`;
      const timer = this.#clock.callAt(this.#clock.nowMs() + this.#timeoutMs, () =>
        reject(new ConnectionFailedError(text)),
      );
      Promise.resolve()
        .then(token)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}
