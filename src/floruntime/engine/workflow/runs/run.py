"""A run within one command: its rows, its history, its place in the index, its timer.

Each run has at most one timer, for the next thing that happens to it without a command: the end of
its wait, the end of the step's time, its deletion. The timer acts on the row that it finds.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from floruntime.core import limits
from floruntime.core.errors import NotFoundError
from floruntime.core.workflow import WorkflowRun
from floruntime.engine.action.rows import copy_of
from floruntime.engine.action.run_rows import number_in
from floruntime.engine.state.large_documents import read_document
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import eras, timers
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import Definition, Step
from floruntime.engine.workflow.paths.first_step import START
from floruntime.engine.workflow.runs.rows import (
    EVENTS,
    WORKFLOW_INPUT,
    WORKFLOW_OUTPUT,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
    WORKFLOW_RUN_ENDED,
    WORKFLOW_RUN_ID,
    WORKFLOW_RUN_MARKS,
    EventRow,
    Origin,
    Wait,
    WorkflowRunRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.workflows import (
    OpenWorkflow,
    find_workflow_by_id,
    name_of,
    the_definition,
)

HISTORY_TOPIC: Final = "workflow_history"
"""Touched, with the run's id, when events are added to its history."""
_MADE_ID: Final = re.compile("wfrun-([1-9][0-9]{0,18})")


class OpenWorkflowRun:
    """A run, its workflow and its version: rows of its own to change, and `save`."""

    TIMER_KIND: ClassVar[int] = timers.WORKFLOW_RUN

    __slots__ = (
        "_events",
        "_stored_ended_ms",
        "_stored_status",
        "definition",
        "id",
        "namespace_id",
        "number",
        "row",
        "tx",
        "version",
        "workflow",
    )

    def __init__(
        self,
        workflow: OpenWorkflow,
        of_namespace_id: int,
        number: int,
        row: WorkflowRunRow,
        *,
        is_new: bool = False,
    ) -> None:
        self.tx: Tx = workflow.tx
        self.workflow = workflow
        self.namespace_id = of_namespace_id
        self.number = number
        self.row = row
        #: The run's id, as callers know it.
        self.id = made_id(number) if row.run_id is None else row.run_id
        self.version = workflow.definition(row.definition)
        self.definition: Definition = self.version.definition
        self._events: list[EventRow] = []
        self._stored_status = 0 if is_new else row.status
        self._stored_ended_ms = row.completed_at_ms

    @property
    def events_so_far(self) -> int:
        """How many events its history has, including those that are about to be written."""
        return self.row.events + len(self._events)

    @property
    def of_run(self) -> OpenWorkflowRun:
        """The run that owns signals, documents and steps: itself, or a body's run."""
        return self

    @property
    def is_overdue(self) -> bool:
        """Whether its time is up, although the tick that acts on this has not come yet."""
        return 0 < self.row.timer_ms <= self.tx.now_ms

    @property
    def step(self) -> Step:
        """The definition of the step that the run is at."""
        name, definition = self.row.step, self.definition
        assert name is not None, "a run has begun its first step"
        return definition.start if name == START else definition.steps[name]

    def note(
        self,
        type: str,
        detail: str = "",
        number: int = 0,
        *,
        is_child: bool = False,
        step: str | None = None,
    ) -> None:
        """Add an event to the history, by default of the step that the run is at."""
        of_step = step or self.row.step
        self._events.append(EventRow(type, detail, of_step, self.tx.now_ms, number, is_child))

    def save(self) -> None:
        """Write the run, its new events and its place in the index; set its timer.

        Later changes go to another copy of its row.
        """
        row, tx = self.row, self.tx
        if not row.is_finished:
            due_ms = 0 if row.is_paused else earlier(row.wait_due_ms, row.step_due_ms)
            arm_workflow_run(self, due_ms)
        if row.status != self._stored_status:
            self._move_in_index()
        elif row.completed_at_ms != self._stored_ended_ms:  # begun again, and failed at once
            self._move_among_ended()
        if self._events:
            tx.put(EVENTS, EVENTS.key(self.namespace_id, self.number, row.events + 1), self._events)
            row.events += len(self._events)
            self._events = []
            tx.touch((self.workflow.namespace, HISTORY_TOPIC, self.id))
        tx.put(WORKFLOW_RUN, WORKFLOW_RUN.key(self.namespace_id, self.number), row)
        self.row = copy_of(row)

    def _move_in_index(self) -> None:
        row, tx, before = self.row, self.tx, self._stored_status
        if before:
            tx.delete(
                WORKFLOW_RUN_BY_STATUS,
                WORKFLOW_RUN_BY_STATUS.key(row.workflow_id, before, self.number),
            )
        tx.move_run(row.workflow_id, before or None, row.status)
        tx.put(
            WORKFLOW_RUN_BY_STATUS,
            WORKFLOW_RUN_BY_STATUS.key(row.workflow_id, row.status, self.number),
            True,
        )
        WORKFLOW_RUN_MARKS.note(tx, row.workflow_id, row.status, self.number)
        self._move_among_ended()
        was_unfinished = before > 0 and not WorkflowRunStatus(before).is_final
        change = (not row.is_finished) - was_unfinished
        scheduled = change if row.origin == Origin.SCHEDULE else 0
        self.workflow.count(
            unfinished=change,
            scheduled=scheduled,
            runs=not before,
            number=self.number,
            before=before,
            after=row.status,
        )
        self._stored_status = row.status

    def _move_among_ended(self) -> None:
        row, tx = self.row, self.tx
        if self._stored_ended_ms is not None:
            place = row.workflow_id, self._stored_status, self._stored_ended_ms
            tx.delete(WORKFLOW_RUN_ENDED, WORKFLOW_RUN_ENDED.key(*place, self.number))
        if row.completed_at_ms is not None:
            tx.put(WORKFLOW_RUN_ENDED, ended_key(self.number, row), True)
        self._stored_ended_ms = row.completed_at_ms

    def wait_for(
        self, wait: Wait, *, number: int = 0, due_ms: int = 0, signal: str | None = None
    ) -> None:
        """Wait until that happens, or until `due_ms`."""
        row = self.row
        assert not row.is_finished, "a run that has ended waits for nothing"
        row.wait, row.wait_number, row.wait_due_ms, row.wait_signal = wait, number, due_ms, signal
        if not 0 < due_ms <= self.tx.now_ms:  # a delay of 0 is not a wait
            row.hops = 0
        is_working = wait in (Wait.ACTION, Wait.CHILD, Wait.EXECUTOR, Wait.BODIES)
        row.status = WorkflowRunStatus.RUNNING if is_working else WorkflowRunStatus.WAITING
        if wait is Wait.COMPENSATION:
            row.status = WorkflowRunStatus.COMPENSATING

    def stop_waiting(self) -> None:
        """What the run waited for has come, or is no longer needed."""
        row = self.row
        row.wait, row.wait_number, row.wait_due_ms, row.wait_signal = Wait.NOTHING, 0, 0, None

    def awaits(self, wait: Wait, number: int) -> bool:
        """Whether the run waits for exactly this."""
        return self.row.wait == wait and self.row.wait_number == number


def step_of(definition: Definition, name: str) -> Step:
    """The step of that name."""
    return definition.start if name == START else definition.steps[name]


def arm_workflow_run(run: OpenWorkflowRun, due_ms: int) -> None:
    """Set the run's timer to `due_ms`; 0: none."""
    row, tx = run.row, run.tx
    if row.timer_ms == due_ms:
        return
    if row.timer_ms:
        timers.cancel_timer(tx, row.timer_ms, run.TIMER_KIND, run.namespace_id, run.number)
    if due_ms:
        timers.set_timer(tx, due_ms, run.TIMER_KIND, run.namespace_id, run.number)
    row.timer_ms = due_ms


def earlier(one_ms: int, other_ms: int) -> int:
    """The earlier of two times, where 0 means never."""
    return min(one_ms, other_ms) if one_ms and other_ms else one_ms or other_ms


def ended_key(number: int, row: WorkflowRunRow) -> bytes:
    """The key of an ended run in the index of ends."""
    assert row.completed_at_ms is not None, "it has ended"
    return WORKFLOW_RUN_ENDED.key(row.workflow_id, row.status, row.completed_at_ms, number)


# Ids and finding


def made_id(number: int) -> str:
    """The id of a run whose caller gave none."""
    return f"wfrun-{number}"


def workflow_run_id(number: int, row: WorkflowRunRow) -> str:
    """The id of the run with this number and row."""
    return row.run_id if row.run_id is not None else made_id(number)


def workflow_run_number(view: View, of_namespace_id: int, run_id: str) -> int:
    """The number of the run with this id; 0 if there is none."""
    found = _find_row(view, of_namespace_id, run_id)
    return 0 if found is None else found[0]


def _find_row(view: View, of_namespace_id: int, run_id: str) -> tuple[int, WorkflowRunRow] | None:
    """Number and row of the run with this id. An id that looks made may have been given."""
    number = number_in(_MADE_ID, run_id)
    row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number)) if number else None
    if row is not None and row.run_id is None:
        return number, row
    tail = limits.check_name("run_id", run_id)
    given = view.get(WORKFLOW_RUN_ID, WORKFLOW_RUN_ID.key(of_namespace_id, tail=tail))
    row = (
        None if given is None else view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, given))
    )
    return None if given is None or row is None else (given, row)


def unknown_run(view: View, run_id: str) -> NotFoundError:
    """The error for a run that does not exist."""
    is_lost = eras.is_lost_id(view, number_in(_MADE_ID, run_id))
    why = eras.told(view) if is_lost else "does not exist"
    return NotFoundError(f"workflow run {limits.shown(run_id)} {why}")


def find_workflow_run(tx: Tx, of_namespace_id: int, number: int) -> OpenWorkflowRun | None:
    """The run with this number, in any namespace, but not in a deleted one."""
    row = tx.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number)) if number else None
    return None if row is None else open_workflow_run(tx, of_namespace_id, number, row)


def open_workflow_run(
    tx: Tx, of_namespace_id: int, number: int, row: WorkflowRunRow
) -> OpenWorkflowRun | None:
    """The run that was found with this row, unless its workflow was deleted."""
    workflow = find_workflow_by_id(tx, row.workflow_id)
    if workflow is None:
        return None
    return OpenWorkflowRun(workflow, of_namespace_id, number, copy_of(row))


def the_workflow_run(tx: Tx, run_id: str) -> OpenWorkflowRun:
    """The run with this id. Raises `NotFoundError`."""
    of_namespace_id = namespace_id(tx)
    found = _find_row(tx, of_namespace_id, run_id)
    run = None if found is None else open_workflow_run(tx, of_namespace_id, *found)
    if run is None:
        raise unknown_run(tx, run_id)
    return run


def find_workflow_run_row(view: View, run_id: str) -> tuple[int, WorkflowRunRow]:
    """Number and row of the run with this id, for reading only. Raises `NotFoundError`."""
    found = _find_row(view, namespace_id(view), run_id)
    if found is None:
        raise unknown_run(view, run_id)
    return found


def as_workflow_run(
    view: View, of_namespace_id: int, number: int, row: WorkflowRunRow
) -> WorkflowRun:
    """The run in the form that callers get."""
    output = None
    if row.is_finished:
        output = read_document(view, WORKFLOW_OUTPUT, of_namespace_id, number, row.output)
    if output is None and row.status == WorkflowRunStatus.COMPLETED:
        output = b""
    return WorkflowRun(
        workflow_run_id(number, row),
        name_of(view, row.workflow_id),
        the_definition(view, row.workflow_id, row.definition).version,
        row.status.shown,
        row.step,
        read_document(view, WORKFLOW_INPUT, of_namespace_id, number, row.input) or b"",
        output,
        row.error,
        row.created_at_ms,
        row.started_at_ms,
        row.completed_at_ms,
        row.wait_signal,
        _id_of_parent(view, of_namespace_id, row),
        row.search_attributes,
        row.terminal,
        traceparent=row.traceparent,
    )


def _id_of_parent(view: View, of_namespace_id: int, row: WorkflowRunRow) -> str | None:
    if not row.parent:
        return None
    number = row.parent_run or row.parent
    parent = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
    return made_id(number) if parent is None else workflow_run_id(number, parent)
