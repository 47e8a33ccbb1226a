"""What a stream keeps: limits by age, count and size, and trimming by hand."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import (
    GroupRead,
    StreamAlter,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamGetInfo,
    StreamID,
    StreamRead,
    StreamTrim,
)
from floruntime.engine.stream.rows import MARK, OFFSET, RECORD
from floruntime.engine.system import timers
from tests.engine.harness import START_MS, Engine


def append(engine: Engine, *payloads: bytes) -> list[StreamID]:
    return [result.id for result in engine.run(StreamAppend("s", list(payloads)))]


def numbered(engine: Engine, count: int, *, every_ms: int = 1) -> list[StreamID]:
    ids = []
    for number in range(count):
        ids += append(engine, b"%03d" % number)
        engine.now_ms += every_ms
    return ids


def kept(engine: Engine) -> list[int]:
    records = engine.query(StreamRead("s", limit=1000)).records
    return [int(record.payload) for record in records]


def stored(engine: Engine) -> int:
    return sum(key[:2] == RECORD.tag for key in engine.rows())


def agrees_with_itself(engine: Engine) -> bool:
    """Whether count, size and first id are those of the records that a reader sees."""
    info = engine.query(StreamGetInfo("s"))
    records = engine.query(StreamRead("s", limit=1000)).records
    first = records[0].id if records else None
    size = sum(len(record.payload) for record in records)
    return (info.count, info.size_bytes, info.first_id) == (len(records), size, first)


@pytest.mark.parametrize("partitions", [1, 3])
def test_max_records_holds_after_every_append(engine: Engine, partitions: int) -> None:
    engine.run(StreamCreate("s", partitions=partitions, max_records=5))
    for number in range(20):
        append(engine, b"%03d" % number)
        assert kept(engine) == list(range(max(0, number - 4), number + 1))
        assert agrees_with_itself(engine)
        assert stored(engine) == min(5, number + 1)


def test_an_append_of_more_than_max_records_keeps_the_last(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_records=5))
    append(engine, *(b"%03d" % number for number in range(1000)))
    assert kept(engine) == list(range(995, 1000))
    assert stored(engine) == 5


def test_max_bytes_holds_after_every_append(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_bytes=10))
    for number in range(20):
        append(engine, b"%03d" % number)
        assert kept(engine) == list(range(max(0, number - 2), number + 1))
        assert agrees_with_itself(engine)
    append(engine, b"0000000020")
    assert kept(engine) == [20]


def test_a_record_that_can_never_fit_is_refused(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_bytes=10))
    append(engine, b"x" * 10)
    with pytest.raises(BadRequestError, match="max_bytes is 10"):
        append(engine, b"x" * 11)
    assert engine.query(StreamGetInfo("s")).count == 1


def test_an_aged_record_is_not_read_even_if_the_tick_is_late(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_age_ms=100))
    numbered(engine, 3, every_ms=10)
    engine.now_ms = START_MS + 99
    assert kept(engine) == [0, 1, 2]
    engine.now_ms = START_MS + 100
    assert kept(engine) == [1, 2]
    assert agrees_with_itself(engine)
    assert [r.payload for r in engine.run(GroupRead("s", "g", "c")).records] == [b"001", b"002"]
    assert engine.run(StreamTrim("s", max_records=1, dry_run=True)).removed == 1
    engine.now_ms = START_MS + 1000
    assert kept(engine) == []
    assert agrees_with_itself(engine)
    assert engine.run(StreamDelete("s")) is True


@pytest.mark.parametrize("partitions", [1, 3])
def test_ticks_give_aged_space_back_and_stop_when_empty(engine: Engine, partitions: int) -> None:
    engine.run(StreamCreate("s", partitions=partitions, max_age_ms=5000))
    numbered(engine, 300, every_ms=100)
    for _ in range(100):
        engine.advance(500)
        assert agrees_with_itself(engine)
    rows = engine.rows()
    gone = (RECORD.tag, MARK.tag, OFFSET.tag, timers.TIMER.tag)
    assert not [key for key in rows if key[:2] in gone]
    append(engine, b"300")
    engine.advance(6000)
    assert stored(engine) == 0


def test_age_survives_a_restart(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_age_ms=5000))
    numbered(engine, 3)
    engine.reopen()
    engine.advance(10_000)
    assert stored(engine) == 0


def test_alter_sets_all_three_limits_at_once(engine: Engine) -> None:
    numbered(engine, 10)
    info = engine.run(StreamAlter("s", None, 4, None))
    assert (info.count, info.max_records) == (4, 4)
    assert kept(engine) == [6, 7, 8, 9]
    info = engine.run(StreamAlter("s", None, None, 6))
    assert (info.max_records, info.max_bytes, info.count) == (None, 6, 2)
    info = engine.run(StreamAlter("s", 2, None, None))
    assert kept(engine) == [9]
    info = engine.run(StreamAlter("s", None, None, None))
    engine.advance(100_000)
    assert kept(engine) == [9]
    assert agrees_with_itself(engine)


def test_what_was_too_old_does_not_come_back_with_a_longer_age(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_age_ms=100))
    numbered(engine, 2, every_ms=0)
    engine.now_ms += 100
    engine.run(StreamAlter("s", 100_000, None, None))
    assert kept(engine) == []


@pytest.mark.parametrize("field", ["max_age_ms", "max_records", "max_bytes"])
def test_limits_of_zero_or_less_are_refused(engine: Engine, field: str) -> None:
    for value in (0, -1):
        with pytest.raises(BadRequestError, match=field):
            engine.run(StreamCreate("s", **{field: value}))
    engine.run(StreamCreate("s", **{field: 1}))


def test_an_age_past_ten_years_is_refused(engine: Engine) -> None:
    engine.run(StreamCreate("s", max_age_ms=limits.DURATION_MS_MAX))
    with pytest.raises(BadRequestError, match="max_age_ms"):
        engine.run(StreamAlter("s", limits.DURATION_MS_MAX + 1, None, None))


# Trim


def test_trim_needs_a_criterion(engine: Engine) -> None:
    append(engine, b"0")
    with pytest.raises(BadRequestError, match="at least one"):
        engine.run(StreamTrim("s"))


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("keep", [0, 1, 127, 128, 129, 500, 871, 872, 999])
def test_trim_to_a_count_is_exact(engine: Engine, keep: int, partitions: int) -> None:
    engine.run(StreamCreate("s", partitions=partitions))
    append(engine, *(b"%03d" % number for number in range(1000)))
    assert engine.run(StreamTrim("s", max_records=keep, dry_run=True)).removed == 1000 - keep
    assert len(kept(engine)) == 1000
    assert engine.run(StreamTrim("s", max_records=keep)).removed == 1000 - keep
    assert kept(engine) == list(range(1000 - keep, 1000))
    assert agrees_with_itself(engine)
    assert stored(engine) == keep
    assert sum(key[:2] == OFFSET.tag for key in engine.rows()) == (keep if partitions > 1 else 0)
    assert engine.run(StreamTrim("s", max_records=keep)).removed == 0


@pytest.mark.parametrize("keep_bytes", [0, 2, 3, 1500, 2996, 2999])
def test_trim_to_a_size_is_exact(engine: Engine, keep_bytes: int) -> None:
    append(engine, *(b"%03d" % number for number in range(1000)))
    engine.run(StreamTrim("s", max_records=990))
    removed = engine.run(StreamTrim("s", max_bytes=keep_bytes)).removed
    keep = min(990, keep_bytes // 3)
    assert removed == 990 - keep
    assert kept(engine) == list(range(1000 - keep, 1000))
    assert agrees_with_itself(engine)


def test_trim_before_a_position_keeps_that_record(engine: Engine) -> None:
    ids = numbered(engine, 10)
    assert engine.run(StreamTrim("s", before="0")).removed == 0
    assert engine.run(StreamTrim("s", before=str(ids[4]))).removed == 4
    assert kept(engine) == [4, 5, 6, 7, 8, 9]
    assert engine.run(StreamTrim("s", before=str(ids[2]))).removed == 0
    assert engine.run(StreamTrim("s", before="$")).removed == 6
    with pytest.raises(BadRequestError, match="stream id"):
        engine.run(StreamTrim("s", before="soon"))


def test_trim_by_age_takes_what_is_that_old(engine: Engine) -> None:
    numbered(engine, 10, every_ms=10)
    assert engine.run(StreamTrim("s", max_age_ms=50)).removed == 6
    assert kept(engine) == [6, 7, 8, 9]
    assert engine.run(StreamTrim("s", max_age_ms=0)).removed == 4


def test_trim_takes_what_any_criterion_names(engine: Engine) -> None:
    ids = numbered(engine, 10)
    assert engine.run(StreamTrim("s", max_records=8, before=str(ids[5]))).removed == 5


@pytest.mark.parametrize("field", ["max_records", "max_bytes", "max_age_ms"])
def test_negative_criteria_are_refused(engine: Engine, field: str) -> None:
    append(engine, b"0")
    with pytest.raises(BadRequestError, match=field):
        engine.run(StreamTrim("s", **{field: -1}))  # type: ignore[arg-type]  # each takes an int


def test_trim_and_alter_work_while_the_disk_is_full(engine: Engine) -> None:
    append(engine, b"0")
    engine.run(StreamAlter("s", None, 1, None), may_grow=False)
    assert engine.run(StreamTrim("s", max_records=0), may_grow=False).removed == 1


def test_a_trim_within_the_same_batch_as_its_appends(engine: Engine) -> None:
    engine.hold = True
    append(engine, *(b"%03d" % number for number in range(400)))
    engine.run(StreamTrim("s", max_records=150))
    append(engine, b"400")
    engine.run(StreamTrim("s", max_records=10))
    engine.flush()
    assert kept(engine) == list(range(391, 401))
    assert stored(engine) == 10
