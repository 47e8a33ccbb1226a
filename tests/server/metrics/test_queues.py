"""The book of queues: whatever changes between looks, the largest and the sum of all are told."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, cast

import pytest

from floruntime.engine.queue.rows import QUEUE, QueueRow
from floruntime.engine.state.tx import View
from floruntime.server.metrics import queues
from floruntime.server.metrics.queues import Counts, Queue, QueueBook

SERIES_MAX = 3
NAMESPACES = 3


class Store:
    """Where no queue has a message; counts how often one is looked for."""

    def __init__(self) -> None:
        self.looks = 0

    def scan(self, *span: Any) -> Iterator[Any]:
        self.looks += 1
        return iter(())


class Queues:
    """Queues that change, and the book that is told of them."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Any] = {}
        self.changed: set[bytes] = set()
        self.book = QueueBook(self.rows, self.changed)
        self.store = Store()
        self.namespaces = set(range(NAMESPACES))

    def put(self, namespace: int, name: str, **counts: Any) -> None:
        key = QUEUE.key(namespace, tail=name.encode())
        self.rows[key] = QueueRow(1, 1, 1, **counts)
        self.changed.add(key)

    def delete(self, key: bytes) -> None:
        del self.rows[key]
        self.changed.add(key)

    async def told(self, now_ms: int = 0) -> list[Queue]:
        view = cast(View, self.store)
        return await self.book.look(view, now_ms, self.namespaces, SERIES_MAX)


def sizes_of(told: list[Queue]) -> list[int]:
    return [sum(each.counts[:5]) for each in told if each.key]


@pytest.mark.parametrize("seed", range(5))
async def test_random_changes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "REST_LOOKED_AT", 1)
    monkeypatch.setattr(queues, "KEYS_PER_TURN", 7)
    monkeypatch.setattr(queues, "CHANGED_KEYS_MAX", 40)
    draw = random.Random(seed)
    there = Queues()
    for step in range(150):
        for _ in range(draw.choice((0, 1, 3, 50))):
            namespace = draw.choice(sorted(there.namespaces))
            there.put(
                namespace,
                f"q{draw.randrange(30)}",
                ready=draw.randrange(9),
                waiting=draw.randrange(2),
                enqueued_total=step,
            )
        if there.rows and draw.random() < 0.3:
            there.delete(draw.choice(sorted(there.rows)))
        if draw.random() < 0.02:
            there.namespaces.discard(draw.choice(sorted(there.namespaces)))
            there.namespaces.add(NAMESPACES + step)
        if step == 10:
            await there.book.follow(there.namespaces)
        told = await there.told()
        rows = [row for key, row in there.rows.items() if QUEUE.unpack(key)[0] in there.namespaces]
        assert sizes_of(told) == sorted((r.ready + r.waiting for r in rows), reverse=True)[:3], step
        assert sum(each.counts.ready for each in told) == sum(row.ready for row in rows)
        assert sum(each.counts.enqueued_total for each in told) == sum(
            row.enqueued_total for row in rows
        )
        assert len(told) == min(len(rows), SERIES_MAX + 1)


async def test_what_nobody_changed_costs_no_look_at_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {1: 5_000}
    monkeypatch.setattr(
        queues,
        "oldest",
        lambda view, messages_id, *_: view.scan() and (0, Body(found[messages_id])),
    )
    there = Queues()
    there.put(0, "jobs", ready=1)
    for now_ms in (6_000, 9_000, 12_000, 15_000):
        [told] = await there.told(now_ms)
        assert told == Queue(told.key, Counts(ready=1), now_ms - 5_000)
    assert there.store.looks == 2
    found[1] = 14_000
    there.put(0, "jobs", ready=1, acked_total=1)
    [told] = await there.told(16_000)
    assert told.oldest_age_ms == 2_000


class Body:
    """As much of a message as its age takes."""

    def __init__(self, enqueued_at_ms: int) -> None:
        self.enqueued_at_ms = enqueued_at_ms
