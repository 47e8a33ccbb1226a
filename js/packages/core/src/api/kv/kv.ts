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
  /** How long to wait until the key exists: at most 300,000. Default: 0, do not wait. */
  readonly blockMs?: Integer | null | undefined;
}

export interface KeysOptions {
  /** Whether to leave the values empty. Default: false. */
  readonly keysOnly?: boolean | null | undefined;
}

export interface ScanOptions extends KeysOptions {
  /**
   * At most so many entries: 1 to 1,000. Default: 100. A page ends earlier at 4 MiB, or after the
   * server has looked at 10,000 rows.
   */
  readonly limit?: Integer | null | undefined;
  /** The `cursor` of the previous page. Default: the first page. */
  readonly cursor?: string | null | undefined;
}

export interface HistoryOptions {
  /** At most so many versions: 1 to 64, as a key keeps at most 64. Default: 10. */
  readonly limit?: Integer | null | undefined;
}

const GET: OptionNames<GetOptions> = { blockMs: true };
const KEYS: OptionNames<KeysOptions> = { keysOnly: true };
const SCAN: OptionNames<ScanOptions> = { ...KEYS, limit: true, cursor: true };
export interface GetOrSetOptions {
  /** How long the value is kept. Default: until it is deleted. */
  readonly ttlMs?: Integer | null | undefined;
  /**
   * How long the others wait for one caller before the next one makes the value. Default: 30,000.
   */
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

  /** Return the value of a key, or `null`. `blockMs` waits until the key exists. */
  async get(key: string, options: GetOptions & CallOptions = {}): Promise<Uint8Array | null> {
    const { blockMs } = knownOfCall("kv.get", options, GET);
    return await this.caller.call(KvGet.of({ key, blockMs }), options);
  }

  /** Return the key's value with its version, time and expiry, or `null`. */
  async entry(key: string, options: CallOptions = {}): Promise<KvEntry | null> {
    knownOfCall("kv.entry", options, NONE);
    return await this.caller.call(KvGetEntry.of({ key }), options);
  }

  /**
   * List entries in byte order of their keys, one page at a time.
   *
   * `prefix`: only keys that begin with it; empty, the default, means all. Throws `BadRequestError`
   * if the cursor belongs to another scan, or `limit` is out of range.
   */
  async scan(prefix = "", options: ScanOptions & CallOptions = {}): Promise<ScanResult> {
    const { limit, cursor, keysOnly } = knownOfCall("kv.scan", options, SCAN);
    return await this.caller.call(KvScan.of({ prefix, limit, cursor, keysOnly }), options);
  }

  /**
   * Return the latest versions of a key, newest first, including deletions and expiries.
   *
   * Throws `BadRequestError` if `limit` is out of range.
   */
  async history(key: string, options: HistoryOptions & CallOptions = {}): Promise<VersionEntry[]> {
    const { limit } = knownOfCall("kv.history", options, HISTORY);
    return await this.caller.call(KvHistory.of({ key, limit }), options);
  }

  /**
   * Read several keys at one moment, in the given order; `null` for each missing key.
   *
   * Throws `BadRequestError` for more than 256 keys, and if their values together are too large for
   * one answer (508 MiB).
   */
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

/**
 * `client.kv`: versioned keys.
 *
 * A key is 1 to 4,096 bytes of UTF-8; any other key throws `BadRequestError`.
 */
export class Kv extends KvReader {
  readonly #commands = new KvCommands(false);

  /**
   * Write a value. Returns the version that it got.
   *
   * `value` is at most the server's `value_bytes_max` (1 MiB unless configured). Without a TTL the
   * key stays until it is deleted; a key that is overwritten loses the TTL that it had. Without a
   * condition, the value is always written.
   *
   * Throws `ConflictError` (with `currentVersion`) if the condition does not hold,
   * `BadRequestError` if the value is too large or the conditions contradict each other, and
   * `StorageFullError` if the server's disk is nearly full.
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

  /**
   * Delete a key. Returns whether it existed.
   *
   * Throws `ConflictError` if `casVersion` is given and the key has another version, or does not
   * exist.
   */
  async delete(key: string, options: KvDeleteOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.delete(key, options), options);
  }

  /**
   * Return the value of a key, and make it if there is none: a cache.
   *
   * Of all callers that ask at the same time, in any process, one calls `make`. The others wait for
   * the value that it makes. If `make` throws or takes longer than `makeTimeoutMs`, the next caller
   * calls its own. Throws what `make` throws, and what `put` throws.
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
   * Delete every key that begins with `prefix` (empty: all keys), in a background job.
   *
   * Keys that are written later are not touched, and watches show each deletion. `client.jobs`
   * shows the progress. Throws `BadRequestError` if `prefix` has more than 4,096 bytes.
   */
  async deletePrefix(prefix: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("kv.deletePrefix", options, NONE);
    return await this.caller.call(KvDeletePrefix.of({ prefix }), options);
  }

  /**
   * Iterate over all entries in byte order of their keys, reading page by page.
   *
   * `prefix`: only keys that begin with it; empty, the default, means all. A change that happens
   * meanwhile is shown only if its key is on a page that was not read yet.
   */
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

  /**
   * Add `delta` (default 1) to a counter. Returns its new value. A missing key begins at 0; a TTL
   * is kept.
   *
   * Throws `ConflictError` if the value is not an integer, or if the sum needs more than 64 bits.
   */
  async incr(
    key: string,
    delta: Integer | (IncrOptions & CallOptions) = 1,
    options: CallOptions = {},
  ): Promise<bigint> {
    const where = typeof delta === "object" && delta !== null ? delta : options;
    return await this.caller.call(this.#commands.incr(key, delta, options), where);
  }

  /**
   * Give a key a new TTL. Returns whether the key exists. Its version does not change.
   *
   * Throws `ConflictError` if a version is given and the key has another one, or does not exist,
   * and `BadRequestError` if no TTL is given.
   */
  async touch(key: string, options: TouchOptions & CallOptions): Promise<boolean> {
    return await this.caller.call(this.#commands.touch(key, options), options);
  }

  /**
   * Remove a key's TTL. Returns whether the key exists. Its version does not change.
   *
   * Throws `ConflictError` as `touch` does.
   */
  async persist(key: string, options: CasOptions & CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.persist(key, options), options);
  }

  /**
   * Return the value at `path` of a JSON document; `null` if the key or the path is missing.
   *
   * It is what `JSON.parse` makes of it: integers beyond 2^53 lose their last digits. `path`: `$`,
   * the default, is the whole document. Throws `ConflictError` if the key's value is not a JSON
   * document, `BadRequestError` if the path does not name exactly one place.
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

  /**
   * Set the value at `path` of a JSON document; `$` replaces or creates the document.
   *
   * Only the last member of a path may be missing. Setting a part keeps the document's TTL; setting
   * `$` removes it.
   *
   * Throws `NotFoundError` if there is no document, `ConflictError` if the key's value is not a
   * JSON document, and `BadRequestError` if more of the path is missing, an index is out of range,
   * `value` cannot be JSON, or the document would be too large.
   */
  async jsonSet(
    key: string,
    path: string,
    value: unknown,
    options: CallOptions = {},
  ): Promise<PutResult> {
    return await this.caller.call(this.#commands.jsonSet(key, path, value, options), options);
  }

  /**
   * Delete the value at `path` of a JSON document. Returns whether it was there.
   *
   * Throws `ConflictError` if the key's value is not a JSON document, `BadRequestError` if the path
   * does not name exactly one place.
   */
  async jsonDel(key: string, path = "$", options: CallOptions = {}): Promise<boolean> {
    return await this.caller.call(this.#commands.jsonDel(key, path, options), options);
  }

  /**
   * Begin a transaction. It commits only if the keys that it read have not changed meanwhile.
   *
   * Nothing is sent yet. `routingKey` is accepted but has no effect: a transaction may take all
   * keys of a namespace.
   */
  async begin(routingKey = "", options: CallOptions = {}): Promise<Transaction> {
    text.encode(routingKey, "routingKey");
    return new Transaction(this.caller, knownOfCall<NoOptions>("kv.begin", options, NONE));
  }

  /**
   * Iterate over the changes of `key`, in order; with `prefix`, over those of all keys that begin
   * with it.
   *
   * The watch begins after `fromVersion`, or by default at the namespace's version when `watch` is
   * called. `await watch.start()` makes certain that the server has been asked for that version.
   * The watch continues after lost connections. A namespace keeps its last 100,000 changes, for 24
   * hours. A step throws `GapError` (with `firstVersion`) if changes that it must show are no
   * longer kept.
   */
  watch(key: string, options: WatchOptions & CallOptions = {}): KvWatch {
    const given = knownOfCall("kv.watch", options, WATCH);
    return KvWatch.begun(new KvWatch(this.caller, key, given));
  }
}
