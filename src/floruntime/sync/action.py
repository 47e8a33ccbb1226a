"""`Action`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping

from floruntime.client.api.action.action import Action as AsyncAction
from floruntime.client.api.action.action import LimitsInfo, RunStatuses
from floruntime.client.api.base.values import JsonPayload
from floruntime.core import defaults
from floruntime.core.action import (
    ActionBulkOperation,
    ActionInfo,
    ActionRun,
    ActionScheduleInfo,
    ActionType,
    InvokeResult,
    Limits,
    RunOrder,
)
from floruntime.core.defaults import Kept
from floruntime.core.jobs import BulkJob
from floruntime.core.schedule import Overlap
from floruntime.core.types import Page
from floruntime.sync.standing import PartOf


class Action(PartOf[AsyncAction]):
    """The actions of one client.

    The name of an action is 1 to 255 bytes of UTF-8 without control characters; any other name
    raises `BadRequestError`. Every method takes `namespace` and `timeout_ms`; the default is the
    client's own. In `register` alone, `timeout_ms` is a setting of the action.
    """

    @property
    def _of(self) -> AsyncAction:
        return self._bridge.client.action

    def invoke(
        self,
        name: str,
        payload: JsonPayload = b"",
        *,
        priority: int = defaults.PRIORITY,
        delay_ms: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        caller_run_id: str | None = None,
        create: bool = False,
        key: str | None = None,
        debounce_key: str | None = None,
        debounce_ms: int | None = None,
        debounce_max_ms: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> InvokeResult:
        """Request one run of an action. Returns its id, and whether the run is new.

        - `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON. At most the
          server's `value_bytes_max` (1 MiB unless configured); empty by default.
        - `priority`: 0 to 65,535; default 10. A lower number is started first.
        - `delay_ms`: the earliest start, in milliseconds from now; 0, the default, means now. At
          most ten years.
        - `idempotency_key`: a name of 1 to 255 bytes. A second call with the same key and payload
          makes no new run; it returns the first one again, with `created` false. By default every
          call makes a run.
        - `labels`: only a worker that has all of these labels gets the run. Up to 64, together 4
          KiB; none by default.
        - `caller_run_id`: the run on whose behalf this one is requested; none by default.
        - `create`: if the action is not registered, register it with the default settings, so that
          the run waits for a worker. By default the call is refused.
        - `key`: the name under which limits per key count the run. By default it is what the
          action's `key_path` finds in the payload, if the action has one.
        - `debounce_key`: a name. Invocations with the same key that follow each other closely
          become one run. That run takes the newest payload, key, labels and priority; `created` is
          true for the first call only. Once the run is claimed or has ended, the next call makes a
          new run. By default nothing is debounced.
        - `debounce_ms`: with `debounce_key`, the run is due this long after the last invocation; at
          least 1.
        - `debounce_max_ms`: with `debounce_key`, the run is due no later than this after the first
          invocation; by default there is no such limit.

        Raises `NotFoundError` if the action is not registered, `ConflictError` if it is disabled or
        if the idempotency key belongs to a run with another payload, and `BadRequestError` if a
        value is out of its limits, or if `debounce_key` is given together with `idempotency_key` or
        `delay_ms`.
        """
        return self._bridge.run(
            self._of.invoke(
                name,
                payload,
                priority=priority,
                delay_ms=delay_ms,
                idempotency_key=idempotency_key,
                labels=labels,
                caller_run_id=caller_run_id,
                create=create,
                key=key,
                debounce_key=debounce_key,
                debounce_ms=debounce_ms,
                debounce_max_ms=debounce_max_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def cancel(
        self,
        run_id: str,
        *,
        reason: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """End the run. A handler that works on it is notified.

        `reason`: a text of up to 4 KiB for people; none by default.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it is finished.
        """
        return self._bridge.run(
            self._of.cancel(run_id, reason=reason, namespace=namespace, timeout_ms=timeout_ms)
        )

    def schedule(
        self,
        name: str,
        *,
        cron: str | None = None,
        interval_ms: int | None = None,
        timezone: str = defaults.TIMEZONE,
        payload: JsonPayload = b"",
        overlap: Overlap | str = Overlap.SKIP,
        max_concurrent: int = 1,
        paused: bool = False,
        catch_up_ms: int = defaults.CATCH_UP_MS,
        jitter_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionScheduleInfo:
        """Invoke the action at set times. This replaces the schedule that the action has.

        Give either `cron` or `interval_ms`.

        - `cron`: five fields, read in `timezone` (an IANA name; default `"UTC"`).
        - `interval_ms`: the time between two runs, from 10 ms to ten years.
        - `payload`: the payload of each run; empty by default.
        - `max_concurrent`: how many of the schedule's own runs may be unfinished at once, 1 to
          1,000; default 1.
        - `overlap`: what happens at a scheduled time while that many are unfinished. `"skip"`, the
          default, skips this time. `"buffer_one"` lets one run wait until another ends. `"allow"`
          starts a run anyway.
        - `paused`: whether the schedule begins paused; off by default. A schedule that somebody has
          paused stays paused, unless this value differs from the one given before.
        - `catch_up_ms`: a time that was missed by no more than this is made up for, once; default
          60,000.
        - `jitter_ms`: each run starts up to this much later; default 0. It must be less than the
          time between two runs.

        If the times differ from before, the schedule begins again from now. It is deleted with its
        action, and starts nothing while the action is disabled.

        Raises `NotFoundError` if there is no such action, `BadRequestError` if neither or both of
        `cron` and `interval_ms` are given, or if a value is out of its limits.
        """
        return self._bridge.run(
            self._of.schedule(
                name,
                cron=cron,
                interval_ms=interval_ms,
                timezone=timezone,
                payload=payload,
                overlap=overlap,
                max_concurrent=max_concurrent,
                paused=paused,
                catch_up_ms=catch_up_ms,
                jitter_ms=jitter_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def unschedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> bool:
        """Delete the schedule of action `name`. Returns whether it had one. Its runs continue.

        Raises `BadRequestError` if `name` is not a valid name.
        """
        return self._bridge.run(
            self._of.unschedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def schedules(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[ActionScheduleInfo]:
        """List the schedules by the name of their action, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.schedules(
                limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionScheduleInfo:
        """Start no more runs by this schedule. Times that pass are not made up for.

        Raises `NotFoundError` if the action has no schedule.
        """
        return self._bridge.run(
            self._of.pause_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionScheduleInfo:
        """Let the schedule of action `name` continue with its next time.

        Raises `NotFoundError` if the action has no schedule.
        """
        return self._bridge.run(
            self._of.resume_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> str:
        """Start one run by the schedule of action `name` now, as an extra. Returns the run's id.

        Raises `NotFoundError` if the action has no schedule, `ConflictError` if the action is
        disabled.
        """
        return self._bridge.run(
            self._of.trigger_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def register(
        self,
        name: str,
        type: ActionType | str = ActionType.USER,
        *,
        timeout_ms: int = defaults.ATTEMPT_TIMEOUT_MS,
        max_retries: int | None = Kept(defaults.MAX_RETRIES),
        retry_delay_ms: int | None = Kept(defaults.RUN_RETRY_DELAY_MS),
        run_timeout_ms: int | None = None,
        description: str | None = None,
        retention_ms: int = defaults.RUN_RETENTION_MS,
        limits: Limits | None = None,
        key_path: str | None = None,
        schedule: str | None = None,
        timezone: str = defaults.TIMEZONE,
        namespace: str | None = None,
    ) -> ActionInfo:
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
        return self._bridge.run(
            self._of.register(
                name,
                type,
                timeout_ms=timeout_ms,
                max_retries=max_retries,
                retry_delay_ms=retry_delay_ms,
                run_timeout_ms=run_timeout_ms,
                description=description,
                retention_ms=retention_ms,
                limits=limits,
                key_path=key_path,
                schedule=schedule,
                timezone=timezone,
                namespace=namespace,
            )
        )

    def status(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionRun:
        """Return the run in its current state.

        Raises `NotFoundError` if there is no such run.
        """
        return self._bridge.run(self._of.status(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def wait(
        self,
        run_id: str,
        *,
        block_ms: int = defaults.BLOCK_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ActionRun:
        """Wait up to `block_ms` until the run is finished. Returns the run as it is by then.

        `block_ms`: how long to wait; default 30,000, at most 300,000. This is one long poll. If the
        connection is lost, the poll continues on the next connection for the time that is left.

        Raises `NotFoundError` if there is no such run.
        """
        return self._bridge.run(
            self._of.wait(run_id, block_ms=block_ms, namespace=namespace, timeout_ms=timeout_ms)
        )

    def call(
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
        return self._bridge.run(
            self._of.call(
                name,
                payload,
                block_ms=block_ms,
                priority=priority,
                delay_ms=delay_ms,
                idempotency_key=idempotency_key,
                labels=labels,
                caller_run_id=caller_run_id,
                create=create,
                key=key,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def retry(
        self, run_id: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionRun:
        """Make a run that failed or timed out due again. Returns the run.

        Its attempts are counted from 0 again, and a `run_timeout_ms` starts again. The run keeps
        its id and its input.

        Raises `NotFoundError` if there is no such run, `ConflictError` if it has another status, or
        if its action is disabled or was deleted. A step of a workflow raises `ConflictError` too:
        use `workflow.retry` for it.
        """
        return self._bridge.run(self._of.retry(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def count_runs(
        self,
        name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> dict[str, int]:
        """Count the kept runs by status: a dict from status to number.

        `name`: the action whose runs are counted; by default all actions.

        Raises `NotFoundError` if there is no such action.
        """
        return self._bridge.run(
            self._of.count_runs(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def limits(
        self,
        name: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> LimitsInfo:
        """Return how many runs are leased and due, and a page of the action's keys by name.

        A key is listed while it has a leased or due run, or while its claims count against a rate
        limit. Its `blocked_by` names the limit that holds it back, if one does. `limit`: 1 to 1,000
        keys; default 100. `cursor`: that of the previous page; without it, the first page is
        returned.

        Raises `NotFoundError` if there is no such action, `BadRequestError` if the cursor belongs
        to another listing.
        """
        return self._bridge.run(
            self._of.limits(
                name, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def get(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Return the action's settings.

        Raises `NotFoundError` if there is no such action.
        """
        return self._bridge.run(self._of.get(name, namespace=namespace, timeout_ms=timeout_ms))

    def delete(
        self,
        name: str,
        *,
        force: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete the action. Returns whether it existed.

        `force`: cancel its unfinished runs; off by default.

        Raises `ConflictError` if it has unfinished runs and `force` is not given.
        """
        return self._bridge.run(
            self._of.delete(name, force=force, namespace=namespace, timeout_ms=timeout_ms)
        )

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Allow a disabled action to be invoked again.

        Raises `NotFoundError` if there is no such action.
        """
        return self._bridge.run(self._of.enable(name, namespace=namespace, timeout_ms=timeout_ms))

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Refuse new runs of the action; the runs that exist continue.

        Raises `NotFoundError` if there is no such action.
        """
        return self._bridge.run(self._of.disable(name, namespace=namespace, timeout_ms=timeout_ms))

    def list(
        self,
        *,
        prefix: str = "",
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[ActionInfo]:
        """List the actions by name, one page at a time.

        `prefix`: only names that begin with it; empty, the default, means all. `limit`: 1 to 1,000;
        default 100. `cursor`: that of the previous page; without it, the first page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.list(
                prefix=prefix,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> Page[ActionRun]:
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
        return self._bridge.run(
            self._of.list_runs(
                name,
                status=status,
                started_after_ms=started_after_ms,
                started_before_ms=started_before_ms,
                ended_after_ms=ended_after_ms,
                ended_before_ms=ended_before_ms,
                order=order,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> BulkJob:
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
        return self._bridge.run(
            self._of.bulk(
                operation,
                name,
                status=status,
                started_after_ms=started_after_ms,
                started_before_ms=started_before_ms,
                ended_after_ms=ended_after_ms,
                ended_before_ms=ended_before_ms,
                limit=limit,
                dry_run=dry_run,
                reason=reason,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )
