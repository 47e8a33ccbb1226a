"""`client.action`: durable tasks, registered by name, run by workers."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import asdict

from floruntime.client.api.caller import Caller, as_bytes
from floruntime.core.action import (
    ActionCall,
    ActionCancel,
    ActionDelete,
    ActionEnable,
    ActionGet,
    ActionInfo,
    ActionInvoke,
    ActionList,
    ActionListRuns,
    ActionRegister,
    ActionRun,
    ActionStatus,
    ActionType,
    InvokeResult,
    RunStatus,
)
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import RUN_RETENTION_MS_DEFAULT, check_block
from floruntime.core.types import Page

Payload = bytes | bytearray | memoryview | str

CALLS_MAX = 32
"""Calls of a client that wait for their runs in the request that invokes them. Each has a write
number as long as it waits, and keeps the place of that for no other (`client/link/numbers.py`).
Calls beyond invoke first, and then wait.
"""


class ActionCommands:
    """What `client.action` and `b.action` of a batch have in common. Nothing here is sent."""

    def invoke(
        self,
        name: str,
        payload: Payload = b"",
        *,
        priority: int = 10,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
    ) -> ActionInvoke:
        return ActionInvoke(
            name,
            as_bytes(payload),
            priority,
            delay_ms,
            idempotency_key,
            dict(labels or {}),
            caller_run_id,
        )

    def cancel(self, run_id: str, *, reason: str | None = None) -> ActionCancel:
        return ActionCancel(run_id, reason)


class Action:
    """The actions of one client. Every method takes `namespace`, by default the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.commands = ActionCommands()
        self._calls = 0

    async def register(
        self,
        name: str,
        type: ActionType | str = ActionType.USER,
        *,
        timeout_ms: int = 30_000,
        max_retries: int = 3,
        retry_delay_ms: int = 1_000,
        run_timeout_ms: int | None = None,
        description: str | None = None,
        retention_ms: int = RUN_RETENTION_MS_DEFAULT,
        namespace: str | None = None,
    ) -> ActionInfo:
        """Name an action and say how it is run; other settings than before raise its version.

        `timeout_ms` is the lease of one attempt, `max_retries` counts attempts after the first,
        `run_timeout_ms` bounds the whole run, attempts and waits included. Its runs are kept for
        `retention_ms` after they ended, at least a day.
        """
        command = ActionRegister(
            name,
            _type_of(type),
            timeout_ms,
            max_retries,
            retry_delay_ms,
            run_timeout_ms,
            description,
            retention_ms,
        )
        return await self._caller.call(command, namespace=namespace)

    async def invoke(
        self,
        name: str,
        payload: Payload = b"",
        *,
        priority: int = 10,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        namespace: str | None = None,
    ) -> InvokeResult:
        """Ask for one run. A lower `priority` goes first; `labels` must be the worker's, too.

        An `idempotency_key` makes one run: the same key and payload answer that run again
        (`created` is false), another payload is a `ConflictError`. So is an action that is
        disabled; one that is not registered is a `NotFoundError`.
        """
        command = self.commands.invoke(
            name,
            payload,
            priority=priority,
            delay_ms=delay_ms,
            idempotency_key=idempotency_key,
            labels=labels,
            caller_run_id=caller_run_id,
        )
        return await self._caller.call(command, namespace=namespace)

    async def status(self, run_id: str, *, namespace: str | None = None) -> ActionRun:
        """The run as it stands. `NotFoundError` where there is none."""
        return await self._caller.call(ActionStatus(run_id), namespace=namespace)

    async def wait(
        self, run_id: str, *, block_ms: int = 30_000, namespace: str | None = None
    ) -> ActionRun:
        """The run once it is finished, or as it stands after `block_ms`.

        One long poll, which a lost connection takes up again for the time that is left.
        """
        request = ActionStatus(run_id, block_ms)
        return await self._caller.call(request, namespace=namespace, block_ms=block_ms)

    async def call(
        self,
        name: str,
        payload: Payload = b"",
        *,
        block_ms: int = 30_000,
        priority: int = 10,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        namespace: str | None = None,
    ) -> ActionRun:
        """`invoke`, then `wait` for up to `block_ms`. The run goes on if the time is up first."""
        invoke = self.commands.invoke(
            name,
            payload,
            priority=priority,
            delay_ms=delay_ms,
            idempotency_key=idempotency_key,
            labels=labels,
            caller_run_id=caller_run_id,
        )
        if self._calls >= CALLS_MAX:
            check_block(block_ms)  # before anything is invoked
            invoked = await self._caller.call(invoke, namespace=namespace)
            return await self.wait(invoked.run_id, block_ms=block_ms, namespace=namespace)
        self._calls += 1
        try:
            request = ActionCall(**asdict(invoke), block_ms=block_ms)
            return await self._caller.call(request, namespace=namespace, block_ms=block_ms)
        finally:
            self._calls -= 1

    async def cancel(
        self, run_id: str, *, reason: str | None = None, namespace: str | None = None
    ) -> ActionRun:
        """End the run; a handler at work is told. `ConflictError` if it is finished."""
        return await self._caller.call(
            self.commands.cancel(run_id, reason=reason), namespace=namespace
        )

    async def get(self, name: str, *, namespace: str | None = None) -> ActionInfo:
        """The action's settings. `NotFoundError` where there is none."""
        return await self._caller.call(ActionGet(name), namespace=namespace)

    async def delete(self, name: str, *, force: bool = False, namespace: str | None = None) -> bool:
        """Delete the action; whether it existed.

        `ConflictError` where it has unfinished runs, unless `force`, which cancels them.
        """
        return await self._caller.call(ActionDelete(name, force), namespace=namespace)

    async def enable(self, name: str, *, namespace: str | None = None) -> ActionInfo:
        """Let it be invoked again."""
        return await self._caller.call(ActionEnable(name, True), namespace=namespace)

    async def disable(self, name: str, *, namespace: str | None = None) -> ActionInfo:
        """Refuse new runs of it (`ConflictError`); those that are there go on."""
        return await self._caller.call(ActionEnable(name, False), namespace=namespace)

    async def list(
        self,
        *,
        prefix: str = "",
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[ActionInfo]:
        """The actions whose names begin with `prefix`, by name."""
        reply = await self._caller.call(ActionList(prefix, limit, cursor), namespace=namespace)
        return Page(reply.items, reply.cursor)

    async def list_runs(
        self,
        name: str | None = None,
        *,
        status: RunStatus | str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        namespace: str | None = None,
    ) -> Page[ActionRun]:
        """Runs, newest first: of one action or of all, in one status or in any."""
        request = ActionListRuns(name, _status_of(status), limit, cursor)
        reply = await self._caller.call(request, namespace=namespace)
        return Page(reply.items, reply.cursor)


def _type_of(type: ActionType | str) -> ActionType:
    try:
        return ActionType(type)
    except ValueError:
        known = ", ".join(ActionType)
        raise BadRequestError(f"type is {type!r}; it must be one of: {known}") from None


def _status_of(status: RunStatus | str | None) -> RunStatus | None:
    try:
        return None if status is None else RunStatus(status)
    except ValueError:
        known = ", ".join(RunStatus)
        raise BadRequestError(f"status is {status!r}; it must be one of: {known}") from None
