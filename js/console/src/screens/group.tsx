/** One group of a stream: how far behind it is, who has what, what died; moved and requeued here. */

import type { StreamRecord } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { count, duration, glimpse, shown } from "../format.js";
import { useLive, usePages } from "../live.js";
import type { BulkForm, Operation } from "../parts/bulk.js";
import { DeadHeading } from "../parts/dead-heading.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { NotYet, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;
const OPERATIONS: readonly Operation[] = [
  { name: "requeue_dead", label: "Requeue", fields: ["errorContains"] },
  { name: "delete_dead", label: "Delete", isDangerous: true, fields: ["errorContains"] },
];

export interface GroupProps {
  readonly stream: string;
  readonly name: string;
}

export function Group({ stream, name }: GroupProps) {
  const { client, route } = useFlo();
  const [isSeeking, setSeeking] = useState(false);
  const { value, error, reload } = useLive(
    () => client.stream.groupInfo(stream, name),
    [client, stream, name],
  );
  if (value === null) {
    return <NotYet name={name} error={error} />;
  }
  return (
    <>
      <Trouble error={error} />
      <h1>
        <a href={linkTo(route, "streams", [stream])}>
          <Name text={stream} />
        </a>{" "}
        / <Name text={name} />
      </h1>
      <ul class="numbers">
        {(["lag", "pending", "dead"] as const).map((figure) => (
          <li key={figure}>
            <div>
              <strong class={figure === "dead" && value.dead > 0 ? "bad" : ""}>
                {count(value[figure])}
              </strong>
              <span class="quiet">{figure}</span>
            </div>
          </li>
        ))}
      </ul>
      <dl class="facts card">
        <dt>consumers</dt>
        <dd>{value.consumers.map(shown).join(", ") || "none"}</dd>
        <dt>last delivered</dt>
        <dd>{value.lastDeliveredId?.toString() ?? "nothing yet"}</dd>
        <dt>mode</dt>
        <dd>
          {value.mode}; leases last {duration(value.ackTimeoutMs)}; at most {value.maxDeliver}{" "}
          deliveries
        </dd>
        {value.triggerOf === "" ? null : (
          <>
            <dt>trigger of</dt>
            <dd>
              <a href={linkTo(route, "workflows", ["definitions", value.triggerOf])}>
                <Name text={value.triggerOf} />
              </a>
            </dd>
          </>
        )}
      </dl>
      {value.triggerOf === "" ? (
        <Only role="web" scope={`group:stream:${stream}`}>
          <div class="bar">
            <button type="button" onClick={() => setSeeking(true)}>
              Move…
            </button>
          </div>
        </Only>
      ) : null}
      <Pending stream={stream} name={name} />
      <Dead stream={stream} name={name} total={value.dead} onChange={reload} />
      {isSeeking ? (
        <Seek stream={stream} name={name} onClose={() => setSeeking(false)} onDone={reload} />
      ) : null}
    </>
  );
}

function Pending({ stream, name }: GroupProps) {
  const { client } = useFlo();
  const pending = usePages(
    async (cursor) =>
      asPage(await client.stream.groupPending(stream, name, { limit: PAGE_ROWS, cursor })),
    [client, stream, name],
  );
  return (
    <section>
      <h2>Delivered, not acked</h2>
      <Table
        label="pending"
        isShort
        items={pending.items}
        keyOf={({ id }) => id.toString()}
        isLoading={pending.isLoading}
        error={pending.error}
        onEnd={pending.more}
        empty="No record is pending."
        columns={[
          { title: "id", cell: ({ id }) => id.toString() },
          { title: "consumer", cell: ({ consumer }) => <Name text={consumer} /> },
          {
            title: "delivery",
            cell: ({ attempt }) => count(attempt),
            isNumber: true,
            isExtra: true,
          },
          { title: "delivered", cell: (entry) => <Moment ms={entry.deliveredAtMs} /> },
          {
            title: "lease ends",
            cell: (entry) => <Moment ms={entry.expiresAtMs} />,
            isExtra: true,
          },
        ]}
      />
    </section>
  );
}

interface DeadProps extends GroupProps {
  readonly total: number;
  readonly onChange: () => void;
}

function Dead({ stream, name, total, onChange }: DeadProps) {
  const { client } = useFlo();
  const act = useAct();
  const scope = `group:stream:${stream}`;
  const dead = usePages(
    async (cursor) =>
      asPage(await client.stream.groupDead(stream, name, { limit: PAGE_ROWS, cursor })),
    [client, stream, name],
  );
  const changed = () => {
    dead.reload();
    onChange();
  };
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      changed();
    }
  };
  const begin = async ({ operation, limit, dryRun, fields }: BulkForm) =>
    await client.stream.bulk(stream, name, operation as "requeue_dead", {
      errorContains: fields["errorContains"],
      limit,
      dryRun,
    });
  const buttons = ({ id }: StreamRecord) => (
    <Only role="backend" scope={scope}>
      <button
        type="button"
        class="plain"
        onClick={() =>
          then("the dead letter was requeued", () =>
            client.stream.groupDeadRequeue(stream, name, [id]),
          )
        }
      >
        requeue
      </button>
      <button
        type="button"
        class="plain"
        onClick={() =>
          then("the dead letter was deleted", () =>
            client.stream.groupDeadDelete(stream, name, [id]),
          )
        }
      >
        delete
      </button>
    </Only>
  );
  return (
    <section>
      <DeadHeading
        total={total}
        operations={OPERATIONS}
        scope={scope}
        begin={begin}
        onEnd={changed}
      />
      <Table
        label="dead letters"
        isShort
        items={dead.items}
        keyOf={({ id }) => id.toString()}
        isLoading={dead.isLoading}
        error={dead.error}
        onEnd={dead.more}
        empty="No dead letters."
        columns={[
          { title: "id", cell: ({ id }) => id.toString() },
          {
            title: "error",
            cell: ({ error, reason }) => shown(error ?? reason ?? ""),
            width: "1.6fr",
          },
          {
            title: "payload",
            cell: ({ payload }) => <code>{glimpse(payload)}</code>,
            width: "1.6fr",
            isExtra: true,
          },
          { title: "", cell: buttons, width: "9rem" },
        ]}
      />
    </section>
  );
}

interface SeekProps extends GroupProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Seek({ stream, name, onClose, onDone }: SeekProps) {
  const { client } = useFlo();
  const act = useAct();
  const [kind, setKind] = useState("0");
  const move = async (form: FormData) => {
    const to = String(form.get("to"));
    const time = Date.parse(String(form.get("time")));
    const isDone = await act("the group was moved", async () => {
      const start = to === "time" ? `${time}-0` : to === "id" ? String(form.get("id")) : to;
      await client.stream.groupSeek(stream, name, { start });
    });
    if (isDone) {
      onClose();
      onDone();
    }
  };
  return (
    <Dialog
      title={`Move the group ${name}`}
      confirm="Move"
      isDangerous
      onClose={onClose}
      onConfirm={move}
    >
      <p class="quiet">Pending records are dropped. Dead letters stay.</p>
      <label>
        To
        <select
          name="to"
          value={kind}
          onChange={(event) => setKind((event.currentTarget as HTMLSelectElement).value)}
        >
          <option value="0">the first record</option>
          <option value="$">records from now on</option>
          <option value="time">records from a time on</option>
          <option value="id">records from an id on</option>
        </select>
      </label>
      {kind === "time" ? (
        <label>
          Time
          <input name="time" type="datetime-local" required />
        </label>
      ) : null}
      {kind === "id" ? (
        <label>
          Id
          <input name="id" placeholder="0-0" required />
        </label>
      ) : null}
    </Dialog>
  );
}
