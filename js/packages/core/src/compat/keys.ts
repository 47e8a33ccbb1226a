/** `client.kv` as the first JavaScript SDK has it: keys and cursors are bytes, values have versions. */

import type { TouchOptions } from "../api/kv/commands.js";
import type { GetOptions, Kv, KvReader, ScanOptions as OurScanOptions } from "../api/kv/kv.js";
import { ScanCursor } from "../api/kv/scan-cursor.js";
import { Transaction as OurTransaction } from "../api/kv/transaction.js";
import { listOf, type Payload, toBytes, toText } from "../base/bytes.js";
import type { CallOptions } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import { type KvEntry, KvJsonGet, KvJsonSet, type PutResult } from "../wire/messages.generated.js";
import { type Extended, extended } from "./extended.js";
import {
  GetResult,
  type KVEntry,
  type KVTouchOptions,
  type MGetEntry,
  type ScanPage,
} from "./shapes.js";

/** Options of a scan; its cursor is that of a page. */
export interface ScanOptions extends Omit<OurScanOptions, "cursor"> {
  readonly cursor?: Uint8Array | null | undefined;
}

/** What reads keys. */
export interface KeyReads {
  /** The value with its version, or `null`. */
  get(key: string, options?: GetOptions & CallOptions): Promise<GetResult | null>;
  /** List entries in byte order of their keys, one page at a time. */
  scan(prefix?: string, options?: ScanOptions & CallOptions): Promise<ScanPage>;
  /** The pages of a scan, and all of its entries. */
  scanCursor(prefix?: string, options?: ScanOptions & CallOptions): ScanCursor<KVEntry, Uint8Array>;
  /** Several keys at one moment, in the order asked. */
  mget(keys: Iterable<string>, options?: CallOptions): Promise<MGetEntry[]>;
}

/** What else differs on a server's side. */
export interface KeyWrites {
  /** Give a key a new TTL, in seconds (0: none); whether it exists. */
  touch(key: string, ttlSeconds: Integer, options?: KVTouchOptions): Promise<boolean>;
  /** The JSON at `path`, as text, with the key's version, or `null`. */
  jsonGet(key: string, path?: string, options?: CallOptions): Promise<GetResult | null>;
  /** Set the value at `path` to one that is given as JSON text. */
  jsonSet(key: string, path: string, json: Payload, options?: CallOptions): Promise<PutResult>;
  /** Delete the value at `path`; the key's version then. */
  jsonDel(key: string, path?: string, options?: CallOptions): Promise<PutResult>;
  /** Begin a transaction. */
  begin(routingKey?: string, options?: CallOptions): Promise<Transaction>;
}

/** A transaction whose reads have versions. */
export class Transaction extends OurTransaction {
  /** The value, with what this transaction wrote, or `null`; its version is that of the read. */
  override async get(key: string): Promise<GetResult | null> {
    const value = await super.get(key);
    return value === null ? null : new GetResult(value, this.versionOf(key));
  }

  /** Give a key a new TTL, in milliseconds (0: none), with the commit. */
  override async touch(key: string, ttl: Integer | TouchOptions): Promise<void> {
    await super.touch(key, typeof ttl === "object" ? ttl : { ttlMs: ttl });
  }
}

/** Begin a transaction of a client. */
export async function beginTxn(
  client: { readonly kv: Pick<KeyWrites, "begin"> },
  namespace: string | undefined,
  routingKey = "",
): Promise<Transaction> {
  return await client.kv.begin(routingKey, { namespace });
}

/** `kv` of a client that only reads. */
export function keyReads(kv: KvReader): Extended<KvReader, KeyReads> {
  return extended(kv, readsOf(kv));
}

/** `kv` of a client that writes, too. */
export function keys(kv: Kv, caller: Caller): Extended<Kv, KeyReads & KeyWrites> {
  return extended(kv, { ...readsOf(kv), ...writesOf(kv, caller) });
}

function readsOf(kv: KvReader): KeyReads {
  const scan = async (
    prefix = "",
    { cursor, ...options }: ScanOptions & CallOptions = {},
  ): Promise<ScanPage> => {
    const from = cursor ? toText(cursor) : null;
    const page = await kv.scan(prefix, { ...options, cursor: from });
    return {
      entries: page.entries.map((entry) => entryOf(entry, options.keysOnly === true)),
      cursor: page.cursor === null ? null : toBytes(page.cursor),
      hasMore: page.hasMore,
    };
  };
  return {
    scan,
    async get(key, options = {}) {
      const { blockMs, ...rest } = options;
      const isThere = (blockMs ?? null) === null || (await kv.get(key, options)) !== null;
      const entry = isThere ? await kv.entry(key, rest) : null;
      return entry === null ? null : new GetResult(entry.value, entry.version);
    },
    scanCursor(prefix = "", options = {}) {
      const pageAt = (cursor: Uint8Array | null) => scan(prefix, { ...options, cursor });
      return new ScanCursor<KVEntry, Uint8Array>(pageAt, options.cursor);
    },
    async mget(wanted, options) {
      const names = listOf("keys", wanted);
      const entries = await kv.mget(names, options);
      return names.map((key, index) => foundOf(key, entries[index] ?? null));
    },
  };
}

function entryOf(entry: KvEntry, keysOnly: boolean): KVEntry {
  return { key: toBytes(entry.key), value: keysOnly ? null : entry.value };
}

function foundOf(key: string, entry: KvEntry | null): MGetEntry {
  return entry === null
    ? { key, value: new Uint8Array(0), version: 0n, found: false }
    : { key, value: entry.value, version: entry.version, found: true };
}

function writesOf(kv: Kv, caller: Caller): KeyWrites {
  return {
    async touch(key, ttlSeconds, options = {}) {
      return await kv.touch(key, { ...options, ttlSeconds });
    },
    async jsonGet(key, path = "$", options = {}) {
      const json = await caller.call(KvJsonGet.of({ key, path }), options);
      const entry = json === null ? null : await kv.entry(key, options);
      return json === null || entry === null ? null : new GetResult(json, entry.version);
    },
    async jsonSet(key, path, json, options = {}) {
      const value = toBytes(json, "json");
      JSON.parse(toText(value)); // throws here what would be refused there
      return await caller.call(KvJsonSet.of({ key, path, value }), options);
    },
    async jsonDel(key, path, options) {
      await kv.jsonDel(key, path, options);
      return { version: (await kv.entry(key, options))?.version ?? 0n };
    },
    async begin(routingKey = "", options = {}) {
      await kv.begin(routingKey, options); // for its checks: nothing is sent
      return new Transaction(caller, options);
    },
  };
}
