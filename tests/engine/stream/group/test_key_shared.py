"""`key_shared` groups: a key has one consumer at a time."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.stream import (
    GroupAck,
    GroupCreate,
    GroupGetInfo,
    GroupJoin,
    GroupLeave,
    GroupRead,
    GroupSeek,
    GroupTouch,
    StreamAppend,
    StreamRecord,
    StreamTrim,
)
from floruntime.engine.stream.group.key_shared import SLOT_COUNT, wanted_owners
from floruntime.engine.stream.group.rows import PARKED
from tests.engine.harness import Engine

KEYS = [f"key-{number}" for number in range(40)]


@pytest.fixture
def engine(engine: Engine) -> Engine:
    engine.run(GroupCreate("s", "g", mode="key_shared"))
    return engine


def append_all(engine: Engine) -> None:
    for key in KEYS:
        engine.run(StreamAppend("s", [key.encode()], key))


def read(engine: Engine, consumer: str, limit: int = 1000) -> list[StreamRecord]:
    return engine.run(GroupRead("s", "g", consumer, limit)).records


def keys(records: list[StreamRecord]) -> set[str]:
    return {record.payload.decode() for record in records}


def ack(engine: Engine, records: list[StreamRecord]) -> None:
    ids = [record.id for record in records]
    result = engine.run(GroupAck("s", "g", ids, [record.lease for record in records]))
    assert result.done == ids


def parked(engine: Engine) -> int:
    return sum(key[:2] == PARKED.tag for key in engine.rows())


def test_owners_are_a_function_of_the_members_and_move_little() -> None:
    two, three = wanted_owners(("a", "b")), wanted_owners(("c", "b", "a"))
    assert set(three) == {"a", "b", "c"}
    assert min(three.count(name) for name in "abc") > SLOT_COUNT // 6
    assert all(new in (old, "c") for old, new in zip(two, three, strict=True))


def test_each_key_goes_to_one_of_two_consumers(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    first, second = read(engine, "c1"), read(engine, "c2")
    assert keys(first) | keys(second) == set(KEYS)
    assert not keys(first) & keys(second)
    assert first
    assert second
    ack(engine, first + second)
    append_all(engine)
    assert keys(read(engine, "c1")) == keys(first)
    assert keys(read(engine, "c2")) == keys(second)


def test_a_key_moves_only_when_nothing_of_it_is_pending(engine: Engine) -> None:
    append_all(engine)
    first = read(engine, "c1")
    assert keys(first) == set(KEYS)
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    assert read(engine, "c2") == []
    half = [record for record in first if record.payload[-1:] in b"02468"]
    ids, leases = [r.id for r in half], [r.lease for r in half]
    outcome = engine.outcome(GroupAck("s", "g", ids, leases))
    assert ("default", "stream", "s") in outcome.touched
    moved = keys(read(engine, "c2"))
    assert moved
    assert moved < keys(half)
    assert keys(read(engine, "c1")) == set(KEYS) - moved


def test_keys_of_one_that_left_move_at_once(engine: Engine) -> None:
    append_all(engine)
    engine.run(GroupJoin("s", "g", "c2"))
    read(engine, "c1")
    engine.run(GroupLeave("s", "g", "c1"))
    assert keys(read(engine, "c2")) == set(KEYS)


def test_keys_of_one_that_is_gone_move_although_it_holds_some(engine: Engine) -> None:
    append_all(engine)
    held = read(engine, "c1", limit=1)
    engine.run(GroupTouch("s", "g", [held[0].id], [held[0].lease], extend_ms=60_000))
    engine.advance(30_000)
    engine.run(StreamAppend("s", [b"next"], held[0].partition_key))
    assert b"next" in {record.payload for record in read(engine, "c2")}


def test_what_belongs_to_another_is_parked_and_found_after_a_restart(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    first = read(engine, "c1")
    assert parked(engine) == len(KEYS) - len(first)
    assert engine.query(GroupGetInfo("s", "g")).lag == parked(engine)
    engine.reopen()
    second = read(engine, "c2", limit=3) + read(engine, "c2")
    assert keys(second) == set(KEYS) - keys(first)
    assert parked(engine) == 0


def test_the_cursor_waits_when_too_much_is_parked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GROUP_PARKED_MAX", 5)
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    seen: set[str] = set()
    for _ in range(10):
        assert parked(engine) <= 5
        for consumer in ("c1", "c2"):
            seen |= keys(read(engine, consumer))
    assert seen == set(KEYS)


def test_a_parked_record_that_is_trimmed_is_dropped(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    read(engine, "c1")
    engine.run(StreamTrim("s", max_records=0))
    assert read(engine, "c2") == []
    assert parked(engine) == 0


def test_seek_forgets_what_is_parked(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    append_all(engine)
    read(engine, "c1")
    engine.run(GroupSeek("s", "g", "0"))
    assert parked(engine) == 0
    assert keys(read(engine, "c1")) | keys(read(engine, "c2")) == set(KEYS)


def test_records_without_a_key_go_to_everybody(engine: Engine) -> None:
    engine.run(GroupJoin("s", "g", "c1"))
    engine.run(GroupJoin("s", "g", "c2"))
    engine.run(StreamAppend("s", [b"x"] * 100))
    assert len(read(engine, "c1")) > 20
    assert len(read(engine, "c2")) > 20
