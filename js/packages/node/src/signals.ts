/** SIGINT and SIGTERM for all workers of a process: the first stops them, the second ends it. */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

type Listener = () => void;

const listeners = new Set<Listener>();

/**
 * Call `listener` on the first SIGINT or SIGTERM; returns what undoes this.
 *
 * Nobody listens any more after the last listener has gone, or after the first signal: a second one
 * is not held up by a worker that does not end.
 */
export function listen(listener: Listener): () => void {
  if (listeners.size === 0) {
    for (const name of SIGNALS) {
      process.on(name, received);
    }
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      ignore();
    }
  };
}

function received(): void {
  ignore();
  for (const listener of [...listeners]) {
    listener();
  }
}

function ignore(): void {
  for (const name of SIGNALS) {
    process.off(name, received);
  }
}
