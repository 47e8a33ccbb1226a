/** Jobs over everything that matched: what they do, how far they are; stopped here. */

import { asPage, useFlo } from "../flo.js";
import { shown } from "../format.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { countsOf, shareOf } from "../parts/job.js";
import { Moment } from "../parts/moment.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";

const PAGE_ROWS = 200;

export function Jobs() {
  const { client } = useFlo();
  const act = useAct();
  const jobs = usePages(
    async (cursor) => asPage(await client.jobs.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const stop = async (jobId: string) => {
    if (await act("the job was stopped", () => client.jobs.cancel(jobId))) {
      jobs.reload();
    }
  };
  return (
    <Table
      label="jobs"
      items={jobs.items}
      keyOf={({ jobId }) => jobId}
      isLoading={jobs.isLoading}
      error={jobs.error}
      onEnd={jobs.more}
      empty="No jobs yet. “All that match…” above a list starts one."
      columns={[
        {
          title: "what",
          cell: ({ operation, kind, about, dryRun }) =>
            shown(
              `${dryRun ? "count only: " : ""}${operation.replaceAll("_", " ")} ${kind} ${about ?? ""}`,
            ),
          width: "1.4fr",
        },
        { title: "state", cell: ({ status }) => <Badge state={status} />, width: "7rem" },
        {
          title: "progress",
          cell: (job) => <progress value={shareOf(job)} max={1} aria-label="progress" />,
          width: "7rem",
          isExtra: true,
        },
        { title: "rows", cell: countsOf, width: "1.6fr", isExtra: true },
        {
          title: "started",
          cell: ({ createdAtMs }) => <Moment ms={createdAtMs} />,
          width: "8rem",
          isExtra: true,
        },
        {
          title: "",
          width: "3.5rem",
          cell: ({ jobId, status }) =>
            status === "running" ? (
              <Only role="backend">
                <button type="button" class="plain" onClick={() => void stop(jobId)}>
                  stop
                </button>
              </Only>
            ) : null,
        },
      ]}
    />
  );
}
