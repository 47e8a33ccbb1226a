/** What stands where there is nothing to show: nothing yet, nothing at all, or an error. */

import type { ComponentChildren } from "preact";

export function Trouble({ error }: { error: Error | null }) {
  return error === null ? null : (
    <p class="trouble" role="alert">
      {error.message}
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Loading() {
  return (
    <p class="empty" aria-busy="true">
      Loading…
    </p>
  );
}
