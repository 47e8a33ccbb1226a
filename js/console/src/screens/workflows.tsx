/** Workflows: their runs, their definitions, their schedules. */

import { asPage, useFlo } from "../flo.js";
import { usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Choice, Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Only } from "../parts/only.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { linkTo } from "../route.js";
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
  const { workflow = "", status = "" } = route.filters;
  const runs = usePages(
    async (cursor) =>
      asPage(
        await client.workflow.listRuns({
          limit: PAGE_ROWS,
          cursor,
          ...(workflow === "" ? {} : { workflowName: workflow }),
          ...(status === "" ? {} : { status: status as "failed" }),
        }),
      ),
    [client, workflow, status],
  );
  return (
    <>
      <div class="bar">
        <Choice name="status" label="status" options={STATUSES} />
        <Words name="workflow" label="workflow" hint="its name" />
        <span class="spring" />
        <Only role="worker">
          <StartRun workflow={workflow} />
        </Only>
      </div>
      <Table
        label="runs"
        items={runs.items}
        keyOf={(run) => run.run_id}
        hrefOf={(run) => linkTo(route, "workflows", ["runs", run.run_id])}
        isLoading={runs.isLoading}
        error={runs.error}
        onEnd={runs.more}
        empty={status + workflow === "" ? "No run yet." : "No run that fits these filters."}
        columns={[
          { title: "run", cell: (run) => <Name text={run.run_id} />, width: "1.2fr" },
          { title: "workflow", cell: (run) => <Name text={run.workflow} />, width: "1.2fr" },
          { title: "status", cell: (run) => <Badge state={run.status} />, width: "8rem" },
          {
            title: "at step",
            cell: (run) => <Name text={run.terminal ?? run.current_step ?? "–"} />,
            isExtra: true,
          },
          { title: "error", cell: (run) => run.error ?? "", isExtra: true, width: "1.6fr" },
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
