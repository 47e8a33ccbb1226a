"""Checks that the indexes and counts of workflows agree with the runs; see `invariants.py`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.large_documents import read_document
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.info import group_info
from floruntime.engine.stream.group.rows import find_group
from floruntime.engine.stream.rows import find_stream
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import NAMESPACE
from floruntime.engine.system.timers import TIMER, is_set, name_of
from floruntime.engine.workflow.catalog.schedules import SCHEDULE, SCHEDULE_DUE
from floruntime.engine.workflow.catalog.triggers import TRIGGER, TRIGGERED
from floruntime.engine.workflow.invariants import Live, live_namespaces, live_runs, orphans
from floruntime.engine.workflow.language.definition import Executor
from floruntime.engine.workflow.runs.bodies import ENDED, FOUND, ITEMS, LIVE, RUN_BODY, RUN_GROUP
from floruntime.engine.workflow.runs.compensation_rows import ENDING, UNDO, UNDONE
from floruntime.engine.workflow.runs.old_versions import VERSIONS_KEPT
from floruntime.engine.workflow.runs.rows import (
    DEFINITION,
    DEFINITION_TEXT,
    EVENT_SOURCE,
    EVENTS,
    SEARCH,
    SEARCH_VALUE,
    SIGNAL,
    STEP,
    USE,
    VERSION,
    WORKFLOW,
    WORKFLOW_INPUT,
    WORKFLOW_NAME,
    WORKFLOW_OUTPUT,
    WORKFLOW_RUN,
    WORKFLOW_RUN_BY_STATUS,
    WORKFLOW_RUN_ENDED,
    WORKFLOW_RUN_ID,
    Origin,
    WorkflowRow,
    WorkflowRunRow,
    WorkflowRunStatus,
)
from floruntime.engine.workflow.runs.run import ended_key
from floruntime.engine.workflow.runs.search import mark_of
from floruntime.engine.workflow.runs.search_values import key_of_value
from floruntime.engine.workflow.runs.workflows import find_row, with_status
from floruntime.engine.workflow.steps.plan_rows import PLAN

_OF_RUNS: Final[tuple[Table[Any], ...]] = (
    WORKFLOW_INPUT,
    WORKFLOW_OUTPUT,
    EVENT_SOURCE,
    STEP,
    EVENTS,
    SIGNAL,
    LIVE,
    RUN_GROUP,
    ENDED,
    ITEMS,
    FOUND,
    UNDO,
    UNDONE,
    ENDING,
)
"""The tables with rows of runs, under namespace and number."""


def violations(view: View) -> list[str]:
    """Whatever is wrong with workflows; nothing, if all is well."""
    return [*orphans(view), *miscounts(view)]


def miscounts(view: View) -> list[str]:
    """Indexes and counts that do not agree with the runs, and rows of what is gone."""
    tally = _Tally()
    found = []
    for run in live_runs(view):
        tally.add(view, run)
        found += [f"{run} {problem}" for problem in _rows_of_run(view, run)]
    for of_namespace_id in live_namespaces(view):
        for _, body in view.scan(RUN_BODY, *RUN_BODY.range(of_namespace_id)):
            tally.add_call(view, body.state)
        found += _leftovers(view, of_namespace_id)
        found += _marks(view, of_namespace_id, tally)
    for namespace, name, row in _live_workflows(view):
        told = f"workflow {name!r} of namespace {namespace!r}"
        problems = [*_of_workflow(view, row, tally), *_of_executors(view, row, tally)]
        problems += [*_of_schedule(view, row), *_of_trigger(view, namespace, row)]
        found += [f"{told} {problem}" for problem in problems]
    return [*found, *_stray_timers(view)]


def _stray_timers(view: View) -> Iterator[str]:
    """Timers that nobody counts on, though their owner is there."""
    namespaces = set(live_namespaces(view))
    for key, timer in view.scan(TIMER, *TIMER.range()):
        due_ms, kind, owner_id, item = name_of(key, timer)
        if kind == timers.WORKFLOW_RUN and owner_id in namespaces:
            run = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(owner_id, item))
            if run is None or run.timer_ms != due_ms:
                yield f"a timer at {due_ms} is for run {item}, which does not count on it"
        elif kind == timers.WORKFLOW_BODY and owner_id in namespaces:
            body = view.get(RUN_BODY, RUN_BODY.key(owner_id, item))
            if body is None or body.state.timer_ms != due_ms:
                yield f"a timer at {due_ms} is for body {item}, which does not count on it"
        elif kind == timers.WORKFLOW_TRIGGER:
            trigger = view.get(TRIGGER, TRIGGER.key(owner_id))
            if trigger is not None and trigger.timer_ms != due_ms:
                yield f"a timer at {due_ms} is for trigger {owner_id}, which does not count on it"


def _live_workflows(view: View) -> Iterator[tuple[str, str, WorkflowRow]]:
    for namespace_key, namespace in view.scan(NAMESPACE, *NAMESPACE.range()):
        if not namespace.id:
            continue
        for key, row in view.scan(WORKFLOW, *WORKFLOW.range(namespace.id)):
            yield NAMESPACE.tail_of(namespace_key).decode(), WORKFLOW.tail_of(key).decode(), row


class _Tally:
    """What the runs add up to."""

    def __init__(self) -> None:
        self.runs: Counter[int] = Counter()
        self.numbers: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self.unfinished: Counter[int] = Counter()
        self.scheduled: Counter[int] = Counter()
        self.uses: Counter[tuple[int, int]] = Counter()
        self.marks: Counter[int] = Counter()
        self.probes: Counter[tuple[int, str, str]] = Counter()

    def add(self, view: View, run: Live) -> None:
        row = run.row
        self.runs[row.workflow_id] += 1
        self.numbers[row.workflow_id, row.status].append(run.number)
        self.uses[row.workflow_id, row.definition] += 1
        self.marks[run.namespace_id] += sum(
            value is not None for value in row.search_attributes.values()
        )
        if row.is_finished:
            return
        self.unfinished[row.workflow_id] += 1
        self.scheduled[row.workflow_id] += row.origin == Origin.SCHEDULE
        self.add_call(view, row)

    def add_call(self, view: View, row: WorkflowRunRow) -> None:
        """The call of a plan that is under way there, of a run or of a body of one."""
        if row.plan is not None and row.plan.is_probe:
            executor = _executor_of(view, row)
            self.probes[row.workflow_id, row.plan.name, executor.name] += 1


def _executor_of(view: View, row: WorkflowRunRow) -> Executor:
    definition = view.get(DEFINITION, DEFINITION.key(row.workflow_id, row.definition))
    assert definition is not None, "a version stays while it is used"
    assert row.plan is not None, "the run goes through a plan"
    plan = definition.definition.plans[row.plan.name]
    return plan.executors[row.plan.order[row.plan.position]]


# A run and its own rows


def _rows_of_run(view: View, run: Live) -> Iterator[str]:
    row = run.row
    if (
        view.get(
            WORKFLOW_RUN_BY_STATUS,
            WORKFLOW_RUN_BY_STATUS.key(row.workflow_id, row.status, run.number),
        )
        is None
    ):
        yield f"is not in the index under its status {row.status}"
    is_indexed = row.completed_at_ms is not None and _is_indexed(view, row.workflow_id)
    if is_indexed and view.get(WORKFLOW_RUN_ENDED, ended_key(run.number, row)) is None:
        yield "is not in the index of ends"
    if read_document(view, WORKFLOW_INPUT, run.namespace_id, run.number, row.input) is None:
        yield "has no input"
    if row.run_id is not None:
        key = WORKFLOW_RUN_ID.key(run.namespace_id, tail=row.run_id.encode())
        if view.get(WORKFLOW_RUN_ID, key) != run.number:
            yield "is not found by the id that it was given"
    for name, value in row.search_attributes.items():
        if value is not None:
            old_key = SEARCH.key(run.namespace_id, mark_of(name, value), run.number)
            key = key_of_value(run.namespace_id, name, value, run.number)
            if view.get(SEARCH_VALUE, key) is None and view.get(SEARCH, old_key) is None:
                yield f"is not found by its search attribute {name!r}"
    if not row.is_finished:  # of a finished one they may be going
        yield from _events_and_signals(view, run)


def _is_indexed(view: View, workflow_id: int) -> bool:
    names = view.get(WORKFLOW_NAME, WORKFLOW_NAME.key(workflow_id))
    if names is None:
        return False
    with view.within(names.namespace):
        row = find_row(view, names.name)
    return row is not None and row.is_indexed


def _events_and_signals(view: View, run: Live) -> Iterator[str]:
    place = run.namespace_id, run.number
    count = 0
    for key, events in view.scan(EVENTS, *EVENTS.range(*place)):
        first = EVENTS.unpack(key)[2]
        if first != count + 1:
            yield f"has event {first} after event {count}"
        count += len(events)
    if count != run.row.events:
        yield f"counts {run.row.events} events and has {count}"
    kept = Counter(row.type for _, row in view.scan(SIGNAL, *SIGNAL.range(*place)))
    if kept != Counter(run.row.signals):
        yield f"counts kept signals as {run.row.signals} and has {dict(kept)}"


def _leftovers(view: View, of_namespace_id: int) -> Iterator[str]:
    """Rows of runs that are gone."""
    for table in _OF_RUNS:
        known = 0
        for key, _ in view.scan(table, *table.range(of_namespace_id)):
            number = table.unpack(key)[1]
            if (
                number != known
                and view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number)) is None
            ):
                yield f"table {table.tag!r} has a row of workflow run {number}, which is gone"
            known = number
    for _, number in view.scan(WORKFLOW_RUN_ID, *WORKFLOW_RUN_ID.range(of_namespace_id)):
        if view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(of_namespace_id, number)) is None:
            yield f"an id leads to workflow run {number}, which is gone"


def _marks(view: View, of_namespace_id: int, tally: _Tally) -> Iterator[str]:
    tables = (SEARCH, SEARCH_VALUE)
    marks = sum(1 for each in tables for _ in view.scan(each, *each.range(of_namespace_id)))
    if marks != tally.marks[of_namespace_id]:
        yield (
            f"namespace {of_namespace_id} has {marks} rows of search attributes; its runs have "
            f"{tally.marks[of_namespace_id]}"
        )


# Workflows


def _of_workflow(view: View, row: WorkflowRow, tally: _Tally) -> Iterator[str]:
    counted = row.runs, row.unfinished, row.scheduled
    found = tally.runs[row.id], tally.unfinished[row.id], tally.scheduled[row.id]
    if counted != found:
        yield f"counts runs, unfinished and scheduled ones as {counted}; there are {found}"
    for status in WorkflowRunStatus if row.by_status else ():
        place, numbers = with_status(row, status), tally.numbers[row.id, status]
        if len(numbers) != place.rows or min(numbers, default=place.first) < place.first:
            yield (
                f"counts {place.rows} runs of status {status} from {place.first} on; there are "
                f"{len(numbers)}, from {min(numbers, default=0)} on"
            )
    indexed = sum(
        1 for _ in view.scan(WORKFLOW_RUN_BY_STATUS, *WORKFLOW_RUN_BY_STATUS.range(row.id))
    )
    if indexed != tally.runs[row.id]:
        yield f"has {indexed} rows in the index of its {tally.runs[row.id]} runs"
    ended = sum(1 for _ in view.scan(WORKFLOW_RUN_ENDED, *WORKFLOW_RUN_ENDED.range(row.id)))
    if row.is_indexed and ended != tally.runs[row.id] - tally.unfinished[row.id]:
        yield f"has {ended} rows in the index of ends, and counts {counted}"
    if view.get(WORKFLOW_NAME, WORKFLOW_NAME.key(row.id)) is None:
        yield "is not found by its number"
    yield from _of_versions(view, row, tally)


def _of_versions(view: View, row: WorkflowRow, tally: _Tally) -> Iterator[str]:
    numbers = [
        DEFINITION.unpack(key)[1] for key, _ in view.scan(DEFINITION, *DEFINITION.range(row.id))
    ]
    texts = [
        DEFINITION_TEXT.unpack(key)[1]
        for key, _ in view.scan(DEFINITION_TEXT, *DEFINITION_TEXT.range(row.id))
    ]
    named = sorted(number for _, number in view.scan(VERSION, *VERSION.range(row.id)))
    if not numbers == texts == named:
        yield f"has definitions {numbers}, texts {texts} and versions {named}"
    if row.current not in numbers:
        yield f"has no definition {row.current}, its current one"
    uses = {USE.unpack(key)[1]: count for key, count in view.scan(USE, *USE.range(row.id))}
    counted = {number: count for (of, number), count in tally.uses.items() if of == row.id}
    if uses != counted:
        yield f"counts runs on its versions as {uses}; there are {counted}"
    kept = set(numbers[-VERSIONS_KEPT:]) | uses.keys() | {row.current}
    if set(numbers) != kept:
        yield f"has definitions {numbers}; {sorted(kept)} should be kept"


def _of_executors(view: View, row: WorkflowRow, tally: _Tally) -> Iterator[str]:
    for key, plan in view.scan(PLAN, *PLAN.range(row.id)):
        name = PLAN.tail_of(key).decode()
        for executor, state in plan.executors.items():
            probes = tally.probes[row.id, name, executor]
            if state.probes != probes:
                yield (
                    f"counts {state.probes} probes of executor {executor!r} of plan {name!r}; "
                    f"{probes} are under way"
                )


# Schedules and triggers


def _of_schedule(view: View, row: WorkflowRow) -> Iterator[str]:
    schedule = view.get(SCHEDULE, SCHEDULE.key(row.id))
    if schedule is None:
        return
    if schedule.buffered_ms and not row.scheduled:
        yield f"buffers a run of {schedule.buffered_ms}, though nothing holds it up"
    sleeps = schedule.paused or not row.enabled
    if sleeps and schedule.due_ms is not None:
        yield "has a schedule that is due, though it is paused or the workflow disabled"
    if schedule.due_ms is not None and not _is_due(view, schedule.due_ms, row.id):
        yield f"has a schedule due at {schedule.due_ms}, where nothing stands"


def _is_due(view: View, due_ms: int, workflow_id: int) -> bool:
    return view.get(SCHEDULE_DUE, SCHEDULE_DUE.key(due_ms, workflow_id)) is not None


def _of_trigger(view: View, namespace: str, row: WorkflowRow) -> Iterator[str]:
    trigger = view.get(TRIGGER, TRIGGER.key(row.id))
    if trigger is None:
        return
    with view.within(namespace):
        stream = find_stream(view, trigger.spec.stream)
    group = None if stream is None else find_group(view, stream, trigger.group)
    of_namespace_id = _namespace_id(view, namespace)
    key = TRIGGERED.key(of_namespace_id, tail=trigger.spec.stream.encode())
    if row.id not in (view.get(TRIGGERED, key) or ()):
        yield f"has a trigger that no append to {trigger.spec.stream!r} wakes"
    if trigger.timer_ms:
        if not is_set(view, trigger.timer_ms, timers.WORKFLOW_TRIGGER, row.id):
            yield f"has a trigger that counts on a timer at {trigger.timer_ms}"
    elif row.enabled and stream is not None and group is not None:
        lag = group_info(view, stream, group, trigger.group).lag
        if lag:
            yield f"has a trigger with {lag} records that nothing looks at"


def _namespace_id(view: View, namespace: str) -> int:
    row = view.get(NAMESPACE, NAMESPACE.key(tail=namespace.encode()))
    return 0 if row is None else row.id
