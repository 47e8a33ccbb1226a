/** What is going on: what waits, what runs, what failed in the last hour, and who works. */

import { useRef } from "preact/hooks";
import { type Flo, useFlo } from "../flo.js";
import { count, duration } from "../format.js";
import { useLive } from "../live.js";
import { Chart } from "../parts/chart.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Empty, Trouble } from "../parts/state.js";
import { linkTo } from "../route.js";

const LIST_MAX = 1_000;
const FAILED_SHOWN = 8;
const SAMPLES_MAX = 300;
const HOUR_MS = 3_600_000;

async function lookAround({ client }: Flo) {
  const [info, queues, workers, failedRuns, failedTasks] = await Promise.all([
    client.info(),
    client.queue.list({ limit: LIST_MAX }),
    client.worker.list({ limit: LIST_MAX }),
    client.workflow.listRuns({ status: "failed", limit: FAILED_SHOWN }),
    client.action.listRuns(null, { status: "failed", limit: FAILED_SHOWN }),
  ]);
  const total = (of: (queue: (typeof queues)[number]) => number) =>
    queues.reduce((sum, queue) => sum + of(queue), 0);
  return {
    info,
    atMs: Date.now(),
    ready: total((queue) => queue.ready),
    leased: total((queue) => queue.leased),
    delayed: total((queue) => queue.delayed),
    dead: total((queue) => queue.dead),
    oldestMs: Math.max(0, ...queues.map((queue) => queue.oldestAgeMs)),
    workers: [...workers],
    failedRuns: [...failedRuns],
    failedTasks: [...failedTasks],
  };
}

type Seen = Awaited<ReturnType<typeof lookAround>>;

export function Overview() {
  const flo = useFlo();
  const { value, error } = useLive(() => lookAround(flo), [flo.client]);
  const samples = useSamples(value);
  return (
    <>
      <h1>Overview</h1>
      <Trouble error={error} />
      {value === null ? null : <Numbers seen={value} />}
      <div class="columns">
        <Chart title="Commands a second, whole server" {...rates(samples)} />
        <Chart title="Messages in queues" {...waiting(samples)} />
      </div>
      {value === null ? null : <Failures seen={value} />}
    </>
  );
}

function Numbers({ seen }: { seen: Seen }) {
  const { route } = useFlo();
  const healthy = seen.workers.filter((worker) => worker.healthy).length;
  const running = seen.workers.reduce((sum, worker) => sum + worker.running, 0);
  return (
    <ul class="numbers">
      <Figure label="ready" value={count(seen.ready)} href={linkTo(route, "queues")} />
      <Figure
        label="oldest message"
        value={duration(seen.oldestMs)}
        href={linkTo(route, "queues")}
      />
      <Figure label="leased" value={count(seen.leased)} href={linkTo(route, "queues")} />
      <Figure
        label="dead letters"
        value={count(seen.dead)}
        href={linkTo(route, "queues")}
        isBad={seen.dead > 0}
      />
      <Figure
        label="workers"
        value={`${healthy}`}
        href={linkTo(route, "actions", ["workers"])}
        isBad={seen.workers.length > healthy}
      />
      <Figure label="runs at work" value={count(running)} href={linkTo(route, "actions")} />
      <Figure label="connections" value={count(seen.info.connections)} />
      <Figure
        label="disk"
        value={seen.info.storageFull ? "nearly full" : "enough"}
        isBad={seen.info.storageFull}
      />
    </ul>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly href?: string;
  readonly isBad?: boolean;
}

function Figure({ label, value, href, isBad = false }: FigureProps) {
  const inner = (
    <>
      <strong class={isBad ? "bad" : ""}>{value}</strong>
      <span class="quiet">{label}</span>
    </>
  );
  return <li>{href === undefined ? <div>{inner}</div> : <a href={href}>{inner}</a>}</li>;
}

function Failures({ seen }: { seen: Seen }) {
  const { route } = useFlo();
  const since = seen.atMs - HOUR_MS;
  const runs = seen.failedRuns.filter((run) => Number(run.completed_at ?? 0) > since);
  const tasks = seen.failedTasks.filter((run) => Number(run.completedAtMs ?? 0) > since);
  return (
    <section>
      <h2>Failed in the last hour</h2>
      {runs.length + tasks.length === 0 ? <Empty>Nothing failed in the last hour.</Empty> : null}
      <ul class="feed">
        {runs.map((run) => (
          <li key={run.run_id}>
            <a href={linkTo(route, "workflows", ["runs", run.run_id])}>
              <Name text={run.workflow} />
            </a>{" "}
            <span class="quiet">
              at <Name text={run.current_step ?? "–"} />, <Moment ms={run.completed_at} />
            </span>
            <p>{run.error}</p>
          </li>
        ))}
        {tasks.map((run) => (
          <li key={run.runId}>
            <a href={linkTo(route, "actions", ["runs", run.runId])}>
              <Name text={run.action} />
            </a>{" "}
            <span class="quiet">
              attempt {run.attempt}, <Moment ms={run.completedAtMs} />
            </span>
            <p>{run.error}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What was seen so far, the last ten minutes of it: a tab that stays open does not grow. */
function useSamples(seen: Seen | null): readonly Seen[] {
  const samples = useRef<Seen[]>([]);
  if (seen !== null && samples.current.at(-1) !== seen) {
    samples.current = [...samples.current.slice(1 - SAMPLES_MAX), seen];
  }
  return samples.current;
}

function rates(samples: readonly Seen[]) {
  const steps = samples.slice(1).map((seen, at) => {
    const before = samples[at] as Seen;
    const took = (seen.atMs - before.atMs) / 1_000;
    return Math.max(0, (seen.info.commandsTotal - before.info.commandsTotal) / took);
  });
  return {
    timesMs: samples.slice(1).map(({ atMs }) => atMs),
    series: [{ name: "commands/s", color: "#0f9488", values: steps.map(Math.round) }],
  };
}

function waiting(samples: readonly Seen[]) {
  return {
    timesMs: samples.map(({ atMs }) => atMs),
    series: [
      { name: "ready", color: "#2563eb", values: samples.map(({ ready }) => ready) },
      { name: "leased", color: "#0f9488", values: samples.map(({ leased }) => leased) },
      { name: "dead", color: "#dc2626", values: samples.map(({ dead }) => dead) },
    ],
  };
}
