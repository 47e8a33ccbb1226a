/** The frame around every screen: where one is, where one can go, and whether the server answers. */

import { type Identity, isForbidden, isUnauthorized } from "@floruntime/core";
import type { ComponentType } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Client, newClient } from "./connection.js";
import { FloContext, unlessForbidden } from "./flo.js";
import { ago } from "./format.js";
import { useLive } from "./live.js";
import { mayDo, type Needs, type Rights } from "./rights.js";
import { hrefOf, linkTo, type Route, useRoute } from "./route.js";
import { Actions } from "./screens/actions.js";
import { Keys } from "./screens/keys.js";
import { Overview } from "./screens/overview.js";
import { Queues } from "./screens/queues.js";
import { Settings } from "./screens/settings.js";
import { Streams } from "./screens/streams.js";
import { Workflows } from "./screens/workflows.js";

interface Place {
  readonly name: string;
  readonly title: string;
  readonly Screen: ComponentType;
  /** Offered to those who may do one of these. */
  readonly needs: readonly Needs[];
}

const OVERVIEW: Place = {
  name: "overview",
  title: "Overview",
  Screen: Overview,
  needs: [{ role: "worker", scope: "read:queue:*" }],
};
const SETTINGS: Place = {
  name: "settings",
  title: "Settings",
  Screen: Settings,
  needs: [{ role: "worker" }],
};
const PLACES: readonly Place[] = [
  OVERVIEW,
  place("workflows", "Workflows", Workflows, "worker", "workflow", ["read", "write"]),
  place("actions", "Actions", Actions, "worker", "action", ["read", "write"]),
  place("queues", "Queues", Queues, "worker", "queue", ["read", "write"]),
  place("streams", "Streams", Streams, "web", "stream", ["read", "group", "append"]),
  place("keys", "Keys", Keys, "web", "kv", ["read", "write"]),
  SETTINGS,
];
const SOON_MS = 15 * 60_000;

function place(
  name: string,
  title: string,
  Screen: ComponentType,
  role: Needs["role"],
  primitive: string,
  actions: readonly string[],
): Place {
  const needs = actions.map((action) => ({ role, scope: `${action}:${primitive}:*` }));
  return { name, title, Screen, needs };
}

export interface AppProps {
  readonly token: string;
  readonly onLogOut: () => void;
  /** The server takes the token no (more); `wasOpen`: it took it before. */
  readonly onRefused: (why: string, wasOpen: boolean) => void;
}

export function App({ token, onLogOut, onRefused }: AppProps) {
  const route = useRoute();
  const { namespace } = route;
  const client = useMemo(() => newClient(token, namespace), [token, namespace]);
  const isConnected = useConnection(client, onRefused);
  const who = useLive(() => client.tokens.whoami(), [client], 0).value;
  const rights: Rights | null = who;
  const offered = PLACES.filter(({ needs }) => needs.some((each) => mayDo(rights, each)));
  const open = offered.find(({ name }) => name === route.screen) ?? offered[0];
  useEffect(() => {
    document.title = [...route.path, open?.title ?? "", "Flo"].filter(Boolean).join(" · ");
  });
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone not all of them have room.
    const chosen = nav.current?.querySelector("[aria-current]");
    chosen?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [open?.name]);
  return (
    <FloContext.Provider value={{ client, route, namespace, rights }}>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href={linkTo(route, "overview")} aria-label="Flo, overview">
          <img src="/console/icon.svg" alt="" width="26" height="26" />
          Flo
        </a>
        <Namespaces client={client} route={route} who={who} />
        <span class="spring" />
        <span class={isConnected ? "link-state on" : "link-state"} role="status">
          {isConnected ? "live" : "connecting…"}
        </span>
        {who === null ? null : <Who who={who} />}
        <button type="button" class="plain" onClick={onLogOut}>
          Log out
        </button>
      </header>
      <nav ref={nav} aria-label="Screens">
        {offered.map(({ name, title }) => (
          <a
            key={name}
            href={linkTo(route, name)}
            aria-current={open?.name === name ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} key={`${namespace}/${open?.name}`}>
        {open !== undefined ? (
          <open.Screen />
        ) : who === null ? (
          <p class="empty" aria-busy="true">
            Loading…
          </p>
        ) : (
          <h1>This token gives access to no screen.</h1>
        )}
      </main>
    </FloContext.Provider>
  );
}

/** The role, with the scopes to be read; and when the session ends, once that is soon. */
function Who({ who }: { who: Identity }) {
  const isSoon = who.expiresAtMs !== null && Number(who.expiresAtMs) - Date.now() < SOON_MS;
  return (
    <span class="quiet" title={who.scopes?.join("\n")}>
      {who.role}
      {who.scopes === null ? "" : ", limited by scopes"}
      {isSoon ? `, ends ${ago(who.expiresAtMs ?? 0)}` : ""}
    </span>
  );
}

function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Connect, close at the end, and tell where the server refuses the token for good. */
function useConnection(client: Client, onRefused: AppProps["onRefused"]): boolean {
  const [isConnected, setConnected] = useState(false);
  const wasOpen = useRef(false);
  useEffect(() => {
    let isOver = false;
    const refused = (error: unknown) => {
      if (!isOver && (isUnauthorized(error) || isForbidden(error))) {
        onRefused((error as Error).message, wasOpen.current);
      }
    };
    const offConnect = client.onConnect(() => {
      wasOpen.current = true;
      setConnected(true);
    });
    const offDisconnect = client.onDisconnect((reason) => {
      setConnected(false);
      refused(reason);
    });
    client.connect().catch(refused);
    return () => {
      isOver = true;
      offConnect();
      offDisconnect();
      void client.close();
    };
  }, [client]);
  return isConnected;
}

/** They are few and rarely made; whoever opens the choice sees those of now. */
const NAMESPACES_MS = 60_000;

interface NamespacesProps {
  readonly client: Client;
  readonly route: Route;
  readonly who: Identity | null;
}

/** Those that there are, or those that the token is for. */
function Namespaces({ client, route, who }: NamespacesProps) {
  const load = async () => await unlessForbidden(client.namespaces.list({ limit: 1_000 }));
  const { value, reload } = useLive(load, [client], NAMESPACES_MS);
  const found = value?.map(({ name }) => name) ?? who?.namespaces ?? [];
  const names = [...new Set([...found, route.namespace])].sort();
  return (
    <label class="namespace">
      <span class="quiet">namespace</span>
      <select
        value={route.namespace}
        onFocus={reload}
        onChange={(event) => {
          const namespace = (event.currentTarget as HTMLSelectElement).value;
          location.assign(hrefOf({ namespace, screen: route.screen, path: [], filters: {} }));
        }}
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
