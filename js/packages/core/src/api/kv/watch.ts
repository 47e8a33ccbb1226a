/** Following the changes of keys. */

import type { CallOptions, Given, OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import { type KvChange, KvChanges, type KvChangesReply } from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Endless } from "../base/endless.js";

export interface WatchOptions {
  /** Whether to watch all keys that begin with `key`. Default: false. */
  readonly prefix?: boolean | null | undefined;
  /** Show the changes after this version. Default: the changes from now on. */
  readonly fromVersion?: Integer | null | undefined;
}

export const WATCH: OptionNames<WatchOptions> = { prefix: true, fromVersion: true };

/** An endless iterator of the changes of keys. */
export class KvWatch extends Endless<KvChange, KvChangesReply> {
  readonly #key: string;
  readonly #prefix: boolean | undefined;
  #version: Integer | null;
  #generation: Integer | null;

  constructor(caller: Caller, key: string, options: Given<WatchOptions & CallOptions>) {
    super(caller, options, options.fromVersion !== undefined);
    this.#key = key;
    this.#prefix = options.prefix;
    this.#version = options.fromVersion ?? null;
    this.#generation = this.#version === null ? null : 0;
  }

  protected override ask(blockMs: number): Request<KvChangesReply> {
    return KvChanges.of({
      key: this.#key,
      prefix: this.#prefix,
      fromVersion: this.#version,
      blockMs,
      generation: this.#generation,
    });
  }

  protected override taken(reply: KvChangesReply): readonly KvChange[] {
    this.#version = reply.version;
    this.#generation = reply.generation;
    return reply.changes;
  }
}
