/**
 * What `client.workflow` answers. The names are those of the documentation of workflows, which has
 * them in snake case; moments are epoch milliseconds.
 */

import type { Scalar } from "../../base/schema.js";
import { type Kind, outputAs } from "../../base/typed.js";
import type {
  DefinitionInfo,
  DefinitionVersion,
  HistoryEvent as HistoryEventMessage,
  RunWait,
  ScheduleInfo,
  WorkflowRun,
  WorkflowStatus,
} from "../../wire/messages.generated.js";

/** One run of a workflow. */
export interface WorkflowStatusResult {
  readonly run_id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: WorkflowStatus;
  /** The step it is at, or ended at. */
  readonly current_step: string | undefined;
  /** JSON, as it was given. */
  readonly input: Uint8Array;
  /** JSON, or what an action gave. */
  readonly output: Uint8Array | undefined;
  readonly error: string | undefined;
  readonly created_at: bigint;
  readonly started_at: bigint | undefined;
  readonly completed_at: bigint | undefined;
  /** The type of the signal that it waits for. */
  readonly wait_signal: string | undefined;
  readonly parent_run_id: string | undefined;
  readonly search_attributes: Readonly<Record<string, Scalar>>;
  /** Where it ended. */
  readonly terminal: string | undefined;
  /** What it waits for, in words and as fields; where it waits, and only of `status`. */
  readonly waits_for?: RunWait;
  /**
   * The output, which is JSON, as `kind` makes it: a function, or a schema (Zod, Valibot and others).
   * Throws `ConflictError` unless the run has completed, `BadRequestError` where it does not fit.
   */
  into<T>(kind: Kind<T>): T;
}

/** One run in a listing. */
export type RunEntry = WorkflowStatusResult;

/** One thing that happened to a run; `sequence` counts from 1. */
export interface HistoryEvent {
  readonly sequence: bigint;
  readonly type: string;
  readonly detail: string;
  readonly step: string | undefined;
  readonly timestamp: bigint;
  /** The run of an action or child workflow that it is about. */
  readonly run_id: string | undefined;
}

/** A workflow and its current version. */
export interface DefinitionEntry {
  readonly name: string;
  readonly version: string;
  readonly enabled: boolean;
  readonly created_at: bigint;
  readonly description: string | undefined;
}

/** A version of a workflow that is kept. `current`: new runs are of it. */
export interface DefinitionVersionEntry {
  readonly version: string;
  readonly created_at: bigint;
  readonly current: boolean;
  readonly description: string | undefined;
}

/** A workflow's schedule: one of `cron` and `interval_ms`. */
export interface ScheduleEntry {
  readonly name: string;
  readonly cron: string | undefined;
  readonly interval_ms: number | undefined;
  readonly timezone: string;
  readonly paused: boolean;
  readonly enabled: boolean;
  /** The next nominal time; none while it is paused or not yet known. */
  readonly next_run_at: bigint | undefined;
  /** The nominal time of the last run, started as `last_run_id`. */
  readonly last_run_at: bigint | undefined;
  readonly last_run_id: string | undefined;
  /** The schedule's own runs that have not ended. */
  readonly running: number;
  /** Times let pass because of `overlap`. */
  readonly skipped_total: number;
}

export function runOf(run: WorkflowRun): WorkflowStatusResult {
  const into = { value: <T>(kind: Kind<T>): T => outputAs(run, kind) }; // no part of what is shown
  return Object.defineProperty(fieldsOf(run), "into", into) as WorkflowStatusResult;
}

function fieldsOf(run: WorkflowRun): Omit<WorkflowStatusResult, "into"> {
  return {
    run_id: run.runId,
    workflow: run.workflow,
    version: run.version,
    status: run.status,
    current_step: run.currentStep ?? undefined,
    input: run.input,
    output: run.output ?? undefined,
    error: run.error ?? undefined,
    created_at: run.createdAtMs,
    started_at: run.startedAtMs ?? undefined,
    completed_at: run.completedAtMs ?? undefined,
    wait_signal: run.waitSignal ?? undefined,
    parent_run_id: run.parentRunId ?? undefined,
    search_attributes: run.searchAttributes,
    terminal: run.terminal ?? undefined,
    ...(run.waitsFor ? { waits_for: run.waitsFor } : {}),
  };
}

export function eventOf(event: HistoryEventMessage): HistoryEvent {
  return {
    sequence: event.sequence,
    type: event.type,
    detail: event.detail,
    step: event.step ?? undefined,
    timestamp: event.timestampMs,
    run_id: event.runId ?? undefined,
  };
}

export function definitionOf(definition: DefinitionInfo): DefinitionEntry {
  return {
    name: definition.name,
    version: definition.version,
    enabled: definition.enabled,
    created_at: definition.createdAtMs,
    description: definition.description ?? undefined,
  };
}

export function versionOf(version: DefinitionVersion): DefinitionVersionEntry {
  return {
    version: version.version,
    created_at: version.createdAtMs,
    current: version.current,
    description: version.description ?? undefined,
  };
}

export function scheduleOf(schedule: ScheduleInfo): ScheduleEntry {
  return {
    name: schedule.name,
    cron: schedule.cron ?? undefined,
    interval_ms: schedule.intervalMs ?? undefined,
    timezone: schedule.timezone,
    paused: schedule.paused,
    enabled: schedule.enabled,
    next_run_at: schedule.nextRunAtMs ?? undefined,
    last_run_at: schedule.lastRunAtMs ?? undefined,
    last_run_id: schedule.lastRunId ?? undefined,
    running: schedule.running,
    skipped_total: schedule.skippedTotal,
  };
}
