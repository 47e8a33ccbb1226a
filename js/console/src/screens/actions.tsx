/** Actions, their runs, and who works on them. */

import type { ActionRun } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, inputOf, useFlo } from "../flo.js";
import { duration, glimpse } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Choice, Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Loading, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { Timeline } from "../parts/timeline.js";
import { linkTo } from "../route.js";
import { Workers } from "./workers.js";

const PAGE_ROWS = 200;
const STATUSES = ["pending", "running", "completed", "failed", "cancelled", "timed_out"];

export function Actions() {
  const { route } = useFlo();
  const [part, name] = route.path;
  if (part === "runs" && name !== undefined) {
    return <OneRun key={name} runId={name} />;
  }
  return (
    <>
      <h1>Actions</h1>
      <Tabs
        screen="actions"
        tabs={[
          ["", "Runs"],
          ["names", "Actions"],
          ["workers", "Workers"],
        ]}
      />
      {part === "names" ? <Names /> : part === "workers" ? <Workers /> : <Runs />}
    </>
  );
}

function Runs() {
  const { client, route } = useFlo();
  const { action = "", status = "" } = route.filters;
  const runs = usePages(
    async (cursor) =>
      asPage(
        await client.action.listRuns(action === "" ? null : action, {
          limit: PAGE_ROWS,
          cursor,
          ...(status === "" ? {} : { status: status as "failed" }),
        }),
      ),
    [client, action, status],
  );
  return (
    <>
      <div class="bar">
        <Choice name="status" label="status" options={STATUSES} />
        <Words name="action" label="action" hint="its name" />
        <span class="spring" />
        <Only role="worker">
          <Invoke action={action} />
        </Only>
      </div>
      <Table
        label="runs"
        items={runs.items}
        keyOf={({ runId }) => runId}
        hrefOf={({ runId }) => linkTo(route, "actions", ["runs", runId])}
        isLoading={runs.isLoading}
        error={runs.error}
        onEnd={runs.more}
        empty={status + action === "" ? "No run yet." : "No run that fits these filters."}
        columns={[
          { title: "run", cell: ({ runId }) => runId, width: "8rem" },
          { title: "action", cell: (run) => <Name text={run.action} /> },
          { title: "status", cell: ({ status: state }) => <Badge state={state} />, width: "8rem" },
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
          { title: "error", cell: ({ error }) => error ?? "", isExtra: true, width: "1.4fr" },
          { title: "invoked", cell: (run) => <Moment ms={run.createdAtMs} />, width: "8rem" },
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
      const input = JSON.stringify(inputOf(String(form.get("input"))));
      ({ runId } = await client.action.invoke(String(form.get("action")), input));
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
        </Dialog>
      ) : null}
    </>
  );
}

function Names() {
  const { client, route } = useFlo();
  const act = useAct();
  const actions = usePages(
    async (cursor) => asPage(await client.action.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const toggle = async (name: string, isEnabled: boolean) => {
    const isDone = isEnabled
      ? await act(`${name} is disabled`, () => client.action.disable(name))
      : await act(`${name} is enabled`, () => client.action.enable(name));
    if (isDone) {
      actions.reload();
    }
  };
  return (
    <Table
      label="actions"
      items={actions.items}
      keyOf={({ name }) => name}
      hrefOf={({ name }) => linkTo(route, "actions", [], { action: name })}
      isLoading={actions.isLoading}
      error={actions.error}
      onEnd={actions.more}
      empty="No action is registered here. A worker registers its own as it starts."
      columns={[
        { title: "action", cell: ({ name }) => <Name text={name} /> },
        {
          title: "about",
          cell: ({ description }) => description ?? "",
          isExtra: true,
          width: "2fr",
        },
        {
          title: "time-out",
          cell: ({ timeoutMs }) => duration(timeoutMs),
          width: "6rem",
          isExtra: true,
        },
        {
          title: "retries",
          cell: ({ maxRetries }) => maxRetries,
          width: "5rem",
          isNumber: true,
          isExtra: true,
        },
        {
          title: "state",
          cell: ({ enabled }) => <Badge state={enabled ? "enabled" : "disabled"} />,
          width: "7rem",
        },
        {
          title: "",
          width: "6rem",
          cell: ({ name, enabled }) => (
            <Only role="backend">
              <button type="button" class="plain" onClick={() => void toggle(name, enabled)}>
                {enabled ? "disable" : "enable"}
              </button>
            </Only>
          ),
        },
      ]}
    />
  );
}

function OneRun({ runId }: { runId: string }) {
  const { client } = useFlo();
  const act = useAct();
  const { value: run, error, reload } = useLive(() => client.action.status(runId), [client, runId]);
  if (run === null) {
    return error === null ? <Loading /> : <Trouble error={error} />;
  }
  const hasEnded = run.status !== "pending" && run.status !== "running";
  return (
    <>
      <Trouble error={error} />
      <h1>
        <Name text={run.action} /> {run.runId} <Badge state={run.status} />
      </h1>
      <div class="bar">
        {hasEnded ? null : (
          <button
            type="button"
            onClick={async () => {
              if (await act("the run is cancelled", () => client.action.cancel(runId))) {
                reload();
              }
            }}
          >
            Cancel
          </button>
        )}
      </div>
      <Facts run={run} />
      <Timeline
        title="Attempts"
        spans={run.attempts.map((attempt) => ({
          name: `${attempt.attempt}: ${attempt.workerId}`,
          fromMs: Number(attempt.begunAtMs ?? run.createdAtMs),
          untilMs: attempt.endedAtMs === null ? null : Number(attempt.endedAtMs),
          tone:
            attempt.endedAtMs === null ? "busy" : attempt.reason || attempt.error ? "bad" : "good",
          note: attempt.error ?? attempt.reason ?? "",
        }))}
      />
      <Payload payload={run.input} label="Input" />
      {run.output === null ? null : <Payload payload={run.output} label="Output" />}
    </>
  );
}

function Facts({ run }: { run: ActionRun }) {
  const { route } = useFlo();
  return (
    <dl class="facts card">
      {run.waitsFor === null ? null : (
        <>
          <dt>waits</dt>
          <dd>{run.waitsFor.text}</dd>
        </>
      )}
      {run.error === null ? null : (
        <>
          <dt>error</dt>
          <dd class="bad">{run.error}</dd>
        </>
      )}
      {run.outcome === null ? null : (
        <>
          <dt>outcome</dt>
          <dd>{run.outcome}</dd>
        </>
      )}
      <dt>attempt</dt>
      <dd>{run.attempt}</dd>
      {run.workerId === null ? null : (
        <>
          <dt>worker</dt>
          <dd>
            <Name text={run.workerId} />
          </dd>
        </>
      )}
      {run.callerRunId === null ? null : (
        <>
          <dt>for the run</dt>
          <dd>
            <a href={linkTo(route, "workflows", ["runs", run.callerRunId])}>
              <Name text={run.callerRunId} />
            </a>
          </dd>
        </>
      )}
      <dt>invoked</dt>
      <dd>
        <Moment ms={run.createdAtMs} />
      </dd>
    </dl>
  );
}
