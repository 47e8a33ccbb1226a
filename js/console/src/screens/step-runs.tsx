/** What a step asked for: each attempt with its input, output and error, loaded when it is opened. */

import { useRef } from "preact/hooks";

import type { Client } from "../connection.js";
import { unlessForbidden, useFlo } from "../flo.js";
import { shown } from "../format.js";
import { useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Payload } from "../parts/payload.js";
import { Loading, Trouble } from "../parts/state.js";
import type { Lane } from "../parts/timeline.js";
import { linkTo } from "../route.js";

const LOOKED_AT_MAX = 500;

export interface StepRunsProps {
  readonly lane: Lane;
  /** All of the run's: what belongs to another is not this one's. */
  readonly lanes: readonly Lane[];
}

export function StepRuns({ lane, lanes }: StepRunsProps) {
  const [first, ...others] = lane.runs;
  const isItem = lane.level > 0 && lane.segments.length === 0;
  const mayBeMore = isItem && (others.length > 0 || lane.untilMs === null);
  return (
    <>
      {lane.note === "" ? null : <p>{shown(lane.note)}</p>}
      {first === undefined ? null : <Run {...first} />}
      {first === undefined || first.isChild || !mayBeMore ? null : (
        <Between
          first={first.runId}
          last={others.at(-1)?.runId ?? null}
          isOver={lane.untilMs !== null}
          lanes={lanes}
        />
      )}
      {others.map((run) => (
        <Run key={run.runId} {...run} />
      ))}
    </>
  );
}

function Run({ runId, isChild }: { runId: string; isChild: boolean }) {
  return isChild ? <Child runId={runId} /> : <Action runId={runId} />;
}

interface BetweenProps {
  readonly first: string;
  /** `null`: the item goes on. */
  readonly last: string | null;
  readonly isOver: boolean;
  readonly lanes: readonly Lane[];
}

/**
 * Attempts of an item that the history does not name: it keeps the first and the last. Items that get
 * the same input cannot be told apart, so it is said what these are: the same, for the same run.
 */
function Between({ first, last, isOver, lanes }: BetweenProps) {
  const { client } = useFlo();
  const { value } = useLive(
    async () => (await unlessForbidden(attemptsBetween(client, first, last))) ?? [],
    [client, first, last, isOver],
    isOver ? 0 : "changes",
  );
  const named = new Set(lanes.flatMap(({ runs }) => runs.map(({ runId }) => runId)));
  const between = (value ?? []).filter((runId) => !named.has(runId));
  if (between.length === 0) {
    return null;
  }
  return (
    <>
      <p class="quiet">
        The history names only the first attempt and the last. Between them, this run also started
        these runs of the same action with the same input:
      </p>
      {between.map((runId) => (
        <Action key={runId} runId={runId} />
      ))}
    </>
  );
}

/** Runs of the same action with the same input, asked for by the same run: oldest first. */
async function attemptsBetween(client: Client, first: string, last: string | null) {
  const from = await client.action.status(first);
  const to = last === null ? null : await client.action.status(last);
  const found = await client.action.listRuns(from.action, {
    startedAfterMs: from.createdAtMs,
    ...(to === null ? {} : { startedBeforeMs: to.createdAtMs + 1n }),
    limit: LOOKED_AT_MAX,
  });
  const isSame = (one: Uint8Array, other: Uint8Array) =>
    one.length === other.length && one.every((byte, at) => byte === other[at]);
  return found
    .filter(({ runId, callerRunId }) => callerRunId === from.callerRunId && runId !== first)
    .filter(({ runId, input }) => runId !== last && isSame(input, from.input))
    .map(({ runId }) => runId)
    .reverse();
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
