"""Workflows: definitions in YAML, runs, schedules and triggers; what is asked and answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from floruntime.core import defaults
from floruntime.core.action import ActionAttempt, RunOrder
from floruntime.core.jobs import BulkJob
from floruntime.core.problem import Problem as Problem
from floruntime.core.problem import Severity as Severity
from floruntime.core.run_wait import RunWait
from floruntime.core.types import Command, OutputValue, Query, Value


class WorkflowStatus(StrEnum):
    """Where a run stands. `COMPLETED`, `FAILED`, `CANCELLED` and `TIMED_OUT` are final.

    `RUNNING`: an action or a child is under way. `WAITING`: for a signal, or for the time of a
    retry, a poll or a sleep. `COMPENSATING`: it undoes what it did, and then ends.
    `PAUSED`: nothing is begun until it is resumed.
    """

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    COMPENSATING = "compensating"
    PAUSED = "paused"


class SyncAction(StrEnum):
    """What a sync did with one definition. `REFUSED`: what a dry run says that it would not do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class SyncResult(Value, frozen=True):
    """What became of one definition; `description` is empty where it has none.

    Of a dry run, what would become of it: `refusal` says why it would be refused, and `current` is
    the text that it differs from, where it would be updated or refused.
    """

    name: str
    version: str
    action: SyncAction
    warnings: list[Problem] = []
    description: str = ""
    refusal: str | None = None
    current: str | None = None


class WorkflowStarted(Value, frozen=True):
    """`created`: false where the idempotency key had started the run before."""

    run_id: str
    created: bool


class WorkflowRun(OutputValue, frozen=True):
    """One run of a workflow.

    `current_step`: the step it is at, or ended at. `input` and `output` are JSON as bytes, or what
    an action gave. `wait_signal`: the type of the signal it waits for. `terminal`: where it ended.
    `waits_for`: what it stands still for; only `status` tells, no listing. `traceparent`: the trace
    that it was started in.
    """

    run_id: str
    workflow: str
    version: str
    status: WorkflowStatus
    current_step: str | None
    input: bytes
    output: bytes | None
    error: str | None
    created_at_ms: int
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    wait_signal: str | None = None
    parent_run_id: str | None = None
    search_attributes: dict[str, Any] = {}
    terminal: str | None = None
    waits_for: RunWait | None = None
    traceparent: str | None = None


class HistoryEvent(Value, frozen=True):
    """One thing that happened to a run; `sequence` counts from 1.

    `run_id`: the run of an action or child workflow that it is about. `attempts`: of an action that
    has ended (`action_completed`), who had it, from when to when, and why each attempt ended; as
    long as its run is kept.
    """

    sequence: int
    type: str
    detail: str
    step: str | None
    timestamp_ms: int
    run_id: str | None = None
    attempts: list[ActionAttempt] = []


class DefinitionInfo(Value, frozen=True):
    """A workflow and its current version."""

    name: str
    version: str
    enabled: bool
    created_at_ms: int
    description: str | None = None


class DefinitionVersion(Value, frozen=True):
    """A version of a workflow that is kept. `current`: new runs are of it."""

    version: str
    created_at_ms: int
    current: bool
    description: str | None = None


class ScheduleInfo(Value, frozen=True):
    """A workflow's schedule: one of `cron` and `interval_ms`.

    `next_run_at_ms`: the next nominal time, `None` while it is paused or not yet known.
    `last_run_at_ms`: the nominal time of the last run, started as `last_run_id`. `running`: the
    schedule's own runs that have not ended. `skipped_total`: times let pass because of `overlap`.
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


class HistoryReply(Value, frozen=True):
    """`is_finished`: the run has ended, and nothing comes after the last event."""

    items: list[HistoryEvent]
    cursor: str | None
    is_finished: bool = False


class WorkflowRunListReply(Value, frozen=True):
    items: list[WorkflowRun]
    cursor: str | None


class DefinitionListReply(Value, frozen=True):
    items: list[DefinitionInfo]
    cursor: str | None


class DefinitionVersionListReply(Value, frozen=True):
    items: list[DefinitionVersion]
    cursor: str | None


class ScheduleListReply(Value, frozen=True):
    items: list[ScheduleInfo]
    cursor: str | None


class WorkflowSync(Command[list[SyncResult]], tag=160, frozen=True):
    """Take definitions over, each a YAML document, all or none; answers for each in order."""

    documents: list[bytes]


class WorkflowSyncPreview(Query[list[SyncResult]], tag=191, frozen=True):
    """What a sync of these documents would do, without doing it; answers for each in order."""

    documents: list[bytes]


class WorkflowValidate(Query[list[Problem]], tag=161, frozen=True):
    """What a sync of this document would complain about."""

    document: bytes


class WorkflowStart(Command[WorkflowStarted], tag=162, frozen=True):
    """`input` is JSON text. `version`: another than the current one."""

    name: str
    input: bytes = b"null"
    version: str | None = None
    idempotency_key: str | None = None
    run_id: str | None = None
    traceparent: str | None = None


class WorkflowGet(Query[WorkflowRun], tag=163, frozen=True):
    """With `block_ms`, waits until the run is finished; answers it as it stands in any case."""

    run_id: str
    block_ms: int = 0


class WorkflowSignal(Command[None], tag=164, frozen=True):
    """Deliver a signal to a run; one that nothing waits for yet is kept for its wait."""

    run_id: str
    type: str
    data: bytes = b""


class WorkflowCancel(Command[WorkflowRun], tag=165, frozen=True):
    run_id: str
    reason: str | None = None


class WorkflowRetry(Command[WorkflowRun], tag=166, frozen=True):
    """Let a failed run go on from the step that failed."""

    run_id: str


class WorkflowFork(Command[str], tag=176, frozen=True):
    """Start a new run at a step of another one, with what that knew; answers the new run's id."""

    run_id: str
    from_step: str
    input: bytes | None = None
    version: str | None = None
    new_run_id: str | None = None


class WorkflowPause(Command[WorkflowRun], tag=177, frozen=True):
    """Let a run begin nothing until it is resumed."""

    run_id: str
    reason: str | None = None


class WorkflowResume(Command[WorkflowRun], tag=178, frozen=True):
    """Let a paused run go on."""

    run_id: str


class WorkflowHistory(Query[HistoryReply], tag=167, frozen=True):
    """Oldest first. `after`: the events after the one with this sequence number; a `cursor` says
    that itself. With `block_ms`, waits for an event, or the end of the run.
    """

    run_id: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None
    after: int = 0
    block_ms: int = 0


class SearchRange(Value, frozen=True):
    """Values of one search attribute: above `gt`, or from `gte` on; below `lt`, or up to `lte`. All
    `bounds` are texts, or all numbers; there is one at least, and one of a side at most.
    """

    name: str
    bounds: dict[str, str | int | float | bool]


class WorkflowListRuns(Query[WorkflowRunListReply], tag=168, frozen=True):
    """`search`: attributes that the run has with exactly these values. `statuses`: in one of these,
    where `status` is not given. Times: from `..._after_ms` on, and before `..._before_ms`. At most
    1,000 runs are looked at: a page may hold fewer than `limit`, or none, and still have a cursor.
    `search_range`: one attribute whose value is in it; the runs are then in the order of its value.
    Else those with a time of their end are in the order of that, all others as they were started.
    """

    workflow_name: str | None = None
    status: WorkflowStatus | None = None
    search: dict[str, str | int | float | bool] = {}
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None
    statuses: list[WorkflowStatus] = []
    started_after_ms: int | None = None
    started_before_ms: int | None = None
    ended_after_ms: int | None = None
    ended_before_ms: int | None = None
    order: RunOrder = RunOrder.NEWEST
    search_range: SearchRange | None = None


class WorkflowCountRuns(Query[dict[str, int]], tag=179, frozen=True):
    """How many runs of the workflow (`None`: of all) are kept in each status."""

    workflow_name: str | None = None


class WorkflowBulkOperation(StrEnum):
    """What is done to every run that matches."""

    CANCEL = "cancel"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"
    SIGNAL = "signal"
    DELETE = "delete"


class WorkflowBulk(Command[BulkJob], tag=180, frozen=True):
    """Do something to all runs that match, by a job. Filters as for `WorkflowListRuns`; of the
    statuses that are given, those count that the operation takes. `type` and `data`: of a signal.
    """

    operation: WorkflowBulkOperation
    workflow_name: str | None = None
    statuses: list[WorkflowStatus] = []
    search: dict[str, str | int | float | bool] = {}
    started_after_ms: int | None = None
    started_before_ms: int | None = None
    ended_after_ms: int | None = None
    ended_before_ms: int | None = None
    limit: int | None = None
    dry_run: bool = False
    reason: str | None = None
    type: str | None = None
    data: bytes = b""
    search_range: SearchRange | None = None


class WorkflowUse(Command[DefinitionInfo], tag=139, frozen=True):
    """Make a version that was synced the current one."""

    name: str
    version: str


class WorkflowListDefinitions(Query[DefinitionListReply], tag=169, frozen=True):
    """By name."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowListVersions(Query[DefinitionVersionListReply], tag=251, frozen=True):
    """Those of one workflow, the last that was synced first."""

    name: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowGetDefinition(Query[bytes | None], tag=170, frozen=True):
    """The YAML as it was synced; of the current version unless told."""

    name: str
    version: str | None = None


class WorkflowEnable(Command[DefinitionInfo], tag=171, frozen=True):
    """While it is disabled, nothing starts: no call, no schedule, no trigger. Runs go on."""

    name: str
    enabled: bool = True


class WorkflowSchedules(Query[ScheduleListReply], tag=172, frozen=True):
    """By workflow name."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowPauseSchedule(Command[ScheduleInfo], tag=173, frozen=True):
    name: str
    paused: bool = True


class WorkflowTriggerSchedule(Command[str], tag=174, frozen=True):
    """Start a run of the schedule now, beside its times. Returns the run id."""

    name: str


class ScheduleDue(Command[None], tag=175, frozen=True):
    """A schedule that stood at `due_ms` was looked at: start the run of `nominal_ms`, unless that
    is 0, and note that `next_ms` is its next time (0: there is none). Server only.
    """

    workflow_id: int
    due_ms: int
    nominal_ms: int
    next_ms: int
