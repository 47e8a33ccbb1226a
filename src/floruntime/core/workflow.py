"""Workflows: definitions in YAML, runs, schedules and triggers. The requests, and the answers."""

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
    """The status of a run. `COMPLETED`, `FAILED`, `CANCELLED` and `TIMED_OUT` are final.

    - `RUNNING`: an action or a child workflow is under way.
    - `WAITING`: for a signal, or for the time of a retry, a poll or a sleep.
    - `COMPENSATING`: the run undoes what it did, and ends after that.
    - `PAUSED`: nothing begins until the run is resumed.
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
    """What a sync did with one definition. `REFUSED`, in dry runs: a sync would refuse it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class SyncResult(Value, frozen=True):
    """The result for one definition; `description` is empty if it has none.

    For a dry run it is what would happen. `refusal`: why a sync would refuse the definition.
    `current`: the stored text, if the definition differs from it.
    """

    name: str
    version: str
    action: SyncAction
    warnings: list[Problem] = []
    description: str = ""
    refusal: str | None = None
    current: str | None = None


class WorkflowStarted(Value, frozen=True):
    """`created` is false if the idempotency key had started the run before."""

    run_id: str
    created: bool


class WorkflowRun(OutputValue, frozen=True):
    """One run of a workflow.

    - `current_step`: the step that it is at, or ended at.
    - `input`, `output`: JSON as bytes, or the bytes that an action returned.
    - `wait_signal`: the type of the signal that it waits for.
    - `terminal`: the terminal at which it ended.
    - `waits_for`: what it waits for; only `status` fills it, no listing.
    - `traceparent`: the trace in which it was started.
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
    """One event of a run; `sequence` counts from 1.

    `run_id`: the run of the action or child workflow that the event is about. `attempts`: for an
    action that has ended (`action_completed`), which workers had it, from when to when, and why
    each attempt ended. They are there as long as the action's run is kept.
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
    """A kept version of a workflow. `current`: new runs use it."""

    version: str
    created_at_ms: int
    current: bool
    description: str | None = None


class ScheduleInfo(Value, frozen=True):
    """A workflow's schedule: either `cron` or `interval_ms`.

    - `next_run_at_ms`: the next nominal time; `None` if the schedule is paused or not calculated
      yet.
    - `last_run_at_ms`: the nominal time of the last run, whose id is `last_run_id`.
    - `running`: the schedule's own runs that have not ended.
    - `skipped_total`: times that were skipped because of `overlap`.
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
    """`is_finished`: the run has ended, and no event follows the last one."""

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
    """Store definitions, each a YAML document, all or none. Answers a result for each, in order."""

    documents: list[bytes]


class WorkflowSyncPreview(Query[list[SyncResult]], tag=191, frozen=True):
    """Return what a sync of these documents would do, in order, without doing it."""

    documents: list[bytes]


class WorkflowValidate(Query[list[Problem]], tag=161, frozen=True):
    """Return what a sync of this document would complain about."""

    document: bytes


class WorkflowStart(Command[WorkflowStarted], tag=162, frozen=True):
    """`input` is JSON text. `version`: a version other than the current one."""

    name: str
    input: bytes = b"null"
    version: str | None = None
    idempotency_key: str | None = None
    run_id: str | None = None
    traceparent: str | None = None


class WorkflowGet(Query[WorkflowRun], tag=163, frozen=True):
    """With `block_ms`, wait until the run is finished. Answers the run as it is then."""

    run_id: str
    block_ms: int = 0


class WorkflowSignal(Command[None], tag=164, frozen=True):
    """Send a signal to a run; an early signal is kept for its wait."""

    run_id: str
    type: str
    data: bytes = b""


class WorkflowCancel(Command[WorkflowRun], tag=165, frozen=True):
    run_id: str
    reason: str | None = None


class WorkflowRetry(Command[WorkflowRun], tag=166, frozen=True):
    """Let a failed run continue from the step that failed."""

    run_id: str


class WorkflowFork(Command[str], tag=176, frozen=True):
    """Start a new run at a step of another run, with its results. Answers the new run's id."""

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
    """Let a paused run continue."""

    run_id: str


class WorkflowHistory(Query[HistoryReply], tag=167, frozen=True):
    """List events, oldest first.

    `after`: only events after the one with this sequence number; a `cursor` contains it. With
    `block_ms`, wait for an event, or for the end of the run.
    """

    run_id: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None
    after: int = 0
    block_ms: int = 0


class SearchRange(Value, frozen=True):
    """Values of one search attribute: above `gt` or from `gte` on, and below `lt` or up to `lte`.

    All `bounds` are texts, or all are numbers. There is at least one, and at most one of each side.
    """

    name: str
    bounds: dict[str, str | int | float | bool]


class WorkflowListRuns(Query[WorkflowRunListReply], tag=168, frozen=True):
    """List runs.

    - `search`: attributes that the run has with exactly these values.
    - `statuses`: several statuses, if `status` is not given.
    - Times: at or after `..._after_ms`, and before `..._before_ms`.
    - `search_range`: one attribute whose value is in the range; the runs are then ordered by its
      value.

    Without a range, runs are ordered by their end if the filter has a time of the end, and
    otherwise by their start. The server looks at 1,000 runs at most: a page may hold fewer than
    `limit`, or none, and still have a cursor.
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
    """Count the kept runs of the workflow (`None`: of all workflows) by status."""

    workflow_name: str | None = None


class WorkflowBulkOperation(StrEnum):
    """The operation on every run that matches."""

    CANCEL = "cancel"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"
    SIGNAL = "signal"
    DELETE = "delete"


class WorkflowBulk(Command[BulkJob], tag=180, frozen=True):
    """Apply one operation to all runs that match, in a background job.

    The filters are those of `WorkflowListRuns`. Of the given statuses, those count that the
    operation can take. `type` and `data`: those of a signal.
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
    """List workflows by name."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowListVersions(Query[DefinitionVersionListReply], tag=251, frozen=True):
    """List the versions of one workflow, the last synced first."""

    name: str
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowGetDefinition(Query[bytes | None], tag=170, frozen=True):
    """Return the YAML as it was synced, by default of the current version."""

    name: str
    version: str | None = None


class WorkflowEnable(Command[DefinitionInfo], tag=171, frozen=True):
    """While a workflow is disabled, no call, schedule or trigger starts it. Its runs continue."""

    name: str
    enabled: bool = True


class WorkflowSchedules(Query[ScheduleListReply], tag=172, frozen=True):
    """List schedules by the name of their workflow."""

    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None


class WorkflowPauseSchedule(Command[ScheduleInfo], tag=173, frozen=True):
    name: str
    paused: bool = True


class WorkflowTriggerSchedule(Command[str], tag=174, frozen=True):
    """Start a run of the schedule now, beside its set times. Returns the run id."""

    name: str


class ScheduleDue(Command[None], tag=175, frozen=True):
    """The server has calculated a schedule's times. Server only.

    It looked at the schedule as it was with `due_ms` as its next time. Start the run of
    `nominal_ms`, unless that is 0, and note `next_ms` as the next time (0: there is none).
    """

    workflow_id: int
    due_ms: int
    nominal_ms: int
    next_ms: int
