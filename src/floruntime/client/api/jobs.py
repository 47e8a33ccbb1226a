"""`client.jobs`: operations on everything that matches, and their progress."""

from __future__ import annotations

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.core import defaults
from floruntime.core.jobs import BulkJob, JobCancel, JobGet, JobList
from floruntime.core.types import Page


class Jobs(Part):
    """The jobs that `action.bulk`, `queue.bulk`, `stream.bulk`, `workflow.bulk` and
    `kv.delete_prefix` have begun.

    A job does a part of its work with each tick, so it does not delay others. It continues after a
    restart. Jobs are kept for 30 days after their end, at most 1,000 per namespace. Every method
    takes `namespace` and `timeout_ms`, by default the client's own.
    """

    def status(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """Return the job in its current state.

        Raises `NotFoundError` if there is no such job.
        """
        return self._call(JobGet(job_id), namespace, timeout_ms)

    def wait(
        self,
        job_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[BulkJob]:
        """Wait up to `block_ms` until the job has ended. Returns the job as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000.

        Raises `NotFoundError` if there is no such job.
        """
        return self._call(JobGet(job_id, block_ms), namespace, timeout_ms, block_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[BulkJob]]:
        """List the namespace's jobs, newest first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._call_for(as_page, JobList(limit, cursor), namespace, timeout_ms)

    def cancel(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """End the job. What it has done already is not undone.

        Raises `NotFoundError` if there is no such job, `ConflictError` if it has ended.
        """
        return self._call(JobCancel(job_id), namespace, timeout_ms)
