/** KV as a person calls it: `client.kv`. */

import { listOf, type Payload } from "../../base/bytes.js";
import { BadTypeError } from "../../base/errors.js";
import { fromJson } from "../../base/json.js";
import { LIMIT_MAX } from "../../base/limits.generated.js";
import {
  type CallOptions,
  knownOfCall,
  NONE,
  type NoOptions,
  type OptionNames,
} from "../../base/options.js";
import { type Integer, text } from "../../base/schema.js";
import { typeName } from "../../base/shown.js";
import type { Caller } from "../../link/caller.js";
import {
  type BulkJob,
  KvDeletePrefix,
  type KvEntry,
  KvExists,
  KvGet,
  KvGetEntry,
  KvHistory,
  KvJsonGet,
  KvMget,
  KvScan,
  type PutResult,
  type ScanResult,
  type VersionEntry,
} from "../../wire/messages.generated.js";
import { Cache, type Make } from "./cache.js";
import {
  type CasOptions,
  type IncrOptions,
  KvCommands,
  type KvDeleteOptions,
  type PutOptions,
  type TouchOptions,
} from "./commands.js";
import { ScanCursor } from "./scan-cursor.js";
import { Transaction } from "./transaction.js";
import { KvWatch, WATCH, type WatchOptions } from "./watch.js";

export interface GetOptions {
  /** How long to wait for the key to exist. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
}

export interface KeysOptions {
  /** Whether to leave the values empty. Default: false. */
  readonly keysOnly?: boolean | null | undefined;
}

export interface ScanOptions extends KeysOptions {
  /** The largest number of entries: at most 1,000. Default: 100. */
  readonly limit?: Integer | null | undefined;
  readonly cursor?: string | null | undefined;
}

export interface HistoryOptions {
  /** The largest number of versions: at most 64. Default: 10. */
  readonly limit?: Integer | null | undefined;
}

const GET: OptionNames<GetOptions> = { blockMs: true };
const KEYS: OptionNames<KeysOptions> = { keysOnly: true };
const SCAN: OptionNames<ScanOptions> = { ...KEYS, limit: true, cursor: true };
export interface GetOrSetOptions {
  /** How long the value is kept. Default: until it is deleted. */
  readonly ttlMs?: Integer | null | undefined;
  /** How long to wait for another caller that makes the value. Default: 30,000. */
  readonly makeTimeoutMs?: Integer | null | undefined;
}

const MAKE_TIMEOUT_MS = 30_000;
const GET_OR_SET: OptionNames<GetOrSetOptions> = { ttlMs: true, makeTimeoutMs: true };
const HISTORY: OptionNames<HistoryOptions> = { limit: true };

/** Reads of keys. Web pages have only these. */
export class KvReader {
  protected readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  /** Return the value, or `null`. With `blockMs`, wait that long for the key to exist. */
  async get(key: string, options: GetOptions & CallOptions = {}): Promise<Uint8Array | null> {
    const { blockMs } = knownOfCall("kv.get", options, GET);
    return await this.caller.call(KvGet.of({ key, blockMs }), options);
  }

  /** Return the key with its value, version, time and expiry, or `null`. */
  async entry(key: string, options: CallOptions = {}): Promise<KvEntry | null> {
    knownOfCall("kv.entry", options, NONE);
    return await this.caller.call(KvGetEntry.of({ key }), options);
  }

  /** Return a page of entries, in byte order. `keysOnly` leaves the values empty. */
  async scan(prefix = "", options: ScanOptions & CallOptions = {}): Promise<ScanResult> {
    const { limit, cursor, keysOnly } = knownOfCall("kv.scan", options, SCAN);
    return await this.caller.call(KvScan.of({ prefix, limit, cursor, keysOnly }), options);
  }

  /** Return the latest versions, newest first, with deletions and expiries. */
  async history(key: string, options: HistoryOptions & CallOptions = {}): Promise<VersionEntry[]> {
    const { limit } = knownOfCall("kv.history", options, HISTORY);
    return await this.caller.call(KvHistory.of({ key, limit }), options);
  }

  /** Return several keys as of one moment, in the order of `keys`. */
  async mget(keys: Iterable<string>, options: CallOptions = {}): Promise<(KvEntry | null)[]> {
    knownOfCall("kv.mget", options, NONE);
    return await this.caller.call(KvMget.of({ keys: listOf("keys", keys) }), options);
  }

  /** Return whether the key exists. */
  async exists(key: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("kv.exists", options, NONE);
    return await this.caller.call(KvExists.of({ key }), options);
  }
}

/** `client.kv`: versioned keys. */
export class Kv extends KvReader {
  readonly #commands = new KvCommands(false);

  /**
   * Write a value. If a condition is given and does not hold, throws `ConflictError`.
   *
   * Without a TTL the key stays until it is deleted. An overwritten key loses its TTL.
   */
  async put(
    key: string,
    value: Payload,
    options: PutOptions & CallOptions = {},
  ): Promise<PutResult> {
    return await this.caller.call(this.#commands.put(key, value, options), options);
  }

  /** Another name for `put`. */
  async set(
    key: string,
    value: Payload,
    options: PutOptions & CallOptions = {},
  ): Promise<PutResult> {
    return await this.put(key, value, options);
  }

  /** Delete a key. Returns whether it existed. */
  async delete(key: string, options: KvDeleteOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.delete(key, options), options);
  }

  /**
   * Return the value of a key. If there is none, one caller makes it: a cache.
   *
   * Of all callers that ask meanwhile, in any process, one calls `make`; the others wait for its
   * value. If `make` throws or takes longer than `makeTimeoutMs`, the next caller makes it.
   */
  async getOrSet(
    key: string,
    make: Make,
    options: GetOrSetOptions & CallOptions = {},
  ): Promise<Uint8Array> {
    const given = knownOfCall("kv.getOrSet", options, GET_OR_SET);
    if (typeof make !== "function") {
      throw new BadTypeError(`make must be a function, not ${typeName(make)}`);
    }
    const { ttlMs, makeTimeoutMs, ...where } = given;
    return await new Cache(this.caller, key, where).getOrSet(
      make,
      ttlMs,
      makeTimeoutMs ?? MAKE_TIMEOUT_MS,
    );
  }

  /**
   * Delete every key that begins with `prefix` (empty: all keys). A job does this in the
   * background.
   *
   * Keys that are written later are not deleted. `client.jobs` shows its progress.
   */
  async deletePrefix(prefix: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("kv.deletePrefix", options, NONE);
    return await this.caller.call(KvDeletePrefix.of({ prefix }), options);
  }

  /** Iterate over all entries with this prefix, in byte order. */
  async *iterate(prefix = "", options: KeysOptions & CallOptions = {}): AsyncGenerator<KvEntry> {
    knownOfCall("kv.iterate", options, KEYS);
    let cursor: string | null = null;
    do {
      const page: ScanResult = await this.scan(prefix, { ...options, limit: LIMIT_MAX, cursor });
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  /** List a prefix page by page (`limit` entries each; default 100), or all of its entries. */
  scanCursor(prefix = "", options: ScanOptions & CallOptions = {}): ScanCursor {
    const given = knownOfCall("kv.scanCursor", options, SCAN);
    return new ScanCursor((cursor) => this.scan(prefix, { ...given, cursor }), given.cursor);
  }

  /** Add `delta` (default 1) to a counter, which starts at 0. Returns the new value. */
  async incr(
    key: string,
    delta: Integer | (IncrOptions & CallOptions) = 1,
    options: CallOptions = {},
  ): Promise<bigint> {
    const where = typeof delta === "object" && delta !== null ? delta : options;
    return await this.caller.call(this.#commands.incr(key, delta, options), where);
  }

  /** Give a key a new TTL (0: none). Returns whether the key exists. */
  async touch(key: string, options: TouchOptions & CallOptions): Promise<boolean> {
    return await this.caller.call(this.#commands.touch(key, options), options);
  }

  /** Remove a key's TTL. Returns whether the key exists. */
  async persist(key: string, options: CasOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.persist(key, options), options);
  }

  /**
   * Return the value at `path` of a JSON document; `null` if the key or the path is missing.
   *
   * It is what `JSON.parse` makes of it: integers beyond 2^53 lose their last digits.
   */
  async jsonGet<T = unknown>(
    key: string,
    path = "$",
    options: CallOptions = {},
  ): Promise<T | null> {
    knownOfCall("kv.jsonGet", options, NONE);
    const json = await this.caller.call(KvJsonGet.of({ key, path }), options);
    return json === null ? null : (fromJson(json) as T);
  }

  /** Set the value at `path`; `$` replaces or creates the document. */
  async jsonSet(
    key: string,
    path: string,
    value: unknown,
    options: CallOptions = {},
  ): Promise<PutResult> {
    return await this.caller.call(this.#commands.jsonSet(key, path, value, options), options);
  }

  /** Delete the value at `path`. Returns whether it existed. */
  async jsonDel(key: string, path = "$", options: CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.jsonDel(key, path, options), options);
  }

  /**
   * Begin a transaction. It commits only if nobody changed the keys that it read.
   *
   * Nothing is sent yet. `routingKey` has no effect: one transaction may use all keys of a
   * namespace.
   */
  async begin(routingKey = "", options: CallOptions = {}): Promise<Transaction> {
    text.encode(routingKey, "routingKey");
    return new Transaction(this.caller, knownOfCall<NoOptions>("kv.begin", options, NONE));
  }

  /**
   * Iterate over the changes of `key`, in order; with `prefix`, over those of all keys that begin
   * with it.
   *
   * It starts after `fromVersion`. Without it, it starts at the namespace's present version: `await
   * watch.start()` waits until that is fixed. It continues after lost connections. If changes that
   * it needs are no longer kept, it throws `GapError`; it does not skip any.
   */
  watch(key: string, options: WatchOptions & CallOptions = {}): KvWatch {
    const given = knownOfCall("kv.watch", options, WATCH);
    return KvWatch.begun(new KvWatch(this.caller, key, given));
  }
}
