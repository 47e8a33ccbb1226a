"""Judges a history by what was found afterwards. Pure: no server, no clients."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from floruntime.core.queue import QueueStats
from floruntime.core.stream import StreamID
from tests.crash.history import NOT_RUN, UNKNOWN, Fate, History, Work


@dataclass
class Found:
    """What the server held when all was over and every queue and group was drained."""

    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By key: the number and its version."""
    versions: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By key: the numbers and versions of its history, oldest first."""
    counter: int = 0
    dead: dict[int, bytes] = field(default_factory=dict)
    """Dead letters of the jobs, by seq."""
    stats: QueueStats | None = None
    stream: list[tuple[StreamID, int, int, bytes]] = field(default_factory=list)
    """Id, partition, offset, payload, as read."""
    dead_records: set[StreamID] = field(default_factory=set)
    batch_keys: set[str] = field(default_factory=set)
    batch_counter: int = 0
    batch_records: list[str] = field(default_factory=list)
    batch_messages: list[str] = field(default_factory=list)
    """Names of batches, of the messages left and of those taken."""
    moved: list[bytes] = field(default_factory=list)
    """Payloads passed on by a batch."""


def problems(history: History, found: Found) -> list[str]:
    """Sentences about every broken promise; none if all were kept."""
    checks = (
        _surprises(history),
        _registers(history, found),
        _counter(history, found),
        _enqueues(history, found),
        _work("job", history.jobs, set(found.dead), is_dead_by_choice=True),
        _job_totals(history, found),
        _appends(history, found),
        _followers(history, found),
        _work("record", history.records, found.dead_records, is_dead_by_choice=False),
        _all_records_settled(history, found),
        _batches(history, found),
        _moves(history, found),
    )
    return [problem for check in checks for problem in check]


def _surprises(history: History) -> Iterator[str]:
    yield from history.surprises


# KV


def _registers(history: History, found: Found) -> Iterator[str]:
    for key, puts in history.puts.items():
        number, version = found.values.get(key, (-1, 0))
        acked = [(n, told) for n, told in puts if not isinstance(told, Fate)]
        possible = {n for n, told in puts if told is not NOT_RUN}
        if acked and number < acked[-1][0]:
            yield f"{key}: {acked[-1][0]} was acknowledged, {number} is there"
        if number >= 0 and number not in possible:
            yield f"{key}: {number} is there, and was never written"
        if number < history.seen.get(key, -1):
            yield f"{key}: {history.seen[key]} was read, {number} is there"
        if acked and acked[-1][0] == number and acked[-1][1] != version:
            yield f"{key}: {number} was given version {acked[-1][1]} and has {version}"
        if any(b <= a for (_, a), (_, b) in pairwise(acked)):
            yield f"{key}: versions do not grow: {acked}"
        yield from _versions(key, puts, found.versions.get(key, []))


def _versions(
    key: str, puts: list[tuple[int, int | Fate]], kept: list[tuple[int, int]]
) -> Iterator[str]:
    """The kept history: every put that it reaches back to, once, in order."""
    if any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(kept)):
        yield f"{key}: its history is out of order or repeats: {kept}"
    there = dict(kept)
    oldest = kept[0][0] if kept else 0
    for number, told in puts:
        if number >= oldest and not isinstance(told, Fate) and there.get(number) != told:
            yield f"{key}: {number} had version {told}, its history says {there.get(number)}"


def _counter(history: History, found: Found) -> Iterator[str]:
    told = [value for value in history.incrs if not isinstance(value, Fate)]
    unknown = history.incrs.count(UNKNOWN)
    if not len(told) <= found.counter <= len(told) + unknown:
        yield f"counter: {found.counter} after {len(told)} answered and {unknown} unknown incr"
    twice = [value for value, times in Counter(told).items() if times > 1]
    if twice:
        yield f"counter: two calls were told the same sum: {twice[:5]}"
    if told and max(told) > found.counter:
        yield f"counter: {max(told)} was acknowledged, {found.counter} is there"


# Queues


def _enqueues(history: History, found: Found) -> Iterator[str]:
    seqs: dict[bytes, set[int]] = defaultdict(set)
    for item, payload, _, _ in history.jobs.delivered:
        seqs[payload].add(item)
    for seq, payload in found.dead.items():
        seqs[payload].add(seq)
    for payload, told in history.enqueued.items():
        there = seqs.pop(payload, set())
        if len(there) > 1:
            yield f"{payload!r} was enqueued once and exists as {sorted(there)}"
        if told is NOT_RUN and there:
            yield f"{payload!r} was not enqueued, as the client said, and is there"
        if not isinstance(told, Fate) and there != {told}:
            yield f"{payload!r} was acknowledged as seq {told} and found as {sorted(there)}"
    for payload in seqs:
        yield f"{payload!r} was delivered and never enqueued"


def _work(what: str, work: Work, dead: set[Any], *, is_dead_by_choice: bool) -> Iterator[str]:
    """Deliveries and settlements of a queue or a group."""
    handed = Counter((delivery.item, delivery.lease) for delivery in work.delivered)
    twice = [(key, times) for key, times in handed.items() if times > 1]
    yield from (f"{what} {x}: handed out {n} times under lease {y}" for (x, y), n in twice)
    last: dict[Any, int] = {}
    for item, _, _, lease in work.delivered:
        last[item] = max(last.get(item, 0), lease)
    acked: set[Any] = set()
    for item, lease, is_ack, fate in work.settled:
        if fate is not True:
            continue
        if is_ack and item in acked:
            yield f"{what} {item}: acked twice"
        if is_ack and last.get(item, 0) > lease:
            yield f"{what} {item}: acked under lease {lease}, delivered again as {last[item]}"
        if is_ack and item in dead:
            yield f"{what} {item}: both acked and dead"
        if not is_ack and is_dead_by_choice and item not in dead:
            yield f"{what} {item}: sent to the dead letters, and not there"
        if is_ack:
            acked.add(item)
    maybe = {item for item, _, _, fate in work.settled if fate is UNKNOWN}
    for item in last:
        if item not in acked and item not in dead and item not in maybe:
            yield f"{what} {item}: delivered, never settled, and gone"


def _job_totals(history: History, found: Found) -> Iterator[str]:
    stats = found.stats
    if stats is None:
        return
    if stats.ready or stats.delayed or stats.leased:
        yield f"jobs: drained, and the stats say {stats}"
    if stats.dead != len(found.dead):
        yield f"jobs: the stats say {stats.dead} dead, {len(found.dead)} are there"
    told = sum(not isinstance(seq, Fate) for seq in history.enqueued.values())
    unknown = list(history.enqueued.values()).count(UNKNOWN)
    if not told <= stats.enqueued_total <= told + unknown:
        yield f"jobs: {stats.enqueued_total} enqueued in total, {told} told, {unknown} unknown"
    if stats.acked_total + stats.dead != stats.enqueued_total:
        yield f"jobs: acked and dead do not make up what was enqueued: {stats}"


# Streams


def _appends(history: History, found: Found) -> Iterator[str]:
    where = {payload: (place, id) for place, (id, _, _, payload) in enumerate(found.stream)}
    if len(where) != len(found.stream):
        twice = Counter(payload for *_, payload in found.stream).most_common(3)
        yield f"stream: payloads are there more than once: {twice}"
    if any(b[0] <= a[0] for a, b in pairwise(found.stream)):
        yield "stream: ids do not grow"
    offsets: dict[int, int] = defaultdict(int)
    for id, partition, offset, _ in found.stream:
        is_after_jump = history.numbers_jump and offset > offsets[partition]
        if offset != offsets[partition] and not is_after_jump:
            yield f"stream: {id} has offset {offset} where {offsets[partition]} was due"
        offsets[partition] = offset + 1
    written: set[bytes] = set()
    for payloads, told in history.appended:
        written.update(payloads)
        places = [where[payload] for payload in payloads if payload in where]
        if isinstance(told, Fate):
            if places and (told is NOT_RUN or len(places) != len(payloads)):
                yield f"stream: of {payloads} ({told.value}) {len(places)} are there"
        elif [id for _, id in places] != told:
            yield f"stream: {payloads} were acknowledged as {told} and found as {places}"
    yield from (f"stream: {x!r} was never appended" for x in where.keys() - written)


def _followers(history: History, found: Found) -> Iterator[str]:
    stream = [(id, payload) for id, _, _, payload in found.stream]
    for number, shown in enumerate(history.followed):
        if shown != stream[: len(shown)]:
            lost = next(i for i, (a, b) in enumerate(zip(shown, stream, strict=False)) if a != b)
            yield f"follower {number}: record {lost} of {len(shown)} is not the stream's"


def _all_records_settled(history: History, found: Found) -> Iterator[str]:
    delivered = {item for item, *_ in history.records.delivered}
    missed = [id for id, *_ in found.stream if id not in delivered | found.dead_records]
    if missed:
        yield f"group: {len(missed)} records were never delivered: {missed[:3]}"


# Batches


def _batches(history: History, found: Found) -> Iterator[str]:
    records, messages = Counter(found.batch_records), Counter(found.batch_messages)
    for name, told in history.batches.items():
        parts = (int(name in found.batch_keys), records[name], messages[name])
        if parts not in ((0, 0, 0), (1, 1, 1)):
            yield f"batch {name}: key, record, message are there {parts} times"
        elif told is True and not parts[0]:
            yield f"batch {name} was acknowledged and is not there"
        elif (told is False or told is NOT_RUN) and parts[0]:
            yield f"batch {name} was refused and is there"
    if found.batch_counter != len(found.batch_keys):
        yield f"batches: {found.batch_counter} counted, {len(found.batch_keys)} keys are there"


def _moves(history: History, found: Found) -> Iterator[str]:
    moved = Counter(found.moved)
    yield from (f"{payload!r} was passed on {n} times" for payload, n in moved.items() if n > 1)
    for payload, told in history.moved.items():
        if told is True and payload not in moved:
            yield f"{payload!r}: passed on, as was acknowledged, and not there"
