/**
 * Whether anything changed on the server: one small question for all that a page shows, so that a page
 * at rest asks for nothing else.
 */

import { type FloClient, isForbidden } from "@floruntime/core";

import { onSight } from "./sight.js";

const LOOK_MS = 2_000;
/** What changes with time alone (ages, who is late) is asked for so often, too. */
const SLOW_MS = 10_000;

const pulses = new WeakMap<FloClient, Pulse>();

/** Calls `heard` when something may have changed, in two seconds at most; answers what ends that. */
export function onChanges(client: FloClient, heard: () => void): () => void {
  const pulse = pulses.get(client) ?? new Pulse(client);
  pulses.set(client, pulse);
  return pulse.listen(heard);
}

class Pulse {
  readonly #client: FloClient;
  readonly #listeners = new Set<() => void>();
  #end: () => void = () => undefined;
  /** Which state was seen last; `null`: none, so that the next one is news to nobody. */
  #seen: string | null = null;
  #toldMs = 0;
  /** Who may not ask can only guess. */
  #isForbidden = false;

  constructor(client: FloClient) {
    this.#client = client;
  }

  listen(heard: () => void): () => void {
    this.#listeners.add(heard);
    if (this.#listeners.size === 1) {
      this.#begin();
    }
    return () => {
      this.#listeners.delete(heard);
      if (this.#listeners.size === 0) {
        this.#end();
      }
    };
  }

  /** Look at once, then every two seconds, while somebody listens and the page is in front. */
  #begin(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let round = 0;
    const look = async () => {
      round += 1;
      const own = round;
      await this.#look(() => own === round);
      if (own === round) {
        timer = setTimeout(look, LOOK_MS);
      }
    };
    const stop = () => {
      round += 1;
      clearTimeout(timer);
    };
    const start = () => {
      // What stands on the page is asked for anew at this moment, by whoever shows it.
      this.#seen = null;
      this.#toldMs = performance.now();
      void look();
    };
    const offSight = onSight((isInSight) => {
      stop();
      if (isInSight) {
        start();
      }
    });
    this.#end = () => {
      stop();
      offSight();
    };
    if (!document.hidden) {
      start();
    }
  }

  async #look(isWanted: () => boolean): Promise<void> {
    const isFirst = this.#seen === null;
    const found = this.#isForbidden ? null : await this.#state();
    if (!isWanted()) {
      return;
    }
    const isSame = found !== null && (isFirst || found === this.#seen);
    this.#seen = found ?? "unknown";
    if (!isSame || performance.now() - this.#toldMs >= SLOW_MS) {
      this.#toldMs = performance.now();
      for (const heard of [...this.#listeners]) {
        heard();
      }
    }
  }

  /** The state of the server as a name; `null`: it cannot be told. */
  async #state(): Promise<string | null> {
    try {
      const { history, changesTotal } = await this.#client.info();
      return `${history} ${changesTotal}`;
    } catch (error) {
      this.#isForbidden = isForbidden(error);
      return null;
    }
  }
}
