/** What a person wants done before a worker's first work, and after its last. */

import type { FloClient } from "../api/client.js";
import { BadTypeError } from "../base/errors.js";
import type { FullLogger } from "../base/logger.js";
import { loggable } from "../base/printable.js";
import { typeName } from "../base/shown.js";

/** Called with the worker's client; if it returns a promise, that is awaited. */
export type WorkerHook = (client: FloClient) => unknown;

/** `hook`, if it is a function. Throws `BadTypeError`. */
export function checkFunction(field: string, hook: WorkerHook): WorkerHook {
  if (typeof hook !== "function") {
    throw new BadTypeError(`${field} takes a function, not ${typeName(hook)}`);
  }
  return hook;
}

/** Call them in order. Throws what one of them throws. */
export async function callHooks(hooks: readonly WorkerHook[], client: FloClient): Promise<void> {
  for (const hook of hooks) {
    await hook(client);
  }
}

/** Call them in order, each whatever became of the others. */
export async function callLastHooks(
  hooks: readonly WorkerHook[],
  client: FloClient,
  log: FullLogger,
): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook(client);
    } catch (error) {
      log.error("a function to run at the end of a worker failed:", loggable(error));
    }
  }
}
