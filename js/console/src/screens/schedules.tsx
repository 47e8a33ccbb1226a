/** Schedules of workflows, with their next times. */

import { asPage, useFlo } from "../flo.js";
import { duration } from "../format.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;

export function Schedules() {
  const { client, route } = useFlo();
  const act = useAct();
  const schedules = usePages(
    async (cursor) => asPage(await client.workflow.schedules({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      schedules.reload();
    }
  };
  return (
    <Table
      label="schedules"
      items={schedules.items}
      keyOf={(schedule) => schedule.name}
      isLoading={schedules.isLoading}
      error={schedules.error}
      onEnd={schedules.more}
      empty="No workflow has a schedule."
      columns={[
        {
          title: "workflow",
          cell: ({ name }) => (
            <a href={linkTo(route, "workflows", ["definitions", name])}>
              <Name text={name} />
            </a>
          ),
        },
        {
          title: "when",
          cell: (schedule) =>
            schedule.cron === undefined
              ? `every ${duration(schedule.interval_ms ?? 0)}`
              : `${schedule.cron} ${schedule.timezone}`,
        },
        { title: "next", cell: (schedule) => <Moment ms={schedule.next_run_at} />, width: "8rem" },
        {
          title: "last",
          isExtra: true,
          cell: (schedule) =>
            schedule.last_run_id === undefined ? (
              "–"
            ) : (
              <a href={linkTo(route, "workflows", ["runs", schedule.last_run_id])}>
                <Moment ms={schedule.last_run_at} />
              </a>
            ),
          width: "8rem",
        },
        {
          title: "state",
          cell: (schedule) => <Badge state={schedule.paused ? "paused" : "enabled"} />,
          width: "7rem",
          isExtra: true,
        },
        {
          title: "",
          width: "11rem",
          cell: ({ name, paused }) => (
            <Only role="backend">
              <button
                type="button"
                class="plain"
                onClick={() =>
                  then(`${name} was started`, () => client.workflow.triggerSchedule(name))
                }
              >
                run now
              </button>
              <button
                type="button"
                class="plain"
                onClick={() =>
                  paused
                    ? then(`${name} goes on`, () => client.workflow.resumeSchedule(name))
                    : then(`${name} is paused`, () => client.workflow.pauseSchedule(name))
                }
              >
                {paused ? "resume" : "pause"}
              </button>
            </Only>
          ),
        },
      ]}
    />
  );
}
