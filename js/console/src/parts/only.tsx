/** What a token may not do is not offered. The server refuses it all the same. */

import type { ComponentChildren } from "preact";

import { useFlo } from "../flo.js";
import { mayDo, type Needs } from "../rights.js";

export interface OnlyProps extends Needs {
  readonly children: ComponentChildren;
}

export function Only({ role, scope, children }: OnlyProps) {
  return <>{useMay()({ role, scope }) ? children : null}</>;
}

/** Whether who is logged in may do something. */
export function useMay(): (needs: Needs) => boolean {
  const { rights } = useFlo();
  return (needs) => mayDo(rights, needs);
}
