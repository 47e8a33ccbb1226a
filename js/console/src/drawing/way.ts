/** The way that a run took, read from its history. */

import type { HistoryEvent, WorkflowStatusResult } from "@floruntime/core";

import type { Span } from "../parts/timeline.js";
import type { Way } from "./drawing.js";

const BEGINS = new Set(["step_started", "signal_waiting", "sleep_started", "choice_made"]);
const ENDS = new Set(["step_completed", "step_failed", "signal_received", "sleep_ended"]);

/** Steps that were passed, the one where it is, and the arrows between them. */
export function wayOf(events: readonly HistoryEvent[], run: WorkflowStatusResult): Way {
  const visited: string[] = [];
  for (const { step } of events) {
    if (step !== undefined && visited.at(-1) !== step) {
      visited.push(step);
    }
  }
  const states = new Map<string, "done" | "now" | "failed">();
  for (const step of visited) {
    states.set(step, "done");
  }
  const last = visited.at(-1);
  const hasEnded = run.completed_at !== undefined;
  if (!hasEnded && run.current_step !== undefined) {
    states.set(run.current_step, "now");
  } else if (last !== undefined && run.status !== "completed") {
    states.set(last, "failed");
  }
  const taken = new Set(visited.slice(1).map((step, at) => `${visited[at]} ${step}`));
  if (run.terminal !== undefined) {
    states.set(run.terminal, run.status === "completed" ? "done" : "failed");
    if (last !== undefined) {
      taken.add(`${last} ${run.terminal}`);
    }
  }
  return { states, taken };
}

/** Each stay at a step, with its end; one that lasts goes on until now. */
export function spansOf(events: readonly HistoryEvent[], run: WorkflowStatusResult): Span[] {
  const spans: Span[] = [];
  const open = new Map<string, number>();
  for (const { type, step, timestamp, detail } of events) {
    if (step === undefined) {
      continue;
    }
    const atMs = Number(timestamp);
    if (!open.has(step) && !ENDS.has(type)) {
      open.set(step, atMs);
    }
    const fromMs = open.get(step);
    if (ENDS.has(type) && fromMs !== undefined) {
      const tone = type === "step_failed" ? "bad" : "good";
      spans.push({ name: step, fromMs, untilMs: atMs, tone, note: detail });
      open.delete(step);
    } else if (BEGINS.has(type) && fromMs === undefined) {
      open.set(step, atMs);
    }
  }
  const untilMs = run.completed_at === undefined ? null : Number(run.completed_at);
  for (const [name, fromMs] of open) {
    const tone = untilMs === null ? "busy" : run.status === "completed" ? "good" : "bad";
    spans.push({ name, fromMs, untilMs, tone, note: "" });
  }
  return spans;
}
