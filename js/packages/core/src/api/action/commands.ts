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
  /** Lower goes first. Default: 10. */
  readonly priority?: Integer | null | undefined;
  readonly delayMs?: Integer | null | undefined;
  /** A key for one run: the same key and payload return that run, another payload is a conflict. */
  readonly idempotencyKey?: string | null | undefined;
  /** The labels that the worker must have; a text is the same as JSON. */
  readonly labels?: Readonly<Record<string, string>> | string | null | undefined;
  /** The id of the run that invokes this one. */
  readonly callerRunId?: string | null | undefined;
  /** Whether to register the action with default settings if it does not exist. Default: false. */
  readonly create?: boolean | null | undefined;
  /** The key that the limits per key count. Default: what the action's `keyPath` finds. */
  readonly key?: string | null | undefined;
}

export interface InvokeOptions extends InvokeOnceOptions {
  /** Invocations with this key become one run, with the newest payload, until they pause. */
  readonly debounceKey?: string | null | undefined;
  /** How long the pause after the last of these invocations must be. */
  readonly debounceMs?: Integer | null | undefined;
  /** The longest time from the first of these invocations until the run is due. */
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
