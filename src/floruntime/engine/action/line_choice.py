"""Chooses the lines of an action that a worker may take from: those whose labels it has all of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Protocol, TypeVar

import msgspec

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx

Labels = dict[str, str]


class Labelled(Protocol):
    """The row of a line."""

    @property
    def labels(self) -> Labels:
        """What a worker must have all of."""
        ...


L = TypeVar("L", bound=Labelled)

_encode = msgspec.json.Encoder(order="deterministic").encode


def text_of(labels: Labels) -> bytes:
    """A set of labels as the tail of a line's key."""
    return _encode(labels) if labels else b""


def matching(tx: Tx, table: Table[L], action_id: int, lines: int, labels: Labels) -> Iterator[L]:
    """The rows of the lines that a worker with these labels may take from, of so many lines: all of
    them are looked at, or all that its labels can name, whichever are fewer.
    """
    if lines < 2 ** len(labels):
        for _, row in tx.scan(table, *table.range(action_id)):
            if row.labels.items() <= labels.items():
                yield row
        return
    for subset in _subsets(labels):
        found = tx.get(table, table.key(action_id, tail=text_of(subset)))
        if found is not None:
            yield found


def _subsets(labels: Labels) -> Iterator[Labels]:
    """Every set of these labels, the empty one included."""
    pairs = list(labels.items())
    for size in range(len(pairs) + 1):
        for chosen in combinations(pairs, size):
            yield dict(chosen)
