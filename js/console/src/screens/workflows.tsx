/** Workflows: their runs, their definitions, their schedules. */

import type { WorkflowStatus } from "@floruntime/core";
import { asPage, inputOf, useFlo } from "../flo.js";
import { shown } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Bulk, type BulkForm, type Operation } from "../parts/bulk.js";
import { Counts, statusesOf } from "../parts/counts.js";
import { Choice, Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { type Times, timesKey, timesOf, When } from "../parts/when.js";
import { linkTo, wordsOf } from "../route.js";
import { type Search, searchOf } from "../search.js";
import { Definition, Definitions } from "./definitions.js";
import { Schedules } from "./schedules.js";
import { StartRun } from "./start-run.js";
import { WorkflowRun } from "./workflow-run.js";

const PAGE_ROWS = 200;
const STATUSES = [
  "running",
  "waiting",
  "paused",
  "compensating",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
];

const OPERATIONS: readonly Operation[] = [
  { name: "cancel", label: "Cancel", isDangerous: true, fields: ["reason"] },
  { name: "retry", label: "Retry" },
  { name: "pause", label: "Pause", fields: ["reason"] },
  { name: "resume", label: "Resume" },
  { name: "signal", label: "Signal", fields: ["type", "data"] },
  { name: "delete", label: "Delete", isDangerous: true },
];

type WorkflowStatuses = readonly (typeof WorkflowStatus)[keyof typeof WorkflowStatus][];

interface RunFilters extends Times {
  readonly workflowName?: string;
  readonly status?: WorkflowStatuses;
  readonly search?: Search;
}

/** What the address says, as lists and jobs take it. */
function filtersOf(filters: Readonly<Record<string, string>>): RunFilters {
  const { workflow = "", search = "" } = filters;
  const statuses = statusesOf(filters["status"]) as unknown as WorkflowStatuses;
  return {
    ...timesOf(filters),
    ...(workflow === "" ? {} : { workflowName: workflow }),
    ...(statuses.length === 0 ? {} : { status: statuses }),
    ...(search === "" ? {} : { search: searchOf(search) }),
  };
}

function BulkRuns({ onEnd }: { onEnd: () => void }) {
  const { client, route } = useFlo();
  const begin = async ({ operation, limit, dryRun, fields }: BulkForm) => {
    const { data, ...rest } = fields;
    return await client.workflow.bulk(operation as "cancel", {
      ...filtersOf(route.filters),
      ...rest,
      ...(data === undefined ? {} : { data: inputOf(data, "data") }),
      limit,
      dryRun,
    });
  };
  return (
    <Bulk
      what="runs"
      operations={OPERATIONS}
      filters={wordsOf(route.filters)}
      begin={begin}
      onEnd={onEnd}
    />
  );
}

export function Workflows() {
  const { route } = useFlo();
  const [part, name] = route.path;
  if (part === "runs" && name !== undefined) {
    return <WorkflowRun key={name} runId={name} />;
  }
  if (part === "definitions" && name !== undefined) {
    return <Definition key={name} name={name} />;
  }
  return (
    <>
      <h1>Workflows</h1>
      <Tabs
        screen="workflows"
        tabs={[
          ["", "Runs"],
          ["definitions", "Definitions"],
          ["schedules", "Schedules"],
        ]}
      />
      {part === "definitions" ? <Definitions /> : part === "schedules" ? <Schedules /> : <Runs />}
    </>
  );
}

function Runs() {
  const { client, route } = useFlo();
  const { workflow = "", status = "", search = "", order = "" } = route.filters;
  const name = workflow === "" ? null : workflow;
  const counts = useLive(() => client.workflow.countRuns(name), [client, workflow]);
  const runs = usePages(
    async (cursor) =>
      asPage(
        await client.workflow.listRuns({
          limit: PAGE_ROWS,
          cursor,
          ...filtersOf(route.filters),
          ...(order === "" ? {} : { order: order as "oldest" }),
        }),
      ),
    [client, workflow, status, search, order, timesKey(route.filters)],
  );
  const isFiltered = wordsOf(route.filters) !== "";
  const reload = () => {
    runs.reload();
    counts.reload();
  };
  return (
    <>
      <div class="bar top-bar">
        <Counts statuses={STATUSES} counts={counts.value} />
        <span class="spring" />
        <Only role="backend" scope={name === null ? undefined : `write:workflow:${name}`}>
          <BulkRuns onEnd={reload} />
        </Only>
        <Only role="worker" scope={`write:workflow:${workflow || "*"}`}>
          <StartRun workflow={workflow} />
        </Only>
      </div>
      <div class="bar">
        <Words name="workflow" label="workflow" hint="name" />
        <Words name="search" label="attributes" hint="customer=ada amount>=100" />
        <When />
        <Choice name="order" label="order" options={["oldest"]} none="newest" />
      </div>
      <Table
        label="runs"
        items={runs.items}
        keyOf={(run) => run.run_id}
        hrefOf={(run) => linkTo(route, "workflows", ["runs", run.run_id])}
        isLoading={runs.isLoading}
        error={runs.error}
        onEnd={runs.more}
        empty={
          runs.hasMore
            ? "None found so far. Still searching…"
            : isFiltered
              ? "No run matches these filters."
              : "No runs yet."
        }
        columns={[
          { title: "run", cell: (run) => <Name text={run.run_id} /> },
          { title: "workflow", cell: (run) => <Name text={run.workflow} /> },
          { title: "status", cell: (run) => <Badge state={run.status} />, width: "8rem" },
          {
            title: "at step",
            cell: (run) => <Name text={run.terminal ?? run.current_step ?? "–"} />,
            isExtra: true,
          },
          {
            title: "error",
            cell: (run) => (run.error === undefined ? "" : shown(run.error)),
            isExtra: true,
            width: "1.6fr",
          },
          {
            title: "attributes",
            cell: (run) => (
              <code>
                {Object.entries(run.search_attributes)
                  .map(([attribute, value]) => shown(`${attribute}=${value}`))
                  .join(" ")}
              </code>
            ),
            isExtra: true,
            width: "1.9fr",
          },
          {
            title: "started",
            cell: (run) => <Moment ms={run.created_at} />,
            isExtra: true,
            width: "8rem",
          },
        ]}
      />
    </>
  );
}
