/** When a page should look at its connection: it is online again, or it is seen again after a sleep. */

/** Call `callback` at each such moment; returns what ends this. */
export function onWaking(callback: () => void): () => void {
  const page = globalThis.document as Document | undefined; // a worker has none
  const shown = () => {
    if (page?.visibilityState === "visible") {
      callback();
    }
  };
  globalThis.addEventListener?.("online", callback);
  globalThis.addEventListener?.("pageshow", callback);
  page?.addEventListener("visibilitychange", shown);
  return () => {
    globalThis.removeEventListener?.("online", callback);
    globalThis.removeEventListener?.("pageshow", callback);
    page?.removeEventListener("visibilitychange", shown);
  };
}
