"""A run's history, oldest event first, and waiting for more of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.action import ActionAttempt
from floruntime.core.workflow import HistoryEvent, HistoryReply, WorkflowHistory
from floruntime.engine.action.attempts import attempts_of
from floruntime.engine.action.run_rows import ACTION_RUN
from floruntime.engine.action.run_rows import action_run_id as action_run_id_of
from floruntime.engine.state.cursors import open_cursor
from floruntime.engine.state.dispatch import WaitRule
from floruntime.engine.state.pages import page_of
from floruntime.engine.state.tx import Topic, View
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.runs.events import Event
from floruntime.engine.workflow.runs.rows import EVENTS, WORKFLOW_RUN, EventRow
from floruntime.engine.workflow.runs.run import (
    HISTORY_TOPIC,
    find_workflow_run_row,
    made_id,
    workflow_run_id,
)


def history(view: View, request: WorkflowHistory) -> HistoryReply:
    limit = limits.check_limit(request.limit)
    limits.check_block(request.block_ms)
    limits.check_range("after", request.after, 0, limits.UINT_MAX)
    number, row = find_workflow_run_row(view, request.run_id)
    continued = open_cursor("history", number, request.cursor)
    passed = request.after if continued is None else int.from_bytes(continued, "big")
    rows = (
        (sequence.to_bytes(8, "big"), _as_event(view, sequence, event))
        for sequence, event in _events_after(view, number, passed)
    )
    items, cursor = page_of(rows, limit, "history", number, _size_of)
    return HistoryReply(items, cursor, row.is_finished)


def _topics(namespace: str, request: WorkflowHistory) -> tuple[Topic]:
    return ((namespace, HISTORY_TOPIC, request.run_id),)


def _has_more(reply: HistoryReply) -> bool:
    return bool(reply.items) or reply.is_finished


HISTORY_WAIT: Final = WaitRule(_topics, _has_more)


def _size_of(event: HistoryEvent) -> int:
    # What the last attempt said stands in the detail, too.
    return len(event.detail) + sum(len(each.error or "") for each in event.attempts[:-1])


def _events_after(view: View, number: int, passed: int) -> Iterator[tuple[int, EventRow]]:
    """Events lie together by command: begin with the command that the next one belongs to."""
    start, end = EVENTS.range(namespace_id(view), number)
    at_next = EVENTS.key(namespace_id(view), number, passed + 2)
    for key, _ in view.scan(EVENTS, start, at_next, reverse=True):
        start = key
        break
    for key, events in view.scan(EVENTS, start, end):
        first = EVENTS.unpack(key)[2]
        for sequence, event in enumerate(events, first):
            if sequence > passed:
                yield sequence, event


def _as_event(view: View, sequence: int, event: EventRow) -> HistoryEvent:
    run_id = None
    if event.number and event.is_child:
        row = view.get(WORKFLOW_RUN, WORKFLOW_RUN.key(namespace_id(view), event.number))
        run_id = made_id(event.number) if row is None else workflow_run_id(event.number, row)
    elif event.number:
        run_id = action_run_id_of(event.number)
    attempts = _attempts_of(view, event)
    return HistoryEvent(
        sequence, event.type, event.detail, event.step, event.at_ms, run_id, attempts
    )


def _attempts_of(view: View, event: EventRow) -> list[ActionAttempt]:
    """What became of each attempt of the action that has ended here."""
    if event.type != Event.ACTION_COMPLETED or not event.number or event.is_child:
        return []
    of_namespace_id = namespace_id(view)
    row = view.get(ACTION_RUN, ACTION_RUN.key(of_namespace_id, event.number))
    return [] if row is None else attempts_of(view, of_namespace_id, event.number, row)
