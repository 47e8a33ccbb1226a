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
"""One status, or several; `None` means any."""
CALLS_MAX = 32
"""How many calls of a client may wait for their runs in the same request that invokes them.

Such a request holds a write number while it waits, and no other write can use that number's place
(`client/link/numbers.py`). Calls beyond this limit invoke first and then wait in a second request.
"""


class LimitsInfo(msgspec.Struct, frozen=True):
    """How many runs of an action are leased and due, and a page of its keys."""

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

    The name of an action is 1 to 255 bytes of UTF-8 without control characters; any other name
    raises `BadRequestError`. Every method takes `namespace` and `timeout_ms`; the default is the
    client's own. In `register` alone, `timeout_ms` is a setting of the action.
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
        """Register an action, or change its settings. A changed setting raises its version.

        An argument that is left out is set back to its default, with these exceptions: limits,
        `key_path`, `max_retries`, `retry_delay_ms` and `schedule` stay as they are. So a worker
        that starts does not undo what an operator has set. Durations are in milliseconds, up to ten
        years.

        - `type`: `"user"`, the default.
        - `timeout_ms`: how long the lease of one attempt lasts; default 30,000.
        - `max_retries`: how many attempts may follow the first, at most 1,000,000; 3 for a new
          action.
        - `retry_delay_ms`: the wait before the second attempt; 1,000 for a new action. It grows
          with each attempt, up to an hour.
        - `run_timeout_ms`: a limit for the whole run, with all attempts and waits; by default there
          is none.
        - `description`: a text of up to 4 KiB for people; none by default.
        - `retention_ms`: how long a run is kept after it has ended, at least a day; default 30
          days.
        - `limits`: how many runs may be leased at once, and how fast runs are claimed, for the
          action and for each key. `Limits()` removes all limits; a new action has none.
        - `key_path`: the path in the payload at which the key of a run is found, such as
          `$.account`, if `invoke` names no key. An empty text removes the path.
        - `schedule`: a cron expression in `timezone` (default `"UTC"`). It is kept as the method
          `schedule` keeps it.

        Raises `BadRequestError` if a setting is out of its limits, `ConflictError` while the action
        is being deleted.
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
        """Return the run in its current state.

        Raises `NotFoundError` if there is no such run.
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
        """Wait up to `block_ms` until the run is finished. Returns the run as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000. This is one long poll. If the
        connection is lost, the poll continues on the next connection for the time that is left.

        Raises `NotFoundError` if there is no such run.
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
        """Invoke an action and wait for its run: `invoke`, then `wait`. Returns the run.

        If `block_ms` is over first, the run is returned as it is by then, and it continues.
        `block_ms`: how long to wait; default 30,000, at most 300,000. `payload`, `priority`,
        `delay_ms`, `idempotency_key`, `labels`, `caller_run_id`, `create` and `key` are those of
        `invoke`, with the same defaults.

        Raises `NotFoundError`, `ConflictError` and `BadRequestError` as `invoke` does. A run that
        failed raises nothing: check its `status`.
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
        """Make a run that failed or timed out due again. Returns the run.

        Its attempts are counted from 0 again, and a `run_timeout_ms` starts again. The run keeps
        its id and its input.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has another status, or
        if its action is disabled or was deleted. A step of a workflow raises `ConflictError` too:
        use `workflow.retry` for it.
        """
        return self._call(ActionRetry(run_id), namespace, timeout_ms)

    def count_runs(
        self,
        name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[dict[str, int]]:
        """Count the kept runs by status: a dict from status to number.

        `name`: the action whose runs are counted; by default all actions.

        Raises `NotFoundError` if there is no such action.
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
        """Return how many runs are leased and due, and a page of the action's keys by name.

        A key is listed while it has a leased or due run, or while its claims count against a rate
        limit. Its `blocked_by` names the limit that holds it back, if one does. `limit`: 1 to 1,000
        keys; default 100. `cursor`: that of the previous page; without it, the first page is
        returned.

        Raises `NotFoundError` if there is no such action, `BadRequestError` if the cursor belongs
        to another listing.
        """
        return self._call_for(
            _limits_info, ActionGetLimits(name, limit, cursor), namespace, timeout_ms
        )

    def get(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """Return the action's settings.

        Raises `NotFoundError` if there is no such action.
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

        Raises `ConflictError` if it has unfinished runs and `force` is not given.
        """
        return self._call(ActionDelete(name, force), namespace, timeout_ms)

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """Allow a disabled action to be invoked again.

        Raises `NotFoundError` if there is no such action.
        """
        return self._call(ActionEnable(name, True), namespace, timeout_ms)

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> Operation[ActionInfo]:
        """Refuse new runs of the action; the runs that exist continue.

        Raises `NotFoundError` if there is no such action.
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
        """List the actions by name, one page at a time.

        `prefix`: only names that begin with it; empty, the default, means all. `limit`: 1 to 1,000;
        default 100. `cursor`: that of the previous page; without it, the first page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
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
        """List runs, one page at a time. The newest come first unless `order` says otherwise.

        - `name`: the action whose runs are listed; by default all actions.
        - `status`: one status, or several; by default any.
        - `started_after_ms`, `started_before_ms`, `ended_after_ms`, `ended_before_ms`: only runs
          that started or ended at or after the first time, and before the second, in Unix epoch
          milliseconds; by default at any time. For a run that has not started yet, the time of its
          `invoke` counts as its start.
        - `order`: `"newest"`, the default, or `"oldest"` first. Runs are ordered by when they were
          invoked, or by when they ended if the filter has a time of the end.
        - `limit`: 1 to 1,000; default 100.
        - `cursor`: that of the previous page; without it, the first page is returned.

        The server looks at 1,000 runs at most for one page. So a page may hold fewer runs than
        `limit`, or none, and still have `has_more`.

        Raises `BadRequestError` if there is no such status, or if the cursor belongs to another
        listing.
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
        """Cancel, retry or delete all runs that match, in a background job.

        - `operation`: `"cancel"` takes runs that have not ended, `"retry"` those that failed or
          timed out, `"delete"` those that have ended.
        - `name`, `status`, `started_after_ms`, `started_before_ms`, `ended_after_ms`,
          `ended_before_ms`: as for `list_runs`. Without a status, all that the operation can take.
        - `limit`: at most so many runs; by default all.
        - `dry_run`: only count; off by default.
        - `reason`: why the runs are cancelled, a text of up to 4 KiB; none by default.

        Runs that are invoked after this call are not touched. `client.jobs` shows the progress.

        Raises `NotFoundError` if there is no such action, `BadRequestError` if the operation does
        not take that status.
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
