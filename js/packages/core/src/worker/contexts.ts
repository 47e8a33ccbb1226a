/** What a handler is given: its payload, where it came from, and what it can do meanwhile. */

import type { FloClient } from "../api/client.js";
import { HandlerBatch } from "../api/handler-batch.js";
import { isBytes } from "../base/byte-views.js";
import { toBytes, toText } from "../base/bytes.js";
import { BadRequestError, NonRetryableError } from "../base/errors.js";
import { fromJson, jsonBytes } from "../base/json.js";
import { about, type FullLogger } from "../base/logger.js";
import { type Integer, integerWithin } from "../base/schema.js";
import { shown } from "../base/shown.js";
import { decodeAs, type Kind } from "../base/typed.js";
import type { Message, StreamRecord, Task } from "../wire/messages.generated.js";
import type { StreamID } from "../wire/stream-id.js";

const OUTCOME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const EXTEND_MS = 30_000;

export type Touch = (extendMs: number) => Promise<void>;

/** What `ctx.result` returns: the name of an outcome, and the output as bytes. */
export class ActionResult {
  constructor(
    readonly outcome: string,
    readonly output: Uint8Array,
  ) {}

  /** Another name for `output`. */
  get data(): Uint8Array {
    return this.output;
  }
}

/** A handler's result as bytes: bytes and text as they are, nothing empty, all else as JSON. */
export function resultBytes(value: unknown): Uint8Array {
  if (value === undefined || value === null) {
    return toBytes("");
  }
  if (typeof value === "string" || isBytes(value)) {
    return toBytes(value, "the result");
  }
  return jsonBytes("the result", value);
}

/** What a context is made with. */
export interface ContextOptions {
  readonly client: FloClient;
  readonly namespace: string;
  readonly logger: FullLogger;
  readonly touch: Touch;
}

export interface ActionContextOptions extends ContextOptions {
  /** The handler told of its progress. */
  readonly onProgress: () => void;
}

/** How far a run is, as its handler told. */
export interface Progress {
  readonly progress: number | null;
  readonly progressNote: string | null;
}

const NO_PROGRESS: Progress = { progress: null, progressNote: null };

export interface QueueContextOptions extends ContextOptions {
  readonly queue: string;
}

export interface StreamContextOptions extends ContextOptions {
  readonly group: string;
  readonly consumer: string;
}

/** What the contexts of actions, streams and queues have in common. */
export abstract class Context {
  /** The payload that was handed over. */
  abstract readonly payload: Uint8Array;
  /** The number of this attempt, from 1. */
  abstract readonly attempt: number;
  /** The worker's own connection, in the worker's namespace. */
  readonly client: FloClient;
  /** The namespace of this delivery. */
  readonly namespace: string;
  /** A logger that names this delivery in each line, and its trace if there is one. */
  readonly log: FullLogger;
  /**
   * The W3C trace context in which it was handed over, or the span of this attempt in that trace.
   */
  traceparent: string | null;
  readonly #touch: Touch;
  readonly #life = new AbortController();
  #batch: HandlerBatch | null = null;

  constructor(subject: string, traceparent: string | null, options: ContextOptions) {
    this.client = options.client;
    this.namespace = options.namespace;
    this.traceparent = traceparent;
    this.log = about(options.logger, () =>
      this.traceId === null ? subject : `${subject} trace_id ${this.traceId}`,
    );
    this.#touch = options.touch;
  }

  /**
   * Return the batch that is sent together with this handler's result, in one commit.
   *
   * `const batch = ctx.batch()`, then `batch.kv.put(…)` and so on. It is sent when the handler
   * returns. If the handler throws, nothing is sent. If the server refuses a write, the attempt has
   * failed. At most 999 writes and 4 MiB. Each call returns the same batch.
   */
  batch(): HandlerBatch {
    this.#batch ??= new HandlerBatch(this.client);
    return this.#batch;
  }

  /** Whether the batch has writes. */
  get hasWrites(): boolean {
    return this.#batch !== null && this.#batch.size > 0;
  }

  /** The id of the trace, 32 hexadecimal digits; `null` if there is none. */
  get traceId(): string | null {
    return this.traceparent?.slice(3, 35) ?? null;
  }

  /**
   * Aborted when the result is no longer needed: the run was cancelled or lost, or its time is up.
   */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Whether the result is no longer needed. */
  get isCancelled(): boolean {
    return this.#life.signal.aborted;
  }

  /** Another name for `isCancelled`. */
  get cancelled(): boolean {
    return this.isCancelled;
  }

  /** Throw the reason if the result is no longer needed. */
  checkCancelled(): void {
    this.signal.throwIfAborted();
  }

  /** Another name for `payload`. */
  input(): Uint8Array {
    return this.payload;
  }

  /** Tell the handler to stop, and why. */
  cancel(reason: Error): void {
    this.#life.abort(reason);
  }

  /** Return the payload, decoded from JSON. */
  json<T = unknown>(): T {
    return fromJson(this.payload) as T;
  }

  /**
   * Decode the payload, which is JSON, with `kind`: a function, or a schema (Zod, Valibot and
   * others).
   *
   * If it does not fit, throws `NonRetryableError`, which names the field: another attempt cannot
   * help.
   */
  into<T>(kind: Kind<T>): T {
    try {
      return decodeAs("the payload", this.payload, kind);
    } catch (error) {
      if (error instanceof BadRequestError) {
        throw new NonRetryableError(error.message, { cause: error });
      }
      throw error;
    }
  }

  /** Return the payload as text. */
  text(): string {
    return toText(this.payload);
  }

  /** Return `value` as JSON text in UTF-8. Throws `BadTypeError` if JSON has no form for it. */
  toBytes(value: unknown): Uint8Array {
    return jsonBytes("the value", value);
  }

  /**
   * Keep this delivery for at least `extendMs` from now. The worker also does this automatically.
   *
   * Throws if it is no longer the worker's, or if the run was cancelled.
   */
  async touch(extendMs: Integer = EXTEND_MS): Promise<void> {
    this.signal.throwIfAborted();
    await this.#touch(integerWithin(extendMs, "extendMs"));
    this.signal.throwIfAborted();
  }
}

/** One attempt of one run. */
export class ActionContext extends Context {
  readonly #onProgress: () => void;
  #told: Progress = NO_PROGRESS;
  #known: Progress = NO_PROGRESS;
  /** The claim; pass it to `client.worker`, or to `b.worker` of a batch, to settle this attempt. */
  readonly task: Task;
  /** The payload with which the action was invoked. */
  readonly payload: Uint8Array;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** The run's id: the same in every attempt. */
  readonly taskId: string;
  /** The name of the action. */
  readonly actionName: string;
  /** When the run was invoked. */
  readonly createdAtMs: bigint;
  /**
   * A key for other services that must not do the same work twice, such as a payment provider.
   *
   * It is the same over all attempts of the run. In a workflow it is also the same over all
   * attempts of the step, each of which is a run of its own, and over `workflow.retry`. No other
   * run or step has it.
   */
  readonly idempotencyKey: string;
  /** The workflow run that invoked this run; `null` if there is none. */
  readonly callerRunId: string | null;
  /** The labels with which the run was invoked. */
  readonly labels: Readonly<Record<string, string>>;

  constructor(task: Task, options: ActionContextOptions) {
    super(`${task.action} ${task.runId} attempt ${task.attempt}`, task.traceparent, options);
    this.#onProgress = options.onProgress;
    this.task = task;
    this.payload = task.payload;
    this.attempt = task.attempt;
    this.taskId = task.runId;
    this.actionName = task.action;
    this.createdAtMs = task.createdAtMs;
    this.idempotencyKey = task.idempotencyKey || task.runId;
    this.callerRunId = task.callerRunId;
    this.labels = task.labels;
  }

  /** Another name for `createdAtMs`. */
  get createdAt(): bigint {
    return this.createdAtMs;
  }

  /**
   * Report the run's progress: `progress` from 0 to 1, and a text for people.
   *
   * It is sent with the next touch, within a second; `status` of the run shows it. Without `note`
   * the last text stays.
   */
  progress(progress: number, note?: string): void {
    if (typeof progress !== "number" || !(progress >= 0 && progress <= 1)) {
      throw new BadRequestError(`progress is ${shown(progress)}; it must be from 0 to 1`);
    }
    this.#told = { progress, progressNote: note ?? this.#told.progressNote };
    this.#onProgress();
  }

  /** What the server does not know yet of what was told. */
  unknownProgress(): Progress {
    return this.#told === this.#known ? NO_PROGRESS : this.#told;
  }

  /** The server has heard of this. */
  progressKnown(told: Progress): void {
    this.#known = told === NO_PROGRESS ? this.#known : told;
  }

  /** Return a result with an outcome of its own, on which a workflow can branch. */
  result(outcome: string, value?: unknown): ActionResult {
    if (!OUTCOME.test(outcome)) {
      throw new BadRequestError(
        `outcome ${shown(outcome)} must be letters, digits, '_' and '-', ` +
          "beginning with a letter or '_'",
      );
    }
    return new ActionResult(outcome, resultBytes(value));
  }
}

/** One delivery of one record. */
export class StreamContext extends Context {
  /** The record. */
  readonly record: StreamRecord;
  /** The payload of the record. */
  readonly payload: Uint8Array;
  /** The number of this delivery, from 1. */
  readonly attempt: number;
  /** The id of the record. */
  readonly streamId: StreamID;
  /** The stream of the record. */
  readonly stream: string;
  /** The headers of the record. */
  readonly headers: Readonly<Record<string, string>>;
  /** The key by which records are kept in order; `null` if there is none. */
  readonly partitionKey: string | null;
  /** The consumer group that the record was delivered to. */
  readonly group: string;
  /** The consumer in the group. */
  readonly consumer: string;

  constructor(record: StreamRecord, options: StreamContextOptions) {
    super(`${record.stream} ${record.id} attempt ${record.attempt}`, record.traceparent, options);
    this.record = record;
    this.payload = record.payload;
    this.attempt = record.attempt;
    this.streamId = record.id;
    this.stream = record.stream;
    this.headers = record.headers;
    this.partitionKey = record.partitionKey;
    this.group = options.group;
    this.consumer = options.consumer;
  }
}

/** One delivery of one message. */
export class QueueContext extends Context {
  /** The message. */
  readonly message: Message;
  /** The payload of the message. */
  readonly payload: Uint8Array;
  /** The number of this delivery, from 1. */
  readonly attempt: number;
  /** The seq of the message. */
  readonly seq: bigint;
  /** The priority; a lower number goes first. */
  readonly priority: number;
  /** When it was enqueued. */
  readonly enqueuedAtMs: bigint;
  /** The queue of the message. */
  readonly queue: string;

  constructor(message: Message, options: QueueContextOptions) {
    super(
      `${options.queue} ${message.seq} attempt ${message.attempt}`,
      message.traceparent,
      options,
    );
    this.message = message;
    this.payload = message.payload;
    this.attempt = message.attempt;
    this.seq = message.seq;
    this.priority = message.priority;
    this.enqueuedAtMs = message.enqueuedAtMs;
    this.queue = options.queue;
  }
}
