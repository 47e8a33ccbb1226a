"""`client.action`: durable tasks, registered by name, run by workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from floruntime.client.api.action.schedules import ScheduledActions
from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.choices import choice, choices
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.base.pages import as_page
from floruntime.client.api.base.values import JsonPayload, as_payload, named
from floruntime.core import defaults
from floruntime.core.action import (
    ActionBulk,
    ActionBulkOperation,
    ActionCall,
    ActionCountRuns,
    ActionDelete,
    ActionEnable,
    ActionGet,
    ActionGetLimits,
    ActionInfo,
    ActionList,
    ActionListRuns,
    ActionRegister,
    ActionRetry,
    ActionRun,
    ActionStatus,
    ActionType,
    KeyLimits,
    Limits,
    LimitsReply,
    RunOrder,
    RunStatus,
)
from floruntime.core.defaults import Kept, unless_kept
from floruntime.core.errors import BadTypeError
from floruntime.core.jobs import BulkJob
from floruntime.core.limits import check_block, shown
from floruntime.core.types import Page

RunStatuses = RunStatus | str | Iterable[RunStatus | str] | None
"""One status, or several; `None`: any."""
CALLS_MAX = 32
"""Calls of a client that wait for their runs in the request that invokes them. Each has a write
number as long as it waits, and keeps the place of that for no other (`client/link/numbers.py`).
Calls beyond invoke first, and then wait.
"""


class LimitsInfo(msgspec.Struct, frozen=True):
    """Leased runs of an action, those that are due, and a page of its keys."""

    running: int
    waiting: int
    keys: Page[KeyLimits]


def _limits(limits: Limits | None) -> Limits | None:
    if limits is not None and not isinstance(limits, Limits):
        raise BadTypeError(f"limits is {shown(limits)}; it must be Limits(running=..., rate=...)")
    return limits


def _limits_info(reply: LimitsReply) -> LimitsInfo:
    return LimitsInfo(reply.running, reply.waiting, as_page(reply))


class Action(ScheduledActions):
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
        max_retries: int | None = Kept(defaults.MAX_RETRIES),  # immutable
        retry_delay_ms: int | None = Kept(defaults.RUN_RETRY_DELAY_MS),  # immutable
        run_timeout_ms: int | None = None,
        description: str | None = None,
        retention_ms: int = defaults.RUN_RETENTION_MS,
        limits: Limits | None = None,
        key_path: str | None = None,
        schedule: str | None = None,
        timezone: str = defaults.TIMEZONE,
        namespace: str | None = None,
    ) -> Operation[ActionInfo]:
        """Name an action and say how it is run; other settings than before raise its version.

        What is left out has its default, whatever it was before; but limits, `key_path` and the
        retries (`max_retries`, `retry_delay_ms`) stay as they are, so that a worker that starts
        does not lift what an operator has set. `type`: `"user"`, the default. `timeout_ms`: the
        lease of one attempt, 30,000 unless given. `max_retries`: attempts after the first,
        1,000,000 at most; 3 on a new action. `retry_delay_ms`: the wait before the second attempt,
        which grows from attempt to attempt up to an hour; 1,000 on a new action.
        `run_timeout_ms`: bounds the whole run, attempts and waits included; by default nothing
        does.
        `description`: a text of up to 4 KiB for people; by
        default none. `retention_ms`: how long runs are kept after they ended, at least a day; 30
        days unless given. `limits`: how much goes on at once and how fast, of the action and of
        each key; `Limits()` lifts all, and a new action has none. `key_path`: where the key of a
        run lies in its payload, `$.account` say, if `invoke` names none; an empty text takes it
        away. `schedule`: cron in `timezone` (`"UTC"` unless given), kept as by the method
        `schedule`; left out, the schedule stays as it is. Durations are up to ten years.

        Raises `BadRequestError` on a setting out of its limits, `ConflictError` where the action is
        just being deleted.
        """
        request = ActionRegister(
            name,
            choice("type", type, ActionType),
            timeout_ms,
            unless_kept(max_retries),
            unless_kept(retry_delay_ms),
            run_timeout_ms,
            description,
            retention_ms,
            _limits(limits),
            key_path,
            schedule,
            timezone,
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
        key: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """`invoke`, then `wait`: the run once it is finished, or as it stands when the time is up.

        It goes on if the time is up first. `block_ms`: how long to wait, 30,000 unless given,
        300,000 at most. `payload`, `priority`, `delay_ms`, `idempotency_key`, `labels`,
        `caller_run_id`, `create`, `key`: as for `invoke`, and with its defaults.

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
            key,
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
            key=call.key,
            namespace=namespace,
            timeout_ms=timeout_ms,
        )
        return await self.wait(
            invoked.run_id, block_ms=call.block_ms, namespace=namespace, timeout_ms=timeout_ms
        )

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionRun]:
        """Let a run that failed or timed out be due again, attempts at 0; the run.

        It keeps its id and its input; a `run_timeout_ms` counts anew.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it stands
        otherwise, where its action is disabled or gone, and for a step of a workflow, which has
        `workflow.retry`.
        """
        return self._call(ActionRetry(run_id), namespace, timeout_ms)

    def count_runs(
        self,
        name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[dict[str, int]]:
        """How many runs are kept in each status: a dict from status to number.

        `name`: of this action; by default of all.

        Raises `NotFoundError` where there is no such action.
        """
        return self._call(ActionCountRuns(name), namespace, timeout_ms)

    def limits(
        self,
        name: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[LimitsInfo]:
        """How many runs are leased and due, and a page of the action's keys, by name.

        A key is there while a run of it is leased or due, or its window of claims counts. Its
        `blocked_by` is the limit that holds it up, if one does. `limit`: 1 to 1,000 keys, 100
        unless given. `cursor`: that of the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such action, `BadRequestError` on a cursor of
        another listing.
        """
        return self._call_for(
            _limits_info, ActionGetLimits(name, limit, cursor), namespace, timeout_ms
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
        """Delete the action. Returns whether it existed.

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
        status: RunStatuses = None,
        started_after_ms: int | None = None,
        started_before_ms: int | None = None,
        ended_after_ms: int | None = None,
        ended_before_ms: int | None = None,
        order: RunOrder | str = RunOrder.NEWEST,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[Page[ActionRun]]:
        """A page of runs, newest first unless `order` says otherwise.

        `name`: of this action; by default of all. `status`: in this one, or in one of several; by
        default in any. `started_after_ms`, `started_before_ms`, `ended_after_ms`,
        `ended_before_ms`: from this time on, and before this one, Unix epoch; by default at any
        time. A run that has not started was started when it was invoked. `order`: `"newest"`, the
        default, or `"oldest"` first, by when they were invoked; by when they ended, where the
        filter says that. `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before;
        without one it begins at the first. At most 1,000 runs are looked at: a page may hold fewer
        than `limit`, or none, while `has_more`.

        Raises `BadRequestError` on a status that there is not, and on a cursor of another listing.
        """
        one, those = choices("status", status, RunStatus)
        request = ActionListRuns(
            name,
            one,
            limit,
            cursor,
            those,
            started_after_ms,
            started_before_ms,
            ended_after_ms,
            ended_before_ms,
            choice("order", order, RunOrder),
        )
        return self._call_for(as_page, request, namespace, timeout_ms)

    def bulk(
        self,
        operation: ActionBulkOperation | str,
        name: str | None = None,
        *,
        status: RunStatuses = None,
        started_after_ms: int | None = None,
        started_before_ms: int | None = None,
        ended_after_ms: int | None = None,
        ended_before_ms: int | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        reason: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[BulkJob]:
        """Cancel, retry or delete all runs that match, by a job: a piece of it per tick.

        `operation`: `"cancel"` takes runs that have not ended, `"retry"` those that failed or timed
        out, `"delete"` those that have ended. `name`, `status` and the times (`started_after_ms`,
        `started_before_ms`, `ended_after_ms`, `ended_before_ms`): as for `list_runs`; without a
        status all that the operation takes. `limit`: at most so many; by default all. `dry_run`:
        only count; off by default. `reason`: why they are cancelled, a text of up to 4 KiB; by
        default none. Runs that are invoked later are left alone. `client.jobs` tells how far it is.

        Raises `NotFoundError` where there is no such action, `BadRequestError` on a status that the
        operation does not take.
        """
        one, those = choices("status", status, RunStatus)
        request = ActionBulk(
            choice("operation", operation, ActionBulkOperation),
            name,
            those if one is None else [one],
            started_after_ms,
            started_before_ms,
            ended_after_ms,
            ended_before_ms,
            limit,
            dry_run,
            reason,
        )
        return self._call(request, namespace, timeout_ms)
