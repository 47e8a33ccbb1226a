/** What belongs to the whole server: jobs, namespaces, tokens, the audit, the cluster, facts. */

import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { useFlo } from "../flo.js";
import { bytes, count, duration } from "../format.js";
import { LIVE_MS, useLive } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only, useMay } from "../parts/only.js";
import { Loading, Trouble } from "../parts/state.js";
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

const BACKUP_MS = 3_600_000;

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
  const { value: info, error } = useLive(() => client.info(), [client], LIVE_MS);
  return (
    <>
      <Trouble error={error} />
      {info === null && error === null ? <Loading /> : null}
      {info === null ? null : (
        <dl class="facts card">
          <dt>version</dt>
          <dd>{info.version}</dd>
          <dt>uptime</dt>
          <dd>{duration(info.uptimeMs)}</dd>
          <dt>durability</dt>
          <dd>{info.durability}</dd>
          <dt>data directory</dt>
          <dd>{info.dataDir ?? "none: data is in memory"}</dd>
          <dt>connections</dt>
          <dd>{count(info.connections)}</dd>
          <dt>commands since start</dt>
          <dd>{count(info.commandsTotal)}</dd>
          <dt>disk</dt>
          <dd>
            {info.diskFreeBytes === null ? "none" : `${bytes(info.diskFreeBytes)} free`}
            {info.storageFull ? ", nearly full: the server refuses writes that need space" : ""}
          </dd>
        </dl>
      )}
      <Only role="admin">
        <Backup />
      </Only>
    </>
  );
}

/** A copy while all goes on; where it lies is said, and stays on the page. */
function Backup() {
  const { client } = useFlo();
  const act = useAct();
  const [isOpen, setOpen] = useState(false);
  const [isUnderWay, setUnderWay] = useState(false);
  const [path, setPath] = useState<string | null>(null);
  const copy = async (form: FormData) => {
    setOpen(false);
    setUnderWay(true);
    await act("the backup was made", async () => {
      const directory = String(form.get("directory"));
      setPath(await client.backup(directory, { timeoutMs: BACKUP_MS }));
    });
    setUnderWay(false);
  };
  return (
    <div class="bar">
      <button type="button" disabled={isUnderWay} onClick={() => setOpen(true)}>
        {isUnderWay ? "Backing up…" : "Back up…"}
      </button>
      {path === null ? null : (
        <span>
          The backup is in <Name text={path} />.
        </span>
      )}
      {isOpen ? (
        <Dialog
          title="Back up the server"
          confirm="Back up"
          onClose={() => setOpen(false)}
          onConfirm={copy}
        >
          <p>Copies all namespaces as they are now. The server keeps working meanwhile.</p>
          <label>
            A new or empty directory on the server's machine
            <input name="directory" required placeholder="/backups/today" />
          </label>
        </Dialog>
      ) : null}
    </div>
  );
}
