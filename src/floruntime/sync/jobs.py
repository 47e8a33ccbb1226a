"""`Jobs`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.client.api.jobs import Jobs as AsyncJobs
from floruntime.core import defaults
from floruntime.core.jobs import BulkJob
from floruntime.core.types import Page
from floruntime.sync.standing import PartOf


class Jobs(PartOf[AsyncJobs]):
    """The jobs that `action.bulk`, `queue.bulk`, `stream.bulk` and `workflow.bulk` have begun.

    A job does a piece of its work with each tick, so that others are not held up, and goes on after
    a restart. Jobs are kept for 30 days after their end, 1,000 in a namespace. Every method takes
    `namespace` and `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncJobs:
        return self._bridge.client.jobs

    def status(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """The job as it stands.

        Raises `NotFoundError` where there is none.
        """
        return self._bridge.run(self._of.status(job_id, namespace=namespace, timeout_ms=timeout_ms))

    def wait(
        self,
        job_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> BulkJob:
        """The job once it has ended, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most.

        Raises `NotFoundError` where there is no such job.
        """
        return self._bridge.run(
            self._of.wait(job_id, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[BulkJob]:
        """A page of the namespace's jobs, newest first.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the newest.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )

    def cancel(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """End the job; what it has done stays done.

        Raises `NotFoundError` where there is no such job, `ConflictError` where it has ended.
        """
        return self._bridge.run(self._of.cancel(job_id, namespace=namespace, timeout_ms=timeout_ms))
