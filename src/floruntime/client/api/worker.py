"""`client.worker`: claiming runs by hand, and the registry of workers.

`ActionWorker` does all of this by itself; this is for those who write a worker of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.client.api.action import Payload
from floruntime.client.api.caller import Caller, as_bytes
from floruntime.core.errors import BadTypeError, ConflictError
from floruntime.core.types import Page
from floruntime.core.worker import (
    Heartbeat,
    Task,
    WorkerAwait,
    WorkerComplete,
    WorkerDeregister,
    WorkerDrain,
    WorkerFail,
    WorkerHeartbeat,
    WorkerInfo,
    WorkerList,
    WorkerRegister,
    WorkerRelease,
    WorkerTouch,
)

Tasks = list[Task]


class WorkerCommands:
    """What `client.worker` and `b.worker` of a batch have in common. Nothing here is sent."""

    def complete(
        self, worker_id: str, task: Task, output: Payload = b"", *, outcome: str = "success"
    ) -> WorkerComplete:
        return WorkerComplete(worker_id, *_claim(task), as_bytes(output), outcome)

    def fail(self, worker_id: str, task: Task, error: str, *, retry: bool = True) -> WorkerFail:
        if not isinstance(error, str):
            raise BadTypeError(f"error must be a text, not {type(error).__name__}")
        return WorkerFail(worker_id, *_claim(task), error, retry)


class Worker:
    """Workers by id. Every method takes `namespace`, by default the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.commands = WorkerCommands()

    async def register(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        concurrency: int = 10,
        labels: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        namespace: str | None = None,
    ) -> WorkerInfo:
        """Enter a worker into the registry; once more changes what is told of it."""
        command = WorkerRegister(
            worker_id, _names(actions), concurrency, dict(labels or {}), dict(metadata or {})
        )
        return await self._caller.call(command, namespace=namespace)

    async def heartbeat(
        self, worker_id: str, *, running: Iterable[Task | str] = (), namespace: str | None = None
    ) -> Heartbeat:
        """Tell that the worker lives, and which runs it works on; hear what it should stop.

        `running`: tasks as they were claimed, or the ids of their runs.
        """
        command = WorkerHeartbeat(worker_id, _run_ids(running))
        return await self._caller.call(command, namespace=namespace)

    async def drain(self, worker_id: str, *, namespace: str | None = None) -> WorkerInfo:
        """Let the worker finish what it has and take nothing new."""
        return await self._caller.call(WorkerDrain(worker_id), namespace=namespace)

    async def deregister(self, worker_id: str, *, namespace: str | None = None) -> bool:
        """Take the worker out of the registry; whether it was there."""
        return await self._caller.call(WorkerDeregister(worker_id), namespace=namespace)

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, namespace: str | None = None
    ) -> Page[WorkerInfo]:
        """The workers of the namespace, by id."""
        reply = await self._caller.call(WorkerList(limit, cursor), namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def await_task(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        block_ms: int = 30_000,
        namespace: str | None = None,
    ) -> Task | None:
        """Claim the next run of `actions`; `None` if none comes within `block_ms`."""
        request = WorkerAwait(worker_id, _names(actions), 1, block_ms)
        tasks = await self._caller.call(request, namespace=namespace, block_ms=block_ms)
        return tasks[0] if tasks else None

    async def await_tasks(
        self,
        worker_id: str,
        actions: Iterable[str],
        *,
        count: int,
        block_ms: int = 30_000,
        namespace: str | None = None,
    ) -> Tasks:
        """Claim up to `count` runs, at most 1,000; waits for the first one."""
        request = WorkerAwait(worker_id, _names(actions), count, block_ms)
        return await self._caller.call(request, namespace=namespace, block_ms=block_ms)

    async def complete(
        self,
        worker_id: str,
        task: Task,
        output: Payload = b"",
        *,
        outcome: str = "success",
        namespace: str | None = None,
    ) -> None:
        """Finish the run. `ConflictError` when the lease is no longer this worker's."""
        command = self.commands.complete(worker_id, task, output, outcome=outcome)
        await self._caller.call(command, namespace=namespace)

    async def fail(
        self,
        worker_id: str,
        task: Task,
        error: str,
        *,
        retry: bool = True,
        namespace: str | None = None,
    ) -> None:
        """This attempt failed; without `retry` the run failed with it. Conflicts as `complete`."""
        command = self.commands.fail(worker_id, task, error, retry=retry)
        await self._caller.call(command, namespace=namespace)

    async def touch(
        self,
        worker_id: str,
        task: Task,
        *,
        extend_ms: int = 30_000,
        namespace: str | None = None,
    ) -> None:
        """Let the lease run out `extend_ms` from now.

        `ConflictError` when it is no longer this worker's, or the run was cancelled: stop it.
        """
        command = WorkerTouch(worker_id, *_claim(task), extend_ms)
        if not await self._caller.call(command, namespace=namespace):
            raise ConflictError(f"run {task.run_id} was cancelled, or its time is up; stop it")

    async def release(self, worker_id: str, task: Task, *, namespace: str | None = None) -> None:
        """Hand the run back; the attempt is not counted. Conflicts as `complete`."""
        await self._caller.call(WorkerRelease(worker_id, *_claim(task)), namespace=namespace)


def _claim(task: Task) -> tuple[str, int]:
    if not isinstance(task, Task):
        raise BadTypeError(f"task must be a Task as it was claimed, not {type(task).__name__}")
    return task.run_id, task.lease


def _run_ids(running: Iterable[Task | str]) -> list[str]:
    if isinstance(running, str):
        raise BadTypeError("running must be a list of tasks or run ids, not one id")
    return [task.run_id if isinstance(task, Task) else task for task in running]


def _names(actions: Iterable[str]) -> list[str]:
    if isinstance(actions, str):
        raise BadTypeError("actions must be a list of names, not one name")
    return list(actions)
