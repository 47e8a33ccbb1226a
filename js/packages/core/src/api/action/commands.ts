/** Builds the commands of runs; `client.action` and batches share it. Nothing here is sent. */

import { type JsonPayload, payloadBytes } from "../../base/bytes.js";
import { BadRequestError } from "../../base/errors.js";
import type { Given, OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";
import { shown } from "../../base/shown.js";
import {
  ActionCancel,
  ActionInvoke,
  type ActionRun,
  type InvokeResult,
} from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Commands } from "../base/commands.js";

/** Options of an invocation. */
export interface InvokeOnceOptions {
  /** 0 to 65,535. A lower number is started first. Default: 10. */
  readonly priority?: Integer | null | undefined;
  /** The earliest start, in milliseconds from now. Default: 0, now. At most ten years. */
  readonly delayMs?: Integer | null | undefined;
  /**
   * A name of 1 to 255 bytes. A second call with the same key and payload makes no new run; it
   * returns the first one again, with `created` false. Default: every call makes a run.
   */
  readonly idempotencyKey?: string | null | undefined;
  /**
   * Only a worker that has all of these labels gets the run. Up to 64, together 4 KiB; a text is
   * the same as JSON. Default: none.
   */
  readonly labels?: Readonly<Record<string, string>> | string | null | undefined;
  /** The run on whose behalf this one is requested. Default: none. */
  readonly callerRunId?: string | null | undefined;
  /**
   * Whether to register an action that is not registered with the default settings, so that the run
   * waits for a worker. Default: false, the call is refused.
   */
  readonly create?: boolean | null | undefined;
  /**
   * The name under which limits per key count the run. Default: what the action's `keyPath` finds
   * in the payload, if the action has one.
   */
  readonly key?: string | null | undefined;
}

export interface InvokeOptions extends InvokeOnceOptions {
  /**
   * A name. Invocations with the same key that follow each other closely become one run. That run
   * takes the newest payload, key, labels and priority; `created` is true for the first call only.
   * Once the run is claimed or has ended, the next call makes a new run. Default: nothing is
   * debounced.
   */
  readonly debounceKey?: string | null | undefined;
  /** With `debounceKey`, the run is due this long after the last invocation; at least 1. */
  readonly debounceMs?: Integer | null | undefined;
  /**
   * With `debounceKey`, the run is due no later than this after the first invocation. Default: no
   * such limit.
   */
  readonly debounceMaxMs?: Integer | null | undefined;
}

export interface CancelOptions {
  /** A text of up to 4 KiB for people. Default: none. */
  readonly reason?: string | null | undefined;
}

export const INVOKE_ONCE: OptionNames<InvokeOnceOptions> = {
  priority: true,
  delayMs: true,
  idempotencyKey: true,
  labels: true,
  callerRunId: true,
  create: true,
  key: true,
};
const INVOKE: OptionNames<InvokeOptions> = {
  ...INVOKE_ONCE,
  debounceKey: true,
  debounceMs: true,
  debounceMaxMs: true,
};
const CANCEL: OptionNames<CancelOptions> = { reason: true };

/** `invoke` and `cancel` of `client.action`. */
export class ActionCommands extends Commands {
  invoke(
    name: string,
    payload: JsonPayload = "",
    options: InvokeOptions = {},
  ): Request<InvokeResult> {
    const given = this.known("action.invoke", options, INVOKE);
    const { priority, delayMs, idempotencyKey, callerRunId, create, key } = given;
    const { debounceKey, debounceMs, debounceMaxMs } = given;
    const debounce = { debounceKey, debounceMs, debounceMaxMs };
    const labels = labelsOf(given.labels);
    const settings = { priority, delayMs, idempotencyKey, labels, callerRunId, create, key };
    return ActionInvoke.of({ name, payload: payloadBytes(payload), ...settings, ...debounce });
  }

  cancel(runId: string, options: CancelOptions = {}): Request<ActionRun> {
    const { reason } = this.known("action.cancel", options, CANCEL);
    return ActionCancel.of({ runId, reason });
  }
}

function labelsOf(
  given: Given<InvokeOptions>["labels"],
): Readonly<Record<string, string>> | undefined {
  if (typeof given !== "string") {
    return given;
  }
  try {
    return JSON.parse(given) as Record<string, string>;
  } catch {
    throw new BadRequestError(`labels ${shown(given)} must be an object, or JSON of one`);
  }
}
