"""Steps that choose where the run continues: they take no time, and lead on in the same commit."""

from __future__ import annotations

from typing import Final

from floruntime.engine.workflow.language.definition import Choose
from floruntime.engine.workflow.language.outcomes import SUCCESS, StepOutcome, could_not_run
from floruntime.engine.workflow.paths.condition import parse_condition
from floruntime.engine.workflow.runs.context import CannotMap, RunRoot
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

ELSE: Final = "else"


def choose(run: OpenWorkflowRun) -> StepOutcome:
    """Where the first case leads that is true."""
    choice = run.step.choose
    assert choice is not None, "the step is a choice"
    try:
        target, when = _chosen(run, choice)
    except CannotMap as problem:
        return could_not_run(str(problem))
    run.note(Event.CHOICE_MADE, f"{target}: {when}")
    return StepOutcome((SUCCESS,), leads_to=target)


def _chosen(run: OpenWorkflowRun, choice: Choose) -> tuple[str, str]:
    root = RunRoot(run)
    for case in choice.cases:
        if parse_condition(case.when).is_true(root):
            return case.to, case.when
    return choice.otherwise, ELSE
