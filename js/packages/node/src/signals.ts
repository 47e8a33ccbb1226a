/**
 * SIGINT and SIGTERM for all workers of a process: the first stops them, a later one ends it.
 *
 * An application's own handlers are called beside, as Node does by itself; where it has some, ending is
 * theirs. Signals that come within a second are one: Ctrl-C reaches a whole group of processes, and
 * what watches over them (npm, say) passes it on.
 */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Signals as close together as this are one. */
const ONE_SIGNAL_MS = 1_000;

type Listener = () => void;

/** The process, as far as signals are concerned. */
export interface SignalTarget {
  readonly pid: number;
  on(name: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
  off(name: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
  listenerCount(name: string): number;
  kill(pid: number, name: NodeJS.Signals): unknown;
}

/** Who listens to the signals of a process. */
export class Signals {
  readonly #target: SignalTarget;
  readonly #nowMs: () => number;
  readonly #listeners = new Set<Listener>();
  readonly #received = (name: NodeJS.Signals): void => this.#receive(name);
  #isInstalled = false;
  #firstMs: number | null = null;
  #leaving: NodeJS.Timeout | undefined;

  constructor(target: SignalTarget, nowMs: () => number = () => performance.now()) {
    this.#target = target;
    this.#nowMs = nowMs;
  }

  /** Call `listener` on the first SIGINT or SIGTERM; returns what undoes this. */
  listen(listener: Listener): () => void {
    if (this.#listeners.size === 0) {
      this.#firstMs = null;
      this.#install();
    }
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) {
        this.#leave();
      }
    };
  }

  #receive(name: NodeJS.Signals): void {
    if (this.#firstMs === null) {
      this.#firstMs = this.#nowMs();
      for (const listener of [...this.#listeners]) {
        listener();
      }
    } else if (!this.#isOneWithTheFirst()) {
      this.#uninstall(); // the workers do not end: let the process
      if (this.#target.listenerCount(name) === 0) {
        this.#target.kill(this.#target.pid, name);
      }
    }
  }

  #isOneWithTheFirst(): boolean {
    return this.#firstMs !== null && this.#nowMs() - this.#firstMs < ONE_SIGNAL_MS;
  }

  /** Nobody listens any more. What belongs to the first signal does not end the process yet. */
  #leave(): void {
    if (!this.#isOneWithTheFirst()) {
      this.#uninstall();
      return;
    }
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => {
      if (this.#listeners.size === 0) {
        this.#uninstall();
      }
    }, ONE_SIGNAL_MS);
    this.#leaving.unref();
  }

  #install(): void {
    if (!this.#isInstalled) {
      this.#isInstalled = true;
      for (const name of SIGNALS) {
        this.#target.on(name, this.#received);
      }
    }
  }

  #uninstall(): void {
    clearTimeout(this.#leaving);
    this.#isInstalled = false;
    for (const name of SIGNALS) {
      this.#target.off(name, this.#received);
    }
  }
}

const ofThisProcess = new Signals(process);

/** Call `listener` on the first SIGINT or SIGTERM of this process; returns what undoes this. */
export function listen(listener: Listener): () => void {
  return ofThisProcess.listen(listener);
}
