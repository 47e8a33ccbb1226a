/** Whether somebody looks: a page that is hidden asks for nothing and has no timer. */

/** Tells when the page comes to the front, and when it goes; answers what ends that. */
export function onSight(tell: (isInSight: boolean) => void): () => void {
  const changed = () => tell(!document.hidden);
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

/** Until the page is in front. */
export async function untilInSight(): Promise<void> {
  if (document.hidden) {
    await new Promise<void>((resolve) => {
      const offSight = onSight(() => {
        offSight();
        resolve();
      });
    });
  }
}

export interface Gathered {
  /** There is something to show. */
  readonly ask: () => void;
  readonly end: () => void;
}

/** Shows what comes together at once, a moment after the first; what comes unseen, when it is seen. */
export function gathered(show: () => void, afterMs: number): Gathered {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const now = () => {
    timer = undefined;
    isDue = false;
    show();
  };
  const ask = () => {
    isDue = true;
    if (!document.hidden) {
      timer ??= setTimeout(now, afterMs);
    }
  };
  const offSight = onSight((isInSight) => {
    clearTimeout(timer);
    timer = undefined;
    if (isInSight && isDue) {
      now();
    }
  });
  const end = () => {
    clearTimeout(timer);
    offSight();
  };
  return { ask, end };
}
