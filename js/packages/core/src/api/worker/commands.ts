/** Builds the commands that settle runs; `client.worker` and batches share it. */

import { type JsonPayload, payloadBytes } from "../../base/bytes.js";
import { BadTypeError } from "../../base/errors.js";
import type { OptionNames } from "../../base/options.js";
import { typeName } from "../../base/shown.js";
import { type Task, WorkerComplete, WorkerFail } from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Commands } from "../base/commands.js";

export interface CompleteOptions {
  /**
   * How the run ended, as workflows see it. Default: `success`. It is a letter or `_`, followed by
   * letters, digits, `_` and `-`.
   */
  readonly outcome?: string | null | undefined;
}

export interface FailOptions {
  /** Whether another attempt may follow. If not, the run has failed. Default: true. */
  readonly retry?: boolean | null | undefined;
}

const COMPLETE: OptionNames<CompleteOptions> = { outcome: true };
const FAIL: OptionNames<FailOptions> = { retry: true };

/** `complete` and `fail` of `client.worker`. */
export class WorkerCommands extends Commands {
  complete(
    workerId: string,
    task: Task,
    output: JsonPayload = "",
    options: CompleteOptions = {},
  ): Request<null> {
    const { outcome } = this.known("worker.complete", options, COMPLETE);
    const bytes = payloadBytes(output, "output");
    return WorkerComplete.of({ workerId, ...claimOf(task), output: bytes, outcome });
  }

  fail(workerId: string, task: Task, error: string, options: FailOptions = {}): Request<null> {
    const { retry } = this.known("worker.fail", options, FAIL);
    return WorkerFail.of({ workerId, ...claimOf(task), error, retry });
  }
}

/** Which run is meant, and under which lease. */
export function claimOf(task: Task): Pick<Task, "runId" | "lease"> {
  if (typeof task !== "object" || task === null || task.lease === undefined) {
    throw new BadTypeError(`task must be a Task as it was claimed, not ${typeName(task)}`);
  }
  return { runId: task.runId, lease: task.lease };
}
