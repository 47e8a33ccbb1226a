/** Streams: their records as they come, from a time or an id, and the groups that read them. */

import type { FollowOptions, GroupInfo, StreamInfo, StreamRecord } from "@floruntime/core";
import { useEffect, useState } from "preact/hooks";
import { asPage, unlessForbidden, useFlo } from "../flo.js";
import { bytes, count, duration, glimpse, shown } from "../format.js";
import { type Live, useLive, usePages } from "../live.js";
import { Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useMay } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Empty, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { grantedNames } from "../rights.js";
import { linkTo } from "../route.js";
import { gathered } from "../sight.js";
import { Group } from "./group.js";

const PAGE_ROWS = 200;
const TAIL_MAX = 200;
const GROUPS_MAX = 1_000;
const TOGETHER_MS = 150;

export function Streams() {
  const { route } = useFlo();
  const may = useMay();
  const [name, group] = route.path;
  if (name === undefined) {
    return may({ role: "worker", scope: "read:stream:*" }) ? <All /> : <ByName />;
  }
  return group === undefined ? (
    <One key={name} name={name} />
  ) : (
    <Group key={`${name}/${group}`} stream={name} name={group} />
  );
}

/** Who may list no streams can still open one. */
function ByName() {
  const { route, rights } = useFlo();
  const [name, setName] = useState("");
  const granted = grantedNames(rights, "read", "stream");
  return (
    <>
      <h1>Streams</h1>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          location.assign(linkTo(route, "streams", [name]));
        }}
      >
        <label class="row">
          <span class="quiet">name of a stream</span>
          <input
            required
            value={name}
            onInput={(event) => setName((event.currentTarget as HTMLInputElement).value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
      {granted.length === 0 ? null : (
        <p class="quiet">This token may read: {granted.map(shown).join(", ")}</p>
      )}
    </>
  );
}

function All() {
  const { client, route } = useFlo();
  const streams = usePages(
    async (cursor) => asPage(await client.stream.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  return (
    <>
      <h1>Streams</h1>
      <Table
        label="streams"
        items={streams.items}
        keyOf={({ name }) => name}
        hrefOf={({ name }) => linkTo(route, "streams", [name])}
        isLoading={streams.isLoading}
        error={streams.error}
        onEnd={streams.more}
        empty="No streams. The first record creates one."
        columns={[
          { title: "stream", cell: ({ name }) => <Name text={name} />, width: "1.6fr" },
          { title: "records", cell: (info) => count(info.count), isNumber: true },
          { title: "size", cell: ({ sizeBytes }) => bytes(sizeBytes), isNumber: true },
          {
            title: "partitions",
            cell: ({ partitions }) => partitions,
            isNumber: true,
            isExtra: true,
          },
          {
            title: "last id",
            cell: ({ lastId }) => lastId?.toString() ?? "–",
            isExtra: true,
            width: "1.4fr",
          },
        ]}
      />
    </>
  );
}

function One({ name }: { name: string }) {
  const { client } = useFlo();
  const groups = useLive(
    async () =>
      await unlessForbidden(
        client.stream.groupList(name, { limit: GROUPS_MAX }).then((page) => [...page]),
      ).then((found) => found ?? []),
    [client, name],
  );
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      <Facts name={name} />
      <Groups stream={name} {...groups} />
      <Trouble error={groups.error} />
      <Tail name={name} />
    </>
  );
}

function Facts({ name }: { name: string }) {
  const { client } = useFlo();
  const { value: info } = useLive(() => unlessForbidden(client.stream.info(name)), [client, name]);
  return info === null ? null : (
    <dl class="facts card">
      <dt>records</dt>
      <dd>
        {count(info.count)}, {bytes(info.sizeBytes)}
        {info.partitions > 1 ? `, in ${info.partitions} partitions` : ""}
      </dd>
      <dt>first and last id</dt>
      <dd>
        {info.firstId?.toString() ?? "–"}, {info.lastId?.toString() ?? "–"}
      </dd>
      <dt>kept</dt>
      <dd>{keptInWords(info)}</dd>
    </dl>
  );
}

function keptInWords({ maxAgeMs, maxRecords, maxBytes }: StreamInfo): string {
  const words = [
    maxAgeMs === null ? "" : `for ${duration(maxAgeMs)}`,
    maxRecords === null ? "" : `${count(maxRecords)} records`,
    maxBytes === null ? "" : bytes(maxBytes),
  ];
  return words.filter((word) => word !== "").join(", ") || "without limit";
}

/** Where the tail begins: at what comes, at an id, or so many minutes back. */
function beginning(from: string): FollowOptions {
  if (from === "") {
    return { tail: true };
  }
  if (/^\d+$/.test(from)) {
    return { from: BigInt(Date.now()) - BigInt(from) * 60_000n };
  }
  return { start: from };
}

function Tail({ name }: { name: string }) {
  const { client, route } = useFlo();
  const { from = "" } = route.filters;
  const [records, setRecords] = useState<readonly StreamRecord[]>([]);
  const [error, setError] = useState<Error | null>(null);
  const [isPaused, setPaused] = useState(false);
  useEffect(() => {
    if (isPaused) {
      return;
    }
    if (from !== "") {
      // It begins there again: what is shown would come twice, or be of another beginning.
      setRecords([]);
    }
    const stop = new AbortController();
    const come: StreamRecord[] = [];
    const together = gathered(() => {
      const newest = come.splice(0).reverse();
      setRecords((known) => [...newest, ...known].slice(0, TAIL_MAX));
    }, TOGETHER_MS);
    const follow = async () => {
      const options = { ...beginning(from), signal: stop.signal };
      for await (const record of client.stream.follow(name, options)) {
        come.push(record);
        come.splice(0, come.length - TAIL_MAX);
        together.ask();
      }
    };
    setError(null);
    follow().catch((failure: Error) => (stop.signal.aborted ? undefined : setError(failure)));
    return () => {
      stop.abort();
      together.end();
    };
  }, [client, name, from, isPaused]);
  return (
    <section>
      <h2>Live records</h2>
      <div class="bar">
        <Words name="from" label="from" hint="an id, or minutes ago" />
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Resume" : "Pause"}
        </button>
        <button type="button" class="plain" onClick={() => setRecords([])}>
          clear
        </button>
      </div>
      <Trouble error={error} />
      {records.length > 0 ? null : (
        <Empty>
          {from === ""
            ? "No new records yet. To see earlier ones, fill in the field “from”."
            : "No records yet."}
        </Empty>
      )}
      {records.map((record) => (
        <details class="card" key={`${record.partition}/${record.id}`}>
          <summary>
            {record.id.toString()} <code>{glimpse(record.payload)}</code>{" "}
            <span class="quiet">
              <Moment ms={record.timestampMs} />
            </span>
          </summary>
          {Object.keys(record.headers).length === 0 ? null : (
            <dl class="facts">
              {Object.entries(record.headers).map(([header, value]) => (
                <>
                  <dt>
                    <Name text={header} />
                  </dt>
                  <dd>
                    <Name text={value} />
                  </dd>
                </>
              ))}
            </dl>
          )}
          <Payload payload={record.payload} label="Payload" />
        </details>
      ))}
    </section>
  );
}

interface GroupsProps extends Live<readonly GroupInfo[]> {
  readonly stream: string;
}

function Groups({ stream, value, error }: GroupsProps) {
  const { route } = useFlo();
  return (
    <section>
      <h2>Groups</h2>
      <Table
        label="groups"
        isShort
        items={value ?? []}
        isLoading={value === null && error === null}
        keyOf={({ name }) => name}
        hrefOf={({ name }) => linkTo(route, "streams", [stream, name])}
        empty="No group reads this stream."
        columns={[
          { title: "group", cell: ({ name }) => <Name text={name} />, width: "1.6fr" },
          { title: "lag", cell: ({ lag }) => count(lag), isNumber: true },
          { title: "pending", cell: ({ pending }) => count(pending), isNumber: true },
          {
            title: "dead",
            cell: ({ dead }) => <span class={dead > 0 ? "bad" : ""}>{count(dead)}</span>,
            isNumber: true,
          },
          {
            title: "consumers",
            cell: ({ consumers }) => count(consumers.length),
            isNumber: true,
            isExtra: true,
          },
          { title: "mode", cell: ({ mode }) => mode, isExtra: true },
          {
            title: "last delivered",
            cell: ({ lastDeliveredId }) => lastDeliveredId?.toString() ?? "–",
            isExtra: true,
            width: "1.4fr",
          },
        ]}
      />
    </section>
  );
}
