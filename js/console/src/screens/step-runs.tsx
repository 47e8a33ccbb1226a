/** What a step asked for: each attempt with its input, output and error, loaded when it is opened. */

import { useFlo } from "../flo.js";
import { shown } from "../format.js";
import { useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Payload } from "../parts/payload.js";
import { Loading, Trouble } from "../parts/state.js";
import type { Lane } from "../parts/timeline.js";
import { linkTo } from "../route.js";

export function StepRuns({ lane }: { lane: Lane }) {
  return (
    <>
      {lane.note === "" ? null : <p>{shown(lane.note)}</p>}
      {lane.runs.map(({ runId, isChild }) =>
        isChild ? <Child key={runId} runId={runId} /> : <Action key={runId} runId={runId} />,
      )}
    </>
  );
}

function Action({ runId }: { runId: string }) {
  const { client, route } = useFlo();
  const { value: run, error } = useLive(() => client.action.status(runId), [client, runId], 0);
  if (run === null) {
    return error === null ? <Loading /> : <Trouble error={error} />;
  }
  return (
    <section>
      <p>
        <a href={linkTo(route, "actions", ["runs", runId])}>{runId}</a> {shown(run.action)}{" "}
        <Badge state={run.status} />{" "}
        {run.outcome === null ? null : <span class="quiet">outcome {shown(run.outcome)}</span>}
      </p>
      {run.error === null ? null : <p class="bad">{shown(run.error)}</p>}
      <Payload payload={run.input} label="Input" />
      {run.output === null ? null : <Payload payload={run.output} label="Output" />}
    </section>
  );
}

function Child({ runId }: { runId: string }) {
  const { client, route } = useFlo();
  const { value: run, error } = useLive(() => client.workflow.status(runId), [client, runId], 0);
  if (run === null) {
    return error === null ? <Loading /> : <Trouble error={error} />;
  }
  return (
    <section>
      <p>
        <a href={linkTo(route, "workflows", ["runs", runId])}>{shown(runId)}</a>{" "}
        {shown(run.workflow)} <Badge state={run.status} />
      </p>
      <Payload payload={run.input} label="Input" />
      {run.output === undefined ? null : <Payload payload={run.output} label="Output" />}
    </section>
  );
}
