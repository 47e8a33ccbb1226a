"""The lines in which due runs stand, one for each action and set of labels.

Within a line, and over all lines that a worker may take from, the order is priority (a lower number
first), then due time, then arrival. A worker takes from the lines whose labels it has all of. So a
run that no worker matches delays only its own line. The line of runs without labels is stored under
the action's own number and counted in its row. A line for labels exists while a run stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Any, Final, NamedTuple

from floruntime.core.types import Value
from floruntime.engine.action.line_choice import Labels, matching, text_of
from floruntime.engine.action.rows import ActionRow, OpenAction, find_action_row
from floruntime.engine.action.run_rows import ActionRunRow
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tombstones import forget_gaps, gaps_of
from floruntime.engine.state.tx import Topic, Tx


class LineRow(Value, frozen=True):
    """`ready`: how many runs stand in the line; never 0."""

    id: int
    labels: Labels
    ready: int


LINE: Final[Table[LineRow]] = Table(
    b"al", LineRow, action_id="u64", tail="labels as text", cached=True
)
DUE_RUN: Final[Table[bool]] = Table(
    b"ar", bool, line_id="u64", priority="u16", due_ms="u64", number="u64"
)


class Line(NamedTuple):
    """A line that runs may be taken from, and how many stand in it."""

    id: int
    ready: int


_PLACE_FROM: Final = 10  # what follows tag and line in a key is the place, over all lines


# What waits for due runs


def due_topic(namespace: str, action: str) -> Topic:
    """What a worker waits on: due runs of an action, whatever their labels."""
    return namespace, f"due/{action}", ""


ANY_LINE = "*"
"""In the place of labels: the topic is touched for work that may stand in any line."""


def due_marker(action: OpenAction) -> Topic:
    """What is touched where there may be work again, in whatever line of the action."""
    return action.namespace, f"due/{action.name}", ANY_LINE


def is_spent(tx: Tx, topic: Topic) -> bool:
    """Whether nothing due is left in the line that a touched topic names."""
    with tx.within(topic[0]):
        row = find_action_row(tx, topic[1].removeprefix("due/"))
    if row is None:
        return True
    if topic[2] == ANY_LINE:
        return not (row.ready or row.lines or row.fronts)
    if not topic[2]:
        return not row.ready
    return tx.get(LINE, LINE.key(row.id, tail=topic[2].encode())) is None


# Coming and going


def put_in_line(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """Let the run be claimed, and tell those who wait."""
    tx = action.tx
    assert not run.is_ready, "a run stands in one line"
    text = text_of(run.labels) if run.labels else b""
    line_id = _count_labelled(action, run.labels, text) if text else action.row.id
    if not text:
        action.row.ready += 1
    key = DUE_RUN.key(line_id, run.priority, run.due_ms, number)
    tx.put(DUE_RUN, key, True)
    gaps_of(tx, line_id).fill(key, key)
    run.is_ready = True
    tx.touch((action.namespace, f"due/{action.name}", text.decode()))


def _count_labelled(action: OpenAction, labels: Labels, text: bytes) -> int:
    tx = action.tx
    key = LINE.key(action.row.id, tail=text)
    line = tx.get(LINE, key)
    if line is None:
        action.row.lines += 1
        line = LineRow(tx.next_id(), labels, 0)
    tx.put(LINE, key, LineRow(line.id, line.labels, line.ready + 1))
    return line.id


def take_out_of_line(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """The run no longer waits to be claimed."""
    tx = action.tx
    assert run.is_ready, "a run leaves the line that it stands in"
    text = text_of(run.labels) if run.labels else b""
    line_id = _uncount_labelled(action, text) if text else action.row.id
    if not text:
        action.row.ready -= 1
    tx.delete(DUE_RUN, DUE_RUN.key(line_id, run.priority, run.due_ms, number))
    run.is_ready = False


def _uncount_labelled(action: OpenAction, text: bytes) -> int:
    tx = action.tx
    key = LINE.key(action.row.id, tail=text)
    line = tx.get(LINE, key)
    assert line is not None, "a run that is ready stands in a line"
    if line.ready > 1:
        tx.put(LINE, key, LineRow(line.id, line.labels, line.ready - 1))
    else:
        action.row.lines -= 1
        tx.delete(LINE, key)
        forget_gaps(tx, line.id)
    return line.id


# Who may take from which


def matching_lines(tx: Tx, action: ActionRow, labels: Labels) -> Iterator[Line]:
    """The lines of an action that a worker with these labels may take from."""
    if action.ready:
        yield Line(action.id, action.ready)
    if not labels or not action.lines:
        return
    for row in matching(tx, LINE, action.id, action.lines, labels):
        yield Line(row.id, row.ready)


def numbers_in_order(tx: Tx, lines: list[Line]) -> Iterator[int]:
    """The runs of these lines in order. Read all that is wanted before writing."""
    found = [_keys_of(tx, line) for line in lines]
    keys = found[0] if len(found) == 1 else merge(*found, key=_place)
    for key in keys:
        yield DUE_RUN.unpack(key)[3]


def runs_in_line(tx: Tx, line: Line) -> Iterator[tuple[int, int, int]]:
    """The places of the runs of one line, in order."""
    for key in _keys_of(tx, line):
        _, priority, due_ms, number = DUE_RUN.unpack(key)
        yield priority, due_ms, number


def _place(key: bytes) -> Any:
    return key[_PLACE_FROM:]


def _keys_of(tx: Tx, line: Line) -> Iterator[bytes]:
    start, end = DUE_RUN.range(line.id)
    written = tx.written_keys(DUE_RUN, start, end)
    if len(written) == line.ready:
        yield from written  # the store has no others, and to look there costs as much as the rest
        return
    gaps = gaps_of(tx, line.id)
    is_first = True
    for piece in gaps.between(start, end):
        for key, _ in tx.scan(DUE_RUN, *piece):
            if is_first:
                gaps.learn(start, key)
                is_first = False
            yield key
