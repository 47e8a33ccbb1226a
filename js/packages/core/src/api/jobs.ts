/** `client.jobs`: operations on everything that matches, and how far they are. */

import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import { type BulkJob, JobCancel, JobGet, JobList } from "../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./base/page.js";

const WAIT_MS = 30_000;

export interface WaitForJobOptions {
  /** How long to wait for the job's end. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

const WAIT: OptionNames<WaitForJobOptions> = { blockMs: true };

/** Jobs of `action.bulk`, `queue.bulk`, `stream.bulk`, `workflow.bulk` and `kv.deletePrefix`. */
export class Jobs {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Return the job in its present state. Throws `NotFoundError` if it does not exist. */
  async status(jobId: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("jobs.status", options, NONE);
    return await this.#caller.call(JobGet.of({ jobId }), options);
  }

  /** Wait for the end of the job, at most `blockMs`, and return it in its state then. */
  async wait(jobId: string, options: WaitForJobOptions & CallOptions = {}): Promise<BulkJob> {
    const { blockMs = WAIT_MS } = knownOfCall("jobs.wait", options, WAIT);
    return await this.#caller.call(JobGet.of({ jobId, blockMs }), { ...options, blockMs });
  }

  /** A page of the namespace's jobs, newest first. */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<BulkJob>> {
    const { limit, cursor } = knownOfCall("jobs.list", options, LISTING);
    return await this.#caller.call(JobList.of({ limit, cursor }).map(pageOf), options);
  }

  /** Stop the job. What it has done stays done. Throws `ConflictError` if it has ended. */
  async cancel(jobId: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("jobs.cancel", options, NONE);
    return await this.#caller.call(JobCancel.of({ jobId }), options);
  }
}
