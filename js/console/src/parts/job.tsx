/** A job over everything that matches: how far it is, and how to stop it. */

import type { BulkJob } from "@floruntime/core";
import { useEffect, useState } from "preact/hooks";

import { useFlo } from "../flo.js";
import { count } from "../format.js";
import { untilInSight } from "../sight.js";
import { useAct } from "./notices.js";
import { Only } from "./only.js";
import { Trouble } from "./state.js";

const ASK_MS = 2_000;

/** The job as it goes on, until it has ended. */
export function useJob(jobId: string | null): { job: BulkJob | null; error: Error | null } {
  const { client } = useFlo();
  const [job, setJob] = useState<BulkJob | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    setJob(null);
    setError(null);
    if (jobId === null) {
      return undefined;
    }
    let isOver = false;
    const follow = async () => {
      let seen = await client.jobs.status(jobId);
      while (!isOver) {
        setJob(seen);
        if (seen.status !== "running") {
          return;
        }
        await untilInSight();
        seen = await client.jobs.wait(jobId, { blockMs: ASK_MS });
      }
    };
    follow().catch((failure: Error) => (isOver ? undefined : setError(failure)));
    return () => {
      isOver = true;
    };
  }, [client, jobId]);
  return { job, error };
}

/** Share of the way that a job has gone, from 0 to 1; it is looking at rows until it knows. */
export function shareOf(job: BulkJob): number {
  if (job.status !== "running") {
    return 1;
  }
  return job.expected === 0 ? 0 : Math.min(1, job.lookedAt / job.expected);
}

export interface JobCardProps {
  readonly jobId: string;
  readonly title: string;
  readonly onClose: () => void;
}

export function JobCard({ jobId, title, onClose }: JobCardProps) {
  const { client } = useFlo();
  const act = useAct();
  const { job, error } = useJob(jobId);
  const isRunning = job === null || job.status === "running";
  return (
    <section class="card job" aria-label={title}>
      <Trouble error={error} />
      <div class="row">
        <strong>{title}</strong>
        <progress value={job === null ? 0 : shareOf(job)} max={1} aria-label="progress" />
        <span role="status">{job === null ? "…" : tellOf(job)}</span>
        <span class="spring" />
        {isRunning ? (
          <Only role="backend">
            <button
              type="button"
              onClick={() => void act("the job was stopped", () => client.jobs.cancel(jobId))}
            >
              Stop
            </button>
          </Only>
        ) : (
          <button type="button" class="plain" onClick={onClose}>
            Close
          </button>
        )}
      </div>
      {job?.error ? <p class="bad">{job.error}</p> : null}
    </section>
  );
}

function tellOf(job: BulkJob): string {
  const state = job.status === "running" ? "" : `${job.status}: `;
  return `${state}${countsOf(job)}`;
}

export function countsOf(job: BulkJob): string {
  const failed = job.failed > 0 ? `, ${count(job.failed)} failed` : "";
  const done = job.dryRun ? `${count(job.matched)} match` : `${count(job.done)} done${failed}`;
  return `${done}, ${count(job.lookedAt)} checked`;
}
