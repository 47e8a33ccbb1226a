"""Dead letters of groups: delivered again, deleted, found by id."""

from __future__ import annotations

import msgspec
import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.stream import (
    GroupCreate,
    GroupDead,
    GroupDeadDelete,
    GroupDeadRequeue,
    GroupGetInfo,
    GroupNack,
    GroupRead,
    GroupSeek,
    StreamID,
    StreamRecord,
    StreamTrim,
)
from floruntime.core.types import Command
from floruntime.engine.store import Changes
from floruntime.engine.stream.group.rows import DEAD_ID, GROUP_STATE
from tests.engine.harness import Engine
from tests.engine.stream.calls import fill


def read(engine: Engine) -> list[StreamRecord]:
    return engine.run(GroupRead("s", "g", "c", 100)).records


def dead(engine: Engine) -> list[StreamID]:
    return [record.id for record in engine.query(GroupDead("s", "g")).items]


def with_dead(count: int = 3, mode: str = "shared") -> tuple[Engine, list[StreamID]]:
    """A group that has given up on this many records."""
    engine = Engine()
    engine.run(GroupCreate("s", "g", max_deliver=1, mode=mode))
    ids = fill(engine, count, every_ms=1)
    records = read(engine)
    engine.run(GroupNack("s", "g", ids, [record.lease for record in records], error="broken"))
    assert dead(engine) == ids
    return engine, ids


@pytest.mark.parametrize("mode", ["shared", "key_shared", "exclusive"])
def test_what_is_requeued_is_delivered_again_from_its_first_attempt(mode: str) -> None:
    engine, ids = with_dead(mode=mode)
    assert engine.run(GroupDeadRequeue("s", "g", [ids[1], ids[1], StreamID(1, 1)])) == 1
    assert dead(engine) == [ids[0], ids[2]]
    [record] = read(engine)
    assert (record.id, record.attempt) == (ids[1], 1)
    engine.run(GroupNack("s", "g", [record.id], [record.lease]))
    assert dead(engine) == [ids[0], ids[2], ids[1]]
    assert engine.run(GroupDeadRequeue("s", "g", [ids[1]])) == 1


def test_what_is_deleted_is_gone() -> None:
    engine, ids = with_dead()
    assert engine.run(GroupDeadDelete("s", "g", [ids[0], ids[2]])) == 2
    assert engine.run(GroupDeadDelete("s", "g", [ids[0]])) == 0
    assert dead(engine) == [ids[1]]
    assert read(engine) == []
    assert engine.query(GroupGetInfo("s", "g")).dead == 1


def test_a_letter_whose_record_is_gone_stays() -> None:
    engine, ids = with_dead()
    engine.run(StreamTrim("s", max_records=1))
    assert engine.run(GroupDeadRequeue("s", "g", ids)) == 1
    assert dead(engine) == ids[:2]


def test_a_record_that_is_delivered_again_meanwhile_is_not_delivered_twice() -> None:
    engine, ids = with_dead(1)
    engine.run(GroupSeek("s", "g", "0"))
    [record] = read(engine)
    assert engine.run(GroupDeadRequeue("s", "g", ids)) == 1
    assert read(engine) == []
    assert engine.query(GroupGetInfo("s", "g")).pending == 1
    assert record.id == ids[0]


def test_letters_that_died_before_ids_were_kept_are_found() -> None:
    engine, ids = with_dead()
    rows = engine.rows()
    state_key = next(key for key in rows if key[:2] == GROUP_STATE.tag)
    state = GROUP_STATE.decode(rows[state_key])
    state.dead_found = 0
    changed: dict[bytes, bytes | None] = {key: None for key in rows if key[:2] == DEAD_ID.tag}
    changed[state_key] = msgspec.msgpack.encode(state)
    engine.store.write(Changes(changed, []))
    engine = Engine(engine.store)
    assert engine.run(GroupDeadDelete("s", "g", [ids[1]])) == 1
    assert engine.run(GroupDeadRequeue("s", "g", [ids[2], ids[1]])) == 1
    assert dead(engine) == [ids[0]]


def test_the_oldest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, ids = with_dead(3)
    engine.run(GroupDeadDelete("s", "g", [ids[1]]))
    monkeypatch.setattr(limits, "GROUP_DEAD_MAX", 2)
    [new] = fill(engine, 1)
    [record] = read(engine)
    engine.run(GroupNack("s", "g", [new], [record.lease]))
    assert dead(engine) == [ids[2], new]


@pytest.mark.parametrize("kind", [GroupDeadRequeue, GroupDeadDelete])
def test_what_can_never_be_right(
    kind: type[GroupDeadRequeue] | type[GroupDeadDelete],
) -> None:
    engine, ids = with_dead(1)
    refused: list[tuple[Command[int], type[Exception]]] = [
        (kind("s", "g", []), BadRequestError),
        (kind("s", "g", ids * 1001), BadRequestError),
        (kind("s", "other", ids), NotFoundError),
        (kind("other", "g", ids), NotFoundError),
    ]
    for command, error in refused:
        with pytest.raises(error):
            engine.run(command)


def floor(engine: Engine) -> int:
    """Where lists and evictions begin to look."""
    [state] = [
        GROUP_STATE.decode(data)
        for key, data in engine.rows().items()
        if key[:2] == GROUP_STATE.tag
    ]
    return int(state.dead_floor)


def test_nobody_walks_over_letters_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, ids = with_dead(5)
    engine.run(GroupDeadDelete("s", "g", [ids[1]]))
    monkeypatch.setattr(limits, "GROUP_DEAD_MAX", 3)
    for _ in range(3):
        more = fill(engine, 1, every_ms=1)
        [record] = read(engine)
        engine.run(GroupNack("s", "g", more, [record.lease]))
    left = dead(engine)
    assert left[0] == ids[4], "the oldest goes for each that dies"
    assert floor(engine) == 4
    engine.run(GroupDeadRequeue("s", "g", left))
    assert dead(engine) == []
    assert floor(engine) == 8, "behind all that there ever were"
