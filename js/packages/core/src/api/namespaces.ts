/** Namespaces: list, create and delete them. The first write to a namespace creates it, too. */

import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import {
  NamespaceConfigure,
  NamespaceCreate,
  NamespaceDelete,
  type NamespaceInfo,
  NamespaceList,
} from "../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./base/page.js";
import { FORCE, type ForceOptions } from "./base/shared-options.js";

export interface NamespaceOptions {
  /**
   * How many versions of a key are kept, including the current one: 1 to 64, and 64 in a new
   * namespace.
   */
  readonly kvHistory?: Integer | null | undefined;
  /**
   * How long the versions of a deleted key are kept; 86,400,000 in a new namespace. 0 removes them
   * at once.
   */
  readonly kvDeletedMs?: Integer | null | undefined;
}

const CONFIGURE: OptionNames<NamespaceOptions> = { kvHistory: true, kvDeletedMs: true };

/**
 * `client.namespaces`.
 *
 * A name is 1 to 63 letters, digits, `-`, `_` and `.`, and begins with a letter; any other name
 * throws `BadRequestError`.
 */
export class Namespaces {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Create a namespace. Returns whether it is new. */
  async create(name: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("namespaces.create", options, NONE);
    return await this.#caller.call(NamespaceCreate.of({ name }), options);
  }

  /**
   * Change settings of a namespace. Returns the namespace with all its settings.
   *
   * A setting that is left out, or given as `null`, stays as it is. If there is no such namespace,
   * it is created. A changed setting applies to each key from its next change on.
   *
   * Throws `BadRequestError` if a setting is out of its limits.
   */
  async configure(
    name: string,
    options: NamespaceOptions & CallOptions = {},
  ): Promise<NamespaceInfo> {
    const { kvHistory, kvDeletedMs } = knownOfCall("namespaces.configure", options, CONFIGURE);
    const request = NamespaceConfigure.of({ name, kvHistory, kvDeletedMs });
    return await this.#caller.call(request, options);
  }

  /**
   * List the namespaces by name, one page at a time.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<NamespaceInfo>> {
    const { limit, cursor } = knownOfCall("namespaces.list", options, LISTING);
    return await this.#caller.call(NamespaceList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * Delete a namespace. Returns whether it existed.
   *
   * Throws `ConflictError` if it is not empty and `force` is not given.
   */
  async delete(name: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    const { force } = knownOfCall("namespaces.delete", options, FORCE);
    return await this.#caller.call(NamespaceDelete.of({ name, force }), options);
  }
}
