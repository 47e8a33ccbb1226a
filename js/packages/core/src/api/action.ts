/** `client.action`: durable tasks, registered by name, run by workers. */

import type { JsonPayload } from "../base/bytes.js";
import { NotFoundError } from "../base/errors.js";
import { type CallOptions, known, knownOfCall, NONE, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import {
  ActionCall,
  ActionDelete,
  ActionEnable,
  ActionGet,
  type ActionInfo,
  type ActionInvoke,
  ActionList,
  ActionListRuns,
  ActionRegister,
  type ActionRun,
  ActionStatus,
  ActionType,
  type InvokeResult,
  type RunStatus,
} from "../wire/messages.generated.js";
import {
  ActionCommands,
  type CancelOptions,
  INVOKE,
  type InvokeOptions,
} from "./action-commands.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./page.js";
import { FORCE, type ForceOptions } from "./stream-commands.js";

const WAIT_MS = 30_000;
/**
 * Calls of a client that wait for their runs in the request that invokes them. Each has a write
 * number as long as it waits, and keeps the place of that for no other (`numbers.ts`). Calls beyond
 * invoke first, and then wait.
 */
const CALLS_MAX = 32;

export interface RegisterOptions {
  /** The lease of one attempt. Default: 30,000. */
  readonly timeoutMs?: Integer | undefined;
  /** Attempts after the first. Default: 3. */
  readonly maxRetries?: Integer | undefined;
  /** Doubles with each attempt. Default: 1,000. */
  readonly retryDelayMs?: Integer | undefined;
  /** Bounds the whole run, attempts and waits included. */
  readonly runTimeoutMs?: Integer | undefined;
  readonly description?: string | undefined;
  /** How long runs are kept after their end, at least a day. Default: 30 days. */
  readonly retentionMs?: Integer | undefined;
}

export interface WaitForRunOptions {
  /** How long to wait for the run's end. Default: 30,000. */
  readonly blockMs?: Integer | undefined;
}

export interface CallActionOptions extends InvokeOptions, WaitForRunOptions {}

export interface ListActionsOptions extends ListOptions {
  readonly prefix?: string | undefined;
}

export interface ListRunsOptions extends ListOptions {
  readonly status?: RunStatus | undefined;
}

export const REGISTER: OptionNames<RegisterOptions> = {
  timeoutMs: true,
  maxRetries: true,
  retryDelayMs: true,
  runTimeoutMs: true,
  description: true,
  retentionMs: true,
};
const WAIT: OptionNames<WaitForRunOptions> = { blockMs: true };
const CALL: OptionNames<CallActionOptions> = { ...INVOKE, ...WAIT };
const LIST: OptionNames<ListActionsOptions> = { ...LISTING, prefix: true };
const LIST_RUNS: OptionNames<ListRunsOptions> = { ...LISTING, status: true };

/** The actions of one client. */
export class Action {
  readonly #caller: Caller;
  readonly #commands = new ActionCommands(false);
  #calls = 0;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Name an action and say how it is run; other settings than before raise its version. */
  async register(
    name: string,
    type: ActionType = ActionType.User,
    options: RegisterOptions & CallOptions = {},
  ): Promise<ActionInfo> {
    const given = knownOfCall("action.register", options, REGISTER);
    const { timeoutMs, maxRetries, retryDelayMs, runTimeoutMs, description, retentionMs } = given;
    const times = { timeoutMs, retryDelayMs, runTimeoutMs, retentionMs };
    const settings = { ...times, maxRetries, description };
    return await this.#caller.call(ActionRegister.of({ name, type, ...settings }), options);
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
    const { namespace, signal, ...settings } = rest;
    const invoke = this.#commands.invoke(name, payload, settings);
    if (this.#calls >= CALLS_MAX) {
      const { runId } = await this.#caller.call(invoke, { namespace, signal });
      return await this.wait(runId, { blockMs, namespace, signal });
    }
    this.#calls += 1;
    try {
      const request = ActionCall.of({ ...(invoke.fields as ActionInvoke), blockMs });
      return await this.#caller.call(request, { namespace, signal, blockMs });
    } finally {
      this.#calls -= 1;
    }
  }

  /** End the run; a handler at work is told. `ConflictError` if it is finished. */
  async cancel(runId: string, options: CancelOptions & CallOptions = {}): Promise<ActionRun> {
    return await this.#caller.call(this.#commands.cancel(runId, options), options);
  }

  /** The action's settings. `NotFoundError` where there is none. */
  async get(name: string, options: CallOptions = {}): Promise<ActionInfo> {
    knownOfCall("action.get", options, NONE);
    return await this.#caller.call(ActionGet.of({ name }), options);
  }

  /** Delete the action; whether it existed. `force` cancels its unfinished runs. */
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

  /** A page of the actions whose names begin with `prefix`, by name. */
  async list(options: ListActionsOptions & CallOptions = {}): Promise<Page<ActionInfo>> {
    const { prefix, limit, cursor } = knownOfCall("action.list", options, LIST);
    return await this.#caller.call(ActionList.of({ prefix, limit, cursor }).map(pageOf), options);
  }

  /** A page of runs, newest first: of one action or of all, in one status or in any. */
  async listRuns(
    name?: string | null,
    options: ListRunsOptions & CallOptions = {},
  ): Promise<Page<ActionRun>> {
    const { status, limit, cursor } = knownOfCall("action.listRuns", options, LIST_RUNS);
    const request = ActionListRuns.of({ name, status, limit, cursor });
    return await this.#caller.call(request.map(pageOf), options);
  }
}

/** Register an action for its handler. One that comes without options leaves those that it has. */
export async function registerHandled(
  actions: Action,
  name: string,
  options: RegisterOptions,
  where: CallOptions,
): Promise<ActionInfo> {
  if (Object.values(options).every((option) => option === undefined)) {
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
