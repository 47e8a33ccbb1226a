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

/** How a run is asked for. */
export interface InvokeOnceOptions {
  /** Lower goes first. Default: 10. */
  readonly priority?: Integer | null | undefined;
  readonly delayMs?: Integer | null | undefined;
  /** Makes one run: the same key and payload answer that run again, another is a conflict. */
  readonly idempotencyKey?: string | null | undefined;
  /** What the worker's labels must include; a text is JSON of the same. */
  readonly labels?: Readonly<Record<string, string>> | string | null | undefined;
  /** The run that asks for this one. */
  readonly callerRunId?: string | null | undefined;
  /** Register the action with the default settings where nobody has. Default: false. */
  readonly create?: boolean | null | undefined;
  /** What the limits per key count it under; else what the action's `keyPath` finds. */
  readonly key?: string | null | undefined;
}

export interface InvokeOptions extends InvokeOnceOptions {
  /** While invocations with this key keep coming, they are one run, of the newest payload. */
  readonly debounceKey?: string | null | undefined;
  /** The pause after the last of them that the run waits for. */
  readonly debounceMs?: Integer | null | undefined;
  /** How long after the first of them it is due at the latest. */
  readonly debounceMaxMs?: Integer | null | undefined;
}

export interface CancelOptions {
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
