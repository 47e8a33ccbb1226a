/** Whether somebody looks: a page that is hidden asks for nothing and has no timer. */

/** Tells when the page comes to the front, and when it goes; answers what ends that. */
export function onSight(tell: (isInSight: boolean) => void): () => void {
  const changed = () => tell(!document.hidden);
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}
