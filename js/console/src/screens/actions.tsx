/** Actions, their runs, and who works on them. */

import type { RunStatus } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, inputOf, useFlo } from "../flo.js";
import { glimpse, shown } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Bulk, type BulkForm, type Operation } from "../parts/bulk.js";
import { Counts, statusesOf } from "../parts/counts.js";
import { Dialog } from "../parts/dialog.js";
import { Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only, useMay } from "../parts/only.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { type Times, timesKey, timesOf, When } from "../parts/when.js";
import { linkTo, wordsOf } from "../route.js";
import { ActionNames, OneAction } from "./action-names.js";
import { ActionRunPage } from "./action-run.js";
import { ActionSchedules } from "./schedules.js";
import { Workers } from "./workers.js";

const PAGE_ROWS = 200;
const OPERATIONS: readonly Operation[] = [
  { name: "cancel", label: "Cancel", isDangerous: true, fields: ["reason"] },
  { name: "retry", label: "Retry" },
  { name: "delete", label: "Delete", isDangerous: true },
];
const STATUSES = ["pending", "running", "completed", "failed", "cancelled", "timed_out"];

export function Actions() {
  const { route } = useFlo();
  const may = useMay();
  const [part, name] = route.path;
  if (part === "runs" && name !== undefined) {
    return <ActionRunPage key={name} runId={name} />;
  }
  if (part === "names" && name !== undefined) {
    return <OneAction key={name} name={name} />;
  }
  return (
    <>
      <h1>Actions</h1>
      <Tabs
        screen="actions"
        tabs={[
          ["", "Runs"],
          ["names", "Actions"],
          ["schedules", "Schedules"],
          ...(may({ role: "worker" }) ? ([["workers", "Workers"]] as const) : []),
        ]}
      />
      {part === "names" ? (
        <ActionNames />
      ) : part === "schedules" ? (
        <ActionSchedules />
      ) : part === "workers" ? (
        <Workers />
      ) : (
        <Runs />
      )}
    </>
  );
}

type Statuses = readonly (typeof RunStatus)[keyof typeof RunStatus][];

/** What the address says, as lists and jobs take it. */
function filtersOf(filters: Readonly<Record<string, string>>): Times & { status?: Statuses } {
  const statuses = statusesOf(filters["status"]) as unknown as Statuses;
  return { ...timesOf(filters), ...(statuses.length === 0 ? {} : { status: statuses }) };
}

function Runs() {
  const { client, route } = useFlo();
  const { action = "", status = "" } = route.filters;
  const name = action === "" ? null : action;
  const counts = useLive(() => client.action.countRuns(name), [client, action]);
  const runs = usePages(
    async (cursor) =>
      asPage(
        await client.action.listRuns(name, {
          limit: PAGE_ROWS,
          cursor,
          ...filtersOf(route.filters),
        }),
      ),
    [client, action, status, timesKey(route.filters)],
  );
  const words = wordsOf(route.filters);
  const begin = async ({ operation, limit, dryRun, fields }: BulkForm) =>
    await client.action.bulk(operation as "cancel", {
      ...filtersOf(route.filters),
      ...(name === null ? {} : { name }),
      ...fields,
      limit,
      dryRun,
    });
  const reload = () => {
    runs.reload();
    counts.reload();
  };
  return (
    <>
      <div class="bar top-bar">
        <Counts statuses={STATUSES} counts={counts.value} />
        <span class="spring" />
        <Only role="backend" scope={name === null ? undefined : `write:action:${name}`}>
          <Bulk what="runs" operations={OPERATIONS} filters={words} begin={begin} onEnd={reload} />
        </Only>
        <Only role="worker" scope={`write:action:${action || "*"}`}>
          <Invoke action={action} />
        </Only>
      </div>
      <div class="bar">
        <Words name="action" label="action" hint="name" />
        <When />
      </div>
      <Table
        label="runs"
        items={runs.items}
        keyOf={({ runId }) => runId}
        hrefOf={({ runId }) => linkTo(route, "actions", ["runs", runId])}
        isLoading={runs.isLoading}
        error={runs.error}
        onEnd={runs.more}
        empty={
          runs.hasMore
            ? "None found so far. Still searching…"
            : words === ""
              ? "No runs yet."
              : "No run matches these filters."
        }
        columns={[
          { title: "run", cell: ({ runId }) => runId, width: "6.5rem" },
          { title: "action", cell: (run) => <Name text={run.action} /> },
          { title: "status", cell: ({ status: state }) => <Badge state={state} />, width: "7rem" },
          {
            title: "progress",
            cell: ({ progress, status: state }) =>
              progress === null || state === "completed" ? (
                ""
              ) : (
                <progress value={progress} max={1} aria-label="progress" />
              ),
            width: "6rem",
            isExtra: true,
          },
          {
            title: "attempt",
            cell: ({ attempt }) => attempt,
            isNumber: true,
            width: "5rem",
            isExtra: true,
          },
          {
            title: "input",
            cell: ({ input }) => <code>{glimpse(input)}</code>,
            isExtra: true,
            width: "1.4fr",
          },
          {
            title: "error",
            cell: ({ error }) => shown(error ?? ""),
            isExtra: true,
            width: "1.4fr",
          },
          {
            title: "invoked",
            cell: (run) => <Moment ms={run.createdAtMs} />,
            width: "8rem",
            isExtra: true,
          },
        ]}
      />
    </>
  );
}

function Invoke({ action }: { action: string }) {
  const { client, route } = useFlo();
  const act = useAct();
  const [isOpen, setOpen] = useState(false);
  const invoke = async (form: FormData) => {
    let runId = "";
    const isDone = await act("invoked", async () => {
      const input = String(form.get("input"));
      inputOf(input);
      const key = String(form.get("key"));
      const options = key === "" ? {} : { key };
      ({ runId } = await client.action.invoke(String(form.get("action")), input, options));
    });
    if (isDone) {
      setOpen(false);
      location.assign(linkTo(route, "actions", ["runs", runId]));
    }
  };
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        Invoke
      </button>
      {isOpen ? (
        <Dialog
          title="Invoke an action"
          confirm="Invoke"
          onConfirm={invoke}
          onClose={() => setOpen(false)}
        >
          <label>
            Action
            <input name="action" required defaultValue={action} />
          </label>
          <label>
            Input, JSON
            <textarea name="input" spellcheck={false} />
          </label>
          <label>
            Key, if it has one
            <input name="key" />
          </label>
        </Dialog>
      ) : null}
    </>
  );
}
