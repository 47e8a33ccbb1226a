"""What a run would have to undo: each success of a step with `compensate`, the newest last."""

from __future__ import annotations

from typing import Final

from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.workflow.language.definition import (
    CompensateWhen,
    Compensation,
    EndStatus,
    Work,
)
from floruntime.engine.workflow.language.outcomes import StepOutcome
from floruntime.engine.workflow.runs.bodies import BodyKind, OpenBody, work_of_body
from floruntime.engine.workflow.runs.context import CannotMap, undo_input
from floruntime.engine.workflow.runs.run import OpenWorkflowRun


class UndoRow(Value, frozen=True):
    """Something to be undone. `branch` of a branch, `index` of an item. `input`: what its
    compensation gets; where that could not be made, `error` says why.
    """

    step: str
    branch: str = ""
    index: int = -1
    input: bytes = b""
    error: str | None = None


class EndingRow(Value, frozen=True):
    """How a run ends once it has compensated. `failed`: what could not be undone, the first few;
    `failed_count` are all.
    """

    end_as: EndStatus
    terminal: str
    error: str | None = None
    output: bytes = b""
    failed: list[str] = []
    failed_count: int = 0


UNDO: Final[Table[UndoRow]] = Table(b"yc", UndoRow, namespace_id="u64", run="u64", sequence="u64")
ENDING: Final[Table[EndingRow]] = Table(b"ye", EndingRow, namespace_id="u64", run="u64")

#: The steps of which something was compensated.
UNDONE: Final[Table[bool]] = Table(b"yu", bool, namespace_id="u64", run="u64", tail="step")

_COMPENSATED: Final = {
    Compensation.NONE: (),
    Compensation.ON_FAILURE: (EndStatus.FAILED, EndStatus.TIMED_OUT),
    Compensation.ON_CANCEL: (EndStatus.CANCELLED,),
    Compensation.ALWAYS: (EndStatus.FAILED, EndStatus.TIMED_OUT, EndStatus.CANCELLED),
}


def is_compensated(run: OpenWorkflowRun, end_as: EndStatus) -> bool:
    """Whether the definition wants things undone before such an end."""
    return end_as in _COMPENSATED[run.definition.compensation]


def remember_to_undo(run: OpenWorkflowRun, outcome: StepOutcome | None) -> None:
    """A step, a branch or an item came to this outcome, or was taken back: if it is to be undone
    one day, keep what that takes.
    """
    if run.definition.compensation is Compensation.NONE:
        return
    undo = work_of(run).compensate
    if undo is None:
        return
    is_success = outcome is not None and not outcome.is_failure
    if not is_success and undo.when is CompensateWhen.SUCCESS:
        return
    input, error = b"", None
    try:
        input = undo_input(run, undo, is_success=is_success)
    except CannotMap as problem:
        error = str(problem)
    step = run.row.step or ""
    branch, index = "", -1
    if isinstance(run, OpenBody):
        step, branch = run.body.step, run.body.branch
        index = run.body.index if run.body.kind is BodyKind.ITEM else -1
    key = UNDO.key(run.namespace_id, run.of_run.number, run.tx.next_id())
    run.tx.put(UNDO, key, UndoRow(step, branch, index, input, error))


def work_of(run: OpenWorkflowRun) -> Work:
    """The part of the definition that says what a run, or a body, is at."""
    return work_of_body(run.definition, run.body) if isinstance(run, OpenBody) else run.step
