/** Streams: their records as they come, from a time or an id, and the groups that read them. */

import type { FollowOptions, GroupInfo, StreamRecord } from "@floruntime/core";
import { useEffect, useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { bytes, count, glimpse } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Payload } from "../parts/payload.js";
import { Empty, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;
const TAIL_MAX = 200;

export function Streams() {
  const { route } = useFlo();
  const [name] = route.path;
  return name === undefined ? <All /> : <One key={name} name={name} />;
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
        empty="No stream is here. The first record makes one."
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
    async () => [...(await client.stream.groupList(name, { limit: PAGE_ROWS }))],
    [client, name],
  );
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      <Groups stream={name} groups={groups.value ?? []} reload={groups.reload} />
      <Trouble error={groups.error} />
      <Tail name={name} />
    </>
  );
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
    let isOver = false;
    setError(null);
    const follow = async () => {
      const follower = client.stream.follow(name, beginning(from));
      try {
        for await (const record of follower) {
          if (isOver) {
            break;
          }
          setRecords((known) => [record, ...known].slice(0, TAIL_MAX));
        }
      } catch (failure) {
        if (!isOver) {
          setError(failure as Error);
        }
      }
    };
    void follow();
    return () => {
      isOver = true;
    };
  }, [client, name, from, isPaused]);
  return (
    <section>
      <h2>Records, as they come</h2>
      <div class="bar">
        <Words name="from" label="from" hint="an id, or minutes back" />
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Go on" : "Stand still"}
        </button>
        <button type="button" class="plain" onClick={() => setRecords([])}>
          clear
        </button>
      </div>
      <Trouble error={error} />
      {records.length === 0 ? <Empty>Nothing came yet.</Empty> : null}
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

interface GroupsProps {
  readonly stream: string;
  readonly groups: readonly GroupInfo[];
  readonly reload: () => void;
}

function Groups({ stream, groups, reload }: GroupsProps) {
  const { client } = useFlo();
  const act = useAct();
  const [sought, setSought] = useState<string | null>(null);
  return (
    <section>
      <h2>Groups</h2>
      {groups.length === 0 ? <Empty>No group reads it.</Empty> : null}
      <ul class="feed">
        {groups.map((group) => (
          <li key={group.name} class="row">
            <strong>
              <Name text={group.name} />
            </strong>
            <span>lag {count(group.lag)}</span>
            <span>pending {count(group.pending)}</span>
            <span class={group.dead > 0 ? "bad" : ""}>dead {count(group.dead)}</span>
            <span class="quiet">
              {group.mode}, {group.consumers.length} consumers: {group.consumers.join(", ")}
            </span>
            <button type="button" class="plain" onClick={() => setSought(group.name)}>
              seek…
            </button>
          </li>
        ))}
      </ul>
      {sought === null ? null : (
        <Dialog
          title={`Move the group ${sought}`}
          confirm="Move it"
          isDangerous
          onClose={() => setSought(null)}
          onConfirm={async (form) => {
            const to = String(form.get("to"));
            const start = to === "id" ? String(form.get("id")) : to;
            const isDone = await act("the group was moved", () =>
              client.stream.groupSeek(stream, sought, { start }),
            );
            if (isDone) {
              setSought(null);
              reload();
            }
          }}
        >
          <label>
            To
            <select name="to">
              <option value="0">the first record</option>
              <option value="$">what comes from now on</option>
              <option value="id">from an id on</option>
            </select>
          </label>
          <label>
            Id
            <input name="id" placeholder="0-0" />
          </label>
        </Dialog>
      )}
    </section>
  );
}
