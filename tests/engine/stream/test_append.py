"""Appending and reading: what SEMANTICS says of streams."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.stream import (
    AppendResult,
    GroupGetInfo,
    GroupRead,
    ReadResult,
    StreamAlter,
    StreamAppend,
    StreamCreate,
    StreamDelete,
    StreamGetInfo,
    StreamID,
    StreamList,
    StreamRead,
    StreamTrim,
)
from floruntime.core.system import Batch, NamespaceDelete
from floruntime.engine.rules import RULES
from floruntime.engine.stream.rows import partition_of_key
from tests.engine.harness import START_MS, Engine
from tests.engine.stream.calls import fill


def append(engine: Engine, payload: bytes = b"x", **options: object) -> AppendResult:
    return engine.run(StreamAppend("s", [payload], **options))[0]  # type: ignore[arg-type]  # any options


def payloads(result: ReadResult) -> list[bytes]:
    return [record.payload for record in result.records]


def read(engine: Engine, **options: object) -> list[bytes]:
    return payloads(engine.query(StreamRead("s", **options)))  # type: ignore[arg-type]  # any options


# Ids


def test_ids_take_the_time_and_count_up_within_a_millisecond(engine: Engine) -> None:
    assert append(engine) == AppendResult(StreamID(START_MS, 0), 0, 0, START_MS)
    assert append(engine).id == StreamID(START_MS, 1)
    engine.now_ms += 5
    assert append(engine) == AppendResult(StreamID(START_MS + 5, 0), 2, 0, START_MS + 5)


def test_ids_grow_over_all_partitions(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=4))
    ids = [append(engine).id for _ in range(9)]
    assert ids == sorted(set(ids))


def test_trimming_to_empty_keeps_the_last_id_and_offset(engine: Engine) -> None:
    fill(engine, 3, every_ms=1)
    engine.now_ms = START_MS + 2
    last = engine.query(StreamGetInfo("s")).last_id
    engine.run(StreamTrim("s", max_records=0))
    info = engine.query(StreamGetInfo("s"))
    assert (info.count, info.size_bytes, info.first_id, info.last_id) == (0, 0, None, last)
    engine.reopen()
    result = append(engine)
    assert last is not None
    assert result.id > last
    assert result.offset == 3


def test_ids_and_records_survive_a_restart(engine: Engine) -> None:
    fill(engine, 5, every_ms=1)
    before = engine.query(StreamRead("s"))
    engine.reopen()
    assert engine.query(StreamRead("s")) == before


# Appending


def test_append_many_is_one_commit_in_order(engine: Engine) -> None:
    results = engine.run(StreamAppend("s", [b"a", b"b", b"c"]))
    assert [result.offset for result in results] == [0, 1, 2]
    assert read(engine) == [b"a", b"b", b"c"]


def test_append_many_with_one_bad_payload_appends_nothing(engine: Engine) -> None:
    with pytest.raises(BadRequestError, match="payload"):
        engine.run(StreamAppend("s", [b"a", b"x" * (limits.VALUE_BYTES_DEFAULT + 1)]))
    assert read(engine) == []


@pytest.mark.parametrize("count", [0, limits.MANY_MAX + 1])
def test_append_refuses_none_and_too_many(engine: Engine, count: int) -> None:
    with pytest.raises(BadRequestError, match="payloads"):
        engine.run(StreamAppend("s", [b""] * count))


def test_append_takes_the_largest_payload_and_count(engine: Engine) -> None:
    append(engine, b"x" * limits.VALUE_BYTES_DEFAULT)
    assert len(engine.run(StreamAppend("s", [b""] * limits.MANY_MAX))) == limits.MANY_MAX


def test_headers_and_key_come_back(engine: Engine) -> None:
    append(engine, headers={"kind": "tést"}, partition_key="k")
    record = engine.query(StreamRead("s")).records[0]
    assert (record.headers, record.partition_key, record.stream) == ({"kind": "tést"}, "k", "s")
    assert (record.attempt, record.lease, record.reason) == (0, 0, None)


def test_headers_at_the_limits(engine: Engine) -> None:
    append(engine, headers={f"h{n}": "" for n in range(limits.HEADERS_MAX)})
    with pytest.raises(BadRequestError, match="headers has 65"):
        append(engine, headers={f"h{n}": "" for n in range(limits.HEADERS_MAX + 1)})
    append(engine, headers={"h": "x" * (limits.HEADERS_BYTES_MAX - 1)})
    with pytest.raises(BadRequestError, match="16385 bytes"):
        append(engine, headers={"h": "x" * limits.HEADERS_BYTES_MAX})
    with pytest.raises(BadRequestError, match="header"):
        append(engine, headers={"": "x"})


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 256])
def test_a_bad_partition_key_is_refused(engine: Engine, key: str) -> None:
    with pytest.raises(BadRequestError, match="partition_key"):
        append(engine, partition_key=key)


def test_append_is_growth(engine: Engine) -> None:
    with pytest.raises(StorageFullError):
        engine.run(StreamAppend("s", [b"x"]), may_grow=False)


# Partitions


def test_a_key_always_maps_to_its_crc32_partition(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=7))
    for key in ("a", "user-1", "ü"):
        wanted = partition_of_key(key, 7)
        assert [append(engine, partition_key=key).partition for _ in range(3)] == [wanted] * 3
    assert partition_of_key("user-123", 16) == 14


def test_without_partition_or_key_records_go_round_robin(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=3))
    assert [append(engine).partition for _ in range(5)] == [0, 1, 2, 0, 1]


def test_offsets_count_in_each_partition(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=2))
    assert [append(engine, partition=1).offset for _ in range(3)] == [0, 1, 2]
    assert append(engine, partition=0).offset == 0


def test_a_partition_out_of_range_is_refused(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=2))
    for partition in (-1, 2):
        with pytest.raises(BadRequestError, match="partition"):
            append(engine, partition=partition)
        with pytest.raises(BadRequestError, match="partition"):
            read(engine, partition=partition)


def test_a_partition_that_contradicts_the_key_is_refused(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=2))
    of_key = partition_of_key("k", 2)
    assert append(engine, partition_key="k", partition=of_key).partition == of_key
    with pytest.raises(BadRequestError, match="partition_key"):
        append(engine, partition_key="k", partition=1 - of_key)


@pytest.mark.parametrize("partitions", [0, limits.PARTITIONS_MAX + 1])
def test_partitions_one_past_the_limits(engine: Engine, partitions: int) -> None:
    with pytest.raises(BadRequestError, match="partitions"):
        engine.run(StreamCreate("s", partitions=partitions))


def test_a_read_without_partition_merges_all_in_id_order(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=limits.PARTITIONS_MAX))
    fill(engine, 300, every_ms=1)
    assert read(engine, limit=1000) == [b"%d" % number for number in range(300)]
    assert read(engine, partition=43, limit=1000) == [b"43", b"299"]


def test_a_partition_is_read_between_ids(engine: Engine) -> None:
    engine.run(StreamCreate("s", partitions=2))
    ids = fill(engine, 10, every_ms=1)
    assert read(engine, partition=0, start=str(ids[2]), end=str(ids[7])) == [b"2", b"4", b"6"]
    assert read(engine, partition=1, after=str(ids[3])) == [b"5", b"7", b"9"]
    key = next(key for key in "abcdef" if partition_of_key(key, 2) == 1)
    assert read(engine, partition_key=key, limit=2) == [b"1", b"3"]


# Reading


def test_start_and_end_are_inclusive_and_after_is_not(engine: Engine) -> None:
    ids = [str(id) for id in fill(engine, 5, every_ms=1)]
    assert read(engine, start=ids[1], end=ids[3]) == [b"1", b"2", b"3"]
    assert read(engine, after=ids[1], end=ids[3]) == [b"2", b"3"]
    assert read(engine, start="0") == read(engine, after="0") == read(engine)
    assert read(engine, start="$") == read(engine, after="$") == []
    assert read(engine, end="0") == []
    assert len(read(engine, end="$")) == 5
    assert read(engine, start=ids[3], end=ids[1]) == []


def test_a_start_before_what_is_kept_begins_at_what_is_kept(engine: Engine) -> None:
    ids = [str(id) for id in fill(engine, 5, every_ms=1)]
    engine.run(StreamTrim("s", max_records=2))
    assert read(engine, start=ids[0]) == read(engine, after=ids[1]) == [b"3", b"4"]
    assert read(engine, offset=0) == [b"3", b"4"]


@pytest.mark.parametrize("partitions", [1, 2])
def test_offset_counts_from_0_in_a_partition(engine: Engine, partitions: int) -> None:
    engine.run(StreamCreate("s", partitions=partitions))
    for number in range(300):
        append(engine, b"%d" % number, partition=0)
    for offset in (0, 1, 127, 128, 129, 255, 256, 299):
        assert read(engine, offset=offset, limit=1) == [b"%d" % offset]
    assert read(engine, offset=300) == []
    engine.run(StreamTrim("s", max_records=100))
    for offset in (200, 255, 256, 299):
        assert read(engine, offset=offset, limit=1) == [b"%d" % offset]
    assert read(engine, offset=3, limit=1) == [b"200"]


@pytest.mark.parametrize(
    "options",
    [
        {"start": "0", "after": "0"},
        {"start": "0", "offset": 1},
        {"offset": 1, "after": "0"},
        {"tail": True, "start": "0"},
        {"tail": True, "offset": 0},
    ],
)
def test_positions_that_exclude_each_other_are_refused(
    engine: Engine, options: dict[str, object]
) -> None:
    with pytest.raises(BadRequestError, match="exclude"):
        read(engine, **options)


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-2-3", "18446744073709551616-0"])
def test_a_garbled_position_is_refused(engine: Engine, text: str) -> None:
    with pytest.raises(BadRequestError, match="stream id"):
        read(engine, start=text)
    append(engine)
    with pytest.raises(BadRequestError, match="stream id"):
        read(engine, end=text)


@pytest.mark.parametrize("limit", [0, limits.LIMIT_MAX + 1])
def test_limit_one_past_its_ends_is_refused(engine: Engine, limit: int) -> None:
    with pytest.raises(BadRequestError, match="limit"):
        read(engine, limit=limit)
    assert read(engine, limit=limits.LIMIT_MAX) == []


def test_a_read_stops_before_it_grows_too_large(engine: Engine) -> None:
    for _ in range(6):
        append(engine, b"x" * limits.VALUE_BYTES_DEFAULT)
    assert len(read(engine, limit=10)) == 4


def test_reading_a_stream_that_does_not_exist_is_empty(engine: Engine) -> None:
    assert engine.query(StreamRead("s", after="$")) == ReadResult([], StreamID(0, 0))


def test_following_by_next_after_misses_and_doubles_nothing(engine: Engine) -> None:
    seen: list[bytes] = []
    request = StreamRead("s", start="$", limit=2)
    for number in range(7):
        reply = engine.query(request)
        seen += payloads(reply)
        request = StreamRead("s", after=str(reply.next_after), limit=2)
        append(engine, b"%d" % number)
        append(engine, b"%d'" % number)
        engine.now_ms += number % 2
    seen += payloads(engine.query(request))
    assert seen == [f"{n}{tick}".encode() for n in range(7) for tick in ("", "'")]


@pytest.mark.parametrize("options", [{"tail": True}, {"start": "$"}, {"after": "$"}])
def test_a_waiting_read_of_the_tail_is_pinned_to_its_beginning(
    engine: Engine, options: dict[str, object]
) -> None:
    append(engine, b"old")
    request = StreamRead("s", block_ms=1000, **options)  # type: ignore[arg-type]  # any options
    assert not RULES.waits[StreamRead].found(engine.query(request))
    view = engine.machine.view(engine.store, "default", engine.now_ms)
    pinned = RULES.waits[StreamRead].begin(view, request)
    append(engine, b"new")
    assert payloads(engine.query(pinned)) == [b"new"]
    assert list(RULES.waits[StreamRead].topics("default", request)) == [("default", "stream", "s")]


def test_a_read_that_waits_for_a_stream_sees_it_from_its_first_record(engine: Engine) -> None:
    request = StreamRead("s", tail=True, block_ms=1000)
    view = engine.machine.view(engine.store, "default", engine.now_ms)
    pinned = RULES.waits[StreamRead].begin(view, request)
    append(engine, b"first")
    assert payloads(engine.query(pinned)) == [b"first"]


def test_an_append_touches_its_stream(engine: Engine) -> None:
    assert engine.outcome(StreamAppend("s", [b"x"])).touched == [("default", "stream", "s")]


def test_block_ms_one_past_its_end_is_refused(engine: Engine) -> None:
    assert read(engine, block_ms=limits.BLOCK_MS_MAX) == []
    with pytest.raises(BadRequestError, match="300000"):
        read(engine, block_ms=limits.BLOCK_MS_MAX + 1)


def test_namespaces_never_see_each_other(engine: Engine) -> None:
    append(engine)
    engine.run(StreamAppend("s", [b"other"]), namespace="b")
    assert payloads(engine.query(StreamRead("s"), namespace="b")) == [b"other"]
    assert read(engine) == [b"x"]
    assert engine.query(StreamList(), namespace="c").items == []


# Administration


def test_create_is_idempotent_and_other_settings_conflict(engine: Engine) -> None:
    first = engine.run(StreamCreate("s", partitions=2, max_records=5))
    assert engine.run(StreamCreate("s", partitions=2, max_records=5)) == first
    with pytest.raises(ConflictError, match="partitions=2"):
        engine.run(StreamCreate("s", partitions=3, max_records=5))


def test_create_agrees_with_a_stream_that_an_append_made(engine: Engine) -> None:
    append(engine)
    assert engine.run(StreamCreate("s")).count == 1


def test_info_alter_and_trim_of_an_unknown_stream_are_not_found(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        engine.query(StreamGetInfo("s"))
    with pytest.raises(NotFoundError):
        engine.run(StreamAlter("s", None, None, None))
    with pytest.raises(NotFoundError):
        engine.run(StreamTrim("s", max_records=1))
    assert engine.run(StreamDelete("s")) is False


def test_info_tells_count_size_and_ends(engine: Engine) -> None:
    ids = fill(engine, 3, partition_key="kk", headers={"h": "v"}, every_ms=1)
    info = engine.query(StreamGetInfo("s"))
    assert (info.count, info.size_bytes) == (3, 3 * (1 + 2 + 2))
    assert (info.first_id, info.last_id) == (ids[0], ids[2])


def test_streams_are_listed_in_pages(engine: Engine) -> None:
    for name in ("b", "a", "c"):
        engine.run(StreamCreate(name))
    page = engine.query(StreamList(limit=2))
    assert [info.name for info in page.items] == ["a", "b"]
    engine.run(StreamDelete("a"))
    rest = engine.query(StreamList(limit=2, cursor=page.cursor))
    assert [info.name for info in rest.items] == ["c"]
    assert rest.cursor is None
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(StreamList(cursor="garbled"))


def test_a_stream_that_is_not_empty_wants_force(engine: Engine) -> None:
    append(engine)
    with pytest.raises(ConflictError, match="force"):
        engine.run(StreamDelete("s"))
    outcome = engine.outcome(StreamDelete("s", force=True))
    assert outcome.result is True
    assert outcome.ended == [("default", "stream", "s")]
    assert read(engine) == []


def test_deleting_a_stream_deletes_its_groups_and_leaves_no_rows(engine: Engine) -> None:
    empty = Engine()
    empty.run(StreamCreate("other"))
    for some in (engine, empty):
        some.run(StreamCreate("keep"))
    engine.run(StreamCreate("other"))
    engine.run(StreamCreate("s", partitions=2, max_age_ms=1000))
    fill(engine, 300, every_ms=1)
    engine.run(GroupRead("s", "g", "c", limit=5))
    engine.run(StreamDelete("s", force=True))
    with pytest.raises(NotFoundError):
        engine.query(GroupGetInfo("s", "g"))
    append(engine, b"new")
    with pytest.raises(NotFoundError):
        engine.query(GroupGetInfo("s", "g"))
    assert engine.run(GroupRead("s", "g", "c")).records[0].payload == b"new"
    engine.run(StreamDelete("s", force=True))
    engine.advance(600_000)
    engine.flush()
    tags = {key[:2] for key in engine.rows()}
    assert tags == {key[:2] for key in empty.rows()}


def test_a_namespace_with_a_stream_is_not_empty(engine: Engine) -> None:
    append(engine)
    with pytest.raises(ConflictError):
        engine.run(NamespaceDelete("default"))
    engine.run(NamespaceDelete("default", force=True))
    engine.tick()
    assert read(engine) == []
    assert append(engine).offset == 0


def test_a_refused_batch_appends_nothing(engine: Engine) -> None:
    with pytest.raises(ConflictError) as caught:
        engine.run(Batch([StreamAppend("s", [b"x"]), StreamDelete("s")]))
    assert caught.value.index == 1
    assert read(engine) == []


def test_an_append_sent_again_happens_once(engine: Engine) -> None:
    from floruntime.core.system import SessionOpen

    engine.run(SessionOpen(), session="client")
    first = engine.run(StreamAppend("s", [b"x"]), session="client", number=1)
    engine.now_ms += 50
    assert engine.run(StreamAppend("s", [b"x"]), session="client", number=1) == first
    assert read(engine) == [b"x"]
