/** The frame around every screen: where one is, where one can go, and whether the server answers. */

import { isForbidden, isUnauthorized } from "@floruntime/core";
import type { ComponentType } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { type Client, newClient } from "./connection.js";
import { FloContext } from "./flo.js";
import { useLive } from "./live.js";
import { hrefOf, linkTo, type Route, useRoute } from "./route.js";
import { Actions } from "./screens/actions.js";
import { Keys } from "./screens/keys.js";
import { Overview } from "./screens/overview.js";
import { Queues } from "./screens/queues.js";
import { Settings } from "./screens/settings.js";
import { Streams } from "./screens/streams.js";
import { Workflows } from "./screens/workflows.js";

const FIRST: readonly [string, ComponentType] = ["Overview", Overview];
const SCREENS: ReadonlyMap<string, readonly [string, ComponentType]> = new Map([
  ["overview", FIRST],
  ["workflows", ["Workflows", Workflows]],
  ["actions", ["Actions", Actions]],
  ["queues", ["Queues", Queues]],
  ["streams", ["Streams", Streams]],
  ["keys", ["Keys", Keys]],
  ["settings", ["Settings", Settings]],
]);

export interface AppProps {
  readonly token: string;
  /** `null`: by choice; else why the session is over. */
  readonly onLogOut: (why: string | null) => void;
}

export function App({ token, onLogOut }: AppProps) {
  const route = useRoute();
  const { namespace } = route;
  const client = useMemo(() => newClient(token, namespace), [token, namespace]);
  const isConnected = useConnection(client, onLogOut);
  const who = useLive(() => client.tokens.whoami(), [client], 0);
  const role = who.value?.role ?? null;
  const [title, Screen] = SCREENS.get(route.screen) ?? FIRST;
  useEffect(() => {
    document.title = [...route.path, title, "Flo"].join(" · ");
  });
  return (
    <FloContext.Provider value={{ client, route, namespace, role }}>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href={linkTo(route, "overview")} aria-label="Flo, overview">
          <img src="/console/icon.svg" alt="" width="26" height="26" />
          Flo
        </a>
        <Namespaces client={client} route={route} />
        <span class="spring" />
        <span class={isConnected ? "link-state on" : "link-state"} role="status">
          {isConnected ? "live" : "connecting…"}
        </span>
        {role === null ? null : <span class="quiet">{role}</span>}
        <button type="button" class="plain" onClick={() => onLogOut(null)}>
          Log out
        </button>
      </header>
      <nav aria-label="Screens">
        {[...SCREENS].map(([name, [text]]) => (
          <a
            key={name}
            href={linkTo(route, name)}
            aria-current={route.screen === name ? "page" : undefined}
          >
            {text}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} key={`${namespace}/${route.screen}`}>
        <Screen />
      </main>
    </FloContext.Provider>
  );
}

function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Connect, close at the end, and log out where the server refuses the token for good. */
function useConnection(client: Client, onLogOut: (why: string) => void): boolean {
  const [isConnected, setConnected] = useState(false);
  useEffect(() => {
    const refused = (error: unknown) => {
      if (isUnauthorized(error) || isForbidden(error)) {
        onLogOut((error as Error).message);
      }
    };
    const offConnect = client.onConnect(() => setConnected(true));
    const offDisconnect = client.onDisconnect((reason) => {
      setConnected(false);
      refused(reason);
    });
    client.connect().catch(refused);
    return () => {
      offConnect();
      offDisconnect();
      void client.close();
    };
  }, [client]);
  return isConnected;
}

const NAMESPACES_MS = 10_000;

function Namespaces({ client, route }: { client: Client; route: Route }) {
  const load = async () => (await client.namespaces.list({ limit: 1_000 })).map(({ name }) => name);
  const { value } = useLive(load, [client], NAMESPACES_MS);
  const names = [...new Set([...(value ?? []), route.namespace])].sort();
  return (
    <label class="namespace">
      <span class="quiet">namespace</span>
      <select
        value={route.namespace}
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
