/**
 * `client.worker`: claiming runs by hand, and the registry of workers.
 *
 * `ActionWorker` does all of this automatically. Use this to write a worker of your own.
 */

import { type JsonPayload, listOf } from "../../base/bytes.js";
import { BadTypeError, ConflictError } from "../../base/errors.js";
import {
  type CallOptions,
  type Given,
  knownOfCall,
  NONE,
  type OptionNames,
} from "../../base/options.js";
import { type Integer, isPlain } from "../../base/schema.js";
import type { Caller } from "../../link/caller.js";
import {
  type Heartbeat,
  type Task,
  WorkerAwait,
  WorkerDeregister,
  WorkerDrain,
  WorkerGetInfo,
  WorkerHeartbeat,
  type WorkerInfo,
  WorkerList,
  WorkerRegister,
  WorkerRelease,
  WorkerTouch,
} from "../../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "../base/page.js";
import type { ExtendOptions } from "../base/shared-options.js";
import { type CompleteOptions, claimOf, type FailOptions, WorkerCommands } from "./commands.js";

const WAIT_MS = 30_000;

export interface RegisterWorkerOptions {
  /** How many runs it can work on at a time. Default: 10. */
  readonly concurrency?: Integer | null | undefined;
  /** Another name for `concurrency`. */
  readonly maxConcurrency?: Integer | null | undefined;
  /** Its labels. A run with labels goes only to workers that have all of them. */
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  /** Data that is shown with the worker; a text becomes `{ text }`. */
  readonly metadata?: Readonly<Record<string, string>> | string | null | undefined;
  /** Shown in its metadata, as `machineId`. */
  readonly machineId?: string | null | undefined;
}

export interface HeartbeatOptions {
  /** The runs that the worker works on: claimed tasks, or ids of runs. */
  readonly running?: Iterable<Pick<Task, "runId"> | string> | null | undefined;
}

export interface AwaitTaskOptions {
  /** How long to wait for the first run. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

export interface AwaitTasksOptions extends AwaitTaskOptions {
  readonly count: Integer;
}

const REGISTER: OptionNames<RegisterWorkerOptions> = {
  concurrency: true,
  maxConcurrency: "concurrency",
  labels: true,
  metadata: true,
  machineId: true,
};
const HEARTBEAT: OptionNames<HeartbeatOptions> = { running: true };
const AWAIT: OptionNames<AwaitTaskOptions> = { blockMs: true };
const AWAIT_MANY: OptionNames<AwaitTasksOptions> = { ...AWAIT, count: true };
export interface TouchOptions extends ExtendOptions {
  /** The run's progress, from 0 to 1. If left out, it stays. */
  readonly progress?: number | null | undefined;
  /** A text about the progress, for people. */
  readonly progressNote?: string | null | undefined;
}

const TOUCH: OptionNames<TouchOptions> = { extendMs: true, progress: true, progressNote: true };

/** Workers, by id. */
export class Worker {
  readonly #caller: Caller;
  readonly #commands = new WorkerCommands(false);

  constructor(caller: Caller) {
    if (typeof Object(caller).call !== "function") {
      throw new BadTypeError(
        "Worker is the class of client.worker; to run a worker of your own, use ActionWorker",
      );
    }
    this.#caller = caller;
  }

  /** Register a worker. Registering again changes its data. */
  async register(
    workerId: string,
    actions: Iterable<string>,
    options: RegisterWorkerOptions & CallOptions = {},
  ): Promise<WorkerInfo> {
    const given = knownOfCall("worker.register", options, REGISTER);
    const { concurrency, labels } = given;
    const metadata = metadataOf(given);
    const settings = { actions: namesOf(actions), concurrency, labels, metadata };
    return await this.#caller.call(WorkerRegister.of({ workerId, ...settings }), options);
  }

  /**
   * Report that the worker is alive, and the runs that it works on. Returns what it should stop.
   */
  async heartbeat(
    workerId: string,
    options: HeartbeatOptions & CallOptions = {},
  ): Promise<Heartbeat> {
    const { running = [] } = knownOfCall("worker.heartbeat", options, HEARTBEAT);
    const request = WorkerHeartbeat.of({ workerId, running: runIdsOf(running) });
    return await this.#caller.call(request, options);
  }

  /** Drain the worker: it finishes its runs and gets no new ones. */
  async drain(workerId: string, options: CallOptions = {}): Promise<WorkerInfo> {
    knownOfCall("worker.drain", options, NONE);
    return await this.#caller.call(WorkerDrain.of({ workerId }), options);
  }

  /** Remove the worker from the registry. Returns whether it was there. */
  async deregister(workerId: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("worker.deregister", options, NONE);
    return await this.#caller.call(WorkerDeregister.of({ workerId }), options);
  }

  /** Return the worker's state, with the number of attempts that it completed and that failed. */
  async info(workerId: string, options: CallOptions = {}): Promise<WorkerInfo> {
    knownOfCall("worker.info", options, NONE);
    return await this.#caller.call(WorkerGetInfo.of({ workerId }), options);
  }

  /** A page of the namespace's workers, by id. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<WorkerInfo>> {
    const { limit, cursor } = knownOfCall("worker.list", options, LISTING);
    return await this.#caller.call(WorkerList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Claim the next run of `actions`; `null` if there is none within `blockMs`. */
  async awaitTask(
    workerId: string,
    actions: Iterable<string>,
    options: AwaitTaskOptions & CallOptions = {},
  ): Promise<Task | null> {
    const { blockMs = WAIT_MS } = knownOfCall("worker.awaitTask", options, AWAIT);
    const request = WorkerAwait.of({ workerId, actions: namesOf(actions), count: 1, blockMs });
    const [task] = await this.#caller.call(request, { ...options, blockMs });
    return task ?? null;
  }

  /** Claim up to `count` runs; waits for the first one. */
  async awaitTasks(
    workerId: string,
    actions: Iterable<string>,
    options: AwaitTasksOptions & CallOptions,
  ): Promise<Task[]> {
    const { count, blockMs = WAIT_MS } = knownOfCall("worker.awaitTasks", options, AWAIT_MANY);
    const request = WorkerAwait.of({ workerId, actions: namesOf(actions), count, blockMs });
    return await this.#caller.call(request, { ...options, blockMs });
  }

  /** Complete the run. Throws `ConflictError` if this worker no longer has its lease. */
  async complete(
    workerId: string,
    task: Task,
    output: JsonPayload = "",
    options: CompleteOptions & CallOptions = {},
  ): Promise<void> {
    const command = this.#commands.complete(workerId, task, output, options);
    await this.#caller.call(command, options);
  }

  /** Report that this attempt failed. With `retry: false` the run fails with it. */
  async fail(
    workerId: string,
    task: Task,
    error: string,
    options: FailOptions & CallOptions = {},
  ): Promise<void> {
    await this.#caller.call(this.#commands.fail(workerId, task, error, options), options);
  }

  /**
   * Extend the lease to `extendMs` from now, and report progress.
   *
   * Throws `ConflictError` if this worker no longer has the lease, or the run was cancelled: stop
   * working on it.
   */
  async touch(
    workerId: string,
    task: Task,
    options: TouchOptions & CallOptions = {},
  ): Promise<void> {
    const { extendMs, progress, progressNote } = knownOfCall("worker.touch", options, TOUCH);
    const told = { extendMs, progress, progressNote };
    const request = WorkerTouch.of({ workerId, ...claimOf(task), ...told });
    if (!(await this.#caller.call(request, options))) {
      throw new ConflictError(`run ${task.runId} was cancelled, or its time is up; stop it`);
    }
  }

  /** Hand the run back; no attempt is counted. */
  async release(workerId: string, task: Task, options: CallOptions = {}): Promise<void> {
    knownOfCall("worker.release", options, NONE);
    await this.#caller.call(WorkerRelease.of({ workerId, ...claimOf(task) }), options);
  }
}

/** What a worker tells of itself, as it is sent. */
export function metadataOf(
  given: Pick<Given<RegisterWorkerOptions>, "metadata" | "machineId">,
): Readonly<Record<string, string>> | undefined {
  const { metadata, machineId } = given;
  const told = typeof metadata === "string" ? { text: metadata } : metadata;
  if (machineId === undefined || (told !== undefined && !isPlain(told))) {
    return told; // a Map, say, which is refused where it is encoded
  }
  return { ...told, machineId };
}

function runIdsOf(running: Iterable<Pick<Task, "runId"> | string>): string[] {
  if (typeof running === "string") {
    throw new BadTypeError("running must be a list of tasks or run ids, not one id");
  }
  return listOf("running", running).map((task) => (isTask(task) ? task.runId : task));
}

function isTask(task: unknown): task is Pick<Task, "runId"> {
  return typeof task === "object" && task !== null && "runId" in task;
}

function namesOf(names: Iterable<string>): string[] {
  if (typeof names === "string") {
    throw new BadTypeError("actions must be a list of names, not one name");
  }
  return listOf("actions", names);
}
