/** One run: its drawing with the way lit up, a timeline, its input and output, its history. */

import type { HistoryEvent, WorkflowStatusResult } from "@floruntime/core";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Drawn, drawnOf } from "../drawing/definition.js";
import { Drawing } from "../drawing/drawing.js";
import { isOfWorkflow, lanesOf } from "../drawing/lanes.js";
import { wayOf } from "../drawing/way.js";
import { useFlo } from "../flo.js";
import { duration, moment, shown, textOf } from "../format.js";
import { SLOW_MS, useLive } from "../live.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Payload } from "../parts/payload.js";
import { NotYet, Trouble } from "../parts/state.js";
import { Timeline } from "../parts/timeline.js";
import { linkTo } from "../route.js";
import { gathered } from "../sight.js";
import { hasEnded, RunHead } from "./run-head.js";
import { StepRuns } from "./step-runs.js";

const EVENTS_MAX = 30_000;
const TOGETHER_MS = 150;

export function WorkflowRun({ runId }: { runId: string }) {
  const { client } = useFlo();
  const {
    value: run,
    error,
    reload,
  } = useLive(() => client.workflow.status(runId), [client, runId], SLOW_MS);
  const isOver = run !== null && hasEnded(run);
  const history = useHistory(runId, isOver, reload);
  const drawn = useDrawn(run);
  const { events } = history;
  const way = useMemo(() => (run === null ? null : wayOf(events, run)), [events, run]);
  if (run === null) {
    return <NotYet name={runId} error={error} />;
  }
  const lanes = lanesOf(events, run);
  const steps = drawn?.boxes.filter(({ isTerminal }) => !isTerminal).map(({ name }) => name);
  return (
    <>
      <Trouble error={error ?? history.error} />
      <RunHead run={run} steps={steps ?? []} reload={reload} />
      <Facts run={run} />
      <div class="beside">
        {drawn === null ? null : <Drawing drawn={drawn} way={way} />}
        <div>
          <Timeline
            title="Timeline"
            lanes={lanes}
            inside={(lane) =>
              lane.runs.length === 0 && lane.note === "" ? null : (
                <StepRuns lane={lane} lanes={lanes} />
              )
            }
          />
          <Payload payload={run.input} label="Input" />
          {run.output === undefined ? null : <Payload payload={run.output} label="Output" />}
        </div>
      </div>
      <History events={events} />
    </>
  );
}

/** The run's events as they happen; those that come together are shown together. */
function useHistory(runId: string, isOver: boolean, onNews: () => void) {
  const { client } = useFlo();
  const [events, setEvents] = useState<readonly HistoryEvent[]>([]);
  const [error, setError] = useState<Error | null>(null);
  const known = useRef<HistoryEvent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const show = () => {
      setEvents([...known.current]);
      onNews();
    };
    const together = gathered(show, TOGETHER_MS);
    const follow = async () => {
      const after = known.current.at(-1)?.sequence ?? 0n;
      for await (const event of client.workflow.follow(runId, { after, signal: stop.signal })) {
        known.current.push(event);
        together.ask();
        if (known.current.length >= EVENTS_MAX) {
          break;
        }
      }
    };
    setError(null);
    if (known.current.length > 0) {
      show();
    }
    follow().catch((failure: Error) => (stop.signal.aborted ? undefined : setError(failure)));
    return () => {
      stop.abort();
      together.end();
    };
  }, [client, runId, isOver]);
  return { events, error };
}

/** The drawing of the version that the run is of. */
function useDrawn(run: WorkflowStatusResult | null): Drawn | null {
  const { client } = useFlo();
  const { value } = useLive(
    async () =>
      run === null
        ? null
        : await client.workflow.getDefinition(run.workflow, { version: run.version }),
    [client, run?.workflow, run?.version],
    0,
  );
  return useMemo(() => (value === null ? null : drawnOf(textOf(value) ?? "")), [value]);
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
        <span class="quiet">
          version <Name text={run.version} />
        </span>
      </dd>
      <dt>at step</dt>
      <dd>
        <Name text={run.terminal ?? run.current_step ?? "–"} />
      </dd>
      {run.waits_for === undefined ? null : (
        <>
          <dt>now</dt>
          <dd>
            {shown(run.waits_for.text)}
            {run.waits_for.dueAtMs === null ? null : (
              <>
                , until <Moment ms={run.waits_for.dueAtMs} />
              </>
            )}
          </dd>
        </>
      )}
      {run.error === undefined ? null : (
        <>
          <dt>error</dt>
          <dd class="bad">{shown(run.error)}</dd>
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
          <dt>
            <Name text={name} />
          </dt>
          <dd>
            <Name text={String(value)} />
          </dd>
        </>
      ))}
    </dl>
  );
}

const EVENTS_SHOWN = 200;

/** Newest last; of a long history the end first. */
function History({ events }: { events: readonly HistoryEvent[] }) {
  const { route } = useFlo();
  const [limit, setLimit] = useState(EVENTS_SHOWN);
  const firstMs = Number(events[0]?.timestamp ?? 0);
  return (
    <section class="card">
      <h2>History</h2>
      {events.length > limit ? (
        <button type="button" class="plain" onClick={() => setLimit(limit * 4)}>
          {events.length - limit} earlier events
        </button>
      ) : null}
      <ol class="feed history">
        {events.slice(-limit).map((event) => (
          <li key={String(event.sequence)}>
            <span class="quiet number" title={moment(event.timestamp)}>
              +{duration(Number(event.timestamp) - firstMs)}
            </span>
            <span>
              <strong>{event.type.replaceAll("_", " ")}</strong>{" "}
              {event.step === undefined ? null : <Name text={event.step} />}
            </span>
            <span class="detail">
              {shown(event.detail)}{" "}
              {event.run_id === undefined ? null : (
                <a
                  href={
                    isOfWorkflow(event.run_id)
                      ? linkTo(route, "workflows", ["runs", event.run_id])
                      : linkTo(route, "actions", ["runs", event.run_id])
                  }
                >
                  {shown(event.run_id)}
                </a>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
