/**
 * Results of `client.workflow`. They keep the snake case names of the workflow documentation; times
 * are epoch milliseconds.
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
  /** The step at which it is, or ended. */
  readonly current_step: string | undefined;
  /** The input: JSON, as it was given. */
  readonly input: Uint8Array;
  /** The output: JSON, or what an action returned. */
  readonly output: Uint8Array | undefined;
  readonly error: string | undefined;
  readonly created_at: bigint;
  readonly started_at: bigint | undefined;
  readonly completed_at: bigint | undefined;
  /** The type of the signal for which it waits. */
  readonly wait_signal: string | undefined;
  readonly parent_run_id: string | undefined;
  readonly search_attributes: Readonly<Record<string, Scalar>>;
  /** The terminal at which it ended. */
  readonly terminal: string | undefined;
  /**
   * What it waits for, as text and as fields. Only `status` returns it, and only if the run waits.
   */
  readonly waits_for?: RunWait;
  /**
   * Decode the output, which is JSON, with `kind`: a function, or a schema (Zod, Valibot and
   * others).
   *
   * Throws `ConflictError` unless the run has completed, and `BadRequestError` if the output does
   * not fit.
   */
  into<T>(kind: Kind<T>): T;
}

/** One run in a listing. */
export type RunEntry = WorkflowStatusResult;

/** One event in the history of a run; `sequence` counts from 1. */
export interface HistoryEvent {
  readonly sequence: bigint;
  readonly type: string;
  readonly detail: string;
  readonly step: string | undefined;
  readonly timestamp: bigint;
  /** The id of the action run or child workflow run that the event is about. */
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

/** A version of a workflow that is kept. New runs use the one that is `current`. */
export interface DefinitionVersionEntry {
  readonly version: string;
  readonly created_at: bigint;
  readonly current: boolean;
  readonly description: string | undefined;
}

/** A workflow's schedule; it has `cron` or `interval_ms`. */
export interface ScheduleEntry {
  readonly name: string;
  readonly cron: string | undefined;
  readonly interval_ms: number | undefined;
  readonly timezone: string;
  readonly paused: boolean;
  readonly enabled: boolean;
  /** The next nominal time; undefined while the schedule is paused, or if it is not yet known. */
  readonly next_run_at: bigint | undefined;
  /** The nominal time of the last run, whose id is `last_run_id`. */
  readonly last_run_at: bigint | undefined;
  readonly last_run_id: string | undefined;
  /** How many runs of this schedule are unfinished. */
  readonly running: number;
  /** How many times were skipped because of `overlap`. */
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
