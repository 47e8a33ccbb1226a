/**
 * One life of a worker that reads: it takes items, lets handlers have them, and settles them.
 *
 * What an item is, a record of a group or a message of a queue, the kinds of it say. A returning
 * handler acks its item, a throwing one nacks it.
 */

import type { FloClient } from "../api/client.js";
import { errorText } from "../base/error-text.js";
import { ConflictError, FloError, NotFoundError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import { LIMIT_MAX } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import { Wait } from "../link/call.js";
import { Attempt } from "./attempts.js";
import type { Context, ContextOptions } from "./contexts.js";
import { howLate, Life, type Plan } from "./life.js";

/** What is to become of an item; `dead`: it is not delivered again. */
export type Kind = "ack" | "nack" | "release" | "dead";

export interface Verdict<Item> {
  readonly item: Item;
  readonly kind: Kind;
  readonly leaseEndsMs: number;
  readonly error: string | undefined;
  readonly delayMs: number;
}

/** Which items were somebody else's by then. */
export interface Settled {
  readonly stale: readonly unknown[];
}

export abstract class ReadingLife<Item, Given extends Context> extends Life<Item> {
  readonly #changed = new Flag();
  readonly #hasRoom = new Flag();
  readonly #busyKeys = new Set<string>();
  /** Of those that were begun before, the next one begins once the ack of this is known. */
  readonly #unsettledKeys = new Set<string>();
  readonly #batchSize: number;
  readonly #handler: (ctx: Given) => unknown;
  #verdicts: Verdict<Item>[] = [];
  #isSettling = false;
  /** Ends the read that is under way. */
  protected wait = new Wait();
  protected leaseMs = 0;

  constructor(
    plan: Plan,
    handler: (ctx: Given) => unknown,
    batchSize: number,
    client: FloClient,
    log: FullLogger,
  ) {
    super(plan, client, log);
    this.#handler = handler;
    this.#batchSize = batchSize;
  }

  // What a kind of item does

  /** Up to `count` items; waits for the first as long as the plan says. */
  protected abstract read(count: number): Promise<readonly Item[]>;
  /** What a read was answered with. */
  protected abstract itemsOf(result: unknown): readonly Item[];
  /** What its settlement answers for it by. */
  protected abstract idOf(item: Item): string;
  /** How it is told of. */
  protected abstract nameOf(item: Item): string;
  /** What its handler is given. */
  protected abstract contextOf(item: Item, options: ContextOptions): Given;
  /** Settle items of which the same is to become. */
  protected abstract send(part: readonly Verdict<Item>[]): Promise<Settled>;
  /** Let leases run out later. */
  protected abstract sendTouch(items: readonly Item[], extendMs: number): Promise<Settled>;
  /** How long an item waits whose handler threw, and whether it is delivered again. */
  protected abstract failure(item: Item, error: unknown): Pick<Verdict<Item>, "kind" | "delayMs">;

  /** What the order is kept by; `null` where there is none. */
  protected keyOf(_item: Item): string | null {
    return null;
  }

  /** Whether the item may have ended a worker: what is behind it must not be taken for it. */
  protected wasBegunBefore(_item: Item): boolean {
    return false;
  }

  // Reading

  protected override lanes(): Promise<void>[] {
    return [this.#readLane(), this.#settleLane()];
  }

  protected override wake(): void {
    if (this.stopped.isSet) {
      this.wait.end();
    }
    this.#changed.set();
    this.#hasRoom.set();
  }

  protected override get hasResults(): boolean {
    return this.#verdicts.length > 0 || this.#isSettling;
  }

  /** How many more items may be read: a batch more than run, where a key holds some up. */
  get #room(): number {
    const { running, waiting, free } = this.attempts;
    const most = Math.min(free, this.plan.concurrency + this.#batchSize - running - waiting.length);
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
        this.wait = new Wait((result) => this.#takeLate(result));
        this.#take(await this.read(this.#room));
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
    this.log.info(`worker ${this.plan.name}: joining again`);
    try {
      await this.open(); // what is read from was deleted
    } catch (again) {
      await this.trouble(again, failures);
    }
  }

  /**
   * What a read brought that was given up. It was handed out before what is read since, so handed
   * back it would be handled behind that.
   */
  #takeLate(result: unknown): boolean {
    if (this.stopped.isSet || this.over.signal.aborted) {
      return false;
    }
    this.#take(this.itemsOf(result));
    return true;
  }

  #take(items: readonly Item[]): void {
    const attempts = items.map((item) => this.#attemptOf(item));
    for (const attempt of attempts) {
      this.attempts.hold(attempt);
    }
    this.attempts.waiting.push(...attempts);
    if (this.stopped.isSet) {
      this.#releaseSoon();
    } else {
      this.beginWaiting();
    }
  }

  #attemptOf(item: Item): Attempt<Item> {
    const context = this.contextOf(item, {
      client: this.own,
      namespace: this.plan.namespace,
      logger: this.log,
      touch: async (extendMs) => {
        await this.#touch([attempt], extendMs);
        if (attempt.isOver) {
          throw new ConflictError(`${this.nameOf(item)} belongs to another worker by now`);
        }
      },
    });
    const run = () => this.#handler(context);
    const attempt = new Attempt<Item>(this.idOf(item), item, this.leaseMs, context, run);
    return attempt;
  }

  // Handling

  protected override beginWaiting(): void {
    const { attempts } = this;
    const heldUp: Attempt<Item>[] = [];
    while (attempts.free > 0 && !this.stopped.isSet) {
      const attempt = attempts.waiting.shift();
      if (attempt === undefined) {
        break;
      }
      const key = this.keyOf(attempt.item);
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

  override began(_attempt: Attempt<Item>): void {
    // nobody is to be told
  }

  override ended(attempt: Attempt<Item>, tookMs: number | null): void {
    const key = this.keyOf(attempt.item);
    if (key !== null && !this.#unsettledKeys.has(key)) {
      this.#busyKeys.delete(key);
    }
    super.ended(attempt, tookMs);
    if (this.stopped.isSet) {
      this.#releaseSoon();
    }
  }

  override succeeded(attempt: Attempt<Item>, _result: unknown): void {
    if (attempt.isSettled) {
      return;
    }
    this.#judge(attempt, "ack");
    const key = this.keyOf(attempt.item);
    if (key !== null && this.wasBegunBefore(attempt.item)) {
      this.#unsettledKeys.add(key);
    }
  }

  override failed(attempt: Attempt<Item>, error: unknown): void {
    const { kind, delayMs } = this.failure(attempt.item, error);
    this.#judge(attempt, kind, errorText(error), delayMs);
    const key = this.keyOf(attempt.item);
    if (key !== null) {
      this.#giveBackBehind(key);
    }
    this.tellFailure(attempt, error);
  }

  /** What waits here goes back behind the failed item of its key. */
  #giveBackBehind(key: string): void {
    for (const attempt of this.attempts.waiting.filter(({ item }) => this.keyOf(item) === key)) {
      this.attempts.lose(attempt, "an earlier record of its key failed");
      this.#judge(attempt, "release");
    }
  }

  /**
   * What waits behind one of its key stays until that has ended, or goes back with it: handed back
   * before it, it would be handled before it, if that one goes back as well.
   */
  protected override takeWaiting(): Attempt<Item>[] {
    return this.attempts.takeWaiting(({ item }) => {
      const key = this.keyOf(item);
      return key === null || !this.#busyKeys.has(key);
    });
  }

  #releaseSoon(): void {
    const waiting = this.takeWaiting();
    if (waiting.length > 0) {
      this.inBackground(this.release(waiting));
    }
  }

  #judge(attempt: Attempt<Item>, kind: Kind, error?: string, delayMs = 0): void {
    this.#verdicts.push({ ...verdictOn(attempt, kind, error), delayMs });
    this.#changed.set();
  }

  // Leases

  override touchDue(attempts: Attempt<Item>[]): void {
    this.inBackground(this.#touch(attempts, this.leaseMs));
  }

  async #touch(attempts: Attempt<Item>[], extendMs: number): Promise<void> {
    const askedMs = this.clock.nowMs();
    const keepMs = Math.max(...attempts.map((attempt) => attempt.atLeast(extendMs, askedMs)));
    const items = attempts.map(({ item }) => item);
    const stale = new Set((await this.sendTouch(items, keepMs)).stale.map(String));
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
      const outcomes = await Promise.allSettled(parts.map((part) => this.send(part)));
      return await this.#settled(parts, outcomes, failures);
    } finally {
      this.#isSettling = false;
    }
  }

  async #settled(
    parts: readonly Verdict<Item>[][],
    outcomes: readonly PromiseSettledResult<Settled>[],
    failures: number,
  ): Promise<number> {
    const errors: unknown[] = [];
    const again: Verdict<Item>[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const part = parts[index] ?? [];
      if (outcome.status === "rejected" && !(outcome.reason instanceof NotFoundError)) {
        errors.push(outcome.reason);
        again.push(...part);
        continue;
      }
      this.#freeKeys(part);
      if (outcome.status === "fulfilled") {
        this.#tellStale(part, outcome.value); // else what it was of is no more
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

  /** What waited for these to be settled may begin. */
  #freeKeys(part: readonly Verdict<Item>[]): void {
    let isFreed = false;
    for (const { item } of part) {
      const key = this.keyOf(item);
      if (key !== null && this.#unsettledKeys.delete(key)) {
        this.#busyKeys.delete(key);
        isFreed = true;
      }
    }
    if (isFreed) {
      this.beginWaiting();
    }
  }

  /** Say which verdicts came too late to count. */
  #tellStale(part: readonly Verdict<Item>[], { stale }: Settled): void {
    const late = new Set(stale.map(String));
    const nowMs = this.clock.nowMs();
    for (const { item, kind, leaseEndsMs } of part) {
      if (late.has(this.idOf(item))) {
        const what = `${this.nameOf(item)}: the server did not take its ${kind}`;
        this.log.warn(`worker ${this.plan.name}: ${what}, ${howLate(nowMs, leaseEndsMs)}`);
      }
    }
  }

  protected override async handBack(attempts: Attempt<Item>[]): Promise<void> {
    if (attempts.length === 0) {
      return;
    }
    try {
      await this.send(attempts.map((attempt) => verdictOn(attempt, "release")));
    } catch (error) {
      this.log.warn(
        `worker ${this.plan.name}: deliveries could not be handed back: ${errorText(error)}`,
      );
    }
  }
}

function verdictOn<Item>(attempt: Attempt<Item>, kind: Kind, error?: string): Verdict<Item> {
  return { item: attempt.item, kind, leaseEndsMs: attempt.leaseEndsMs, error, delayMs: 0 };
}

/** Neighbours with the same verdict go together. */
function partsOf<Item>(verdicts: readonly Verdict<Item>[]): Verdict<Item>[][] {
  const parts: Verdict<Item>[][] = [];
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

function travelTogether(one: Verdict<unknown>, other: Verdict<unknown>): boolean {
  return one.kind === other.kind && one.error === other.error && one.delayMs === other.delayMs;
}
