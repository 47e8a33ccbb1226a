/**
 * Reading keys and writing them in one step, if nobody changed the keys that were read.
 *
 * The server holds nothing for it. Writes are kept here; `commit` sends them in one batch, with the
 * versions of everything that was read as conditions.
 */

import { type Payload, toBytes, toText } from "../../base/bytes.js";
import { ConflictError, TxnFinishedError, TxnUnsupportedOpError } from "../../base/errors.js";
import type { CallOptions } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import { shown } from "../../base/shown.js";
import type { Caller } from "../../link/caller.js";
import { type KvEntry, KvGetEntry } from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { batchOf } from "../batch.js";
import {
  type CasOptions,
  type IncrOptions,
  KvCommands,
  type PutOptions,
  type TouchOptions,
} from "./commands.js";

const COUNTER = /^-?\d+$/;

/** The result of a commit. */
export interface CommitResult {
  /** The highest version that the commit gave; 0 if it wrote no value. */
  readonly commitIndex: bigint;
  /** The number of writes. */
  readonly opCount: number;
  /** The answer of each write, in order, as outside a transaction. */
  readonly results: readonly unknown[];
}

let lastId = 0n;

/** Reads and writes of keys that take effect together: `begin`, then `commit` or `rollback`. */
export class Transaction {
  /** The number of this transaction in this program. */
  readonly id: bigint = ++lastId;
  /** Always 0: a transaction may use all keys of its namespace. */
  readonly pinnedHash = 0n;
  readonly #caller: Caller;
  readonly #options: CallOptions;
  readonly #commands = new KvCommands(true);
  readonly #read = new Map<string, KvEntry | null>();
  readonly #written = new Map<string, Uint8Array | null>();
  readonly #writes: Request<unknown>[] = [];
  #isFinished = false;

  constructor(caller: Caller, options: CallOptions) {
    this.#caller = caller;
    this.#options = options;
  }

  /** Return the value, including what this transaction wrote, or `null`. */
  async get(key: string): Promise<Uint8Array | null> {
    this.#checkOpen();
    if (!this.#written.has(key) && !this.#read.has(key)) {
      await this.#fetch(key);
    }
    return this.#known(key);
  }

  /**
   * Return the version at which this transaction read the key; 0 if it was missing, or not read.
   */
  versionOf(key: string): bigint {
    return this.#read.get(key)?.version ?? 0n;
  }

  /** Return whether the key exists, including what this transaction wrote. */
  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== null;
  }

  /** Write a value at the commit, under a condition if one is given. */
  async put(key: string, value: Payload, options: PutOptions = {}): Promise<void> {
    this.#write(this.#commands.put(key, value, options));
    this.#written.set(key, toBytes(value));
  }

  /** Delete a key at the commit. */
  async delete(key: string, options: CasOptions = {}): Promise<void> {
    this.#write(this.#commands.delete(key, options));
    this.#written.set(key, null);
  }

  /** Add `delta` (default 1) to a counter at the commit. Returns its value then. */
  async incr(key: string, delta: Integer | IncrOptions = 1): Promise<bigint> {
    const command = this.#commands.incr(key, delta);
    await this.get(key);
    const before = counted(key, this.#known(key)); // by now: another may have counted meanwhile
    const by = typeof delta === "object" ? (delta.delta ?? 1) : delta;
    const after = before + BigInt(by);
    this.#write(command);
    this.#written.set(key, toBytes(String(after)));
    return after;
  }

  /** Give a key a new TTL (0: none) at the commit. */
  async touch(key: string, options: TouchOptions): Promise<void> {
    this.#write(this.#commands.touch(key, options));
  }

  /** Remove a key's TTL at the commit. */
  async persist(key: string, options: CasOptions = {}): Promise<void> {
    this.#write(this.#commands.persist(key, options));
  }

  /**
   * Send all writes in one commit. The transaction is then over.
   *
   * Throws `ConflictError`, and writes nothing, if somebody changed a key that was read: begin
   * again.
   */
  async commit(): Promise<CommitResult> {
    this.#checkOpen();
    this.#isFinished = true;
    const checks = [...this.#read].map(([key, entry]) =>
      this.#commands.check(key, { version: entry?.version ?? 0n }),
    );
    const commands = [...checks, ...this.#writes];
    const all =
      commands.length === 0 ? [] : await this.#caller.call(batchOf(commands), this.#options);
    const results = all.slice(checks.length);
    return { commitIndex: latest(results), opCount: this.#writes.length, results };
  }

  /** Discard the writes. A transaction that is over stays as it is. */
  async rollback(): Promise<void> {
    this.#isFinished = true;
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async scan(..._given: unknown[]): Promise<never> {
    throw unsupported("scan");
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async mget(..._given: unknown[]): Promise<never> {
    throw unsupported("mget");
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async history(..._given: unknown[]): Promise<never> {
    throw unsupported("history");
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async jsonGet(..._given: unknown[]): Promise<never> {
    throw unsupported("jsonGet");
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async jsonSet(..._given: unknown[]): Promise<never> {
    throw unsupported("jsonSet");
  }

  /** Not available in a transaction. Throws `TxnUnsupportedOpError`. */
  async jsonDel(..._given: unknown[]): Promise<never> {
    throw unsupported("jsonDel");
  }

  async #fetch(key: string): Promise<void> {
    const entry = await this.#caller.call(KvGetEntry.of({ key }), this.#options);
    if (!this.#read.has(key)) {
      this.#read.set(key, entry); // of two reads at once the first counts: commit judges by it
    }
  }

  /** What was written here last, even while the key was read; else what was read. */
  #known(key: string): Uint8Array | null {
    const written = this.#written.get(key);
    return written === undefined ? (this.#read.get(key)?.value ?? null) : written;
  }

  #write(command: Request<unknown>): void {
    this.#checkOpen();
    this.#writes.push(command);
  }

  #checkOpen(): void {
    if (this.#isFinished) {
      throw new TxnFinishedError("this transaction is over; begin another with kv.begin()");
    }
  }
}

function unsupported(method: string): TxnUnsupportedOpError {
  return new TxnUnsupportedOpError(`${method} is not in a transaction: it reads keys one by one`);
}

function counted(key: string, value: Uint8Array | null): bigint {
  const text = value === null ? "0" : toText(value);
  if (!COUNTER.test(text)) {
    throw new ConflictError(`key ${shown(key)} holds no counter`);
  }
  return BigInt(text);
}

/** The highest version that these results tell of. */
function latest(results: readonly unknown[]): bigint {
  let most = 0n;
  for (const result of results) {
    const { version } = Object(result ?? {}) as { version?: unknown };
    if (typeof version === "bigint" && version > most) {
      most = version;
    }
  }
  return most;
}
