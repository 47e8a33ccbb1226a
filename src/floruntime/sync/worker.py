"""`Worker`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.client.api.base.values import JsonPayload
from floruntime.client.api.worker.worker import Tasks
from floruntime.client.api.worker.worker import Worker as AsyncWorker
from floruntime.core import defaults
from floruntime.core.types import Page
from floruntime.core.worker import Heartbeat, Task, WorkerInfo
from floruntime.sync.standing import PartOf


class Worker(PartOf[AsyncWorker]):
    """Workers by id.

    An id is 1 to 255 bytes of UTF-8 without control characters; any other id raises
    `BadRequestError`. Every method takes `namespace` and `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncWorker:
        return self._bridge.client.worker

    def complete(
        self,
        worker_id: str,
        task: Task,
        output: JsonPayload = b"",
        *,
        outcome: str = defaults.OUTCOME,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Complete the run.

        - `output`: bytes or text; a dict, list, dataclass or struct is sent as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured); empty by default.
        - `outcome`: how the run ended, as workflows see it; default `"success"`. It is a letter or
          `_`, followed by letters, digits, `_` and `-`.

        Raises `ConflictError` if the lease is no longer this worker's, `BadRequestError` if the
        output or the outcome is invalid.
        """
        self._bridge.run(
            self._of.complete(
                worker_id, task, output, outcome=outcome, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def fail(
        self,
        worker_id: str,
        task: Task,
        error: str,
        *,
        retry: bool = True,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Report that this attempt failed.

        `error`: a text of up to 4 KiB. `retry`: whether another attempt may follow; on by default.
        If it is off, the run has failed.

        Raises `ConflictError` if the lease is no longer this worker's.
        """
        self._bridge.run(
            self._of.fail(
                worker_id, task, error, retry=retry, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def register(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        concurrency: int = defaults.CONCURRENCY,
        labels: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> WorkerInfo:
        """Add a worker to the registry. Registering it again updates its entry.

        - `actions`: 1 to 1,000 names.
        - `concurrency`: how many runs it works on at once, 1 to 100,000; default 10. It is shown to
          people and limits nothing.
        - `labels`: a run with labels goes only to a worker that has them all. Up to 64, together 4
          KiB; none by default.
        - `metadata`: names and texts for people. Up to 64, together 16 KiB; none by default.

        Raises `BadRequestError` if a value is out of these limits.
        """
        return self._bridge.run(
            self._of.register(
                worker_id,
                actions,
                concurrency=concurrency,
                labels=labels,
                metadata=metadata,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def heartbeat(
        self,
        worker_id: str,
        *,
        running: Iterable[Task | str] = (),
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Heartbeat:
        """Tell the server that the worker is alive. The answer says which runs it should stop.

        A worker is unhealthy 90 s after its last heartbeat. `running`: what it works on, as claimed
        tasks or ids of runs, at most 100,000; nothing by default.

        Raises `BadRequestError` for more than 100,000. An unregistered worker raises nothing: the
        answer has `known` false.
        """
        return self._bridge.run(
            self._of.heartbeat(
                worker_id, running=running, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def drain(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkerInfo:
        """Ask the worker to finish its runs and to claim no more.

        Raises `NotFoundError` if it is not registered.
        """
        return self._bridge.run(
            self._of.drain(worker_id, namespace=namespace, timeout_ms=timeout_ms)
        )

    def deregister(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Remove the worker from the registry. Returns whether it was there.

        Raises `BadRequestError` if the id is invalid.
        """
        return self._bridge.run(
            self._of.deregister(worker_id, namespace=namespace, timeout_ms=timeout_ms)
        )

    def info(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkerInfo:
        """Return the worker's state, with the number of its attempts, done and failed.

        Raises `NotFoundError` if it is not registered.
        """
        return self._bridge.run(
            self._of.info(worker_id, namespace=namespace, timeout_ms=timeout_ms)
        )

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[WorkerInfo]:
        """List the namespace's workers by id, one page at a time: those heard from within a day.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )

    def await_task(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Task | None:
        """Claim the next run of `actions`. Returns `None` if none comes in time.

        `block_ms`: how long to wait; default 30,000, at most 300,000.

        Raises `BadRequestError` if a value is out of its limits.
        """
        return self._bridge.run(
            self._of.await_task(
                worker_id, actions, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def await_tasks(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        count: int,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Tasks:
        """Claim up to `count` runs, at most 1,000. The list is empty if none comes in time.

        `block_ms`: how long to wait for the first run; default 30,000, at most 300,000.

        Raises `BadRequestError` if a value is out of its limits.
        """
        return self._bridge.run(
            self._of.await_tasks(
                worker_id,
                actions,
                count=count,
                block_ms=block_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def touch(
        self,
        worker_id: str,
        task: Task,
        *,
        extend_ms: int = defaults.EXTEND_MS,
        progress: float | None = None,
        progress_note: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Extend the lease of a run, and tell its progress.

        - `extend_ms`: the new end of the lease, in milliseconds from now; default 30,000, up to ten
          years.
        - `progress`: a number from 0 to 1.
        - `progress_note`: a text of up to 4 KiB.

        Progress and note are kept with the run; one that is left out stays as it is.

        Raises `ConflictError` if the lease is no longer this worker's, or the run was cancelled:
        then stop the work. Raises `BadRequestError` if the progress is invalid.
        """
        self._bridge.run(
            self._of.touch(
                worker_id,
                task,
                extend_ms=extend_ms,
                progress=progress,
                progress_note=progress_note,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def release(
        self,
        worker_id: str,
        task: Task,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        """Give the run back without counting the attempt.

        Raises `ConflictError` if the lease is no longer this worker's.
        """
        self._bridge.run(
            self._of.release(worker_id, task, namespace=namespace, timeout_ms=timeout_ms)
        )
