"""What a stream no longer keeps, while it is pending in a group."""

from __future__ import annotations

from itertools import pairwise

import pytest

from floruntime.core.stream import (
    GroupAck,
    GroupClaim,
    GroupGetInfo,
    GroupJoin,
    GroupNack,
    GroupPending,
    GroupRead,
    StreamAppend,
    StreamCreate,
    StreamTrim,
)
from floruntime.core.system import Tick
from floruntime.engine.stream.group import read as group_read
from floruntime.engine.stream.group import trimmed
from floruntime.engine.stream.group.rows import PENDING_RECORD, RETURNED
from tests.engine.harness import Engine


def fill(engine: Engine, count: int, group: str = "g") -> list[int]:
    """So many records, delivered to a member."""
    engine.run(StreamAppend("s", [b"%d" % number for number in range(count)]))
    return [record.lease for record in engine.run(GroupRead("s", group, "c", count)).records]


def pending(engine: Engine, group: str = "g") -> tuple[int, int, int]:
    """How many are shown, counted, and stored."""
    shown = len(engine.query(GroupPending("s", group, limit=1000)).items)
    counted = engine.query(GroupGetInfo("s", group)).pending
    stored = sum(key[:2] == PENDING_RECORD.tag for key in engine.rows())
    return shown, counted, stored


def test_it_is_neither_shown_nor_counted_and_then_dropped(engine: Engine) -> None:
    fill(engine, 5)
    engine.run(StreamTrim("s", max_records=2))
    assert pending(engine) == (2, 2, 5)
    engine.tick()
    assert pending(engine) == (2, 2, 2)


def test_a_tick_drops_so_many_of_all_groups(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimmed, "DROPS_PER_TICK_MAX", 4)
    fill(engine, 5)
    engine.run(GroupRead("s", "h", "c", 5))
    engine.run(GroupRead("s", "i", "c", 5))
    engine.run(StreamTrim("s", max_records=1))
    stored = [pending(engine)[2]]
    while engine.run(Tick()) or engine.machine.first_due(engine.now_ms + 1) is not None:
        stored.append(pending(engine)[2])
    stored.append(pending(engine)[2])
    assert all(before - after <= 4 for before, after in pairwise(stored))
    assert [pending(engine, group)[:2] for group in "ghi"] == [(1, 1)] * 3
    assert stored[-1] == 3


def test_what_waits_to_return_is_dropped_with_it(engine: Engine) -> None:
    leases = fill(engine, 5)
    ids = [item.id for item in engine.query(GroupPending("s", "g")).items]
    engine.run(GroupNack("s", "g", ids, leases, delay_ms=1_000))
    engine.run(StreamTrim("s", max_records=0))
    engine.tick()
    assert pending(engine) == (0, 0, 0)
    assert not any(key[:2] == RETURNED.tag for key in engine.rows())
    engine.advance(1_000)
    assert engine.run(GroupRead("s", "g", "c", 5)).records == []


def test_what_has_aged_is_dropped_too(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_age_ms=1_000))
    fill(engine, 3)
    engine.now_ms += 1_001
    assert pending(engine) == (0, 0, 3)
    engine.advance(1_000)
    assert pending(engine) == (0, 0, 0)


def test_what_an_append_pushes_out_is_dropped_within_a_second(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_records=2))
    fill(engine, 2)
    engine.run(StreamAppend("s", [b"x", b"y"]))
    engine.run(StreamAppend("s", [b"z"]))
    assert pending(engine)[:2] == (0, 0)
    engine.advance(1_000)
    assert pending(engine) == (0, 0, 0)


def test_one_read_drops_no_more_than_so_many(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_read, "DROPS_PER_READ_MAX", 3)
    leases = fill(engine, 10)
    ids = [item.id for item in engine.query(GroupPending("s", "g")).items]
    engine.run(GroupNack("s", "g", ids, leases))
    engine.run(StreamTrim("s", max_records=0))
    engine.run(StreamAppend("s", [b"new"]))
    [record] = engine.run(GroupRead("s", "g", "c", 5)).records
    assert record.payload == b"new"
    assert pending(engine) == (1, 1, 8)
    engine.tick()
    assert pending(engine) == (1, 1, 1)


def test_nobody_claims_it_and_an_ack_of_it_is_stale(engine: Engine) -> None:
    [lease, _] = fill(engine, 2)
    [first, last] = [item.id for item in engine.query(GroupPending("s", "g")).items]
    engine.run(StreamTrim("s", max_records=1))
    claimed = engine.run(GroupClaim("s", "g", "d", min_idle_ms=0)).records
    assert [record.id for record in claimed] == [last]
    engine.tick()
    assert engine.run(GroupAck("s", "g", [first], [lease])).stale == [first]


def test_a_slot_of_keys_is_let_go_with_it(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c"))
    fill(engine, 5)
    engine.run(StreamTrim("s", max_records=0))
    engine.tick()
    assert engine.query(GroupGetInfo("s", "g")).pending == 0


def test_a_stream_without_groups_is_no_trouble(engine: Engine) -> None:
    engine.run(StreamAppend("s", [b"x"]))
    engine.run(StreamTrim("s", max_records=0))
    engine.tick()
    fill(engine, 2)
    engine.run(StreamTrim("s", max_records=0))
    engine.tick()
    assert pending(engine) == (0, 0, 0)
