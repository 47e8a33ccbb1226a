/** Namespaces: listed, made and deleted. One also comes into being with its first write. */

import { type CallOptions, knownOfCall, NONE } from "../base/options.js";
import type { Caller } from "../link/caller.js";
import {
  NamespaceCreate,
  NamespaceDelete,
  type NamespaceInfo,
  NamespaceList,
} from "../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./page.js";
import { FORCE, type ForceOptions } from "./stream-commands.js";

/** `client.namespaces`. */
export class Namespaces {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Make a namespace; whether it is new. */
  async create(name: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("namespaces.create", options, NONE);
    return await this.#caller.call(NamespaceCreate.of({ name }), options);
  }

  /** A page of the namespaces, by name. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<NamespaceInfo>> {
    const { limit, cursor } = knownOfCall("namespaces.list", options, LISTING);
    return await this.#caller.call(NamespaceList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Delete a namespace; whether it existed. One that is not empty wants `force`. */
  async delete(name: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    const { force } = knownOfCall("namespaces.delete", options, FORCE);
    return await this.#caller.call(NamespaceDelete.of({ name, force }), options);
  }
}
