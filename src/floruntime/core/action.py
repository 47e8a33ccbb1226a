"""Actions: the requests for durable tasks and their runs, and the answers."""

from __future__ import annotations

from enum import StrEnum

from floruntime.core import defaults
from floruntime.core.jobs import BulkJob
from floruntime.core.run_wait import RunWait
from floruntime.core.schedule import Overlap
from floruntime.core.types import Command, OutputValue, Query, Value


class ActionType(StrEnum):
    """Who runs an action: `USER` means a worker of the application."""

    USER = "user"


class RunStatus(StrEnum):
    """The status of a run. The last four are final."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class Limits(Value, frozen=True):
    """How many runs of an action are leased at once, and how fast runs are claimed.

    `None` means no limit.

    - `running`: leased runs, over all workers. `running_per_key`: leased runs of one key.
    - `rate`: claims in any span of `rate_period_ms`. `rate_per_key`: the same for one key. Both are
      1 to 10,000.
    - `fair`: keys take turns. Otherwise the key whose first run is due first goes first.
    """

    running: int | None = None
    running_per_key: int | None = None
    rate: int | None = None
    rate_per_key: int | None = None
    rate_period_ms: int = defaults.RATE_PERIOD_MS
    fair: bool = False


class KeyLimits(Value, frozen=True):
    """One key of an action: its leased runs, its due runs, and the limit that holds it back.

    That limit is `running`, `running_per_key`, `rate` or `rate_per_key`, if any.
    """

    key: str
    running: int
    waiting: int
    blocked_by: str | None


class LimitsReply(Value, frozen=True):
    """The action's leased runs, its due runs, and its keys."""

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
    """`created` is false if the idempotency key had made the run before."""

    run_id: str
    created: bool


class ActionAttempt(Value, frozen=True):
    """One attempt of a run: which worker had it, from when to when, and why it ended.

    - `begun_at_ms`: `None` for attempts of older versions, which did not keep it.
    - `ended_at_ms`: `None` while the attempt is under way.
    - `error`: the first 512 bytes of the handler's error.
    - `reason`: as for a run; `None` if a handler ended the attempt, by success or failure.
    """

    attempt: int
    worker_id: str
    begun_at_ms: int | None
    ended_at_ms: int | None
    reason: str | None
    error: str | None


class ActionRun(OutputValue, frozen=True):
    """One run of an action, with a short history.

    - `attempt`: deliveries to workers, without those that were released or never began.
    - `error`: the error of the last attempt.
    - `reason`: why the run or attempt ended if no handler ended it: `worker_lost`, `timeout`, or
      the reason of a cancellation. It is then also the `error`.
    - `waits_for`: what a pending run waits for; only `status` fills it, no listing.
    - `attempts`: the attempts that have begun, the last 100, oldest first.
    - `progress` (0 to 1), `progress_note`: what the handler reported last, `None` if nothing. The
      next attempt begins without them.
    - `traceparent`: the trace in which the run was invoked.
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
    """Register an action, or change its settings.

    `retention_ms`: how long runs are kept after they have ended. `limits`, `key_path` and the
    retries: `None` keeps the current setting (a new action has the defaults); an empty `key_path`
    removes it. `schedule`: cron in `timezone`, kept as `ActionSchedule` keeps it; `None` leaves the
    schedule unchanged.
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
    """With `block_ms`, wait until the run is finished. Answers the run as it is then."""

    run_id: str
    block_ms: int = 0


class ActionCancel(Command[ActionRun], tag=131, frozen=True):
    run_id: str
    reason: str | None = None


class ActionGet(Query[ActionInfo], tag=132, frozen=True):
    name: str


class ActionDelete(Command[bool], tag=133, frozen=True):
    """Without `force`, it is refused while runs are unfinished; with it, those are cancelled."""

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
    """The order in which runs are listed, by when they were invoked."""

    NEWEST = "newest"
    OLDEST = "oldest"


class ActionListRuns(Query[RunListReply], tag=136, frozen=True):
    """List runs.

    `statuses`: several statuses, if `status` is not given. Times: at or after `..._after_ms`, and
    before `..._before_ms`. For a run that has not started, the time of its invocation counts as its
    start. The server looks at 1,000 runs at most: a page may hold fewer than `limit`, or none, and
    still have a cursor.
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
    """Invoke, and wait up to `block_ms` until the run is finished. Answers the run as it is."""

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
    """Make a run that failed or timed out due again, with its attempts counted from 0."""

    run_id: str


class ActionCountRuns(Query[dict[str, int]], tag=91, frozen=True):
    """Count the kept runs of the action (`None`: of all actions) by status."""

    name: str | None = None


class ActionBulkOperation(StrEnum):
    """The operation on every run that matches."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


class ActionBulk(Command[BulkJob], tag=95, frozen=True):
    """Cancel, retry or delete all runs that match, in a background job.

    The filters are those of `ActionListRuns`. Of the given statuses, those count that the operation
    can take.
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
    """List the keys that have leased or due runs, or whose rate window counts, by name."""

    name: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class ActionScheduleInfo(Value, frozen=True):
    """An action's schedule: either `cron` or `interval_ms`.

    - `enabled`: whether the action is enabled.
    - `next_run_at_ms`: the next nominal time; `None` if the schedule is paused, disabled or not
      calculated yet.
    - `last_run_at_ms`: the nominal time of the last run, whose id is `last_run_id`.
    - `running`: the schedule's own runs that have not ended.
    - `skipped_total`: times that were skipped because of `overlap`.
    - `doubt`: why its `cron` probably does not mean what it says, such as a step of 90 minutes;
      empty if there is no doubt.
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
    """Invoke the action at set times, by either `cron` or `interval_ms`.

    This replaces the schedule that the action has. A schedule that somebody has paused stays
    paused, unless `paused` differs from the value given before.
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
    """Delete the action's schedule. Returns whether it had one. Its runs continue."""

    name: str


class ActionSchedules(Query[ActionScheduleListReply], tag=101, frozen=True):
    """List schedules by the name of their action."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class ActionPauseSchedule(Command[ActionScheduleInfo], tag=102, frozen=True):
    name: str
    paused: bool = True


class ActionTriggerSchedule(Command[str], tag=250, frozen=True):
    """Start a run of the schedule now, beside its set times. Returns the run id."""

    name: str


class ActionScheduleDue(Command[None], tag=103, frozen=True):
    """Like `ScheduleDue`, for an action's schedule. Server only."""

    action_id: int
    due_ms: int
    nominal_ms: int
    next_ms: int
