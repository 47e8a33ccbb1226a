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
  /** How long to wait for the run's end. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

export interface SyncOptions extends CallOptions {
  /**
   * Only tell what would be done. A version that is known with another content is `refused` in the
   * answer then: `refusal` says why, `current` is the text that is there. Default: false.
   */
  readonly dryRun?: boolean | null | undefined;
}

export interface GetDefinitionOptions {
  /** Default: the current one. */
  readonly version?: string | null | undefined;
}

export interface FollowRunOptions {
  /** The events after the one with this sequence number. Default: 0, all of them. */
  readonly after?: Integer | null | undefined;
}

export interface ListWorkflowRunsOptions extends ListOptions {
  /** Of this workflow; else of all. */
  readonly workflowName?: string | null | undefined;
  /** Another name for `workflowName`. */
  readonly name?: string | null | undefined;
  /** In this one, or in one of several. */
  readonly status?: WorkflowStatus | readonly WorkflowStatus[] | null | undefined;
  /** Another name for `status`. */
  readonly statusFilter?: WorkflowStatus | null | undefined;
  /** Only runs whose search attributes have exactly these values; one of them may have a range. */
  readonly search?: Readonly<Record<string, Scalar | SearchBounds>> | null | undefined;
  /** From this time on, Unix epoch; so are the others, the `…BeforeMs` before it. */
  readonly startedAfterMs?: Integer | null | undefined;
  readonly startedBeforeMs?: Integer | null | undefined;
  readonly endedAfterMs?: Integer | null | undefined;
  readonly endedBeforeMs?: Integer | null | undefined;
  /**
   * `newest` first, or `oldest`: by when they were started; by when they ended, where the filter says
   * that; by value, the highest or the lowest first, where there is a range. Default: `newest`.
   */
  readonly order?: RunOrder | null | undefined;
}

export interface WorkflowBulkOptions
  extends Omit<ListWorkflowRunsOptions, "order" | "cursor" | "limit" | "statusFilter"> {
  /** At most so many runs. Default: all. */
  readonly limit?: Integer | null | undefined;
  /** Only count. Default: false. */
  readonly dryRun?: boolean | null | undefined;
  /** Why they are cancelled or paused. */
  readonly reason?: string | null | undefined;
  /** The type of the signal. */
  readonly type?: string | null | undefined;
  /** What the signal carries, as of `signal`. */
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
   * Take a definition over; done on every start of an application it costs nothing.
   *
   * A new name is `created`, a new version `updated`, the same text `unchanged`; `dryRun` only tells
   * which it would be. Throws `BadRequestError` with `problems` where it is not valid, and `ConflictError` where its version is
   * known with another content.
   */
  async sync(yaml: Payload, options: SyncOptions = {}): Promise<SyncResult> {
    const [result] = await this.syncMany([yaml], options);
    return result as SyncResult;
  }

  /** `sync`, of a definition that has this name. Throws `BadRequestError` where it has another. */
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

  /** `sync` of several documents in one commit: all, or none; a result for each, in order. */
  async syncMany(documents: Iterable<Payload>, options: SyncOptions = {}): Promise<SyncResult[]> {
    const { dryRun = false } = knownOfCall<DryRun>("workflow.sync", options, SYNC);
    checkFlag("dryRun", dryRun);
    const texts = listOf("documents", documents).map((document) => toBytes(document, "yaml"));
    const kind = dryRun ? WorkflowSyncPreview : WorkflowSync;
    return await this.#caller.call(kind.of({ documents: texts }), options);
  }

  /** What a `sync` would complain about, errors and warnings; nothing is taken over. */
  async validate(yaml: Payload, options: CallOptions = {}): Promise<Problem[]> {
    knownOfCall("workflow.validate", options, NONE);
    const request = WorkflowValidate.of({ document: toBytes(yaml, "yaml") });
    return await this.#caller.call(request, options);
  }

  /** A page of the workflows, each with its current version, by name. */
  async listDefinitions(options: ListOptions & CallOptions = {}): Promise<Page<DefinitionEntry>> {
    const { limit, cursor } = knownOfCall("workflow.listDefinitions", options, LISTING);
    const request = WorkflowListDefinitions.of({ limit, cursor });
    return await this.#caller.call(request.map(pageWith(definitionOf)), options);
  }

  /** A page of the versions of a workflow that are kept, the last synced first. */
  async listVersions(
    name: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<DefinitionVersionEntry>> {
    const { limit, cursor } = knownOfCall("workflow.listVersions", options, LISTING);
    const request = WorkflowListVersions.of({ name, limit, cursor });
    return await this.#caller.call(request.map(pageWith(versionOf)), options);
  }

  /** The YAML as it was synced, of the current version unless told; `null`: there is none. */
  async getDefinition(
    name: string,
    options: GetDefinitionOptions & CallOptions = {},
  ): Promise<Uint8Array | null> {
    const { version } = knownOfCall("workflow.getDefinition", options, VERSION);
    return await this.#caller.call(WorkflowGetDefinition.of({ name, version }), options);
  }

  /** Start no more runs: no call, no schedule, no trigger does. Those that are there go on. */
  async disable(name: string, options: CallOptions = {}): Promise<DefinitionEntry> {
    return await this.#enable("workflow.disable", name, false, options);
  }

  /** Let it start again. Its schedule goes on with its next time, its trigger where it was. */
  async enable(name: string, options: CallOptions = {}): Promise<DefinitionEntry> {
    return await this.#enable("workflow.enable", name, true, options);
  }

  /**
   * Make a version that was synced the current one: the way back from a bad one.
   *
   * New runs are of it, and its schedule and trigger hold; runs that are under way stay on the version
   * that they began with. A sync of a new version makes that the current one.
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
   * Start a run; its id.
   *
   * `input`: bytes and text are JSON text, anything else is encoded as JSON. The definition says
   * whether an `idempotencyKey` is taken: another input with the same key is a conflict.
   */
  async start(
    name: string,
    input?: unknown,
    options: StartOptions & CallOptions = {},
  ): Promise<string> {
    return await this.#caller.call(this.#commands.start(name, input, options), options);
  }

  /** The run as it stands. `NotFoundError` where there is none. */
  async status(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.status", options, NONE);
    return await this.#caller.call(WorkflowGet.of({ runId }).map(runOf), options);
  }

  /** The run once it has ended, or as it stands after `blockMs`. */
  async wait(
    runId: string,
    options: WaitForWorkflowOptions & CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    const { blockMs = WAIT_MS } = knownOfCall("workflow.wait", options, WAIT);
    const request = WorkflowGet.of({ runId, blockMs }).map(runOf);
    return await this.#caller.call(request, { ...options, blockMs });
  }

  /**
   * Deliver a signal, which one wait for this `type` consumes; an early one is kept for it.
   *
   * `data`: bytes and text as they are, anything else as JSON; it is the output of the wait's step.
   * `ConflictError` where the run has ended.
   */
  async signal(
    runId: string,
    type: string,
    data?: unknown,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#caller.call(this.#commands.signal(runId, type, data, options), options);
  }

  /** End the run, its children too; an action at work is told. `ConflictError` if it ended. */
  async cancel(
    runId: string,
    reason?: string,
    options: CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    return await this.#caller.call(this.#commands.cancel(runId, reason, options), options);
  }

  /** Let a failed run go on from the step that failed. `ConflictError` if it did not fail. */
  async retry(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.retry", options, NONE);
    return await this.#caller.call(WorkflowRetry.of({ runId }).map(runOf), options);
  }

  /**
   * Start a new run that begins at a step, with what another run knew of the others; its id.
   *
   * Outputs and outcomes of all other steps are copied; signals, waits and counts are not. The old
   * run, in whatever status, is left alone. `ConflictError` where the step comes after one that the
   * old run has compensated.
   */
  async fork(
    runId: string,
    fromStep: string,
    options: ForkOptions & CallOptions = {},
  ): Promise<string> {
    return await this.#caller.call(this.#commands.fork(runId, fromStep, options), options);
  }

  /**
   * Begin no step, attempt, poll or item until `resume`. What was invoked goes on, and its end is
   * kept; durations stand still. `ConflictError` where the run has ended or is compensating.
   */
  async pause(
    runId: string,
    reason?: string,
    options: CallOptions = {},
  ): Promise<WorkflowStatusResult> {
    return await this.#caller.call(this.#commands.pause(runId, reason, options), options);
  }

  /** Let a paused run go on with what has come meanwhile; of one that is not, nothing happens. */
  async resume(runId: string, options: CallOptions = {}): Promise<WorkflowStatusResult> {
    knownOfCall("workflow.resume", options, NONE);
    return await this.#caller.call(WorkflowResume.of({ runId }).map(runOf), options);
  }

  /** A page of what has happened to the run, oldest first. */
  async history(
    runId: string,
    options: ListOptions & CallOptions = {},
  ): Promise<Page<HistoryEvent>> {
    const { limit, cursor } = knownOfCall("workflow.history", options, LISTING);
    const request = WorkflowHistory.of({ runId, limit, cursor });
    return await this.#caller.call(request.map(pageWith(eventOf)), options);
  }

  /**
   * Every event of the run as it happens, to the run's end; over lost connections, too.
   *
   * A run that failed and was retried has an end amid its history: it ends with the last one.
   */
  follow(runId: string, options: FollowRunOptions & CallOptions = {}): HistoryFollower {
    return new HistoryFollower(
      this.#caller,
      runId,
      knownOfCall("workflow.follow", options, FOLLOW),
    );
  }

  /**
   * A page of runs, newest first: of one workflow or of all, in some statuses or in any. At most 1,000
   * runs are looked at: a page may hold fewer than `limit`, or none, while `hasMore`.
   */
  async listRuns(options: ListWorkflowRunsOptions & CallOptions = {}): Promise<Page<RunEntry>> {
    const given = knownOfCall("workflow.listRuns", options, LIST_RUNS);
    const { status, search, ...rest } = given;
    const some = typeof status === "string" ? { status } : { statuses: several(status) };
    const request = WorkflowListRuns.of({ ...rest, ...some, ...searchOf(search) });
    return await this.#caller.call(request.map(pageWith(runOf)), options);
  }

  /** How many runs are kept in each status, of one workflow or of all. */
  async countRuns(
    workflowName?: string | null,
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, number>>> {
    knownOfCall("workflow.countRuns", options, NONE);
    return await this.#caller.call(WorkflowCountRuns.of({ workflowName }), options);
  }

  /**
   * Do something to all runs that match, by a job: a piece of it per tick. Without a status all that
   * the operation takes. Runs that are started later are left alone. `client.jobs` tells how far it is.
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

  /** A page of the schedules, by the name of their workflow. */
  async schedules(options: ListOptions & CallOptions = {}): Promise<Page<ScheduleEntry>> {
    const { limit, cursor } = knownOfCall("workflow.schedules", options, LISTING);
    const request = WorkflowSchedules.of({ limit, cursor });
    return await this.#caller.call(request.map(pageWith(scheduleOf)), options);
  }

  /** Let the schedule of workflow `name` start no runs; times that pass are not made up for. */
  async pauseSchedule(name: string, options: CallOptions = {}): Promise<ScheduleEntry> {
    knownOfCall("workflow.pauseSchedule", options, NONE);
    const request = WorkflowPauseSchedule.of({ name, paused: true });
    return await this.#caller.call(request.map(scheduleOf), options);
  }

  /** Let it go on with its next time. */
  async resumeSchedule(name: string, options: CallOptions = {}): Promise<ScheduleEntry> {
    knownOfCall("workflow.resumeSchedule", options, NONE);
    const request = WorkflowPauseSchedule.of({ name, paused: false });
    return await this.#caller.call(request.map(scheduleOf), options);
  }

  /** Start one of the schedule's runs now, with its input, beside its times; the run's id. */
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

/** An iterator of a run's events that ends with the run. */
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
