/**
 * Who leads what, as far as a client was told, and by which route its calls go there. No I/O.
 *
 * A node that leads nothing of a namespace passes its requests on, and the answer tells who leads. So
 * a client needs to know neither how many partitions there are nor which namespace lies where. After
 * a few such answers it asks for a route; until that is up, and wherever none can be made, calls go
 * on as before. Any node passes on what it does not lead, so a route that leads to the wrong node by
 * now costs a detour, and no error.
 *
 * **Order.** What a client sends in one namespace arrives in that order, by whichever way. So where
 * its way changes while calls are under way on the one before, the next ones wait until those are
 * answered: one round trip. Long polls are not waited for.
 */

import {
  ConsoleLogin,
  ConsoleLogout,
  ConsoleOpen,
  NamespaceConfigure,
  NamespaceCreate,
  NamespaceDelete,
  NamespaceList,
  SessionOpen,
  TokenCreate,
  TokenList,
  TokenRevoke,
} from "../../wire/messages.generated.js";
import type { Call } from "../call.js";
import type { Route } from "./route.js";

/**
 * So many requests of a namespace are passed on before a route is asked for: programs that ask once
 * or twice make no connection more.
 */
export const PASSED_MIN = 4;
/** Of so many namespaces it is known who leads them. */
const NAMESPACES_KEPT = 10_000;

const OF_A_NAMESPACE: readonly unknown[] = [NamespaceConfigure, NamespaceCreate, NamespaceDelete];
const OF_THE_CLUSTER: readonly unknown[] = [
  ...[SessionOpen, NamespaceList, TokenCreate, TokenList, TokenRevoke],
  ...[ConsoleOpen, ConsoleLogin, ConsoleLogout],
];

/** The namespace whose leader answers it; `null` for what no namespace's leader answers. */
export function placeOf(call: Pick<Call, "request" | "namespace">): string | null {
  const kind: unknown = call.request.kind;
  if (OF_A_NAMESPACE.includes(kind)) {
    return (call.request.fields as { readonly name: string }).name;
  }
  const { role } = call.request.kind;
  const isLed = (role === "command" || role === "query") && !OF_THE_CLUSTER.includes(kind);
  return isLed ? call.namespace : null;
}

/** A namespace whose way changes: what must be answered before, and what waits for that. */
interface Move {
  readonly before: Set<number>;
  readonly waiting: Map<number, Call>;
}

/** Of one client. `want` asks for a route to a node; `null` where it can go to no other. */
export class Leads {
  /** The node that its first link leads to. */
  home = "";
  readonly #want: ((node: string) => void) | null;
  /** By namespace who leads it, and how many requests were passed on to him. */
  readonly #known = new Map<string, { leader: string; passed: number }>();
  readonly #routes = new Map<string, Route>();
  /** By namespace the route that its calls go by, where it is not the first link. */
  readonly #byPlace = new Map<string, Route>();
  readonly #moves = new Map<string, Move>();
  /** What has waited for others, and waits no longer. */
  #ready: Call[] = [];

  constructor(want: ((node: string) => void) | null) {
    this.#want = want;
  }

  /** Whether this client can go to others than the node that it is connected to. */
  get isWanted(): boolean {
    return this.#want !== null;
  }

  /** Those that are up. */
  get routes(): Route[] {
    return [...this.#routes.values()];
  }

  // What is known

  /** By which route a call goes; `null`: by the first link. */
  routeOf(call: Call): Route | null {
    if (this.#byPlace.size === 0) {
      return null;
    }
    const place = placeOf(call);
    return place === null ? null : (this.#byPlace.get(place) ?? null);
  }

  /** An answer told that a request was passed on to this node. */
  passedOn(place: string, leader: string, underWay: Iterable<Call>): void {
    const known = this.#known.get(place);
    const passed = known?.leader === leader ? known.passed + 1 : 1;
    this.#known.delete(place);
    this.#known.set(place, { leader, passed });
    this.#forgetOldest(underWay);
    const route = this.#routes.get(leader) ?? null;
    if (leader === this.home || route !== null) {
      this.#goBy(place, route, underWay);
    } else if (passed >= PASSED_MIN) {
      this.#want?.(leader);
    }
  }

  #forgetOldest(underWay: Iterable<Call>): void {
    if (this.#known.size > NAMESPACES_KEPT) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        this.#goBy(oldest, null, underWay);
        break;
      }
    }
  }

  // Routes

  /** From now on what that node leads goes there. */
  routeUp(route: Route, underWay: Iterable<Call>): void {
    this.#routes.set(route.node, route);
    for (const [place, { leader }] of this.#known) {
      if (leader === route.node) {
        this.#goBy(place, route, underWay);
      }
    }
  }

  /** What went there goes by the first link; what waited goes on waiting for its turn. */
  routeDown(route: Route): void {
    if (this.#routes.get(route.node) === route) {
      this.#routes.delete(route.node);
    }
    for (const [place, each] of this.#byPlace) {
      if (each === route) {
        this.#byPlace.delete(place);
      }
    }
  }

  #goBy(place: string, route: Route | null, underWay: Iterable<Call>): void {
    if ((this.#byPlace.get(place) ?? null) === route) {
      return;
    }
    if (route === null) {
      this.#byPlace.delete(place);
    } else {
      this.#byPlace.set(place, route);
    }
    const before = this.#moves.get(place)?.before ?? new Set<number>();
    for (const call of underWay) {
      if (call.route !== route && !call.isWait && placeOf(call) === place) {
        before.add(call.id);
      }
    }
    if (before.size > 0 && !this.#moves.has(place)) {
      this.#moves.set(place, { before, waiting: new Map() });
    }
  }

  // Order

  #moveOf(call: Call): Move | undefined {
    return this.#moves.size === 0 ? undefined : this.#moves.get(placeOf(call) ?? "");
  }

  /** Whether `call` waits for others before it; if so it is kept here. */
  holds(call: Call): boolean {
    const move = this.#moveOf(call);
    move?.waiting.set(call.id, call);
    return move !== undefined;
  }

  /** Whether it waits for others before it. */
  isWaiting(call: Call): boolean {
    return this.#moveOf(call)?.waiting.has(call.id) ?? false;
  }

  /** Nothing needs to wait for it any more. */
  answered(call: Call): void {
    const move = this.#moveOf(call);
    move?.before.delete(call.id);
    if (move?.before.size === 0) {
      this.#moves.delete(placeOf(call) ?? "");
      this.#ready.push(...move.waiting.values());
    }
  }

  /** What waits no longer, in the order in which it came. */
  takeReady(): readonly Call[] {
    if (this.#ready.length === 0) {
      return NOTHING;
    }
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  /** All that waits. */
  takeWaiting(): readonly Call[] {
    const waiting = [...this.#moves.values()].flatMap((move) => [...move.waiting.values()]);
    this.#moves.clear();
    return [...this.takeReady(), ...waiting];
  }

  /** It waits no longer, wherever it does. */
  abandon(call: Call): void {
    this.#moveOf(call)?.waiting.delete(call.id);
    if (this.#ready.length > 0) {
      this.#ready = this.#ready.filter((each) => each !== call);
    }
  }
}

const NOTHING: readonly Call[] = [];
