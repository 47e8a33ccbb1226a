/** `client.workflow`: definitions in YAML, their runs, schedules. */

import { jsonText, listOf, type Payload, toBytes, toText } from "../../base/bytes.js";
import { checkFlag } from "../../base/checks.js";
import { BadRequestError } from "../../base/errors.js";
import { LIMIT_MAX } from "../../base/limits.generated.js";
import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../../base/options.js";
import { type Integer, integerWithin, type Scalar } from "../../base/schema.js";
import { shown } from "../../base/shown.js";
import type { Caller } from "../../link/caller.js";
import {
  type BulkJob,
  type HistoryReply,
  type Problem,
  type RunOrder,
  type SyncResult,
  WorkflowBulk,
  type WorkflowBulkOperation,
  WorkflowCountRuns,
  WorkflowEnable,
  WorkflowGet,
  WorkflowGetDefinition,
  WorkflowHistory,
  WorkflowListDefinitions,
  WorkflowListRuns,
  WorkflowListVersions,
  WorkflowPauseSchedule,
  WorkflowResume,
  WorkflowRetry,
  WorkflowSchedules,
  type WorkflowStatus,
  WorkflowSync,
  WorkflowSyncPreview,
  WorkflowTriggerSchedule,
  WorkflowUse,
  WorkflowValidate,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Endless } from "../base/endless.js";
import { LISTING, type ListOptions, Page } from "../base/page.js";
import { type ForkOptions, type StartOptions, WorkflowCommands } from "./commands.js";
import { type SearchBounds, searchOf } from "./filters.js";
import { extractWorkflowMeta } from "./meta.js";
import {
  type DefinitionEntry,
  type DefinitionVersionEntry,
  definitionOf,
  eventOf,
  type HistoryEvent,
  type RunEntry,
  runOf,
  type ScheduleEntry,
  scheduleOf,
  versionOf,
  type WorkflowStatusResult,
} from "./results.js";

const WAIT_MS = 30_000;

export interface WaitForWorkflowOptions {
  /** How long to wait: at most 300,000. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

export interface SyncOptions extends CallOptions {
  /**
   * Whether to report only what would be done. If the version exists with other content, the answer
   * is `refused`: `refusal` says why, `current` is the existing text. Default: false.
   */
  readonly dryRun?: boolean | null | undefined;
}

export interface GetDefinitionOptions {
  /** A version that was synced. Default: the current one. */
  readonly version?: string | null | undefined;
}

export interface FollowRunOptions {
  /** Begin after the event with this sequence number. Default: 0, with the first event. */
  readonly after?: Integer | null | undefined;
}

export interface ListWorkflowRunsOptions extends ListOptions {
  /** Only runs of this workflow. Default: of all workflows. */
  readonly workflowName?: string | null | undefined;
  /** Another name for `workflowName`. */
  readonly name?: string | null | undefined;
  /** Only runs in this status, or in one of several. Default: any. */
  readonly status?: WorkflowStatus | readonly WorkflowStatus[] | null | undefined;
  /** Another name for `status`. */
  readonly statusFilter?: WorkflowStatus | null | undefined;
  /** Only runs whose search attributes have these values, at most 32; one may have a range. */
  readonly search?: Readonly<Record<string, Scalar | SearchBounds>> | null | undefined;
  /** Only runs started at this time or later (Unix epoch). `…BeforeMs` means before that time. */
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  /**
   * `newest` or `oldest` first: by start; by end, if a filter is about the end; by value, highest
   * or lowest first, if there is a range. Default: `newest`.
   */
  readonly order?: RunOrder | null | undefined;
}

export interface WorkflowBulkOptions
  extends Omit<ListWorkflowRunsOptions, "order" | "cursor" | "limit" | "statusFilter"> {
  /** At most so many runs. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Whether to only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
  /** Why the runs are cancelled or paused, a text of up to 4 KiB. Default: none. */
  readonly reason?: string | null | undefined;
  /** The type of the signal. */
  readonly type?: string | null | undefined;
  /** The data of the signal, as for `signal`. */
  readonly data?: unknown;
}

type DryRun = Pick<SyncOptions, "dryRun">;
const SYNC: OptionNames<DryRun> = { dryRun: true };
const WAIT: OptionNames<WaitForWorkflowOptions> = { blockMs: true };
const VERSION: OptionNames<GetDefinitionOptions> = { version: true };
const FOLLOW: OptionNames<FollowRunOptions> = { after: true };
const LIST_RUNS: OptionNames<ListWorkflowRunsOptions> = {
  ...LISTING,
  workflowName: true,
  name: "workflowName",
  status: true,
  statusFilter: "status",
  search: true,
  startedAfterMs: true,
  startedBeforeMs: true,
  endedAfterMs: true,
  endedBeforeMs: true,
  order: true,
};
const BULK: OptionNames<WorkflowBulkOptions> = {
  workflowName: true,
  name: "workflowName",
  status: true,
  search: true,
  startedAfterMs: true,
  startedBeforeMs: true,
  endedAfterMs: true,
  endedBeforeMs: true,
  limit: true,
  dryRun: true,
  reason: true,
  type: true,
  data: true,
};

/** The workflows of one client. */
export class Workflow {
  readonly #caller: Caller;
  readonly #commands = new WorkflowCommands(false);

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  // Definitions

  /**
   * Store a definition, at most 2 MiB. It costs nothing to call this at every start of an app.
   *
   * A new name is `created`, a new version `updated`, the same content `unchanged`. `dryRun` only
   * reports which it would be. Throws `BadRequestError` with `problems` if the definition is not
   * valid, and `ConflictError` if its version exists with other content.
   */
  async sync(yaml: Payload, options: SyncOptions = {}): Promise<SyncResult> {
    const [result] = await this.syncMany([yaml], options);
    return result as SyncResult;
  }

  /** `sync` a definition, which must have this name; else it throws `BadRequestError`. */
  async create(name: string, yaml: Payload, options: SyncOptions = {}): Promise<SyncResult> {
    const told = extractWorkflowMeta(toText(toBytes(yaml, "yaml"))).name;
    if (told !== name) {
      throw new BadRequestError(
        `workflow.create: the definition is named ${shown(told)}, not ${shown(name)}`,
      );
    }
    return await this.sync(yaml, options);
  }

  /** `sync`, of bytes. */
  async syncBytes(bytes: Payload, options: SyncOptions = {}): Promise<SyncResult> {
    return await this.sync(bytes, options);
  }

  /** `sync` several documents in one commit: all, or none. Returns a result for each, in order. */
  async syncMany(documents: Iterable<Payload>, options: SyncOptions = {}): Promise<SyncResult[]> {
    const { dryRun = false } = knownOfCall<DryRun>("workflow.sync", options, SYNC);
    checkFlag("dryRun", dryRun);
    const texts = listOf("documents", documents).map((document) => toBytes(document, "yaml"));
    const kind = dryRun ? WorkflowSyncPreview : WorkflowSync;
    return await this.#caller.call(kind.of({ documents: texts }), options);
  }

  /** Return the errors and warnings that a `sync` would report. Nothing is stored. */
  async validate(yaml: Payload, options: CallOptions = {}): Promise<Problem[]> {
    knownOfCall("workflow.validate", options, NONE);
    const request = WorkflowValidate.of({ document: toBytes(yaml, "yaml") });
    return await this.#caller.call(request, options);
  }

  /** List the workflows by name with their current versions, one page at a time. */
  async listDefinitions(options: ListOptions & CallOptions = {}): Promise<Page<DefinitionEntry>> {
    const { limit, cursor } = knownOfCall("workflow.listDefinitions", options, LISTING);
    const request = WorkflowListDefinitions.of({ limit, cursor });
    return await this.#caller.call(request.map(pageWith(definitionOf)), options);
  }

  /** List the kept versions of workflow `name`, the last synced first, one page at a time. */
  async listVersions(
    name: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<DefinitionVersionEntry>> {
    const { limit, cursor } = knownOfCall("workflow.listVersions", options, LISTING);
    const request = WorkflowListVersions.of({ name, limit, cursor });
    return await this.#caller.call(request.map(pageWith(versionOf)), options);
  }

  /** Return the YAML as it was synced; `null` if there is no such workflow or version. */
  async getDefinition(
    name: string,
    options: GetDefinitionOptions & CallOptions = {},
  ): Promise<Uint8Array | null> {
    const { version } = knownOfCall("workflow.getDefinition", options, VERSION);
    return await this.#caller.call(WorkflowGetDefinition.of({ name, version }), options);
  }

  /** Start no more runs, by call, schedule or trigger. The runs that exist continue. */
  async disable(name: string, options: CallOptions = {}): Promise<DefinitionEntry> {
    return await this.#enable("workflow.disable", name, false, options);
  }

  /**
   * Allow a disabled workflow to start runs again. Its schedule continues with its next time, and
   * its trigger where it stopped.
   */
  async enable(name: string, options: CallOptions = {}): Promise<DefinitionEntry> {
    return await this.#enable("workflow.enable", name, true, options);
  }

  /**
   * Make a version that was synced the current one, such as to go back from a bad version.
   *
   * New runs use it, and its schedule and trigger apply. Runs that have begun stay on their
   * version. The next sync of a new version makes that version the current one.
   */
  async use(name: string, version: string, options: CallOptions = {}): Promise<DefinitionEntry> {
    knownOfCall("workflow.use", options, NONE);
    return await this.#caller.call(WorkflowUse.of({ name, version }).map(definitionOf), options);
  }

  async #enable(
    method: string,
    name: string,
    enabled: boolean,
    options: CallOptions,
  ): Promise<DefinitionEntry> {
    knownOfCall(method, options, NONE);
    return await this.#caller.call(WorkflowEnable.of({ name, enabled }).map(definitionOf), options);
  }

  // Runs

  /**
   * Start a run. Returns its id.
   *
   * `input`: bytes and text are taken as JSON text, anything else is encoded as JSON. The
   * definition says whether it takes an `idempotencyKey`; the same key with another input is a
   * conflict.
   */
  async start(
    name: string,
    input?: unknown,
    options: StartOptions & CallOptions = {},
  ): Promise<string> {
    return await this.#caller.call(this.#commands.start(name, input, options), options);
  }

  /** Return the run in its current state. Throws `NotFoundError` if there is no such run. */
  async status(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.status", options, NONE);
    return await this.#caller.call(WorkflowGet.of({ runId }).map(runOf), options);
  }

  /** Wait up to `blockMs` until the run has ended. Returns the run as it is by then. */
  async wait(
    runId: string,
    options: WaitForWorkflowOptions & CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    const { blockMs = WAIT_MS } = knownOfCall("workflow.wait", options, WAIT);
    const request = WorkflowGet.of({ runId, blockMs }).map(runOf);
    return await this.#caller.call(request, { ...options, blockMs });
  }

  /**
   * Send a signal to a run. One wait for this `type` consumes it; an early signal is kept.
   *
   * `data`: bytes and text are sent unchanged, anything else as JSON. It becomes the output of the
   * step that waits. Throws `ConflictError` if the run has ended, and
   * `BadRequestError` if it keeps 1,000 signals already that no step has waited for.
   */
  async signal(
    runId: string,
    type: string,
    data?: unknown,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#caller.call(this.#commands.signal(runId, type, data, options), options);
  }

  /**
   * End the run and its child workflows. Handlers that work on their actions are notified.
   * Throws `ConflictError` if it has ended.
   */
  async cancel(
    runId: string,
    reason?: string,
    options: CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    return await this.#caller.call(this.#commands.cancel(runId, reason, options), options);
  }

  /** Let a failed run continue from the step that failed. `ConflictError` if it did not fail. */
  async retry(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.retry", options, NONE);
    return await this.#caller.call(WorkflowRetry.of({ runId }).map(runOf), options);
  }

  /**
   * Start a new run at a step of another run, with its results. Returns the new run's id.
   *
   * The outputs and outcomes of all other steps are copied; signals, waits and counts are not. The
   * old run is not changed. Throws `ConflictError` if the step comes after one that the old run has
   * compensated.
   */
  async fork(
    runId: string,
    fromStep: string,
    options: ForkOptions & CallOptions = {},
  ): Promise<string> {
    return await this.#caller.call(this.#commands.fork(runId, fromStep, options), options);
  }

  /**
   * Pause a run: no step, attempt, poll, item or compensation begins until `resume`.
   *
   * Actions that were already invoked continue, and their results are kept. Durations stop. Throws
   * `ConflictError` if the run has ended or is compensating.
   */
  async pause(
    runId: string,
    reason?: string,
    options: CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    return await this.#caller.call(this.#commands.pause(runId, reason, options), options);
  }

  /** Let a paused run continue. Resuming a run that is not paused changes nothing. */
  async resume(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.resume", options, NONE);
    return await this.#caller.call(WorkflowResume.of({ runId }).map(runOf), options);
  }

  /** List the events of the run, oldest first, one page at a time. */
  async history(
    runId: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<HistoryEvent>> {
    const { limit, cursor } = knownOfCall("workflow.history", options, LISTING);
    const request = WorkflowHistory.of({ runId, limit, cursor });
    return await this.#caller.call(request.map(pageWith(eventOf)), options);
  }

  /**
   * Iterate over the run's events as they happen, until it ends, also across lost connections.
   * The history of a run that was retried has several ends: this stops at the last one.
   */
  follow(runId: string, options: FollowRunOptions & CallOptions = {}): HistoryFollower {
    return new HistoryFollower(
      this.#caller,
      runId,
      knownOfCall("workflow.follow", options, FOLLOW),
    );
  }

  /**
   * List runs, one page at a time, newest first. The server looks at 1,000 runs at most for one
   * page. So a page may hold fewer runs than `limit`, or none, and still have `hasMore`.
   */
  async listRuns(options: ListWorkflowRunsOptions & CallOptions = {}): Promise<Page<RunEntry>> {
    const given = knownOfCall("workflow.listRuns", options, LIST_RUNS);
    const { status, search, ...rest } = given;
    const some = typeof status === "string" ? { status } : { statuses: several(status) };
    const request = WorkflowListRuns.of({ ...rest, ...some, ...searchOf(search) });
    return await this.#caller.call(request.map(pageWith(runOf)), options);
  }

  /** Count the kept runs by status: of the workflow `workflowName`, or by default of all. */
  async countRuns(
    workflowName?: string | null,
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, number>>> {
    knownOfCall("workflow.countRuns", options, NONE);
    return await this.#caller.call(WorkflowCountRuns.of({ workflowName }), options);
  }

  /**
   * Apply one operation to all runs that match, in a background job. Without a status, it takes all
   * that the operation can take. Runs that start after this call are not touched. `client.jobs`
   * shows the progress.
   */
  async bulk(
    operation: WorkflowBulkOperation,
    options: WorkflowBulkOptions & CallOptions = {},
  ): Promise<BulkJob> {
    const { status, search, data, ...rest } = knownOfCall("workflow.bulk", options, BULK);
    const statuses = typeof status === "string" ? [status] : several(status);
    const told = data === undefined || data === null ? {} : { data: jsonText("data", data) };
    const wanted = searchOf(search);
    const request = WorkflowBulk.of({ operation, ...rest, statuses, ...wanted, ...told });
    return await this.#caller.call(request, options);
  }

  // Schedules

  /** List the schedules by the name of their workflow, one page at a time. */
  async schedules(options: ListOptions & CallOptions = {}): Promise<Page<ScheduleEntry>> {
    const { limit, cursor } = knownOfCall("workflow.schedules", options, LISTING);
    const request = WorkflowSchedules.of({ limit, cursor });
    return await this.#caller.call(request.map(pageWith(scheduleOf)), options);
  }

  /** Pause the schedule of workflow `name`. Times that pass meanwhile are not made up for. */
  async pauseSchedule(name: string, options: CallOptions = {}): Promise<ScheduleEntry> {
    knownOfCall("workflow.pauseSchedule", options, NONE);
    const request = WorkflowPauseSchedule.of({ name, paused: true });
    return await this.#caller.call(request.map(scheduleOf), options);
  }

  /** Resume the schedule at its next time. */
  async resumeSchedule(name: string, options: CallOptions = {}): Promise<ScheduleEntry> {
    knownOfCall("workflow.resumeSchedule", options, NONE);
    const request = WorkflowPauseSchedule.of({ name, paused: false });
    return await this.#caller.call(request.map(scheduleOf), options);
  }

  /** Start a run of the schedule now, with its input, besides its times. Returns the run's id. */
  async triggerSchedule(name: string, options: CallOptions = {}): Promise<string> {
    knownOfCall("workflow.triggerSchedule", options, NONE);
    return await this.#caller.call(WorkflowTriggerSchedule.of({ name }), options);
  }
}

function several(
  statuses: readonly WorkflowStatus[] | undefined,
): readonly WorkflowStatus[] | undefined {
  if (statuses?.length === 0) {
    throw new BadRequestError("status is an empty list; leave it out for any status");
  }
  return statuses;
}

/** An iterator over a run's events, which ends with the run. */
export class HistoryFollower extends Endless<HistoryEvent, HistoryReply> {
  readonly #runId: string;
  #after: Integer;

  constructor(caller: Caller, runId: string, options: FollowRunOptions & CallOptions) {
    super(caller, options, true);
    this.#runId = runId;
    this.#after = options.after ?? 0;
  }

  protected override ask(blockMs: number): Request<HistoryReply> {
    const after = integerWithin(this.#after, "after");
    return WorkflowHistory.of({ runId: this.#runId, limit: LIMIT_MAX, after, blockMs });
  }

  protected override taken(reply: HistoryReply): readonly HistoryEvent[] {
    this.#after = reply.items.at(-1)?.sequence ?? this.#after;
    if (reply.isFinished && reply.cursor === null) {
      this.finish();
    }
    return reply.items.map(eventOf);
  }
}

/** The page of a reply, each item as `turn` makes it. */
function pageWith<Item, Entry>(
  turn: (item: Item) => Entry,
): (reply: { readonly items: Item[]; readonly cursor: string | null }) => Page<Entry> {
  return (reply) => new Page(reply.items.map(turn), reply.cursor);
}
