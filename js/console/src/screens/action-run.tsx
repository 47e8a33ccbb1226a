/** One run of an action: how far it is, its attempts, what it was given and gave. */

import type { ActionRun } from "@floruntime/core";
import { useFlo } from "../flo.js";
import { shown } from "../format.js";
import { useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { NotYet, Trouble } from "../parts/state.js";
import { type Lane, Timeline, type Tone } from "../parts/timeline.js";
import { linkTo } from "../route.js";

export function ActionRunPage({ runId }: { runId: string }) {
  const { client } = useFlo();
  const act = useAct();
  const { value: run, error, reload } = useLive(() => client.action.status(runId), [client, runId]);
  if (run === null) {
    return <NotYet name={runId} error={error} />;
  }
  const scope = `write:action:${run.action}`;
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      reload();
    }
  };
  const hasEnded = run.status !== "pending" && run.status !== "running";
  return (
    <>
      <Trouble error={error} />
      <h1>
        <Name text={run.action} /> {run.runId} <Badge state={run.status} />
      </h1>
      <div class="bar">
        {hasEnded ? null : (
          <Only role="worker" scope={scope}>
            <button
              type="button"
              onClick={() => then("the run was cancelled", () => client.action.cancel(runId))}
            >
              Cancel
            </button>
          </Only>
        )}
        {(run.status === "failed" || run.status === "timed_out") && run.callerRunId === null ? (
          <Only role="backend" scope={scope}>
            <button
              type="button"
              onClick={() => then("the run will be tried again", () => client.action.retry(runId))}
            >
              Retry
            </button>
          </Only>
        ) : null}
      </div>
      <Progress run={run} />
      <Facts run={run} />
      <Timeline title="Attempts" lanes={lanesOf(run)} />
      <Payload payload={run.input} label="Input" />
      {run.output === null ? null : <Payload payload={run.output} label="Output" />}
    </>
  );
}

function Progress({ run }: { run: ActionRun }) {
  if (run.progress === null || run.status === "completed") {
    return null;
  }
  const percent = Math.round(run.progress * 100);
  return (
    <p class="row card">
      <progress value={run.progress} max={1} aria-label="progress" />
      <span>
        {percent} % <span class="quiet">{shown(run.progressNote ?? "")}</span>
      </span>
    </p>
  );
}

function lanesOf(run: ActionRun): Lane[] {
  return run.attempts.map((attempt) => {
    const isBad = attempt.reason !== null || attempt.error !== null;
    const tone: Tone = attempt.endedAtMs === null ? "busy" : isBad ? "bad" : "good";
    return {
      key: `${attempt.attempt}`,
      name: `${attempt.attempt}: ${attempt.workerId}`,
      level: 0,
      fromMs: Number(attempt.begunAtMs ?? run.createdAtMs),
      untilMs: attempt.endedAtMs === null ? null : Number(attempt.endedAtMs),
      tone,
      note: attempt.error ?? attempt.reason ?? "",
      segments: [],
      runs: [],
    };
  });
}

function Facts({ run }: { run: ActionRun }) {
  const { route } = useFlo();
  return (
    <dl class="facts card">
      {run.waitsFor === null ? null : (
        <>
          <dt>now</dt>
          <dd>{shown(run.waitsFor.text)}</dd>
        </>
      )}
      {run.error === null ? null : (
        <>
          <dt>error</dt>
          <dd class="bad">{shown(run.error)}</dd>
        </>
      )}
      {run.outcome === null ? null : (
        <>
          <dt>outcome</dt>
          <dd>{shown(run.outcome)}</dd>
        </>
      )}
      {run.key === null ? null : (
        <>
          <dt>key</dt>
          <dd>
            <Name text={run.key} />
          </dd>
        </>
      )}
      <dt>attempt</dt>
      <dd>{run.attempt}</dd>
      {run.workerId === null ? null : (
        <>
          <dt>worker</dt>
          <dd>
            <a href={linkTo(route, "actions", ["workers", run.workerId])}>
              <Name text={run.workerId} />
            </a>
          </dd>
        </>
      )}
      {run.callerRunId === null ? null : (
        <>
          <dt>started by run</dt>
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
      {run.completedAtMs === null ? null : (
        <>
          <dt>ended</dt>
          <dd>
            <Moment ms={run.completedAtMs} />
          </dd>
        </>
      )}
    </dl>
  );
}
