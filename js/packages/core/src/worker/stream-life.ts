/**
 * One life of a `StreamWorker`: it reads records, lets handlers have them, and settles them.
 *
 * A returning handler acks its record, a throwing one nacks it. In a `key_shared` group the records
 * of one partition key are handled one after the other, in order; when one fails, those of its key
 * that wait here go back behind it. (Of a key whose record failed, later ones that were already on
 * their way may be handled before it is tried again.)
 */

import type { FloClient } from "../api/client.js";
import { GroupMode } from "../api/stream-group-commands.js";
import type { RetryDelay } from "../base/backoff.js";
import { errorText } from "../base/error-text.js";
import { ConflictError, FloError, NotFoundError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import { LIMIT_MAX } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import { Wait } from "../link/call.js";
import { type GroupAckResult, GroupRead, type StreamRecord } from "../wire/messages.generated.js";
import { Attempt } from "./attempts.js";
import { StreamContext } from "./contexts.js";
import { howLate, Life, type Plan } from "./life.js";

/** What is read, and what becomes of it. */
export interface Reading {
  readonly stream: string;
  readonly group: string;
  readonly batchSize: number;
  readonly delay: RetryDelay;
  readonly handler: (ctx: StreamContext) => unknown;
}

type Kind = "ack" | "nack" | "release";

/** What is to become of a record: acked, nacked with an error, or released. */
interface Verdict {
  readonly record: StreamRecord;
  readonly kind: Kind;
  readonly leaseEndsMs: number;
  readonly error: string | undefined;
  readonly delayMs: number;
}

export class StreamLife extends Life<StreamRecord> {
  readonly #reading: Reading;
  readonly #changed = new Flag();
  readonly #hasRoom = new Flag();
  readonly #busyKeys = new Set<string>();
  #verdicts: Verdict[] = [];
  #isSettling = false;
  #wait = new Wait();
  #keepsOrder = false;
  #leaseMs = 0;

  constructor(plan: Plan, reading: Reading, client: FloClient, log: FullLogger) {
    super(plan, client, log);
    this.#reading = reading;
  }

  protected override async open(): Promise<void> {
    const { stream, group } = this.#reading;
    const { name } = this.plan;
    const info = await this.client.stream.groupJoin(stream, group, name, this.ofThisLife);
    this.#keepsOrder = info.mode === GroupMode.KeyShared;
    this.#leaseMs = info.ackTimeoutMs;
  }

  protected override lanes(): Promise<void>[] {
    return [this.#readLane(), this.#settleLane()];
  }

  protected override wake(): void {
    if (this.stopped.isSet) {
      this.#wait.end();
    }
    this.#changed.set();
    this.#hasRoom.set();
  }

  protected override async leave(): Promise<void> {
    const { stream, group } = this.#reading;
    const { name, namespace } = this.plan;
    await this.client.stream.groupLeave(stream, group, name, { namespace });
  }

  protected override get hasResults(): boolean {
    return this.#verdicts.length > 0 || this.#isSettling;
  }

  // Reading

  /** How many more records may be read: a batch more than run, where a key holds some up. */
  get #room(): number {
    const { running, waiting, free } = this.attempts;
    const { batchSize } = this.#reading;
    const most = Math.min(free, this.plan.concurrency + batchSize - running - waiting.length);
    return Math.max(0, Math.min(batchSize, most));
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
    this.log.info(`worker ${this.plan.name}: joining ${this.#reading.group} again`);
    try {
      await this.open(); // the stream or its group was deleted
    } catch (again) {
      await this.trouble(again, failures);
    }
  }

  async #read(): Promise<StreamRecord[]> {
    const { stream, group } = this.#reading;
    const { name: consumer, blockMs } = this.plan;
    this.#wait = new Wait();
    const request = GroupRead.of({ stream, group, consumer, limit: this.#room, blockMs });
    const options = { ...this.ofThisLife, blockMs, wait: this.#wait };
    const { records, leaseMs } = await this.client.call(request, options);
    // The lease that these came under counts, whatever the group said as it was joined.
    this.#leaseMs = leaseMs || this.#leaseMs;
    return records;
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
      group: this.#reading.group,
      consumer: this.plan.name,
      client: this.own,
      namespace: this.plan.namespace,
      logger: this.log,
      touch: async (extendMs) => {
        await this.#touch([attempt], extendMs);
        if (attempt.isOver) {
          throw new ConflictError(`the record ${key} is somebody else's by now`);
        }
      },
    });
    const run = () => this.#reading.handler(context);
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

  override began(_attempt: Attempt<StreamRecord>): void {
    // nobody is to be told
  }

  override ended(attempt: Attempt<StreamRecord>, tookMs: number | null): void {
    const key = this.#keyOf(attempt);
    if (key !== null) {
      this.#busyKeys.delete(key);
    }
    super.ended(attempt, tookMs);
  }

  override succeeded(attempt: Attempt<StreamRecord>, _result: unknown): void {
    this.#judge(attempt, "ack");
  }

  override failed(attempt: Attempt<StreamRecord>, error: unknown): void {
    this.#judge(attempt, "nack", errorText(error));
    const key = this.#keyOf(attempt);
    if (key !== null) {
      this.#giveBackBehind(key);
    }
    this.tellFailure(attempt, error);
  }

  /** What waits here goes back behind the failed record of its key. */
  #giveBackBehind(key: string): void {
    for (const attempt of this.attempts.waiting.filter((each) => this.#keyOf(each) === key)) {
      this.attempts.lose(attempt, "an earlier record of its key failed");
      this.#judge(attempt, "release");
    }
  }

  #judge(attempt: Attempt<StreamRecord>, kind: Kind, error?: string): void {
    const { attempt: count, id } = attempt.item;
    const delayMs = kind === "nack" ? this.#reading.delay.after(count, `${id}`) : 0;
    this.#verdicts.push({ ...verdictOn(attempt, kind, error), delayMs });
    this.#changed.set();
  }

  // Leases

  override touchDue(attempts: Attempt<StreamRecord>[]): void {
    this.inBackground(this.#touch(attempts, this.#leaseMs));
  }

  async #touch(attempts: Attempt<StreamRecord>[], extendMs: number): Promise<void> {
    const { stream, group } = this.#reading;
    const records = attempts.map(({ item }) => item);
    const askedMs = this.clock.nowMs();
    const keepMs = Math.max(...attempts.map((attempt) => attempt.atLeast(extendMs, askedMs)));
    const options = { group, consumer: this.plan.name, extendMs: keepMs, ...this.ofThisLife };
    const result = await this.client.stream.groupTouch(stream, records, options);
    const stale = new Set(result.stale.map(String));
    for (const attempt of attempts) {
      if (stale.has(attempt.key)) {
        this.lost(attempt, "the lease is lost");
      } else {
        this.attempts.touched(attempt, askedMs, keepMs);
      }
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
    this.#isSettling = true;
    try {
      const outcomes = await Promise.allSettled(parts.map((part) => this.#send(part)));
      return await this.#settled(parts, outcomes, failures);
    } finally {
      this.#isSettling = false;
    }
  }

  async #settled(
    parts: readonly Verdict[][],
    outcomes: readonly PromiseSettledResult<GroupAckResult>[],
    failures: number,
  ): Promise<number> {
    const errors: unknown[] = [];
    const again: Verdict[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const part = parts[index] ?? [];
      if (outcome.status === "fulfilled") {
        this.#tellStale(part, outcome.value);
      } else if (!(outcome.reason instanceof NotFoundError)) {
        errors.push(outcome.reason); // what is not found any more is gone with the stream or the group
        again.push(...part);
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

  /** Say which verdicts came too late to count. */
  #tellStale(part: readonly Verdict[], { stale }: GroupAckResult): void {
    const late = new Set(stale.map(String));
    const nowMs = this.clock.nowMs();
    for (const { record, kind, leaseEndsMs } of part) {
      if (late.has(record.id.toString())) {
        const what = `${record.stream} ${record.id}: its ${kind} was not taken`;
        this.log.warn(`worker ${this.plan.name}: ${what}, ${howLate(nowMs, leaseEndsMs)}`);
      }
    }
  }

  async #send(part: readonly Verdict[]): Promise<GroupAckResult> {
    const { stream, group } = this.#reading;
    const where = { group, consumer: this.plan.name, namespace: this.plan.namespace };
    const records = part.map(({ record }) => record);
    const [first] = part;
    if (first === undefined || first.kind === "ack") {
      return await this.client.stream.groupAck(stream, records, where);
    }
    const release = first.kind === "release";
    return await this.client.stream.groupNack(stream, records, {
      ...where,
      delayMs: first.delayMs,
      error: first.error,
      release,
    });
  }

  protected override async handBack(attempts: Attempt<StreamRecord>[]): Promise<void> {
    if (attempts.length === 0) {
      return;
    }
    try {
      await this.#send(attempts.map((attempt) => verdictOn(attempt, "release")));
    } catch (error) {
      const { name } = this.plan;
      this.log.warn(`worker ${name}: records not handed back: ${errorText(error)}`);
    }
  }
}

function verdictOn(attempt: Attempt<StreamRecord>, kind: Kind, error?: string): Verdict {
  return { record: attempt.item, kind, leaseEndsMs: attempt.leaseEndsMs, error, delayMs: 0 };
}

/** Neighbours with the same verdict go together. */
function partsOf(verdicts: readonly Verdict[]): Verdict[][] {
  const parts: Verdict[][] = [];
  for (const verdict of verdicts) {
    const last = parts.at(-1);
    const [first] = last ?? [];
    if (last && first && travelTogether(first, verdict)) {
      last.push(verdict);
    } else {
      parts.push([verdict]);
    }
  }
  return parts;
}

function travelTogether(one: Verdict, other: Verdict): boolean {
  return one.kind === other.kind && one.error === other.error && one.delayMs === other.delayMs;
}
