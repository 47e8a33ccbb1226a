/** What the builders of commands have in common: `client` and batches share them. */

import { type Given, known, knownOfCall, type OptionNames } from "../../base/options.js";

/** In a batch, commands have no namespace, time-out or signal of their own: the batch has them. */
export abstract class Commands {
  readonly #isBatch: boolean;

  constructor(isBatch: boolean) {
    this.#isBatch = isBatch;
  }

  protected known<T extends object>(method: string, options: T, names: OptionNames<T>): Given<T> {
    return this.#isBatch ? known(method, options, names) : knownOfCall(method, options, names);
  }
}
