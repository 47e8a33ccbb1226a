/** What every screen stands on: the connection, and where the page is. */

import { isForbidden } from "@floruntime/core";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Client } from "./connection.js";
import type { PageOf } from "./live.js";
import type { Rights } from "./rights.js";
import type { Route } from "./route.js";

export interface Flo {
  readonly client: Client;
  readonly route: Route;
  readonly namespace: string;
  /** Of who is logged in; `null` until the server has told. */
  readonly rights: Rights | null;
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

/** JSON that somebody typed; nothing is `null`. Throws an `Error` that names the field. */
export function inputOf(text: string, field = "input"): unknown {
  if (text.trim() === "") {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${field} is no JSON: ${(error as Error).message}`);
  }
}

/** What was asked, or `null` where the token may not ask it. */
export async function unlessForbidden<T>(asked: Promise<T>): Promise<T | null> {
  return await asked.catch((error: unknown) => {
    if (isForbidden(error)) {
      return null;
    }
    throw error;
  });
}
