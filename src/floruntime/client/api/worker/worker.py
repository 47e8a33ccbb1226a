"""`client.worker`: claiming runs one by one, and the registry of workers.

`ActionWorker` does all of this; these calls are for programs that write a worker of their own.
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

    An id is 1 to 255 bytes of UTF-8 without control characters; any other id raises
    `BadRequestError`. Every method takes `namespace` and `timeout_ms`, by default the client's own.
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
        """Add a worker to the registry. Registering it again updates its entry.

        - `actions`: 1 to 1,000 names.
        - `concurrency`: how many runs it works on at once, 1 to 100,000; default 10. It is shown to
          people and limits nothing.
        - `labels`: a run with labels goes only to a worker that has them all. Up to 64, together 4
          KiB; none by default.
        - `metadata`: names and texts for people. Up to 64, together 16 KiB; none by default.

        Raises `BadRequestError` if a value is out of these limits.
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
        """Tell the server that the worker is alive. The answer says which runs it should stop.

        A worker is unhealthy 90 s after its last heartbeat. `running`: what it works on, as claimed
        tasks or ids of runs, at most 100,000; nothing by default.

        Raises `BadRequestError` for more than 100,000. An unregistered worker raises nothing: the
        answer has `known` false.
        """
        return self._call(WorkerHeartbeat(worker_id, _run_ids(running)), namespace, timeout_ms)

    def drain(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkerInfo]:
        """Ask the worker to finish its runs and to claim no more.

        Raises `NotFoundError` if it is not registered.
        """
        return self._call(WorkerDrain(worker_id), namespace, timeout_ms)

    def deregister(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[bool]:
        """Remove the worker from the registry. Returns whether it was there.

        Raises `BadRequestError` if the id is invalid.
        """
        return self._call(WorkerDeregister(worker_id), namespace, timeout_ms)

    def info(
        self, worker_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[WorkerInfo]:
        """Return the worker's state, with the number of its attempts, done and failed.

        Raises `NotFoundError` if it is not registered.
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
        """List the namespace's workers by id, one page at a time: those heard from within a day.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
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
        """Claim the next run of `actions`. Returns `None` if none comes in time.

        `block_ms`: how long to wait; default 30,000, at most 300,000.

        Raises `BadRequestError` if a value is out of its limits.
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
        """Claim up to `count` runs, at most 1,000. The list is empty if none comes in time.

        `block_ms`: how long to wait for the first run; default 30,000, at most 300,000.

        Raises `BadRequestError` if a value is out of its limits.
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
        """Extend the lease of a run, and tell its progress.

        - `extend_ms`: the new end of the lease, in milliseconds from now; default 30,000, up to ten
          years.
        - `progress`: a number from 0 to 1.
        - `progress_note`: a text of up to 4 KiB.

        Progress and note are kept with the run; one that is left out stays as it is.

        Raises `ConflictError` if the lease is no longer this worker's, or the run was cancelled:
        then stop the work. Raises `BadRequestError` if the progress is invalid.
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
        """Give the run back without counting the attempt.

        Raises `ConflictError` if the lease is no longer this worker's.
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
