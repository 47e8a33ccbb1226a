/**
 * Write numbers, and which of them the server can still judge.
 *
 * The server remembers a client's writes in a ring of blocks by number. A write that is still
 * unanswered must not lose its place in the ring to a later one, or it could no longer be sent again
 * safely. So a block whose place holds an unanswered, older number is skipped: a long poll that
 * waits for minutes costs its neighbours a few numbers, and holds up nobody. Long polls get at most
 * half of the places, which they share where they began together; those beyond go without a number.
 */

import { SESSION_BLOCK_WRITES, SESSION_BLOCKS } from "../base/limits.generated.js";

const WAIT_PLACES_MAX = Math.floor(SESSION_BLOCKS / 2) - 1; // ActionCall waits, too, in places of its own

const blockOf = (number: number): number => Math.floor(number / SESSION_BLOCK_WRITES);
const placeOf = (number: number): number => blockOf(number) % SESSION_BLOCKS;

/** What is unanswered at one place of the ring. */
interface Place {
  block: number;
  unanswered: number;
  waits: number;
}

/** Gives the numbers of one session, each once. */
export class WriteNumbers {
  #next = 1;
  #waitPlaces = 0;
  readonly #waits = new Set<number>();
  readonly #places = Array.from({ length: SESSION_BLOCKS }, (): Place => {
    return { block: 0, unanswered: 0, waits: 0 };
  });

  /** The next number; `null` while every place in the ring has an unanswered write. */
  take(): number | null {
    const number = this.#find();
    if (number !== null) {
      const place = this.#at(number);
      place.block = blockOf(number);
      place.unanswered += 1;
      this.#next = number + 1;
    }
    return number;
  }

  /** A number for a long poll; `null` where long polls have as many places as they get. */
  takeForWait(): number | null {
    const next = this.#find();
    if (next === null || (this.#at(next).waits === 0 && this.#waitPlaces === WAIT_PLACES_MAX)) {
      return null;
    }
    const number = this.take() as number;
    const place = this.#at(number);
    this.#waitPlaces += place.waits === 0 ? 1 : 0;
    place.waits += 1;
    this.#waits.add(number);
    return number;
  }

  /** `number` was answered, or will not be sent again. */
  release(number: number): void {
    const place = this.#at(number);
    place.unanswered -= 1;
    if (this.#waits.delete(number)) {
      place.waits -= 1;
      this.#waitPlaces -= place.waits === 0 ? 1 : 0;
    }
  }

  /** The first number from the next one on whose place is free, or its block's own. */
  #find(): number | null {
    let number = this.#next;
    for (let tried = 0; tried < SESSION_BLOCKS; tried++) {
      const { unanswered, block } = this.#at(number);
      if (unanswered === 0 || block === blockOf(number)) {
        return number;
      }
      number = (blockOf(number) + 1) * SESSION_BLOCK_WRITES;
    }
    return null;
  }

  #at(number: number): Place {
    return this.#places[placeOf(number)] as Place;
  }
}
