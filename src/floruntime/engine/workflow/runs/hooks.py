"""Calls from a run's transitions to the kinds of steps, which are above it (see `engine/rules`).

An attempt returns its outcome if it is known at once, or `None` if the run now waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from floruntime.engine.state.tx import Tx
from floruntime.engine.workflow.language.definition import Target, TargetKind
from floruntime.engine.workflow.language.outcomes import StepOutcome
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun


class Abandon(Protocol):
    """Takes back what a wait was for. `number`: the action run or child; `is_late`: it took too
    long, rather than being no longer wanted.
    """

    def __call__(self, run: OpenWorkflowRun, number: int, *, is_late: bool) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """`begin` starts an attempt of a step that runs a target of a kind, `begin_signal_wait` of one
    that waits for a signal, `begin_sleep` of one that sleeps; `choose` says where a choice leads.
    `begin_group` begins branches or items; `body_went_on` hears of each body that goes on, or ends.
    `signals_came` lets a run or a body that waits for signals go on if they are there.
    `compensate` lets a run undo what it did before it ends; false where there is nothing to undo.
    `time_up` says what happens when a wait is over by itself, `abandon` takes back what a wait was
    for, `answered` says what follows from the outcome of the action run that it was for.
    `workflow_synced` hears of a workflow or version that is there from now on. `ended`
    hear, in order, of each run that has ended.
    """

    begin: Mapping[TargetKind, Callable[[OpenWorkflowRun, Target, bytes], StepOutcome | None]]
    begin_signal_wait: Callable[[OpenWorkflowRun], StepOutcome | None]
    begin_sleep: Callable[[OpenWorkflowRun], StepOutcome | None]
    choose: Callable[[OpenWorkflowRun], StepOutcome]
    begin_group: Callable[[OpenWorkflowRun], StepOutcome | None]
    body_went_on: Callable[[Any], None]
    signals_came: Callable[[OpenWorkflowRun], bool]
    compensate: Callable[[OpenWorkflowRun, Any], bool]
    time_up: Mapping[Wait, Callable[[OpenWorkflowRun], StepOutcome | None]]
    abandon: Mapping[Wait, Abandon]
    answered: Mapping[Wait, Callable[[OpenWorkflowRun, StepOutcome], StepOutcome | None]]
    workflow_synced: Callable[[Tx, str], None]
    ended: tuple[Callable[[OpenWorkflowRun], None], ...]


def hooks_of(tx: Tx) -> Hooks:
    """The hooks of the machine whose transaction this is."""
    hooks: Hooks = tx.rules.workflow
    return hooks
