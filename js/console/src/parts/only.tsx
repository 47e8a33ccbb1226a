/** What a token may not do is not offered. The server refuses it all the same. */

import type { ComponentChildren } from "preact";

import { useFlo } from "../flo.js";

const ROLES = ["web", "worker", "backend", "admin"];

export interface OnlyProps {
  /** The lowest role that may do it. */
  readonly role: "worker" | "backend" | "admin";
  readonly children: ComponentChildren;
}

export function Only({ role, children }: OnlyProps) {
  return <>{useMay()(role) ? children : null}</>;
}

/** Whether who is logged in has at least this role. */
export function useMay(): (role: OnlyProps["role"]) => boolean {
  const { role: own } = useFlo();
  return (role) => own !== null && ROLES.indexOf(own) >= ROLES.indexOf(role);
}
