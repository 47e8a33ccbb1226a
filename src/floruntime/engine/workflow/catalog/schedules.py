"""The engine's part of workflow schedules: starts a run when the server says that a time has come.

Cron and time zones need the wall clock, which the engine does not have. So the server calculates
the next nominal time of each schedule. When that has come, the server sends `ScheduleDue` with the
time after it. The engine decides what happens then (overlap, the run, its id). A run's id is made
from the workflow and the nominal time, so no time can start two runs.

The server watches `SCHEDULE_DUE`. It has one row for each schedule that is awake, under the time
when the schedule is due, including jitter, or under 0 while the next time is not calculated yet.
"""

from __future__ import annotations

import hashlib
from typing import Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.errors import ConflictError, NotFoundError
from floruntime.core.types import Value
from floruntime.core.workflow import (
    ScheduleDue,
    ScheduleInfo,
    ScheduleListReply,
    WorkflowPauseSchedule,
    WorkflowSchedules,
    WorkflowTriggerSchedule,
)
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.pages import page_by_name
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.system.schedules import TOPIC, StandingSchedules, Turn, due_of, move, turn_of
from floruntime.engine.workflow.language.definition import Schedule
from floruntime.engine.workflow.runs.rows import WORKFLOW, Origin, WorkflowRow
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, workflow_run_number
from floruntime.engine.workflow.runs.start import begin_run
from floruntime.engine.workflow.runs.workflows import (
    OpenWorkflow,
    find_workflow_by_id,
    the_workflow,
)


class ScheduleRow(Value, frozen=True):
    """`anchor_ms`: when it was told to keep these times. `next_ms`: the next nominal time, 0 while
    it is not known or there is none. `due_ms`: where it stands in
    `SCHEDULE_DUE`, `None` while it sleeps. `buffered_ms`: the nominal time that waits for a run to
    end, 0 if none does. How many of its runs have not ended is in the workflow's row, and outlives
    a version without a schedule.
    """

    spec: Schedule
    anchor_ms: int
    paused: bool
    next_ms: int = 0
    due_ms: int | None = None
    last_ms: int = 0
    last_run_id: str | None = None
    buffered_ms: int = 0
    skipped_total: int = 0


SCHEDULE: Final[Table[ScheduleRow]] = Table(b"wc", ScheduleRow, workflow_id="u64", cached=True)
SCHEDULE_DUE: Final[Table[bool]] = Table(b"wz", bool, due_ms="u64", workflow_id="u64")


def _find(view: View, workflow_id: int) -> ScheduleRow | None:
    return view.get(SCHEDULE, SCHEDULE.key(workflow_id))


def _put(tx: Tx, workflow_id: int, row: ScheduleRow, due_ms: int | None) -> None:
    """Write the row, and where the server finds it."""
    move(tx, SCHEDULE_DUE, workflow_id, row.due_ms, due_ms)
    tx.put(SCHEDULE, SCHEDULE.key(workflow_id), replace(row, due_ms=due_ms))


# What a definition says, and who may run


def apply_schedule(workflow: OpenWorkflow, spec: Schedule | None) -> None:
    """The workflow's new version has this schedule, or none. Other times begin anew, from now."""
    tx, row = workflow.tx, _find(workflow.tx, workflow.id)
    if spec is None:
        if row is not None:
            _put(tx, workflow.id, row, None)
            tx.delete(SCHEDULE, SCHEDULE.key(workflow.id))
        return
    if row is None:
        row = ScheduleRow(spec, tx.now_ms, spec.paused)
    else:
        if _times_of(row.spec) != _times_of(spec):
            row = replace(row, anchor_ms=tx.now_ms, next_ms=0, buffered_ms=0)
        # What a person paused stays so, unless the definition changes its own mind.
        paused = row.paused if spec.paused == row.spec.paused else spec.paused
        row = replace(row, spec=spec, paused=paused)
    _wake(workflow, row)


def _times_of(spec: Schedule) -> tuple[object, ...]:
    return spec.cron, spec.interval, spec.timezone, spec.jitter_ms


def _wake(workflow: OpenWorkflow, row: ScheduleRow) -> None:
    """Let it be due at its next time, unless it is paused or its workflow disabled."""
    if row.paused or not workflow.row.enabled:
        _put(workflow.tx, workflow.id, replace(row, next_ms=0, buffered_ms=0), None)
    else:
        _put(workflow.tx, workflow.id, row, _due_of(workflow.id, row))


def _due_of(workflow_id: int, row: ScheduleRow) -> int:
    return due_of(workflow_id, row.next_ms, row.spec.jitter_ms)


def workflow_enabled(workflow: OpenWorkflow) -> None:
    """The workflow was enabled or disabled: times that passed meanwhile are not made up for."""
    row = _find(workflow.tx, workflow.id)
    if row is not None:
        _wake(workflow, row)


# Times that have come


def due(tx: Tx, request: ScheduleDue) -> None:
    """A nominal time has come, or was worked out. Nothing, if the schedule has moved on since."""
    workflow = find_workflow_by_id(tx, request.workflow_id)
    row = None if workflow is None else _find(tx, workflow.id)
    if workflow is None or row is None:  # gone with its namespace
        tx.delete(SCHEDULE_DUE, SCHEDULE_DUE.key(request.due_ms, request.workflow_id))
        tx.touch((tx.namespace, TOPIC, ""))
        return
    if row.due_ms != request.due_ms:
        return
    row = replace(row, next_ms=request.next_ms)
    with tx.within(workflow.namespace):
        # A schedule without a next time (the 30th of February) sleeps until it is changed.
        _put(tx, workflow.id, row, _due_of(workflow.id, row) if request.next_ms else None)
        if request.nominal_ms:
            _has_come(workflow, request.nominal_ms)


def _has_come(workflow: OpenWorkflow, nominal_ms: int) -> None:
    tx, row = workflow.tx, _the_row(workflow)
    spec = row.spec
    turn = turn_of(spec.overlap, workflow.row.scheduled, spec.max_concurrent, row.buffered_ms)
    if turn is Turn.RUN:
        _run(workflow, nominal_ms)
    elif turn is Turn.WAIT:
        _put(tx, workflow.id, replace(row, buffered_ms=nominal_ms), row.due_ms)
    else:
        _put(tx, workflow.id, replace(row, skipped_total=row.skipped_total + 1), row.due_ms)


def _run(workflow: OpenWorkflow, nominal_ms: int) -> None:
    run_id = scheduled_run_id(workflow.name, nominal_ms)
    if not workflow_run_number(workflow.tx, namespace_id(workflow.tx), run_id):
        _begin(workflow, nominal_ms, run_id)


def _begin(workflow: OpenWorkflow, nominal_ms: int, run_id: str) -> OpenWorkflowRun:
    input = dump(_the_row(workflow).spec.input)
    current = workflow.row.current
    run = begin_run(workflow, current, input, run_id=run_id, origin=Origin.SCHEDULE)
    row = _the_row(workflow)
    row = replace(row, last_ms=nominal_ms, last_run_id=run_id)
    _put(workflow.tx, workflow.id, row, row.due_ms)
    return run


def scheduled_run_id(workflow: str, nominal_ms: int, by_hand: int = 0) -> str:
    """The id of the run of this nominal time. A very long workflow name is replaced by its hash.
    The id of a run that is started by hand has a number, so that it is no nominal time's id.
    """
    suffix = f"@{nominal_ms}-{by_hand}" if by_hand else f"@{nominal_ms}"
    if len(workflow.encode()) + len(suffix) > limits.NAME_BYTES_MAX:
        workflow = hashlib.sha256(workflow.encode()).hexdigest()
    return workflow + suffix


def _the_row(workflow: OpenWorkflow) -> ScheduleRow:
    row = _find(workflow.tx, workflow.id)
    if row is None:
        raise NotFoundError(f"workflow {workflow.name!r} has no schedule")
    return row


# Its runs


def run_ended(run: OpenWorkflowRun) -> None:
    """Start the run of the nominal time that waited for a run to end, if there is one."""
    workflow = run.workflow
    row = _find(run.tx, workflow.id) if run.row.origin == Origin.SCHEDULE else None
    if row is None or not row.buffered_ms or workflow.row.scheduled >= row.spec.max_concurrent:
        return
    _put(run.tx, workflow.id, replace(row, buffered_ms=0), row.due_ms)
    _run(workflow, row.buffered_ms)


# What a person asks


def pause(tx: Tx, request: WorkflowPauseSchedule) -> ScheduleInfo:
    """Times that pass while it is paused are not made up for."""
    workflow = the_workflow(tx, request.name)
    row = _the_row(workflow)
    if row.paused != request.paused:
        _wake(workflow, replace(row, paused=request.paused))
    return _info(workflow.name, workflow.row, _the_row(workflow))


def trigger(tx: Tx, request: WorkflowTriggerSchedule) -> str:
    """Start one of the schedule's runs now, whatever runs; it counts as one of its own."""
    workflow = the_workflow(tx, request.name)
    _the_row(workflow)
    if not workflow.row.enabled:
        raise ConflictError(f"workflow {request.name!r} is disabled; enable it to start it")
    return _begin(workflow, tx.now_ms, _free_run_id(workflow)).id


def _free_run_id(workflow: OpenWorkflow) -> str:
    """An id for a run that is started by hand, which nobody has given to a run of theirs."""
    tx = workflow.tx
    while True:
        run_id = scheduled_run_id(workflow.name, tx.now_ms, tx.next_id())
        if not workflow_run_number(tx, namespace_id(tx), run_id):
            return run_id


def list_schedules(view: View, request: WorkflowSchedules) -> ScheduleListReply:
    def shown(name: str, workflow: WorkflowRow) -> ScheduleInfo | None:
        row = _find(view, workflow.id)
        return None if row is None else _info(name, workflow, row)

    owner = namespace_id(view)
    return ScheduleListReply(
        *page_by_name(view, "schedules", WORKFLOW, owner, request, shown, primitive="workflow")
    )


def _info(name: str, workflow: WorkflowRow, row: ScheduleRow) -> ScheduleInfo:
    spec = row.spec
    return ScheduleInfo(
        name,
        spec.cron,
        spec.interval,
        spec.timezone,
        row.paused,
        workflow.enabled,
        row.next_ms or None,
        row.last_ms or None,
        row.last_run_id,
        workflow.scheduled,
        row.skipped_total,
    )


# What the server looks at


STANDING: Final = StandingSchedules(SCHEDULE_DUE, _find)
