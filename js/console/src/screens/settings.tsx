/** What belongs to the whole server: namespaces, tokens, the audit, facts. */

import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { count, duration } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { useMay } from "../parts/only.js";
import { Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { hrefOf } from "../route.js";
import { Audit } from "./audit.js";

const PAGE_ROWS = 200;

export function Settings() {
  const { route } = useFlo();
  const [part] = route.path;
  const may = useMay();
  const tabs: [string, string][] = [["", "Server"]];
  if (may("admin")) {
    tabs.push(["namespaces", "Namespaces"], ["tokens", "Tokens"]);
  }
  if (may("backend")) {
    tabs.push(["audit", "Audit"]);
  }
  return (
    <>
      <h1>Settings</h1>
      <Tabs screen="settings" tabs={tabs} />
      {part === "namespaces" ? (
        <AllNamespaces />
      ) : part === "tokens" ? (
        <Tokens />
      ) : part === "audit" ? (
        <Audit />
      ) : (
        <Server />
      )}
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
        </dl>
      )}
    </>
  );
}

function AllNamespaces() {
  const { client, route } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<string | null>(null);
  const namespaces = usePages(
    async (cursor) => asPage(await client.namespaces.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  return (
    <>
      <div class="bar">
        <button type="button" class="primary" onClick={() => setAsked("")}>
          New namespace
        </button>
      </div>
      <Table
        label="namespaces"
        items={namespaces.items}
        keyOf={({ name }) => name}
        hrefOf={({ name }) => hrefOf({ ...route, namespace: name, screen: "overview", path: [] })}
        isLoading={namespaces.isLoading}
        error={namespaces.error}
        onEnd={namespaces.more}
        empty="No namespace was made; default is always there."
        columns={[
          { title: "namespace", cell: ({ name }) => <Name text={name} /> },
          { title: "since", cell: ({ createdAtMs }) => <Moment ms={createdAtMs} /> },
        ]}
      />
      {asked === null ? null : (
        <Dialog
          title="New namespace"
          confirm="Make it"
          onClose={() => setAsked(null)}
          onConfirm={async (form) => {
            if (
              await act("it is there", () => client.namespaces.create(String(form.get("name"))))
            ) {
              setAsked(null);
              namespaces.reload();
            }
          }}
        >
          <label>
            Name
            <input name="name" required />
          </label>
        </Dialog>
      )}
    </>
  );
}

function Tokens() {
  const { client } = useFlo();
  const act = useAct();
  const tokens = usePages(
    async (cursor) => asPage(await client.tokens.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const revoke = async (id: string) => {
    if (await act(`${id} is revoked`, () => client.tokens.revoke(id))) {
      tokens.reload();
    }
  };
  return (
    <>
      <p class="quiet">
        A token is made in a terminal, where it is shown once:{" "}
        <code>flo token create --role backend</code>
      </p>
      <Table
        label="tokens"
        items={tokens.items}
        keyOf={({ id }) => id}
        isLoading={tokens.isLoading}
        error={tokens.error}
        onEnd={tokens.more}
        empty="No token was made: whoever reaches the server may do everything."
        columns={[
          { title: "id", cell: ({ id }) => <Name text={id} /> },
          { title: "role", cell: ({ role }) => role, width: "6rem" },
          {
            title: "namespaces",
            cell: ({ namespaces }) => namespaces.join(", ") || "all",
            isExtra: true,
          },
          { title: "about", cell: ({ description }) => description ?? "", isExtra: true },
          {
            title: "expires",
            cell: ({ expiresAtMs }) => <Moment ms={expiresAtMs} />,
            isExtra: true,
          },
          {
            title: "state",
            width: "7rem",
            cell: ({ revokedAtMs }) => (
              <Badge state={revokedAtMs === null ? "enabled" : "revoked"} />
            ),
          },
          {
            title: "",
            width: "6rem",
            cell: ({ id, revokedAtMs }) =>
              revokedAtMs === null ? (
                <button type="button" class="plain" onClick={() => void revoke(id)}>
                  revoke
                </button>
              ) : null,
          },
        ]}
      />
    </>
  );
}
