/** What belongs to the whole server: jobs, namespaces, tokens, the audit, the cluster, facts. */

import type { ComponentType } from "preact";
import { useFlo } from "../flo.js";
import { count, duration } from "../format.js";
import { useLive } from "../live.js";
import { useMay } from "../parts/only.js";
import { Trouble } from "../parts/state.js";
import { Tabs } from "../parts/tabs.js";
import type { Needs } from "../rights.js";
import { Audit } from "./audit.js";
import { Cluster } from "./cluster.js";
import { Jobs } from "./jobs.js";
import { Namespaces } from "./namespaces.js";
import { Tokens } from "./tokens.js";

interface Part {
  readonly name: string;
  readonly title: string;
  readonly Screen: ComponentType;
  readonly needs: Needs;
}

const PARTS: readonly Part[] = [
  { name: "", title: "Server", Screen: Server, needs: { role: "worker" } },
  { name: "jobs", title: "Jobs", Screen: Jobs, needs: { role: "worker" } },
  { name: "namespaces", title: "Namespaces", Screen: Namespaces, needs: { role: "admin" } },
  { name: "tokens", title: "Tokens", Screen: Tokens, needs: { role: "admin" } },
  { name: "audit", title: "Audit", Screen: Audit, needs: { role: "backend" } },
  { name: "cluster", title: "Cluster", Screen: Cluster, needs: { role: "admin" } },
];

export function Settings() {
  const { route } = useFlo();
  const may = useMay();
  const offered = PARTS.filter(({ needs }) => may(needs));
  const open = offered.find(({ name }) => name === (route.path[0] ?? "")) ?? offered[0];
  return (
    <>
      <h1>Settings</h1>
      <Tabs screen="settings" tabs={offered.map(({ name, title }) => [name, title])} />
      {open === undefined ? null : <open.Screen />}
    </>
  );
}

function Server() {
  const { client } = useFlo();
  const { value: info, error } = useLive(() => client.info(), [client]);
  return (
    <>
      <Trouble error={error} />
      {info === null ? null : (
        <dl class="facts card">
          <dt>version</dt>
          <dd>{info.version}</dd>
          <dt>up for</dt>
          <dd>{duration(info.uptimeMs)}</dd>
          <dt>durability</dt>
          <dd>{info.durability}</dd>
          <dt>data directory</dt>
          <dd>{info.dataDir ?? "none: in memory"}</dd>
          <dt>connections</dt>
          <dd>{count(info.connections)}</dd>
          <dt>commands so far</dt>
          <dd>{count(info.commandsTotal)}</dd>
          <dt>disk</dt>
          <dd>{info.storageFull ? "nearly full: growth is refused" : "enough space"}</dd>
          <dt>backup</dt>
          <dd>
            while it runs, by <code>flo backup DIRECTORY</code>
          </dd>
        </dl>
      )}
    </>
  );
}
