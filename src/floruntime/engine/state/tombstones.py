"""Remembers where a queue's ready index is empty, so that no scan walks over tombstones there.

Consumed messages leave tombstones at the head of the index. After a scan has found the first
message, everything before it is one gap. A message that is put into a gap splits it, so an urgent
message does not destroy the knowledge of what lies behind it.

This cache is derived from the store, is kept in `tx.hints`, and is also right when it is empty. It
survives refused commands: gaps are learned only from what a command found before it wrote, and
splitting a gap too often is safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tx import Tx

GAPS_MAX = 16


class Gaps:
    """Disjoint spans `[start, end)` without a row, in key order."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[bytes, bytes]] = []

    def fill(self, first: bytes, last: bytes) -> None:
        """Rows were put from `first` to `last`."""
        spans = self._spans
        if not spans or first >= spans[-1][1]:
            return
        end = next_key(last)
        left: list[tuple[bytes, bytes]] = []
        for span in spans:
            left += _without(span, first, end)
        if len(left) > GAPS_MAX:
            del left[1]  # the first and the last are the widest
        self._spans = left

    def learn(self, start: bytes, end: bytes) -> None:
        """Nothing lies in `[start, end)`, where `start` is the beginning of the queue's index."""
        later = []
        for span in self._spans:
            if span[0] > end:
                later.append(span)
            elif span[1] > end:
                end = span[1]
        self._spans = [(start, end), *later]

    def between(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The pieces of `[start, end)` that are not known to be empty, in order."""
        for gap_start, gap_end in self._spans:
            if start < gap_start:
                yield start, gap_start
            start = gap_end
        if start < end:
            yield start, end


def _without(span: tuple[bytes, bytes], first: bytes, end: bytes) -> list[tuple[bytes, bytes]]:
    start, stop = span
    if stop <= first or start >= end:
        return [span]
    left = [(start, first)] if start < first else []
    return [*left, (end, stop)] if end < stop else left


def gaps_of(tx: Tx, messages_id: int) -> Gaps:
    """What is known of the messages under this number."""
    gaps: Gaps | None = tx.hints.get(("queue", messages_id))
    if gaps is None:
        gaps = tx.hints[("queue", messages_id)] = Gaps()
    return gaps


def forget_gaps(tx: Tx, messages_id: int) -> None:
    """These messages are purged."""
    tx.hints.pop(("queue", messages_id), None)
