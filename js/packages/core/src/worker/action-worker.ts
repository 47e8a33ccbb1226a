/**
 * `ActionWorker`: runs a person's handlers for actions.
 *
 * Results go back in exchanges: one round trip settles what finished and claims what comes next, as
 * much as there is room for. Where handlers are quick the worker claims ahead, by as many runs as
 * will begin within `AHEAD_MS`; what has not begun after `PATIENCE_MS`, or when the worker stops,
 * goes back with no attempt counted. Where there is nothing to claim, the exchange waits for it; a
 * result that comes up meanwhile goes in one of its own, that claims nothing.
 */

import { knownToRegister, type RegisterOptions, registerHandled } from "../api/action.js";
import { checkDuration, checkName } from "../base/checks.js";
import type { Timer } from "../base/clock.js";
import { errorText } from "../base/error-text.js";
import { BadRequestError, BadTypeError, ConflictError, NotFoundError } from "../base/errors.js";
import { Flag } from "../base/flag.js";
import { typeName } from "../base/shown.js";
import { Wait } from "../link/call.js";
import {
  type ActionInfo,
  type Task,
  type TaskResult,
  WorkerExchange,
  WorkerRelease,
  WorkerTouch,
} from "../wire/messages.generated.js";
import type { ActionHandler, ActionWorkerOptions, Registered } from "./action-handlers.js";
import { Attempt } from "./attempts.js";
import { ActionContext, ActionResult, resultBytes } from "./contexts.js";
import { mayRetry } from "./handlers.js";
import { Results, resultOf } from "./results.js";
import { type ClientSource, WorkerBase } from "./worker-base.js";

const AHEAD_MS = 20;
const AHEAD_MAX = 500;
const PATIENCE_MS = 250;
const CLAIM_MAX = 1_000;
/** How long a wait lasts that carries results: only its answer says that they were taken. */
const CONFIRM_MS = 1_000;

type Waiting = { blockMs?: number; wait?: Wait };

/** A worker for actions. Name handlers with `worker.action(...)`, then `await worker.start()`. */
export class ActionWorker extends WorkerBase<Task> {
  readonly workerId: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #heartbeatMs: number;
  readonly #registered = new Map<string, Registered>();
  readonly #infos = new Map<string, ActionInfo>();
  #results = new Results(0);
  #changed = new Flag();
  #mayPoll = new Flag();
  #beatDue = new Flag();
  #isDry = true;
  #isPolling = false;
  #isPollLaneFree = false;
  #asked = 0;
  #patience: Timer | null = null;

  constructor(source: ClientSource, options: ActionWorkerOptions = {}) {
    const timeoutMs = checkDuration("actionTimeoutMs", options.actionTimeoutMs ?? 300_000, 1);
    super(source, options.workerId, timeoutMs, options);
    this.workerId = this.name;
    this.#labels = options.labels ?? {};
    this.#metadata = options.metadata ?? {};
    const heartbeatMs = options.heartbeatIntervalMs ?? 30_000;
    this.#heartbeatMs = checkDuration("heartbeatIntervalMs", heartbeatMs, 1);
  }

  // Handlers

  /**
   * Let `handler(ctx)` handle the action `name`; `options` are those of `action.register`. Without
   * any, an action that is registered already stays as it is.
   */
  action(name: string, handler: ActionHandler, options: RegisterOptions = {}): this {
    checkName("action", name);
    if (typeof handler !== "function") {
      throw new BadTypeError(`the handler of ${name} must be a function, not ${typeName(handler)}`);
    }
    if (this.isRunning) {
      throw new BadRequestError(`the worker is running; name the action "${name}" before start()`);
    }
    if (this.#registered.has(name)) {
      throw new BadRequestError(`the action "${name}" has a handler already`);
    }
    this.#registered.set(name, { handler, options: knownToRegister(name, options) });
    return this;
  }

  /** The same as `action`. */
  registerAction(name: string, handler: ActionHandler, options: RegisterOptions = {}): this {
    return this.action(name, handler, options);
  }

  /** The actions that it has handlers for. */
  get actions(): string[] {
    return [...this.#registered.keys()];
  }

  // Life

  protected override reset(): void {
    super.reset();
    this.#changed = new Flag();
    this.#mayPoll = new Flag();
    this.#beatDue = new Flag();
    this.#isDry = true;
    this.#isPolling = false;
    this.#isPollLaneFree = false;
    this.#asked = 0;
    this.#patience = null;
  }

  protected override async open(): Promise<void> {
    if (this.#registered.size === 0) {
      throw new BadRequestError("the worker has no actions: use worker.action(name, handler)");
    }
    const info = await this.client.info();
    this.#results = new Results(info.limits.valueBytesMax);
    await this.#register();
  }

  async #register(): Promise<void> {
    const where = this.ofThisLife;
    for (const [name, { options }] of this.#registered) {
      this.#infos.set(name, await registerHandled(this.client.action, name, options, where));
    }
    await this.client.worker.register(this.workerId, this.actions, {
      concurrency: this.concurrency,
      labels: this.#labels,
      metadata: this.#metadata,
      ...where,
    });
  }

  protected override lanes(): Promise<void>[] {
    return [this.#exchangeLane(), this.#pollLane(), this.#beatLane()];
  }

  protected override wake(): void {
    this.#changed.set();
    this.#mayPoll.set();
    if (this.isDrained) {
      this.#beatDue.set();
    }
  }

  protected override async leave(): Promise<void> {
    this.#patience?.cancel();
    await this.client.worker.deregister(this.workerId, { namespace: this.namespace });
  }

  // Claiming and settling

  /** How many more runs may be claimed. */
  get #room(): number {
    const taken = this.attempts.running + this.attempts.waiting.length + this.#asked;
    return Math.max(0, Math.min(CLAIM_MAX, this.concurrency + this.#ahead() - taken));
  }

  #ahead(): number {
    const { meanMs } = this.attempts;
    if (meanMs === null) {
      return 0;
    }
    return Math.min(AHEAD_MAX, Math.floor((this.concurrency * AHEAD_MS) / Math.max(meanMs, 0.001)));
  }

  async #exchangeLane(): Promise<void> {
    let failures = 0;
    while (!this.isDrained) {
      await this.#changed.wait(this.over.signal);
      this.#changed.clear();
      await this.clock.turn(); // what finishes in this turn of the loop goes along
      while (this.#wantsExchange() && !this.isDrained) {
        failures = await this.#exchanged(failures);
      }
    }
  }

  #wantsExchange(): boolean {
    if (this.#results.size > 0) {
      return !(this.#isPollLaneFree && this.#wantsPoll()); // which takes them along
    }
    return this.#wantsMore();
  }

  #wantsMore(): boolean {
    return !(this.#isDry || this.#isPolling || this.stopped.isSet) && this.#room > 0;
  }

  /** One exchange. Answers how often this failed in a row. */
  async #exchanged(failures: number): Promise<number> {
    try {
      await this.#trade(this.#results.take(), this.#wantsMore() ? this.#room : 0);
      return 0;
    } catch (error) {
      await this.#exchangeFailed(error, failures);
      return failures + 1;
    }
  }

  /** Hand in `results`, and take up to `count` runs. */
  async #trade(results: TaskResult[], count: number, options: Waiting = {}): Promise<Task[]> {
    const { workerId, actions } = this;
    const { blockMs = 0 } = options;
    const request = WorkerExchange.of({ workerId, results, actions, count, blockMs });
    this.#asked += count;
    let tasks: Task[];
    try {
      tasks = await this.client.call(request, { ...this.ofThisLife, ...options });
    } catch (error) {
      this.#results.putBack(results);
      throw error;
    } finally {
      this.#asked -= count;
    }
    if (count > 0) {
      this.#isDry = tasks.length < count;
    }
    this.#take(tasks);
    return tasks;
  }

  async #exchangeFailed(error: unknown, failures: number): Promise<void> {
    if (error instanceof NotFoundError) {
      await this.#again();
    } else if (error instanceof BadRequestError && this.#results.size > 0) {
      this.log.error(`worker ${this.workerId}: results were refused: ${error.message}`);
      await this.#settleOneByOne(this.#results.take());
    } else {
      await this.trouble(error, failures);
    }
  }

  /** One result among them is refused: let the others through, and fail that run. */
  async #settleOneByOne(results: TaskResult[]): Promise<void> {
    const { workerId, actions } = this;
    for (const result of results) {
      const request = WorkerExchange.of({ workerId, results: [result], actions, count: 0 });
      try {
        await this.client.call(request, this.ofThisLife);
      } catch (error) {
        if (!(error instanceof BadRequestError)) {
          this.#results.add(result);
        } else if (result.error === null) {
          this.#results.add(resultOf(result, { error: errorText(error), retry: false }));
        }
      }
    }
  }

  protected override async settle(): Promise<void> {
    let failures = 0;
    while (this.#results.size > 0) {
      failures = await this.#exchanged(failures);
    }
  }

  async #pollLane(): Promise<void> {
    let failures = 0;
    while (!this.stopped.isSet) {
      if (!this.#wantsPoll()) {
        this.#mayPoll.clear();
        this.#isPollLaneFree = true;
        await this.#mayPoll.wait(this.over.signal);
        continue;
      }
      this.#isPollLaneFree = false;
      try {
        failures = (await this.#poll()) ? 0 : failures + 1;
      } catch (error) {
        await this.#exchangeFailed(error, failures);
        failures += 1;
        continue;
      }
      if (failures > 0 && !this.stopped.isSet) {
        this.#beatDue.set(); // answered at once, and with nothing: are we drained?
        await this.pause(this.retry.delayMs(failures, 0));
      }
    }
  }

  #wantsPoll(): boolean {
    return this.#isDry && this.#room > 0 && !this.stopped.isSet;
  }

  /** Wait for work, and deliver what is done. False: the server gave nothing, and early. */
  async #poll(): Promise<boolean> {
    const results = this.#results.take();
    const blockMs = results.length > 0 ? Math.min(this.blockMs, CONFIRM_MS) : this.blockMs;
    const begunMs = this.clock.nowMs();
    this.#isPolling = true;
    const wait = new Wait();
    this.wait = wait;
    let tasks: Task[];
    try {
      tasks = await this.#trade(results, this.#room, { blockMs, wait });
    } finally {
      this.#isPolling = false;
    }
    this.#isPollLaneFree = tasks.length > 0;
    await this.clock.turn(); // results of handlers that are quick go along with the next poll
    return tasks.length > 0 || this.clock.nowMs() - begunMs >= blockMs / 2;
  }

  #take(tasks: Task[]): void {
    const attempts = tasks.map((task) => this.#attemptOf(task));
    for (const attempt of attempts) {
      this.attempts.hold(attempt);
    }
    this.attempts.waiting.push(...attempts);
    if (this.stopped.isSet) {
      this.#giveBackWaiting();
    } else {
      this.beginWaiting();
    }
  }

  #attemptOf(task: Task): Attempt<Task> {
    const registered = this.#registered.get(task.action);
    const leaseMs = this.#infos.get(task.action)?.timeoutMs;
    if (registered === undefined || leaseMs === undefined) {
      throw new BadRequestError(`the server handed out a run of ${task.action}, not asked for`);
    }
    const context = new ActionContext(task, {
      namespace: this.namespace,
      logger: this.log,
      touch: (extendMs) => this.#touch(attempt, extendMs),
    });
    const run = () => registered.handler(context);
    const attempt = new Attempt<Task>(task.runId, task, leaseMs, context, run);
    return attempt;
  }

  /** The server does not know this worker, or one of its actions, any more. */
  async #again(): Promise<void> {
    this.log.info(`worker ${this.workerId}: registering again`);
    try {
      await this.#register();
    } catch (error) {
      await this.trouble(error, 1);
    }
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
    if (attempts.waiting.length > 0 && this.#patience === null) {
      const { begunTotal } = attempts;
      this.#patience = this.clock.callAt(this.clock.nowMs() + PATIENCE_MS, () =>
        this.#outOfPatience(begunTotal),
      );
    }
    this.wake();
  }

  /** Claimed ahead, and then nothing finished: somebody else may be free for these. */
  #outOfPatience(begunTotal: number): void {
    this.#patience = null;
    if (this.attempts.begunTotal === begunTotal) {
      this.attempts.meanMs = PATIENCE_MS;
      this.#giveBackWaiting();
    }
    this.beginWaiting();
  }

  #giveBackWaiting(): void {
    const waiting = this.attempts.takeWaiting();
    if (waiting.length > 0) {
      this.inBackground(this.release(waiting));
    }
  }

  override succeeded(attempt: Attempt<Task>, result: unknown): void {
    try {
      const { outcome, output } =
        result instanceof ActionResult ? result : new ActionResult("success", resultBytes(result));
      this.#results.check(output);
      this.#results.add(resultOf(attempt.item, { output, outcome }));
    } catch (error) {
      this.failed(attempt, error);
    }
  }

  override failed(attempt: Attempt<Task>, error: unknown): void {
    this.tellFailure(attempt, error);
    const told = { error: errorText(error), retry: mayRetry(error) };
    this.#results.add(resultOf(attempt.item, told));
    this.#changed.set();
  }

  override touchDue(attempts: Attempt<Task>[]): void {
    for (const attempt of attempts) {
      this.inBackground(this.#touchByItself(attempt));
    }
  }

  async #touchByItself(attempt: Attempt<Task>): Promise<void> {
    try {
      await this.#touch(attempt, attempt.leaseMs);
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        throw error; // a conflict was told already
      }
    }
  }

  async #touch(attempt: Attempt<Task>, extendMs: number): Promise<void> {
    const { runId, lease } = attempt.item;
    const { workerId } = this;
    const request = WorkerTouch.of({ workerId, runId, lease, extendMs });
    let goesOn: boolean;
    try {
      goesOn = await this.client.call(request, this.ofThisLife);
    } catch (error) {
      if (error instanceof ConflictError) {
        this.lost(attempt, "the lease is lost");
      }
      throw error;
    }
    attempt.touchDueMs = this.clock.nowMs() + Math.min(attempt.leaseMs, extendMs) / 3;
    if (!goesOn) {
      this.lost(attempt, "the run was cancelled");
    }
  }

  protected override async release(attempts: Attempt<Task>[]): Promise<void> {
    await Promise.all(attempts.map(({ item }) => this.#releaseOne(item)));
  }

  async #releaseOne({ runId, lease }: Task): Promise<void> {
    const request = WorkerRelease.of({ workerId: this.workerId, runId, lease });
    try {
      await this.client.call(request, { namespace: this.namespace });
    } catch (error) {
      this.log.warn(`worker ${this.workerId}: ${runId} not handed back: ${errorText(error)}`);
    }
  }

  // Heartbeats

  async #beatLane(): Promise<void> {
    let failures = 0;
    while (!this.isDrained) {
      await this.#untilBeat();
      if (this.isDrained) {
        return;
      }
      try {
        await this.#beat();
        failures = 0;
      } catch (error) {
        await this.trouble(error, failures);
        failures += 1;
        this.#beatDue.set();
      }
    }
  }

  async #untilBeat(): Promise<void> {
    const due = () => this.#beatDue.set();
    const timer = this.clock.callAt(this.clock.nowMs() + this.#heartbeatMs, due);
    try {
      await this.#beatDue.wait(this.over.signal);
    } finally {
      timer.cancel();
    }
    this.#beatDue.clear();
  }

  async #beat(): Promise<void> {
    const running = this.attempts.held.map(({ item }) => item.runId);
    const options = { running, ...this.ofThisLife };
    const heartbeat = await this.client.worker.heartbeat(this.workerId, options);
    if (!heartbeat.known && !this.stopped.isSet) {
      await this.#again();
    }
    if (heartbeat.draining && !this.stopped.isSet) {
      this.log.info(`worker ${this.workerId}: drained from outside`);
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
