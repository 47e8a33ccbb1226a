"""Steps that wait for a time, by a stored timer. A time that has passed ends the step at once."""

from __future__ import annotations

from typing import Any, Final

from floruntime.core import limits
from floruntime.engine.state.json_document import dump
from floruntime.engine.workflow.language.definition import Sleep
from floruntime.engine.workflow.language.outcomes import StepOutcome, could_not_run, succeeded
from floruntime.engine.workflow.paths.moments import epoch_ms_of
from floruntime.engine.workflow.runs.context import CannotMap, value_in_run
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

TOLD_MAX: Final = 80
"""Characters that are shown of what is no time."""


class _NoTimeError(Exception):
    """What stands where a time should; the message says what would be right."""


def begin_sleep(run: OpenWorkflowRun) -> StepOutcome | None:
    """Wait until the time that the step names, if that is to come."""
    sleep = run.step.sleep
    assert sleep is not None, "the step sleeps"
    try:
        due_ms = _due_ms(run, sleep)
    except (CannotMap, _NoTimeError) as problem:
        return could_not_run(str(problem))
    now_ms = run.tx.now_ms
    run.note(Event.SLEEP_STARTED, f"until {due_ms}" if due_ms > now_ms else "its time is past")
    if due_ms <= now_ms:
        return _ended(run)
    run.wait_for(Wait.SLEEP, due_ms=due_ms)
    return None


def sleep_is_over(run: OpenWorkflowRun) -> StepOutcome:
    """The time has come."""
    run.stop_waiting()
    return _ended(run)


def _ended(run: OpenWorkflowRun) -> StepOutcome:
    run.note(Event.SLEEP_ENDED)
    return succeeded(b"")


def _due_ms(run: OpenWorkflowRun, sleep: Sleep) -> int:
    now_ms = run.tx.now_ms
    if sleep.until is None:
        return now_ms + _duration_ms(value_in_run(run, sleep.for_ms))
    due_ms = _moment_ms(value_in_run(run, sleep.until))
    if due_ms - now_ms > limits.DURATION_MS_MAX:
        raise _NoTimeError(
            f"until is {_told(due_ms)}; at most {limits.DURATION_MS_MAX} ms from now are allowed"
        )
    return due_ms


def _duration_ms(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _NoTimeError(f"forMs is {_told(value)}; a number of milliseconds is needed")
    if value > limits.DURATION_MS_MAX:
        raise _NoTimeError(
            f"forMs is {_told(value)}; at most {limits.DURATION_MS_MAX} ms are allowed"
        )
    return value


def _moment_ms(value: Any) -> int:
    if isinstance(value, str):
        due_ms = epoch_ms_of(value)
        if due_ms is not None:
            return due_ms
    elif isinstance(value, float) and value.is_integer():
        return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _NoTimeError(f"until is {_told(value)}; epoch milliseconds or RFC 3339 text is needed")


def _told(value: Any) -> str:
    """What was found instead, as it stands in the document."""
    text = dump(value).decode()
    return text if len(text) <= TOLD_MAX else f"{text[: TOLD_MAX - 3]}..."
