/** What handlers tell of how far they are, on its way to the server. */

import type { Task } from "../wire/messages.generated.js";
import type { Attempt } from "./attempts.js";
import { ActionContext, type Progress } from "./contexts.js";

/** How long what a handler tells of its progress waits for more of it. */
export const PROGRESS_MS = 500;

/** The context of an attempt whose handler has begun. */
export function contextOf(attempt: Attempt<Task>): ActionContext | null {
  return attempt.context instanceof ActionContext ? attempt.context : null;
}

/** What its handler told that the server does not know yet. */
export function unknownProgress(attempt: Attempt<Task>): Progress {
  const context = contextOf(attempt);
  return context?.unknownProgress() ?? { progress: null, progressNote: null };
}
