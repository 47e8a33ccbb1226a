"""`client.jobs`: operations on everything that matches, and how far they are."""

from __future__ import annotations

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.core import defaults
from floruntime.core.jobs import BulkJob, JobCancel, JobGet, JobList
from floruntime.core.types import Page


class Jobs(Part):
    """The jobs that `action.bulk`, `queue.bulk`, `stream.bulk` and `workflow.bulk` have begun.

    A job does a piece of its work with each tick, so that others are not held up, and goes on after
    a restart. Jobs are kept for 30 days after their end, 1,000 in a namespace. Every method takes
    `namespace` and `timeout_ms`, by default the client's own.
    """

    def status(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """The job as it stands.

        Raises `NotFoundError` where there is none.
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
        """The job once it has ended, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most.

        Raises `NotFoundError` where there is no such job.
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
        """A page of the namespace's jobs, newest first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the newest.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, JobList(limit, cursor), namespace, timeout_ms)

    def cancel(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[BulkJob]:
        """End the job; what it has done stays done.

        Raises `NotFoundError` where there is no such job, `ConflictError` where it has ended.
        """
        return self._call(JobCancel(job_id), namespace, timeout_ms)
