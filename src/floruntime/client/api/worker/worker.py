"""`client.worker`: claiming runs by hand, and the registry of workers.

`ActionWorker` does all of this by itself; this is for those who write a worker of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.base.values import named, several
from floruntime.client.api.worker.writes import WorkerWrites, claim_of
from floruntime.core import defaults
from floruntime.core.errors import BadTypeError, ConflictError
from floruntime.core.types import Page
from floruntime.core.worker import (
    Heartbeat,
    Task,
    WorkerAwait,
    WorkerDeregister,
    WorkerDrain,
    WorkerGetInfo,
    WorkerHeartbeat,
    WorkerInfo,
    WorkerList,
    WorkerRegister,
    WorkerRelease,
    WorkerTouch,
)

Tasks = list[Task]


class Worker(WorkerWrites):
    """Workers by id.

    An id is 1 to 255 bytes of UTF-8 without control characters; another one is a `BadRequestError`.
    Every method takes `namespace` and `timeout_ms`, by default the client's own.
    """

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
    ) -> Operation[WorkerInfo]:
        """Enter a worker into the registry; once more changes what is told of it.

        `actions`: 1 to 1,000 names. `concurrency`: how many runs it works on at once, 1 to 100,000,
        10 unless given; for people. `labels`: runs with labels go to workers that have them all; up
        to 64, 4 KiB together; none by default. `metadata`: for people; up to 64, 16 KiB together;
        none by default.

        Raises `BadRequestError` on a value out of these limits.
        """
        request = WorkerRegister(
            worker_id,
            _names(actions),
            concurrency,
            named("labels", labels),
            named("metadata", metadata),
        )
        return self._call(request, namespace, timeout_ms)

    def heartbeat(
        self,
        worker_id: str,
        *,
        running: Iterable[Task | str] = (),
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Heartbeat]:
        """Tell that the worker lives; hear what it should stop. It is unhealthy 90 s after the
        last.

        `running`: what it works on, tasks as they were claimed or the ids of their runs, 100,000 at
        most; nothing by default.

        Raises `BadRequestError` on more of them. A worker that is not registered is no error: the
        answer is not `known`.
        """
        return self._call(WorkerHeartbeat(worker_id, _run_ids(running)), namespace, timeout_ms)

    def drain(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkerInfo]:
        """Let the worker finish what it has and take nothing new.

        Raises `NotFoundError` where it is not registered.
        """
        return self._call(WorkerDrain(worker_id), namespace, timeout_ms)

    def deregister(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Take the worker out of the registry. Returns whether it was there.

        Raises `BadRequestError` on an id that cannot be.
        """
        return self._call(WorkerDeregister(worker_id), namespace, timeout_ms)

    def info(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkerInfo]:
        """The worker as it stands, with how many attempts it has done, and how many failed.

        Raises `NotFoundError` where it is not registered.
        """
        return self._call(WorkerGetInfo(worker_id), namespace, timeout_ms)

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[WorkerInfo]]:
        """A page of the namespace's workers, by id, those heard from within a day.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._call_for(as_page, WorkerList(limit, cursor), namespace, timeout_ms)

    def await_task(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Task | None]:
        """Claim the next run of `actions`; `None` if none comes in time.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most.

        Raises `BadRequestError` on values out of their limits.
        """
        request = WorkerAwait(worker_id, _names(actions), 1, block_ms)
        return self._call_for(_first_task, request, namespace, timeout_ms, block_ms)

    def await_tasks(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        count: int,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Tasks]:
        """Claim up to `count` runs, at most 1,000; none if none comes in time.

        `block_ms`: how long to wait for the first one, 30,000 unless given, 300,000 at most.

        Raises `BadRequestError` on values out of their limits.
        """
        request = WorkerAwait(worker_id, _names(actions), count, block_ms)
        return self._call(request, namespace, timeout_ms, block_ms)

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
    ) -> Operation[None]:
        """Let the lease run out later, and tell how far the run is.

        `extend_ms`: from now, 30,000 unless given, up to ten years. `progress`: 0 to 1.
        `progress_note`: a text of up to 4 KiB. Both are kept with the run; left out, they stay.

        Raises `ConflictError` where the lease is no longer this worker's, or the run was cancelled:
        stop it. `BadRequestError` on a progress that cannot be.
        """

        def still_ours(goes_on: bool) -> None:
            if not goes_on:
                raise ConflictError(f"run {task.run_id} was cancelled, or its time is up; stop it")

        claim = claim_of(task)
        request = WorkerTouch(worker_id, *claim, extend_ms, progress, progress_note)
        return self._call_for(still_ours, request, namespace, timeout_ms)

    def release(
        self,
        worker_id: str,
        task: Task,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[None]:
        """Hand the run back; the attempt is not counted.

        Raises `ConflictError` where the lease is no longer this worker's.
        """
        return self._call(WorkerRelease(worker_id, *claim_of(task)), namespace, timeout_ms)


def _first_task(tasks: Tasks) -> Task | None:
    return tasks[0] if tasks else None


def _run_ids(running: Iterable[Task | str]) -> list[str]:
    if isinstance(running, str):
        raise BadTypeError("running must be a list of tasks or run ids, not one id")
    return [task.run_id if isinstance(task, Task) else task for task in several("running", running)]


def _names(actions: Iterable[str]) -> list[str]:
    if isinstance(actions, str):
        raise BadTypeError("actions must be a list of names, not one name")
    return several("actions", actions)
