/**
 * Reading keys and writing them in one step, if nobody wrote what was read meanwhile.
 *
 * Nothing is held at the server: what is written is kept here, and `commit` sends it in one batch,
 * with the versions of everything that was read as conditions. It takes keys of any kind together.
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

/** What a commit did. */
export interface CommitResult {
  /** The highest version that it gave; 0 where it wrote no value. */
  readonly commitIndex: bigint;
  /** How many writes it did. */
  readonly opCount: number;
  /** What each write answered, in order, as outside a transaction. */
  readonly results: readonly unknown[];
}

let lastId = 0n;

/** Reads and writes of keys that happen together: `begin`, then `commit` or `rollback`. */
export class Transaction {
  /** Counts the transactions of this program. */
  readonly id: bigint = ++lastId;
  /** Always 0: a transaction may take any keys of its namespace together. */
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

  /** The value, with what this transaction wrote, or `null`. */
  async get(key: string): Promise<Uint8Array | null> {
    this.#checkOpen();
    if (!this.#written.has(key) && !this.#read.has(key)) {
      await this.#fetch(key);
    }
    return this.#known(key);
  }

  /** The version of a key as it was read here; 0 where it was missing, or not read. */
  versionOf(key: string): bigint {
    return this.#read.get(key)?.version ?? 0n;
  }

  /** Whether the key exists, with what this transaction wrote. */
  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== null;
  }

  /** Write a value with the commit, under a condition if one is given. */
  async put(key: string, value: Payload, options: PutOptions = {}): Promise<void> {
    this.#write(this.#commands.put(key, value, options));
    this.#written.set(key, toBytes(value));
  }

  /** Delete a key with the commit. */
  async delete(key: string, options: CasOptions = {}): Promise<void> {
    this.#write(this.#commands.delete(key, options));
    this.#written.set(key, null);
  }

  /** Add `delta` (1) to a counter with the commit; its value then. */
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

  /** Give a key a new TTL (0: none) with the commit. */
  async touch(key: string, options: TouchOptions): Promise<void> {
    this.#write(this.#commands.touch(key, options));
  }

  /** Take a key's TTL away with the commit. */
  async persist(key: string, options: CasOptions = {}): Promise<void> {
    this.#write(this.#commands.persist(key, options));
  }

  /**
   * Do everything that was written, at once.
   *
   * Throws `ConflictError`, and has done nothing, where somebody else wrote a key that was read here:
   * begin again. In any case the transaction is over.
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

  /** Forget what was written. A transaction that is over stays as it is. */
  async rollback(): Promise<void> {
    this.#isFinished = true;
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
  async scan(..._given: unknown[]): Promise<never> {
    throw unsupported("scan");
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
  async mget(..._given: unknown[]): Promise<never> {
    throw unsupported("mget");
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
  async history(..._given: unknown[]): Promise<never> {
    throw unsupported("history");
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
  async jsonGet(..._given: unknown[]): Promise<never> {
    throw unsupported("jsonGet");
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
  async jsonSet(..._given: unknown[]): Promise<never> {
    throw unsupported("jsonSet");
  }

  /** Not in a transaction. Throws `TxnUnsupportedOpError`. */
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
