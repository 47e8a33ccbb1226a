/** `client.action`: durable tasks, registered by name, run by workers. */

import { type JsonPayload, payloadBytes } from "../../base/bytes.js";
import { BadRequestError, NotFoundError } from "../../base/errors.js";
import {
  type CallOptions,
  type Given,
  known,
  knownOfCall,
  NONE,
  type OptionNames,
} from "../../base/options.js";
import { type Integer, integerWithin } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import {
  ActionBulk,
  type ActionBulkOperation,
  ActionCall,
  ActionCountRuns,
  ActionDelete,
  ActionEnable,
  ActionGet,
  ActionGetLimits,
  type ActionInfo,
  type ActionInvoke,
  ActionList,
  ActionListRuns,
  ActionPauseSchedule,
  ActionRegister,
  ActionRetry,
  type ActionRun,
  ActionSchedule,
  type ActionScheduleInfo,
  ActionSchedules,
  ActionStatus,
  ActionTriggerSchedule,
  ActionType,
  ActionUnschedule,
  type BulkJob,
  type InvokeResult,
  type KeyLimits,
  type Limits,
  type Overlap,
  type RunOrder,
  type RunStatus,
} from "../../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "../base/page.js";
import { FORCE, type ForceOptions } from "../base/shared-options.js";
import {
  ActionCommands,
  type CancelOptions,
  INVOKE_ONCE,
  type InvokeOnceOptions,
  type InvokeOptions,
} from "./commands.js";

const WAIT_MS = 30_000;
const RATE_PERIOD_MS = 1_000;
/**
 * Calls of a client that wait for their runs in the request that invokes them. Each has a write
 * number as long as it waits, and keeps the place of that for no other (`numbers.ts`). Calls beyond
 * invoke first, and then wait.
 */
const CALLS_MAX = 32;

export interface RegisterOptions {
  /** The lease of one attempt. Default: 30,000. */
  readonly timeoutMs?: Integer | null | undefined;
  /** Attempts after the first; left out, they stay as they are. On a new action: 3. */
  readonly maxRetries?: Integer | null | undefined;
  /** Doubles with each attempt; left out, it stays as it is. On a new action: 1,000. */
  readonly retryDelayMs?: Integer | null | undefined;
  /** Bounds the whole run, attempts and waits included. */
  readonly runTimeoutMs?: Integer | null | undefined;
  readonly description?: string | null | undefined;
  /** How long runs are kept after their end, at least a day. Default: 30 days. */
  readonly retentionMs?: Integer | null | undefined;
  /** How much goes on at once and how fast; left out, it stays as it is, `{}` lifts all limits. */
  readonly limits?: LimitsOptions | null | undefined;
  /** Where the key of a run lies in its payload: `$.account`; an empty text takes it away. */
  readonly keyPath?: string | null | undefined;
  /** Cron, kept as by `schedule`; left out, the schedule stays as it is. */
  readonly schedule?: string | null | undefined;
  /** The IANA zone of `schedule`. Default: `UTC`. */
  readonly timezone?: string | null | undefined;
}

/** One of `cron` and `intervalMs`. */
export interface ScheduleOptions {
  /** Minute, hour, day of the month, month, weekday. */
  readonly cron?: string | null | undefined;
  /** From one run to the next: 10 ms to ten years. */
  readonly intervalMs?: Integer | null | undefined;
  /** The IANA zone of `cron`. Default: `UTC`. */
  readonly timezone?: string | null | undefined;
  /** The input of its runs. Default: empty. */
  readonly payload?: JsonPayload | null | undefined;
  /** What becomes of a time while `maxConcurrent` of its own runs go on. Default: `skip`. */
  readonly overlap?: Overlap | null | undefined;
  /** Its own runs at once: 1 to 1,000. Default: 1. */
  readonly maxConcurrent?: Integer | null | undefined;
  /** Whether it begins paused; what was paused by hand stays so unless this changes. */
  readonly paused?: boolean | null | undefined;
  /** A time missed for no longer than this is made up for, once. Default: 60,000. */
  readonly catchUpMs?: Integer | null | undefined;
  /** Each run starts up to this much later. Default: 0. */
  readonly jitterMs?: Integer | null | undefined;
}

/** How much of an action goes on at once and how fast; what is left out is not limited. */
export interface LimitsOptions {
  /** Leased runs, over all workers. */
  readonly running?: Integer | null | undefined;
  /** Leased runs of one key. */
  readonly runningPerKey?: Integer | null | undefined;
  /** Claims in any span of `ratePeriodMs`: 1 to 10,000. */
  readonly rate?: Integer | null | undefined;
  /** Claims of one key in such a span. */
  readonly ratePerKey?: Integer | null | undefined;
  /** Default: 1,000. */
  readonly ratePeriodMs?: Integer | null | undefined;
  /** Keys take turns instead of standing by the due time of their first run. */
  readonly fair?: boolean | null | undefined;
}

/** What limits hold up. */
export interface LimitsInfo {
  /** Leased runs of the action. */
  readonly running: number;
  /** Its runs that are due. */
  readonly waiting: number;
  /** Its keys, by name. */
  readonly keys: Page<KeyLimits>;
}

export interface WaitForRunOptions {
  /** How long to wait for the run's end. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

/** As for `invoke`; but a run that is debounced is not waited for. */
export interface CallActionOptions extends InvokeOnceOptions, WaitForRunOptions {}

export interface ListActionsOptions extends ListOptions {
  readonly prefix?: string | null | undefined;
}

/** Which runs are meant. */
export interface RunFilterOptions {
  /** In this status, or in one of several. */
  readonly status?: RunStatus | readonly RunStatus[] | null | undefined;
  /** Started from then on, Unix epoch; a run that has not started was when it was invoked. */
  readonly startedAfterMs?: Integer | null | undefined;
  /** Started before then. */
  readonly startedBeforeMs?: Integer | null | undefined;
  /** Ended from then on. */
  readonly endedAfterMs?: Integer | null | undefined;
  /** Ended before then. */
  readonly endedBeforeMs?: Integer | null | undefined;
}

export interface ListRunsOptions extends ListOptions, RunFilterOptions {
  /** By when they were invoked. Default: `newest` first. */
  readonly order?: RunOrder | null | undefined;
}

export interface ActionBulkOptions extends RunFilterOptions {
  /** Of this action; else of all. */
  readonly name?: string | null | undefined;
  /** At most so many. */
  readonly limit?: Integer | null | undefined;
  /** Only count. */
  readonly dryRun?: boolean | null | undefined;
  /** Why they are cancelled. */
  readonly reason?: string | null | undefined;
}

export const REGISTER: OptionNames<RegisterOptions> = {
  timeoutMs: true,
  maxRetries: true,
  retryDelayMs: true,
  runTimeoutMs: true,
  description: true,
  retentionMs: true,
  limits: true,
  keyPath: true,
  schedule: true,
  timezone: true,
};
const SCHEDULE: OptionNames<ScheduleOptions> = {
  cron: true,
  intervalMs: true,
  timezone: true,
  payload: true,
  overlap: true,
  maxConcurrent: true,
  paused: true,
  catchUpMs: true,
  jitterMs: true,
};
const LIMITS: OptionNames<LimitsOptions> = {
  running: true,
  runningPerKey: true,
  rate: true,
  ratePerKey: true,
  ratePeriodMs: true,
  fair: true,
};
const WAIT: OptionNames<WaitForRunOptions> = { blockMs: true };
const CALL: OptionNames<CallActionOptions> = { ...INVOKE_ONCE, ...WAIT };
const LIST: OptionNames<ListActionsOptions> = { ...LISTING, prefix: true };
const RUN_FILTER: OptionNames<RunFilterOptions> = {
  status: true,
  startedAfterMs: true,
  startedBeforeMs: true,
  endedAfterMs: true,
  endedBeforeMs: true,
};
const LIST_RUNS: OptionNames<ListRunsOptions> = { ...LISTING, ...RUN_FILTER, order: true };
const BULK: OptionNames<ActionBulkOptions> = {
  ...RUN_FILTER,
  name: true,
  limit: true,
  dryRun: true,
  reason: true,
};

/** The actions of one client. */
export class Action {
  readonly #caller: Caller;
  readonly #commands = new ActionCommands(false);
  #calls = 0;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Name an action and say how it is run; other settings than before raise its version. The options
   * may stand in the place of the type, which is `user` then.
   */
  async register(
    name: string,
    typeOrOptions: ActionType | (RegisterOptions & CallOptions) = ActionType.User,
    options: RegisterOptions & CallOptions = {},
  ): Promise<ActionInfo> {
    const isType = typeof typeOrOptions !== "object" || typeOrOptions === null;
    const type = isType ? typeOrOptions : ActionType.User;
    const given = knownOfCall("action.register", isType ? options : typeOrOptions, REGISTER);
    const { timeoutMs, maxRetries, retryDelayMs, runTimeoutMs, description, retentionMs } = given;
    const times = { timeoutMs, retryDelayMs, runTimeoutMs, retentionMs };
    const limits = given.limits === undefined ? undefined : limitsOf(given.limits);
    const { keyPath, schedule, timezone } = given;
    const settings = { ...times, maxRetries, description, limits, keyPath, schedule, timezone };
    const { namespace, signal } = given; // `timeoutMs` is the action's
    const request = ActionRegister.of({ name, type, ...settings });
    return await this.#caller.call(request, { namespace, signal });
  }

  /**
   * Ask for one run. A lower `priority` goes first; `labels` must be the worker's, too.
   *
   * An `idempotencyKey` makes one run: the same key and payload answer that run again (`created` is
   * false), another payload is a conflict.
   */
  async invoke(
    name: string,
    payload: JsonPayload = "",
    options: InvokeOptions & CallOptions = {},
  ): Promise<InvokeResult> {
    return await this.#caller.call(this.#commands.invoke(name, payload, options), options);
  }

  /** The run as it stands. `NotFoundError` where there is none. */
  async status(runId: string, options: CallOptions = {}): Promise<ActionRun> {
    knownOfCall("action.status", options, NONE);
    return await this.#caller.call(ActionStatus.of({ runId }), options);
  }

  /** The run once it is finished, or as it stands after `blockMs`. */
  async wait(runId: string, options: WaitForRunOptions & CallOptions = {}): Promise<ActionRun> {
    const { blockMs = WAIT_MS } = knownOfCall("action.wait", options, WAIT);
    return await this.#caller.call(ActionStatus.of({ runId, blockMs }), { ...options, blockMs });
  }

  /** `invoke`, then `wait` for up to `blockMs`. The run goes on if the time is up first. */
  async call(
    name: string,
    payload: JsonPayload = "",
    options: CallActionOptions & CallOptions = {},
  ): Promise<ActionRun> {
    const { blockMs = WAIT_MS, ...rest } = knownOfCall("action.call", options, CALL);
    const { namespace, signal, timeoutMs, ...settings } = rest;
    const where = { namespace, signal, timeoutMs };
    const invoke = this.#commands.invoke(name, payload, settings);
    if (this.#calls >= CALLS_MAX) {
      const { runId } = await this.#caller.call(invoke, where);
      return await this.wait(runId, { ...where, blockMs });
    }
    this.#calls += 1;
    try {
      const request = ActionCall.of({ ...(invoke.fields as ActionInvoke), blockMs });
      return await this.#caller.call(request, { ...where, blockMs });
    } finally {
      this.#calls -= 1;
    }
  }

  /** End the run; a handler at work is told. `ConflictError` if it is finished. */
  async cancel(runId: string, options: CancelOptions & CallOptions = {}): Promise<ActionRun> {
    return await this.#caller.call(this.#commands.cancel(runId, options), options);
  }

  /**
   * Let a run that failed or timed out be due again, attempts at 0. `ConflictError` if it stands
   * otherwise, or was a step of a workflow, which has `workflow.retry`.
   */
  async retry(runId: string, options: CallOptions = {}): Promise<ActionRun> {
    knownOfCall("action.retry", options, NONE);
    return await this.#caller.call(ActionRetry.of({ runId }), options);
  }

  /** How many runs of the action (of all, if none is named) are kept in each status. */
  async countRuns(
    name?: string | null,
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, number>>> {
    knownOfCall("action.countRuns", options, NONE);
    return await this.#caller.call(ActionCountRuns.of({ name }), options);
  }

  /** How many runs are leased and due, and a page of the action's keys, by name. */
  async limits(name: string, options: ListOptions & CallOptions = {}): Promise<LimitsInfo> {
    const { limit, cursor } = knownOfCall("action.limits", options, LISTING);
    const reply = await this.#caller.call(ActionGetLimits.of({ name, limit, cursor }), options);
    return { running: reply.running, waiting: reply.waiting, keys: pageOf(reply) };
  }

  /** The action's settings. `NotFoundError` where there is none. */
  async get(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.get", options, NONE);
    return await this.#caller.call(ActionGet.of({ name }), options);
  }

  /** Delete the action. Returns whether it existed. `force` cancels its unfinished runs. */
  async delete(name: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    const { force } = knownOfCall("action.delete", options, FORCE);
    return await this.#caller.call(ActionDelete.of({ name, force }), options);
  }

  /** Let it be invoked again. */
  async enable(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.enable", options, NONE);
    return await this.#caller.call(ActionEnable.of({ name, enabled: true }), options);
  }

  /** Refuse new runs of it; those that are there go on. */
  async disable(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.disable", options, NONE);
    return await this.#caller.call(ActionEnable.of({ name, enabled: false }), options);
  }

  /** Invoke the action by the clock, instead of by the schedule that it has. */
  async schedule(
    name: string,
    options: ScheduleOptions & CallOptions = {},
  ): Promise<ActionScheduleInfo> {
    const given = knownOfCall("action.schedule", options, SCHEDULE);
    const { cron, intervalMs, timezone, overlap, maxConcurrent, paused } = given;
    const { payload = "", catchUpMs, jitterMs } = given;
    const times = { cron, intervalMs, timezone, catchUpMs, jitterMs };
    const rules = { overlap, maxConcurrent, paused };
    const request = ActionSchedule.of({ name, payload: payloadBytes(payload), ...times, ...rules });
    return await this.#caller.call(request, options);
  }

  /** Take the action's schedule away. Returns whether it had one. Its runs go on. */
  async unschedule(name: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("action.unschedule", options, NONE);
    return await this.#caller.call(ActionUnschedule.of({ name }), options);
  }

  /** A page of the schedules, by the name of their action. */
  async schedules(options: ListOptions & CallOptions = {}): Promise<Page<ActionScheduleInfo>> {
    const { limit, cursor } = knownOfCall("action.schedules", options, LISTING);
    return await this.#caller.call(ActionSchedules.of({ limit, cursor }).map(pageOf), options);
  }

  /** Let the action's schedule start no runs; times that pass are not made up for. */
  async pauseSchedule(name: string, options: CallOptions = {}): Promise<ActionScheduleInfo> {
    knownOfCall("action.pauseSchedule", options, NONE);
    return await this.#caller.call(ActionPauseSchedule.of({ name, paused: true }), options);
  }

  /** Let it go on with its next time. */
  async resumeSchedule(name: string, options: CallOptions = {}): Promise<ActionScheduleInfo> {
    knownOfCall("action.resumeSchedule", options, NONE);
    return await this.#caller.call(ActionPauseSchedule.of({ name, paused: false }), options);
  }

  /** Start one of the schedule's runs now, with its input, beside its times; the run's id. */
  async triggerSchedule(name: string, options: CallOptions = {}): Promise<string> {
    knownOfCall("action.triggerSchedule", options, NONE);
    return await this.#caller.call(ActionTriggerSchedule.of({ name }), options);
  }

  /** A page of the actions whose names begin with `prefix`, by name. */
  async list(options: ListActionsOptions & CallOptions = {}): Promise<Page<ActionInfo>> {
    const { prefix, limit, cursor } = knownOfCall("action.list", options, LIST);
    return await this.#caller.call(ActionList.of({ prefix, limit, cursor }).map(pageOf), options);
  }

  /**
   * A page of runs, newest first: of one action or of all, in some statuses or in any. Times are looked
   * at run by run, at most 1,000 of them: a page may hold fewer than `limit`, or none, while `hasMore`.
   */
  async listRuns(
    name?: string | null,
    options: ListRunsOptions & CallOptions = {},
  ): Promise<Page<ActionRun>> {
    const { limit, cursor, order, ...filter } = knownOfCall("action.listRuns", options, LIST_RUNS);
    const { status, ...times } = filterOf(filter);
    const one = typeof status === "string" ? { status } : { statuses: status };
    const request = ActionListRuns.of({ name, ...one, limit, cursor, ...times, order });
    return await this.#caller.call(request.map(pageOf), options);
  }

  /**
   * Cancel, retry or delete all runs that match, by a job: a piece of it per tick. Without a status
   * all that the operation takes. Runs that are invoked later are left alone. `client.jobs` tells how
   * far it is.
   */
  async bulk(
    operation: ActionBulkOperation,
    options: ActionBulkOptions & CallOptions = {},
  ): Promise<BulkJob> {
    const given = knownOfCall("action.bulk", options, BULK);
    const { name, limit, dryRun, reason } = given;
    const { status, ...times } = filterOf(given);
    const statuses = typeof status === "string" ? [status] : status;
    const settings = { limit, dryRun, reason };
    const request = ActionBulk.of({ operation, name, statuses, ...times, ...settings });
    return await this.#caller.call(request, options);
  }
}

function limitsOf(given: LimitsOptions): Limits {
  const { running, runningPerKey, rate, ratePerKey, ...rest } = known("limits", given, LIMITS);
  const { ratePeriodMs = RATE_PERIOD_MS, fair = false } = rest;
  const counts = { running: orNull(running), runningPerKey: orNull(runningPerKey) };
  const rates = { rate: orNull(rate), ratePerKey: orNull(ratePerKey) };
  return { ...counts, ...rates, ratePeriodMs: integerWithin(ratePeriodMs, "ratePeriodMs"), fair };
}

function orNull(value: Integer | undefined): number | null {
  return value === undefined ? null : integerWithin(value, "a limit");
}

function filterOf(given: Given<RunFilterOptions>): Given<RunFilterOptions> {
  const { status, startedAfterMs, startedBeforeMs, endedAfterMs, endedBeforeMs } = given;
  if (Array.isArray(status) && status.length === 0) {
    throw new BadRequestError("status is an empty list; leave it out for any status");
  }
  return { status, startedAfterMs, startedBeforeMs, endedAfterMs, endedBeforeMs };
}

/** Register an action for its handler. One that comes without options leaves those that it has. */
export async function registerHandled(
  actions: Action,
  name: string,
  options: RegisterOptions,
  where: CallOptions,
): Promise<ActionInfo> {
  if (Object.values(options).every((option) => (option ?? null) === null)) {
    try {
      return await actions.get(name, where);
    } catch (error) {
      if (!(error instanceof NotFoundError)) {
        throw error;
      }
    }
  }
  return await actions.register(name, ActionType.User, { ...options, ...where });
}

/** Options of `register` for one action of a worker. */
export function knownToRegister(name: string, options: RegisterOptions): RegisterOptions {
  return known(`action ${name}`, options, REGISTER);
}
