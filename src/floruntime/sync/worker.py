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

    An id is 1 to 255 bytes of UTF-8 without control characters; another one is a `BadRequestError`.
    Every method takes `namespace` and `timeout_ms`, by default the client's own.
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
        """Finish the run.

        `output`: bytes or text; a dict, list, dataclass or struct is sent as JSON; empty by
        default; at most the server's `value_bytes_max` (1 MiB unless configured). `outcome`: how it
        ended, for workflows: a letter or `_`, then letters, digits, `_` and `-`; `"success"` unless
        given.

        Raises `ConflictError` where the lease is no longer this worker's, `BadRequestError` on an
        output or an outcome that cannot be.
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
        """This attempt failed.

        `error`: a text of up to 4 KiB. `retry`: whether there may be another attempt, as there may
        by default; without it the run has failed.

        Raises `ConflictError` where the lease is no longer this worker's.
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
        """Enter a worker into the registry; once more changes what is told of it.

        `actions`: 1 to 1,000 names. `concurrency`: how many runs it works on at once, 1 to 100,000,
        10 unless given; for people. `labels`: runs with labels go to workers that have them all; up
        to 64, 4 KiB together; none by default. `metadata`: for people; up to 64, 16 KiB together;
        none by default.

        Raises `BadRequestError` on a value out of these limits.
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
        """Tell that the worker lives; hear what it should stop. It is unhealthy 90 s after the
        last.

        `running`: what it works on, tasks as they were claimed or the ids of their runs, 100,000 at
        most; nothing by default.

        Raises `BadRequestError` on more of them. A worker that is not registered is no error: the
        answer is not `known`.
        """
        return self._bridge.run(
            self._of.heartbeat(
                worker_id, running=running, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def drain(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkerInfo:
        """Let the worker finish what it has and take nothing new.

        Raises `NotFoundError` where it is not registered.
        """
        return self._bridge.run(
            self._of.drain(worker_id, namespace=namespace, timeout_ms=timeout_ms)
        )

    def deregister(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Take the worker out of the registry. Returns whether it was there.

        Raises `BadRequestError` on an id that cannot be.
        """
        return self._bridge.run(
            self._of.deregister(worker_id, namespace=namespace, timeout_ms=timeout_ms)
        )

    def info(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> WorkerInfo:
        """The worker as it stands, with how many attempts it has done, and how many failed.

        Raises `NotFoundError` where it is not registered.
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
        """A page of the namespace's workers, by id, those heard from within a day.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
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
        """Claim the next run of `actions`; `None` if none comes in time.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most.

        Raises `BadRequestError` on values out of their limits.
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
        """Claim up to `count` runs, at most 1,000; none if none comes in time.

        `block_ms`: how long to wait for the first one, 30,000 unless given, 300,000 at most.

        Raises `BadRequestError` on values out of their limits.
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
        """Let the lease run out later, and tell how far the run is.

        `extend_ms`: from now, 30,000 unless given, up to ten years. `progress`: 0 to 1.
        `progress_note`: a text of up to 4 KiB. Both are kept with the run; left out, they stay.

        Raises `ConflictError` where the lease is no longer this worker's, or the run was cancelled:
        stop it. `BadRequestError` on a progress that cannot be.
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
        """Hand the run back; the attempt is not counted.

        Raises `ConflictError` where the lease is no longer this worker's.
        """
        self._bridge.run(
            self._of.release(worker_id, task, namespace=namespace, timeout_ms=timeout_ms)
        )
