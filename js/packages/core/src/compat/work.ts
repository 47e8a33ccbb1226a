/** `client.action`, `client.worker` and `client.workflow` as the first JavaScript SDK has them. */

import type { Action, ListActionsOptions, RegisterOptions } from "../api/action/action.js";
import type { ListOptions } from "../api/base/page.js";
import type { ExtendOptions } from "../api/base/shared-options.js";
import type { CompleteOptions, FailOptions } from "../api/worker/commands.js";
import type { AwaitTaskOptions, Worker } from "../api/worker/worker.js";
import type { ListWorkflowRunsOptions, Workflow } from "../api/workflow/workflow.js";
import type { JsonPayload } from "../base/bytes.js";
import { BadRequestError } from "../base/errors.js";
import type { CallOptions } from "../base/options.js";
import { shown } from "../base/shown.js";
import type {
  ActionInfo,
  ActionType as OurActionType,
  WorkerInfo as OurWorkerInfo,
  SyncResult,
  Task,
} from "../wire/messages.generated.js";
import { type Extended, extended } from "./extended.js";
import {
  type ActionListResult,
  ActionType,
  type TaskAssignment,
  type WorkerAwaitResult,
  type WorkerInfo,
  type WorkerListResult,
  WorkerStatus,
  WorkerType,
  type WorkflowDefinitionEntry,
  type WorkflowHistoryEvent,
  type WorkflowListRunEntry,
} from "./shapes.js";

/** What differs of `client.action`. */
export interface ActionDifferences {
  /** Name an action and say how it is run. */
  register(
    name: string,
    type?: ActionType,
    options?: RegisterOptions & CallOptions,
  ): Promise<ActionInfo>;
  /** List the actions by name, one page at a time. */
  list(options?: ListActionsOptions & CallOptions): Promise<ActionListResult>;
}

/** `client.action`, with those. */
export function actions(action: Action): Extended<Action, ActionDifferences> {
  return extended<Action, ActionDifferences>(action, {
    async register(name, type = ActionType.User, options) {
      return await action.register(name, type as OurActionType, options);
    },
    async list(options) {
      const page = await action.list(options);
      return { actions: [...page], cursor: page.cursor };
    },
  });
}

/** What differs of `client.worker`. Tasks are named by their ids; their leases are kept here. */
export interface WorkerDifferences {
  /** Tell that the worker lives, and how much it works on; how it is. */
  heartbeat(workerId: string, currentLoad?: number, options?: CallOptions): Promise<WorkerStatus>;
  /** Claim the next run of `actions`. */
  awaitTask(
    workerId: string,
    actions: Iterable<string>,
    options?: AwaitTaskOptions & CallOptions,
  ): Promise<WorkerAwaitResult>;
  /** `(workerId, taskId, output, options)`, or with the action's name before the task's id. */
  complete(workerId: string, ...rest: unknown[]): Promise<void>;
  /** `(workerId, taskId, error, options)`, or with the action's name before the task's id. */
  fail(workerId: string, ...rest: unknown[]): Promise<void>;
  /** `(workerId, taskId, options)`, or with the action's name before the task's id. */
  touch(workerId: string, ...rest: unknown[]): Promise<void>;
  /** The namespace's workers, by id. */
  list(options?: ListOptions & CallOptions): Promise<WorkerListResult>;
}

/** `client.worker`, with those. */
export function workers(worker: Worker): Extended<Worker, WorkerDifferences> {
  const claims = new Claims();
  return extended<Worker, WorkerDifferences>(worker, {
    async heartbeat(workerId, currentLoad = 0, options = {}) {
      const { known, draining } = await worker.heartbeat(workerId, options);
      return statusOf(known, draining, currentLoad);
    },
    async awaitTask(workerId, names, options) {
      return { task: claims.remember(await worker.awaitTask(workerId, names, options)) };
    },
    async complete(workerId, ...rest) {
      const [task, output, options] = claims.take<[JsonPayload, CompleteOptions]>(rest);
      await worker.complete(workerId, task, output, options);
    },
    async fail(workerId, ...rest) {
      const [task, error, options] = claims.take<[string, FailOptions]>(rest);
      await worker.fail(workerId, task, error as string, options);
    },
    async touch(workerId, ...rest) {
      const [task, options] = claims.take<[ExtendOptions]>(rest);
      await worker.touch(workerId, task, options);
      claims.remember(task);
    },
    async list(options) {
      return { workers: (await worker.list(options)).map(workerOf) };
    },
  });
}

/** The tasks that were claimed, by their ids. */
class Claims {
  readonly #tasks = new Map<string, Task>();

  remember(task: Task | null): TaskAssignment | null {
    if (task !== null) {
      this.#tasks.set(task.runId, task);
    }
    return task;
  }

  /** The claimed task that is named first or second, no longer remembered, and what follows. */
  take<Others extends unknown[]>(given: readonly unknown[]): [Task, ...Partial<Others>] {
    for (const index of [0, 1]) {
      const id = given[index] as string;
      const task = this.#tasks.get(id);
      if (task !== undefined) {
        this.#tasks.delete(id);
        return [task, ...(given.slice(index + 1) as Partial<Others>)];
      }
    }
    throw new BadRequestError(`no task ${shown(given[0])} was claimed by awaitTask of this client`);
  }
}

function statusOf(known: boolean, draining: boolean, load: number): WorkerStatus {
  if (!known) {
    return WorkerStatus.Unhealthy;
  }
  return draining ? WorkerStatus.Draining : load > 0 ? WorkerStatus.Active : WorkerStatus.Idle;
}

function workerOf(info: OurWorkerInfo): WorkerInfo {
  const load = info.running;
  return {
    id: info.workerId,
    type: WorkerType.Action,
    status: statusOf(info.healthy, info.draining, load),
    metadata: info.metadata["text"],
    machineId: info.metadata["machineId"],
    currentLoad: load,
    maxConcurrency: info.concurrency,
    lastHeartbeat: info.lastHeartbeatMs,
  };
}

/** What differs of `client.workflow`: moments are numbers. */
export interface WorkflowDifferences {
  /** List the events of the run, oldest first, one page at a time. */
  history(runId: string, options?: ListOptions & CallOptions): Promise<WorkflowHistoryEvent[]>;
  /** List runs, newest first, one page at a time. */
  listRuns(options?: ListWorkflowRunsOptions & CallOptions): Promise<WorkflowListRunEntry[]>;
  /** List the workflows by name, one page at a time. */
  listDefinitions(options?: ListOptions & CallOptions): Promise<WorkflowDefinitionEntry[]>;
  /** `sync` of what a function reads from a directory, in one commit. */
  syncDir(
    read: (dir: string) => Promise<readonly { readonly content: string }[]>,
    dir: string,
    options?: CallOptions,
  ): Promise<SyncResult[]>;
}

/** `client.workflow`, with those. */
export function workflows<W extends Workflow>(workflow: W): Extended<W, WorkflowDifferences> {
  return extended<W, WorkflowDifferences>(workflow, {
    async history(runId, options) {
      const events = await workflow.history(runId, options);
      return events.map((event) => ({ ...event, timestamp: Number(event.timestamp) }));
    },
    async listRuns(options) {
      const runs = await workflow.listRuns(options);
      return runs.map((run) => ({ ...run, created_at: Number(run.created_at) }));
    },
    async listDefinitions(options) {
      const definitions = await workflow.listDefinitions(options);
      return definitions.map((each) => ({ ...each, created_at: Number(each.created_at) }));
    },
    async syncDir(read, dir, options) {
      const files = await read(dir);
      return await workflow.syncMany(
        files.map(({ content }) => content),
        options,
      );
    },
  });
}
