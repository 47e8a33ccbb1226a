/**
 * What results have beyond their fields: readers of what they carry, and the names that the SDKs of
 * the first Flo have for the same. The generated messages take them over (`struct`).
 */

import { toText } from "../base/bytes.js";
import { fromJson } from "../base/json.js";
import { type Kind, outputAs } from "../base/typed.js";

export abstract class PayloadCarrier {
  declare readonly payload: Uint8Array;

  /** The payload as text (UTF-8). */
  text(): string {
    return toText(this.payload);
  }

  /**
   * The payload, decoded from JSON by `JSON.parse`: integers beyond 2^53 lose their last digits.
   * Throws `SyntaxError` if it is not JSON.
   */
  json<T = unknown>(): T {
    return fromJson(this.payload) as T;
  }
}

export abstract class ValueCarrier {
  declare readonly value: Uint8Array;

  /** The value as text (UTF-8). */
  text(): string {
    return toText(this.value);
  }

  /**
   * The value, decoded from JSON by `JSON.parse`: integers beyond 2^53 lose their last digits.
   * Throws `SyntaxError` if it is not JSON.
   */
  json<T = unknown>(): T {
    return fromJson(this.value) as T;
  }
}

export abstract class MessageMethods extends PayloadCarrier {
  declare readonly attempt: number;

  /** Another name for `attempt`. */
  get deliveryCount(): number {
    return this.attempt;
  }
}

export abstract class StreamRecordMethods extends PayloadCarrier {
  declare readonly offset: bigint;
  declare readonly timestampMs: bigint;

  /** Another name for `offset`. */
  get seq(): bigint {
    return this.offset;
  }

  /** Another name for `timestampMs`. */
  get timestamp(): bigint {
    return this.timestampMs;
  }

  /** Always 0: there is one kind of storage. */
  get tier(): 0 {
    return 0;
  }
}

export abstract class AppendResultMethods {
  declare readonly offset: bigint;
  declare readonly timestampMs: bigint;

  /** Another name for `offset`. */
  get seq(): bigint {
    return this.offset;
  }

  /** Another name for `timestampMs`. */
  get timestamp(): bigint {
    return this.timestampMs;
  }
}

export abstract class VersionEntryMethods extends ValueCarrier {
  declare readonly timestampMs: bigint;

  /** Another name for `timestampMs`. */
  get timestamp(): bigint {
    return this.timestampMs;
  }
}

export abstract class StreamInfoMethods {
  declare readonly sizeBytes: number;
  declare readonly partitions: number;

  /** Another name for `sizeBytes`. */
  get bytes(): number {
    return this.sizeBytes;
  }

  /** Another name for `partitions`. */
  get partitionCount(): number {
    return this.partitions;
  }
}

export abstract class ActionInfoMethods {
  declare readonly type: string;

  /** Another name for `type`. */
  get actionType(): string {
    return this.type;
  }
}

export abstract class ActionRunMethods {
  declare readonly runId: string;
  declare readonly output: Uint8Array | null;
  declare readonly status: string;
  declare readonly createdAtMs: bigint;

  /** Another name for `output`. */
  get result(): Uint8Array | null {
    return this.output;
  }

  /** The output as text (UTF-8). Throws `TypeError` if there is none (yet). */
  text(): string {
    return toText(theOutput(this));
  }

  /**
   * The output, decoded from JSON, as `json` of messages. Throws `TypeError` if there is none
   * (yet).
   */
  json<T = unknown>(): T {
    return fromJson(theOutput(this)) as T;
  }

  /**
   * Decode the output, which is JSON, with `kind`: a function, or a schema (Zod, Valibot and
   * others).
   *
   * Throws `ConflictError` unless the run has completed, and `BadRequestError` if the output does
   * not fit.
   */
  into<T>(kind: Kind<T>): T {
    return outputAs(this, kind);
  }

  /** Another name for `createdAtMs`. */
  get createdAt(): bigint {
    return this.createdAtMs;
  }
}

function theOutput(run: ActionRunMethods): Uint8Array {
  if (run.output === null) {
    throw new TypeError(`the run has no output: it is ${run.status}`);
  }
  return run.output;
}

export abstract class TaskMethods extends PayloadCarrier {
  declare readonly runId: string;
  declare readonly action: string;
  declare readonly createdAtMs: bigint;

  /** Another name for `runId`. */
  get taskId(): string {
    return this.runId;
  }

  /** Another name for `action`. */
  get taskType(): string {
    return this.action;
  }

  /** Another name for `createdAtMs`. */
  get createdAt(): bigint {
    return this.createdAtMs;
  }
}

export abstract class DequeueResultMethods {
  declare readonly messages: unknown[];

  /** The messages: `for (const each of result)`. */
  [Symbol.iterator](): IterableIterator<this["messages"][number]> {
    return this.messages[Symbol.iterator]();
  }
}

export abstract class ReadResultMethods {
  declare readonly records: unknown[];

  /** The records: `for (const each of result)`. */
  [Symbol.iterator](): IterableIterator<this["records"][number]> {
    return this.records[Symbol.iterator]();
  }
}

export abstract class ScanResultMethods {
  declare readonly entries: unknown[];

  /** The entries: `for (const each of result)`. */
  [Symbol.iterator](): IterableIterator<this["entries"][number]> {
    return this.entries[Symbol.iterator]();
  }
}
