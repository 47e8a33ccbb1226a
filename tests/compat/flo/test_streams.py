"""Streams by the calls of the first SDK."""

from __future__ import annotations

import pytest

import floruntime.compat.flo as flo


async def test_records(client: flo.FloClient) -> None:
    appended = await client.stream.append(
        "events", b"1", flo.StreamAppendOptions(headers={"kind": "x"}, partition_key="a")
    )
    await client.stream.append("events", b"2", flo.StreamAppendOptions(partition=0))
    read = await client.stream.read("events", flo.StreamReadOptions(count=10))
    assert [one.payload for one in read.records] == [b"1", b"2"]
    assert read.records[0].id == appended.id
    assert read.records[0].headers == {"kind": "x"}
    assert flo.StreamID.from_bytes(appended.id.to_bytes()) == appended.id
    everything = flo.StreamReadOptions(start=flo.StreamID.from_sequence(0))
    assert len((await client.stream.read("events", everything)).records) == 2
    assert (await client.stream.info("events")).count == 2
    await client.stream.trim("events", flo.StreamTrimOptions(max_len=1))
    assert (await client.stream.info("events")).count == 1
    assert client.streams is client.stream


async def test_groups_name_themselves_by_place(client: flo.FloClient) -> None:
    for value in (b"1", b"2", b"3"):
        await client.stream.append("events", value)
    await client.stream.group_join("events", "g", "c")
    read = await client.stream.group_read(
        "events", "g", "c", flo.StreamGroupReadOptions(count=2, block_ms=1_000)
    )
    first, second = read.records
    await client.stream.group_ack("events", "g", [first.id], flo.StreamGroupAckOptions())
    await client.stream.group_nack(
        "events", "g", [second.id], flo.StreamGroupNackOptions(redelivery_delay_ms=0)
    )
    again = await client.stream.group_read("events", "g", "c")
    assert [one.payload for one in again.records] == [b"2", b"3"]
    await client.stream.group_leave("events", "g", "c")


async def test_idle_records_are_claimed(client: flo.FloClient) -> None:
    for value in (b"1", b"2"):
        await client.stream.append("events", value)
    await client.stream.group_read("events", "g", "dead")
    claimed = await client.stream.group_claim("events", "g", "alive", 0, flo.StreamID(0, 0), 1)
    assert [one.payload for one in claimed.records] == [b"1"]
    assert not claimed.done
    rest = await client.stream.group_claim("events", "g", "alive", 60_000)
    assert rest == flo.ClaimResult([], None, True)
    with pytest.raises(flo.BadRequestError, match="start_id is 1-0"):
        await client.stream.group_claim("events", "g", "alive", 0, flo.StreamID(1, 0))
