/** Who works: where, on what, since when. */

import { asPage, useFlo } from "../flo.js";
import { count, shown } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Loading, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;
const RUNNING_MAX = 1_000;

export function Workers() {
  const { route } = useFlo();
  const workerId = route.path[1];
  return workerId === undefined ? <All /> : <One key={workerId} workerId={workerId} />;
}

function All() {
  const { client, route } = useFlo();
  const workers = usePages(
    async (cursor) => asPage(await client.worker.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  return (
    <Table
      label="workers"
      items={workers.items}
      keyOf={({ workerId }) => workerId}
      hrefOf={({ workerId }) => linkTo(route, "actions", ["workers", workerId])}
      isLoading={workers.isLoading}
      error={workers.error}
      onEnd={workers.more}
      empty="No workers."
      columns={[
        { title: "worker", cell: ({ workerId }) => <Name text={workerId} />, width: "1.4fr" },
        {
          title: "state",
          width: "7rem",
          cell: ({ healthy, draining }) => (
            <Badge state={draining ? "draining" : healthy ? "healthy" : "lost"} />
          ),
        },
        {
          title: "running",
          cell: ({ running, concurrency }) => `${running} of ${concurrency}`,
          isNumber: true,
          isExtra: true,
          width: "6rem",
        },
        {
          title: "actions",
          cell: ({ actions }) => shown(actions.join(", ")),
          isExtra: true,
          width: "2fr",
        },
        {
          title: "last heard",
          cell: ({ lastHeartbeatMs }) => <Moment ms={lastHeartbeatMs} />,
          isExtra: true,
          width: "8rem",
        },
        {
          title: "registered",
          cell: ({ registeredAtMs }) => <Moment ms={registeredAtMs} />,
          isExtra: true,
          width: "8rem",
        },
        {
          title: "",
          width: "5rem",
          cell: (worker) => <Drain worker={worker} onDone={workers.reload} isPlain />,
        },
      ]}
    />
  );
}

interface DrainProps {
  readonly worker: { readonly workerId: string; readonly draining: boolean };
  readonly onDone: () => void;
  readonly isPlain?: boolean;
}

/** A drained worker finishes its runs and takes no new ones. */
function Drain({ worker: { workerId, draining }, onDone, isPlain = false }: DrainProps) {
  const { client } = useFlo();
  const act = useAct();
  const drain = async () => {
    if (
      await act(`${workerId} drains: it takes no new runs`, () => client.worker.drain(workerId))
    ) {
      onDone();
    }
  };
  return (
    <Only role="backend">
      <button
        type="button"
        class={isPlain ? "plain" : ""}
        disabled={draining}
        onClick={() => void drain()}
      >
        {isPlain ? "drain" : "Drain"}
      </button>
    </Only>
  );
}

/** What one worker works on, since when, and how far it is. */
function One({ workerId }: { workerId: string }) {
  const { client, route } = useFlo();
  const { value, error, reload } = useLive(async () => {
    const [worker, running] = await Promise.all([
      client.worker.info(workerId),
      client.action.listRuns(null, { status: "running", limit: RUNNING_MAX }),
    ]);
    return { worker, runs: running.filter((run) => run.workerId === workerId) };
  }, [client, workerId]);
  if (value === null) {
    return error === null ? <Loading /> : <Trouble error={error} />;
  }
  const { worker, runs } = value;
  return (
    <>
      <Trouble error={error} />
      <h2>
        <Name text={workerId} />{" "}
        <Badge state={worker.draining ? "draining" : worker.healthy ? "healthy" : "lost"} />
      </h2>
      <div class="bar">
        <Drain worker={worker} onDone={reload} />
      </div>
      <dl class="facts card">
        <dt>actions</dt>
        <dd>{shown(worker.actions.join(", "))}</dd>
        <dt>running</dt>
        <dd>
          {worker.running} of {worker.concurrency}
        </dd>
        <dt>attempts</dt>
        <dd>
          {count(worker.done)} done, {count(worker.failed)} failed
        </dd>
        {Object.entries({ ...worker.labels, ...worker.metadata }).map(([name, value]) => (
          <>
            <dt>
              <Name text={name} />
            </dt>
            <dd>
              <Name text={value} />
            </dd>
          </>
        ))}
      </dl>
      <Table
        label="running runs"
        isShort
        items={runs}
        keyOf={({ runId }) => runId}
        hrefOf={({ runId }) => linkTo(route, "actions", ["runs", runId])}
        empty="This worker has no runs now."
        columns={[
          { title: "run", cell: ({ runId }) => runId },
          { title: "action", cell: ({ action }) => <Name text={action} /> },
          { title: "attempt", cell: ({ attempt }) => attempt, isNumber: true, isExtra: true },
          {
            title: "started",
            cell: ({ startedAtMs }) => <Moment ms={startedAtMs} />,
            isExtra: true,
          },
          {
            title: "progress",
            cell: ({ progress, progressNote }) =>
              progress === null
                ? ""
                : `${Math.round(100 * progress)} % ${shown(progressNote ?? "")}`,
            width: "1.6fr",
          },
        ]}
      />
    </>
  );
}
