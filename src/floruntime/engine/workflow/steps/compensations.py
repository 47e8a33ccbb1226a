"""Compensations: undoes what a run did before it ends as anything but completed.

They run one after the other, the newest first, each as a body of its own. Then the run ends as it
was about to. If a compensation finally fails, the history and the run's error report it; the others
continue.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.workflow.language.outcomes import StepOutcome, could_not_run
from floruntime.engine.workflow.runs.advance import begin_attempt, end_at_last, follow, go_on
from floruntime.engine.workflow.runs.bodies import BodyKind, OpenBody, new_body
from floruntime.engine.workflow.runs.compensation_rows import (
    ENDING,
    UNDO,
    UNDONE,
    EndingRow,
    UndoRow,
)
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, find_workflow_run

BEGUN_MAX: Final = 200
"""Compensations that one commit begins; there are several where they end at once."""
FAILED_NAMED_MAX: Final = 10
"""Compensations that failed and that the run's error names; the others are counted."""


def compensate(run: OpenWorkflowRun, ending: EndingRow) -> bool:
    """Begin to undo what the run did; false where there is nothing."""
    if _newest(run) is None:
        return False
    run.tx.put(ENDING, ENDING.key(run.namespace_id, run.number), ending)
    _go_on(run)
    return True


def _newest(run: OpenWorkflowRun) -> tuple[bytes, UndoRow] | None:
    """What is to be undone next. What was undone left tombstones, which lie behind it: they are not
    to be walked over again for each of many.
    """
    start, end = UNDO.range(run.namespace_id, run.number)
    return run.tx.last(UNDO, start, run.tx.hints.get(_undone_to(run), end))


def _undone_to(run: OpenWorkflowRun) -> tuple[str, int]:
    """Under what is remembered which of the run's was undone last; derived, and never needed."""
    return "undo", run.number


def _go_on(run: OpenWorkflowRun) -> None:
    """Begin the next compensation, or end the run; it is then for the caller to write."""
    for _ in range(BEGUN_MAX):
        newest = _newest(run)
        if newest is None:
            _end(run)
            return
        key, undo = newest
        run.tx.delete(UNDO, key)
        run.tx.hints[_undone_to(run)] = key
        if not _is_over_at_once(run, undo):
            return
    run.wait_for(Wait.COMPENSATION)
    timers.set_timer(
        run.tx, run.tx.now_ms, timers.WORKFLOW_COMPENSATION, run.namespace_id, run.number
    )


def _is_over_at_once(run: OpenWorkflowRun, undo: UndoRow) -> bool:
    run.row.compensated += 1
    place = (run.namespace_id, run.number)
    run.tx.put(UNDONE, UNDONE.key(*place, tail=undo.step.encode()), True)
    body = _body_of(run, undo)
    outcome = begin_attempt(body) if undo.error is None else could_not_run(undo.error)
    _note_begun(run, undo, body)
    follow(body, outcome)
    if body.row.is_finished:
        _came_to(run, undo, body.ended_with)
        return True
    run.wait_for(Wait.COMPENSATION, number=body.number)
    return False


def _note_begun(run: OpenWorkflowRun, undo: UndoRow, body: OpenBody) -> None:
    """Items write their end only."""
    if _is_of_item(undo):
        return
    is_child = body.row.wait is Wait.CHILD
    number = body.row.wait_number if is_child or body.row.wait is Wait.ACTION else 0
    event = Event.COMPENSATION_STARTED
    run.note(event, told(undo), number, is_child=is_child, step=undo.step)


def _body_of(run: OpenWorkflowRun, undo: UndoRow) -> OpenBody:
    body = new_body(
        run,
        BodyKind.COMPENSATION,
        0,
        step=undo.step,
        branch=undo.branch,
        index=max(0, undo.index),
        is_item=_is_of_item(undo),
    )
    body.row.input = undo.input
    body.row.step = f"compensation {run.row.compensated}"
    return body


def _is_of_item(undo: UndoRow) -> bool:
    return undo.index >= 0


def told(undo: UndoRow) -> str:
    """What a compensation is of."""
    within = undo.branch or (str(undo.index) if _is_of_item(undo) else "")
    return f"{undo.step}/{within}" if within else undo.step


def compensation_went_on(body: OpenBody) -> None:
    """A compensation waits for something else now, or has ended: then the next one begins."""
    run, of = body.whole, body.body
    if not body.row.is_finished:
        run.save()
        return
    undo = UndoRow(of.step, of.branch, of.index if of.is_item else -1)
    run.stop_waiting()
    _came_to(run, undo, body.ended_with)
    _go_on(run)
    go_on(run, None)


def on_compensation_timer(
    tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any
) -> None:
    """More compensations ended at once than one commit may begin."""
    run = find_workflow_run(tx, of_namespace_id, number)
    if run is not None and run.awaits(Wait.COMPENSATION, 0):
        with tx.within(run.workflow.namespace):
            run.stop_waiting()
            _go_on(run)
            go_on(run, None)


def _came_to(run: OpenWorkflowRun, undo: UndoRow, outcome: StepOutcome | None) -> None:
    assert outcome is not None, "it has come to its end by itself"
    if not outcome.is_failure:
        run.note(Event.COMPENSATION_COMPLETED, told(undo), step=undo.step)
        return
    detail = f"{told(undo)}: {outcome.told()}"
    run.note(Event.COMPENSATION_FAILED, detail, step=undo.step)
    key = ENDING.key(run.namespace_id, run.number)
    ending = run.tx.get(ENDING, key)
    assert ending is not None, "a run that compensates knows how it ends"
    failed = ending.failed
    if len(failed) < FAILED_NAMED_MAX:
        failed = [*failed, f"{told(undo)} ({outcome.told()})"]
    run.tx.put(ENDING, key, replace(ending, failed=failed, failed_count=ending.failed_count + 1))


def _end(run: OpenWorkflowRun) -> None:
    key = ENDING.key(run.namespace_id, run.number)
    ending = run.tx.get(ENDING, key)
    assert ending is not None, "a run that compensates knows how it ends"
    run.tx.delete(ENDING, key)
    run.tx.hints.pop(_undone_to(run), None)
    if ending.failed:
        more = ending.failed_count - len(ending.failed)
        names = ", ".join(ending.failed) + (f" and {more} more" if more else "")
        error = f"{ending.error or ending.terminal}; could not be compensated: {names}"
        ending = replace(ending, error=error[: limits.ERROR_TEXT_BYTES_MAX])
    end_at_last(run, ending)
