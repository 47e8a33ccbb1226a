/** How many calls may be in flight. */

import type { Call } from "./call.js";

/** What long polls leave free of it. */
const FREE_OF_WAITS = 256;

/** Whether `call` may go out beside so many, some of them waits, where there may be `most`. */
export function hasRoomFor(call: Call, calls: number, waits: number, most: number): boolean {
  if (calls >= most) {
    return false;
  }
  const free = Math.min(FREE_OF_WAITS, Math.floor(most / 2));
  return !call.isWait || waits < most - free;
}
