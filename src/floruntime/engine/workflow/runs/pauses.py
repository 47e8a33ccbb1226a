"""Pausing runs: nothing begins, durations stop, and the results of what continues are kept.

If what a paused run, branch or item waits for arrives, it is *held*, and continues from there when
the run is resumed. Resuming then looks at the branches and items, at most 200 in a commit. Each
moves its deadlines by the time that the run has been paused since its row was last written.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.types import Value
from floruntime.core.workflow import WorkflowPause, WorkflowResume, WorkflowRun
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.workflow.language.outcomes import StepOutcome
from floruntime.engine.workflow.runs.advance import go_on
from floruntime.engine.workflow.runs.bodies import find_body, live_bodies, shift, stands_still
from floruntime.engine.workflow.runs.control import refuse_while_compensating, told
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.hooks import hooks_of
from floruntime.engine.workflow.runs.rows import Wait, WorkflowRunStatus
from floruntime.engine.workflow.runs.run import (
    OpenWorkflowRun,
    find_workflow_run,
    the_workflow_run,
)

RESUMED_MAX: Final = 200
"""Branches or items that one commit looks at when a run is resumed."""


class HeldRow(Value, frozen=True):
    """What a run, a branch or an item has come to while its run was paused; `wait`: what it had
    waited for.
    """

    wait: Wait
    names: tuple[str, ...]
    output: bytes = b""
    error: str | None = None
    is_final: bool = False


HELD: Final[Table[HeldRow]] = Table(b"yh", HeldRow, namespace_id="u64", number="u64")


def pause(tx: Tx, request: WorkflowPause) -> WorkflowRun:
    limits.check_text("reason", request.reason)
    run = the_workflow_run(tx, request.run_id)
    row = run.row
    _refuse_finished(run)
    if not row.is_paused:
        row.paused_at_ms, row.paused_status = tx.now_ms, row.status
        row.status = WorkflowRunStatus.PAUSED
        run.note(Event.WORKFLOW_PAUSED, request.reason or "")
        run.save()
    return told(run)


def _refuse_finished(run: OpenWorkflowRun) -> None:
    if run.row.is_finished:
        raise ConflictError(f"workflow run {run.id} is {run.row.status.shown} already")
    refuse_while_compensating(run)


def resume(tx: Tx, request: WorkflowResume) -> WorkflowRun:
    run = the_workflow_run(tx, request.run_id)
    _refuse_finished(run)
    if run.row.is_paused:
        _resume(run)
    return told(run)


def _resume(run: OpenWorkflowRun) -> None:
    row, tx = run.row, run.tx
    by_ms = tx.now_ms - row.paused_at_ms
    row.status, row.paused_at_ms, row.paused_status = WorkflowRunStatus(row.paused_status), 0, 0
    row.shift_ms += by_ms
    shift(row, by_ms, stands_still=stands_still(run))
    run.note(Event.WORKFLOW_RESUMED)
    if row.wait is Wait.BODIES:
        run.save()
        timers.set_timer(tx, tx.now_ms, timers.WORKFLOW_RESUME, run.namespace_id, run.number, 0)
    else:
        take_up(run)


def take_up(run: OpenWorkflowRun) -> None:
    """Let a run or a body go on from where it stood still."""
    if run.row.wait is Wait.HELD:
        go_on(run, _let_go(run))
    elif run.row.wait in (Wait.SIGNAL, Wait.TRACKING) and hooks_of(run.tx).signals_came(run):
        return
    else:
        if run.row.wait is Wait.TARGET:
            run.row.wait_due_ms = run.tx.now_ms  # it may have been registered meanwhile
        go_on(run, None)


def hold(run: OpenWorkflowRun, outcome: StepOutcome) -> None:
    """What it waited for has come to this outcome, while its run is paused: keep that."""
    key = HELD.key(run.namespace_id, run.number)
    held = HeldRow(
        run.row.wait, outcome.names, outcome.output, outcome.error, is_final=outcome.is_final
    )
    run.tx.put(HELD, key, held)
    run.stop_waiting()
    run.row.wait = Wait.HELD
    run.save()
    if run.of_run is not run:
        run.of_run.save()


def _let_go(run: OpenWorkflowRun) -> StepOutcome | None:
    key = HELD.key(run.namespace_id, run.number)
    held = run.tx.get(HELD, key)
    assert held is not None, "what is held is there"
    run.tx.delete(HELD, key)
    run.stop_waiting()
    outcome = StepOutcome(held.names, held.output, held.error, held.is_final)
    answered = hooks_of(run.tx).answered.get(held.wait)
    return outcome if answered is None else answered(run, outcome)


def drop_held(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """What was held is no longer wanted."""
    run.tx.delete(HELD, HELD.key(run.namespace_id, run.number))


def on_resume_timer(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    """Let the branches or items of a resumed run go on, from the number `data` on."""
    run = find_workflow_run(tx, of_namespace_id, number)
    if run is None or run.row.is_paused or run.row.wait is not Wait.BODIES:
        return
    with tx.within(run.workflow.namespace):
        _take_up_bodies(run, max(data, run.row.wait_number))


def _take_up_bodies(run: OpenWorkflowRun, first: int) -> None:
    tx, group = run.tx, run.row.wait_number
    numbers = [body.number for body in live_bodies(run, RESUMED_MAX, first)]
    for number in numbers:
        body = find_body(tx, run.namespace_id, number)
        if body is not None:
            take_up(body)
    again = find_workflow_run(tx, run.namespace_id, run.number)
    if again is None or not again.awaits(Wait.BODIES, group):
        return
    if len(numbers) == RESUMED_MAX:
        place = (timers.WORKFLOW_RESUME, run.namespace_id, run.number)
        timers.set_timer(tx, tx.now_ms, *place, numbers[-1] + 1)
    else:
        timers.set_timer(tx, tx.now_ms, timers.WORKFLOW_GROUP, run.namespace_id, run.number, group)
