"""Streams with partitions and limits; groups of each mode with records in every state."""

from __future__ import annotations

from floruntime import StreamRecord
from tests.history.left.scene import Notes, Scene


async def prepare(scene: Scene) -> None:
    stream = scene.client.stream
    await stream.create("events", partitions=3)
    for number in range(6):
        await stream.append(
            "events",
            f"event {number}",
            partition_key=f"key {number % 3}",
            headers={"n": str(number)},
        )
    await stream.append("events", b"in partition 2", partition=2)
    await stream.create("short", max_records=3)
    await stream.append_many("short", [b"1", b"2", b"3", b"4", b"5"])
    await stream.create("aging", max_age_ms=100_000, max_bytes=10_000)
    await stream.append("aging", b"old")
    await stream.append_many("letters", [b"refused", b"later", b"held", b"new"])
    await stream.group_create("letters", "shared", max_deliver=2, ack_timeout_ms=60_000)
    for _ in range(2):
        [record] = (
            await stream.group_read("letters", group="shared", consumer="one", limit=1)
        ).records
        await stream.group_nack("letters", [record], group="shared", error="unreadable")
    await scene.server.advance(10_000)


async def leave(scene: Scene) -> Notes:
    stream = scene.client.stream
    await stream.append("aging", b"young")
    later, held = (
        await stream.group_read("letters", group="shared", consumer="one", limit=2)
    ).records
    await stream.group_nack("letters", [later], group="shared", delay_ms=30_000, error="not now")
    await stream.group_create("events", "alone", mode="exclusive", consumer_timeout_ms=120_000)
    await stream.group_join("events", "alone", "first")
    await stream.group_join("events", "alone", "second")
    alone = (await stream.group_read("events", group="alone", consumer="first", limit=2)).records
    await stream.group_ack("events", [alone[0]], group="alone")
    await stream.group_create("events", "by key", mode="key_shared", consumer_timeout_ms=120_000)
    for consumer in ("left", "right"):
        await stream.group_join("events", "by key", consumer)
    keyed = {
        consumer: (await stream.group_read("events", group="by key", consumer=consumer)).records
        for consumer in ("left", "right")
    }
    await stream.group_create("events", "from the end", start="$")
    return {
        "later": _noted(later),
        "held": _noted(held),
        "alone": [_noted(record) for record in alone],
        "keyed": {name: [_noted(each) for each in records] for name, records in keyed.items()},
    }


def _noted(record: StreamRecord) -> list[str | int]:
    return [str(record.id), record.lease]
