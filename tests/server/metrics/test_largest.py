"""The largest of many, offered one by one."""

from __future__ import annotations

import random
from heapq import nlargest

import pytest

from floruntime.server.metrics.largest import Largest


@pytest.mark.parametrize("count", [0, 1, 5, 50])
def test_as_of_a_list_of_all(count: int) -> None:
    chance = random.Random(3)
    items = [(chance.randrange(20), number) for number in range(40)]
    largest: Largest[tuple[int, int]] = Largest(max(count, 1))
    others = [other for item in items if (other := largest.offer(item[0], item)) is not None]
    expected = nlargest(max(count, 1), items, key=lambda item: item[0])
    assert largest.in_order() == expected
    assert sorted(others) == sorted(set(items) - set(expected))


def test_items_are_never_compared() -> None:
    largest: Largest[object] = Largest(2)
    for _ in range(5):
        largest.offer(1, object())
    assert len(largest.in_order()) == 2
