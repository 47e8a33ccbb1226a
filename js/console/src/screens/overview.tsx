/** What is going on: what waits, what runs, what failed in the last hour, and who works. */

import { type ClusterInfo, isBadRequest, type QueueStats, type ServerInfo } from "@floruntime/core";
import { useRef } from "preact/hooks";
import type { Client } from "../connection.js";
import { type Flo, unlessForbidden, useFlo } from "../flo.js";
import { age, bytes, count, duration, shown } from "../format.js";
import { LIVE_MS, SLOW_MS, useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Chart } from "../parts/chart.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Empty, Loading, Trouble } from "../parts/state.js";
import { mayDo } from "../rights.js";
import { linkTo } from "../route.js";

const LIST_MAX = 1_000;
const FAILED_SHOWN = 8;
const QUEUES_SHOWN = 8;
const SAMPLES_MAX = 300;
const HOUR_MS = 3_600_000;

/** Servers that said that they are in no cluster: they are asked once. */
const alone = new WeakSet<Client>();

async function clusterOf(client: Client): Promise<ClusterInfo | null> {
  return await client.cluster.status().catch((error: unknown) => {
    if (isBadRequest(error)) {
      alone.add(client);
      return null;
    }
    throw error;
  });
}

type Seen = Awaited<ReturnType<typeof lookAtAll>> & {
  readonly atMs: number;
  readonly tookMs: number;
};

/** The figures of the server; all the rest only where anything has changed, or time has passed. */
async function lookAround(flo: Flo, before: Seen | null): Promise<Seen> {
  const askedAtMs = performance.now();
  const info = await flo.client.info();
  const told = { info, atMs: Date.now(), tookMs: performance.now() - askedAtMs };
  const isSame =
    before !== null &&
    before.info.history === info.history &&
    before.info.changesTotal === info.changesTotal &&
    askedAtMs - before.lookedAtMs < SLOW_MS;
  return isSame
    ? { ...before, ...told }
    : { ...(await lookAtAll(flo, info)), ...told, lookedAtMs: askedAtMs };
}

/** All of it; what a token may not see is as if there were none. */
async function lookAtAll({ client, rights }: Flo, info: ServerInfo) {
  const endedAfterMs = Date.now() - HOUR_MS;
  const mayRead = (primitive: string) =>
    mayDo(rights, { role: "worker", scope: `read:${primitive}:*` });
  const asked = <T,>(primitive: string, ask: () => Promise<T>) =>
    mayRead(primitive) ? unlessForbidden(ask()) : null;
  const failed = { status: ["failed", "timed_out"] as const, endedAfterMs, limit: FAILED_SHOWN };
  const [cluster, queues, workers, runCounts, taskCounts, failedRuns, failedTasks] =
    await Promise.all([
      alone.has(client) || !mayDo(rights, { role: "admin" }) ? null : clusterOf(client),
      asked("queue", () => client.queue.list({ limit: LIST_MAX })),
      unlessForbidden(client.worker.list({ limit: LIST_MAX })),
      asked("workflow", () => client.workflow.countRuns()),
      asked("action", () => client.action.countRuns()),
      asked("workflow", () => client.workflow.listRuns(failed)),
      asked("action", () => client.action.listRuns(null, failed)),
    ]);
  const total = (of: (queue: QueueStats) => number) =>
    (queues ?? []).reduce((sum, queue) => sum + of(queue), 0);
  return {
    info,
    lookedAtMs: 0,
    cluster,
    ready: total((queue) => queue.ready),
    leased: total((queue) => queue.leased),
    delayed: total((queue) => queue.delayed),
    dead: total((queue) => queue.dead),
    oldestMs: Math.max(0, ...(queues ?? []).map((queue) => queue.oldestAgeMs)),
    fullest: [...(queues ?? [])]
      .filter(({ ready, dead }) => ready + dead > 0)
      .sort((one, other) => other.ready + other.dead - one.ready - one.dead)
      .slice(0, QUEUES_SHOWN),
    hasManyQueues: queues?.cursor != null,
    workers: workers === null ? null : [...workers],
    runCounts,
    taskCounts,
    failedRuns: [...(failedRuns ?? [])],
    failedTasks: [...(failedTasks ?? [])],
  };
}

export function Overview() {
  const flo = useFlo();
  const before = useRef<Seen | null>(null);
  const look = async () => {
    before.current = await lookAround(flo, before.current);
    return before.current;
  };
  const { value, error } = useLive(look, [flo.client], LIVE_MS);
  const samples = useSamples(value);
  return (
    <>
      <h1>Overview</h1>
      <Trouble error={error} />
      {value === null ? <Loading /> : <Numbers seen={value} />}
      <div class="columns">
        <Chart title="Commands per second, whole server" {...rates(samples)} />
        <Chart title="Messages in queues" {...waiting(samples)} />
      </div>
      {value === null ? null : (
        <div class="columns">
          <Failures seen={value} />
          <Backlog seen={value} />
        </div>
      )}
    </>
  );
}

function Numbers({ seen }: { seen: Seen }) {
  const { route } = useFlo();
  const healthy = (seen.workers ?? []).filter((worker) => worker.healthy).length;
  const queues = linkTo(route, "queues");
  const runs = (status: string) => linkTo(route, "workflows", [], { status });
  const of = (counts: Seen["runCounts"], status: string) => counts?.[status] ?? 0;
  return (
    <ul class="numbers">
      {seen.runCounts === null ? null : (
        <>
          <Figure
            label="runs running"
            value={of(seen.runCounts, "running")}
            href={runs("running")}
          />
          <Figure
            label="runs waiting"
            value={of(seen.runCounts, "waiting")}
            href={runs("waiting")}
          />
          <Figure
            label="runs failed"
            value={of(seen.runCounts, "failed")}
            href={runs("failed")}
            isBad={of(seen.runCounts, "failed") > 0}
          />
        </>
      )}
      {seen.taskCounts === null ? null : (
        <>
          <Figure
            label="actions waiting"
            value={of(seen.taskCounts, "pending")}
            href={linkTo(route, "actions", [], { status: "pending" })}
          />
          <Figure
            label="actions running"
            value={of(seen.taskCounts, "running")}
            href={linkTo(route, "actions", [], { status: "running" })}
          />
        </>
      )}
      <Figure
        label={seen.hasManyQueues ? "messages ready, in the first 1,000 queues" : "messages ready"}
        value={seen.ready}
        href={queues}
      />
      <Figure label="oldest message" value={age(seen.oldestMs)} href={queues} />
      <Figure label="messages leased" value={seen.leased} href={queues} />
      <Figure label="dead letters" value={seen.dead} href={queues} isBad={seen.dead > 0} />
      {seen.workers === null ? null : (
        <Figure
          label="workers"
          value={healthy}
          href={linkTo(route, "actions", ["workers"])}
          isBad={seen.workers.length > healthy}
        />
      )}
      <Figure label="response time" value={duration(seen.tookMs)} />
      <Figure label="connections" value={seen.info.connections} />
      {seen.cluster === null ? null : <Nodes cluster={seen.cluster} />}
      <Disk info={seen.info} />
    </ul>
  );
}

function Disk({ info }: { info: ServerInfo }) {
  const { diskFreeBytes, storageFull } = info;
  return diskFreeBytes === null ? null : (
    <Figure
      label={storageFull ? "disk free: nearly full" : "disk free"}
      value={bytes(diskFreeBytes)}
      isBad={storageFull}
    />
  );
}

function Nodes({ cluster }: { cluster: ClusterInfo }) {
  const { route } = useFlo();
  const alive = cluster.nodes.filter(({ isAlive }) => isAlive).length;
  const isWell = alive === cluster.nodes.length && cluster.natsIsUp;
  return (
    <Figure
      label="nodes"
      value={`${alive} of ${cluster.nodes.length}`}
      href={linkTo(route, "settings", ["cluster"])}
      isBad={!isWell}
    />
  );
}

/** Where the backlog is. */
function Backlog({ seen }: { seen: Seen }) {
  const { route } = useFlo();
  return (
    <section>
      <h2>Queues with most messages</h2>
      {seen.fullest.length === 0 ? <Empty>No messages are waiting.</Empty> : null}
      <ul class="feed">
        {seen.fullest.map(({ name, ready, dead, oldestAgeMs, paused }) => (
          <li key={name} class="row">
            <a href={linkTo(route, "queues", [name])}>
              <Name text={name} />
            </a>
            {paused ? <Badge state="paused" /> : null}
            <span>{count(ready)} ready</span>
            {dead > 0 ? <span class="bad">{count(dead)} dead</span> : null}
            {oldestAgeMs > 0 ? <span class="quiet">oldest: {duration(oldestAgeMs)}</span> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string | number;
  readonly href?: string;
  readonly isBad?: boolean;
}

function Figure({ label, value, href, isBad = false }: FigureProps) {
  const inner = (
    <>
      <strong class={isBad ? "bad" : ""}>{typeof value === "number" ? count(value) : value}</strong>
      <span class="quiet">{label}</span>
    </>
  );
  return <li>{href === undefined ? <div>{inner}</div> : <a href={href}>{inner}</a>}</li>;
}

function Failures({ seen }: { seen: Seen }) {
  const { route } = useFlo();
  const runs = seen.failedRuns;
  const tasks = seen.failedTasks;
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
            <p>{shown(run.error ?? "")}</p>
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
            <p>{shown(run.error ?? "")}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Sample {
  readonly atMs: number;
  readonly commands: number;
  readonly ready: number;
  readonly leased: number;
  readonly dead: number;
}

/** The figures of the last ten minutes, and nothing else: a tab that stays open does not grow. */
function useSamples(seen: Seen | null): readonly Sample[] {
  const samples = useRef<Sample[]>([]);
  if (seen !== null && samples.current.at(-1)?.atMs !== seen.atMs) {
    const { atMs, ready, leased, dead, info } = seen;
    const sample = { atMs, ready, leased, dead, commands: info.commandsTotal };
    samples.current = [...samples.current.slice(1 - SAMPLES_MAX), sample];
  }
  return samples.current;
}

function rates(samples: readonly Sample[]) {
  const steps = samples.slice(1).map((now, at) => {
    const before = samples[at] as Sample;
    const tookS = (now.atMs - before.atMs) / 1_000;
    return Math.max(0, (now.commands - before.commands) / tookS);
  });
  return {
    timesMs: samples.slice(1).map(({ atMs }) => atMs),
    series: [{ name: "commands/s", color: "#0f9488", values: steps.map(Math.round) }],
  };
}

function waiting(samples: readonly Sample[]) {
  return {
    timesMs: samples.map(({ atMs }) => atMs),
    series: [
      { name: "ready", color: "#2563eb", values: samples.map(({ ready }) => ready) },
      { name: "leased", color: "#0f9488", values: samples.map(({ leased }) => leased) },
      { name: "dead", color: "#dc2626", values: samples.map(({ dead }) => dead) },
    ],
  };
}
