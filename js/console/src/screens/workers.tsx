/** Who works: where, on what, since when. */

import { asPage, useFlo } from "../flo.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";

const PAGE_ROWS = 200;

export function Workers() {
  const { client } = useFlo();
  const act = useAct();
  const workers = usePages(
    async (cursor) => asPage(await client.worker.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const drain = async (workerId: string) => {
    if (await act(`${workerId} takes nothing new`, () => client.worker.drain(workerId))) {
      workers.reload();
    }
  };
  return (
    <Table
      label="workers"
      items={workers.items}
      keyOf={({ workerId }) => workerId}
      isLoading={workers.isLoading}
      error={workers.error}
      onEnd={workers.more}
      empty="No worker is here."
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
          title: "at work",
          cell: ({ running, concurrency }) => `${running} of ${concurrency}`,
          isNumber: true,
          width: "6rem",
        },
        {
          title: "actions",
          cell: ({ actions }) => actions.join(", "),
          isExtra: true,
          width: "2fr",
        },
        {
          title: "heard",
          cell: ({ lastHeartbeatMs }) => <Moment ms={lastHeartbeatMs} />,
          isExtra: true,
          width: "8rem",
        },
        {
          title: "since",
          cell: ({ registeredAtMs }) => <Moment ms={registeredAtMs} />,
          isExtra: true,
          width: "8rem",
        },
        {
          title: "",
          width: "5rem",
          cell: ({ workerId, draining }) => (
            <Only role="backend">
              <button
                type="button"
                class="plain"
                disabled={draining}
                onClick={() => void drain(workerId)}
              >
                drain
              </button>
            </Only>
          ),
        },
      ]}
    />
  );
}
