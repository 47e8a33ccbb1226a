/** `ActionWorker`: runs a person's handlers for actions. */

import { knownToRegister, type RegisterOptions } from "../api/action/action.js";
import type { FloClient } from "../api/client.js";
import { checkDuration, checkName } from "../base/checks.js";
import { BadRequestError, BadTypeError } from "../base/errors.js";
import type { FullLogger } from "../base/logger.js";
import { texts } from "../base/schema.js";
import { typeName } from "../base/shown.js";
import { checkKind, type Kind } from "../base/typed.js";
import type {
  ActionHandler,
  ActionWorkerOptions,
  HandlerOptions,
  Registered,
  TypedHandler,
} from "./action-handlers.js";
import { ActionLife } from "./action-life.js";
import type { Life, Plan } from "./life.js";
import { type QueueHandler, type QueueOptions, Queues } from "./serving.js";
import { type ClientSource, givenName, WorkerBase } from "./worker-base.js";

/** A worker for actions. Add handlers with `worker.action(...)`, then `await worker.start()`. */
export class ActionWorker extends WorkerBase {
  /** The id under which the server knows it. */
  readonly workerId: string;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #heartbeatMs: number;
  readonly #registered = new Map<string, Registered>();
  readonly #queues: Queues;

  constructor(source: ClientSource, options: ActionWorkerOptions = {}) {
    const timeoutMs = checkDuration("actionTimeoutMs", options.actionTimeoutMs ?? 300_000, 1);
    super(source, givenName("workerId", options.workerId), timeoutMs, options);
    this.workerId = this.name;
    this.#queues = new Queues({ concurrency: this.concurrency });
    this.#labels = textsOf("labels", options.labels);
    this.#metadata = textsOf("metadata", options.metadata);
    const heartbeatMs = options.heartbeatIntervalMs ?? 30_000;
    this.#heartbeatMs = checkDuration("heartbeatIntervalMs", heartbeatMs, 1);
  }

  /**
   * Use `handler(ctx)` for the action `name`. `options` are those of `action.register`.
   *
   * Without options, an action that is registered already keeps its settings. With `input` the
   * handler is called as `handler(ctx, input)`.
   */
  action<T>(name: string, handler: TypedHandler<T>, options: HandlerOptions<T>): this;
  action(name: string, handler: ActionHandler, options?: RegisterOptions): this;
  action<T>(
    name: string,
    handler: TypedHandler<T>,
    options: Partial<HandlerOptions<T>> = {},
  ): this {
    const { input, ...registered } = options;
    checkName("action", name);
    if (typeof handler !== "function") {
      throw new BadTypeError(`the handler of ${name} must be a function, not ${typeName(handler)}`);
    }
    this.refuseWhileRunning(`the action "${name}"`);
    if (this.#registered.has(name)) {
      throw new BadRequestError(`the action "${name}" has a handler already`);
    }
    const isTyped = input !== undefined && input !== null;
    const handled = isTyped ? typed(handler, input) : (handler as ActionHandler);
    this.#registered.set(name, { handler: handled, options: knownToRegister(name, registered) });
    return this;
  }

  /** The same as `action`. */
  registerAction<T>(name: string, handler: TypedHandler<T>, options: HandlerOptions<T>): this;
  registerAction(name: string, handler: ActionHandler, options?: RegisterOptions): this;
  registerAction<T>(
    name: string,
    handler: TypedHandler<T>,
    options: Partial<HandlerOptions<T>> = {},
  ): this {
    return this.action(name, handler, options as HandlerOptions<T>);
  }

  /** The names of the actions that it handles. */
  get actions(): string[] {
    return [...this.#registered.keys()];
  }

  /**
   * Use `handler(ctx)` for messages of the queue `name`, besides the actions, as in `QueueWorker`.
   *
   * `actionTimeoutMs` is also the longest time for one message.
   */
  queue(name: string, handler: QueueHandler, options: QueueOptions = {}): this {
    this.refuseWhileRunning(`the queue "${name}"`);
    this.#queues.add(name, handler, options);
    return this;
  }

  /** The names of the queues that it handles. */
  get queues(): string[] {
    return this.#queues.names;
  }

  protected override newLives(plan: Plan, client: FloClient, log: FullLogger): Life<unknown>[] {
    const lives = this.#queues.lives(plan, client, log);
    if (this.#registered.size > 0) {
      lives.push(this.#newLife(plan, client, log));
    }
    if (lives.length === 0) {
      throw new BadRequestError("the worker has no actions: use worker.action(name, handler)");
    }
    return lives;
  }

  #newLife(plan: Plan, client: FloClient, log: FullLogger): Life<unknown> {
    const work = {
      registered: this.#registered,
      labels: this.#labels,
      metadata: this.#metadata,
      heartbeatMs: this.#heartbeatMs,
    };
    return new ActionLife(plan, work, client, log);
  }
}

/** A handler that is given the payload as `kind` makes it. */
function typed<T>(handler: TypedHandler<T>, kind: Kind<T>): ActionHandler {
  checkKind("input", kind);
  return (ctx) => handler(ctx, ctx.into(kind));
}

/** Texts by name, judged here: who registers them later is somewhere else. */
function textsOf(
  field: string,
  given: Readonly<Record<string, string>> | null | undefined,
): Readonly<Record<string, string>> {
  return texts.encode(given ?? {}, field) as Readonly<Record<string, string>>;
}
