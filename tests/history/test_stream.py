"""Streams and groups of an earlier version are read on, and what was pending is settled."""

from __future__ import annotations

import zlib

from floruntime import StreamID
from floruntime.core.stream import GroupAck
from tests.history.conftest import Left


async def test_records_are_read_and_appended_to(left: Left) -> None:
    stream = left.client.stream
    records = (await stream.read("events", start="0", limit=100)).records
    assert [record.payload for record in records] == [
        *(f"event {number}".encode() for number in range(6)),
        b"in partition 2",
    ]
    assert [record.headers for record in records[:6]] == [{"n": str(n)} for n in range(6)]
    assert all(
        record.partition == zlib.crc32((record.partition_key or "").encode()) % 3
        for record in records[:6]
    )
    assert records[6].partition == 2
    appended = await stream.append("events", b"next", partition=2)
    assert appended.id > records[-1].id
    assert appended.offset == records[6].offset + 1
    [last] = (await stream.read("events", after=records[-1].id)).records
    assert last.payload == b"next"


async def test_limits_hold(left: Left) -> None:
    stream = left.client.stream
    await stream.append("short", b"6")
    short = (await stream.read("short", start="0")).records
    assert [(record.payload, record.offset) for record in short] == [
        *((b"4", 3), (b"5", 4), (b"6", 5))
    ]
    assert (await stream.info("aging")).max_bytes == 10_000
    old, young = (await stream.read("aging", start="0")).records
    assert (old.payload, young.payload) == (b"old", b"young")
    await left.server.advance(old.timestamp_ms + 99_999 - left.server.now_ms)
    assert (await stream.read("aging", start="0")).records == [old, young]
    await left.server.advance(1)
    assert (await stream.read("aging", start="0")).records == [young]
    await left.server.advance(young.timestamp_ms - old.timestamp_ms)
    assert (await stream.read("aging", start="0")).records == []


async def test_a_group_reads_on(left: Left) -> None:
    stream, notes = left.client.stream, left.notes["stream"]
    info = await stream.group_info("letters", "shared")
    assert (info.pending, info.lag, info.dead, info.max_deliver) == (2, 1, 1, 2)
    [new] = (await stream.group_read("letters", group="shared", consumer="one")).records
    assert (new.payload, new.attempt) == (b"new", 1)
    id, lease = notes["held"]
    acked = await left.client.call(
        GroupAck("letters", "shared", [StreamID.parse(id)], [lease], "one")
    )
    assert (acked.done, acked.stale) == ([StreamID.parse(id)], [])
    [end] = [each for each in await stream.group_list("events") if each.name == "from the end"]
    assert (end.lag, end.mode) == (0, "shared")


async def test_what_was_put_off_and_what_was_held_come_again(left: Left) -> None:
    stream, notes = left.client.stream, left.notes["stream"]
    await stream.group_read("letters", group="shared", consumer="two")
    await left.server.advance(29_999)
    assert (await stream.group_read("letters", group="shared", consumer="two")).records == []
    await left.server.advance(1)
    [later] = (await stream.group_read("letters", group="shared", consumer="two")).records
    assert (str(later.id), later.payload, later.attempt) == (notes["later"][0], b"later", 2)
    await left.server.advance(30_000)
    held = (await stream.group_read("letters", group="shared", consumer="two", limit=1)).records
    assert [(str(each.id), each.attempt) for each in held] == [(notes["held"][0], 2)]


async def test_dead_records_are_kept(left: Left) -> None:
    [dead] = await left.client.stream.group_dead("letters", "shared")
    assert (dead.payload, dead.error, dead.attempt) == (b"refused", "unreadable", 2)
    assert dead.reason == "max_attempts"


async def test_the_exclusive_member_stays_the_one_until_it_leaves(left: Left) -> None:
    stream, notes = left.client.stream, left.notes["stream"]
    assert (await stream.group_read("events", group="alone", consumer="second")).records == []
    first = (await stream.group_read("events", group="alone", consumer="first", limit=1)).records
    assert [each.payload for each in first] == [b"event 2"]
    pending = await stream.group_pending("events", "alone")
    assert [str(each.id) for each in pending] == [notes["alone"][1][0], str(first[0].id)]
    await stream.group_leave("events", "alone", "first")
    second = (await stream.group_read("events", group="alone", consumer="second")).records
    assert [each.payload for each in second][:2] == [b"event 1", b"event 2"]


async def test_keys_stay_with_their_member(left: Left) -> None:
    stream, keyed = left.client.stream, left.notes["stream"]["keyed"]
    assert len(keyed["left"]) + len(keyed["right"]) == 7
    await stream.append("events", b"more", partition_key="key 1")
    [holder] = [
        name
        for name in ("left", "right")
        if any(
            each.partition_key == "key 1"
            for each in (await stream.read("events", start="0", limit=100)).records
            if [str(each.id)] in [noted[:1] for noted in keyed[name]]
        )
    ]
    for name in ("left", "right"):
        records = (await stream.group_read("events", group="by key", consumer=name)).records
        assert [each.payload for each in records] == ([b"more"] if name == holder else [])
    taken = await stream.group_claim(
        "events", group="by key", consumer=holder, min_idle_ms=0, limit=100
    )
    assert {str(each.id) for each in taken.records} >= {noted[0] for noted in keyed[holder]}
