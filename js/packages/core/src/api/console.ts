/** Sessions of the console: a code that is good once, and the session that it opens. */

import { type CallOptions, knownOfCall, NONE } from "../base/options.js";
import { randomText } from "../base/random.js";
import type { Caller } from "../link/caller.js";
import {
  ConsoleLogin,
  ConsoleLogout,
  ConsoleOpen,
  type Identity,
} from "../wire/messages.generated.js";
import { ID_ALPHABET, ID_CHARS, SECRET_ALPHABET, SECRET_CHARS, sha256 } from "./base/secrets.js";

/** A code for the console. It can be used once, until `expiresAtMs`. */
export interface ConsoleCode {
  readonly code: string;
  readonly expiresAtMs: number;
}

/** A session of the console. `token` is its secret; it cannot be shown again. */
export interface ConsoleSession {
  readonly token: string;
  readonly info: Identity;
}

/** `client.console`: what `flo console` and the console's page call. */
export class Console {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Create a code that opens one session with the rights of this client, within 60 s.
   *
   * The code is made here; only its hash is sent. This also works on a server without tokens, and
   * does not turn tokens on.
   */
  async code(options: CallOptions = {}): Promise<ConsoleCode> {
    knownOfCall("console.code", options, NONE);
    const code = randomText(SECRET_ALPHABET, SECRET_CHARS);
    const request = ConsoleOpen.of({ hash: await sha256(code) });
    return { code, expiresAtMs: await this.#caller.call(request, options) };
  }

  /**
   * Open a session with a code. It has the rights of the client that created the code.
   *
   * It ends after 12 hours, at `logout`, or when the token behind it ends. It survives a restart.
   */
  async login(code: string, options: CallOptions = {}): Promise<ConsoleSession> {
    knownOfCall("console.login", options, NONE);
    const id = randomText(ID_ALPHABET, ID_CHARS);
    const token = `floc_${id}_${randomText(SECRET_ALPHABET, SECRET_CHARS)}`;
    const [codeHash, hash] = await Promise.all([sha256(code), sha256(token)]);
    return {
      token,
      info: await this.#caller.call(ConsoleLogin.of({ codeHash, id, hash }), options),
    };
  }

  /** End the session that this client is logged in with, and close all its connections. */
  async logout(options: CallOptions = {}): Promise<void> {
    knownOfCall("console.logout", options, NONE);
    await this.#caller.call(ConsoleLogout.of({}), options);
  }
}
