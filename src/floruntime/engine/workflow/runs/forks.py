"""Forks: a new run that begins at a step of another run, with that run's results."""

from __future__ import annotations

from itertools import islice
from typing import Final

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.limits import shown
from floruntime.core.nearest import nearest
from floruntime.core.workflow import WorkflowFork
from floruntime.engine.state.json_document import load_input
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.graph_rules import steps_from
from floruntime.engine.workflow.paths.first_step import START, START_ALIAS
from floruntime.engine.workflow.runs.advance import begin
from floruntime.engine.workflow.runs.compensation_rows import ENDING, UNDO, UNDONE
from floruntime.engine.workflow.runs.context import input_of
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import EVENT_SOURCE, STEP
from floruntime.engine.workflow.runs.run import (
    OpenWorkflowRun,
    the_workflow_run,
    workflow_run_number,
)
from floruntime.engine.workflow.runs.search import set_attributes
from floruntime.engine.workflow.runs.start import input_shown, new_run
from floruntime.engine.workflow.runs.workflows import find_version

LOOKED_AT_MAX: Final = 200
"""So many entries of a run that compensates are looked at; beyond, each step that ended counts."""


def fork(tx: Tx, request: WorkflowFork) -> str:
    old = the_workflow_run(tx, request.run_id)
    _check(tx, request)
    if not old.workflow.row.enabled:
        raise ConflictError(
            f"workflow {old.workflow.name!r} is disabled; enable it to fork a run of it"
        )
    number = _version_wanted(old, request)
    definition = old.workflow.definition(number).definition
    step = _step_wanted(definition, request.from_step)
    undone = _undone(old)
    _refuse_behind(old, definition, step, undone)
    input = input_of(old) if request.input is None else request.input
    run = new_run(
        old.workflow,
        number,
        input,
        run_id=request.new_run_id,
        traceparent=old.row.traceparent,
    )
    _copy(old, run, {step, *undone})
    run.note(Event.WORKFLOW_FORKED, f"{old.id}, at {step}")
    run.note(Event.WORKFLOW_STARTED, input_shown(input))
    set_attributes(run, is_start=True)
    begin(run, step)
    return run.id


def _check(tx: Tx, request: WorkflowFork) -> None:
    limits.check_name("from_step", request.from_step)
    if request.input is not None:
        limits.check_value("input", request.input, tx.value_bytes_max)
        load_input("input", request.input)
    if request.new_run_id is not None:
        limits.check_name("new_run_id", request.new_run_id)
        if workflow_run_number(tx, namespace_id(tx), request.new_run_id):
            raise ConflictError(f"new_run_id {shown(request.new_run_id)} is used already")


def _version_wanted(old: OpenWorkflowRun, request: WorkflowFork) -> int:
    if request.version is None:
        return old.row.definition
    number = find_version(old.tx, old.workflow.id, request.version)
    if number is None:
        raise NotFoundError(
            f"workflow {old.workflow.name!r} has no version {shown(request.version)}"
        )
    return number


def _step_wanted(definition: Definition, name: str) -> str:
    step = START if name == START_ALIAS else name
    steps = [START, *definition.steps]
    if step not in steps:
        choice = nearest(name, steps)
        meant = f"; did you mean {choice}?" if choice else ""
        raise BadRequestError(
            f"from_step is {shown(name)}, which is not a step of version "
            f"{shown(definition.version)}{meant}"
        )
    return step


def _undone(old: OpenWorkflowRun) -> list[str]:
    """The steps of which the old run has compensated something, or is about to."""
    tx, place = old.tx, (old.namespace_id, old.number)
    names = [UNDONE.tail_of(key).decode() for key, _ in tx.scan(UNDONE, *UNDONE.range(*place))]
    if tx.get(ENDING, ENDING.key(*place)) is None:
        return names
    to_undo = list(islice(tx.scan(UNDO, *UNDO.range(*place)), LOOKED_AT_MAX + 1))
    names += [row.step for _, row in to_undo]
    if len(to_undo) > LOOKED_AT_MAX:
        names += [STEP.tail_of(key).decode() for key, _ in tx.scan(STEP, *STEP.range(*place))]
    return list(dict.fromkeys(names))


def _refuse_behind(
    old: OpenWorkflowRun, definition: Definition, step: str, undone: list[str]
) -> None:
    """A run must not go on from what was undone, or soon will be."""
    is_ended = old.row.is_finished
    has = "has compensated" if is_ended else "compensates, or will compensate,"
    for name in undone:
        if name != step and step in steps_from(definition, name):
            raise ConflictError(
                f"workflow run {old.id} {has} step {shown(name)}, and {shown(step)} "
                f"comes after it; fork from {shown(name)} or before, or use start for a new run"
            )


def _copy(old: OpenWorkflowRun, run: OpenWorkflowRun, left_out: set[str]) -> None:
    """What the old run knew of its other steps, and of the event that started it."""
    tx = run.tx
    for key, row in tx.scan(STEP, *STEP.range(old.namespace_id, old.number)):
        tail = STEP.tail_of(key)
        if tail.decode() not in left_out:
            tx.put(STEP, STEP.key(run.namespace_id, run.number, tail=tail), row)
    source = tx.get(EVENT_SOURCE, EVENT_SOURCE.key(old.namespace_id, old.number))
    if source is not None:
        tx.put(EVENT_SOURCE, EVENT_SOURCE.key(run.namespace_id, run.number), source)
