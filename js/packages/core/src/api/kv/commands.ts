/** Builds the commands of keys; `client.kv` and batches share it. Nothing here talks to a server. */

import { type Payload, toBytes } from "../../base/bytes.js";
import { BadRequestError, BadTypeError } from "../../base/errors.js";
import { jsonBytes } from "../../base/json.js";
import { DURATION_MS_MAX } from "../../base/limits.generated.js";
import { type Given, NONE, type NoOptions, type OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import { typeName } from "../../base/shown.js";
import {
  KvCheck,
  KvDelete,
  KvIncr,
  KvJsonDel,
  KvJsonSet,
  KvPut,
  KvTouch,
  type PutResult,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Commands } from "../base/commands.js";

export interface TtlOptions {
  /**
   * When the key expires, in milliseconds from now: up to ten years. Default: a key that is written
   * stays until it is deleted.
   */
  readonly ttlMs?: Integer | null | undefined;
  /** The same in seconds. Give one of the two. */
  readonly ttlSeconds?: Integer | null | undefined;
}

export interface CasOptions {
  /** The version that the key must have (0: it must not exist). Default: any. */
  readonly casVersion?: Integer | null | undefined;
  /** Another name for `casVersion`. */
  readonly ifMatch?: Integer | null | undefined;
}

export interface KvDeleteOptions extends CasOptions {
  /**
   * Whether to remove the key's older values at once, also if the key was deleted before. Default:
   * false, they stay for a day (the namespace's `kv_deleted_ms`).
   */
  readonly purge?: boolean | null | undefined;
}

export interface PutOptions extends TtlOptions, CasOptions {
  /** Whether to write only if the key does not exist. Default: false. */
  readonly ifNotExists?: boolean | null | undefined;
  /** Whether to write only if the key exists. Default: false. */
  readonly ifExists?: boolean | null | undefined;
}

/** Give one of `ttlMs` and `ttlSeconds`; 0 removes the TTL. */
export interface TouchOptions extends TtlOptions, CasOptions {}

export interface IncrOptions {
  /** The amount to add: may be negative, at most 64 bits. Default: 1. */
  readonly delta?: Integer | null | undefined;
}

export interface CheckOptions {
  /** The version that the key must have; 0: it must not exist. */
  readonly version: Integer;
}

const TTL: OptionNames<TtlOptions> = { ttlMs: true, ttlSeconds: true };
const CAS: OptionNames<CasOptions> = { casVersion: true, ifMatch: "casVersion" };
const INCR: OptionNames<IncrOptions> = { delta: true };
const DELETE: OptionNames<KvDeleteOptions> = { ...CAS, purge: true };
const TOUCH: OptionNames<TouchOptions> = { ...TTL, ...CAS };
const PUT: OptionNames<PutOptions> = { ...TOUCH, ifNotExists: true, ifExists: true };
const CHECK: OptionNames<CheckOptions> = { version: true };

/** The writes of `client.kv`, and `check`, which only a batch has. */
export class KvCommands extends Commands {
  put(key: string, value: Payload, options: PutOptions = {}): Request<PutResult> {
    const given = this.known("kv.put", options, PUT);
    const { casVersion, ifNotExists, ifExists } = given;
    const ttlMs = ttlOf(given);
    return KvPut.of({ key, value: toBytes(value), ttlMs, casVersion, ifNotExists, ifExists });
  }

  delete(key: string, options: KvDeleteOptions = {}): Request<boolean> {
    const { casVersion, purge } = this.known("kv.delete", options, DELETE);
    return KvDelete.of({ key, casVersion, purge });
  }

  /** `incr(key)`, `incr(key, delta)`, or `incr(key, { delta })`. */
  incr(key: string, delta: Integer | IncrOptions = 1, options: NoOptions = {}): Request<bigint> {
    if (typeof delta === "object" && delta !== null) {
      const given = this.known("kv.incr", delta, INCR);
      return KvIncr.of({ key, delta: given.delta ?? 1 });
    }
    this.known("kv.incr", options, NONE);
    return KvIncr.of({ key, delta });
  }

  touch(key: string, options: TouchOptions): Request<boolean> {
    if (typeof options === "number" || typeof options === "bigint") {
      throw new BadTypeError(
        `kv.touch: ${options} has no unit; give { ttlMs: ${options} } or { ttlSeconds: ${options} }`,
      );
    }
    const given = this.known("kv.touch", options, TOUCH);
    const { casVersion } = given;
    const ttlMs = ttlOf(given);
    if (ttlMs === undefined) {
      throw new BadRequestError("touch needs ttlMs or ttlSeconds (0 takes the TTL away)");
    }
    return KvTouch.of({ key, ttlMs, casVersion });
  }

  persist(key: string, options: CasOptions = {}): Request<boolean> {
    const { casVersion } = this.known("kv.persist", options, CAS);
    return KvTouch.of({ key, ttlMs: 0, casVersion });
  }

  jsonSet(key: string, path: string, value: unknown, options: NoOptions = {}): Request<PutResult> {
    this.known("kv.jsonSet", options, NONE);
    return KvJsonSet.of({ key, path, value: jsonBytes("value", value) });
  }

  jsonDel(key: string, path = "$", options: NoOptions = {}): Request<boolean> {
    this.known("kv.jsonDel", options, NONE);
    return KvJsonDel.of({ key, path });
  }

  /** A condition without a write: the key has this version (0: it does not exist). */
  check(key: string, options: CheckOptions): Request<null> {
    const { version } = this.known("kv.check", options, CHECK);
    return KvCheck.of({ key, version });
  }
}

function ttlOf(options: Given<TtlOptions>): Integer | undefined {
  const { ttlMs, ttlSeconds } = options;
  if (ttlSeconds === undefined) {
    return ttlMs;
  }
  if (ttlMs !== undefined) {
    throw new BadRequestError("ttlMs and ttlSeconds are both given; give one");
  }
  return millisecondsOf(ttlSeconds);
}

function millisecondsOf(ttlSeconds: Integer): number {
  if (typeof ttlSeconds !== "number" && typeof ttlSeconds !== "bigint") {
    throw new BadTypeError(`ttlSeconds must be a number, not ${typeName(ttlSeconds)}`);
  }
  const seconds = Number(ttlSeconds);
  const most = DURATION_MS_MAX / 1000;
  if (!(seconds >= 0 && seconds <= most)) {
    throw new BadRequestError(`ttlSeconds is ${ttlSeconds}; 0 to ${most} is allowed`);
  }
  const rounded = Math.round(seconds * 1000);
  if (rounded === 0 && seconds !== 0) {
    throw new BadRequestError(`ttlSeconds is ${ttlSeconds}; that is less than a millisecond`);
  }
  return rounded;
}
