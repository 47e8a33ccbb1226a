"""Merges what waits in several states without a common namespace: a node may lead several of them.

Of each state the largest are known by name. So the largest of all are among them; the others join
the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from floruntime.server.metrics import waiting
from floruntime.server.metrics.largest import Largest
from floruntime.server.metrics.queues import plus
from floruntime.server.metrics.waiting import (
    REST,
    REST_OF_GROUPS,
    Group,
    Labels,
    Queue,
    Runs,
    Waiting,
    groups_added,
)

Told = TypeVar("Told", Queue, Group, Runs)


async def together(several: list[Waiting]) -> Waiting:
    """All of it as of one state."""
    if len(several) == 1:
        return several[0]
    return Waiting(
        queues=await _largest([each.queues for each in several], _queue_size, REST, _queues_added),
        groups=await _largest(
            [each.groups for each in several], _group_size, REST_OF_GROUPS, groups_added
        ),
        actions=await _largest([each.actions for each in several], _runs_size, REST, _runs_added),
        workflows=await _largest(
            [each.workflows for each in several], _runs_size, REST, _runs_added
        ),
        workers=_workers([each.workers for each in several]),
    )


async def _largest(
    several: list[list[Told]],
    size: Callable[[Told], int],
    rest_labels: Labels,
    added: Callable[[Told | None, Told], Told],
) -> list[Told]:
    largest: Largest[Told] = Largest(waiting.SERIES_MAX)
    rest: Told | None = None
    for told in several:
        for each in told:
            is_named = each.labels != rest_labels
            other = largest.offer(size(each), each) if is_named else each
            if other is not None:
                rest = added(rest, other._replace(labels=rest_labels))
        await asyncio.sleep(0)
    found = largest.in_order()
    if rest is not None:
        found.append(rest)
    return found


def _workers(several: list[Counter[Labels]]) -> Counter[Labels]:
    by_namespace: dict[str, Counter[str]] = {}
    for counts in several:
        for (of, state), count in counts.items():
            by_namespace.setdefault(of, Counter())[state] += count
    rest = by_namespace.pop("", Counter())
    largest: Largest[str] = Largest(waiting.SERIES_MAX)
    for of, by_state in by_namespace.items():
        other = largest.offer(by_state.total(), of)
        if other is not None:
            rest.update(by_namespace[other])
    told = {of: by_namespace[of] for of in largest.in_order()} | {"": rest}
    return Counter(
        {(of, state): count for of, states in told.items() for state, count in states.items()}
    )


def _queue_size(queue: Queue) -> int:
    counts = queue.counts
    return counts.ready + counts.delayed + counts.leased + counts.waiting + counts.dead


def _group_size(group: Group) -> int:
    return group.lag


def _runs_size(runs: Runs) -> int:
    return sum(runs.by_status.values())


def _queues_added(one: Queue | None, other: Queue) -> Queue:
    """Two of the same labels as one: of ages the greater counts."""
    if one is None:
        return other
    age_ms = max(one.oldest_age_ms, other.oldest_age_ms)
    return Queue(other.labels, plus(one.counts, other.counts), age_ms)


def _runs_added(one: Runs | None, other: Runs) -> Runs:
    if one is None:
        return other
    counts = {
        status: one.by_status.get(status, 0) + other.by_status.get(status, 0)
        for status in [*one.by_status, *other.by_status]
    }
    return Runs(other.labels, counts)
