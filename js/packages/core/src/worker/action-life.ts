/**
 * One life of an `ActionWorker`: it claims runs, lets handlers have them, and hands in what ends.
 *
 * What it does next the policy says (`claim-policy.ts`), and one loop does it. A poll stays open
 * beside the loop, so that results that come up meanwhile need not wait for it.
 */

import { registerHandled } from "../api/action/action.js";
import type { FloClient } from "../api/client.js";
import { errorText } from "../base/error-text.js";
import { BadRequestError, ConflictError, NotFoundError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import type { FullLogger } from "../base/logger.js";
import { Wait } from "../link/call.js";
import {
  type Task,
  type TaskResult,
  type TurnReply,
  WorkerRelease,
  WorkerTouch,
  WorkerTurn,
} from "../wire/messages.generated.js";
import type { Registered } from "./action-handlers.js";
import { Attempt } from "./attempts.js";
import { ClaimPolicy, Do, type Hand, PACE, type Step, WAIT } from "./claim-policy.js";
import { ActionContext, ActionResult, resultBytes } from "./contexts.js";
import { mayRetry } from "./handlers.js";
import { Heartbeat } from "./heartbeat.js";
import { howLate, Life, type Plan } from "./life.js";
import { contextOf, PROGRESS_MS, unknownProgress } from "./progress.js";
import { type Ended, Results, resultOf } from "./results.js";

/** What the worker can do, and how it is registered. */
export interface Work {
  readonly registered: ReadonlyMap<string, Registered>;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly heartbeatMs: number;
}

/** What the server is yet to hear: what has ended, and what has begun. */
interface News {
  readonly ended: readonly Ended[];
  readonly begun: readonly Attempt<Task>[];
}

/** Only hand in what is new. */
const HAND_IN: Step = { ...WAIT, do: Do.Claim };

export class ActionLife extends Life<Task> {
  readonly #work: Work;
  readonly #names: readonly string[];
  readonly #policy: ClaimPolicy;
  readonly #heartbeat: Heartbeat;
  readonly #changed = new Flag();
  #results = new Results(0);
  /** Attempts that have begun, which the server was not told. */
  #begun: Attempt<Task>[] = [];
  /** Results that are on their way to the server. */
  #underWay = 0;
  #pauseMs = 0;
  #poll: Promise<void> | null = null;
  /** What ended the worker while a poll was open. */
  #pollError: { readonly error: unknown } | null = null;
  #wait = new Wait();
  readonly #progressDue = new Set<Attempt<Task>>();

  constructor(plan: Plan, work: Work, client: FloClient, log: FullLogger) {
    super(plan, client, log);
    this.#work = work;
    this.#names = [...work.registered.keys()];
    this.#policy = new ClaimPolicy(plan.concurrency, plan.blockMs, PACE);
    this.#heartbeat = new Heartbeat(this.clock, work.heartbeatMs, () => this.#beat());
  }

  protected override get worksOn(): string {
    return "actions";
  }

  // Registering

  protected override async open(): Promise<void> {
    const info = await this.client.info(this.ofThisLife);
    this.#results = new Results(info.limits.valueBytesMax);
    await this.#register();
  }

  async #register(): Promise<void> {
    const where = this.ofThisLife;
    for (const [name, { options }] of this.#work.registered) {
      await registerHandled(this.client.action, name, options, where);
    }
    const { labels, metadata } = this.#work;
    const { concurrency } = this.plan;
    const settings = { concurrency, labels, metadata, ...where };
    await this.client.worker.register(this.plan.name, this.#names, settings);
  }

  /** The server does not know this worker, or one of its actions, any more. */
  async #again(): Promise<void> {
    this.log.info(`worker ${this.plan.name}: registering again`);
    try {
      await this.#register();
    } catch (error) {
      this.throwFatal(error);
    }
  }

  protected override async leave(): Promise<void> {
    await this.client.worker.deregister(this.plan.name, { namespace: this.plan.namespace });
  }

  protected override lanes(): Promise<void>[] {
    return [this.#turns(), this.#heartbeat.run(this.over.signal)];
  }

  protected override wake(): void {
    if (this.stopped.isSet) {
      this.#policy.stop();
      this.#wait.end();
    }
    if (this.isDrained) {
      this.#heartbeat.end();
    }
    this.#changed.set();
  }

  protected override get hasResults(): boolean {
    return this.#results.size > 0 || this.#underWay > 0;
  }

  // Claiming and handing in

  /** Do what the policy says, until the worker is drained. */
  async #turns(): Promise<void> {
    while (!this.isDrained) {
      await this.clock.turn(); // what ends in this turn of the event loop goes along
      if (this.#pollError !== null) {
        throw this.#pollError.error;
      }
      if (this.#pauseMs > 0) {
        const pauseMs = this.#pauseMs;
        this.#pauseMs = 0;
        await this.pause(pauseMs);
      }
      await this.#do(this.#policy.next(this.#hand(), this.clock.nowMs()));
    }
    await this.#poll; // ended early; its answer confirms the results that it carried
  }

  #hand(): Hand {
    const { running, waiting } = this.attempts;
    this.#begun = this.#begun.filter(({ isOver }) => !isOver);
    const [results, begun] = [this.#results.size, this.#begun.length];
    return { running, waiting: waiting.length, results, begun };
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case Do.Claim:
        await this.#takeTurn(step, null);
        break;
      case Do.Poll:
        this.#beginPoll(step);
        break;
      case Do.Release:
        this.inBackground(this.release(this.attempts.takeWaiting()));
        break;
      case Do.Wait:
        await this.#untilChanged(step.untilMs);
    }
  }

  #beginPoll(step: Step): void {
    this.#wait = new Wait();
    this.#poll = this.#takeTurn(step, this.#wait)
      .catch((error: unknown) => {
        this.#pollError = { error };
      })
      .finally(() => this.#changed.set());
  }

  async #untilChanged(untilMs: number | null): Promise<void> {
    const timer = untilMs === null ? null : this.clock.callAt(untilMs, () => this.#changed.set());
    try {
      await this.#changed.wait(this.over.signal);
    } finally {
      timer?.cancel();
    }
    this.#changed.clear();
  }

  #takeNews(): News {
    const begun = this.#begun;
    this.#begun = [];
    return { ended: this.#results.take(), begun };
  }

  #putBack({ ended, begun }: News): void {
    this.#results.putBack(ended);
    this.#begun.unshift(...begun);
  }

  /** Hand in what is new, and take runs, as the step says. */
  async #takeTurn(step: Step, wait: Wait | null): Promise<void> {
    const news = this.#takeNews();
    this.#underWay += news.ended.length;
    let reply: TurnReply;
    try {
      reply = await this.#send(step, news, wait);
    } catch (error) {
      this.#putBack(news);
      await this.#failed(step, error);
      return;
    } finally {
      this.#underWay -= news.ended.length;
    }
    // Stale results are told at once; so a poll that carried some ends early, too.
    this.#take(step, reply.tasks, reply.stale.length > 0 || (wait?.isEnded ?? false));
  }

  async #send(step: Step, { ended, begun }: News, wait: Wait | null): Promise<TurnReply> {
    const { count, places, blockMs } = step;
    const request = WorkerTurn.of({
      workerId: this.plan.name,
      actions: this.#names,
      results: ended.map(({ result }) => result),
      begun: begun.map(({ item: { runId, lease } }) => ({ runId, lease })),
      count,
      places,
      blockMs,
    });
    const waiting = wait === null ? {} : { blockMs, wait };
    const reply = await this.client.call(request, { ...this.ofThisLife, ...waiting });
    for (const place of reply.stale) {
      this.#tellStale(ended[Number(place)]);
    }
    return reply;
  }

  #tellStale(ended: Ended | undefined): void {
    if (ended !== undefined) {
      const { runId } = ended.result;
      const why = howLate(this.clock.nowMs(), ended.leaseEndsMs);
      this.log.warn(
        `worker ${this.plan.name}: ${runId}: the server did not take its result, ${why}`,
      );
    }
  }

  #take(step: Step, tasks: readonly Task[], wasEnded: boolean): void {
    const attempts = tasks.map((task) => this.#attemptOf(task));
    for (const attempt of attempts.slice(0, step.places)) {
      attempt.isBeginKnown = true;
    }
    for (const attempt of attempts) {
      this.attempts.hold(attempt);
    }
    this.attempts.waiting.push(...attempts);
    const nowMs = this.clock.nowMs();
    this.#pauseMs = this.#policy.answered(step, tasks.length, nowMs, wasEnded);
    if (this.#pauseMs > 0) {
      this.#heartbeat.hurry(); // nothing, and early: are we drained?
    }
    this.beginWaiting();
  }

  async #failed(step: Step, error: unknown): Promise<void> {
    if (error instanceof NotFoundError) {
      await this.#again();
    } else if (error instanceof BadRequestError && this.#results.size > 0) {
      this.log.error(`worker ${this.plan.name}: results were refused: ${error.message}`);
      await this.#settleOneByOne(this.#results.take());
    } else {
      this.throwFatal(error);
    }
    this.#pauseMs = this.#policy.failed(step, Math.random());
  }

  /** One result among them is refused: let the others through, and fail that run. */
  async #settleOneByOne(ended: readonly Ended[]): Promise<void> {
    for (const each of ended) {
      try {
        await this.#send(HAND_IN, { ended: [each], begun: [] }, null);
      } catch (error) {
        if (!(error instanceof BadRequestError)) {
          this.#results.add(each);
        } else if (each.result.error === null) {
          const told = { error: errorText(error), retry: false };
          this.#results.add({ ...each, result: resultOf(each.result, told) });
        }
      }
    }
  }

  protected override async settle(): Promise<void> {
    let failures = 0;
    while (this.#results.size > 0) {
      const ended = this.#results.take();
      try {
        await this.#send(HAND_IN, { ended, begun: [] }, null);
        failures = 0;
      } catch (error) {
        this.#results.putBack(ended);
        await this.trouble(error, failures);
        failures += 1;
      }
    }
  }

  #attemptOf(task: Task): Attempt<Task> {
    const registered = this.#work.registered.get(task.action);
    if (registered === undefined) {
      throw new BadRequestError(
        `the server handed out a run of ${task.action}, for which the worker did not ask`,
      );
    }
    const context = new ActionContext(task, {
      client: this.own,
      namespace: this.plan.namespace,
      logger: this.log,
      touch: (extendMs) => this.#touch(attempt, extendMs),
      onProgress: () => this.#progressTold(attempt),
    });
    const run = () => registered.handler(context);
    const attempt = new Attempt<Task>(task.runId, task, task.leaseMs, context, run);
    return attempt;
  }

  // What attempts ask for

  protected override beginWaiting(): void {
    const { attempts } = this;
    while (attempts.free > 0 && !this.stopped.isSet) {
      const attempt = attempts.waiting.shift();
      if (attempt === undefined) {
        break;
      }
      attempts.begin(attempt);
    }
    this.#changed.set();
  }

  override began(attempt: Attempt<Task>): void {
    this.#policy.began();
    if (!attempt.isBeginKnown) {
      this.#begun.push(attempt);
    }
    this.#changed.set();
  }

  override ended(attempt: Attempt<Task>, tookMs: number | null): void {
    if (tookMs !== null) {
      this.#policy.took(tookMs);
    }
    super.ended(attempt, tookMs);
  }

  override async commit(attempt: Attempt<Task>, result: unknown): Promise<void> {
    const batch = attempt.context.batch();
    const { outcome, output } = this.#outcomeOf(result);
    batch.worker.complete(this.plan.name, attempt.item, output, { outcome });
    await batch.send(this.ofThisLife);
  }

  /** What a handler's result means. Throws where it cannot be. */
  #outcomeOf(result: unknown): ActionResult {
    const named =
      result instanceof ActionResult ? result : new ActionResult("success", resultBytes(result));
    this.#results.check(named.output);
    return named;
  }

  override succeeded(attempt: Attempt<Task>, result: unknown): void {
    if (attempt.isSettled) {
      return;
    }
    try {
      const { outcome, output } = this.#outcomeOf(result);
      this.#add(attempt, { output, outcome });
    } catch (error) {
      this.failed(attempt, error);
    }
  }

  override failed(attempt: Attempt<Task>, error: unknown): void {
    this.#add(attempt, { error: errorText(error), retry: mayRetry(error) });
    this.tellFailure(attempt, error);
  }

  #add(attempt: Attempt<Task>, told: Partial<TaskResult>): void {
    const result = resultOf(attempt.item, { ...told, ...unknownProgress(attempt) });
    this.#results.add({ result, leaseEndsMs: attempt.leaseEndsMs });
    this.#changed.set();
  }

  // Leases

  override touchDue(attempts: Attempt<Task>[]): void {
    for (const attempt of attempts) {
      this.inBackground(this.#touchByItself(attempt));
    }
  }

  /** A handler told of its progress: send it soon, with what it tells until then. */
  #progressTold(attempt: Attempt<Task>): void {
    if (!attempt.isOver && !this.#progressDue.has(attempt)) {
      this.#progressDue.add(attempt);
      this.clock.callAt(this.clock.nowMs() + PROGRESS_MS, () => this.#sendProgress(attempt));
    }
  }

  #sendProgress(attempt: Attempt<Task>): void {
    this.#progressDue.delete(attempt);
    if (!attempt.isOver) {
      const extendMs = this.plan.autoTouch ? attempt.leaseMs : 1;
      this.inBackground(this.#touchByItself(attempt, extendMs));
    }
  }

  async #touchByItself(attempt: Attempt<Task>, extendMs = attempt.leaseMs): Promise<void> {
    try {
      await this.#touch(attempt, extendMs);
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        throw error; // a conflict was told already
      }
    }
  }

  async #touch(attempt: Attempt<Task>, extendMs: number): Promise<void> {
    const { runId, lease } = attempt.item;
    const askedMs = this.clock.nowMs();
    const keepMs = attempt.atLeast(extendMs, askedMs);
    const progress = unknownProgress(attempt);
    const told = { workerId: this.plan.name, runId, lease, extendMs: keepMs, ...progress };
    const request = WorkerTouch.of(told);
    let goesOn: boolean;
    try {
      goesOn = await this.client.call(request, this.ofThisLife);
    } catch (error) {
      if (error instanceof ConflictError) {
        this.lost(attempt, "the lease is lost");
      }
      throw error;
    }
    contextOf(attempt)?.progressKnown(progress);
    if (goesOn) {
      this.attempts.touched(attempt, askedMs, keepMs);
    } else {
      this.lost(attempt, "the run was cancelled");
    }
  }

  protected override async handBack(attempts: Attempt<Task>[]): Promise<void> {
    await Promise.all(attempts.map(({ item }) => this.#releaseOne(item)));
  }

  async #releaseOne({ runId, lease }: Task): Promise<void> {
    const { name, namespace } = this.plan;
    try {
      await this.client.call(WorkerRelease.of({ workerId: name, runId, lease }), { namespace });
    } catch (error) {
      this.log.warn(`worker ${name}: ${runId} could not be handed back: ${errorText(error)}`);
    }
  }

  // Heartbeats

  /** Say that we live; over trouble, once more after a while. */
  async #beat(): Promise<void> {
    try {
      await this.#sayAlive();
    } catch (error) {
      await this.trouble(error, 0);
      this.#heartbeat.hurry();
    }
  }

  async #sayAlive(): Promise<void> {
    const running = this.attempts.held.map(({ item }) => item.runId);
    const options = { running, ...this.ofThisLife };
    const heartbeat = await this.client.worker.heartbeat(this.plan.name, options);
    if (!heartbeat.known && !this.stopped.isSet) {
      await this.#again();
    }
    if (heartbeat.draining && !this.stopped.isSet) {
      this.log.info(
        `worker ${this.plan.name}: it was drained, so it finishes what it has and stops`,
      );
      this.stop();
    }
    for (const runId of heartbeat.cancelled) {
      const attempt = this.attempts.get(runId);
      if (attempt !== undefined) {
        this.lost(attempt, "the run was cancelled");
      }
    }
  }
}
