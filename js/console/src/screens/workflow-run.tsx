/** One run: its drawing with the way lit up, a timeline, its input and output, its history. */

import { type HistoryEvent, WorkflowStatus, type WorkflowStatusResult } from "@floruntime/core";
import { useMemo, useState } from "preact/hooks";
import { drawnOf } from "../drawing/definition.js";
import { Drawing } from "../drawing/drawing.js";
import { spansOf, wayOf } from "../drawing/way.js";
import { inputOf, useFlo } from "../flo.js";
import { textOf } from "../format.js";
import { useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Loading, Trouble } from "../parts/state.js";
import { Timeline } from "../parts/timeline.js";
import { linkTo } from "../route.js";

const EVENTS_MAX = 1_000;
const ENDED: readonly string[] = [
  WorkflowStatus.Completed,
  WorkflowStatus.Failed,
  WorkflowStatus.Cancelled,
  WorkflowStatus.TimedOut,
];

export function WorkflowRun({ runId }: { runId: string }) {
  const { client } = useFlo();
  const { value, error, reload } = useLive(async () => {
    const [run, events] = await Promise.all([
      client.workflow.status(runId),
      client.workflow.history(runId, { limit: EVENTS_MAX }),
    ]);
    return { run, events: [...events] };
  }, [client, runId]);
  if (value === null) {
    return error === null ? <Loading /> : <Trouble error={error} />;
  }
  return (
    <>
      <Trouble error={error} />
      <Head run={value.run} reload={reload} />
      <Facts run={value.run} />
      <RunDrawing run={value.run} events={value.events} />
      <Timeline title="Timeline" spans={spansOf(value.events, value.run)} />
      <Payload payload={value.run.input} label="Input" />
      {value.run.output === undefined ? null : (
        <Payload payload={value.run.output} label="Output" />
      )}
      <History events={value.events} />
    </>
  );
}

function Head({ run, reload }: { run: WorkflowStatusResult; reload: () => void }) {
  const { client } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<"signal" | "cancel" | null>(null);
  const hasEnded = ENDED.includes(run.status);
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      setAsked(null);
      reload();
    }
  };
  return (
    <>
      <h1>
        <Name text={run.run_id} /> <Badge state={run.status} />
      </h1>
      <Only role="worker">
        <div class="bar">
          {hasEnded ? null : (
            <>
              <button type="button" onClick={() => setAsked("signal")}>
                Signal
              </button>
              <button type="button" onClick={() => setAsked("cancel")}>
                Cancel
              </button>
            </>
          )}
          {run.status === "failed" || run.status === "timed_out" ? (
            <button
              type="button"
              onClick={() => then("it is tried again", () => client.workflow.retry(run.run_id))}
            >
              Retry
            </button>
          ) : null}
        </div>
      </Only>
      {asked === "cancel" ? (
        <Dialog
          title={`Cancel ${run.run_id}?`}
          confirm="Cancel the run"
          isDangerous
          onClose={() => setAsked(null)}
          onConfirm={(form) =>
            then("the run is cancelled", () =>
              client.workflow.cancel(run.run_id, String(form.get("reason") || "cancelled by hand")),
            )
          }
        >
          <label>
            Why
            <input name="reason" />
          </label>
        </Dialog>
      ) : null}
      {asked === "signal" ? (
        <Dialog
          title="Send a signal"
          confirm="Send"
          onClose={() => setAsked(null)}
          onConfirm={(form) =>
            then("the signal was sent", () =>
              client.workflow.signal(
                run.run_id,
                String(form.get("type")),
                inputOf(String(form.get("data"))),
              ),
            )
          }
        >
          <label>
            Type
            <input name="type" required defaultValue={run.wait_signal ?? ""} />
          </label>
          <label>
            Data, JSON
            <textarea name="data" spellcheck={false} />
          </label>
        </Dialog>
      ) : null}
    </>
  );
}

function Facts({ run }: { run: WorkflowStatusResult }) {
  const { route } = useFlo();
  return (
    <dl class="facts card">
      <dt>workflow</dt>
      <dd>
        <a
          href={linkTo(route, "workflows", ["definitions", run.workflow], { version: run.version })}
        >
          <Name text={run.workflow} />
        </a>{" "}
        <span class="quiet">version {run.version}</span>
      </dd>
      <dt>at step</dt>
      <dd>
        <Name text={run.terminal ?? run.current_step ?? "–"} />
        {run.wait_signal === undefined ? null : <> waits for the signal {run.wait_signal}</>}
      </dd>
      {run.error === undefined ? null : (
        <>
          <dt>error</dt>
          <dd class="bad">{run.error}</dd>
        </>
      )}
      <dt>started</dt>
      <dd>
        <Moment ms={run.created_at} />
      </dd>
      {run.completed_at === undefined ? null : (
        <>
          <dt>ended</dt>
          <dd>
            <Moment ms={run.completed_at} />
          </dd>
        </>
      )}
      {run.parent_run_id === undefined ? null : (
        <>
          <dt>started by</dt>
          <dd>
            <a href={linkTo(route, "workflows", ["runs", run.parent_run_id])}>
              <Name text={run.parent_run_id} />
            </a>
          </dd>
        </>
      )}
      {Object.entries(run.search_attributes).map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{String(value)}</dd>
        </>
      ))}
    </dl>
  );
}

function RunDrawing({
  run,
  events,
}: {
  run: WorkflowStatusResult;
  events: readonly HistoryEvent[];
}) {
  const { client } = useFlo();
  const { value } = useLive(
    async () => client.workflow.getDefinition(run.workflow, { version: run.version }),
    [client, run.workflow, run.version],
    0,
  );
  const drawn = useMemo(() => (value === null ? null : drawnOf(textOf(value) ?? "")), [value]);
  return drawn === null ? null : <Drawing drawn={drawn} way={wayOf(events, run)} />;
}

function History({ events }: { events: readonly HistoryEvent[] }) {
  const { route } = useFlo();
  return (
    <section class="card">
      <h2>History</h2>
      <ol class="feed">
        {events.map((event) => (
          <li key={String(event.sequence)}>
            <strong>{event.type.replaceAll("_", " ")}</strong>{" "}
            {event.step === undefined ? null : <Name text={event.step} />}{" "}
            <span class="quiet">
              <Moment ms={event.timestamp} />
              {event.run_id === undefined ? null : (
                <>
                  ,{" "}
                  <a
                    href={
                      event.type.startsWith("child")
                        ? linkTo(route, "workflows", ["runs", event.run_id])
                        : linkTo(route, "actions", ["runs", event.run_id])
                    }
                  >
                    {event.run_id}
                  </a>
                </>
              )}
            </span>
            {event.detail === "" ? null : <p>{event.detail}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
