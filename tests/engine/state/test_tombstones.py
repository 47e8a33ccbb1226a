"""The known empty spans of a ready index, and that scans do keep to what is not empty."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.queue import messages as queue_messages
from floruntime.engine.state.tombstones import GAPS_MAX, Gaps
from floruntime.engine.store.memory import MemoryStore
from tests.engine.harness import Engine
from tests.engine.queue.calls import Jobs, seqs


def key(number: int) -> bytes:
    return number.to_bytes(2, "big")


START, END = key(0), key(1000)


def covers(gaps: Gaps, number: int) -> bool:
    return not any(a <= key(number) < b for a, b in gaps.between(START, END))


def test_what_was_learned_is_skipped_and_an_insert_splits_it() -> None:
    gaps = Gaps()
    assert list(gaps.between(START, END)) == [(START, END)]
    gaps.learn(START, key(500))
    assert list(gaps.between(START, END)) == [(key(500), END)]
    gaps.fill(key(100), key(110))
    assert not covers(gaps, 100)
    assert not covers(gaps, 110)
    assert covers(gaps, 99)
    assert covers(gaps, 111)
    gaps.learn(START, key(200))
    assert list(gaps.between(START, END)) == [(key(500), END)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200), st.integers(0, 20))))
def test_gaps_never_cover_a_row(steps: list[tuple[bool, int, int]]) -> None:
    gaps, rows = Gaps(), set[int]()
    for is_insert, number, width in steps:
        if is_insert:
            gaps.fill(key(number), key(number + width))
            rows.update(range(number, number + width + 1))
        else:
            rows = {row for row in rows if row >= number}
            gaps.learn(START, key(number))
        assert not any(covers(gaps, row) for row in rows)
        pieces = list(gaps.between(START, END))
        assert pieces == sorted(pieces)
        assert len(pieces) <= GAPS_MAX + 1


class Counting(MemoryStore):
    """Counts the starts of scans, by where they begin and end."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[tuple[bytes, bytes]] = []

    def scan(self, start, end, *, reverse=False):  # type: ignore[no-untyped-def]  # as its base
        self.spans.append((start, end))
        return super().scan(start, end, reverse=reverse)


def test_consumed_messages_at_the_head_are_not_scanned_again() -> None:
    store = Counting()
    jobs = Jobs(Engine(store))
    jobs.put(*[b"x"] * 50)
    consumed = sorted(key for key in jobs.engine.rows() if key[:2] == b"qr")[:40]
    for _ in range(5):
        jobs.ack(*jobs.take(10 - 2))
    jobs.put(b"urgent", priority=1)
    assert seqs(jobs.take(1)) == [51]
    store.spans.clear()
    assert seqs(jobs.take(3)) == [41, 42, 43]
    spans = [span for span in store.spans if span[0][:2] == b"qr"]
    assert spans
    scanned = [key for key in consumed[:32] if any(a <= key < b for a, b in spans)]
    assert scanned == []


def test_the_oldest_message_is_looked_for_behind_those_that_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_messages, "SEEK_OLDEST_EVERY", 4)
    store = Counting()
    jobs = Jobs(Engine(store))
    jobs.put(*[b"x"] * 20)
    first_bodies = sorted(key for key in jobs.engine.rows() if key[:2] == b"qb")[:8]
    jobs.ack(*jobs.take(8))
    store.spans.clear()
    assert jobs.stats().ready == 12
    spans = [span for span in store.spans if span[0][:2] == b"qb"]
    assert spans
    assert not [key for key in first_bodies if any(a <= key < b for a, b in spans)]


def test_after_a_restart_nothing_is_known_and_nothing_is_missed() -> None:
    jobs = Jobs()
    jobs.put(b"a", b"b", b"c")
    first = jobs.take_one()
    jobs.engine.reopen()
    jobs.nack(first)
    assert seqs(jobs.take(3)) == [1, 2, 3]
