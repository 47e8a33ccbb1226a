"""What is noted first and counted later comes to the same."""

from __future__ import annotations

import random
from dataclasses import dataclass

from floruntime.core.kv import KvGet, KvPut
from floruntime.server.metrics.counts import (
    COMMANDS_BOUNDS,
    DURATION_BOUNDS_S,
    Counts,
    Histogram,
    NotedHistogram,
    taken,
)


def test_what_is_noted_comes_to_the_same_as_what_is_counted_at_once() -> None:
    chance = random.Random(7)
    values = [*DURATION_BOUNDS_S, 0.0, 31.0, *(chance.expovariate(20) for _ in range(500))]
    at_once, noted = Histogram(), NotedHistogram()
    for number, value in enumerate(values):
        at_once.observe(value)
        noted.noted.append(value)
        if number % 100 == 0:
            noted.count()
    noted.count()
    assert noted.buckets() == at_once.buckets()
    assert abs(noted.sum - at_once.sum) < 1e-9


def test_whole_numbers_on_their_bounds() -> None:
    sizes = NotedHistogram(COMMANDS_BOUNDS)
    sizes.noted += [0, 1, 2, 3, 1024, 1025]
    sizes.count()
    assert sizes.counts == [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert sizes.sum == 2055


def test_what_is_added_while_it_is_taken_stays() -> None:
    noted = [1, 2]
    assert taken(noted) == [1, 2]
    noted.append(3)
    assert taken(noted) == [3]
    assert noted == []


def test_kinds_are_counted_by_who_looks() -> None:
    counts = Counts()
    for kind in (KvPut, KvGet, KvPut):
        counts.note_answered(kind)
    counts.count()
    counts.count()
    assert counts.answered == {KvPut: 2, KvGet: 1}


@dataclass(eq=False)
class Moving:
    received_bytes: int = 0
    sent_bytes: int = 0


def test_bytes_of_sockets_that_are_open_and_of_those_that_were() -> None:
    counts, one, other = Counts(), Moving(), Moving(5, 7)
    counts.opened(one)
    counts.opened(other)
    one.received_bytes, one.sent_bytes = 100, 10
    assert counts.moved_bytes() == (105, 17)
    counts.closed(one)
    counts.closed(one)
    assert counts.moved_bytes() == (105, 17)
