"""`client.action` and `client.worker` with the interface of that SDK."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from floruntime.client.base import BaseClient
from floruntime.compat.flo.options import (
    ActionDeleteOptions,
    ActionInvokeOptions,
    ActionListOptions,
    ActionRegisterOptions,
    ActionStatusOptions,
    WorkerAwaitOptions,
    WorkerCompleteOptions,
    WorkerFailOptions,
    WorkerListOptions,
    WorkerRegisterOptions,
    WorkerTouchOptions,
    keywords,
)
from floruntime.compat.flo.results import (
    ActionListResult,
    WorkerAwaitResult,
    WorkerInfo,
    WorkerListResult,
)
from floruntime.core.action import ActionRun, ActionType, InvokeResult
from floruntime.core.errors import BadRequestError
from floruntime.core.worker import Task


class ActionOperations:
    """Actions of one client."""

    def __init__(self, client: BaseClient) -> None:
        self._action = client.action

    async def register(
        self,
        name: str,
        action_type: ActionType = ActionType.USER,
        options: ActionRegisterOptions | None = None,
    ) -> None:
        """Register an action, or change its settings."""
        given = keywords(options, ActionRegisterOptions)
        await self._action.register(name, action_type, **given)

    async def invoke(
        self, name: str, input_data: bytes = b"", options: ActionInvokeOptions | None = None
    ) -> InvokeResult:
        """Request one run."""
        given = keywords(options, ActionInvokeOptions)
        return await self._action.invoke(name, input_data, **given)

    async def status(self, run_id: str, options: ActionStatusOptions | None = None) -> ActionRun:
        """Return the run in its current state."""
        return await self._action.status(run_id, **keywords(options, ActionStatusOptions))

    async def list(self, options: ActionListOptions | None = None) -> ActionListResult:
        """List the actions by name, one page at a time."""
        page = await self._action.list(**keywords(options, ActionListOptions))
        return ActionListResult([*page], page.cursor)

    async def delete(self, name: str, options: ActionDeleteOptions | None = None) -> None:
        """Delete an action."""
        await self._action.delete(name, **keywords(options, ActionDeleteOptions))


class WorkerOperations:
    """Workers by id. Tasks are named by their ids; this object keeps their leases."""

    def __init__(self, client: BaseClient) -> None:
        self._worker = client.worker
        self._claimed: dict[str, Task] = {}

    async def register(
        self,
        worker_id: str,
        task_types: Iterable[str],
        options: WorkerRegisterOptions | None = None,
    ) -> None:
        """Add a worker to the registry."""
        given = keywords(options, WorkerRegisterOptions)
        await self._worker.register(worker_id, task_types, **given)

    async def heartbeat(
        self, worker_id: str, current_load: int = 0, namespace: str | None = None
    ) -> None:
        """Tell the server that the worker is alive. What it works on is what it claimed here."""
        running = [*self._claimed]
        await self._worker.heartbeat(worker_id, running=running, namespace=namespace)

    async def await_task(
        self,
        worker_id: str,
        task_types: Iterable[str],
        options: WorkerAwaitOptions | None = None,
    ) -> WorkerAwaitResult:
        """Claim the next run."""
        given = keywords(options, WorkerAwaitOptions)
        task = await self._worker.await_task(worker_id, task_types, **given)
        if task is not None:
            self._claimed[task.run_id] = task
        return WorkerAwaitResult(task)

    async def touch(self, worker_id: str, *names: Any, **named: Any) -> None:
        """`(worker_id, task_id, options)`, or with the action's name before the task's id."""
        task, rest = self._named(names)
        (options,) = _filled(rest, ("options",), named)
        await self._worker.touch(worker_id, task, **keywords(options, WorkerTouchOptions))

    async def complete(self, worker_id: str, *names: Any, **named: Any) -> None:
        """`(worker_id, task_id, result, options)`, or with the action's name before the id."""
        task, rest = self._named(names)
        result, options = _filled(rest, ("result", "options"), named)
        given = keywords(options, WorkerCompleteOptions)
        await self._worker.complete(worker_id, task, b"" if result is None else result, **given)
        del self._claimed[task.run_id]

    async def fail(self, worker_id: str, *names: Any, **named: Any) -> None:
        """`(worker_id, task_id, error_message, options)`, or the action's name before the id."""
        task, rest = self._named(names)
        message, options = _filled(rest, ("error_message", "options"), named)
        given = keywords(options, WorkerFailOptions)
        await self._worker.fail(worker_id, task, message or "", **given)
        del self._claimed[task.run_id]

    async def list(self, options: WorkerListOptions | None = None) -> WorkerListResult:
        """List the namespace's workers by id."""
        page = await self._worker.list(**keywords(options, WorkerListOptions))
        return WorkerListResult([WorkerInfo(one.worker_id, one.actions) for one in page])

    def _named(self, names: Sequence[Any]) -> tuple[Task, Sequence[Any]]:
        """The claimed task that is named first or second, and what follows."""
        for index, name in enumerate(names[:2]):
            if isinstance(name, str) and name in self._claimed:
                return self._claimed[name], names[index + 1 :]
        raise BadRequestError(f"no task of {names[:2]} was claimed by await_task of this client")


def _filled(given: Sequence[Any], names: tuple[str, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return arguments given by position or by name; `None` for each that is left out."""
    unknown = set(named) - set(names[len(given) :])
    if unknown or len(given) > len(names):
        raise TypeError(f"it takes {', '.join(names)}, once each")
    return *given, *(named.get(name) for name in names[len(given) :])
