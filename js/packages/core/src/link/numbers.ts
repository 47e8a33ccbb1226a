/**
 * Write numbers, and which of them the server can still judge.
 *
 * The server remembers a client's writes in a ring of blocks by number. A write that is still
 * unanswered must not lose its place in the ring to a later one, or it could no longer be sent again
 * safely. So a block whose place holds an unanswered, older number is skipped: a long poll that
 * waits for minutes costs its neighbours a few numbers, and holds up nobody.
 */

import { SESSION_BLOCK_WRITES, SESSION_BLOCKS } from "../base/limits.generated.js";

const blockOf = (number: number): number => Math.floor(number / SESSION_BLOCK_WRITES);

/** Gives the numbers of one session, each once. */
export class WriteNumbers {
  #next = 1;
  readonly #unanswered = new Array<number>(SESSION_BLOCKS).fill(0);
  readonly #blockAt = new Array<number>(SESSION_BLOCKS).fill(0);

  /** The next number; `null` while every place in the ring has an unanswered write. */
  take(): number | null {
    let number = this.#next;
    for (let tried = 0; tried < SESSION_BLOCKS; tried++) {
      const block = blockOf(number);
      const place = block % SESSION_BLOCKS;
      const unanswered = this.#unanswered[place] ?? 0;
      if (unanswered === 0 || this.#blockAt[place] === block) {
        this.#blockAt[place] = block;
        this.#unanswered[place] = unanswered + 1;
        this.#next = number + 1;
        return number;
      }
      number = (block + 1) * SESSION_BLOCK_WRITES;
    }
    return null;
  }

  /** `number` was answered, or will not be sent again. */
  release(number: number): void {
    const place = blockOf(number) % SESSION_BLOCKS;
    this.#unanswered[place] = (this.#unanswered[place] ?? 0) - 1;
  }
}
