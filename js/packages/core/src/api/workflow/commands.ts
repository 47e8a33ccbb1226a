/** Builds the commands of workflow runs; `client.workflow` and batches share it. */

import { jsonText } from "../../base/bytes.js";
import { NONE, type NoOptions, NULL_SAYS, type OptionNames } from "../../base/options.js";
import { NO_BYTES } from "../../base/schema.js";
import {
  WorkflowCancel,
  WorkflowFork,
  WorkflowPause,
  WorkflowSignal,
  WorkflowStart,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Commands } from "../base/commands.js";
import { runOf, type WorkflowStatusResult } from "./results.js";

export interface StartOptions {
  /** A version that was synced. Default: the current one. */
  readonly version?: string | null | undefined;
  /**
   * A name of 1 to 255 bytes. A second call with the same key and input starts no new run; it
   * returns the first run's id again. Default: every call starts a run.
   */
  readonly idempotencyKey?: string | null | undefined;
  /** An id of your own that was never used. Default: the server makes one. */
  readonly runId?: string | null | undefined;
}

export interface ForkOptions {
  /** The input, as for `start`. Default: that of the old run. */
  readonly input?: unknown;
  /** A version that was synced. Default: that of the old run. */
  readonly version?: string | null | undefined;
  /** An id that was never used. Default: the server makes one. */
  readonly newRunId?: string | null | undefined;
}

const FORK: OptionNames<ForkOptions> = { input: NULL_SAYS, version: true, newRunId: true };
const START: OptionNames<StartOptions> = { version: true, idempotencyKey: true, runId: true };

/** `start`, `signal` and `cancel` of `client.workflow`. */
export class WorkflowCommands extends Commands {
  start(name: string, input: unknown = null, options: StartOptions = {}): Request<string> {
    const { version, idempotencyKey, runId } = this.known("workflow.start", options, START);
    const text = jsonText("input", input);
    const request = WorkflowStart.of({ name, input: text, version, idempotencyKey, runId });
    return request.map((started) => started.runId);
  }

  signal(runId: string, type: string, data?: unknown, options: NoOptions = {}): Request<null> {
    this.known("workflow.signal", options, NONE);
    const isNothing = data === undefined || data === null;
    return WorkflowSignal.of({ runId, type, data: isNothing ? NO_BYTES : jsonText("data", data) });
  }

  cancel(runId: string, reason?: string, options: NoOptions = {}): Request<WorkflowStatusResult> {
    this.known("workflow.cancel", options, NONE);
    return WorkflowCancel.of({ runId, reason }).map(runOf);
  }

  fork(runId: string, fromStep: string, options: ForkOptions = {}): Request<string> {
    const given = this.known("workflow.fork", options, FORK);
    const { input: value, version, newRunId } = given;
    const input = value === undefined ? undefined : jsonText("input", value);
    return WorkflowFork.of({ runId, fromStep, input, version, newRunId });
  }

  pause(runId: string, reason?: string, options: NoOptions = {}): Request<WorkflowStatusResult> {
    this.known("workflow.pause", options, NONE);
    return WorkflowPause.of({ runId, reason }).map(runOf);
  }
}
