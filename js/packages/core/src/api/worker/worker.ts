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
  /**
   * How many runs it works on at once: 1 to 100,000. Default: 10. It is shown to people and limits
   * nothing.
   */
  readonly concurrency?: Integer | null | undefined;
  /** Another name for `concurrency`. */
  readonly maxConcurrency?: Integer | null | undefined;
  /**
   * A run with labels goes only to a worker that has them all. Up to 64, together 4 KiB. Default:
   * none.
   */
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  /**
   * Names and texts for people; a text becomes `{ text }`. Up to 64, together 16 KiB. Default:
   * none.
   */
  readonly metadata?: Readonly<Record<string, string>> | string | null | undefined;
  /** Shown in its metadata, as `machineId`. */
  readonly machineId?: string | null | undefined;
}

export interface HeartbeatOptions {
  /**
   * What the worker works on, as claimed tasks or ids of runs: at most 100,000. Default: nothing.
   */
  readonly running?: Iterable<Pick<Task, "runId"> | string> | null | undefined;
}

export interface AwaitTaskOptions {
  /** How long to wait for the first run: at most 300,000. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

export interface AwaitTasksOptions extends AwaitTaskOptions {
  /** Up to so many runs: at most 1,000. */
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
  /** A number from 0 to 1, kept with the run. If left out, it stays as it is. */
  readonly progress?: number | null | undefined;
  /** A text of up to 4 KiB, kept with the run. If left out, it stays as it is. */
  readonly progressNote?: string | null | undefined;
}

const TOUCH: OptionNames<TouchOptions> = { extendMs: true, progress: true, progressNote: true };

/**
 * Workers by id.
 *
 * An id is 1 to 255 bytes of UTF-8 without control characters; any other id throws
 * `BadRequestError`.
 */
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

  /**
   * Add a worker to the registry. Registering it again updates its entry.
   *
   * `actions`: 1 to 1,000 names. Throws `BadRequestError` if a value is out of its limits.
   */
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
   * Tell the server that the worker is alive. The answer says which runs it should stop.
   *
   * A worker is unhealthy 90 s after its last heartbeat. An unregistered worker throws nothing: the
   * answer has `known` false.
   */
  async heartbeat(
    workerId: string,
    options: HeartbeatOptions & CallOptions = {},
  ): Promise<Heartbeat> {
    const { running = [] } = knownOfCall("worker.heartbeat", options, HEARTBEAT);
    const request = WorkerHeartbeat.of({ workerId, running: runIdsOf(running) });
    return await this.#caller.call(request, options);
  }

  /**
   * Ask the worker to finish its runs and to claim no more.
   *
   * Throws `NotFoundError` if it is not registered.
   */
  async drain(workerId: string, options: CallOptions = {}): Promise<WorkerInfo> {
    knownOfCall("worker.drain", options, NONE);
    return await this.#caller.call(WorkerDrain.of({ workerId }), options);
  }

  /** Remove the worker from the registry. Returns whether it was there. */
  async deregister(workerId: string, options: CallOptions = {}): Promise<boolean> {
    knownOfCall("worker.deregister", options, NONE);
    return await this.#caller.call(WorkerDeregister.of({ workerId }), options);
  }

  /**
   * Return the worker's state, with the number of its attempts, done and failed.
   *
   * Throws `NotFoundError` if it is not registered.
   */
  async info(workerId: string, options: CallOptions = {}): Promise<WorkerInfo> {
    knownOfCall("worker.info", options, NONE);
    return await this.#caller.call(WorkerGetInfo.of({ workerId }), options);
  }

  /**
   * List the namespace's workers by id, one page at a time: those heard from within a day.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<WorkerInfo>> {
    const { limit, cursor } = knownOfCall("worker.list", options, LISTING);
    return await this.#caller.call(WorkerList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Claim the next run of `actions`. Returns `null` if none comes within `blockMs`. */
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

  /** Claim up to `count` runs. The list is empty if none comes within `blockMs`. */
  async awaitTasks(
    workerId: string,
    actions: Iterable<string>,
    options: AwaitTasksOptions & CallOptions,
  ): Promise<Task[]> {
    const { count, blockMs = WAIT_MS } = knownOfCall("worker.awaitTasks", options, AWAIT_MANY);
    const request = WorkerAwait.of({ workerId, actions: namesOf(actions), count, blockMs });
    return await this.#caller.call(request, { ...options, blockMs });
  }

  /**
   * Complete the run.
   *
   * `output` is at most the server's `value_bytes_max` (1 MiB unless configured). Throws
   * `ConflictError` if the lease is no longer this worker's, `BadRequestError` if the output or the
   * outcome is invalid.
   */
  async complete(
    workerId: string,
    task: Task,
    output: JsonPayload = "",
    options: CompleteOptions & CallOptions = {},
  ): Promise<void> {
    const command = this.#commands.complete(workerId, task, output, options);
    await this.#caller.call(command, options);
  }

  /**
   * Report that this attempt failed. With `retry: false`, the run has failed.
   *
   * `error`: a text of up to 4 KiB. Throws `ConflictError` if the lease is no longer this worker's.
   */
  async fail(
    workerId: string,
    task: Task,
    error: string,
    options: FailOptions & CallOptions = {},
  ): Promise<void> {
    await this.#caller.call(this.#commands.fail(workerId, task, error, options), options);
  }

  /**
   * Extend the lease of a run, and tell its progress.
   *
   * Throws `ConflictError` if the lease is no longer this worker's, or the run was cancelled: then
   * stop the work. Throws `BadRequestError` if the progress is invalid.
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

  /**
   * Give the run back without counting the attempt.
   *
   * Throws `ConflictError` if the lease is no longer this worker's.
   */
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
