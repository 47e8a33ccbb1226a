"""`client.action`: durable tasks, registered by name, run by workers."""

from __future__ import annotations

from collections.abc import Mapping

from floruntime.client.api.action_writes import ActionWrites
from floruntime.client.api.caller import Caller
from floruntime.client.api.choices import choice, optional_choice
from floruntime.client.api.operation import Operation
from floruntime.client.api.pages import as_page
from floruntime.client.api.values import JsonPayload, as_payload, named
from floruntime.core import defaults
from floruntime.core.action import (
    ActionCall,
    ActionDelete,
    ActionEnable,
    ActionGet,
    ActionInfo,
    ActionList,
    ActionListRuns,
    ActionRegister,
    ActionRun,
    ActionStatus,
    ActionType,
    RunStatus,
)
from floruntime.core.limits import check_block
from floruntime.core.types import Page

CALLS_MAX = 32
"""Calls of a client that wait for their runs in the request that invokes them. Each has a write
number as long as it waits, and keeps the place of that for no other (`client/link/numbers.py`).
Calls beyond invoke first, and then wait.
"""


class Action(ActionWrites):
    """The actions of one client.

    The name of an action is 1 to 255 bytes of UTF-8 without control characters; another one is a
    `BadRequestError`. Every method takes `namespace` and (but for `register`, whose `timeout_ms` is
    the action's) `timeout_ms`, by default the client's own.
    """

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._calls = 0

    def register(
        self,
        name: str,
        type: ActionType | str = ActionType.USER,
        *,
        timeout_ms: int = defaults.ATTEMPT_TIMEOUT_MS,
        max_retries: int = defaults.MAX_RETRIES,
        retry_delay_ms: int = defaults.RUN_RETRY_DELAY_MS,
        run_timeout_ms: int | None = None,
        description: str | None = None,
        retention_ms: int = defaults.RUN_RETENTION_MS,
        namespace: str | None = None,
    ) -> Operation[ActionInfo]:
        """Name an action and say how it is run; other settings than before raise its version.

        It is told whole: what is left out has its default, whatever it was before. `type`:
        `"user"`, the default. `timeout_ms`: the lease of one attempt, 30,000 unless given.
        `max_retries`: attempts after the first, 3 unless given, 1,000,000 at most.
        `retry_delay_ms`: the wait before the second attempt, which grows from attempt to attempt up
        to an hour; 1,000 unless given. `run_timeout_ms`: bounds the whole run, attempts and waits
        included; by default nothing does. `description`: a text of up to 4 KiB for people; by
        default none. `retention_ms`: how long runs are kept after they ended, at least a day; 30
        days unless given. Durations are up to ten years.

        Raises `BadRequestError` on a setting out of its limits, `ConflictError` where the action is
        just being deleted.
        """
        request = ActionRegister(
            name,
            choice("type", type, ActionType),
            timeout_ms,
            max_retries,
            retry_delay_ms,
            run_timeout_ms,
            description,
            retention_ms,
        )
        return self._call(request, namespace, None)

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionRun]:
        """The run as it stands.

        Raises `NotFoundError` where there is none.
        """
        return self._call(ActionStatus(run_id), namespace, timeout_ms)

    def wait(
        self,
        run_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ActionRun]:
        """The run once it is finished, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most. It is one long poll,
        which a lost connection takes up again for the time that is left.

        Raises `NotFoundError` where there is no such run.
        """
        return self._call(ActionStatus(run_id, block_ms), namespace, timeout_ms, block_ms)

    async def call(
        self,
        name: str,
        payload: JsonPayload = b"",
        *,
        block_ms: int = defaults.BLOCK_MS,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        create: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """`invoke`, then `wait`: the run once it is finished, or as it stands when the time is up.

        It goes on if the time is up first. `block_ms`: how long to wait, 30,000 unless given,
        300,000 at most. `payload`, `priority`, `delay_ms`, `idempotency_key`, `labels`,
        `caller_run_id`, `create`: as for `invoke`, and with its defaults.

        Raises `NotFoundError`, `ConflictError` and `BadRequestError` as `invoke` does. A run that
        failed is no error here: look at its `status`.
        """
        check_block(block_ms)  # before anything is invoked
        request = ActionCall(
            name,
            as_payload(payload),
            priority,
            delay_ms,
            idempotency_key,
            named("labels", labels),
            caller_run_id,
            block_ms,
            create,
        )
        if self._calls >= CALLS_MAX:
            return await self._invoke_and_wait(request, namespace, timeout_ms)
        self._calls += 1
        try:
            return await self._call(request, namespace, timeout_ms, block_ms)
        finally:
            self._calls -= 1

    async def _invoke_and_wait(
        self, call: ActionCall, namespace: str | None, timeout_ms: int | None
    ) -> ActionRun:
        invoked = await self.invoke(
            call.name,
            call.payload,
            priority=call.priority,
            delay_ms=call.delay_ms,
            idempotency_key=call.idempotency_key,
            labels=call.labels,
            caller_run_id=call.caller_run_id,
            create=call.create,
            namespace=namespace,
            timeout_ms=timeout_ms,
        )
        return await self.wait(
            invoked.run_id, block_ms=call.block_ms, namespace=namespace, timeout_ms=timeout_ms
        )

    def get(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """The action's settings.

        Raises `NotFoundError` where there is none.
        """
        return self._call(ActionGet(name), namespace, timeout_ms)

    def delete(
        self,
        name: str,
        *,
        force: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Delete the action; whether it existed.

        `force`: cancel its unfinished runs; off by default.

        Raises `ConflictError` where it has unfinished runs and `force` is not given.
        """
        return self._call(ActionDelete(name, force), namespace, timeout_ms)

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """Let it be invoked again.

        Raises `NotFoundError` where there is no such action.
        """
        return self._call(ActionEnable(name, True), namespace, timeout_ms)

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """Refuse new runs of it; those that are there go on.

        Raises `NotFoundError` where there is no such action.
        """
        return self._call(ActionEnable(name, False), namespace, timeout_ms)

    def list(
        self,
        *,
        prefix: str = "",
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ActionInfo]]:
        """A page of the actions, by name.

        `prefix`: what their names begin with; empty, the default, means all. `limit`: 1 to 1,000,
        100 unless given. `cursor`: that of the page before; without one it begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        request = ActionList(prefix, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)

    def list_runs(
        self,
        name: str | None = None,
        *,
        status: RunStatus | str | None = None,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ActionRun]]:
        """A page of runs, newest first.

        `name`: of this action; by default of all. `status`: in this one; by default in any.
        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the newest.

        Raises `BadRequestError` on a status that there is not, and on a cursor of another listing.
        """
        chosen = optional_choice("status", status, RunStatus)
        request = ActionListRuns(name, chosen, limit, cursor)
        return self._call_for(as_page, request, namespace, timeout_ms)
