/**
 * Makes the routes that are asked for, and lets go of those that nobody uses. A route is never needed:
 * where it cannot be made, or is lost, calls go by the first link. Where that one is lost, a route takes
 * its place.
 *
 * It greets as the first link did, with the same token. What answers there must be of the same
 * cluster, and know the client as the same one: behind an advertised address may be anything.
 */

import type { Clock, Timer } from "../../base/clock.js";
import { ConnectionFailedError, type FloError } from "../../base/errors.js";
import type { Welcome } from "../../wire/messages.generated.js";
import type { Request } from "../../wire/request.js";
import { Connection, type ConnectionOwner } from "../connection.js";
import type { UnderWay } from "../pulse.js";
import type { Transport } from "../transport.js";
import { Route } from "./route.js";

/** A client has so many connections beside its first at most. */
export const ROUTES_MAX = 8;
/** How long a route may take to be made. */
const OPEN_MS_MAX = 3_000;
/** A route that nothing used for so long is let go. */
export const IDLE_MS = 60_000;
/** When a node is tried again, after the first failure and after many. */
export const AGAIN_MS_MIN = 1_000;
const AGAIN_MS_MAX = 300_000;

/** Whose calls go there: the exchange. */
export interface RoutedCalls {
  readonly session: string;
  receive(message: Uint8Array): void;
  underWay(route: Route): UnderWay | null;
  routeUp(route: Route): void;
  routeDown(route: Route, error: FloError): void;
}

/** How the first link greeted, and was greeted. */
interface Greeting {
  readonly hello: Request<Welcome>;
  readonly welcome: Welcome;
  readonly session: string;
}

/** A route that is to be the first link. */
export interface Promoted {
  readonly connection: Connection;
  readonly route: Route;
  readonly welcome: Welcome;
}

interface Kept {
  readonly connection: Connection;
  readonly route: Route;
  /** How it was greeted; until then, how the first link was. */
  welcome: Welcome;
  sinceMs: number;
  timer: Timer | null;
}

export interface KeeperOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The routes of one client. */
export class RouteKeeper {
  readonly #options: KeeperOptions;
  readonly #calls: RoutedCalls;
  #greeting: Greeting | null = null;
  readonly #opening = new Map<string, Connection>();
  readonly #open = new Map<string, Kept>();
  readonly #closing = new Set<Promise<void>>();
  /** By node when it may be tried again, and how often in a row it failed. */
  readonly #failed = new Map<string, { againMs: number; failures: number }>();

  constructor(options: KeeperOptions, calls: RoutedCalls) {
    this.#options = options;
    this.#calls = calls;
  }

  /** The first link is up. Routes that greeted as somebody else, or elsewhere, are let go. */
  greeted(hello: Request<Welcome>, welcome: Welcome): void {
    const before = this.#greeting;
    const { session } = this.#calls;
    this.#greeting = { hello, welcome, session };
    if (before !== null && !(before.session === session && isSame(before.welcome, welcome))) {
      this.letGo("the client is another one to the cluster by now");
    }
  }

  /** Make a route to `node`, unless there is one, there are too many, or it failed lately. */
  want(node: string): void {
    const isThere = this.#open.has(node) || this.#opening.has(node);
    const isFull = this.#open.size + this.#opening.size >= ROUTES_MAX;
    const againMs = this.#failed.get(node)?.againMs ?? 0;
    const transport = this.#options.transport.at?.(node) ?? null;
    const isTooSoon = this.#options.clock.nowMs() < againMs;
    if (!(isThere || isFull || isTooSoon) && this.#greeting !== null && transport !== null) {
      void this.#make(node, transport, this.#greeting);
    }
  }

  async #make(node: string, transport: Transport, home: Greeting): Promise<void> {
    const { clock, timeoutMs, namespace } = this.#options;
    const connection: Connection = new Connection(clock, timeoutMs, {
      receive: (message) => this.#calls.receive(message),
      underWay: () => this.#calls.underWay(kept.route),
      lost: (_, error) => this.#lost(kept, error),
    });
    const route = new Route(node, (message, dueMs) => connection.send(message, dueMs));
    const kept: Kept = { connection, route, welcome: home.welcome, sinceMs: 0, timer: null };
    this.#opening.set(node, connection);
    try {
      const withinMs = Math.min(OPEN_MS_MAX, timeoutMs);
      const welcome = await connection.open(
        transport,
        home.hello,
        namespace,
        withinMs,
        () => undefined,
      );
      this.#check(connection, home, welcome);
      this.#opening.delete(node);
      kept.welcome = welcome;
      this.#isUp(kept);
    } catch {
      this.#opening.delete(node);
      this.#hasFailed(node);
      await connection.close();
    }
  }

  #check(connection: Connection, home: Greeting, welcome: Welcome): void {
    if (!isSame(home.welcome, welcome)) {
      throw new ConnectionFailedError("the server there does not belong to the same cluster");
    }
    if (connection.isOver || home.session !== this.#calls.session) {
      throw new ConnectionFailedError("the connection ended as soon as it was made");
    }
  }

  #isUp(kept: Kept): void {
    kept.sinceMs = kept.route.usedMs = this.#options.clock.nowMs();
    this.#open.set(kept.route.node, kept);
    this.#lookLater(kept);
    this.#calls.routeUp(kept.route);
  }

  #hasFailed(node: string): void {
    const failures = this.#failed.get(node)?.failures ?? 0;
    const pauseMs = Math.min(AGAIN_MS_MIN * 2 ** Math.min(failures, 20), AGAIN_MS_MAX);
    const againMs = this.#options.clock.nowMs() + pauseMs;
    this.#failed.set(node, { againMs, failures: failures + 1 });
  }

  /** The first link is lost: the route that was used last is `owner`'s, if there is one. */
  promote(owner: ConnectionOwner): Promoted | null {
    const [first, ...others] = this.#open.values();
    if (first === undefined) {
      return null;
    }
    const kept = others.reduce(
      (one, other) => (other.route.usedMs > one.route.usedMs ? other : one),
      first,
    );
    const { connection, route, welcome } = kept;
    this.#open.delete(route.node);
    kept.timer?.cancel();
    connection.giveTo(owner);
    return { connection, route, welcome };
  }

  // Their ends

  #lost(kept: Kept, error: FloError): void {
    const { node } = kept.route;
    if (this.#open.get(node) !== kept) {
      return;
    }
    if (this.#options.clock.nowMs() - kept.sinceMs > IDLE_MS) {
      this.#failed.delete(node);
    }
    this.#hasFailed(node);
    this.#takeDown(kept, error);
  }

  #takeDown(kept: Kept, error: FloError): void {
    this.#open.delete(kept.route.node);
    kept.timer?.cancel();
    this.#calls.routeDown(kept.route, error);
  }

  #lookLater(kept: Kept): void {
    const { clock } = this.#options;
    kept.timer = clock.callAt(clock.nowMs() + IDLE_MS, () => this.#look(kept));
  }

  #look(kept: Kept): void {
    const isIdle = this.#options.clock.nowMs() - kept.route.usedMs >= IDLE_MS;
    if (isIdle && this.#calls.underWay(kept.route) === null) {
      this.#end(kept, "nothing used it");
    } else {
      this.#lookLater(kept);
    }
  }

  #end(kept: Kept, reason: string): void {
    this.#takeDown(kept, new ConnectionFailedError(reason, { ran: "maybe" }));
    this.#close(kept.connection);
  }

  #close(connection: Connection): void {
    const closing = connection.close();
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }

  /** End all routes; what is under way on them goes by the first link. */
  letGo(reason: string): void {
    for (const connection of this.#opening.values()) {
      this.#close(connection);
    }
    for (const kept of [...this.#open.values()]) {
      this.#end(kept, reason);
    }
  }

  /** Leave nothing behind. */
  async close(): Promise<void> {
    this.#greeting = null;
    this.letGo("the client was closed");
    await Promise.all(this.#closing);
  }
}

/** Whether both are of one cluster, to which the client is the same one. */
function isSame(one: Welcome, other: Welcome): boolean {
  const isOne = one.history === other.history && one.holder === other.holder;
  return other.nodes.length > 0 && isOne;
}
