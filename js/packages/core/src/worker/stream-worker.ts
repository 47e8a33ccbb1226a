/**
 * `StreamWorker`: runs a person's handler for the records of a consumer group.
 *
 * A returning handler acks its record, a throwing one nacks it. In a `key_shared` group the records
 * of one partition key are handled one after the other, in order; when one fails, those of its key
 * that wait here go back behind it. (Of a key whose record failed, later ones that were already on
 * their way may be handled before it is tried again.)
 */

import { GroupMode } from "../api/stream-group-commands.js";
import { checkDuration, checkName, checkRange } from "../base/checks.js";
import { errorText } from "../base/error-text.js";
import { BadTypeError, ConflictError, FloError, NotFoundError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import { LIMIT_MAX } from "../base/limits.generated.js";
import type { Integer } from "../base/schema.js";
import { typeName } from "../base/shown.js";
import { Wait } from "../link/call.js";
import { GroupRead, type StreamRecord } from "../wire/messages.generated.js";
import { Attempt } from "./attempts.js";
import { StreamContext } from "./contexts.js";
import { type ClientSource, WorkerBase, type WorkerBaseOptions } from "./worker-base.js";

/** What handles a record. What it throws nacks it. */
export type StreamHandler = (ctx: StreamContext) => unknown;

export interface StreamWorkerOptions extends WorkerBaseOptions {
  readonly stream: string;
  readonly group: string;
  readonly handler: StreamHandler;
  /** Its name in the group. Default: one that nobody else has. */
  readonly consumer?: string | undefined;
  /** How many records one read takes. Default: 10. */
  readonly batchSize?: Integer | undefined;
  /** The longest that one handler may take. Default: 300,000. */
  readonly messageTimeoutMs?: Integer | undefined;
  /** When a record whose handler threw is due again. Default: 0, at once. */
  readonly retryDelayMs?: Integer | undefined;
}

type Kind = "ack" | "nack" | "release";

/** What is to become of a record: acked, nacked with an error, or released. */
interface Verdict {
  readonly record: StreamRecord;
  readonly kind: Kind;
  readonly error: string | undefined;
}

/** A consumer of a group: `handler(ctx)` for each record, from `await worker.start()` on. */
export class StreamWorker extends WorkerBase<StreamRecord> {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly #handler: StreamHandler;
  readonly #batchSize: number;
  readonly #retryDelayMs: number;
  #changed = new Flag();
  #hasRoom = new Flag();
  #verdicts: Verdict[] = [];
  #busyKeys = new Set<string>();
  #keepsOrder = false;
  #leaseMs = 0;

  constructor(source: ClientSource, options: StreamWorkerOptions) {
    const timeoutMs = checkDuration("messageTimeoutMs", options.messageTimeoutMs ?? 300_000, 1);
    super(source, options.consumer, timeoutMs, options);
    this.stream = checkName("stream", options.stream);
    this.group = checkName("group", options.group);
    this.consumer = this.name;
    this.#batchSize = checkRange("batchSize", options.batchSize ?? 10, 1, LIMIT_MAX);
    this.#retryDelayMs = checkDuration("retryDelayMs", options.retryDelayMs ?? 0);
    this.#handler = options.handler;
    if (typeof this.#handler !== "function") {
      throw new BadTypeError(`handler must be a function, not ${typeName(this.#handler)}`);
    }
  }

  // Life

  protected override reset(): void {
    super.reset();
    this.#changed = new Flag();
    this.#hasRoom = new Flag();
    this.#verdicts = [];
    this.#busyKeys = new Set();
  }

  protected override async open(): Promise<void> {
    const { stream, group, consumer } = this;
    const info = await this.client.stream.groupJoin(stream, group, consumer, this.ofThisLife);
    this.#keepsOrder = info.mode === GroupMode.KeyShared;
    this.#leaseMs = info.ackTimeoutMs;
  }

  protected override lanes(): Promise<void>[] {
    return [this.#readLane(), this.#settleLane()];
  }

  protected override wake(): void {
    this.#changed.set();
    this.#hasRoom.set();
  }

  protected override async leave(): Promise<void> {
    const { stream, group, consumer, namespace } = this;
    await this.client.stream.groupLeave(stream, group, consumer, { namespace });
  }

  // Reading

  /** How many more records may be read: a batch more than run, where a key holds some up. */
  get #room(): number {
    const { running, waiting, free } = this.attempts;
    const most = Math.min(free, this.concurrency + this.#batchSize - running - waiting.length);
    return Math.max(0, Math.min(this.#batchSize, most));
  }

  async #readLane(): Promise<void> {
    let failures = 0;
    while (!this.stopped.isSet) {
      if (this.#room === 0) {
        this.#hasRoom.clear();
        await this.#hasRoom.wait(this.over.signal);
        continue;
      }
      try {
        this.#take(await this.#read());
        failures = 0;
      } catch (error) {
        await this.#readFailed(error, failures);
        failures += 1;
      }
    }
  }

  async #readFailed(error: unknown, failures: number): Promise<void> {
    if (!(error instanceof NotFoundError)) {
      await this.trouble(error, failures);
      return;
    }
    this.log.info(`worker ${this.consumer}: joining ${this.group} again`);
    try {
      await this.open(); // the stream or its group was deleted
    } catch (again) {
      await this.trouble(again, failures);
    }
  }

  async #read(): Promise<StreamRecord[]> {
    const { stream, group, consumer, blockMs } = this;
    this.wait = new Wait();
    const request = GroupRead.of({ stream, group, consumer, limit: this.#room, blockMs });
    const options = { ...this.ofThisLife, blockMs, wait: this.wait };
    return (await this.client.call(request, options)).records;
  }

  #take(records: StreamRecord[]): void {
    const attempts = records.map((record) => this.#attemptOf(record));
    for (const attempt of attempts) {
      this.attempts.hold(attempt);
    }
    this.attempts.waiting.push(...attempts);
    if (this.stopped.isSet) {
      this.inBackground(this.release(this.attempts.takeWaiting()));
    } else {
      this.beginWaiting();
    }
  }

  #attemptOf(record: StreamRecord): Attempt<StreamRecord> {
    const key = record.id.toString();
    const context = new StreamContext(record, {
      group: this.group,
      consumer: this.consumer,
      namespace: this.namespace,
      logger: this.log,
      touch: async (extendMs) => {
        await this.#touch([attempt], extendMs);
        if (attempt.isOver) {
          throw new ConflictError(`the record ${key} is somebody else's by now`);
        }
      },
    });
    const run = () => this.#handler(context);
    const attempt = new Attempt<StreamRecord>(key, record, this.#leaseMs, context, run);
    return attempt;
  }

  // Handling

  protected override beginWaiting(): void {
    const { attempts } = this;
    const heldUp: Attempt<StreamRecord>[] = [];
    while (attempts.free > 0 && !this.stopped.isSet) {
      const attempt = attempts.waiting.shift();
      if (attempt === undefined) {
        break;
      }
      const key = this.#keyOf(attempt);
      if (key !== null && this.#busyKeys.has(key)) {
        heldUp.push(attempt);
        continue;
      }
      if (key !== null) {
        this.#busyKeys.add(key);
      }
      attempts.begin(attempt);
    }
    attempts.waiting.unshift(...heldUp);
    this.wake();
  }

  /** What the order is kept by; `null` where there is none. */
  #keyOf(attempt: Attempt<StreamRecord>): string | null {
    return this.#keepsOrder ? attempt.item.partitionKey : null;
  }

  override ended(attempt: Attempt<StreamRecord>): void {
    const key = this.#keyOf(attempt);
    if (key !== null) {
      this.#busyKeys.delete(key);
    }
    super.ended(attempt);
  }

  override succeeded(attempt: Attempt<StreamRecord>, _result: unknown): void {
    this.#verdicts.push({ record: attempt.item, kind: "ack", error: undefined });
  }

  override failed(attempt: Attempt<StreamRecord>, error: unknown): void {
    this.tellFailure(attempt, error);
    this.#verdicts.push({ record: attempt.item, kind: "nack", error: errorText(error) });
    const key = this.#keyOf(attempt);
    if (key !== null) {
      this.#giveBackBehind(key);
    }
    this.#changed.set();
  }

  /** What waits here goes back behind the failed record of its key. */
  #giveBackBehind(key: string): void {
    for (const attempt of this.attempts.waiting.filter((each) => this.#keyOf(each) === key)) {
      this.attempts.lose(attempt, "an earlier record of its key failed");
      this.#verdicts.push({ record: attempt.item, kind: "release", error: undefined });
    }
  }

  override touchDue(attempts: Attempt<StreamRecord>[]): void {
    this.inBackground(this.#touch(attempts, this.#leaseMs));
  }

  async #touch(attempts: Attempt<StreamRecord>[], extendMs: number): Promise<void> {
    const { stream, group, consumer } = this;
    const records = attempts.map(({ item }) => item);
    const options = { group, consumer, extendMs, ...this.ofThisLife };
    const result = await this.client.stream.groupTouch(stream, records, options);
    const stale = new Set(result.stale.map(String));
    for (const attempt of attempts.filter(({ key }) => stale.has(key))) {
      this.lost(attempt, "the lease is lost");
    }
  }

  // Settling

  async #settleLane(): Promise<void> {
    let failures = 0;
    while (!this.isDrained) {
      await this.#changed.wait(this.over.signal);
      this.#changed.clear();
      await this.clock.turn(); // what finishes in this turn of the loop goes along
      while (this.#verdicts.length > 0 && !this.isDrained) {
        failures = await this.#settleSome(failures);
      }
    }
  }

  protected override async settle(): Promise<void> {
    let failures = 0;
    while (this.#verdicts.length > 0) {
      failures = await this.#settleSome(failures);
    }
  }

  /** Send what there is, in order and at once. Answers how often this failed in a row. */
  async #settleSome(failures: number): Promise<number> {
    const parts = partsOf(this.#verdicts.splice(0, LIMIT_MAX));
    const outcomes = await Promise.allSettled(parts.map((part) => this.#send(part)));
    const errors: unknown[] = [];
    const again: Verdict[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      // what is not found any more is gone with the stream or the group
      if (outcome.status === "rejected" && !(outcome.reason instanceof NotFoundError)) {
        errors.push(outcome.reason);
        again.push(...(parts[index] ?? []));
      }
    }
    this.#verdicts.unshift(...again);
    const [first] = [...errors.filter((error) => !(error instanceof FloError)), ...errors];
    if (first === undefined) {
      return 0;
    }
    await this.trouble(first, failures);
    return failures + 1;
  }

  async #send(part: readonly Verdict[]): Promise<void> {
    const { stream, group, consumer, namespace } = this;
    const records = part.map(({ record }) => record);
    const [first] = part;
    if (first === undefined || first.kind === "ack") {
      await this.client.stream.groupAck(stream, records, { group, consumer, namespace });
      return;
    }
    const release = first.kind === "release";
    await this.client.stream.groupNack(stream, records, {
      group,
      consumer,
      namespace,
      delayMs: release ? 0 : this.#retryDelayMs,
      error: first.error,
      release,
    });
  }

  protected override async release(attempts: Attempt<StreamRecord>[]): Promise<void> {
    if (attempts.length === 0) {
      return;
    }
    const part = attempts.map(({ item }): Verdict => {
      return { record: item, kind: "release", error: undefined };
    });
    try {
      await this.#send(part);
    } catch (error) {
      this.log.warn(`worker ${this.consumer}: records not handed back: ${errorText(error)}`);
    }
  }
}

/** Neighbours with the same verdict go together. */
function partsOf(verdicts: readonly Verdict[]): Verdict[][] {
  const parts: Verdict[][] = [];
  for (const verdict of verdicts) {
    const last = parts.at(-1);
    const [first] = last ?? [];
    if (last && first && first.kind === verdict.kind && first.error === verdict.error) {
      last.push(verdict);
    } else {
      parts.push([verdict]);
    }
  }
  return parts;
}
