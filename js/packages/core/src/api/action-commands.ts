/** Builds the commands of runs; `client.action` and batches share it. Nothing here is sent. */

import { type JsonPayload, payloadBytes } from "../base/bytes.js";
import type { OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import {
  ActionCancel,
  ActionInvoke,
  type ActionRun,
  type InvokeResult,
} from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import { Commands } from "./commands.js";

export interface InvokeOptions {
  /** Lower goes first. Default: 10. */
  readonly priority?: Integer | undefined;
  readonly delayMs?: Integer | undefined;
  /** Makes one run: the same key and payload answer that run again, another is a conflict. */
  readonly idempotencyKey?: string | undefined;
  /** What the worker's labels must include. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The run that asks for this one. */
  readonly callerRunId?: string | undefined;
}

export interface CancelOptions {
  readonly reason?: string | undefined;
}

export const INVOKE: OptionNames<InvokeOptions> = {
  priority: true,
  delayMs: true,
  idempotencyKey: true,
  labels: true,
  callerRunId: true,
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
    const { priority, delayMs, idempotencyKey, labels, callerRunId } = given;
    const settings = { priority, delayMs, idempotencyKey, labels, callerRunId };
    return ActionInvoke.of({ name, payload: payloadBytes(payload), ...settings });
  }

  cancel(runId: string, options: CancelOptions = {}): Request<ActionRun> {
    const { reason } = this.known("action.cancel", options, CANCEL);
    return ActionCancel.of({ runId, reason });
  }
}
