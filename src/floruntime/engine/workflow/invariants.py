"""What is true of workflows in every state that a commit leaves behind; for tests and `flo verify`.

`orphans` are runs that nothing will ever wake; `invariant_counts.py` has `miscounts`, indexes and
counts that do not agree with the runs. Each is a sentence. Everything is read, and little is kept
in memory meanwhile. What lies under a deleted namespace is left out: it is being reclaimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from floruntime.engine.action.run_rows import ACTION_RUN
from floruntime.engine.state.tx import View
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.engine.system.timers import TIMER, name_of
from floruntime.engine.workflow.runs.bodies import (
    ENDED,
    LIVE,
    RUN_BODY,
    RUN_GROUP,
    RunBodyRow,
    is_wanted,
)
from floruntime.engine.workflow.runs.compensation_rows import ENDING
from floruntime.engine.workflow.runs.idempotency import key_of
from floruntime.engine.workflow.runs.pauses import HELD
from floruntime.engine.workflow.runs.rows import WORKFLOW_KEY, WORKFLOW_RUN, Wait, WorkflowRunRow
from floruntime.engine.workflow.runs.run import step_of, workflow_run_id
from floruntime.engine.workflow.runs.workflows import the_definition

_PLAN_WAITS: Final = (Wait.EXECUTOR, Wait.TRACKING, Wait.EXECUTOR_RETRY)


class Live(NamedTuple):
    """A run of a namespace that exists."""

    namespace_id: int
    number: int
    row: WorkflowRunRow

    def __str__(self) -> str:
        run_id = workflow_run_id(self.number, self.row)
        return f"workflow run {run_id} of namespace {self.namespace_id}"


def live_namespaces(view: View) -> list[int]:
    """The numbers of the namespaces that exist."""
    return [row.id for _, row in view.scan(NAMESPACE, *NAMESPACE.range()) if row.id]


def live_runs(view: View) -> Iterator[Live]:
    """All runs of all namespaces that exist."""
    for of_namespace_id in live_namespaces(view):
        for key, row in view.scan(WORKFLOW_RUN, *WORKFLOW_RUN.range(of_namespace_id)):
            yield Live(of_namespace_id, WORKFLOW_RUN.unpack(key)[1], row)


def orphans(view: View) -> list[str]:
    """Unfinished runs that nothing will ever wake, and finished ones that nothing will forget; also
    action runs that no workflow run waits for, though they were begun for one.
    """
    found = []
    for run in live_runs(view):
        judge = _finished if run.row.is_finished else _unfinished
        found += [f"{run} {problem}" for problem in judge(view, run)]
    return [*found, *_unwanted_action_runs(view), *_of_bodies(view)]


def _finished(view: View, run: Live) -> Iterator[str]:
    row = run.row
    if row.wait != Wait.NOTHING or row.plan is not None or row.step_due_ms:
        yield "has ended and still waits for something"
    if row.terminal is None or row.completed_at_ms is None:
        yield "has ended, but not anywhere or at no time"
    if not row.timer_ms:
        yield "has ended and will never be forgotten"
    else:
        yield from _timer_problems(view, run)
    yield from _key_problems(view, run)


def _unfinished(view: View, run: Live) -> Iterator[str]:
    row = run.row
    judge = _WAITS.get(row.wait)
    if judge is None:
        yield "has not ended and waits for nothing"
    else:
        yield from judge(view, run)
    held = view.get(HELD, HELD.key(run.namespace_id, run.number))
    wait = held.wait if row.wait is Wait.HELD and held is not None else row.wait
    if (row.plan is not None) != (wait in _PLAN_WAITS):
        yield f"goes through plan {row.plan!r} while it waits for {wait.name}"
    due_ms = min((due for due in (row.wait_due_ms, row.step_due_ms) if due), default=0)
    due_ms = 0 if row.is_paused else due_ms
    if row.timer_ms != due_ms:
        yield f"has a timer at {row.timer_ms} instead of {due_ms}"
    yield from _timer_problems(view, run)
    yield from _key_problems(view, run)


def _timer_problems(view: View, run: Live) -> Iterator[str]:
    due_ms = run.row.timer_ms
    if not due_ms:
        return
    if not timers.is_set(view, due_ms, timers.WORKFLOW_RUN, run.namespace_id, run.number):
        yield f"counts on a timer at {due_ms} that is not there"


def _key_problems(view: View, run: Live) -> Iterator[str]:
    row = run.row
    if row.idempotency_key is None:
        return
    known = view.get(WORKFLOW_KEY, key_of(row.workflow_id, row.idempotency_key))
    if known is None or known.number != run.number:
        return  # it may have been retried after its key had gone to another run
    if (known.expires_at_ms > 0) != row.is_finished:
        yield f"has an idempotency key that expires at {known.expires_at_ms}"
    place = (timers.WORKFLOW_KEY, row.workflow_id, run.number)
    if known.expires_at_ms and not timers.is_set(view, known.expires_at_ms, *place):
        yield "has an idempotency key that nothing will forget"


# What an unfinished run can wait for


def _action_comes(view: View, run: Live) -> Iterator[str]:
    number = run.row.wait_number
    action_run = view.get(ACTION_RUN, ACTION_RUN.key(run.namespace_id, number))
    if action_run is None or action_run.is_finished:
        yield f"waits for action run {number}, which is gone or has ended"
    elif action_run.workflow_run != run.number:
        yield f"waits for action run {number}, which belongs to run {action_run.workflow_run}"


def _child_comes(view: View, run: Live) -> Iterator[str]:
    number = run.row.wait_number
    child = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(run.namespace_id, number))
    if child is None or child.is_finished:
        yield f"waits for child {number}, which is gone or has ended"
    elif child.parent != run.number:
        yield f"waits for child {number}, whose parent is {child.parent}"


def _signal_may_come(view: View, run: Live) -> Iterator[str]:
    type = run.row.wait_signal
    if type is None:
        yield "waits for a signal of no type"
    elif run.row.is_paused:
        return
    elif not 0 < run.row.timer_ms <= view.now_ms and _is_there(view, run):
        yield f"waits for signal {type!r} and keeps {run.row.signals}"
    if run.row.wait == Wait.TRACKING:
        yield from _time_comes(view, run)


def _is_there(view: View, run: Live) -> bool:
    """Whether what the run waits for is kept already."""
    row = run.row
    if row.wait == Wait.TRACKING:
        return row.wait_signal in row.signals
    definition = the_definition(view, row.workflow_id, row.definition).definition
    wanted = step_of(definition, row.step or "").wait_for_signal
    if wanted is None:
        return row.wait_signal in row.signals
    enough = all if wanted.all_of else any
    return enough(type in row.signals for type in wanted.types)


def _time_comes(view: View, run: Live) -> Iterator[str]:
    if not run.row.wait_due_ms:
        yield f"waits for {run.row.wait.name} that never comes"


def _bodies_come(view: View, run: Live) -> Iterator[str]:
    """What a run waits for that waits for its branches or items."""
    place = run.namespace_id, run.number
    group = view.get(RUN_GROUP, RUN_GROUP.key(*place))
    if group is None or group.id != run.row.wait_number:
        yield f"waits for group {run.row.wait_number} and has {group}"
        return
    numbers = [LIVE.unpack(key)[2] for key, _ in view.scan(LIVE, *LIVE.range(*place))]
    bodies = [view.get(RUN_BODY, RUN_BODY.key(run.namespace_id, number)) for number in numbers]
    live = sum(body is not None and body.group == group.id for body in bodies)
    if live != group.live:
        yield f"counts {group.live} branches or items under way; there are {live}"
    ended = sum(1 for _ in view.scan(ENDED, *ENDED.range(*place, group.id)))
    if ended != group.ended or group.next != group.ended + group.live:
        yield f"counts {group}, of which {ended} have ended"
    if not live and group.next == group.count:
        yield "waits for branches or items that have all ended"


def _is_held(view: View, run: Live) -> Iterator[str]:
    if view.get(HELD, HELD.key(run.namespace_id, run.number)) is None:
        yield "goes on with what is held, and nothing is"


def _compensation_comes(view: View, run: Live) -> Iterator[str]:
    number = run.row.wait_number
    if view.get(ENDING, ENDING.key(run.namespace_id, run.number)) is None:
        yield "compensates and does not know how it ends"
    if number and view.get(RUN_BODY, RUN_BODY.key(run.namespace_id, number)) is None:
        yield f"waits for compensation {number}, which is gone"


def _of_bodies(view: View) -> Iterator[str]:
    """Branches and items that nobody waits for, or that nothing will wake."""
    for of_namespace_id in live_namespaces(view):
        for key, body in view.scan(RUN_BODY, *RUN_BODY.range(of_namespace_id)):
            number = RUN_BODY.unpack(key)[1]
            told = f"{body.kind.name.lower()} {number} of run {body.run}"
            if view.get(LIVE, LIVE.key(of_namespace_id, body.run, number)) is None:
                yield f"{told} is not listed with its run"
            for problem in _of_body(view, of_namespace_id, number, body):
                yield f"{told} {problem}"


def _of_body(view: View, of_namespace_id: int, number: int, body: RunBodyRow) -> Iterator[str]:
    if not is_wanted(view, of_namespace_id, number, body):
        if not _is_left(view, of_namespace_id, body):
            yield "is no longer wanted, and nothing will take it back"
        return
    live, due_ms = Live(of_namespace_id, number, body.state), body.state.timer_ms
    if body.state.wait is not Wait.SIGNAL:
        yield from _WAITS[body.state.wait](view, live)
    place = (timers.WORKFLOW_BODY, of_namespace_id, number)
    if due_ms and not timers.is_set(view, due_ms, *place):
        yield f"counts on a timer at {due_ms} that is not there"


def _is_left(view: View, of_namespace_id: int, body: RunBodyRow) -> bool:
    """Whether a tick will take the bodies of a group back."""
    return any(
        name_of(key, timer)[1:] == (timers.WORKFLOW_GROUP_LEFT, of_namespace_id, body.group)
        for key, timer in view.scan(TIMER, *TIMER.range())
    )


_WAITS: Final[dict[Wait, Callable[[View, Live], Iterator[str]]]] = {
    Wait.ACTION: _action_comes,
    Wait.EXECUTOR: _action_comes,
    Wait.CHILD: _child_comes,
    Wait.SIGNAL: _signal_may_come,
    Wait.TRACKING: _signal_may_come,
    Wait.RETRY: _time_comes,
    Wait.POLL: _time_comes,
    Wait.TARGET: _time_comes,
    Wait.SLEEP: _time_comes,
    Wait.BODIES: _bodies_come,
    Wait.COMPENSATION: _compensation_comes,
    Wait.HELD: _is_held,
    Wait.EXECUTOR_RETRY: _time_comes,
}


def _unwanted_action_runs(view: View) -> Iterator[str]:
    for of_namespace_id in live_namespaces(view):
        for key, action_run in view.scan(ACTION_RUN, *ACTION_RUN.range(of_namespace_id)):
            if action_run.is_finished or not action_run.workflow_run:
                continue
            number = ACTION_RUN.unpack(key)[1]
            row = _begun_for(view, of_namespace_id, action_run.workflow_run)
            if row is None or row.wait_number != number or row.wait not in _ACTION_WAITS:
                yield (
                    f"action run {number} of namespace {of_namespace_id} goes on, though workflow "
                    f"run {action_run.workflow_run} does not wait for it"
                )


def _begun_for(view: View, of_namespace_id: int, number: int) -> WorkflowRunRow | None:
    """The run or body of this number, as it stands."""
    row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number))
    body = None if row is not None else view.get(RUN_BODY, RUN_BODY.key(of_namespace_id, number))
    return row if body is None else body.state


_ACTION_WAITS: Final = (Wait.ACTION, Wait.EXECUTOR)
