/** What every screen stands on: the connection, and where the page is. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Client } from "./connection.js";
import type { PageOf } from "./live.js";
import type { Route } from "./route.js";

export interface Flo {
  readonly client: Client;
  readonly route: Route;
  readonly namespace: string;
  /** Of who is logged in; `null` until the server has told. */
  readonly role: string | null;
}

export const FloContext = createContext<Flo | null>(null);

export function useFlo(): Flo {
  const flo = useContext(FloContext);
  if (flo === null) {
    throw new Error("a screen stands within the application");
  }
  return flo;
}

/** A page of a listing as `usePages` takes it. */
export function asPage<T>(page: readonly T[] & { readonly cursor: string | null }): PageOf<T> {
  return { items: [...page], cursor: page.cursor };
}

/** Texts that stand in the payload's place are JSON where they parse, else the text itself. */
export function inputOf(text: string): unknown {
  return text.trim() === "" ? null : JSON.parse(text);
}
