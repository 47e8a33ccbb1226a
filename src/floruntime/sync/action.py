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

    The name of an action is 1 to 255 bytes of UTF-8 without control characters; another one is a
    `BadRequestError`. Every method takes `namespace` and (but for `register`, whose `timeout_ms` is
    the action's) `timeout_ms`, by default the client's own.
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
        """Ask for one run of an action; its id, and whether it is new.

        `payload`: bytes or text; a dict, list, dataclass or struct is sent as JSON; empty by
        default; at most the server's `value_bytes_max` (1 MiB unless configured). `priority`: 0 to
        65,535, a lower one goes first; 10 unless given. `delay_ms`: how long it is not begun; 0,
        the default, means now, ten years is the longest. `idempotency_key`: a name (1 to 255 bytes)
        that makes one run: the same key and payload answer that run again (`created` is false); by
        default every call makes a run. `labels`: a worker must have them all; up to 64, 4 KiB
        together; none by default. `caller_run_id`: the run on whose behalf this is; by default
        none. `create`: where nobody has registered the action yet, register it with the default
        settings, so that the run waits for a worker that is yet to come; by default it is refused.
        `key`: what the limits per key count the run under, a name; by default what the action's
        `key_path` finds in the payload, if it has one. `debounce_key`: a name; while invocations
        with it keep coming they are one run, which takes the newest payload, key, labels and
        priority and is due `debounce_ms` (at least 1) after the last of them, but at most
        `debounce_max_ms` (by default without end) after the first; `created` is false for all but
        that. Once the run is claimed or has ended, the next one makes a new run. By default nothing
        is debounced.

        Raises `NotFoundError` where the action is not registered, `ConflictError` where it is
        disabled or the key stands for a run with another payload, `BadRequestError` on a value out
        of these limits, and on a `debounce_key` with an `idempotency_key` or a `delay_ms`.
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
        """End the run; a handler at work is told.

        `reason`: a text of up to 4 KiB for people; by default none.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it is finished.
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
        """Invoke the action by the clock; it replaces the schedule that the action has.

        One of `cron`, five fields in `timezone` (an IANA name, `"UTC"` unless given), and
        `interval_ms`, from 10 ms to ten years. `payload`: that of each run, empty by default.
        `overlap`: what becomes of a time while `max_concurrent` (1 to 1,000, 1 unless given) of
        the schedule's own runs go on: `"skip"`, the default, lets it pass, `"buffer_one"` lets one
        wait for a run to end, `"allow"` starts a run all the same. `paused`: whether it begins
        paused; off by default. What was paused by hand stays so unless this is other than before.
        `catch_up_ms`: a time missed for no longer than this is made up for, once; 60,000 unless
        given. `jitter_ms`: each run starts up to this much later, less than the time between two
        runs; 0 unless given. Other times than before begin anew, from now. It goes with the action,
        and sleeps while that is disabled.

        Raises `NotFoundError` where there is no such action, `BadRequestError` on neither or both
        of `cron` and `interval_ms`, and on what is out of its limits.
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
        """Take the schedule of action `name` away. Returns whether it had one. Its runs go on.

        Raises `BadRequestError` on what is no name of an action.
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
        """A page of the schedules, by the name of their action.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
        """
        return self._bridge.run(
            self._of.schedules(
                limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def pause_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionScheduleInfo:
        """Let the schedule of action `name` start no runs; times that pass are not made up for.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._bridge.run(
            self._of.pause_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def resume_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionScheduleInfo:
        """Let the schedule of action `name` go on with its next time.

        Raises `NotFoundError` where it has no schedule.
        """
        return self._bridge.run(
            self._of.resume_schedule(name, namespace=namespace, timeout_ms=timeout_ms)
        )

    def trigger_schedule(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> str:
        """Start one of the runs of action `name`'s schedule now, beside its times; the run's id.

        Raises `NotFoundError` where it has no schedule, `ConflictError` where the action is
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
        """The run as it stands.

        Raises `NotFoundError` where there is none.
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
        """The run once it is finished, or as it stands when the time is up.

        `block_ms`: how long to wait, 30,000 unless given, 300,000 at most. It is one long poll,
        which a lost connection takes up again for the time that is left.

        Raises `NotFoundError` where there is no such run.
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
        """`invoke`, then `wait`: the run once it is finished, or as it stands when the time is up.

        It goes on if the time is up first. `block_ms`: how long to wait, 30,000 unless given,
        300,000 at most. `payload`, `priority`, `delay_ms`, `idempotency_key`, `labels`,
        `caller_run_id`, `create`, `key`: as for `invoke`, and with its defaults.

        Raises `NotFoundError`, `ConflictError` and `BadRequestError` as `invoke` does. A run that
        failed is no error here: look at its `status`.
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
        """Let a run that failed or timed out be due again, attempts at 0; the run.

        It keeps its id and its input; a `run_timeout_ms` counts anew.

        Raises `NotFoundError` where there is no such run, `ConflictError` where it stands
        otherwise, where its action is disabled or gone, and for a step of a workflow, which has
        `workflow.retry`.
        """
        return self._bridge.run(self._of.retry(run_id, namespace=namespace, timeout_ms=timeout_ms))

    def count_runs(
        self,
        name: str | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> dict[str, int]:
        """How many runs are kept in each status: a dict from status to number.

        `name`: of this action; by default of all.

        Raises `NotFoundError` where there is no such action.
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
        """How many runs are leased and due, and a page of the action's keys, by name.

        A key is there while a run of it is leased or due, or its window of claims counts. Its
        `blocked_by` is the limit that holds it up, if one does. `limit`: 1 to 1,000 keys, 100
        unless given. `cursor`: that of the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such action, `BadRequestError` on a cursor of
        another listing.
        """
        return self._bridge.run(
            self._of.limits(
                name, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def get(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """The action's settings.

        Raises `NotFoundError` where there is none.
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

        Raises `ConflictError` where it has unfinished runs and `force` is not given.
        """
        return self._bridge.run(
            self._of.delete(name, force=force, namespace=namespace, timeout_ms=timeout_ms)
        )

    def enable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Let it be invoked again.

        Raises `NotFoundError` where there is no such action.
        """
        return self._bridge.run(self._of.enable(name, namespace=namespace, timeout_ms=timeout_ms))

    def disable(
        self, name: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> ActionInfo:
        """Refuse new runs of it; those that are there go on.

        Raises `NotFoundError` where there is no such action.
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
        """A page of the actions, by name.

        `prefix`: what their names begin with; empty, the default, means all. `limit`: 1 to 1,000,
        100 unless given. `cursor`: that of the page before; without one it begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
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
