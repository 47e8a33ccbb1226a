/** What an `ActionWorker` is made with, and the handlers that it runs. */

import type { RegisterOptions } from "../api/action/action.js";
import type { Integer } from "../base/schema.js";
import type { Kind } from "../base/typed.js";
import type { ActionContext } from "./contexts.js";
import type { WorkerBaseOptions } from "./worker-base.js";

/** What runs an attempt. What it returns is the run's output; what it throws fails the attempt. */
export type ActionHandler = (ctx: ActionContext) => unknown;

/** A handler that is given the payload as `input` of its options makes it, too. */
export type TypedHandler<T> = (ctx: ActionContext, input: T) => unknown;

export interface HandlerOptions<T> extends RegisterOptions {
  /**
   * What makes the payload, which is JSON, the handler's second argument: a function, or a schema (Zod,
   * Valibot and others). A payload that does not fit fails the run without retries, naming the field.
   */
  readonly input: Kind<T>;
}

export interface ActionWorkerOptions extends WorkerBaseOptions {
  /** Default: a name that nobody else has. */
  readonly workerId?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
  /** The longest that one handler may take. Default: 300,000. */
  readonly actionTimeoutMs?: Integer | null | undefined;
  /** How often it says that it lives. Default: 30,000. */
  readonly heartbeatIntervalMs?: Integer | null | undefined;
}

/** A handler, and how its action is registered. */
export interface Registered {
  readonly handler: ActionHandler;
  readonly options: RegisterOptions;
}
