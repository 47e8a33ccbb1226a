import { BadTypeError } from "./errors.js";
import { typeName } from "./shown.js";

/** Who is told of one kind of event; each in a turn of its own, out of the way of what happened. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<{ readonly call: (...args: Args) => unknown }>();
  readonly #failed: (error: unknown) => void;

  /** `failed`: what is told of a listener that throws, or whose promise is rejected. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Call `call` each time; returns what ends this. Throws `BadTypeError` where it is no function. */
  add(call: (...args: Args) => unknown): () => void {
    if (typeof call !== "function") {
      throw new BadTypeError(`a listener must be a function, not ${typeName(call)}`);
    }
    const listener = { call };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(...args: Args): void {
    for (const listener of this.#listeners) {
      Promise.resolve()
        .then(() => (this.#listeners.has(listener) ? listener.call(...args) : undefined))
        .catch(this.#failed);
    }
  }
}
