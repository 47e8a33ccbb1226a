"""Moves a run through its steps: each transition is defined once, whatever causes it.

A step begins, gets an outcome, is retried or polled again if the definition says so, and leads to
the next step or to an end. `go_on` follows this until the run waits for something. So everything
that follows from one event is one commit. Resuming after a crash needs no special code: the run's
row says what the run waits for, and the awaited event finds the run there.

The kinds of steps are above this module, in `workflow/steps`, and are reached through `hooks.py`.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.engine.state.json_document import dump
from floruntime.engine.state.large_documents import keep_document
from floruntime.engine.state.tx import Tx
from floruntime.engine.workflow.language.definition import (
    BUILT_IN_TERMINALS,
    EndStatus,
    Poll,
    target_of,
)
from floruntime.engine.workflow.language.outcomes import (
    FAILURE,
    PENDING,
    RETRIED,
    TIMEOUT,
    StepOutcome,
    could_not_run,
)
from floruntime.engine.workflow.paths.first_step import START
from floruntime.engine.workflow.runs.backoff import backoff_ms, retry_due_ms
from floruntime.engine.workflow.runs.bodies import OpenBody
from floruntime.engine.workflow.runs.compensation_rows import (
    EndingRow,
    is_compensated,
    remember_to_undo,
)
from floruntime.engine.workflow.runs.context import CannotMap, run_output, step_input
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.hooks import hooks_of
from floruntime.engine.workflow.runs.retention import forget
from floruntime.engine.workflow.runs.rows import (
    STEP,
    WORKFLOW_OUTPUT,
    StepRow,
    Wait,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, arm_workflow_run, find_workflow_run
from floruntime.engine.workflow.runs.search import set_attributes

HOPS_MAX: Final = 256
"""How many steps a run, with the children it waits for, may pass without waiting."""
EVENTS_MAX: Final = 100_000
"""How many events one run may have; a run with more fails when it begins its next step."""


_ENDS: Final = {
    EndStatus.COMPLETED: (WorkflowRunStatus.COMPLETED, Event.WORKFLOW_COMPLETED),
    EndStatus.FAILED: (WorkflowRunStatus.FAILED, Event.WORKFLOW_FAILED),
    EndStatus.CANCELLED: (WorkflowRunStatus.CANCELLED, Event.WORKFLOW_CANCELLED),
    EndStatus.TIMED_OUT: (WorkflowRunStatus.TIMED_OUT, Event.WORKFLOW_TIMED_OUT),
}


def go_on(run: OpenWorkflowRun, outcome: StepOutcome | None) -> None:
    """Follow what an outcome leads to until the run waits or has ended; then write it."""
    follow(run, outcome)
    if isinstance(run, OpenBody):
        hooks_of(run.tx).body_went_on(run)
    elif run.row.is_finished:
        for hear in hooks_of(run.tx).ended:
            hear(run)


def follow(run: OpenWorkflowRun, outcome: StepOutcome | None) -> None:
    """The same, but nobody is notified of an end."""
    while outcome is not None:
        assert not run.row.is_finished, "nothing follows an end"
        assert run.row.wait is Wait.NOTHING, "an outcome ends the wait"
        outcome = _settle(run, outcome)
    is_waiting = run.row.wait is not Wait.NOTHING
    assert is_waiting != run.row.is_finished, "a run goes on until it waits or has ended"
    run.save()


# Steps


def enter_step(run: OpenWorkflowRun, name: str, *, is_again: bool = False) -> StepOutcome | None:
    """Go to this step and begin it. `is_again`: the run was there, and resumes the same visit."""
    row, now_ms = run.row, run.tx.now_ms
    row.entered += not is_again
    # A run that may go no further still moves to this step, because a retry begins here.
    row.step, row.step_began_ms, row.attempt, row.polls = name, now_ms, 1, 0
    row.hops += 1
    if row.hops > HOPS_MAX:
        fail_run(run, f"it went through {HOPS_MAX} steps without waiting for anything")
        return None
    if row.events >= EVENTS_MAX:
        fail_run(run, f"its history has {row.events} events; {EVENTS_MAX} are allowed")
        return None
    timeout_ms = run.step.timeout_ms
    row.step_due_ms = 0 if timeout_ms is None else now_ms + timeout_ms
    run.note(Event.STEP_STARTED)
    return begin_attempt(run)


def begin_attempt(run: OpenWorkflowRun) -> StepOutcome | None:
    """Begin an attempt of the step that the run is at."""
    step, hooks = run.step, hooks_of(run.tx)
    if step.wait_for_signal is not None:
        return hooks.begin_signal_wait(run)
    if step.sleep is not None:
        return hooks.begin_sleep(run)
    if step.parallel is not None or step.for_each is not None:
        return hooks.begin_group(run)
    if step.choose is not None:
        return hooks.choose(run)
    target = target_of(step.run or "")
    assert target is not None, "a definition was checked"
    try:
        payload = step_input(run)
    except CannotMap as problem:
        return could_not_run(str(problem))
    return hooks.begin[target.kind](run, target, payload)


def _settle(run: OpenWorkflowRun, outcome: StepOutcome) -> StepOutcome | None:
    """Handle an attempt's outcome: poll again, retry, or leave the step."""
    step, row = run.step, run.row
    name = outcome.name_in(step.transitions)
    if name == PENDING and step.poll is not None and not outcome.is_final:
        return _poll_again(run, step.poll, outcome)
    if step.retry is not None and name in RETRIED and not outcome.is_final:
        due_ms = retry_due_ms(
            step.retry, row.attempt, row.step_began_ms, run.tx.now_ms, f"{run.id}/{row.step}"
        )
        if due_ms is not None:
            row.attempt += 1
            delay_ms = due_ms - run.tx.now_ms
            run.note(
                Event.STEP_RETRY, f"attempt {row.attempt} in {delay_ms} ms, after {outcome.told()}"
            )
            run.wait_for(Wait.RETRY, due_ms=due_ms)
            return None
    return leave_step(run, outcome)


def _poll_again(run: OpenWorkflowRun, poll: Poll, outcome: StepOutcome) -> StepOutcome | None:
    row = run.row
    if row.polls >= poll.max_attempts:
        error = f"still pending after {row.polls} polls"
        run.note(Event.POLL_EXHAUSTED, error)
        name = TIMEOUT if TIMEOUT in run.step.transitions else FAILURE
        return leave_step(run, StepOutcome((name,), outcome.output, error))
    delay_ms = poll.initial_delay_ms
    if row.polls:
        delay_ms = backoff_ms(
            poll.backoff, poll.base_delay_ms, poll.max_delay_ms, row.polls, f"{run.id}/{row.step}"
        )
    row.polls += 1
    run.note(Event.POLL_SCHEDULED, f"poll {row.polls} in {delay_ms} ms")
    run.wait_for(Wait.POLL, due_ms=run.tx.now_ms + delay_ms)
    return None


def leave_step(run: OpenWorkflowRun, outcome: StepOutcome) -> StepOutcome | None:
    """The step is done: store how it ended, and go where that leads. A body leads nowhere."""
    if isinstance(run, OpenBody):
        run.end(outcome)
        return None
    close_step(run, outcome)
    transitions = run.step.transitions
    target = outcome.leads_to or transitions.get(outcome.name_in(transitions))
    if target is None:
        fail_run(run, f"step {run.row.step!r} has no transition for its outcome {outcome.told()}")
        return None
    return go_to(run, target, outcome)


def close_step(run: OpenWorkflowRun, outcome: StepOutcome) -> None:
    """Store how the step ended, for the paths that look at it."""
    row = run.row
    assert row.step is not None, "a run that leaves a step was at one"
    row.plan = None
    run.note(Event.STEP_COMPLETED, outcome.told())
    if run.version.reads(row.step):
        key = STEP.key(run.namespace_id, run.number, tail=row.step.encode())
        run.tx.put(STEP, key, _step_row(outcome))
    remember_to_undo(run, outcome)
    set_attributes(run)


def _step_row(outcome: StepOutcome) -> StepRow:
    more = outcome.branches
    output = _output_of(outcome)
    return StepRow(outcome.name, output, more.outcomes, more.failed, more.failed_count)


def _output_of(outcome: StepOutcome) -> bytes:
    """The step's output as mappings see it; a failed step shows its error."""
    if outcome.output or outcome.error is None:
        return outcome.output
    return dump({"error": outcome.error})


def go_to(run: OpenWorkflowRun, target: str, outcome: StepOutcome) -> StepOutcome | None:
    """Go to a step, or to the end that a terminal names."""
    status = end_status(run, target)
    if status is None:
        return enter_step(run, target)
    if status is EndStatus.COMPLETED:
        _complete(run, target, outcome)
    else:
        end(run, status, target, error=_reason(run, target, outcome), output=outcome.output)
    return None


def end_status(run: OpenWorkflowRun, target: str) -> EndStatus | None:
    """The status that a terminal stands for; `None` if `target` is a step."""
    own = run.definition.terminals.get(target)
    return BUILT_IN_TERMINALS.get(target) if own is None else own.status


def _reason(run: OpenWorkflowRun, terminal: str, outcome: StepOutcome) -> str:
    return f"step {run.row.step!r} led to {terminal}: {outcome.told()}"


# Ends


def _complete(run: OpenWorkflowRun, terminal: str, outcome: StepOutcome) -> None:
    try:
        output = run_output(run, outcome.output)
    except CannotMap as problem:
        fail_run(run, f"the output: {problem}")
    else:
        end(run, EndStatus.COMPLETED, terminal, output=output)


def fail_run(run: OpenWorkflowRun, error: str) -> None:
    """End the run as failed, for a reason of the engine."""
    end(run, EndStatus.FAILED, "flo.Failed", error=error)


def end(
    run: OpenWorkflowRun,
    end_as: EndStatus,
    terminal: str,
    *,
    error: str | None = None,
    output: bytes = b"",
) -> None:
    """End the run, once it has compensated. The caller lets `go_on` write it."""
    assert not run.row.is_finished, "a run ends once"
    run.stop_waiting()
    run.row.step_due_ms = run.row.paused_at_ms = run.row.paused_status = 0
    run.row.plan = None
    ending = EndingRow(end_as, terminal, error, output)
    if not (is_compensated(run, end_as) and hooks_of(run.tx).compensate(run, ending)):
        end_at_last(run, ending)


def end_at_last(run: OpenWorkflowRun, ending: EndingRow) -> None:
    """End the run: nothing is left to undo."""
    row, tx = run.row, run.tx
    end_as, terminal, error, output = ending.end_as, ending.terminal, ending.error, ending.output
    row.status, event = _ENDS[end_as]
    row.terminal, row.error, row.completed_at_ms = terminal, error, tx.now_ms
    run.note(event, terminal if error is None else f"{terminal}: {error}")
    if output:
        row.output = keep_document(tx, WORKFLOW_OUTPUT, run.namespace_id, run.number, output)
    arm_workflow_run(run, tx.now_ms + run.definition.retention_ms)
    tx.touch((run.workflow.namespace, "workflow", run.id))


def abandon_wait(run: OpenWorkflowRun, *, is_late: bool = False) -> None:
    """Cancel what the run waits for: an action's attempt is notified, a child is cancelled.

    The run is written first, as a run that waits for nothing, so that the resulting end does not
    move it.
    """
    wait, number = run.row.wait, run.row.wait_number
    if not is_late:
        remember_to_undo(run, None)
    take_back = hooks_of(run.tx).abandon.get(wait)
    run.stop_waiting()
    if take_back is not None:
        run.save()
        take_back(run, number, is_late=is_late)


# Time


def on_run_timer(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    run = find_workflow_run(tx, of_namespace_id, number)
    if run is None or run.row.timer_ms != due_ms:
        return
    run.row.timer_ms = 0
    with tx.within(run.workflow.namespace):
        if run.row.is_finished:
            forget(run)
        else:
            time_has_come(run)


def time_has_come(run: OpenWorkflowRun) -> None:
    """A run or a body that has not ended reached a due time."""
    if _is_step_over(run):
        go_on(run, _step_time_up(run))
    else:
        time_up = hooks_of(run.tx).time_up[run.row.wait]
        go_on(run, time_up(run))


def _is_step_over(run: OpenWorkflowRun) -> bool:
    """Whether the whole step's time is up. After downtime the wait's own may be up as well: that of
    a signal counts if it came first; what else waits for its time would only begin something.
    """
    row = run.row
    if not row.step_due_ms or row.step_due_ms > run.tx.now_ms:
        return False
    is_signal_late = row.wait == Wait.SIGNAL and 0 < row.wait_due_ms < row.step_due_ms
    return not is_signal_late


def _step_time_up(run: OpenWorkflowRun) -> StepOutcome | None:
    abandon_wait(run, is_late=True)
    error = f"the step was not done within {run.step.timeout_ms} ms"
    return leave_step(run, StepOutcome((TIMEOUT,), error=error))


def begin_again(run: OpenWorkflowRun) -> StepOutcome | None:
    """The time of a retry, or of a poll, has come."""
    run.stop_waiting()
    return begin_attempt(run)


def begin(run: OpenWorkflowRun, step: str = START) -> None:
    """Begin a new run, by default at its first step."""
    run.row.started_at_ms = run.tx.now_ms
    go_on(run, enter_step(run, step))
