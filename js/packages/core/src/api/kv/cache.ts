/**
 * A key as a cache: whoever finds no value makes one, one caller at a time, over all clients.
 *
 * Who makes it holds a second key for that while, which runs out by itself. It is written together
 * with the value, so what comes too late changes nothing. The same keys as in Python.
 */

import { type JsonPayload, payloadBytes } from "../../base/bytes.js";
import {
  ConflictError,
  ConnectionFailedError,
  NotConnectedError,
  RequestTimeoutError,
} from "../../base/errors.js";
import type { CallOptions } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import { KvGet } from "../../wire/messages.generated.js";
import { batchOf } from "../batch.js";
import { KvCommands } from "./commands.js";

/** What the key of who makes a value has behind that of the value. */
const MAKING = "#making";
/** How often those who wait look whether it is still being made. */
const LOOK_MS = 1_000;
/** After these there is nobody to whom the second key could be given back. */
const OUT_OF_REACH = [ConnectionFailedError, NotConnectedError, RequestTimeoutError];

/** Makes the value of a key that has none. */
export type Make = () => JsonPayload | Promise<JsonPayload>;

/** One key, and who makes its value. */
export class Cache {
  readonly #caller: Caller;
  readonly #key: string;
  readonly #where: CallOptions;
  readonly #commands = new KvCommands(true);

  constructor(caller: Caller, key: string, where: CallOptions) {
    this.#caller = caller;
    this.#key = key;
    this.#where = where;
  }

  /** The value; made by us, or by somebody else meanwhile. */
  async getOrSet(
    make: Make,
    ttlMs: Integer | undefined,
    makeTimeoutMs: Integer,
  ): Promise<Uint8Array> {
    let value = await this.#get();
    while (value === null) {
      const version = await this.#beginMaking(makeTimeoutMs);
      if (version !== null) {
        return await this.#unlessMade(make, ttlMs, version);
      }
      value = await this.#get(LOOK_MS);
    }
    return value;
  }

  async #get(blockMs = 0): Promise<Uint8Array | null> {
    const options = { ...this.#where, blockMs };
    return await this.#caller.call(KvGet.of({ key: this.#key, blockMs }), options);
  }

  /** The version under which it is ours to make; `null`: it is another's. */
  async #beginMaking(ttlMs: Integer): Promise<bigint | null> {
    const request = this.#commands.put(this.#key + MAKING, "", { ttlMs, ifNotExists: true });
    try {
      return (await this.#caller.call(request, this.#where)).version;
    } catch (error) {
      return unlessConflict(error);
    }
  }

  /** It is ours to make, unless somebody has done so between our look and that. */
  async #unlessMade(make: Make, ttlMs: Integer | undefined, version: bigint): Promise<Uint8Array> {
    const value = await this.#get();
    if (value === null) {
      return await this.#make(make, ttlMs, version);
    }
    await this.#giveUp(version);
    return value;
  }

  async #make(make: Make, ttlMs: Integer | undefined, version: bigint): Promise<Uint8Array> {
    let value: Uint8Array;
    try {
      value = payloadBytes(await make());
    } catch (error) {
      await this.#giveUp(version);
      throw error;
    }
    const made = [this.#noLongerMaking(version), this.#commands.put(this.#key, value, { ttlMs })];
    try {
      await this.#caller.call(batchOf(made), this.#where);
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        await this.#giveUpUnlessOutOfReach(version, error);
        throw error;
      } // it took too long: what is kept is another's to say
    }
    return value;
  }

  async #giveUpUnlessOutOfReach(version: bigint, error: unknown): Promise<void> {
    if (!OUT_OF_REACH.some((kind) => error instanceof kind)) {
      await this.#giveUp(version);
    }
  }

  /** Without the signal of the call: that may be what ends it. */
  async #giveUp(version: bigint): Promise<void> {
    const where = { ...this.#where, signal: undefined };
    try {
      await this.#caller.call(this.#noLongerMaking(version), where);
    } catch {
      return; // somebody else makes it by now, or the second key runs out by itself
    }
  }

  #noLongerMaking(version: bigint) {
    return this.#commands.delete(this.#key + MAKING, { casVersion: version, purge: true });
  }
}

function unlessConflict(error: unknown): null {
  if (error instanceof ConflictError) {
    return null;
  }
  throw error;
}
