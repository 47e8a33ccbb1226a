/** Who did what, when, from where: the records of `_audit` of this namespace, newest first. */

import type { ReadOptions, StreamRecord } from "@floruntime/core";
import { useState } from "preact/hooks";
import type { Client } from "../connection.js";
import { useFlo } from "../flo.js";
import { shown, textOf } from "../format.js";
import { useLive, useNews } from "../live.js";
import { Choice, Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useMay } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Table } from "../parts/table.js";

const SHOWN_MAX = 500;
const PAGE_RECORDS = 1_000;
const PAGES_MAX = 100;
const ABOUT_MAX = 300;
/** Of what has no namespace: tokens, namespaces, the cluster. */
const SYSTEM = "_system";
const AUDIT = "_audit";
const DAY_MS = 86_400_000;

interface Entry {
  readonly id: string;
  readonly atMs: bigint;
  readonly who: string;
  readonly what: string;
  readonly from: string;
  /** What the request said, in a line. */
  readonly about: string;
  readonly payload: Uint8Array;
}

export function Audit() {
  const { client, route } = useFlo();
  const may = useMay();
  const { text = "", days = "1", of = "" } = route.filters;
  const namespace = of === "server" ? SYSTEM : route.namespace;
  const [opened, setOpened] = useState<Entry | null>(null);
  const { value, error, reload } = useLive(
    async () => {
      const from = BigInt(Date.now() - Number(days) * DAY_MS);
      return await newest(client, namespace, from);
    },
    [client, namespace, days],
    0,
  );
  const records = (signal: AbortSignal) =>
    client.stream.follow(AUDIT, { tail: true, namespace, signal });
  useNews(records, reload, [client, namespace]);
  const wanted = text.toLowerCase();
  const entries = (value ?? []).filter(({ who, what, from, payload }) =>
    `${who} ${what} ${from} ${textOf(payload)}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <div class="bar">
        {may({ role: "admin" }) ? (
          <Choice
            name="of"
            label="show"
            options={[["server", "the server"]]}
            none="this namespace"
          />
        ) : null}
        <Choice name="days" label="days" options={["7", "30", "90"]} none="1" />
        <Words name="text" label="search" hint="who, what, where from" />
        <span class="quiet">
          shows the newest {SHOWN_MAX.toLocaleString("en-US")}; for all: flo stream read {AUDIT}
        </span>
      </div>
      <Table
        label="audit"
        items={entries}
        keyOf={({ id }) => id}
        onOpen={setOpened}
        isLoading={value === null && error === null}
        error={error}
        empty="No administrative change matches."
        columns={[
          { title: "what", cell: ({ what }) => shown(what), width: "1.2fr" },
          { title: "about", cell: ({ about }) => <code>{about}</code>, width: "1.6fr" },
          { title: "by", cell: ({ who }) => <Name text={who} />, width: "1.2fr", isExtra: true },
          { title: "from", cell: ({ from }) => <Name text={from} />, isExtra: true },
          { title: "when", cell: ({ atMs }) => <Moment ms={atMs} />, width: "6.5rem" },
        ]}
      />
      {opened === null ? null : (
        <section aria-label="audit record">
          <div class="bar">
            <h2>{shown(opened.what)}</h2>
            <button type="button" class="plain" onClick={() => setOpened(null)}>
              Close
            </button>
          </div>
          <Payload payload={opened.payload} label="Record" />
        </section>
      )}
    </>
  );
}

/** The newest records since then, newest first: pages are read, the last ones kept. */
async function newest(client: Client, namespace: string, from: bigint): Promise<Entry[]> {
  const kept: StreamRecord[] = [];
  for await (const record of recordsSince(client, namespace, from)) {
    kept.push(record);
    kept.splice(0, kept.length - SHOWN_MAX);
  }
  return kept.map(entryOf).reverse();
}

async function* recordsSince(client: Client, namespace: string, from: bigint) {
  let where: ReadOptions = { from, limit: PAGE_RECORDS };
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const { records } = await client.stream.read(AUDIT, { ...where, namespace });
    yield* records;
    const last = records.at(-1);
    if (last === undefined || records.length < PAGE_RECORDS) {
      return;
    }
    where = { after: last.id, limit: PAGE_RECORDS };
  }
}

function entryOf(record: StreamRecord): Entry {
  let told: Readonly<Record<string, unknown>> = {};
  try {
    told = JSON.parse(textOf(record.payload) ?? "");
  } catch {
    // It is shown as it is.
  }
  const text = (name: string) => (typeof told[name] === "string" ? told[name] : "–");
  return {
    id: String(record.id),
    atMs: record.timestampMs,
    who: text("who"),
    what: text("what"),
    from: text("from"),
    about: shown(JSON.stringify(told["details"] ?? {}).slice(0, ABOUT_MAX)),
    payload: record.payload,
  };
}
