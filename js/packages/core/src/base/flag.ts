import { onAbort } from "./abort.js";

/** Something that is so or not so; one can wait until it is. */
export class Flag {
  #isSet = false;
  #waiters = new Set<() => void>();

  get isSet(): boolean {
    return this.#isSet;
  }

  set(): void {
    this.#isSet = true;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) {
      wake();
    }
  }

  clear(): void {
    this.#isSet = false;
  }

  /** Resolves once it is set. Rejects with the signal's reason when it is aborted first. */
  wait(signal?: AbortSignal): Promise<void> {
    if (this.#isSet) {
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const wake = () => {
        forget();
        resolve();
      };
      const forget = onAbort(signal, () => {
        this.#waiters.delete(wake);
        reject(signal?.reason);
      });
      this.#waiters.add(wake);
    });
  }
}

/** A promise, and what settles it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Pick<Deferred<T>, "resolve" | "reject">) };
}
