/** A link of its own to one node of a cluster, beside the one that every call may go by. */

/** Sends one message, whose answer is due at that time. */
export type Send = (message: Uint8Array, dueMs: number) => void;

/** One that is up: which node it leads to, and when it was used last. */
export class Route {
  usedMs = 0;

  constructor(
    readonly node: string,
    readonly send: Send,
  ) {}
}
