"""Histories of a state: what jumps when a new one begins, and what is known of the one before."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionInvoke, ActionRegister, ActionStatus
from floruntime.core.errors import BadRequestError, ConflictError, GapError, NotFoundError
from floruntime.core.kv import KvChanges, KvPut, KvScan
from floruntime.core.queue import QueueAck, QueueDequeue, QueueEnqueue
from floruntime.core.stream import (
    StreamAppend,
    StreamCreate,
    StreamGetInfo,
    StreamRead,
    StreamTrim,
)
from floruntime.core.system import HistoryBegin, HistoryEnd, SessionOpen
from floruntime.core.worker import WorkerAwait, WorkerComplete, WorkerRegister
from floruntime.engine.kv.rows import KV_CHANGE
from floruntime.engine.state.tx import View
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.system import eras, write_memory
from tests.engine.harness import Engine

FLOOR = 10**15


def begun(engine: Engine, id: str = "two", floor: int = FLOOR) -> Engine:
    """The engine in a new history."""
    machine = engine.machine
    engine.run(HistoryBegin(id, floor, machine.index, machine.time_ms, "a backup was restored"))
    return engine


def seen(engine: Engine) -> View:
    """What the engine's queries see."""
    return engine.machine.view(engine.store, "default", engine.now_ms)


def version(engine: Engine, key: str = "k", **options: Any) -> int:
    return engine.run(KvPut(key, b"v", **options)).version


def test_the_first_history_begins_with_number_one(engine: Engine) -> None:
    begun(engine, "one", 0)
    assert eras.id_of(seen(engine)) == "one"
    assert version(engine) == 1
    assert engine.run(QueueEnqueue("q", [b"x"])) == [1]


def test_all_numbers_of_a_new_history_are_higher_than_any_before(engine: Engine) -> None:
    begun(engine, "one", 0)
    version(engine)
    engine.run(QueueEnqueue("q", [b"x"]))
    begun(engine)
    assert eras.id_of(seen(engine)) == "two"
    assert version(engine) == FLOOR + 1
    assert version(engine, "l", cas_version=0) == FLOOR + 2
    assert engine.run(QueueEnqueue("q", [b"x"])) == [FLOOR + 1]
    assert engine.run(QueueEnqueue("new", [b"x"])) == [FLOOR + 1]
    [message] = engine.run(QueueDequeue("q")).messages
    assert (message.seq, message.lease > FLOOR) == (1, True)
    engine.run(ActionRegister("a"))
    assert int(engine.run(ActionInvoke("a")).run_id.removeprefix("run-")) > FLOOR


def test_numbers_jump_even_where_the_clock_says_nothing(engine: Engine) -> None:
    begun(engine, floor=5)
    begun(engine, floor=5)
    assert version(engine) == 2 * eras.STRIDE + 1


def test_which_numbers_and_times_belong_to_another_history(engine: Engine) -> None:
    begun(engine, "one", 0)
    engine.run(QueueEnqueue("q", [b"x"]))
    engine.run(QueueDequeue("q"))
    left_at_ms = engine.now_ms
    engine.now_ms += 1_000
    begun(engine)
    view = seen(engine)
    era = eras.row_of(view).eras[-1]
    assert (era.left_at_ms, era.began_at_ms, era.floor) == (left_at_ms, engine.now_ms, FLOOR)
    numbers = (era.last_id, era.last_id + 1, FLOOR, FLOOR + 1)
    assert [eras.is_lost_id(view, number) for number in numbers] == [False, True, True, False]
    times = (left_at_ms, left_at_ms + 1, engine.now_ms - 1, engine.now_ms)
    assert [eras.is_lost_time(view, at_ms) for at_ms in times] == [False, True, True, False]


def test_the_clients_of_the_history_before_are_forgotten(engine: Engine) -> None:
    engine.run(SessionOpen(), session="me")
    engine.run(KvPut("k", b"v"), session="me", number=1)
    begun(engine)
    assert not write_memory.is_known(seen(engine), "me")


def test_clients_that_go_on_without_being_told_are_remembered(engine: Engine) -> None:
    engine.run(SessionOpen(), session="me")
    version = engine.run(KvPut("k", b"v"), session="me", number=1)
    engine.run(HistoryBegin("two", FLOOR, 2, 0, "the log was set back", keeps_clients=True))
    assert engine.run(KvPut("k", b"v"), session="me", number=1) == version
    assert engine.run(KvPut("k", b"v"), session="me", number=2).version > FLOOR


def test_a_watch_goes_on_from_what_both_have_seen(engine: Engine) -> None:
    first, last = version(engine), version(engine)
    begun(engine)
    changes = KvChanges("k", from_version=first)
    assert [each.version for each in engine.query(changes).changes] == [last]
    new = version(engine)
    assert [each.version for each in engine.query(changes).changes] == [last, new]
    assert engine.query(KvChanges("k", from_version=last)).changes[0].version == new


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("namespace", ["default", "lost"])
def test_a_watch_from_a_version_of_another_history_is_a_gap(
    engine: Engine, is_written: bool, namespace: str
) -> None:
    last = version(engine)
    begun(engine)
    if is_written:
        engine.run(KvPut("k", b"v"), namespace=namespace)
    lost = KvChanges("k", from_version=last + 1)
    with pytest.raises(GapError, match=r"another history .*\(a backup was restored\)") as caught:
        engine.query(lost, namespace=namespace)
    again = KvChanges("k", from_version=caught.value.first_version)
    assert len(engine.query(again, namespace=namespace).changes) == is_written


def test_changes_behind_a_jump_age_out_like_others(engine: Engine) -> None:
    begun(engine)
    version(engine)
    engine.advance(25 * 3600 * 1000)
    assert not any(key[:2] == KV_CHANGE.tag for key in engine.rows())


def test_what_is_old_and_what_is_lost_is_told(engine: Engine) -> None:
    old = version(engine)
    begun(engine)
    version(engine)
    with pytest.raises(ConflictError, match="has begun another history since"):
        version(engine, cas_version=old)


def test_a_result_of_another_history_is_refused_as_such(engine: Engine) -> None:
    engine.run(ActionRegister("a"))
    engine.run(WorkerRegister("w", ["a"]))
    run = engine.run(ActionInvoke("a")).run_id
    [task] = engine.run(WorkerAwait("w", ["a"]))
    begun(engine)
    with pytest.raises(ConflictError, match="belongs to another history"):
        engine.run(WorkerComplete("w", run, task.lease + 1))
    with pytest.raises(NotFoundError, match="belongs to another history"):
        engine.query(ActionStatus(f"run-{task.lease + 1}"))
    engine.run(WorkerComplete("w", run, task.lease))


def test_a_lease_of_the_common_past_still_stands(engine: Engine) -> None:
    engine.run(QueueEnqueue("q", [b"x"]))
    [message] = engine.run(QueueDequeue("q")).messages
    begun(engine)
    assert engine.run(QueueAck("q", [1], [message.lease + 1])).stale == [1]
    assert engine.run(QueueAck("q", [1], [message.lease])).done == [1]


def test_a_record_id_of_another_history_is_a_gap(engine: Engine) -> None:
    [kept] = engine.run(StreamAppend("s", [b"kept"]))
    left_ms = engine.now_ms
    engine.now_ms += 1_000
    begun(engine)
    [new] = engine.run(StreamAppend("s", [b"new"]))
    read = StreamRead("s", after=str(kept.id))
    assert [each.id for each in engine.query(read).records] == [new.id]
    for stream in ("s", "none"):
        with pytest.raises(GapError, match="another history"):
            engine.query(StreamRead(stream, after=f"{left_ms + 500}-0"))
    assert engine.query(StreamRead("s", start=f"{left_ms + 500}-0")).records


def test_a_store_that_nobody_serves_can_be_marked() -> None:
    store = MemoryStore()
    engine = begun(Engine(store), "one", 0)
    eras.end_stored(store, "a backup was restored")
    again = Engine(store)
    assert eras.row_of(seen(again)).ended == "a backup was restored"
    assert eras.id_of(seen(again)) == eras.id_of(seen(engine)) == "one"
    again.run(HistoryEnd(""))
    assert not eras.row_of(seen(again)).ended


def test_so_many_histories_are_remembered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eras, "HISTORIES_MAX", 3)
    for number in range(5):
        begun(engine, str(number))
    assert [era.id for era in eras.row_of(seen(engine)).eras] == ["2", "3", "4"]


def test_a_cursor_goes_on_in_the_history_in_which_it_was_given(engine: Engine) -> None:
    for key in ("a", "b", "c"):
        version(engine, key)
    before = engine.query(KvScan("", 1)).cursor
    assert engine.query(KvScan("", 1, before)).entries[0].key == "b"
    begun(engine)
    with pytest.raises(GapError, match=r"a backup was restored\); list again"):
        engine.query(KvScan("", 1, before))
    cursor = engine.query(KvScan("", 1)).cursor
    assert engine.query(KvScan("", 1, cursor)).entries[0].key == "b"
    begun(engine, "three", 2 * FLOOR)
    with pytest.raises(GapError):
        engine.query(KvScan("", 1, cursor))
    for garbled in ("x", f"{cursor}x", f"{FLOOR}.x", "."):
        with pytest.raises(BadRequestError):
            engine.query(KvScan("", 1, garbled))


@pytest.mark.parametrize("partitions", [1, 2])
def test_an_offset_of_another_history_is_a_gap(engine: Engine, partitions: int) -> None:
    engine.run(StreamCreate("s", partitions))
    engine.run(StreamAppend("s", [b"0", b"1"], partition=0))
    begun(engine)
    lost = StreamRead("s", offset=3)
    with pytest.raises(GapError, match=r"offset 3 belongs to another history"):
        engine.query(lost)
    assert engine.query(StreamRead("s", offset=2)).records == []
    appended = engine.run(StreamAppend("s", [b"2", b"3"], partition=0))
    assert [each.offset for each in appended] == [FLOOR, FLOOR + 1]
    with pytest.raises(GapError, match="start again"):
        engine.query(lost)
    for offset, payloads in (
        (1, [b"1", b"2", b"3"]),
        (2, [b"2", b"3"]),  # whoever has seen all that both have goes on
        (FLOOR, [b"2", b"3"]),
        (FLOOR + 1, [b"3"]),
        (FLOOR + 2, []),
    ):
        read = engine.query(StreamRead("s", offset=offset))
        assert [record.payload for record in read.records] == payloads


@pytest.mark.parametrize("partitions", [1, 2])
def test_records_of_several_histories_are_trimmed_like_others(
    engine: Engine, partitions: int
) -> None:
    engine.run(StreamCreate("s", partitions))
    for floor in (0, FLOOR, 2 * FLOOR):
        begun(engine, floor=floor)
        engine.run(StreamAppend("s", [b"x"] * 200, partition=0))
    engine.run(StreamTrim("s", max_records=210))
    first = engine.query(StreamRead("s", offset=0, limit=1)).records[0]
    assert (first.offset, engine.query(StreamGetInfo("s")).count) == (FLOOR + 190, 210)
    with pytest.raises(GapError):
        engine.query(StreamRead("s", offset=FLOOR + 201))
    [behind] = engine.query(StreamRead("s", offset=FLOOR + 200, limit=1)).records
    assert behind.offset == 2 * FLOOR


def test_an_offset_of_a_stream_that_is_lost_is_a_gap(engine: Engine) -> None:
    version(engine)
    begun(engine)
    assert engine.query(StreamRead("lost", offset=0)).records == []
    with pytest.raises(GapError, match="offset 7"):
        engine.query(StreamRead("lost", offset=7))


def test_offsets_count_from_0_where_nothing_was_kept(engine: Engine) -> None:
    engine.run(HistoryBegin("one", FLOOR, 0, 0, "what was in memory is gone"))
    assert [each.offset for each in engine.run(StreamAppend("s", [b"x", b"x"]))] == [0, 1]
