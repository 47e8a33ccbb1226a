/** What stands where there is nothing to show: nothing yet, nothing at all, or an error. */

import type { ComponentChildren } from "preact";

import { shown } from "../format.js";
import { Name } from "./name.js";

export function Trouble({ error }: { error: Error | null }) {
  return error === null ? null : (
    <p class="trouble" role="alert">
      {shown(error.message)}
    </p>
  );
}

/** A page of one thing that is not there (yet): its name, and why. */
export function NotYet({ name, error }: { name: string; error: Error | null }) {
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      {error === null ? <Loading /> : <Trouble error={error} />}
    </>
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
