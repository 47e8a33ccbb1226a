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
    """The jobs that `action.bulk`, `queue.bulk`, `stream.bulk`, `workflow.bulk` and
    `kv.delete_prefix` have begun.

    A job does a part of its work with each tick, so it does not delay others. It continues after a
    restart. Jobs are kept for 30 days after their end, at most 1,000 per namespace. Every method
    takes `namespace` and `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncJobs:
        return self._bridge.client.jobs

    def status(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """Return the job in its current state.

        Raises `NotFoundError` if there is no such job.
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
        """Wait up to `block_ms` until the job has ended. Returns the job as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000.

        Raises `NotFoundError` if there is no such job.
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
        """List the namespace's jobs, newest first, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )

    def cancel(
        self, job_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> BulkJob:
        """End the job. What it has done already is not undone.

        Raises `NotFoundError` if there is no such job, `ConflictError` if it has ended.
        """
        return self._bridge.run(self._of.cancel(job_id, namespace=namespace, timeout_ms=timeout_ms))
