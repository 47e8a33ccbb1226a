/** Options that calls of several primitives take. */

import type { OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";

export interface ForceOptions {
  /** Whether to delete it although it is not empty. Default: false. */
  readonly force?: boolean | null | undefined;
}

export interface ExtendOptions {
  /** The new end of the lease, in milliseconds from now: up to ten years. Default: 30,000. */
  readonly extendMs?: Integer | null | undefined;
}

export const FORCE: OptionNames<ForceOptions> = { force: true };
