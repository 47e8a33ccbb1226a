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

/** Left out, limits, `keyPath`, `maxRetries`, `retryDelayMs` and `schedule` stay as they are. */
export interface RegisterOptions {
  /** How long the lease of one attempt lasts. Default: 30,000. */
  readonly timeoutMs?: Integer | null | undefined;
  /** How many attempts may follow the first: at most 1,000,000; 3 for a new action. */
  readonly maxRetries?: Integer | null | undefined;
  /** The wait before the second attempt; 1,000 for a new action. It grows, up to an hour. */
  readonly retryDelayMs?: Integer | null | undefined;
  /** A limit for the whole run, with all attempts and waits. Default: none. */
  readonly runTimeoutMs?: Integer | null | undefined;
  /** A text of up to 4 KiB for people. Default: none. */
  readonly description?: string | null | undefined;
  /** How long a run is kept after it has ended, at least a day. Default: 30 days. */
  readonly retentionMs?: Integer | null | undefined;
  /** How many runs may be leased at once, and how fast they are claimed. `{}` removes limits. */
  readonly limits?: LimitsOptions | null | undefined;
  /** The path to a run's key in its payload, such as `$.account`. An empty text removes it. */
  readonly keyPath?: string | null | undefined;
  /** A cron expression in `timezone`. It is kept as the method `schedule` keeps it. */
  readonly schedule?: string | null | undefined;
  /** The IANA time zone of `schedule`. Default: `UTC`. */
  readonly timezone?: string | null | undefined;
}

/** Options of `schedule`. Give `cron` or `intervalMs`. */
export interface ScheduleOptions {
  /** Minute, hour, day of the month, month, weekday. */
  readonly cron?: string | null | undefined;
  /** The time from one run to the next: 10 ms to ten years. */
  readonly intervalMs?: Integer | null | undefined;
  /** The IANA time zone of `cron`. Default: `UTC`. */
  readonly timezone?: string | null | undefined;
  /** The input of each run. Default: empty. */
  readonly payload?: JsonPayload | null | undefined;
  /**
   * What happens when a run is due while `maxConcurrent` of them are unfinished. Default: `skip`.
   */
  readonly overlap?: Overlap | null | undefined;
  /** How many runs of this schedule may be unfinished at once: 1 to 1,000. Default: 1. */
  readonly maxConcurrent?: Integer | null | undefined;
  /**
   * Whether the schedule starts paused. One that was paused by hand stays so unless this changes.
   */
  readonly paused?: boolean | null | undefined;
  /** A time that was missed by no more than this is made up for, once. Default: 60,000. */
  readonly catchUpMs?: Integer | null | undefined;
  /** Each run starts up to this much later: less than the time between two runs. Default: 0. */
  readonly jitterMs?: Integer | null | undefined;
}

/** How many runs of an action may go on at once, and how fast. What is left out has no limit. */
export interface LimitsOptions {
  /** How many runs may be leased at once, over all workers. */
  readonly running?: Integer | null | undefined;
  /** How many runs of one key may be leased at once. */
  readonly runningPerKey?: Integer | null | undefined;
  /** How many claims there may be in any span of `ratePeriodMs`: 1 to 10,000. */
  readonly rate?: Integer | null | undefined;
  /** How many claims of one key there may be in such a span: 1 to 10,000. */
  readonly ratePerKey?: Integer | null | undefined;
  /** The span of `rate` and `ratePerKey`. Default: 1,000. */
  readonly ratePeriodMs?: Integer | null | undefined;
  /** Whether keys take turns. Default: false, runs go by their due time. */
  readonly fair?: boolean | null | undefined;
}

/** What an action's limits delay. */
export interface LimitsInfo {
  /** How many runs of the action are leased. */
  readonly running: number;
  /** How many runs of the action are due and wait. */
  readonly waiting: number;
  /** A page of the action's keys, by name. */
  readonly keys: Page<KeyLimits>;
}

export interface WaitForRunOptions {
  /** How long to wait: at most 300,000. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

/** Options of `call`: those of `invoke`. A debounced run is not waited for. */
export interface CallActionOptions extends InvokeOnceOptions, WaitForRunOptions {}

export interface ListActionsOptions extends ListOptions {
  readonly prefix?: string | null | undefined;
}

/** Filters for runs. */
export interface RunFilterOptions {
  /** Only runs in this status, or in one of several. */
  readonly status?: RunStatus | readonly RunStatus[] | null | undefined;
  /** Only runs started (until then: invoked) at this time or later, Unix epoch. */
  readonly startedAfterMs?: Integer | null | undefined;
  /** Only runs started before this time. */
  readonly startedBeforeMs?: Integer | null | undefined;
  /** Only runs that ended at this time or later. */
  readonly endedAfterMs?: Integer | null | undefined;
  /** Only runs that ended before this time. */
  readonly endedBeforeMs?: Integer | null | undefined;
}

export interface ListRunsOptions extends ListOptions, RunFilterOptions {
  /** The order, by the time of invocation. Default: `newest` first. */
  readonly order?: RunOrder | null | undefined;
}

export interface ActionBulkOptions extends RunFilterOptions {
  /** Only runs of this action. Default: of all actions. */
  readonly name?: string | null | undefined;
  /** At most so many runs. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
  /** Why the runs are cancelled, a text of up to 4 KiB. Default: none. */
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
   * Register an action. New settings raise its version. You may pass the options in the place of
   * `type`, which is then `user`.
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
   * Invoke an action: create one run of it.
   *
   * A lower `priority` goes first. A worker must have all `labels` of the run. With an
   * `idempotencyKey` there is one run: the same key and payload return that run (`created` is
   * false); the same key with another payload is a `ConflictError`.
   */
  async invoke(
    name: string,
    payload: JsonPayload = "",
    options: InvokeOptions & CallOptions = {},
  ): Promise<InvokeResult> {
    return await this.#caller.call(this.#commands.invoke(name, payload, options), options);
  }

  /** Return the run in its current state. Throws `NotFoundError` if there is no such run. */
  async status(runId: string, options: CallOptions = {}): Promise<ActionRun> {
    knownOfCall("action.status", options, NONE);
    return await this.#caller.call(ActionStatus.of({ runId }), options);
  }

  /** Wait up to `blockMs` until the run is finished. Returns the run as it is by then. */
  async wait(runId: string, options: WaitForRunOptions & CallOptions = {}): Promise<ActionRun> {
    const { blockMs = WAIT_MS } = knownOfCall("action.wait", options, WAIT);
    return await this.#caller.call(ActionStatus.of({ runId, blockMs }), { ...options, blockMs });
  }

  /** `invoke`, then `wait` for at most `blockMs`. If that time is up first, the run continues. */
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

  /** End the run, and notify a handler that works on it. `ConflictError` if it has ended. */
  async cancel(runId: string, options: CancelOptions & CallOptions = {}): Promise<ActionRun> {
    return await this.#caller.call(this.#commands.cancel(runId, options), options);
  }

  /**
   * Run a failed or timed-out run again, with its attempts counted from 0.
   *
   * Throws `ConflictError` in any other status, and for a step of a workflow: use `workflow.retry`.
   */
  async retry(runId: string, options: CallOptions = {}): Promise<ActionRun> {
    knownOfCall("action.retry", options, NONE);
    return await this.#caller.call(ActionRetry.of({ runId }), options);
  }

  /** Count the kept runs by status: of the action `name`, or by default of all actions. */
  async countRuns(
    name?: string | null,
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, number>>> {
    knownOfCall("action.countRuns", options, NONE);
    return await this.#caller.call(ActionCountRuns.of({ name }), options);
  }

  /** Return how many runs are leased and due, and a page of the action's keys by name. */
  async limits(name: string, options: ListOptions & CallOptions = {}): Promise<LimitsInfo> {
    const { limit, cursor } = knownOfCall("action.limits", options, LISTING);
    const reply = await this.#caller.call(ActionGetLimits.of({ name, limit, cursor }), options);
    return { running: reply.running, waiting: reply.waiting, keys: pageOf(reply) };
  }

  /** Return the action's settings. Throws `NotFoundError` if there is no such action. */
  async get(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.get", options, NONE);
    return await this.#caller.call(ActionGet.of({ name }), options);
  }

  /** Delete the action. Returns whether it existed. `force` cancels its unfinished runs. */
  async delete(name: string, options: ForceOptions & CallOptions = {}): Promise<boolean> {
    const { force } = knownOfCall("action.delete", options, FORCE);
    return await this.#caller.call(ActionDelete.of({ name, force }), options);
  }

  /** Allow a disabled action to be invoked again. */
  async enable(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.enable", options, NONE);
    return await this.#caller.call(ActionEnable.of({ name, enabled: true }), options);
  }

  /** Refuse new runs of the action; the runs that exist continue. */
  async disable(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.disable", options, NONE);
    return await this.#caller.call(ActionEnable.of({ name, enabled: false }), options);
  }

  /** Invoke the action at set times. This replaces the schedule that the action has. */
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

  /** Remove the action's schedule. Its runs continue. Returns whether there was one. */
  async unschedule(name: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("action.unschedule", options, NONE);
    return await this.#caller.call(ActionUnschedule.of({ name }), options);
  }

  /** List the schedules by the name of their action, one page at a time. */
  async schedules(options: ListOptions & CallOptions = {}): Promise<Page<ActionScheduleInfo>> {
    const { limit, cursor } = knownOfCall("action.schedules", options, LISTING);
    return await this.#caller.call(ActionSchedules.of({ limit, cursor }).map(pageOf), options);
  }

  /** Pause the action's schedule. Times that pass meanwhile are not made up for. */
  async pauseSchedule(name: string, options: CallOptions = {}): Promise<ActionScheduleInfo> {
    knownOfCall("action.pauseSchedule", options, NONE);
    return await this.#caller.call(ActionPauseSchedule.of({ name, paused: true }), options);
  }

  /** Resume the action's schedule at its next time. */
  async resumeSchedule(name: string, options: CallOptions = {}): Promise<ActionScheduleInfo> {
    knownOfCall("action.resumeSchedule", options, NONE);
    return await this.#caller.call(ActionPauseSchedule.of({ name, paused: false }), options);
  }

  /** Start a run of the schedule now, with its input, besides its times. Returns the run's id. */
  async triggerSchedule(name: string, options: CallOptions = {}): Promise<string> {
    knownOfCall("action.triggerSchedule", options, NONE);
    return await this.#caller.call(ActionTriggerSchedule.of({ name }), options);
  }

  /** List the actions whose names begin with `prefix`, by name, one page at a time. */
  async list(options: ListActionsOptions & CallOptions = {}): Promise<Page<ActionInfo>> {
    const { prefix, limit, cursor } = knownOfCall("action.list", options, LIST);
    return await this.#caller.call(ActionList.of({ prefix, limit, cursor }).map(pageOf), options);
  }

  /**
   * List runs, one page at a time, newest first, of one action or by default of all.
   *
   * The server looks at 1,000 runs at most for one page. So a page may hold fewer runs than
   * `limit`, or none, and still have `hasMore`.
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
   * Cancel, retry or delete all runs that match, in a background job.
   *
   * Without a status, it takes all that the operation can take. Runs that are invoked after this
   * call are not touched. `client.jobs` shows the progress.
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
