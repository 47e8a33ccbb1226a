/**
 * Waiting for the abort of a signal, however many do: Node warns of a leak where a signal has more
 * than ten listeners, and a worker's calls, say, share one.
 */

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/** Call back once `signal` is aborted; returns what undoes this. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) {
    return () => undefined;
  }
  const callbacks = callbacksOf(signal);
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

function callbacksOf(signal: AbortSignal): Set<() => void> {
  const known = listeners.get(signal);
  if (known !== undefined) {
    return known;
  }
  const callbacks = new Set<() => void>();
  listeners.set(signal, callbacks);
  const aborted = () => {
    for (const callback of [...callbacks]) {
      callback();
    }
  };
  signal.addEventListener("abort", aborted, { once: true });
  return callbacks;
}

/** `promise`, or the signal's reason if it is aborted first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const forget = onAbort(signal, () => reject(signal?.reason));
    promise.then(resolve, reject).finally(forget);
  });
}
