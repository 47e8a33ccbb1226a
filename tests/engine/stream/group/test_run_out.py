"""Leases that run out: what counts as tried, and when it comes again."""

from __future__ import annotations

import pytest

from floruntime.core.stream import (
    GroupAck,
    GroupCreate,
    GroupDead,
    GroupRead,
    GroupTouch,
    StreamAppend,
    StreamRecord,
)
from tests.engine.harness import Engine

LEASE_MS = 30_000
HOUR_MS = 3_600_000


def group(engine: Engine, mode: str = "key_shared", max_deliver: int = 10) -> Engine:
    engine.run(GroupCreate("s", "g", mode=mode, ack_timeout_ms=LEASE_MS, max_deliver=max_deliver))
    return engine


def append(engine: Engine, *payloads: str) -> None:
    """Records of the key that their payload begins with."""
    for payload in payloads:
        engine.run(StreamAppend("s", [payload.encode()], payload[0]))


def read(engine: Engine, limit: int = 100, *, by_worker: bool = True) -> list[StreamRecord]:
    request = GroupRead("s", "g", "w", limit, by_worker=by_worker)
    return engine.run(request).records


def shown(records: list[StreamRecord]) -> dict[str, int]:
    """The attempt of each."""
    return {record.payload.decode(): record.attempt for record in records}


def killed(engine: Engine) -> list[StreamRecord]:
    """What the next worker is handed after one died, all that waits included."""
    engine.advance(LEASE_MS)
    engine.advance(HOUR_MS)
    return read(engine)


def test_what_waited_behind_its_key_never_began(engine: Engine) -> None:
    append(group(engine), "a1", "a2", "b1", "a3")
    assert shown(read(engine)) == {"a1": 1, "a2": 1, "b1": 1, "a3": 1}
    assert shown(killed(engine)) == {"a1": 2, "a2": 1, "b1": 2, "a3": 1}
    assert shown(killed(engine)) == {"a1": 3, "a2": 1, "b1": 3, "a3": 1}


def test_what_was_read_later_waits_behind_it_too(engine: Engine) -> None:
    append(group(engine), "a1", "a2")
    [first] = read(engine, 1)
    engine.advance(LEASE_MS // 2)
    assert shown(read(engine)) == {"a2": 1}
    engine.run(GroupTouch("s", "g", [first.id], [first.lease], "w", LEASE_MS))
    assert shown(killed(engine)) == {"a1": 2, "a2": 1}


def test_what_lost_its_place_before_began_by_itself(engine: Engine) -> None:
    append(group(engine), "a1", "a2")
    [first] = read(engine, 1)
    engine.run(GroupAck("s", "g", [first.id], [first.lease]))
    assert shown(read(engine)) == {"a2": 1}
    assert shown(killed(engine)) == {"a2": 2}


def test_one_that_ends_each_worker_dies_alone(engine: Engine) -> None:
    append(group(engine, max_deliver=3), "a1", "a2", "a3")
    read(engine)
    for attempt in (2, 3):
        assert shown(killed(engine)) == {"a1": attempt, "a2": 1, "a3": 1}
    assert shown(killed(engine)) == {"a2": 1, "a3": 1}
    [dead] = engine.query(GroupDead("s", "g")).items
    assert dead.payload == b"a1"


def test_what_is_behind_stays_behind(engine: Engine) -> None:
    append(group(engine), "a1", "a2")
    read(engine)
    engine.advance(LEASE_MS)
    handed: list[str] = []
    while len(handed) < 2:
        handed += shown(read(engine))
        engine.advance(100)
    assert handed == ["a1", "a2"]


def test_neighbours_do_not_come_back_together(engine: Engine) -> None:
    names = [f"{key}1" for key in "abcdefghij"]
    append(group(engine, "shared"), *names)
    for _ in range(2):  # the first time may be chance
        assert len(read(engine)) == len(names)
        engine.advance(LEASE_MS)
    assert read(engine) == []
    groups: list[list[StreamRecord]] = []
    while sum(map(len, groups)) < len(names):
        engine.advance(50)
        groups.append(read(engine))
    assert max(map(len, groups)) < len(names) / 2


@pytest.mark.parametrize("mode", ["shared", "key_shared"])
def test_of_a_plain_reader_each_record_counts_and_comes_at_once(engine: Engine, mode: str) -> None:
    append(group(engine, mode), "a1", "a2")
    read(engine, by_worker=False)
    engine.advance(LEASE_MS)
    assert shown(read(engine)) == {"a1": 2, "a2": 2}
