/** The way that a run took, read from its history. */

import type { HistoryEvent, WorkflowStatusResult } from "@floruntime/core";

export type State = "done" | "now" | "failed" | "gone";

/** How far a run got. */
export interface Way {
  /** Of each step, and of each branch or item as `step/branch`. */
  readonly states: ReadonlyMap<string, State>;
  /** The arrows it took, as `from to`. */
  readonly taken: ReadonlySet<string>;
}

const FAILURES = new Set([
  "failure",
  "timeout",
  "pending",
  "target_not_found",
  "target_disabled",
  "execution_failure",
  "exhausted",
]);

/** The name that a detail begins with: `stock: success` is of `stock`. */
export function nameIn(detail: string): string {
  return detail.split(": ", 1)[0] ?? "";
}

export function isFailure(outcome: string): boolean {
  return FAILURES.has(nameIn(outcome));
}

/** Steps that were passed, the one where it is, branches and items, and the arrows between steps. */
export function wayOf(events: readonly HistoryEvent[], run: WorkflowStatusResult): Way {
  const states = new Map<string, State>();
  const visited: string[] = [];
  for (const { type, step, detail } of events) {
    if (step === undefined || type.startsWith("compensation")) {
      continue;
    }
    const inner = `${step}/${nameIn(detail)}`;
    if (type === "step_started") {
      visited.push(step);
      states.set(step, "done");
    } else if (type === "branch_started") {
      states.set(inner, "now");
    } else if (type === "branch_cancelled") {
      states.set(inner, "gone");
    } else if (type === "branch_completed") {
      const outcome = detail.slice(nameIn(detail).length + 2);
      states.set(inner, isFailure(outcome) ? "failed" : "done");
    }
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
