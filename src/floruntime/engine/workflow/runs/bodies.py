"""Bodies: what a run does in parallel, each in a row of its own; branches and items are bodies.

A body moves like a run at a single step, by the same code (`advance.py`): it is attempted, polled,
timed, and waits for one thing. It has a number of its own, by which the awaited event finds it, as
it would find a run. What bodies have in common (signals, documents, the history) belongs to the
run. When a body has ended, its row is deleted. `Hooks.body_went_on` is told of each of its steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from floruntime.engine.action.rows import copy_of
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.workflow.language.definition import Branch, Definition, Step, Work
from floruntime.engine.workflow.language.outcomes import StepOutcome
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import (
    WORKFLOW_RUN,
    Wait,
    WorkflowRunRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import (
    OpenWorkflowRun,
    arm_workflow_run,
    earlier,
    find_workflow_run,
    open_workflow_run,
    step_of,
)


class BodyKind(IntEnum):
    """The kind of a body."""

    BRANCH = 1
    ITEM = 2
    COMPENSATION = 3


class RunBodyRow(msgspec.Struct, array_like=True, gc=False):
    """A body under way. `state`: where it stands, as of a run. `run`: the number of its run, `step`
    the step that it belongs to, `group` the stay there (see `groups.py`). `branch` of a branch,
    `index` of an item (`is_item`); of a branch, its place.
    """

    state: WorkflowRunRow
    kind: BodyKind
    run: int
    group: int
    step: str
    branch: str = ""
    index: int = 0
    is_item: bool = False


RUN_BODY: Final[Table[RunBodyRow]] = Table(
    b"yb", RunBodyRow, warm_bytes=1024, namespace_id="u64", number="u64"
)
#: The bodies of a run, in the order in which they began.
LIVE: Final[Table[bool]] = Table(b"yl", bool, namespace_id="u64", run="u64", number="u64")

_OF_ITEMS: Final = (Event.BRANCH_STARTED, Event.BRANCH_COMPLETED, Event.BRANCH_CANCELLED)
"""All that items write."""


class OpenBody(OpenWorkflowRun):
    """A body within one command.

    `whole`: the run that it belongs to, which is written after it. `ended_with`: its outcome, once
    it has ended.
    """

    __slots__ = ("_is_new", "_latest", "body", "ended_with", "whole")

    TIMER_KIND = timers.WORKFLOW_BODY

    def __init__(
        self, whole: OpenWorkflowRun, number: int, body: RunBodyRow, *, is_new: bool = False
    ) -> None:
        self.tx = whole.tx
        self.workflow = whole.workflow
        self.namespace_id = whole.namespace_id
        self.number = number
        self.row = body.state
        self.id = whole.id
        self.version = whole.version
        self.definition = whole.definition
        self.whole = whole
        self.body = body
        self.ended_with: StepOutcome | None = None
        self._is_new = is_new
        #: For an item: the run that it last began or was told of, and whether that is a workflow's.
        self._latest = (0, False)

    @property
    def of_run(self) -> OpenWorkflowRun:
        return self.whole

    @property
    def label(self) -> str:
        """Its name: a branch's name, or an item's index."""
        return label_of(self.body)

    @property
    def step(self) -> Step:
        """Its work, as a step without transitions."""
        return step_of_body(self.definition, self.body)

    def note(
        self,
        type: str,
        detail: str = "",
        number: int = 0,
        *,
        is_child: bool = False,
        step: str | None = None,
    ) -> None:
        """Add an event to the run's history; of an item, only its beginning and its end, with the
        run that it has then.
        """
        kind = self.body.kind
        if kind is BodyKind.ITEM:
            if type not in _OF_ITEMS:
                self._latest = (number, is_child) if number else self._latest
                return
            number, is_child = self._latest
        if kind is not BodyKind.COMPENSATION:
            told = f"{self.label}: {detail}" if detail else self.label
            self.whole.note(type, told, number, is_child=is_child, step=step)

    def save(self) -> None:
        """Write the body; if it has ended, delete it."""
        row, tx, body = self.row, self.tx, self.body
        key = RUN_BODY.key(self.namespace_id, self.number)
        live = LIVE.key(self.namespace_id, body.run, self.number)
        if row.is_finished:
            arm_workflow_run(self, 0)
            if not self._is_new:
                tx.delete(RUN_BODY, key)
                tx.delete(LIVE, live)
            return
        is_paused = self.whole.row.is_paused
        arm_workflow_run(self, 0 if is_paused else earlier(row.wait_due_ms, row.step_due_ms))
        body.state = row
        tx.put(RUN_BODY, key, copy_of(body))
        if self._is_new:
            tx.put(LIVE, live, True)
            self._is_new = False
        self.row = copy_of(row)

    def end(self, outcome: StepOutcome | None) -> None:
        """End the body. There is no outcome if it is no longer needed."""
        is_over = outcome is not None
        self.row.status = WorkflowRunStatus.COMPLETED if is_over else WorkflowRunStatus.CANCELLED
        self.ended_with = outcome


def label_of(body: RunBodyRow) -> str:
    """The name of a branch or an item within its step."""
    return body.branch or str(body.index)


def step_of_body(definition: Definition, body: RunBodyRow) -> Step:
    """The definition of a body's work."""
    if body.kind is BodyKind.COMPENSATION:
        undo = work_of_body(definition, body).compensate
        assert undo is not None, "what is compensated says how"
        return Step(run=undo.run, retry=undo.retry, timeout_ms=undo.timeout_ms)
    return _as_step(work_of_body(definition, body))


def work_of_body(definition: Definition, body: RunBodyRow) -> Work:
    """The part of the definition that a body runs, or compensates."""
    step = step_of(definition, body.step)
    if body.branch:
        assert step.parallel is not None, "a branch belongs to a parallel step"
        return step.parallel.branches[body.branch]
    return step if step.for_each is None else step.for_each


def _as_step(work: Work) -> Step:
    branch = work if isinstance(work, Branch) else Branch()
    return Step(
        run=work.run,
        input_mapping=work.input_mapping,
        key=work.key,
        retry=work.retry,
        poll=work.poll,
        timeout_ms=work.timeout_ms,
        wait_for_target_ms=work.wait_for_target_ms,
        wait_for_signal=branch.wait_for_signal,
        sleep=branch.sleep,
    )


def new_body(
    whole: OpenWorkflowRun,
    kind: BodyKind,
    group: int,
    *,
    step: str = "",
    branch: str = "",
    index: int = 0,
    is_item: bool = False,
) -> OpenBody:
    """Make a body that is about to begin, by default of the step that the run is at."""
    row, now_ms = whole.row, whole.tx.now_ms
    assert row.step is not None, "the run is at a step"
    is_item = is_item or kind is BodyKind.ITEM
    state = WorkflowRunRow(row.workflow_id, row.definition, WorkflowRunStatus.RUNNING, now_ms)
    label = branch or str(index)
    state.step = f"{row.step}/{label}"  # what seeds are made of
    state.shift_ms = row.shift_ms
    state.depth, state.hops, state.step_began_ms, state.attempt = row.depth, row.hops, now_ms, 1
    of_step = step or row.step
    body = RunBodyRow(state, kind, whole.number, group, of_step, branch, index, is_item)
    opened = OpenBody(whole, whole.tx.next_id(), body, is_new=True)
    timeout_ms = opened.step.timeout_ms
    state.step_due_ms = 0 if timeout_ms is None else now_ms + timeout_ms
    return opened


def find_body(tx: Tx, of_namespace_id: int, number: int) -> OpenBody | None:
    """The body with this number, if its run still needs it."""
    body = open_body(tx, of_namespace_id, number)
    if body is None or not is_wanted(tx, of_namespace_id, number, body.body):
        return None
    return body


def open_body(
    tx: Tx, of_namespace_id: int, number: int, whole: OpenWorkflowRun | None = None
) -> OpenBody | None:
    """The body with this number, whether its run still needs it or not."""
    row = tx.get(RUN_BODY, RUN_BODY.key(of_namespace_id, number)) if number else None
    if row is None:
        return None
    run = whole or find_workflow_run(tx, of_namespace_id, row.run)
    if run is None:
        return None
    mine = copy_of(row)
    mine.state = copy_of(row.state)
    body = OpenBody(run, number, mine)
    shift(body.row, run.row.shift_ms - body.row.shift_ms, stands_still=stands_still(body))
    body.row.shift_ms = run.row.shift_ms
    return body


def stands_still(run: OpenWorkflowRun) -> bool:
    """Whether a pause moves the end of its wait: every wait but a sleep until a fixed time."""
    sleep = run.step.sleep if run.row.wait is Wait.SLEEP else None
    return sleep is None or sleep.until is None


def shift(row: WorkflowRunRow, by_ms: int, *, stands_still: bool) -> None:
    """Move everything that is due later: durations stop while a run is paused."""
    if not by_ms:
        return
    row.step_began_ms += by_ms
    if row.step_due_ms:
        row.step_due_ms += by_ms
    if row.wait_due_ms and stands_still:
        row.wait_due_ms += by_ms
    if row.plan is not None:
        row.plan = replace(row.plan, began_ms=row.plan.began_ms + by_ms)


def find_run_or_body(tx: Tx, of_namespace_id: int, number: int) -> OpenWorkflowRun | None:
    """The run or body with this number, for which an action run or a child was begun."""
    # What is not there costs a look into the store: so first at what is at hand.
    row = tx.at_hand(WORKFLOW_RUN.key(of_namespace_id, number))
    if row is not None:
        return open_workflow_run(tx, of_namespace_id, number, row)
    if tx.at_hand(RUN_BODY.key(of_namespace_id, number)) is not None:
        return find_body(tx, of_namespace_id, number)
    run = find_workflow_run(tx, of_namespace_id, number)
    return run if run is not None else find_body(tx, of_namespace_id, number)


def live_bodies(run: OpenWorkflowRun, limit: int, first: int = 0) -> Iterator[OpenBody]:
    """Bodies of a run that have not ended, from the number `first` on, the oldest first."""
    place = (run.namespace_id, run.number)
    start, end = LIVE.key(*place, first), LIVE.range(*place)[1]
    keys = [key for key, _ in islice(run.tx.scan(LIVE, start, end), limit)]
    for key in keys:
        body = open_body(run.tx, run.namespace_id, LIVE.unpack(key)[2], run)
        assert body is not None, "what is listed is there"
        yield body


def is_wanted(view: View, of_namespace_id: int, number: int, body: RunBodyRow) -> bool:
    """Whether a body's result still counts: whether its run waits for it, or for its group."""
    if body.kind is BodyKind.COMPENSATION:
        run = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, body.run))
        return run is not None and (run.wait, run.wait_number) == (Wait.COMPENSATION, number)
    group = view.get(RUN_GROUP, RUN_GROUP.key(of_namespace_id, body.run))
    return group is not None and group.id == body.group


def run_is_wanted(tx: Tx, of_namespace_id: int, number: int) -> bool:
    """Whether the end of an action run counts that was begun for the run or body `number`."""
    if tx.at_hand(WORKFLOW_RUN.key(of_namespace_id, number)) is not None:
        return True  # a run, which no body has the number of: the store need not be asked for one
    body = tx.get(RUN_BODY, RUN_BODY.key(of_namespace_id, number))
    return body is None or is_wanted(tx, of_namespace_id, number, body)


class RunGroupRow(msgspec.Struct, array_like=True, gc=False):
    """What a run that waits for bodies knows of them; a run has at most one such group.

    `id`: of this visit of the step. `count`: of branches or items; `next`: the next of them to
    begin. `live`: how many are under way. `output_bytes`: of all outputs so far; once that is more
    than an output may have, no more outputs are kept.
    """

    id: int
    count: int
    next: int = 0
    live: int = 0
    succeeded: int = 0
    failed: int = 0
    output_bytes: int = 0

    @property
    def ended(self) -> int:
        """How many have an outcome."""
        return self.succeeded + self.failed


class EndRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """How a branch or an item ended; `output` is JSON."""

    outcome: str
    output: bytes = b""
    error: str | None = None
    is_failure: bool = False


RUN_GROUP: Final[Table[RunGroupRow]] = Table(
    b"yg", RunGroupRow, warm_bytes=256, namespace_id="u64", run="u64"
)
ENDED: Final[Table[EndRow]] = Table(
    b"yo", EndRow, namespace_id="u64", run="u64", group="u64", index="u64"
)
#: Some items together, as JSON, under the index of the first.
ITEMS: Final[Table[list[bytes]]] = Table(
    b"yi", list[bytes], namespace_id="u64", run="u64", group="u64", first="u64"
)
#: What the paths of an item's mapping and key found that look at no item, as JSON.
FOUND: Final[Table[bytes]] = Table(b"yf", bytes, namespace_id="u64", run="u64", group="u64")
