/** Schedules of workflows and of actions, with their next times. */

import { asPage, useFlo } from "../flo.js";
import { count, duration } from "../format.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;

/** What both kinds of schedules have. */
interface Schedule {
  readonly name: string;
  readonly when: string;
  readonly isPaused: boolean;
  readonly nextMs: bigint | null;
  readonly lastMs: bigint | null;
  readonly lastRunId: string | null;
  readonly running: number;
  readonly skipped: number;
}

interface Kind {
  readonly what: "workflow" | "action";
  readonly hrefOf: (name: string) => string;
  readonly runHrefOf: (runId: string) => string;
  readonly list: (cursor: string | null) => Promise<{ items: Schedule[]; cursor: string | null }>;
  readonly pause: (name: string) => Promise<unknown>;
  readonly resume: (name: string) => Promise<unknown>;
  readonly runNow: (name: string) => Promise<unknown>;
}

function whenOf(cron: string | null | undefined, intervalMs: number | null | undefined): string {
  return cron ? cron : `every ${duration(intervalMs ?? 0)}`;
}

export function Schedules() {
  const { client, route } = useFlo();
  const kind: Kind = {
    what: "workflow",
    hrefOf: (name) => linkTo(route, "workflows", ["definitions", name]),
    runHrefOf: (runId) => linkTo(route, "workflows", ["runs", runId]),
    list: async (cursor) => {
      const page = await client.workflow.schedules({ limit: PAGE_ROWS, cursor });
      const items = page.map((each) => ({
        name: each.name,
        when: `${whenOf(each.cron, each.interval_ms)}${each.cron ? ` ${each.timezone}` : ""}`,
        isPaused: each.paused,
        nextMs: each.next_run_at ?? null,
        lastMs: each.last_run_at ?? null,
        lastRunId: each.last_run_id ?? null,
        running: each.running,
        skipped: each.skipped_total,
      }));
      return { items, cursor: page.cursor };
    },
    pause: (name) => client.workflow.pauseSchedule(name),
    resume: (name) => client.workflow.resumeSchedule(name),
    runNow: (name) => client.workflow.triggerSchedule(name),
  };
  return <All kind={kind} />;
}

export function ActionSchedules() {
  const { client, route } = useFlo();
  const kind: Kind = {
    what: "action",
    hrefOf: (name) => linkTo(route, "actions", ["names", name]),
    runHrefOf: (runId) => linkTo(route, "actions", ["runs", runId]),
    list: async (cursor) => {
      const page = asPage(await client.action.schedules({ limit: PAGE_ROWS, cursor }));
      const items = page.items.map((each) => ({
        name: each.name,
        when: `${whenOf(each.cron, each.intervalMs)}${each.cron ? ` ${each.timezone}` : ""}`,
        isPaused: each.paused,
        nextMs: each.nextRunAtMs,
        lastMs: each.lastRunAtMs,
        lastRunId: each.lastRunId,
        running: each.running,
        skipped: each.skippedTotal,
      }));
      return { items, cursor: page.cursor };
    },
    pause: (name) => client.action.pauseSchedule(name),
    resume: (name) => client.action.resumeSchedule(name),
    runNow: (name) => client.action.triggerSchedule(name),
  };
  return <All kind={kind} />;
}

function All({ kind }: { kind: Kind }) {
  const { client } = useFlo();
  const act = useAct();
  const schedules = usePages(kind.list, [client, kind.what]);
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      schedules.reload();
    }
  };
  return (
    <Table
      label="schedules"
      items={schedules.items}
      keyOf={({ name }) => name}
      isLoading={schedules.isLoading}
      error={schedules.error}
      onEnd={schedules.more}
      empty={`No ${kind.what} has a schedule.`}
      columns={[
        {
          title: kind.what,
          cell: ({ name }) => (
            <a href={kind.hrefOf(name)}>
              <Name text={name} />
            </a>
          ),
        },
        { title: "when", cell: ({ when }) => when, isExtra: true },
        {
          title: "next",
          cell: ({ nextMs }) => <Moment ms={nextMs} />,
          width: "6.75rem",
        },
        {
          title: "last",
          isExtra: true,
          cell: ({ lastMs, lastRunId }) =>
            lastRunId === null ? (
              "–"
            ) : (
              <a href={kind.runHrefOf(lastRunId)}>
                <Moment ms={lastMs} />
              </a>
            ),
          width: "8rem",
        },
        {
          title: "running",
          cell: ({ running }) => count(running),
          isNumber: true,
          isExtra: true,
          width: "5rem",
        },
        {
          title: "skipped",
          cell: ({ skipped }) => count(skipped),
          isNumber: true,
          isExtra: true,
          width: "5rem",
        },
        {
          title: "state",
          cell: ({ isPaused }) => <Badge state={isPaused ? "paused" : "enabled"} />,
          width: "7rem",
          isExtra: true,
        },
        {
          title: "",
          width: "9rem",
          cell: ({ name, isPaused }) => (
            <Only role="backend" scope={`write:${kind.what}:${name}`}>
              <button
                type="button"
                class="plain"
                onClick={() => then(`${name} was started`, () => kind.runNow(name))}
              >
                run now
              </button>
              <button
                type="button"
                class="plain"
                onClick={() =>
                  isPaused
                    ? then(`the schedule of ${name} was resumed`, () => kind.resume(name))
                    : then(`the schedule of ${name} was paused`, () => kind.pause(name))
                }
              >
                {isPaused ? "resume" : "pause"}
              </button>
            </Only>
          ),
        },
      ]}
    />
  );
}
