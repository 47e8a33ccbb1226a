/** The timeline of a run, read from its history. */

import type { HistoryEvent, WorkflowStatusResult } from "@floruntime/core";

import type { Lane, Segment, Tone } from "../parts/timeline.js";
import { isFailure, nameIn } from "./way.js";

type Open<T> = { -readonly [Field in keyof T]: T[Field] };

interface OpenLane extends Open<Omit<Lane, "segments" | "runs" | "key">> {
  readonly segments: Open<Segment>[];
  readonly runs: { runId: string; isChild: boolean }[];
}

/** Each stay at a step, each branch and each compensation: a lane, with its attempts as segments. */
export function lanesOf(events: readonly HistoryEvent[], run: WorkflowStatusResult): Lane[] {
  const reading = new Reading();
  for (const event of events) {
    if (event.step !== undefined) {
      reading.take(event, event.step);
    }
  }
  const endedMs = run.completed_at === undefined ? null : Number(run.completed_at);
  const isGood = run.status === "completed";
  return reading.lanes.map((lane, at) => closed(lane, `${at}`, endedMs, isGood));
}

class Reading {
  readonly lanes: OpenLane[] = [];
  readonly #open = new Map<string, OpenLane>();
  readonly #attempts = new Map<string, { lane: OpenLane; segment: Open<Segment> }>();

  take({ type, timestamp, detail, run_id }: HistoryEvent, step: string): void {
    const atMs = Number(timestamp);
    const name = nameIn(detail);
    const inner = `${step}/${name}`;
    const rest = detail.slice(name.length + 2);
    switch (type) {
      case "step_started":
        this.#begin(step, step, 0, atMs);
        break;
      case "step_completed":
        this.#end(step, atMs, toneOf(detail), detail);
        break;
      case "branch_started":
        addRun(this.#begin(inner, name, 1, atMs), run_id);
        break;
      case "branch_completed":
        addRun(this.#open.get(inner), run_id);
        this.#end(inner, atMs, toneOf(rest), rest);
        break;
      case "branch_cancelled":
        this.#end(inner, atMs, "gone", "cancelled");
        break;
      case "awaiting_action":
      case "awaiting_child":
        this.#attempt(this.#at(inner, step, atMs), run_id, type === "awaiting_child", atMs);
        break;
      case "action_completed":
      case "child_completed":
        this.#answered(run_id, atMs, detail, rest);
        break;
      case "compensation_started":
        this.#begin(`compensation ${name}`, `undo ${name}`, 0, atMs);
        this.#attempt(this.#at(`compensation ${name}`, step, atMs), run_id, false, atMs);
        break;
      case "compensation_completed":
        this.#end(`compensation ${name}`, atMs, "good", "");
        break;
      case "compensation_failed":
        this.#end(`compensation ${name}`, atMs, "bad", rest);
        break;
    }
  }

  #begin(key: string, name: string, level: number, fromMs: number): OpenLane {
    const lane: OpenLane = {
      name,
      level,
      fromMs,
      untilMs: null,
      tone: "busy",
      note: "",
      segments: [],
      runs: [],
    };
    this.lanes.push(lane);
    this.#open.set(key, lane);
    return lane;
  }

  #end(key: string, untilMs: number, tone: Tone, note: string): void {
    const lane = this.#open.get(key);
    if (lane !== undefined) {
      Object.assign(lane, { untilMs, tone, note });
      this.#open.delete(key);
    }
  }

  #at(inner: string, step: string, atMs: number): OpenLane {
    return this.#open.get(inner) ?? this.#open.get(step) ?? this.#begin(step, step, 0, atMs);
  }

  #attempt(lane: OpenLane, runId: string | undefined, isChild: boolean, fromMs: number): void {
    if (runId !== undefined) {
      const segment: Open<Segment> = { fromMs, untilMs: null, tone: "busy", note: runId };
      lane.segments.push(segment);
      lane.runs.push({ runId, isChild });
      this.#attempts.set(runId, { lane, segment });
    }
  }

  #answered(runId: string | undefined, untilMs: number, detail: string, rest: string): void {
    const attempt = this.#attempts.get(runId ?? "");
    if (attempt !== undefined) {
      const outcome = attempt.lane.level > 0 ? rest : detail;
      Object.assign(attempt.segment, { untilMs, tone: toneOf(outcome), note: outcome });
    }
  }
}

/** Whether a run that a history names is a workflow's; else it is an action's. */
export function isOfWorkflow(runId: string): boolean {
  return !/^run-\d+$/.test(runId);
}

/** An item tells the run of its first attempt, and that of its last. */
function addRun(lane: OpenLane | undefined, runId: string | undefined): void {
  if (runId !== undefined && lane?.runs.every((known) => known.runId !== runId)) {
    lane.runs.push({ runId, isChild: isOfWorkflow(runId) });
  }
}

function toneOf(outcome: string): Tone {
  return isFailure(outcome) ? "bad" : "good";
}

/** What the end of the run ended with it. */
function closed(lane: OpenLane, key: string, endedMs: number | null, isGood: boolean): Lane {
  const isCutOff = lane.untilMs === null && endedMs !== null;
  const untilMs = lane.untilMs ?? endedMs;
  const segments = lane.segments.map((segment) =>
    segment.untilMs === null && untilMs !== null
      ? { ...segment, untilMs, tone: lane.tone === "busy" ? "gone" : lane.tone }
      : segment,
  );
  return {
    ...lane,
    key,
    untilMs,
    segments,
    tone: isCutOff ? (isGood ? "good" : "bad") : lane.tone,
  };
}
