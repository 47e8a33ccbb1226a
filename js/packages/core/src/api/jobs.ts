/** `client.jobs`: operations on everything that matches, and how far they are. */

import { type CallOptions, knownOfCall, NONE, type OptionNames } from "../base/options.js";
import type { Integer } from "../base/schema.js";
import type { Caller } from "../link/caller.js";
import { type BulkJob, JobCancel, JobGet, JobList } from "../wire/messages.generated.js";
import { LISTING, type ListOptions, type Page, pageOf } from "./base/page.js";

const WAIT_MS = 30_000;

export interface WaitForJobOptions {
  /** How long to wait: at most 300,000. Default: 30,000. */
  readonly blockMs?: Integer | null | undefined;
}

const WAIT: OptionNames<WaitForJobOptions> = { blockMs: true };

/**
 * The jobs of `action.bulk`, `queue.bulk`, `stream.bulk`, `workflow.bulk` and `kv.deletePrefix`.
 *
 * A job does a part of its work with each tick, so it does not delay others. It continues after a
 * restart. Jobs are kept for 30 days after their end, at most 1,000 per namespace.
 */
export class Jobs {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Return the job in its current state. Throws `NotFoundError` if there is no such job. */
  async status(jobId: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("jobs.status", options, NONE);
    return await this.#caller.call(JobGet.of({ jobId }), options);
  }

  /**
   * Wait up to `blockMs` until the job has ended. Returns the job as it is by then.
   *
   * Throws `NotFoundError` if there is no such job.
   */
  async wait(jobId: string, options: WaitForJobOptions & CallOptions = {}): Promise<BulkJob> {
    const { blockMs = WAIT_MS } = knownOfCall("jobs.wait", options, WAIT);
    return await this.#caller.call(JobGet.of({ jobId, blockMs }), { ...options, blockMs });
  }

  /**
   * List the namespace's jobs, newest first, one page at a time.
   *
   * Throws `BadRequestError` if the cursor belongs to another listing.
   */
  async list(options: ListOptions & CallOptions = {}): Promise<Page<BulkJob>> {
    const { limit, cursor } = knownOfCall("jobs.list", options, LISTING);
    return await this.#caller.call(JobList.of({ limit, cursor }).map(pageOf), options);
  }

  /**
   * End the job. What it has done already is not undone.
   *
   * Throws `NotFoundError` if there is no such job, `ConflictError` if it has ended.
   */
  async cancel(jobId: string, options: CallOptions = {}): Promise<BulkJob> {
    knownOfCall("jobs.cancel", options, NONE);
    return await this.#caller.call(JobCancel.of({ jobId }), options);
  }
}
