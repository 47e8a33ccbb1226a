/** Keys: by prefix, with their versions; an edit is checked against the version that was read. */

import { useState } from "preact/hooks";
import type { Client } from "../connection.js";
import { useFlo } from "../flo.js";
import { glimpse, textOf } from "../format.js";
import { useLive, useNews, usePages } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Difference } from "../parts/difference.js";
import { Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Empty, NotYet, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { grantedNames } from "../rights.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;
const HISTORY_MAX = 64;
const LARGE_BYTES = 100_000;
const LARGE_HISTORY_MAX = 4;

type Entry = NonNullable<Awaited<ReturnType<Client["kv"]["entry"]>>>;

export function Keys() {
  const { route } = useFlo();
  const [key] = route.path;
  return key === undefined ? <All /> : <One key={key} name={key} />;
}

function All() {
  const { client, route, rights } = useFlo();
  const granted = grantedNames(rights, "read", "kv");
  const { prefix = granted[0]?.replace(/\*$/, "") ?? "" } = route.filters;
  const keys = usePages(
    async (cursor) => {
      const page = await client.kv.scan(prefix, { limit: PAGE_ROWS, cursor });
      return { items: page.entries, cursor: page.cursor };
    },
    [client, prefix],
    0,
  );
  const changes = (signal: AbortSignal) => client.kv.watch(prefix, { prefix: true, signal });
  useNews(changes, keys.refresh, [client, prefix]);
  return (
    <>
      <h1>Keys</h1>
      <div class="bar">
        <Words name="prefix" label="prefix" hint="users/" />
        {granted.map((name) => (
          <a key={name} href={linkTo(route, "keys", [], { prefix: name.replace(/\*$/, "") })}>
            <Name text={name} />
          </a>
        ))}
        <span class="spring" />
        <Only role="worker" scope="write:kv:*">
          <NewKey />
        </Only>
      </div>
      <Table
        label="keys"
        items={keys.items}
        keyOf={({ key }) => key}
        hrefOf={({ key }) => linkTo(route, "keys", [key])}
        isLoading={keys.isLoading}
        error={keys.error}
        onEnd={keys.more}
        empty={prefix === "" ? "No keys." : "No key has this prefix."}
        columns={[
          { title: "key", cell: ({ key }) => <Name text={key} />, width: "1.6fr" },
          {
            title: "value",
            cell: ({ value }) => <code>{value === null ? "" : glimpse(value)}</code>,
            width: "1.6fr",
          },
          {
            title: "version",
            cell: ({ version }) => String(version),
            isNumber: true,
            width: "4.5rem",
          },
          {
            title: "written",
            cell: ({ updatedAtMs }) => <Moment ms={updatedAtMs} />,
            isExtra: true,
            width: "8rem",
          },
          {
            title: "expires",
            cell: ({ expiresAtMs }) => <Moment ms={expiresAtMs} />,
            isExtra: true,
            width: "8rem",
          },
        ]}
      />
    </>
  );
}

function NewKey() {
  const { client, route } = useFlo();
  const act = useAct();
  const [isOpen, setOpen] = useState(false);
  const put = async (form: FormData) => {
    const key = String(form.get("key"));
    const value = String(form.get("value"));
    const options = { ifNotExists: true, ...ttlOf(form) };
    if (await act("the key was written", () => client.kv.put(key, value, options))) {
      setOpen(false);
      location.assign(linkTo(route, "keys", [key]));
    }
  };
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        New key
      </button>
      {isOpen ? (
        <Dialog title="New key" confirm="Write" onConfirm={put} onClose={() => setOpen(false)}>
          <label>
            Key
            <input name="key" required />
          </label>
          <label>
            Value
            <textarea name="value" spellcheck={false} />
          </label>
          <Ttl expiresAtMs={null} />
        </Dialog>
      ) : null}
    </>
  );
}

/** What is asked about the key as it was when it was asked: what comes meanwhile is not overwritten. */
interface Asked {
  readonly what: "edit" | "delete";
  readonly entry: Entry;
}

function One({ name }: { name: string }) {
  const { client } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<Asked | null>(null);
  const { value, error, reload } = useKey(name);
  if (value === null) {
    return <NotYet name={name} error={error} />;
  }
  const { entry, versions } = value;
  const text = entry === null ? "" : textOf(entry.value);
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      setAsked(null);
      reload();
    }
  };
  return (
    <>
      <Trouble error={error} />
      <h1>
        <Name text={name} />
      </h1>
      {entry === null ? <Empty>This key does not exist, or was deleted.</Empty> : null}
      {entry === null ? null : (
        <>
          <dl class="facts card">
            <dt>version</dt>
            <dd>{String(entry.version)}</dd>
            <dt>written</dt>
            <dd>
              <Moment ms={entry.updatedAtMs} />
            </dd>
            <dt>expires</dt>
            <dd>{entry.expiresAtMs === null ? "never" : <Moment ms={entry.expiresAtMs} />}</dd>
          </dl>
          <Only role="worker" scope={`write:kv:${name}`}>
            <div class="bar">
              <button
                type="button"
                disabled={text === null}
                onClick={() => setAsked({ what: "edit", entry })}
              >
                Edit
              </button>
              <button type="button" onClick={() => setAsked({ what: "delete", entry })}>
                Delete
              </button>
            </div>
          </Only>
          <Payload payload={entry.value} label="Value" />
        </>
      )}
      <Versions versions={versions} />
      {asked?.what === "edit" ? (
        <Dialog
          title={`Edit ${name}`}
          confirm="Write"
          onClose={() => setAsked(null)}
          onConfirm={(form) =>
            then("the key was written", () =>
              client.kv.put(name, String(form.get("value")), {
                ifMatch: asked.entry.version,
                ...ttlOf(form),
              }),
            )
          }
        >
          <p class="quiet">
            The value is written only if the key is still at version {String(asked.entry.version)}.
          </p>
          <label>
            Value
            <textarea name="value" spellcheck={false}>
              {textOf(asked.entry.value) ?? ""}
            </textarea>
          </label>
          <Ttl expiresAtMs={asked.entry.expiresAtMs} />
        </Dialog>
      ) : null}
      {asked?.what === "delete" ? (
        <Dialog
          title={`Delete ${name}?`}
          confirm="Delete"
          isDangerous
          onClose={() => setAsked(null)}
          onConfirm={() =>
            then("the key was deleted", () =>
              client.kv.delete(name, { ifMatch: asked.entry.version }),
            )
          }
        >
          <p>Its versions stay as long as the namespace’s settings say: a day by default.</p>
        </Dialog>
      ) : null}
    </>
  );
}

/** An edit keeps what is left of a key's time, unless told. */
function Ttl({ expiresAtMs }: { expiresAtMs: bigint | null }) {
  const leftS = expiresAtMs === null ? "" : Math.ceil((Number(expiresAtMs) - Date.now()) / 1_000);
  return (
    <label>
      Expires after seconds (empty: never)
      <input name="ttl" type="number" min={1} defaultValue={`${leftS}`} />
    </label>
  );
}

function ttlOf(form: FormData): { ttlMs?: number } {
  const seconds = Number(form.get("ttl"));
  return seconds > 0 ? { ttlMs: Math.round(seconds * 1_000) } : {};
}

/** The key with its versions, read anew whenever it changes: a large value does not travel in vain. */
function useKey(name: string) {
  const { client } = useFlo();
  const load = async () => {
    const entry = await client.kv.entry(name);
    const isLarge = (entry?.value.length ?? 0) > LARGE_BYTES;
    const limit = isLarge ? LARGE_HISTORY_MAX : HISTORY_MAX;
    return { entry, versions: await client.kv.history(name, { limit }) };
  };
  const live = useLive(load, [client, name], 0);
  useNews((signal) => client.kv.watch(name, { signal }), live.reload, [client, name]);
  return live;
}

interface VersionsProps {
  readonly versions: readonly {
    readonly version: bigint;
    readonly value: Uint8Array;
    readonly timestampMs: bigint;
    readonly deleted: boolean;
  }[];
}

function Versions({ versions }: VersionsProps) {
  return (
    <section>
      <h2>Versions</h2>
      {versions.length === 0 ? <Empty>No version is kept.</Empty> : null}
      {versions.map((version, at) => {
        const before = versions[at + 1];
        return (
          <details class="card" key={String(version.version)}>
            <summary>
              {String(version.version)}{" "}
              {version.deleted ? "deleted" : <code>{glimpse(version.value)}</code>}{" "}
              <span class="quiet">
                <Moment ms={version.timestampMs} />
              </span>
            </summary>
            {before === undefined || version.deleted ? (
              <Payload payload={version.value} label="Value" />
            ) : (
              <Difference before={lines(before.value)} after={lines(version.value)} />
            )}
          </details>
        );
      })}
    </section>
  );
}

/** A value's lines: JSON with one member a line, so that what differs shows. */
function lines(value: Uint8Array): string {
  const text = textOf(value) ?? "";
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
