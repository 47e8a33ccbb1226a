"""The data of a run as paths see it: input, steps, and the run itself; loaded when needed.

A document that is JSON is decoded; an empty one is null; any other bytes are `{"base64": …}`, like
the payloads of events.
"""

from __future__ import annotations

import base64
from typing import Any, assert_never

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_name, shown
from floruntime.engine.state.json_document import MISSING, dump, load_input
from floruntime.engine.state.large_documents import read_document
from floruntime.engine.workflow.language.definition import Compensate, Plan
from floruntime.engine.workflow.paths.cache_key import fill_cache_key
from floruntime.engine.workflow.paths.errors import PathFailed
from floruntime.engine.workflow.paths.mapping import resolve
from floruntime.engine.workflow.paths.path import (
    OF_ITEMS,
    FloField,
    Head,
    HeadKind,
    is_path,
    parse_path,
)
from floruntime.engine.workflow.runs.bodies import BodyKind, OpenBody
from floruntime.engine.workflow.runs.item_rows import found_elsewhere, item_of
from floruntime.engine.workflow.runs.rows import EVENT_SOURCE, STEP, WORKFLOW_INPUT, StepRow
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

CannotMap = PathFailed
"""Raised where a path finds nothing, or a mapping makes too much; the message names the path."""


class RunRoot:
    """What the paths of a definition may touch in one run."""

    def __init__(self, run: OpenWorkflowRun, *, absent: str | None = None) -> None:
        """`absent`: a step that has no output here."""
        self._run = run.of_run
        self._absent = absent
        self._body = run if isinstance(run, OpenBody) else None

    def input(self) -> Any:
        return document_of(input_of(self._run))

    def output(self, step: str) -> Any:
        if self._is_own_item(step):
            return self._own(HeadKind.BRANCH_OUTPUT)
        row = None if step == self._absent else self._step(step)
        return MISSING if row is None else document_of(row.output)

    def outcome(self, step: str) -> Any:
        if self._is_own_item(step):
            return self._own(HeadKind.BRANCH_OUTCOME)
        row = self._step(step)
        return MISSING if row is None else row.outcome

    def other(self, head: Head) -> Any:
        if head.kind in OF_ITEMS:
            return self._of_item(head)
        if self._is_own(head):
            return self._own(head.kind)
        row = self._step(head.name)
        if row is None:
            return MISSING
        match head.kind:
            case HeadKind.BRANCH_OUTPUT:
                outputs = document_of(row.output)
                is_there = isinstance(outputs, dict) and head.branch in row.outcomes
                return outputs.get(head.branch, MISSING) if is_there else MISSING
            case HeadKind.BRANCH_OUTCOME:
                return row.outcomes.get(head.branch, MISSING)
            case HeadKind.FAILED:
                return document_of(row.failed) if row.failed else MISSING
            case _:
                return row.failed_count if row.failed else MISSING

    def _of_item(self, head: Head) -> Any:
        body = self._body
        if body is None or body.body.kind is not BodyKind.ITEM:
            return MISSING
        return item_of(body) if head.kind is HeadKind.ITEM else body.body.index

    def _is_own(self, head: Head) -> bool:
        """Whether a path looks at the branch at hand, whose step has not ended."""
        body = self._body
        is_branch = body is not None and body.body.branch == head.branch and head.branch != ""
        return is_branch and body is not None and body.body.step == head.name

    def _is_own_item(self, step: str) -> bool:
        """Whether a path looks at the step of the item at hand: it sees what the item gave."""
        body = self._body
        return body is not None and body.body.kind is BodyKind.ITEM and body.body.step == step

    def _own(self, kind: HeadKind) -> Any:
        """What the branch or item at hand gave."""
        outcome = self._body.ended_with if self._body is not None else None
        if outcome is None:
            return MISSING
        if kind is HeadKind.BRANCH_OUTCOME:
            return outcome.name
        return MISSING if outcome.is_failure else document_of(outcome.output)

    def _step(self, step: str) -> StepRow | None:
        run = self._run
        return run.tx.get(STEP, STEP.key(run.namespace_id, run.number, tail=step.encode()))

    def flo(self, field: FloField) -> Any:
        run = self._run
        match field:
            case FloField.RUN_ID:
                return run.id
            case FloField.WORKFLOW:
                return run.workflow.name
            case FloField.TIMESTAMP:
                return run.tx.now_ms
            case FloField.EVENT:
                key = EVENT_SOURCE.key(run.namespace_id, run.number)
                source = run.tx.get(EVENT_SOURCE, key)
                return MISSING if source is None else document_of(source)
            case _:
                assert_never(field)


def document_of(data: bytes) -> Any:
    """The document in `data`; see the head of this module."""
    if not data:
        return None
    try:
        return load_input("document", data)
    except BadRequestError:
        return {"base64": base64.b64encode(data).decode()}


def input_of(run: OpenWorkflowRun) -> bytes:
    """The run's input, as it was given."""
    data = read_document(run.tx, WORKFLOW_INPUT, run.namespace_id, run.number, run.row.input)
    assert data is not None, "a run has an input"
    return data


def step_input(run: OpenWorkflowRun) -> bytes:
    """What the step that the run is at hands to its target. Raises `CannotMap`."""
    if isinstance(run, OpenBody) and run.body.kind is BodyKind.COMPENSATION:
        return run.row.input or b""
    mapping = run.step.input_mapping
    return input_of(run.of_run) if mapping is None else dump(_value_in_step(run, mapping))


def step_key(run: OpenWorkflowRun) -> str | None:
    """What limits per key count the step's action run under; `None`: the step has no key of its
    own. Raises `CannotMap`.
    """
    text = run.step.key
    if text is None or not is_path(text):
        return text
    found = _value_in_step(run, text)
    if found is None:
        return None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str):
        raise CannotMap(f"key {shown(text)} finds neither text nor a whole number, nor null")
    try:
        check_name("key", found)
    except BadRequestError as error:
        raise CannotMap(f"key {shown(text)}: {error.message}") from None
    return found


def _value_in_step(run: OpenWorkflowRun, template: Any) -> Any:
    """What a template of the step at hand makes; items know what is the same for all of them."""
    is_item = isinstance(run, OpenBody) and run.body.kind is BodyKind.ITEM
    found = found_elsewhere(run) if isinstance(run, OpenBody) and is_item else {}
    return resolve(template, RunRoot(run), bytes_max=run.tx.value_bytes_max, found=found)


def undo_input(run: OpenWorkflowRun, undo: Compensate, *, is_success: bool) -> bytes:
    """What a compensation gets of the step, branch or item that has just ended, or did not get to
    an end. Raises `CannotMap`.
    """
    if undo.input_mapping is None:
        return input_of(run.of_run)
    absent = None if is_success or isinstance(run, OpenBody) else run.row.step
    root = RunRoot(run, absent=absent)
    data = dump(resolve(undo.input_mapping, root, bytes_max=run.tx.value_bytes_max))
    if len(data) > run.tx.value_bytes_max:
        raise CannotMap(f"it has {len(data)} bytes; at most {run.tx.value_bytes_max} are allowed")
    return data


def run_output(run: OpenWorkflowRun, last: bytes) -> bytes:
    """The output of a run that completes, `last` being its last step's. Raises `CannotMap`."""
    mapping = run.definition.output
    return last if mapping is None else _made(run, mapping)


def _made(run: OpenWorkflowRun, mapping: Any) -> bytes:
    return dump(resolve(mapping, RunRoot(run), bytes_max=run.tx.value_bytes_max))


def value_in_run(run: OpenWorkflowRun, template: Any) -> Any:
    """What a template makes for this run: what a path gives, or itself. Raises `CannotMap`."""
    return resolve(template, RunRoot(run), bytes_max=run.tx.value_bytes_max)


def find_in_run(run: OpenWorkflowRun, path: str) -> Any:
    """What a path gives; `None` where it finds nothing."""
    try:
        found = parse_path(path).find(RunRoot(run))
    except PathFailed:
        return None
    return None if found is MISSING else found


def cache_key(run: OpenWorkflowRun, plan: Plan) -> str | None:
    """The key of a plan's result for this run; `None`: it has none, and is not cached."""
    if plan.cache is None:
        return None
    try:
        if plan.cache.key is None:
            return step_input(run).decode("latin-1")
        return fill_cache_key(plan.cache.key, RunRoot(run))
    except PathFailed:
        return None
