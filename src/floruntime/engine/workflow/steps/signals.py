"""Signals: each is consumed once, first come first served among those of its type.

One that comes before its wait is kept for it. A signal wait's deadline belongs to that wait: it is
in the run's row, and goes with the wait.
"""

from __future__ import annotations

from typing import Final

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.workflow import WorkflowSignal
from floruntime.engine.state.tx import Tx
from floruntime.engine.workflow.language.definition import EndStatus, SignalWait
from floruntime.engine.workflow.language.outcomes import TIMEOUT, StepOutcome, succeeded
from floruntime.engine.workflow.runs.advance import (
    close_step,
    end,
    go_on,
    go_to,
)
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, the_workflow_run
from floruntime.engine.workflow.steps import plans
from floruntime.engine.workflow.steps.kept_signals import keep, take

_WAITS_FOR_ONE: Final = (Wait.SIGNAL, Wait.TRACKING)


def signal(tx: Tx, request: WorkflowSignal) -> None:
    limits.check_name("type", request.type)
    limits.check_value("data", request.data, tx.value_bytes_max)
    run = the_workflow_run(tx, request.run_id)
    row = run.row
    if row.is_finished:
        status = row.status.shown
        raise ConflictError(f"workflow run {request.run_id} is {status} and takes no more signals")
    run.note(Event.SIGNAL_RECEIVED, request.type)
    plans.invalidate_caches(run, request.type)
    is_wanted = row.wait in _WAITS_FOR_ONE and row.wait_signal == request.type
    if is_wanted and not run.is_overdue:
        go_on(run, _matched(run, request.type, request.data))
    else:
        keep(run, request.type, request.data)
        run.save()


def _matched(run: OpenWorkflowRun, type: str, data: bytes) -> StepOutcome | None:
    is_tracking = run.row.wait == Wait.TRACKING
    run.stop_waiting()
    run.note(Event.SIGNAL_MATCHED, type)
    return plans.tracked(run, data) if is_tracking else succeeded(data)


def begin_wait(run: OpenWorkflowRun) -> StepOutcome | None:
    """Take a signal that is there already, or wait for one."""
    wanted = _wanted(run)
    data = take(run, wanted.type)
    if data is not None:
        return _matched(run, wanted.type, data)
    run.note(Event.WAITING_FOR_SIGNAL, wanted.type)
    due_ms = 0 if wanted.timeout_ms is None else run.tx.now_ms + wanted.timeout_ms
    run.wait_for(Wait.SIGNAL, due_ms=due_ms, signal=wanted.type)
    return None


def _wanted(run: OpenWorkflowRun) -> SignalWait:
    wanted = run.step.wait_for_signal
    assert wanted is not None, "the step is a wait for a signal"
    return wanted


def wait_timed_out(run: OpenWorkflowRun) -> StepOutcome | None:
    """No signal came in time: go where the step says, or end."""
    wanted = _wanted(run)
    run.stop_waiting()
    target = wanted.on_timeout or run.step.transitions.get(TIMEOUT)
    run.note(Event.SIGNAL_TIMEOUT, target or "flo.TimedOut")
    error = f"no signal of type {wanted.type!r} came within {wanted.timeout_ms} ms"
    outcome = StepOutcome((TIMEOUT,), error=error)
    close_step(run, outcome)
    if target is not None:
        return go_to(run, target, outcome)
    end(run, EndStatus.TIMED_OUT, "flo.TimedOut", error=error)
    return None
