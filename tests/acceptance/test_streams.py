"""Streams, as API.md and SEMANTICS.md promise them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    ConflictError,
    FloClient,
    FloError,
    NotFoundError,
    StreamID,
    StreamRecord,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way
from tests.until import until

MIB = 1024 * 1024


def payloads(result: Any) -> list[bytes]:
    return [record.payload for record in result.records]


# append


async def test_append_answers_id_offset_partition_and_time(client: FloClient) -> None:
    first = await client.stream.append("s", b"one")
    second = await client.stream.append("s", "zwei ä")
    assert isinstance(first.id, StreamID)
    assert (first.offset, second.offset) == (0, 1)
    assert first.partition == second.partition == 0
    assert first.timestamp_ms == first.id.timestamp_ms
    assert first.id < second.id
    records = (await client.stream.read("s")).records
    assert [record.payload for record in records] == [b"one", "zwei ä".encode()]
    assert [record.id for record in records] == [first.id, second.id]


async def test_stream_and_streams_are_the_same(client: FloClient) -> None:
    assert client.stream is client.streams


async def test_a_record_has_every_field(client: FloClient) -> None:
    at = await client.stream.append("s", b"x", partition_key="ada", headers={"a": "1", "ü": ""})
    [record] = (await client.stream.read("s")).records
    assert isinstance(record, StreamRecord)
    assert (record.id, record.offset, record.partition) == (at.id, 0, 0)
    assert (record.stream, record.payload, record.partition_key) == ("s", b"x", "ada")
    assert record.headers == {"a": "1", "ü": ""}
    assert record.timestamp_ms == at.timestamp_ms
    assert (record.attempt, record.lease, record.reason) == (0, 0, None)


async def test_a_record_without_headers_has_an_empty_dict(client: FloClient) -> None:
    await client.stream.append("s", b"x", headers=None)
    await client.stream.append("s", b"", headers={})
    records = (await client.stream.read("s")).records
    assert [record.headers for record in records] == [{}, {}]
    assert records[1].payload == b""
    assert records[0].partition_key is None


async def test_results_are_frozen(client: FloClient) -> None:
    result = await client.stream.append("s", b"x")
    with pytest.raises(AttributeError):
        result.offset = 7  # type: ignore[misc]  # the point of the test


async def test_append_many_answers_one_result_each(client: FloClient) -> None:
    results = await client.stream.append_many("s", [b"a", "b", b"c"])
    assert [each.offset for each in results] == [0, 1, 2]
    assert sorted(each.id for each in results) == [each.id for each in results]
    assert len({each.id for each in results}) == 3
    assert payloads(await client.stream.read("s")) == [b"a", b"b", b"c"]


async def test_append_many_is_atomic(client: FloClient) -> None:
    with pytest.raises(BadRequestError):
        await client.stream.append_many("s", [b"fine", b"x" * (MIB + 1)])
    assert (await client.stream.read("s")).records == []


async def test_append_many_takes_1_to_1000_payloads(client: FloClient) -> None:
    not_a_list: Any = b"not a list"
    assert len(await client.stream.append_many("s", [b"x"] * 1000)) == 1000
    with pytest.raises(BadRequestError, match="1001"):
        await client.stream.append_many("s", [b"x"] * 1001)
    with pytest.raises(BadRequestError):
        await client.stream.append_many("s", [])
    with pytest.raises(BadRequestError):
        await client.stream.append_many("s", not_a_list)
    assert (await client.stream.info("s")).count == 1000


async def test_a_payload_of_1_mib_is_the_largest(client: FloClient) -> None:
    await client.stream.append("s", b"x" * MIB)
    with pytest.raises(BadRequestError, match=str(MIB + 1)):
        await client.stream.append("s", b"x" * (MIB + 1))


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 256, "ä" * 128])
async def test_bad_names_are_refused(client: FloClient, name: str) -> None:
    calls = [
        client.stream.append(name, b"x"),
        client.stream.read(name),
        client.stream.create(name),
        client.stream.info(name),
        client.stream.append("s", b"x", partition_key=name),
        client.stream.append("s", b"x", headers={name: "value"}),
        client.stream.group_create("s", name),
        client.stream.group_read("s", group="g", consumer=name),
        client.stream.group_join("s", "g", name),
    ]
    for call in calls:
        with pytest.raises(BadRequestError) as refused:
            await call
        assert refused.value.ran == "no"


async def test_names_of_255_bytes_are_fine(client: FloClient) -> None:
    name = "ä" * 127 + "x"
    await client.stream.append(name, b"x", partition_key=name, headers={name: "v"})
    await client.stream.group_read(name, group=name, consumer=name)
    assert (await client.stream.list())[0].name == name


@pytest.mark.parametrize(
    "bad",
    [
        {"payload": 5},
        {"payload": None},
        {"payload": {1}},
        {"headers": {"a": 1}},
        {"headers": {1: "a"}},
        {"headers": {"a": None}},
        {"headers": "a=1"},
        {"partition_key": 5},
        {"partition": "0"},
        {"partition": -1},
        {"partition": 1},
    ],
    ids=str,
)
async def test_values_of_the_wrong_kind_are_refused(client: FloClient, bad: Any) -> None:
    with pytest.raises((FloError, TypeError)) as refused:
        await client.stream.append("s", **{"payload": b"x", **bad})
    if isinstance(refused.value, FloError):
        assert isinstance(refused.value, BadRequestError), refused.value
    assert (await client.stream.append("s", b"the client still works")).offset == 0


# partitions


async def test_a_key_always_maps_to_the_same_partition(client: FloClient) -> None:
    await client.stream.create("s", partitions=8)
    await client.stream.create("t", partitions=8)
    of_key = {}
    for key in ("ada", "bob", "cyd", "dan", "eve"):
        [one, two] = await client.stream.append_many("s", [b"1", b"2"], partition_key=key)
        again = await client.stream.append("t", b"3", partition_key=key)
        assert one.partition == two.partition == again.partition
        of_key[key] = one.partition
    assert len(set(of_key.values())) > 1
    for key, partition in of_key.items():
        by_key = await client.stream.read("s", partition_key=key)
        assert by_key == await client.stream.read("s", partition=partition)
        assert {record.partition for record in by_key.records} == {partition}


async def test_without_a_key_records_go_round_robin(client: FloClient) -> None:
    await client.stream.create("s", partitions=3)
    many = await client.stream.append_many("s", [b"x"] * 4)
    single = [await client.stream.append("s", b"x") for _ in range(2)]
    assert sorted(each.partition for each in [*many, *single]) == [0, 0, 1, 1, 2, 2]
    assert [each.partition for each in many[:3]] in ([0, 1, 2], [1, 2, 0], [2, 0, 1])


async def test_a_named_partition_is_used_and_checked(client: FloClient) -> None:
    await client.stream.create("s", partitions=3)
    assert (await client.stream.append("s", b"x", partition=2)).partition == 2
    for partition in (3, -1):
        with pytest.raises(BadRequestError):
            await client.stream.append("s", b"x", partition=partition)
        with pytest.raises(BadRequestError):
            await client.stream.read("s", partition=partition)


async def test_a_read_without_partition_merges_in_id_order(client: FloClient) -> None:
    await client.stream.create("s", partitions=4)
    appended = [await client.stream.append("s", b"x", partition=n % 3) for n in range(9)]
    ids = [record.id for record in (await client.stream.read("s")).records]
    assert ids == [each.id for each in appended] == sorted(ids)


async def test_offset_counts_in_a_partition(client: FloClient) -> None:
    await client.stream.create("s", partitions=2)
    for number in range(6):
        await client.stream.append("s", str(number), partition=number % 2)
    assert payloads(await client.stream.read("s", offset=1)) == [b"2", b"4"]
    assert payloads(await client.stream.read("s", offset=1, partition=1)) == [b"3", b"5"]
    assert payloads(await client.stream.read("s", offset=3)) == []
    with pytest.raises(BadRequestError):
        await client.stream.read("s", offset=-1)


# positions


async def five(client: FloClient) -> list[StreamID]:
    return [each.id for each in await client.stream.append_many("s", list("abcde"))]


async def test_read_begins_at_the_beginning_and_gives_ten(client: FloClient) -> None:
    await client.stream.append_many("s", [str(n) for n in range(12)])
    assert len((await client.stream.read("s")).records) == 10
    assert (await client.stream.read("s", start="0", limit=1)).records[0].payload == b"0"


async def test_start_and_end_are_included_after_is_not(client: FloClient) -> None:
    ids = await five(client)
    for form in (str, lambda id: id):
        read = await client.stream.read("s", start=form(ids[1]), end=form(ids[3]))
        assert payloads(read) == [b"b", b"c", b"d"]
        assert payloads(await client.stream.read("s", after=form(ids[3]))) == [b"e"]
        read = await client.stream.read("s", after=form(ids[0]), end=form(ids[2]), limit=1)
        assert payloads(read) == [b"b"]
    assert payloads(await client.stream.read("s", after="0", limit=2)) == [b"a", b"b"]
    assert payloads(await client.stream.read("s", end="$", limit=2)) == [b"a", b"b"]
    assert payloads(await client.stream.read("s", start="$")) == []
    assert payloads(await client.stream.read("s", after="$")) == []
    assert payloads(await client.stream.read("s", end="0")) == []
    assert payloads(await client.stream.read("s", start=ids[3], end=ids[1])) == []


async def test_ids_need_not_exist(client: FloClient) -> None:
    ids = await five(client)
    long_ago = StreamID(1, 0)
    far_away = StreamID(ids[-1].timestamp_ms + 10**9, 0)
    assert len((await client.stream.read("s", start=long_ago)).records) == 5
    assert len((await client.stream.read("s", after=long_ago, end=far_away)).records) == 5
    assert payloads(await client.stream.read("s", start=far_away)) == []


@pytest.mark.parametrize("position", ["nonsense", "", "1", "1-", "-1", "1-2-3", "\uff11-0", "1.5"])
async def test_what_is_no_position_is_refused(client: FloClient, position: str) -> None:
    await five(client)
    for name in ("start", "end", "after"):
        options: dict[str, Any] = {name: position}
        with pytest.raises(BadRequestError):
            await client.stream.read("s", **options)
    with pytest.raises(BadRequestError):
        await client.stream.group_create("s", "g", start=position)


async def test_ways_to_begin_exclude_each_other(client: FloClient) -> None:
    [first, *_] = await five(client)
    for options in (
        {"start": first, "after": first},
        {"start": first, "offset": 0},
        {"after": first, "tail": True},
        {"offset": 0, "tail": True},
    ):
        with pytest.raises(BadRequestError):
            await client.stream.read("s", **options)


@pytest.mark.parametrize("stream", ["s", "missing"])
async def test_limit_is_1_to_1000(client: FloClient, stream: str) -> None:
    await client.stream.append_many("s", [b"x"] * 1000)
    await client.stream.append("s", b"x")
    assert len((await client.stream.read(stream, limit=1000)).records) in (1000, 0)
    for limit in (0, -1, 1001):
        with pytest.raises(BadRequestError, match="limit"):
            await client.stream.read(stream, limit=limit)
        with pytest.raises(BadRequestError, match="limit"):
            await client.stream.group_read(stream, group="g", consumer="c", limit=limit)
    assert len((await client.stream.group_read("s", group="g", consumer="c", limit=1000)).records)


async def test_block_is_at_most_300_000(client: FloClient) -> None:
    await five(client)
    assert (await client.stream.read("s", block_ms=300_000)).records
    for block_ms in (300_001, -1):
        with pytest.raises(BadRequestError, match=r"300000|300,000"):
            await client.stream.read("s", block_ms=block_ms)
        with pytest.raises(BadRequestError, match=r"300000|300,000"):
            await client.stream.group_read("s", group="g", consumer="c", block_ms=block_ms)


async def test_stream_id_parses_what_it_prints() -> None:
    id = StreamID(1703350800000, 3)
    assert str(id) == "1703350800000-3"
    assert StreamID.parse(str(id)) == id
    assert sorted([StreamID(2, 0), StreamID(1, 10), StreamID(1, 9)]) == [
        StreamID(1, 9),
        StreamID(1, 10),
        StreamID(2, 0),
    ]
    assert len({StreamID(1, 1), StreamID(1, 1)}) == 1


async def test_a_missing_stream_reads_as_empty(client: FloClient) -> None:
    assert (await client.stream.read("missing")).records == []
    assert list(await client.stream.list()) == []


# waiting


async def test_an_append_of_another_client_wakes_a_read(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    for position in ({"tail": True}, {"start": "$"}, {"after": "$"}, {"start": "0"}):
        name = f"s-{position}"
        waiting = asyncio.create_task(served.stream.read(name, block_ms=5_000, **position))
        await server.settle()
        assert not waiting.done()
        await other.stream.append(name, b"x")
        assert payloads(await waiting) == [b"x"]


async def test_a_read_that_finds_nothing_ends_empty_when_its_time_is_up(
    server: FloTestServer, served: FloClient
) -> None:
    waiting = asyncio.create_task(served.stream.read("s", block_ms=1_000))
    await server.advance(999)
    assert not waiting.done()
    await server.advance(1)
    assert (await waiting).records == []


async def test_tail_sees_only_what_comes_after_the_read_began(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await served.stream.append("s", b"before")
    assert (await served.stream.read("s", tail=True)).records == []
    waiting = asyncio.create_task(served.stream.read("s", tail=True, block_ms=5_000))
    await server.settle()
    await other.stream.append("s", b"after")
    assert payloads(await waiting) == [b"after"]


async def test_a_waiting_read_of_a_partition_sleeps_through_others(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await served.stream.create("s", partitions=2)
    waiting = asyncio.create_task(served.stream.read("s", partition=1, block_ms=5_000))
    await server.settle()
    await other.stream.append("s", b"no", partition=0)
    await server.settle()
    assert not waiting.done()
    await other.stream.append("s", b"yes", partition=1)
    assert payloads(await waiting) == [b"yes"]


async def test_deleting_a_stream_ends_the_waits_on_it(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await served.stream.create("s")
    waits = [
        asyncio.create_task(served.stream.read("s", block_ms=60_000)),
        asyncio.create_task(
            served.stream.group_read("s", group="g", consumer="c", block_ms=60_000)
        ),
    ]
    await server.settle()
    assert await other.stream.delete("s")
    read, group_read = await asyncio.gather(*waits)
    assert (read.records, group_read.records) == ([], [])
    with pytest.raises(NotFoundError):
        await other.stream.info("s")


# subscribe and follow


async def test_subscribe_calls_back_with_what_comes_after_it_returned(client: FloClient) -> None:
    await client.stream.append("s", b"before")
    plain: list[bytes] = []
    later: list[bytes] = []

    async def note(record: StreamRecord) -> None:
        await asyncio.sleep(0)
        later.append(record.payload)

    first = await client.stream.subscribe("s", lambda record: plain.append(record.payload))
    second = await client.streams.subscribe("s", note)
    await client.stream.append_many("s", [b"1", b"2"])
    await until(lambda: len(plain) == 2 == len(later))
    assert plain == later == [b"1", b"2"]
    await first.close()
    await client.stream.append("s", b"3")
    await until(lambda: len(later) == 3)
    assert plain == [b"1", b"2"]
    await second.close()
    await second.close()


async def test_subscribe_from_the_beginning_and_from_an_id(client: FloClient) -> None:
    ids = await five(client)
    whole: list[bytes] = []
    part: list[bytes] = []
    all_of_it = await client.stream.subscribe("s", lambda r: whole.append(r.payload), start="0")
    rest = await client.stream.subscribe("s", lambda r: part.append(r.payload), start=ids[3])
    await until(lambda: len(whole) == 5 and len(part) == 2)
    await client.stream.append("s", b"f")
    await until(lambda: len(whole) == 6 and len(part) == 3)
    assert whole == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert part == [b"d", b"e", b"f"]
    await all_of_it.close()
    await rest.close()


async def test_subscribe_to_a_stream_that_comes_later(client: FloClient) -> None:
    seen: list[bytes] = []
    subscription = await client.stream.subscribe("s", lambda r: seen.append(r.payload))
    await client.stream.append("s", b"first")
    await until(lambda: seen == [b"first"])
    await subscription.close()


async def test_subscribe_to_one_partition(client: FloClient) -> None:
    await client.stream.create("s", partitions=2)
    seen: list[bytes] = []
    subscription = await client.stream.subscribe("s", lambda r: seen.append(r.payload), partition=1)
    await client.stream.append("s", b"no", partition=0)
    await client.stream.append("s", b"yes", partition=1)
    await until(lambda: bool(seen))
    assert seen == [b"yes"]
    await subscription.close()


async def test_a_subscription_outlives_a_restart_without_loss_or_doubles(
    server: FloTestServer, served: FloClient
) -> None:
    seen: list[bytes] = []
    subscription = await served.stream.subscribe("s", lambda r: seen.append(r.payload))
    await served.stream.append("s", b"1")
    await until(lambda: len(seen) == 1)
    await server.restart()
    async with server.client() as fresh:
        await fresh.stream.append_many("s", [b"2", b"3"])
    await until(lambda: len(seen) == 3)
    assert seen == [b"1", b"2", b"3"]
    await subscription.close()


async def test_a_callback_that_raises_does_not_end_the_subscription(client: FloClient) -> None:
    seen: list[bytes] = []

    def callback(record: StreamRecord) -> None:
        seen.append(record.payload)
        if len(seen) == 1:
            raise RuntimeError("a bad day")

    subscription = await client.stream.subscribe("s", callback)
    await client.stream.append_many("s", [b"1", b"2"])
    await until(lambda: len(seen) == 2)
    await subscription.close()


async def test_a_bad_subscription_is_refused_at_once(client: FloClient) -> None:
    with pytest.raises(BadRequestError):
        await client.stream.subscribe("s", print, start="nonsense")
    with pytest.raises(BadRequestError):
        await client.stream.subscribe("", print)
    no_function: Any = "print"
    with pytest.raises(BadRequestError):
        await client.stream.subscribe("s", no_function)


async def test_closing_the_client_ends_its_subscriptions_quietly(
    server: FloTestServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.client() as client:
        subscription = await client.stream.subscribe("s", print)
    await until(lambda: not subscription.is_active)
    assert isinstance(subscription.error, FloError)
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


async def test_follow_iterates_from_a_position(client: FloClient) -> None:
    ids = await five(client)
    seen = []
    async for record in client.stream.follow("s", start=ids[2]):
        seen.append(record.payload)
        if record.payload == b"e":
            await client.stream.append("s", b"f")
        if len(seen) == 4:
            break
    assert seen == [b"c", b"d", b"e", b"f"]


async def test_the_tail_is_where_it_was_when_follow_was_called(client: FloClient) -> None:
    await five(client)
    records: AsyncIterator[StreamRecord] = client.stream.follow("s")
    await client.stream.append("s", b"between")
    assert (await asyncio.wait_for(anext(records), 2)).payload == b"between"


async def test_follow_from_the_tail(client: FloClient) -> None:
    await five(client)
    records: AsyncIterator[StreamRecord] = client.stream.follow("s")
    step = asyncio.ensure_future(anext(records))
    await under_way(client)
    await client.stream.append("s", b"new")
    assert (await asyncio.wait_for(step, 2)).payload == b"new"


# create, alter, info, list


async def test_create_answers_the_stream(client: FloClient) -> None:
    info = await client.stream.create(
        "s", partitions=4, max_age_ms=1000, max_records=10, max_bytes=100
    )
    assert (info.name, info.partitions, info.count, info.size_bytes) == ("s", 4, 0, 0)
    assert (info.first_id, info.last_id) == (None, None)
    assert (info.max_age_ms, info.max_records, info.max_bytes) == (1000, 10, 100)
    assert await client.stream.info("s") == info


async def test_create_again_is_fine_with_the_same_settings_only(client: FloClient) -> None:
    first = await client.stream.create("s", partitions=2)
    assert await client.stream.create("s", partitions=2) == first
    with pytest.raises(ConflictError):
        await client.stream.create("s", partitions=3)
    with pytest.raises(ConflictError):
        await client.stream.create("s", partitions=2, max_records=5)


@pytest.mark.parametrize(
    "bad",
    [
        {"partitions": 0},
        {"partitions": -1},
        {"partitions": 257},
        {"max_age_ms": 0},
        {"max_records": 0},
        {"max_bytes": 0},
        {"max_records": -5},
        {"max_age_ms": 2**63},
        {"max_age_ms": 2**70},
    ],
    ids=str,
)
async def test_settings_that_can_never_be_right(client: FloClient, bad: Any) -> None:
    with pytest.raises(BadRequestError):
        await client.stream.create("s", **bad)
    assert list(await client.stream.list()) == []


async def test_an_append_makes_a_stream_with_one_partition(client: FloClient) -> None:
    appended = await client.stream.append("s", b"12345")
    info = await client.stream.info("s")
    assert (info.partitions, info.count, info.size_bytes) == (1, 1, 5)
    assert info.first_id == info.last_id == appended.id
    assert (info.max_age_ms, info.max_records, info.max_bytes) == (None, None, None)


async def test_alter_sets_limits_that_hold_at_once(client: FloClient) -> None:
    ids = await five(client)
    info = await client.stream.alter("s", max_age_ms=None, max_records=2, max_bytes=None)
    assert (info.count, info.max_records, info.first_id) == (2, 2, ids[3])
    assert payloads(await client.stream.read("s")) == [b"d", b"e"]


async def test_alter_leaves_what_is_not_named(client: FloClient) -> None:
    await client.stream.create("s", max_records=5, max_bytes=100)
    info = await client.stream.alter("s", max_records=7)
    assert (info.max_records, info.max_bytes, info.max_age_ms) == (7, 100, None)
    info = await client.stream.alter("s", max_bytes=None, max_age_ms=1000)
    assert (info.max_records, info.max_bytes, info.max_age_ms) == (7, None, 1000)
    async with client.batch() as batch:
        batch.stream.alter("s", max_age_ms=2000)
    assert batch.results[0].max_age_ms == 2000
    assert batch.results[0].max_records == 7


async def test_alter_and_info_of_a_missing_stream(client: FloClient) -> None:
    with pytest.raises(NotFoundError):
        await client.stream.alter("s", max_age_ms=None, max_records=2, max_bytes=None)
    with pytest.raises(NotFoundError, match="s"):
        await client.stream.info("s")
    with pytest.raises(NotFoundError):
        await client.stream.trim("s", max_records=2)
    assert await client.stream.delete("s") is False


async def test_the_list_pages(client: FloClient) -> None:
    for name in "cabed":
        await client.stream.create(name)
    page = await client.stream.list(limit=2)
    assert [each.name for each in page] == ["a", "b"]
    assert page.has_more
    await client.stream.delete("b")
    rest = await client.stream.list(limit=100, cursor=page.cursor)
    assert [each.name for each in rest] == ["c", "d", "e"]
    assert (rest.cursor, rest.has_more) == (None, False)
    assert len(rest) == 3
    for cursor in ("garbled", "", page.cursor[:-2] if page.cursor else ""):
        with pytest.raises(BadRequestError):
            await client.stream.list(cursor=cursor)
    with pytest.raises(BadRequestError):
        await client.stream.list(cursor=page.cursor, namespace="elsewhere")
    with pytest.raises(BadRequestError):
        await client.queue.list(cursor=page.cursor)
    for limit in (0, 1001):
        with pytest.raises(BadRequestError):
            await client.stream.list(limit=limit)


async def test_namespaces_do_not_see_each_other(client: FloClient) -> None:
    await client.stream.append("s", b"mine")
    await client.stream.append("s", b"theirs", namespace="other")
    assert payloads(await client.stream.read("s")) == [b"mine"]
    assert payloads(await client.stream.read("s", namespace="other")) == [b"theirs"]
    assert (await client.stream.info("s", namespace="other")).count == 1
    await client.stream.group_create("s", "g", namespace="other")
    assert list(await client.stream.group_list("s")) == []
    assert await client.stream.delete("s", force=True)
    assert (await client.stream.info("s", namespace="other")).count == 1


# retention


async def test_max_records_keeps_the_newest(client: FloClient) -> None:
    await client.stream.create("s", max_records=3)
    await five(client)
    assert payloads(await client.stream.read("s")) == [b"c", b"d", b"e"]
    info = await client.stream.info("s")
    assert (info.count, info.size_bytes) == (3, 3)


async def test_max_bytes_keeps_the_newest(client: FloClient) -> None:
    await client.stream.create("s", max_bytes=10)
    for letter in "abc":
        await client.stream.append("s", letter * 4)
    assert payloads(await client.stream.read("s")) == [b"bbbb", b"cccc"]


async def test_max_age_takes_what_is_older(server: FloTestServer, served: FloClient) -> None:
    await served.stream.create("s", max_age_ms=1000)
    await served.stream.append("s", b"old")
    await server.advance(600)
    await served.stream.append("s", b"new")
    await server.advance(500)
    assert payloads(await served.stream.read("s")) == [b"new"]
    assert (await served.stream.info("s")).count == 1


async def test_a_start_older_than_what_is_kept_begins_at_what_is_kept(client: FloClient) -> None:
    ids = await five(client)
    assert (await client.stream.trim("s", before=ids[2])).removed == 2
    for options in ({"start": ids[0]}, {"start": "0"}, {"after": ids[0]}, {"offset": 0}):
        read = await client.stream.read("s", **options)
        assert payloads(read) == [b"c", b"d", b"e"]
    assert (await client.stream.read("s", offset=3)).records[0].payload == b"d"


async def test_trim_by_each_criterion(server: FloTestServer, served: FloClient) -> None:
    for _ in range(10):
        await served.stream.append("s", b"xx")
        await server.advance(100)
    assert (await served.stream.trim("s", max_records=9, dry_run=True)).removed == 1
    assert (await served.stream.info("s")).count == 10
    assert (await served.stream.trim("s", max_records=9)).removed == 1
    assert (await served.stream.trim("s", max_records=9)).removed == 0
    assert (await served.stream.trim("s", max_bytes=16)).removed == 1
    assert (await served.stream.trim("s", max_age_ms=750)).removed == 1
    first = (await served.stream.info("s")).first_id
    assert first is not None
    assert (await served.stream.trim("s", before=first)).removed == 0
    assert (await served.stream.trim("s", before="$")).removed == 7
    for bad in ({}, {"max_records": -1}, {"max_age_ms": -1}, {"before": "x"}):
        with pytest.raises(BadRequestError):
            await served.stream.trim("s", **bad)


async def test_trimming_to_empty_keeps_last_id_and_offset(client: FloClient) -> None:
    ids = await five(client)
    assert (await client.stream.trim("s", max_records=0)).removed == 5
    info = await client.stream.info("s")
    assert (info.count, info.size_bytes, info.first_id) == (0, 0, None)
    assert info.last_id == ids[-1]
    appended = await client.stream.append("s", b"f")
    assert appended.id > ids[-1]
    assert appended.offset == 5


async def test_deleting_wants_force_unless_it_is_empty(client: FloClient) -> None:
    await five(client)
    with pytest.raises(ConflictError):
        await client.stream.delete("s")
    assert (await client.stream.info("s")).count == 5
    assert await client.stream.delete("s", force=True) is True
    assert await client.stream.delete("s", force=True) is False
    await client.stream.create("s", partitions=2)
    assert (await client.stream.info("s")).count == 0
    assert await client.stream.delete("s") is True


async def test_a_new_stream_of_the_same_name_is_another(client: FloClient) -> None:
    await five(client)
    await client.stream.group_read("s", group="g", consumer="c")
    await client.stream.delete("s", force=True)
    assert (await client.stream.append("s", b"new")).offset == 0
    assert list(await client.stream.group_list("s")) == []
    read = await client.stream.group_read("s", group="g", consumer="c")
    assert payloads(read) == [b"new"]
    assert read.records[0].attempt == 1


# the clock, restarts, batches


async def test_ids_grow_though_the_clock_stands(server: FloTestServer, served: FloClient) -> None:
    first, second = [await served.stream.append("s", b"x") for _ in range(2)]
    assert first.id.timestamp_ms == second.id.timestamp_ms
    assert second.id.sequence == first.id.sequence + 1
    await server.advance(5)
    third = await served.stream.append("s", b"x")
    assert third.id == StreamID(first.id.timestamp_ms + 5, 0)


async def test_streams_survive_a_restart(tmp_path: Any) -> None:
    async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
        await client.stream.create("s", partitions=2, max_records=100)
        before = await client.stream.append_many("s", [b"1", b"2", b"3"])
        records = (await client.stream.read("s")).records
        await server.restart()
        assert (await client.stream.read("s")).records == records
        after = await client.stream.append_many("s", [b"4"])
        assert after[0].id > before[-1].id
        assert after[0].partition == 1
        assert (await client.stream.info("s")).count == 4


async def test_file_endpoints_share_one_server_and_keep_the_data(tmp_path: Any) -> None:
    endpoint = f"file:{tmp_path / 'data'}"
    async with FloClient(endpoint) as served, FloClient(endpoint) as other:
        waiting = asyncio.create_task(served.stream.read("s", block_ms=5_000))
        await under_way(served)
        await other.stream.append("s", b"x")
        assert payloads(await waiting) == [b"x"]
    async with FloClient(endpoint) as again:
        assert payloads(await again.stream.read("s")) == [b"x"]


async def test_streams_in_a_batch(client: FloClient) -> None:
    async with client.batch() as batch:
        batch.stream.create("s", partitions=2)
        batch.stream.append("s", b"1", partition_key="k", headers={"a": "b"})
        batch.streams.append_many("s", [b"2", b"3"])
        batch.stream.group_create("s", "g", start="0")
        batch.stream.trim("s", max_records=100, dry_run=True)
        batch.stream.delete("missing")
        batch.kv.put("k", b"v")
    created, appended, many, group, trimmed, deleted, put = batch.results
    assert (created.name, appended.offset, len(many)) == ("s", 0, 2)
    assert (group.name, trimmed.removed, deleted) == ("g", 0, False)
    assert put.version >= 1
    assert appended.id < many[0].id < many[1].id


async def send(batch: Any) -> None:
    async with batch:
        pass


async def test_a_refused_batch_appends_nothing(client: FloClient) -> None:
    batch = client.batch()
    batch.stream.append("s", b"1")
    batch.kv.put("k", b"v", cas_version=7)
    with pytest.raises(ConflictError) as refused:
        await send(batch)
    assert refused.value.index == 1
    assert (await client.stream.read("s")).records == []


async def test_a_batch_with_a_stale_ack_is_refused(
    server: FloTestServer, served: FloClient
) -> None:
    await served.stream.append("s", b"1")
    [record] = (await served.stream.group_read("s", group="g", consumer="c")).records
    await server.advance(30_000)
    await served.stream.group_read("s", group="g", consumer="d")
    batch = served.batch()
    batch.kv.put("done", b"v")
    batch.stream.group_ack("s", [record], group="g")
    with pytest.raises(ConflictError) as refused:
        await send(batch)
    assert refused.value.index == 1
    assert await served.kv.get("done") is None


async def test_a_batch_has_no_reads(client: FloClient) -> None:
    for name in ("group_read", "read", "subscribe", "info", "list"):
        with pytest.raises(AttributeError):
            async with client.batch() as batch:
                getattr(batch.stream, name)("s")
