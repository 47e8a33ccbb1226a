"""Actions: what can be asked of durable tasks and their runs, and what is answered."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core import defaults
from floruntime.core.jobs import BulkJob
from floruntime.core.run_wait import RunWait
from floruntime.core.schedule import Overlap
from floruntime.core.types import Command, OutputValue, Query, Value


class ActionType(StrEnum):
    """Who runs an action: `USER`, a worker of the person's own."""

    USER = "user"


class RunStatus(StrEnum):
    """Where a run stands. The last four are final."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class Limits(Value, frozen=True):
    """How much of an action goes on at once and how fast; `None`: as much as there is.

    `running`: leased runs, over all workers; `running_per_key`: of one key. `rate`: claims in any
    span of `rate_period_ms`, `rate_per_key` likewise, 1 to 10,000. `fair`: keys take turns instead
    of standing by the due time of their first run.
    """

    running: int | None = None
    running_per_key: int | None = None
    rate: int | None = None
    rate_per_key: int | None = None
    rate_period_ms: int = defaults.RATE_PERIOD_MS
    fair: bool = False


class KeyLimits(Value, frozen=True):
    """One key of an action: its leased runs, those that are due, and the limit that holds it up
    (`running`, `running_per_key`, `rate`, `rate_per_key`), if one does.
    """

    key: str
    running: int
    waiting: int
    blocked_by: str | None


class LimitsReply(Value, frozen=True):
    """Leased runs of the action, those that are due, and its keys."""

    running: int
    waiting: int
    items: list[KeyLimits]
    cursor: str | None


class ActionInfo(Value, frozen=True):
    """A registered action and its settings; `version` counts registrations that changed them."""

    name: str
    version: int
    enabled: bool
    type: ActionType
    timeout_ms: int
    max_retries: int
    retry_delay_ms: int
    run_timeout_ms: int | None
    description: str | None
    created_at_ms: int
    updated_at_ms: int
    retention_ms: int = defaults.RUN_RETENTION_MS
    limits: Limits = Limits()
    key_path: str | None = None


class InvokeResult(Value, frozen=True):
    """`created`: false where the idempotency key had made the run before."""

    run_id: str
    created: bool


class ActionAttempt(Value, frozen=True):
    """One attempt of a run: which worker had it, from when to when, and why it ended.

    `begun_at_ms`: `None` where that was not kept yet. `ended_at_ms`: `None` while it is under way.
    `error`: the first 512 bytes of what its handler said. `reason`: as of a run; `None` where a
    handler ended it, be it by success or failure.
    """

    attempt: int
    worker_id: str
    begun_at_ms: int | None
    ended_at_ms: int | None
    reason: str | None
    error: str | None


class ActionRun(OutputValue, frozen=True):
    """One run of an action, with its history in short.

    `attempt` counts deliveries to workers, but not those that were released or never began. `error`
    is that of the last attempt. `reason` (`worker_lost`, `timeout`, that of a cancellation) says
    why where no handler did, and is then the `error`, too. `waits_for`: what a pending run waits
    for; only `status` tells, no listing. `attempts`: those that have begun, the last 100, oldest
    first. `progress` (0 to 1) and `progress_note`: what its handler told last, `None` where it told
    nothing; the next attempt begins without them. `traceparent`: the trace that it was invoked in.
    """

    run_id: str
    action: str
    status: RunStatus
    attempt: int
    priority: int
    input: bytes
    output: bytes | None
    outcome: str | None
    error: str | None
    created_at_ms: int
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    caller_run_id: str | None = None
    reason: str | None = None
    labels: dict[str, str] = {}
    worker_id: str | None = None
    waits_for: RunWait | None = None
    attempts: list[ActionAttempt] = []
    progress: float | None = None
    progress_note: str | None = None
    key: str | None = None
    traceparent: str | None = None

    @property
    def result(self) -> bytes | None:
        """Another name for `output`."""
        return self.output

    @property
    def created_at(self) -> int:
        """Another name for `created_at_ms`."""
        return self.created_at_ms


class ActionListReply(Value, frozen=True):
    items: list[ActionInfo]
    cursor: str | None


class RunListReply(Value, frozen=True):
    items: list[ActionRun]
    cursor: str | None


class ActionRegister(Command[ActionInfo], tag=128, frozen=True):
    """`retention_ms`: how long runs are kept after they have ended. `limits`, `key_path` and the
    retries: `None` keeps what is set (a new action has the defaults); an empty `key_path` takes it
    away. `schedule`: cron, in `timezone`, as `ActionSchedule` keeps it; `None` leaves the schedule.
    """

    name: str
    type: ActionType = ActionType.USER
    timeout_ms: int = defaults.ATTEMPT_TIMEOUT_MS
    max_retries: int | None = None
    retry_delay_ms: int | None = None
    run_timeout_ms: int | None = None
    description: str | None = None
    retention_ms: int = defaults.RUN_RETENTION_MS
    limits: Limits | None = None
    key_path: str | None = None
    schedule: str | None = None
    timezone: str = defaults.TIMEZONE


class ActionInvoke(Command[InvokeResult], tag=129, frozen=True):
    name: str
    payload: bytes = b""
    priority: int = defaults.PRIORITY
    delay_ms: int = 0
    idempotency_key: str | None = None
    labels: dict[str, str] = {}
    caller_run_id: str | None = None
    create: bool = False
    key: str | None = None
    debounce_key: str | None = None
    debounce_ms: int | None = None
    debounce_max_ms: int | None = None
    traceparent: str | None = None


class ActionStatus(Query[ActionRun], tag=130, frozen=True):
    """With `block_ms`, waits until the run is finished; answers it as it stands in any case."""

    run_id: str
    block_ms: int = 0


class ActionCancel(Command[ActionRun], tag=131, frozen=True):
    run_id: str
    reason: str | None = None


class ActionGet(Query[ActionInfo], tag=132, frozen=True):
    name: str


class ActionDelete(Command[bool], tag=133, frozen=True):
    """Without `force`, refused while runs of it are unfinished; with it, those are cancelled."""

    name: str
    force: bool = False


class ActionEnable(Command[ActionInfo], tag=134, frozen=True):
    name: str
    enabled: bool = True


class ActionList(Query[ActionListReply], tag=135, frozen=True):
    prefix: str = ""
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class RunOrder(StrEnum):
    """In which order runs are listed, by when they were invoked."""

    NEWEST = "newest"
    OLDEST = "oldest"


class ActionListRuns(Query[RunListReply], tag=136, frozen=True):
    """`statuses`: in one of these, where `status` is not given. Times: from `..._after_ms` on, and
    before `..._before_ms`; a run that has not started was started when it was invoked. At most
    1,000 runs are looked at: a page may hold fewer than `limit`, or none, and still have a cursor.
    """

    name: str | None = None
    status: RunStatus | None = None
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None
    statuses: list[RunStatus] = []
    started_after_ms: int | None = None
    started_before_ms: int | None = None
    ended_after_ms: int | None = None
    ended_before_ms: int | None = None
    order: RunOrder = RunOrder.NEWEST


class ActionCall(Command[ActionRun], tag=137, frozen=True):
    """Invoke, and wait until the run is finished; answers it as it stands after `block_ms`."""

    name: str
    payload: bytes = b""
    priority: int = defaults.PRIORITY
    delay_ms: int = 0
    idempotency_key: str | None = None
    labels: dict[str, str] = {}
    caller_run_id: str | None = None
    block_ms: int = 0
    create: bool = False
    key: str | None = None
    traceparent: str | None = None


class ActionRetry(Command[ActionRun], tag=90, frozen=True):
    """A run that failed or timed out is due again, its attempts forgotten."""

    run_id: str


class ActionCountRuns(Query[dict[str, int]], tag=91, frozen=True):
    """How many runs of the action (`None`: of all) are kept in each status."""

    name: str | None = None


class ActionBulkOperation(StrEnum):
    """What is done to every run that matches."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


class ActionBulk(Command[BulkJob], tag=95, frozen=True):
    """Cancel, retry or delete all runs that match, by a job. Filters as for `ActionListRuns`; of
    the statuses that are given, those count that the operation takes.
    """

    operation: ActionBulkOperation
    name: str | None = None
    statuses: list[RunStatus] = []
    started_after_ms: int | None = None
    started_before_ms: int | None = None
    ended_after_ms: int | None = None
    ended_before_ms: int | None = None
    limit: int | None = None
    dry_run: bool = False
    reason: str | None = None


class ActionGetLimits(Query[LimitsReply], tag=98, frozen=True):
    """What limits hold up: keys that have leased or due runs, or whose window counts, by name."""

    name: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class ActionScheduleInfo(Value, frozen=True):
    """An action's schedule: one of `cron` and `interval_ms`.

    `enabled`: whether the action is. `next_run_at_ms`: the next nominal time, `None` while it is
    paused, disabled or not yet known. `last_run_at_ms`: the nominal time of the last run, which is
    `last_run_id`. `running`: the schedule's own runs that have not ended. `skipped_total`: times
    let pass because of `overlap`. `doubt`: what its `cron` matches other than it reads, as a
    step of 90 minutes; empty: nothing.
    """

    name: str
    cron: str | None
    interval_ms: int | None
    timezone: str
    paused: bool
    enabled: bool
    next_run_at_ms: int | None
    last_run_at_ms: int | None
    last_run_id: str | None
    running: int
    skipped_total: int
    overlap: Overlap
    max_concurrent: int
    catch_up_ms: int
    jitter_ms: int
    doubt: str = ""


class ActionScheduleListReply(Value, frozen=True):
    items: list[ActionScheduleInfo]
    cursor: str | None


class ActionSchedule(Command[ActionScheduleInfo], tag=99, frozen=True):
    """Invoke the action by the clock, at one of `cron` and `interval_ms`. It replaces the schedule
    that the action has; what was paused by hand stays so unless `paused` is other than before.
    """

    name: str
    cron: str | None = None
    interval_ms: int | None = None
    timezone: str = defaults.TIMEZONE
    payload: bytes = b""
    overlap: Overlap = Overlap.SKIP
    max_concurrent: int = 1
    paused: bool = False
    catch_up_ms: int = defaults.CATCH_UP_MS
    jitter_ms: int = 0


class ActionUnschedule(Command[bool], tag=100, frozen=True):
    """Take the action's schedule away. Returns whether it had one. Runs that are there go on."""

    name: str


class ActionSchedules(Query[ActionScheduleListReply], tag=101, frozen=True):
    """By action name."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class ActionPauseSchedule(Command[ActionScheduleInfo], tag=102, frozen=True):
    name: str
    paused: bool = True


class ActionTriggerSchedule(Command[str], tag=250, frozen=True):
    """Start a run of the schedule now, beside its times. Returns the run id."""

    name: str


class ActionScheduleDue(Command[None], tag=103, frozen=True):
    """As `ScheduleDue`, of an action's schedule. Server only."""

    action_id: int
    due_ms: int
    nominal_ms: int
    next_ms: int
