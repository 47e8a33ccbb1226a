/** Results on their way to the server, in the order in which handlers finished. */

import { BadRequestError } from "../base/errors.js";
import { LIMIT_MAX, MIB } from "../base/limits.generated.js";
import { NO_BYTES } from "../base/schema.js";
import type { Task, TaskResult } from "../wire/messages.generated.js";

const EXCHANGE_BYTES_MAX = MIB; // outputs of one exchange together; a single larger one goes alone

/** How a run ended, and until when it was ours. */
export interface Ended {
  readonly result: TaskResult;
  readonly leaseEndsMs: number;
}

/** What is not delivered yet. `valueBytesMax`: the largest output that the server takes. */
export class Results {
  readonly #valueBytesMax: number;
  #waiting: Ended[] = [];

  constructor(valueBytesMax: number) {
    this.#valueBytesMax = valueBytesMax;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Throws `BadRequestError` on an output that the server would refuse. */
  check(output: Uint8Array): void {
    if (output.length > this.#valueBytesMax) {
      throw new BadRequestError(
        `output has ${output.length} bytes; this server takes at most ${this.#valueBytesMax}`,
      );
    }
  }

  add(ended: Ended): void {
    this.#waiting.push(ended);
  }

  /** These were not delivered after all. Sending them twice is safe: leases fence them. */
  putBack(taken: readonly Ended[]): void {
    this.#waiting = [...taken, ...this.#waiting];
  }

  /** As many as go into one exchange. */
  take(): Ended[] {
    let sizeBytes = 0;
    let count = 0;
    for (const { result } of this.#waiting.slice(0, LIMIT_MAX)) {
      sizeBytes += result.output.length;
      if (count > 0 && sizeBytes > EXCHANGE_BYTES_MAX) {
        break;
      }
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

/** How a claimed run ended. */
export function resultOf(
  { runId, lease }: Pick<Task, "runId" | "lease">,
  told: Partial<TaskResult>,
): TaskResult {
  return {
    runId,
    lease,
    output: NO_BYTES,
    outcome: "success",
    error: null,
    retry: true,
    lost: false,
    progress: null,
    progressNote: null,
    ...told,
  };
}
