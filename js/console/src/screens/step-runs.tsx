/** What a step asked for: each attempt with its input, output and error, loaded when it is opened. */

import { useRef } from "preact/hooks";

import { useFlo } from "../flo.js";
import { shown } from "../format.js";
import { useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Payload } from "../parts/payload.js";
import { Loading, Trouble } from "../parts/state.js";
import type { Lane } from "../parts/timeline.js";
import { linkTo } from "../route.js";

export function StepRuns({ lane }: { lane: Lane }) {
  const { route } = useFlo();
  const isRetriedItem = lane.level > 0 && lane.segments.length === 0 && lane.runs.length > 1;
  return (
    <>
      {lane.note === "" ? null : <p>{shown(lane.note)}</p>}
      {isRetriedItem ? (
        <p class="quiet">
          Of an item's attempts a history keeps the first and the last; any between are among{" "}
          <a href={linkTo(route, "actions", [], { status: "failed" })}>the runs that failed</a>.
        </p>
      ) : null}
      {lane.runs.map(({ runId, isChild }) =>
        isChild ? <Child key={runId} runId={runId} /> : <Action key={runId} runId={runId} />,
      )}
    </>
  );
}

/** A run as it goes on; once it has ended it is not asked for any more. */
function useUntilEnded<T>(
  load: () => Promise<T>,
  hasEnded: (run: T) => boolean,
  dependencies: readonly unknown[],
) {
  const known = useRef<T | null>(null);
  return useLive(async () => {
    if (known.current === null || !hasEnded(known.current)) {
      known.current = await load();
    }
    return known.current;
  }, dependencies);
}

function Action({ runId }: { runId: string }) {
  const { client, route } = useFlo();
  const { value: run, error } = useUntilEnded(
    () => client.action.status(runId),
    ({ completedAtMs }) => completedAtMs !== null,
    [client, runId],
  );
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
  const { value: run, error } = useUntilEnded(
    () => client.workflow.status(runId),
    ({ completed_at }) => completed_at !== undefined,
    [client, runId],
  );
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
