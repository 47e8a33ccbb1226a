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

/** A code for the console. It is good once, until `expiresAtMs`. */
export interface ConsoleCode {
  readonly code: string;
  readonly expiresAtMs: number;
}

/** A session of the console. `token`: what to come in with, which nobody can tell again. */
export interface ConsoleSession {
  readonly token: string;
  readonly info: Identity;
}

/** `client.console`: what `flo console` asks, and the page that it opens. */
export class Console {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Ask for a code that opens one session with the rights of this client, within 60 s. The code is
   * made here, and only a hash of it is sent. It works without tokens, too, and turns none on.
   */
  async code(options: CallOptions = {}): Promise<ConsoleCode> {
    knownOfCall("console.code", options, NONE);
    const code = randomText(SECRET_ALPHABET, SECRET_CHARS);
    const request = ConsoleOpen.of({ hash: await sha256(code) });
    return { code, expiresAtMs: await this.#caller.call(request, options) };
  }

  /**
   * Open a session by a code: it may do what whoever asked for the code may do. It ends after 12
   * hours, at `logout`, or with the token that it came from; a restart keeps it.
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

  /** End the session that this client has come in with, and cut all its connections. */
  async logout(options: CallOptions = {}): Promise<void> {
    knownOfCall("console.logout", options, NONE);
    await this.#caller.call(ConsoleLogout.of({}), options);
  }
}
