"""Consumer groups, as API.md and SEMANTICS.md promise them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import (
    BadRequestError,
    ConflictError,
    FloClient,
    NotFoundError,
    StreamID,
    StreamRecord,
)
from floruntime.testing import FloTestServer


def payloads(result: Any) -> list[bytes]:
    return [record.payload for record in result.records]


async def take(
    client: FloClient, consumer: str = "c", limit: int = 10, **options: Any
) -> list[StreamRecord]:
    """What group `g` of stream `s` has for `consumer`."""
    result = await client.stream.group_read(
        "s", group="g", consumer=consumer, limit=limit, **options
    )
    return result.records


async def fill(client: FloClient, *texts: str) -> list[StreamID]:
    return [each.id for each in await client.stream.append_many("s", texts or ("a", "b", "c"))]


# making groups


async def test_create_answers_the_group(client: FloClient) -> None:
    await fill(client)
    info = await client.stream.group_create("s", "g")
    assert (info.name, info.mode, info.consumers) == ("g", "shared", [])
    assert (info.pending, info.lag, info.last_delivered_id) == (0, 3, None)
    assert await client.stream.group_info("s", "g") == info
    assert (await client.stream.group_create("s", "tail", start="$")).lag == 0


async def test_creation_is_idempotent_with_the_same_settings_only(client: FloClient) -> None:
    settings: dict[str, Any] = {
        "start": "$",
        "mode": "exclusive",
        "ack_timeout_ms": 1000,
        "max_deliver": 3,
        "consumer_timeout_ms": 5000,
    }
    first = await client.stream.group_create("s", "g", **settings)
    assert await client.stream.group_create("s", "g", **settings) == first
    others = {
        "start": "0",
        "mode": "shared",
        "ack_timeout_ms": 1001,
        "max_deliver": 4,
        "consumer_timeout_ms": 5001,
    }
    for name, value in others.items():
        with pytest.raises(ConflictError):
            await client.stream.group_create("s", "g", **{**settings, name: value})


async def test_a_group_that_its_first_read_made_has_the_default_settings(
    client: FloClient,
) -> None:
    await take(client)
    info = await client.stream.group_create("s", "g")
    assert (info.mode, info.consumers) == ("shared", ["c"])
    with pytest.raises(ConflictError):
        await client.stream.group_create("s", "g", mode="key_shared")
    with pytest.raises(ConflictError):
        await client.stream.group_create("s", "g", start="$")


@pytest.mark.parametrize(
    "bad",
    [
        {"mode": "round-robin"},
        {"mode": ""},
        {"ack_timeout_ms": 0},
        {"ack_timeout_ms": -1},
        {"max_deliver": 0},
        {"consumer_timeout_ms": 0},
        {"ack_timeout_ms": 2**62},
        {"start": "yesterday"},
    ],
    ids=str,
)
async def test_settings_that_can_never_be_right(client: FloClient, bad: Any) -> None:
    with pytest.raises(BadRequestError):
        await client.stream.group_create("s", "g", **bad)
    assert list(await client.stream.list()) == []


async def test_what_does_not_exist_is_not_found(client: FloClient) -> None:
    id = StreamID(1, 0)
    for stream in ("missing", "s"):
        calls = [
            client.stream.group_info(stream, "g"),
            client.stream.group_pending(stream, "g"),
            client.stream.group_dead(stream, "g"),
            client.stream.group_seek(stream, "g", start="0"),
            client.stream.group_leave(stream, "g", "c"),
            client.stream.group_ack(stream, [id], group="g"),
            client.stream.group_nack(stream, [id], group="g"),
            client.stream.group_touch(stream, [id], group="g"),
            client.stream.group_claim(stream, group="g", consumer="c", min_idle_ms=0),
        ]
        for call in calls:
            with pytest.raises(NotFoundError):
                await call
        assert await client.stream.group_delete(stream, "g") is False
        await client.stream.create("s")
    with pytest.raises(NotFoundError):
        await client.stream.group_list("missing")


async def test_join_and_leave(client: FloClient) -> None:
    info = await client.stream.group_join("s", "g", "one")
    assert info.consumers == ["one"]
    assert (await client.stream.group_join("s", "g", "two")).consumers == ["one", "two"]
    assert (await client.stream.group_join("s", "g", "two")).consumers == ["one", "two"]
    await client.stream.group_leave("s", "g", "one")
    assert (await client.stream.group_info("s", "g")).consumers == ["two"]
    await client.stream.group_leave("s", "g", "one")


async def test_the_list_of_groups_pages(client: FloClient) -> None:
    for name in "cab":
        await client.stream.group_create("s", name)
    await client.stream.group_create("t", "other")
    page = await client.stream.group_list("s", limit=2)
    assert [each.name for each in page] == ["a", "b"]
    assert page.has_more
    rest = await client.stream.group_list("s", cursor=page.cursor)
    assert ([each.name for each in rest], rest.cursor, rest.has_more) == (["c"], None, False)
    with pytest.raises(BadRequestError):
        await client.stream.group_list("t", cursor=page.cursor)


async def test_delete_forgets_the_group(client: FloClient) -> None:
    await fill(client)
    await take(client, limit=2)
    assert await client.stream.group_delete("s", "g") is True
    with pytest.raises(NotFoundError):
        await client.stream.group_info("s", "g")
    records = await take(client)
    assert [record.attempt for record in records] == [1, 1, 1]


async def test_seek_goes_back_and_forth(client: FloClient) -> None:
    ids = await fill(client)
    await take(client)
    for start, wanted in (("0", 3), (ids[1], 2), (str(ids[2]), 1), ("$", 0)):
        info = await client.stream.group_seek("s", "g", start=start)
        assert (info.lag, info.pending) == (wanted, 0)
        assert [record.id for record in await take(client)] == ids[3 - wanted :]


# reading and acking


async def test_read_makes_stream_and_group_and_joins(client: FloClient) -> None:
    assert await take(client) == []
    assert (await client.stream.info("s")).partitions == 1
    assert (await client.stream.group_info("s", "g")).consumers == ["c"]


async def test_a_group_that_its_first_read_makes_gets_everything_kept(client: FloClient) -> None:
    ids = await fill(client)
    records = await take(client)
    assert [record.id for record in records] == ids
    assert [record.attempt for record in records] == [1, 1, 1]
    assert all(record.lease > 0 for record in records)
    assert [record.stream for record in records] == ["s"] * 3
    assert await take(client) == []


async def test_read_gives_ten_unless_told(client: FloClient) -> None:
    await client.stream.append_many("s", [b"x"] * 12)
    first = await client.stream.group_read("s", group="g", consumer="c")
    assert len(first.records) == 10
    assert len(await take(client, limit=1)) == 1


async def test_shared_gives_each_record_to_one_consumer(client: FloClient) -> None:
    ids = await fill(client)
    one = await take(client, "one", limit=2)
    two = await take(client, "two", limit=2)
    assert [record.id for record in one + two] == ids


async def test_groups_are_independent(client: FloClient) -> None:
    ids = await fill(client)
    for group in ("g", "h"):
        result = await client.stream.group_read("s", group=group, consumer="c")
        assert [record.id for record in result.records] == ids


async def test_info_counts(client: FloClient) -> None:
    ids = await fill(client)
    records = await take(client, limit=2)
    info = await client.stream.group_info("s", "g")
    assert (info.pending, info.lag, info.last_delivered_id) == (2, 1, ids[1])
    await client.stream.group_ack("s", records, group="g")
    info = await client.stream.group_info("s", "g")
    assert (info.pending, info.lag, info.last_delivered_id) == (0, 1, ids[1])


async def test_ack_takes_records_ids_text_and_single_ones(client: FloClient) -> None:
    await fill(client, *"abcdefgh")
    records = await take(client)
    ids = [record.id for record in records]
    ack = client.stream.group_ack
    assert (await ack("s", records[:2], group="g")).done == ids[:2]
    assert (await ack("s", ids[2:3], group="g", consumer="c")).done == ids[2:3]
    assert (await ack("s", [str(ids[3])], group="g")).done == [ids[3]]
    assert (await ack("s", records[4], group="g")).done == [ids[4]]
    assert (await ack("s", ids[5], group="g")).done == [ids[5]]
    assert (await ack("s", tuple(records[6:7]), group="g")).done == [ids[6]]
    assert (await ack("s", (id for id in ids[7:]), group="g")).done == [ids[7]]
    assert (await client.stream.group_info("s", "g")).pending == 0


async def test_every_id_of_a_list_is_answered_for_itself(client: FloClient) -> None:
    ids = await fill(client)
    await take(client)
    unknown = StreamID(ids[0].timestamp_ms, 999)
    result = await client.stream.group_ack("s", [ids[0], unknown, ids[2]], group="g")
    assert (result.done, result.stale) == ([ids[0], ids[2]], [unknown])
    assert [entry.id for entry in await client.stream.group_pending("s", "g")] == [ids[1]]


async def test_a_repeated_ack_of_the_holder_is_done(
    server: FloTestServer, served: FloClient
) -> None:
    ids = await fill(served)
    records = await take(served)
    assert (await served.stream.group_ack("s", records, group="g")).done == ids
    assert (await served.stream.group_ack("s", records, group="g")).done == ids
    assert (await served.stream.group_ack("s", ids, group="g")).done == ids
    await server.advance(300_001)
    assert (await served.stream.group_ack("s", records, group="g")).stale == ids


async def test_ids_take_1_to_1000(client: FloClient) -> None:
    await take(client)
    for count in (0, 1001):
        with pytest.raises(BadRequestError):
            await client.stream.group_ack("s", [StreamID(1, 0)] * count, group="g")
    result = await client.stream.group_ack("s", [StreamID(1, n) for n in range(1000)], group="g")
    assert len(result.stale) == 1000


@pytest.mark.parametrize("bad", [5, None, [5], [None], ["x"], "nonsense"], ids=str)
async def test_what_is_no_id_is_refused(client: FloClient, bad: Any) -> None:
    await take(client)
    for call in (client.stream.group_ack, client.stream.group_nack, client.stream.group_touch):
        with pytest.raises((BadRequestError, TypeError)):
            await call("s", bad, group="g")


async def test_a_lease_that_runs_out_brings_the_record_back(
    server: FloTestServer, served: FloClient
) -> None:
    ids = await fill(served)
    first = await take(served, "one")
    await served.stream.group_ack("s", first[1], group="g")
    await server.advance(29_999)
    assert await take(served, "two") == []
    await server.advance(1)
    again = await take(served, "two")
    assert [record.id for record in again] == [ids[0], ids[2]]
    assert [record.attempt for record in again] == [2, 2]
    assert again[0].lease > first[0].lease


async def test_an_ack_from_a_consumer_that_lost_the_record_is_stale(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    ids = await fill(served, "a")
    lost = await take(served, "one")
    await server.advance(30_000)
    [held] = await take(other, "two")
    for form in (lost, ids, [str(ids[0])]):
        for call in (served.stream.group_ack, served.stream.group_nack, served.stream.group_touch):
            result: Any = await call("s", form, group="g")
            assert (result.done, result.stale) == ([], ids)
            result = await call("s", form, group="g", consumer="one")
            assert (result.done, result.stale) == ([], ids)
    assert (await other.stream.group_ack("s", [held], group="g")).done == ids


async def test_a_lease_that_ran_out_and_nobody_took_can_be_acked(
    server: FloTestServer, served: FloClient
) -> None:
    ids = await fill(served, "a")
    records = await take(served)
    await server.advance(30_001)
    assert (await served.stream.group_ack("s", records, group="g")).done == ids
    assert await take(served) == []


async def test_a_consumer_that_does_not_hold_the_record_is_stale(client: FloClient) -> None:
    ids = await fill(client, "a")
    await take(client, "one")
    result = await client.stream.group_ack("s", ids, group="g", consumer="two")
    assert (result.done, result.stale) == ([], ids)
    assert (await client.stream.group_info("s", "g")).pending == 1


async def test_an_operator_who_never_read_is_believed(served: FloClient, other: FloClient) -> None:
    ids = await fill(served)
    await take(served)
    assert (await other.stream.group_ack("s", ids[:1], group="g")).done == ids[:1]
    assert (await other.stream.group_nack("s", ids[1:2], group="g")).done == ids[1:2]
    assert (await other.stream.group_touch("s", ids[2:], group="g")).done == ids[2:]


async def test_nack_brings_back_at_once_or_later(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served, "a", "b")
    records = await take(served)
    result = await served.stream.group_nack("s", records[:1], group="g", error="bad day")
    assert result.done == ids[:1]
    await served.stream.group_nack("s", records[1:], group="g", delay_ms=5_000)
    [again] = await take(served)
    assert (again.id, again.attempt) == (ids[0], 2)
    await server.advance(5_000)
    [later] = await take(served)
    assert (later.id, later.attempt) == (ids[1], 2)


async def test_a_delayed_record_wakes_a_waiting_read(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    ids = await fill(served, "a")
    await served.stream.group_nack("s", await take(served), group="g", delay_ms=5_000)
    waiting = asyncio.create_task(take(other, "two", block_ms=20_000))
    await server.advance(4_999)
    assert not waiting.done()
    await server.advance(1)
    assert [record.id for record in await waiting] == ids


async def test_redeliveries_come_before_new_records(client: FloClient) -> None:
    ids = await fill(client, "a", "b")
    records = await take(client)
    [new] = await fill(client, "c")
    await client.stream.group_nack("s", records, group="g")
    again = await take(client)
    assert [record.id for record in again] == [*ids, new]
    assert [record.attempt for record in again] == [2, 2, 1]


async def test_touch_extends_the_lease(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served, "a")
    records = await take(served)
    await server.advance(20_000)
    assert (await served.stream.group_touch("s", records, group="g")).done == ids
    [entry] = await served.stream.group_pending("s", "g")
    assert entry.expires_at_ms == server.now_ms + 30_000
    await server.advance(29_999)
    assert await take(served, "two") == []
    await served.stream.group_touch("s", records, group="g", extend_ms=100)
    await server.advance(100)
    assert len(await take(served, "two")) == 1


async def test_pending_tells_who_holds_what(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served)
    [first] = await take(served, "one", limit=1)
    await server.advance(10)
    await take(served, "two")
    entries = await served.stream.group_pending("s", "g")
    assert [entry.id for entry in entries] == ids
    entry = entries[0]
    assert (entry.consumer, entry.attempt, entry.lease) == ("one", 1, first.lease)
    assert entry.delivered_at_ms == server.now_ms - 10
    assert entry.expires_at_ms == entry.delivered_at_ms + 30_000
    of_two = await served.stream.group_pending("s", "g", consumer="two")
    assert [entry.id for entry in of_two] == ids[1:]
    page = await served.stream.group_pending("s", "g", limit=2)
    rest = await served.stream.group_pending("s", "g", limit=2, cursor=page.cursor)
    assert [entry.id for entry in [*page, *rest]] == ids
    assert (page.has_more, rest.has_more) == (True, False)
    assert list(await served.stream.group_pending("s", "g", consumer="nobody")) == []


async def test_leave_hands_back_at_once(client: FloClient) -> None:
    ids = await fill(client, "a", "b")
    first = await take(client, "one")
    await client.stream.group_leave("s", "g", "one")
    again = await take(client, "two")
    assert [record.id for record in again] == ids
    assert [record.attempt for record in again] == [1, 1]
    assert all(new.lease > old.lease for new, old in zip(again, first, strict=True))
    assert (await client.stream.group_ack("s", first, group="g")).stale == ids


async def test_leave_wakes_whoever_waits(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await fill(served, "a")
    await take(served, "one")
    waiting = asyncio.create_task(take(other, "two", block_ms=10_000))
    await server.settle()
    await served.stream.group_leave("s", "g", "one")
    assert len(await waiting) == 1


async def test_a_lost_connection_alone_hands_nothing_back(
    server: FloTestServer, served: FloClient
) -> None:
    ids = await fill(served, "a")
    async with server.client() as gone:
        await take(gone, "one")
    assert await take(served, "two") == []
    assert (await served.stream.group_info("s", "g")).consumers == ["one", "two"]
    await server.advance(30_000)
    assert [record.id for record in await take(served, "two")] == ids


async def test_an_append_wakes_waiting_consumers_first_come_first_served(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    waits = []
    for client, consumer in ((served, "one"), (other, "two")):
        waits.append(asyncio.create_task(take(client, consumer, block_ms=20_000)))
        await server.settle()
    await fill(served, "a")
    await server.settle()
    assert [wait.done() for wait in waits] == [True, False]
    await fill(served, "b")
    assert [payload.payload for payload in await waits[1]] == [b"b"]


async def test_a_waiting_group_read_ends_empty(server: FloTestServer, served: FloClient) -> None:
    waiting = asyncio.create_task(take(served, block_ms=1_000))
    await server.advance(999)
    assert not waiting.done()
    await server.advance(1)
    assert await waiting == []


async def test_no_ack_is_at_most_once(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served)
    records = await take(served, no_ack=True)
    assert [record.id for record in records] == ids
    assert (await served.stream.group_info("s", "g")).pending == 0
    await server.advance(60_000)
    assert await take(served) == []


async def test_ack_above_a_hole_stays_acked(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served, *"abcde")
    records = await take(served)
    await served.stream.group_ack("s", [records[1], records[3], records[4]], group="g")
    await server.restart()
    await server.advance(30_000)
    assert [record.id for record in await take(served)] == [ids[0], ids[2]]


# dead letters


async def test_after_max_deliver_a_record_is_dead_and_others_go_on(
    server: FloTestServer, served: FloClient
) -> None:
    ids = await fill(served, "poison", "fine")
    await served.stream.group_create("s", "g", max_deliver=2, ack_timeout_ms=1_000)
    for attempt in (1, 2):
        records = await take(served)
        assert [record.attempt for record in records if record.id == ids[0]] == [attempt]
        await served.stream.group_ack("s", ids[1:], group="g")
        await served.stream.group_nack("s", ids[:1], group="g", error=f"no {attempt}")
    assert await take(served) == []
    [dead] = await served.stream.group_dead("s", "g")
    assert (dead.id, dead.payload, dead.attempt) == (ids[0], b"poison", 2)
    assert dead.reason == "max_attempts"
    assert (await served.stream.group_info("s", "g")).pending == 0
    await server.advance(60_000)
    assert await take(served) == []


async def test_leases_that_run_out_count_as_deliveries(
    server: FloTestServer, served: FloClient
) -> None:
    [id] = await fill(served, "a")
    await served.stream.group_create("s", "g", max_deliver=3, ack_timeout_ms=1_000)
    for attempt in (1, 2, 3):
        assert [record.attempt for record in await take(served)] == [attempt]
        await server.advance(1_000)
    assert await take(served) == []
    assert [record.id for record in await served.stream.group_dead("s", "g")] == [id]


async def test_max_deliver_1_never_delivers_twice(server: FloTestServer, served: FloClient) -> None:
    await fill(served, "a")
    await served.stream.group_create("s", "g", max_deliver=1)
    await served.stream.group_nack("s", await take(served), group="g")
    assert await take(served) == []
    assert len(await served.stream.group_dead("s", "g")) == 1


async def test_dead_letters_page(client: FloClient) -> None:
    ids = await fill(client)
    await client.stream.group_create("s", "g", max_deliver=1)
    await client.stream.group_nack("s", await take(client), group="g")
    page = await client.stream.group_dead("s", "g", limit=2)
    rest = await client.stream.group_dead("s", "g", cursor=page.cursor)
    assert [record.id for record in [*page, *rest]] == ids
    assert (page.has_more, rest.has_more) == (True, False)


# claim


async def test_claim_takes_over_what_is_idle(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served, "a", "b")
    lost = await take(served, "one", limit=1)
    await server.advance(5_000)
    await take(served, "one")
    result = await served.stream.group_claim("s", group="g", consumer="two", min_idle_ms=5_000)
    [claimed] = result.records
    assert (claimed.id, claimed.attempt, claimed.payload) == (ids[0], 2, b"a")
    assert claimed.lease > lost[0].lease
    [entry] = await served.stream.group_pending("s", "g", consumer="two")
    assert entry.id == ids[0]
    assert (await served.stream.group_ack("s", lost, group="g")).stale == ids[:1]
    assert (await served.stream.group_ack("s", [claimed], group="g")).done == ids[:1]
    empty = await served.stream.group_claim("s", group="g", consumer="two", min_idle_ms=5_000)
    assert empty.records == []
    rest = await served.stream.group_claim("s", group="g", consumer="two", min_idle_ms=0)
    assert [record.id for record in rest.records] == ids[1:]


# exclusive


async def exclusive(client: FloClient) -> list[StreamID]:
    await client.stream.group_create("s", "g", mode="exclusive")
    return await fill(client)


async def test_the_second_consumer_of_an_exclusive_group_stands_by(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    ids = await exclusive(served)
    assert len(await take(served, "one", limit=1)) == 1
    assert await take(other, "two") == []
    assert (await served.stream.group_info("s", "g")).consumers == ["one", "two"]
    assert [record.id for record in await take(served, "one")] == ids[1:]


async def test_a_stand_by_takes_over_when_the_first_leaves(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    ids = await exclusive(served)
    await take(served, "one", limit=1)
    waiting = asyncio.create_task(take(other, "two", block_ms=60_000))
    await server.settle()
    assert not waiting.done()
    await served.stream.group_leave("s", "g", "one")
    assert [record.id for record in await waiting] == ids


async def test_a_stand_by_takes_over_30_s_after_the_last_call_of_the_first(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    ids = await exclusive(served)
    await take(served, "one", limit=1)
    waiting = asyncio.create_task(take(other, "two", block_ms=120_000))
    await server.advance(29_999)
    assert not waiting.done()
    await server.advance(1)
    assert [(record.id, record.attempt) for record in await waiting] == [
        (ids[0], 2),
        (ids[1], 1),
        (ids[2], 1),
    ]
    assert (await served.stream.group_info("s", "g")).consumers == ["two"]


async def test_an_open_wait_keeps_the_first_in_place(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await served.stream.group_create("s", "g", mode="exclusive")
    first = asyncio.create_task(take(served, "one", block_ms=300_000))
    await server.settle()
    second = asyncio.create_task(take(other, "two", block_ms=300_000))
    await server.advance(120_000)
    await fill(served, "a")
    await server.settle()
    assert (first.done(), second.done()) == (True, False)
    assert len(await first) == 1
    await server.advance(31_000)
    assert [record.attempt for record in await second] == [2]


async def test_two_open_waits_that_began_together_keep_their_order(
    server: FloTestServer, served: FloClient, other: FloClient
) -> None:
    await served.stream.group_create("s", "g", mode="exclusive")
    await take(served, "one")
    second = asyncio.create_task(take(other, "two", block_ms=300_000))
    await server.settle()
    first = asyncio.create_task(take(served, "one", block_ms=300_000))
    await server.advance(120_000)
    assert (await served.stream.group_info("s", "g")).consumers == ["one", "two"]
    await fill(served, "a")
    await server.settle()
    assert (first.done(), second.done()) == (True, False)
    second.cancel()


async def test_touching_counts_as_a_call(server: FloTestServer, served: FloClient) -> None:
    await exclusive(served)
    records = await take(served, "one")
    for _ in range(4):
        await server.advance(20_000)
        assert (await served.stream.group_touch("s", records, group="g")).stale == []
        assert await take(served, "two") == []
    await served.stream.group_ack("s", records, group="g", consumer="one")
    [id] = await fill(served, "d")
    assert await take(served, "two") == []
    assert [record.id for record in await take(served, "one")] == [id]


# key_shared


async def test_key_shared_gives_a_key_to_one_consumer_in_order(client: FloClient) -> None:
    await client.stream.group_create("s", "g", mode="key_shared")
    for name in ("one", "two", "three"):
        await client.stream.group_join("s", "g", name)
    keys = [f"key-{number}" for number in range(24)]
    for turn in range(3):
        for each in keys:
            await client.stream.append("s", f"{each}/{turn}", partition_key=each)
    holder: dict[str, str] = {}
    seen: dict[str, list[bytes]] = {key: [] for key in keys}
    for _ in range(40):
        for name in ("one", "two", "three"):
            for record in await take(client, name, limit=5):
                key = record.partition_key
                assert key is not None
                assert holder.setdefault(key, name) == name
                seen[key].append(record.payload)
                await client.stream.group_ack("s", [record], group="g")
    assert seen == {key: [f"{key}/{turn}".encode() for turn in range(3)] for key in keys}
    assert set(holder.values()) == {"one", "two", "three"}


async def test_a_key_moves_only_when_nothing_of_it_is_pending(client: FloClient) -> None:
    await client.stream.group_create("s", "g", mode="key_shared")
    keys = [f"key-{number}" for number in range(16)]
    for key in keys:
        await client.stream.append("s", key, partition_key=key)
    held = await take(client, "one", limit=100)
    assert len(held) == 16
    for name in ("two", "three"):
        await client.stream.group_join("s", "g", name)
    for key in keys:
        await client.stream.append("s", key, partition_key=key)
    assert await take(client, "two", limit=100) == []
    await client.stream.group_ack("s", held, group="g")
    spread = {name: await take(client, name, limit=100) for name in ("one", "two", "three")}
    assert sum(len(records) for records in spread.values()) == 16
    assert all(spread.values())


async def test_a_key_moves_on_from_a_consumer_that_is_gone(
    server: FloTestServer, served: FloClient
) -> None:
    await served.stream.group_create("s", "g", mode="key_shared", ack_timeout_ms=10_000)
    ids = [(await served.stream.append("s", b"x", partition_key="k")).id for _ in range(2)]
    assert len(await take(served, "one", limit=1)) == 1
    await server.advance(30_000)
    assert [record.id for record in await take(served, "two")] == ids


async def test_key_shared_redelivers_in_order(client: FloClient) -> None:
    await client.stream.group_create("s", "g", mode="key_shared")
    for number in range(4):
        await client.stream.append("s", str(number), partition_key="k")
    records = await take(client, limit=2)
    await client.stream.group_nack("s", records, group="g")
    again = await take(client)
    assert [record.payload for record in again] == [b"0", b"1", b"2", b"3"]


# restarts, time-outs, trimming, batches


async def test_groups_survive_a_restart(tmp_path: Any) -> None:
    async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
        ids = await fill(client, *"abcd")
        records = await take(client, "one", limit=3)
        await client.stream.group_ack("s", records[:1], group="g")
        await client.stream.group_nack("s", records[1:2], group="g")
        await server.stop()
        await server.start()
        info = await client.stream.group_info("s", "g")
        assert (info.pending, info.lag, info.consumers) == (2, 1, ["one"])
        again = await take(client, "one")
        assert [(record.id, record.attempt) for record in again] == [(ids[1], 2), (ids[3], 1)]
        assert min(record.lease for record in again) > records[0].lease
        await server.advance(30_000)
        assert {record.id for record in await take(client, "one")} == set(ids[1:])


async def test_consumers_are_gone_after_their_time_out(
    server: FloTestServer, served: FloClient
) -> None:
    await served.stream.group_create("s", "g", consumer_timeout_ms=5_000)
    await take(served, "one")
    await server.advance(3_000)
    await take(served, "two")
    await server.advance(2_000)
    assert (await served.stream.group_info("s", "g")).consumers == ["two"]


async def test_trimmed_records_are_not_delivered(server: FloTestServer, served: FloClient) -> None:
    ids = await fill(served, *"abcd")
    await take(served, limit=2)
    await served.stream.trim("s", before=ids[3])
    assert [record.id for record in await take(served)] == [ids[3]]
    assert (await served.stream.group_info("s", "g")).lag == 0
    await server.advance(30_000)
    assert [record.id for record in await take(served)] == [ids[3]]


async def test_groups_read_all_partitions(client: FloClient) -> None:
    await client.stream.create("s", partitions=4)
    appended = await client.stream.append_many("s", list("abcdef"))
    records = await take(client)
    assert [record.id for record in records] == [each.id for each in appended]
    assert [record.offset for record in records] == [each.offset for each in appended]


async def test_consume_compute_produce_in_one_step(client: FloClient) -> None:
    await fill(client, "a")
    [record] = await take(client)
    async with client.batch() as batch:
        batch.stream.group_ack("s", [record], group="g")
        batch.stream.append("out", b"done")
        batch.kv.incr("handled")
    assert batch.results[0].done == [record.id]
    assert payloads(await client.stream.read("out")) == [b"done"]
    assert (await client.stream.group_info("s", "g")).pending == 0


async def test_every_group_write_but_reading_goes_in_a_batch(client: FloClient) -> None:
    ids = await fill(client, *"abcd")
    await take(client)
    async with client.batch() as batch:
        batch.stream.group_ack("s", ids[0], group="g")
        batch.stream.group_nack("s", ids[1:2], group="g", error="no")
        batch.stream.group_touch("s", ids[2:3], group="g", extend_ms=1)
        batch.stream.group_claim("s", group="g", consumer="two", min_idle_ms=0, limit=1)
        batch.stream.group_join("s", "g", "three")
        batch.stream.group_leave("s", "g", "three")
        batch.stream.group_create("s", "h", start="$")
        batch.stream.group_seek("s", "h", start="0")
        batch.stream.group_delete("s", "h")
    results = batch.results
    assert [each.done for each in results[:3]] == [ids[:1], ids[1:2], ids[2:3]]
    assert len(results[3].records) == 1
    assert "three" in results[4].consumers
    assert results[7].lag == 4
    assert results[8] is True
