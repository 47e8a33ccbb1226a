/** Options that calls of several primitives take. */

import type { OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";

export interface ForceOptions {
  /** Although it is not empty. */
  readonly force?: boolean | null | undefined;
}

export interface ExtendOptions {
  /** Leases run out so long from now. Default: 30,000. */
  readonly extendMs?: Integer | null | undefined;
}

export const FORCE: OptionNames<ForceOptions> = { force: true };
