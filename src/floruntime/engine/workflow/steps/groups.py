"""Steps with several bodies: how branches and items begin, are counted, and give one outcome.

When a body ends, its run is told in the same commit. The run counts it, perhaps begins the next
item, and decides the outcome, once. With the decision the run no longer waits for the group: bodies
that are under way are cancelled, the first at once and the others by ticks (`group_ends.py`), and
their later results are refused. At most `BEGUN_MAX` bodies begin in one commit; a tick begins the
others.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.engine.action.rows import copy_of
from floruntime.engine.state.json_document import dump
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.workflow.language.definition import (
    ForEach,
    OnFailure,
    OnItemFailure,
    Parallel,
)
from floruntime.engine.workflow.language.outcomes import NONE_FAILED, StepOutcome, could_not_run
from floruntime.engine.workflow.runs.advance import (
    EVENTS_MAX,
    begin_attempt,
    fail_run,
    follow,
    go_on,
    time_has_come,
)
from floruntime.engine.workflow.runs.bodies import (
    ENDED,
    RUN_GROUP,
    BodyKind,
    EndRow,
    OpenBody,
    RunGroupRow,
    find_body,
    new_body,
)
from floruntime.engine.workflow.runs.compensation_rows import remember_to_undo
from floruntime.engine.workflow.runs.context import CannotMap, document_of
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun, earlier, find_workflow_run
from floruntime.engine.workflow.steps.compensations import compensation_went_on
from floruntime.engine.workflow.steps.group_ends import leave_group, outcome_of_group
from floruntime.engine.workflow.steps.items import keep_items, list_of_items

BEGUN_MAX: Final = 200
"""Branches or items that one commit begins."""


def begin_group(run: OpenWorkflowRun) -> StepOutcome | None:
    """Begin the branches, or the first items, of the step that the run is at."""
    step, tx = run.step, run.tx
    group = RunGroupRow(tx.next_id(), 0)
    if step.parallel is not None:
        group.count = len(step.parallel.branches)
    else:
        assert step.for_each is not None, "the step has branches or items"
        try:
            items = list_of_items(run, step.for_each)
            if not items:
                return StepOutcome(("success",), b"[]", branches=NONE_FAILED)
            keep_items(run, step.for_each, group.id, items)
        except CannotMap as problem:
            return could_not_run(str(problem))
        group.count = len(items)
    return _fill(run, group)


def _fill(run: OpenWorkflowRun, group: RunGroupRow) -> StepOutcome | None:
    """Begin as many as may be under way, and say what came of it: an outcome, or `None` where the
    run now waits for the group, or has failed.
    """
    begun = 0
    while _has_room(run, group) and begun < BEGUN_MAX and not _is_decided(run, group):
        if run.events_so_far >= EVENTS_MAX:
            leave_group(run, group)
            fail_run(run, f"its history has {EVENTS_MAX} events; no more are allowed")
            return None
        _begin_next(run, group)
        begun += 1
    if _is_decided(run, group):
        return _decided(run, group)
    if _has_room(run, group):
        timers.set_timer(
            run.tx, run.tx.now_ms, timers.WORKFLOW_GROUP, run.namespace_id, run.number, group.id
        )
    run.tx.put(RUN_GROUP, RUN_GROUP.key(run.namespace_id, run.number), group)
    if run.row.wait is not Wait.BODIES:
        run.wait_for(Wait.BODIES, number=group.id)
    return None


def _has_room(run: OpenWorkflowRun, group: RunGroupRow) -> bool:
    """Whether another one may begin."""
    if run.row.is_paused:
        return False
    each = run.step.for_each
    is_full = each is not None and group.live >= each.concurrency
    return group.next < group.count and not is_full


def _begin_next(run: OpenWorkflowRun, group: RunGroupRow) -> None:
    index, step = group.next, run.step
    group.next += 1
    kind, branch = BodyKind.ITEM, ""
    if step.parallel is not None:
        kind, branch = BodyKind.BRANCH, list(step.parallel.branches)[index]
    body = new_body(run, kind, group.id, branch=branch, index=index)
    if kind is BodyKind.BRANCH:
        body.note(Event.BRANCH_STARTED)
    outcome = begin_attempt(body)
    if kind is BodyKind.ITEM:  # after it, so that the event can tell what the item runs
        body.note(Event.BRANCH_STARTED)
    follow(body, outcome)
    if body.row.is_finished:
        run.row.hops = max(run.row.hops, body.row.hops)
        _count(run, group, body)
    else:
        group.live += 1


def _count(run: OpenWorkflowRun, group: RunGroupRow, body: OpenBody) -> None:
    """A body has come to an outcome: keep it."""
    outcome = body.ended_with
    assert outcome is not None, "it has come to its end by itself"
    body.note(Event.BRANCH_COMPLETED, outcome.told())
    remember_to_undo(body, outcome)
    is_failure = outcome.is_failure
    group.failed += is_failure
    group.succeeded += not is_failure
    output = b"" if is_failure else _kept_output(run, group, outcome)
    error = (outcome.error or outcome.name) if is_failure else None
    row = EndRow(outcome.name, output, error, is_failure)
    key = ENDED.key(run.namespace_id, run.number, group.id, body.body.index)
    run.tx.put(ENDED, key, row)


def _kept_output(run: OpenWorkflowRun, group: RunGroupRow, outcome: StepOutcome) -> bytes:
    each = run.step.for_each
    if each is not None and not each.collect:
        return b""
    output = dump(document_of(outcome.output))
    group.output_bytes += len(output) + 1
    return output if group.output_bytes <= run.tx.value_bytes_max else b""


# The decision


def _is_decided(run: OpenWorkflowRun, group: RunGroupRow) -> bool:
    return verdict_of(run.step.parallel or run.step.for_each, group) is not None


def verdict_of(step: Parallel | ForEach | None, group: RunGroupRow) -> str | None:
    """The outcome's name, once there is one."""
    is_over = group.ended == group.count
    if isinstance(step, Parallel):
        wanted = _wanted(step, group)
        if group.succeeded >= wanted:
            return "success"
        is_lost = group.count - group.failed < wanted
        return "failure" if is_lost and (is_over or step.on_failure is OnFailure.CANCEL) else None
    assert step is not None, "the step has branches or items"
    if group.failed and (step.on_failure is OnItemFailure.CANCEL or group.failed == group.count):
        return "failure"
    return ("partial" if group.failed else "success") if is_over else None


def _wanted(step: Parallel, group: RunGroupRow) -> int:
    """How many branches must succeed."""
    if isinstance(step.join, int):
        return step.join
    return 1 if step.join == "any" else group.count


def _decided(run: OpenWorkflowRun, group: RunGroupRow) -> StepOutcome:
    """The one decision: what the step comes to; all that is under way is taken back."""
    step = run.step
    name = verdict_of(step.parallel or step.for_each, group)
    assert name is not None, "it is decided"
    run.stop_waiting()
    outcome = outcome_of_group(run, group, name)
    if not outcome.is_failure:
        run.note(Event.JOIN_REACHED, f"{group.succeeded} succeeded, {group.failed} failed")
    leave_group(run, group)
    return outcome


# What happens to bodies


def body_went_on(body: OpenBody) -> None:
    """A body waits for something else now, or has ended: then its run goes on."""
    run = body.whole
    if body.body.kind is BodyKind.COMPENSATION:
        compensation_went_on(body)
        return
    if not body.row.is_finished:
        run.save()
        return
    group = copy_of(run.tx.get(RUN_GROUP, RUN_GROUP.key(run.namespace_id, run.number)))
    assert group is not None, "a body that is wanted belongs to a group"
    group.live -= 1
    _count(run, group, body)
    _went_on(run, group)


def _went_on(run: OpenWorkflowRun, group: RunGroupRow) -> None:
    go_on(run, _fill(run, group))


def on_group_timer(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    """More items can begin than one commit may begin."""
    run = find_workflow_run(tx, of_namespace_id, number)
    group = tx.get(RUN_GROUP, RUN_GROUP.key(of_namespace_id, number))
    if run is None or run.row.is_paused:
        return  # it goes on when it is resumed
    if group is not None and group.id == data:
        with tx.within(run.workflow.namespace):
            _went_on(run, copy_of(group))


def on_body_timer(tx: Tx, due_ms: int, of_namespace_id: int, number: int, data: Any) -> None:
    body = find_body(tx, of_namespace_id, number)
    if body is None or body.row.timer_ms != due_ms:
        return
    body.row.timer_ms = 0
    with tx.within(body.workflow.namespace):
        due_ms = earlier(body.row.wait_due_ms, body.row.step_due_ms)
        if body.whole.row.is_paused or due_ms > tx.now_ms:
            body.save()  # its run is paused, or was since this time was set
        else:
            time_has_come(body)
