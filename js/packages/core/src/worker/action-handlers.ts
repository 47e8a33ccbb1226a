/** What an `ActionWorker` is made with, and the handlers that it runs. */

import type { RegisterOptions } from "../api/action/action.js";
import type { Integer } from "../base/schema.js";
import type { Kind } from "../base/typed.js";
import type { ActionContext } from "./contexts.js";
import type { WorkerBaseOptions } from "./worker-base.js";

/** Handles an attempt. What it returns is the run's output; if it throws, the attempt fails. */
export type ActionHandler = (ctx: ActionContext) => unknown;

/** A handler that also receives the payload, decoded by `input` of its options. */
export type TypedHandler<T> = (ctx: ActionContext, input: T) => unknown;

export interface HandlerOptions<T> extends RegisterOptions {
  /**
   * Decodes the payload, which is JSON, to the handler's second argument: a function, or a schema
   * (Zod, Valibot and others). A payload that does not fit fails the run without retries, and the
   * error names the field.
   */
  readonly input: Kind<T>;
}

export interface ActionWorkerOptions extends WorkerBaseOptions {
  /** A unique name. Default: one is made up. */
  readonly workerId?: string | null | undefined;
  /** A run with labels goes only to a worker that has them all. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  /** Names and texts for people. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
  /** How long one attempt may take, from the start of its handler. Default: 300,000. */
  readonly actionTimeoutMs?: Integer | null | undefined;
  /** The time between two heartbeats. Default: 30,000. */
  readonly heartbeatIntervalMs?: Integer | null | undefined;
}

/** A handler, and how its action is registered. */
export interface Registered {
  readonly handler: ActionHandler;
  readonly options: RegisterOptions;
}
