"""Signals: each is consumed once; of one type, the first to arrive is consumed first.

A signal that arrives before its wait is kept for it. The deadline of a signal wait is in the run's
row, and is removed with the wait.
"""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.errors import ConflictError
from floruntime.core.workflow import WorkflowSignal
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.tx import Tx
from floruntime.engine.workflow.language.definition import EndStatus, SignalWait
from floruntime.engine.workflow.language.outcomes import (
    SUCCESS,
    TIMEOUT,
    StepOutcome,
    could_not_run,
    succeeded,
)
from floruntime.engine.workflow.language.step_parts import BRANCHES_MAX
from floruntime.engine.workflow.runs.advance import (
    close_step,
    end,
    go_on,
    go_to,
    leave_step,
)
from floruntime.engine.workflow.runs.bodies import OpenBody, live_bodies
from floruntime.engine.workflow.runs.context import document_of
from floruntime.engine.workflow.runs.control import refuse_while_compensating
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, the_workflow_run
from floruntime.engine.workflow.steps import plans
from floruntime.engine.workflow.steps.kept_signals import keep, take, take_first


def signal(tx: Tx, request: WorkflowSignal) -> None:
    limits.check_name("type", request.type)
    limits.check_value("data", request.data, tx.value_bytes_max)
    run = the_workflow_run(tx, request.run_id)
    row = run.row
    if row.is_finished:
        status = row.status.shown
        raise ConflictError(f"workflow run {request.run_id} is {status} and takes no more signals")
    refuse_while_compensating(run)
    run.note(Event.SIGNAL_RECEIVED, request.type)
    plans.invalidate_caches(run, request.type)
    receiver = None if run.row.is_paused else _receiver(run, request.type)
    if receiver is None:
        keep(run, request.type, request.data)
        run.save()
    else:
        _hand_over(receiver, request)


def _receiver(run: OpenWorkflowRun, type: str) -> OpenWorkflowRun | None:
    """The run, or that of its branches, that waits for a signal of this type."""
    is_parallel = run.row.wait is Wait.BODIES and run.step.parallel is not None
    waiting = live_bodies(run, BRANCHES_MAX, run.row.wait_number) if is_parallel else (run,)
    for one in waiting:
        if not one.is_overdue and _is_awaited(one, type):
            return one
    return None


def _hand_over(run: OpenWorkflowRun, request: WorkflowSignal) -> None:
    if run.row.wait == Wait.TRACKING:
        run.stop_waiting()
        run.note(Event.SIGNAL_MATCHED, request.type)
        go_on(run, plans.tracked(run, request.data))
    else:
        _came(run, request)


def _is_awaited(run: OpenWorkflowRun, type: str) -> bool:
    if run.row.wait == Wait.TRACKING:
        return run.row.wait_signal == type
    return run.row.wait == Wait.SIGNAL and type in wanted_by(run).types


def _came(run: OpenWorkflowRun, request: WorkflowSignal) -> None:
    """A signal that the step waits for, perhaps with others that are still to come."""
    wanted = wanted_by(run)
    missing = [
        type
        for type in wanted.all_of
        if type not in run.of_run.row.signals and type != request.type
    ]
    if not missing:
        run.stop_waiting()
        go_on(run, _matched(run, wanted, request))
        return
    keep(run, request.type, request.data)
    run.row.wait_signal = " and ".join(missing)
    run.save()
    if run.of_run is not run:
        run.of_run.save()


def _matched(run: OpenWorkflowRun, wanted: SignalWait, came: WorkflowSignal | None) -> StepOutcome:
    """The wait is over: take what was kept for it, beside what has just come."""
    if not wanted.all_of:
        type, data = (came.type, came.data) if came else take_first(run, wanted.types)
        run.note(Event.SIGNAL_MATCHED, type)
        return StepOutcome((type, SUCCESS), data) if wanted.any_of else succeeded(data)
    payloads = {}
    for type in wanted.all_of:
        is_new = came is not None and came.type == type
        data = came.data if came is not None and is_new else take_first(run, [type])[1]
        payloads[type] = document_of(data)
        run.note(Event.SIGNAL_MATCHED, type)
    output = dump(payloads)
    if len(output) > run.tx.value_bytes_max:
        return could_not_run(
            f"the payloads of {', '.join(wanted.all_of)} have {len(output)} bytes together; at "
            f"most {run.tx.value_bytes_max} are allowed"
        )
    return succeeded(output)


def signals_came(run: OpenWorkflowRun) -> bool:
    """Let a run, or a body, go on if what it waits for was kept for it while it was paused."""
    if run.row.wait is Wait.TRACKING:
        data = take(run, run.row.wait_signal or "")
        if data is None:
            return False
        type = run.row.wait_signal or ""
        run.stop_waiting()
        run.note(Event.SIGNAL_MATCHED, type)
        go_on(run, plans.tracked(run, data))
        return True
    wanted = wanted_by(run)
    if _missing(run, wanted):
        return False
    run.stop_waiting()
    go_on(run, _matched(run, wanted, None))
    return True


def begin_wait(run: OpenWorkflowRun) -> StepOutcome | None:
    """Take a signal that is there already, or wait for one; or for several."""
    wanted = wanted_by(run)
    missing = _missing(run, wanted)
    if not missing:
        return _matched(run, wanted, None)
    told = (" and " if wanted.all_of else " or ").join(missing)
    run.note(Event.WAITING_FOR_SIGNAL, told)
    due_ms = 0 if wanted.timeout_ms is None else run.tx.now_ms + wanted.timeout_ms
    run.wait_for(Wait.SIGNAL, due_ms=due_ms, signal=told)
    return None


def _missing(run: OpenWorkflowRun, wanted: SignalWait) -> list[str]:
    """The types that would have to come; nothing where enough has come."""
    missing = [type for type in wanted.types if type not in run.of_run.row.signals]
    is_enough = len(missing) < len(wanted.types) and not wanted.all_of
    return [] if is_enough else missing


def wanted_by(run: OpenWorkflowRun) -> SignalWait:
    """What the step waits for."""
    wanted = run.step.wait_for_signal
    assert wanted is not None, "the step is a wait for a signal"
    return wanted


def wait_timed_out(run: OpenWorkflowRun) -> StepOutcome | None:
    """No signal came in time: go where the step says, or end."""
    wanted = wanted_by(run)
    run.stop_waiting()
    if isinstance(run, OpenBody):
        return _branch_timed_out(run, wanted)
    target = wanted.on_timeout or run.step.transitions.get(TIMEOUT)
    run.note(Event.SIGNAL_TIMEOUT, target or "flo.TimedOut")
    error = _late_text(wanted)
    outcome = StepOutcome((TIMEOUT,), error=error)
    close_step(run, outcome)
    if target is not None:
        return go_to(run, target, outcome)
    end(run, EndStatus.TIMED_OUT, "flo.TimedOut", error=error)
    return None


def _branch_timed_out(body: OpenBody, wanted: SignalWait) -> StepOutcome | None:
    body.note(Event.SIGNAL_TIMEOUT)
    return leave_step(body, StepOutcome((TIMEOUT,), error=_late_text(wanted)))


def _late_text(wanted: SignalWait) -> str:
    return f"no signal of type {_told(wanted)} came within {wanted.timeout_ms} ms"


def _told(wanted: SignalWait) -> str:
    told = [repr(type) for type in wanted.types]
    return (" and " if wanted.all_of else " or ").join(told)
