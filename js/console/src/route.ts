/**
 * Where the page is: `#/NAMESPACE/SCREEN/…?filter=…`.
 *
 * Everything that a screen shows by choice (filters, what is opened) stands in the address, so that
 * a link shows another person the same.
 */

import { useEffect, useState } from "preact/hooks";

export interface Route {
  readonly namespace: string;
  readonly screen: string;
  /** What follows the screen: names of what is opened. */
  readonly path: readonly string[];
  readonly filters: Readonly<Record<string, string>>;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [namespace = "", screen = "", ...rest] = path.split("/").map(decoded);
  return {
    namespace: namespace || "default",
    screen: screen || "overview",
    path: rest.filter((part) => part !== ""),
    filters: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function hrefOf(route: Route): string {
  const path = [route.namespace, route.screen, ...route.path].map(encodeURIComponent).join("/");
  const kept = Object.entries(route.filters).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept).toString();
  return query === "" ? `#/${path}` : `#/${path}?${query}`;
}

/** The link to a screen of the same namespace. */
export function linkTo(
  route: Route,
  screen: string,
  path: readonly string[] = [],
  filters: Readonly<Record<string, string>> = {},
): string {
  return hrefOf({ namespace: route.namespace, screen, path, filters });
}

/** Change filters in place: no new entry in the browser's history. */
export function setFilters(route: Route, change: Readonly<Record<string, string>>): void {
  // The address of now: another filter may have changed since the page was drawn.
  const { filters } = parseRoute(location.hash);
  history.replaceState(null, "", hrefOf({ ...route, filters: { ...filters, ...change } }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The filters of the address, as somebody reads them. */
export function wordsOf(filters: Readonly<Record<string, string>>): string {
  return Object.entries(filters)
    .filter(([name, value]) => value !== "" && name !== "order")
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
