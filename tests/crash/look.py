"""Drains what is left, and reads everything that is there."""

from __future__ import annotations

import asyncio

from floruntime.client.client import FloClient
from floruntime.core.stream import StreamRecord
from tests.crash.checker import Found
from tests.crash.history import Delivered, History, Settled, Work
from tests.crash.workload import (
    BATCH_COUNTER,
    BATCHED,
    COUNTER,
    EVENTS,
    GROUP,
    JOBS,
    MADE,
    MADE_KEY,
    MOVED,
    REGISTER,
)

PAGE = 1_000
DRAIN_SECONDS_MAX = 30


async def drain(client: FloClient, history: History) -> list[str]:
    """Take and ack all that is left, short leases running out included; the batches' messages."""
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        await _drain_queue(client, JOBS, history.jobs)
        await _drain_group(client, history.records)
        batched = Work()
        await _drain_queue(client, BATCHED, batched)
    return [delivered.payload.decode() for delivered in batched.delivered]


async def _drain_queue(client: FloClient, queue: str, work: Work) -> None:
    while True:
        messages = (await client.queue.dequeue(queue, PAGE, block_ms=100)).messages
        work.delivered += [Delivered(m.seq, m.payload, m.attempt, m.lease) for m in messages]
        if messages:
            done = set((await client.queue.ack(queue, messages)).done)
            work.settled += [Settled(m.seq, m.lease, True, m.seq in done) for m in messages]
            continue
        stats = await client.queue.stats(queue)
        if not stats.ready + stats.delayed + stats.leased:
            return


async def _drain_group(client: FloClient, work: Work) -> None:
    while True:
        result = await client.stream.group_read(
            EVENTS, group=GROUP, consumer="drain", limit=PAGE, block_ms=100
        )
        records: list[StreamRecord] = result.records
        work.delivered += [Delivered(r.id, r.payload, r.attempt, r.lease) for r in records]
        if records:
            done = set((await client.stream.group_ack(EVENTS, records, group=GROUP)).done)
            work.settled += [Settled(r.id, r.lease, True, r.id in done) for r in records]
            continue
        info = await client.stream.group_info(EVENTS, GROUP)
        if not info.pending + info.lag:
            return


async def look(client: FloClient, left: list[str]) -> Found:
    """Everything that the checker wants to know. `left`: the batches' messages never passed on."""
    found = Found(stats=await client.queue.stats(JOBS))
    async for entry in client.kv.iterate(REGISTER):
        found.values[entry.key] = (int(entry.value), entry.version)
        versions = await client.kv.history(entry.key, limit=64)
        found.versions[entry.key] = [(int(v.value), v.version) for v in reversed(versions)]
    async for entry in client.kv.iterate(MADE_KEY):
        found.batch_keys.add(entry.key.removeprefix(MADE_KEY))
    found.counter = int(await client.kv.get(COUNTER) or 0)
    found.batch_counter = int(await client.kv.get(BATCH_COUNTER) or 0)
    found.dead = await _dead(client)
    found.stream = [(r.id, r.partition, r.offset, r.payload) for r in await _all(client, EVENTS)]
    found.dead_records = {r.id for r in await client.stream.group_dead(EVENTS, GROUP)}
    found.batch_records = [r.payload.decode() for r in await _all(client, MADE)]
    found.moved = [r.payload for r in await _all(client, MOVED)]
    found.batch_messages = left + [payload.decode() for payload in found.moved]
    return found


async def _dead(client: FloClient) -> dict[int, bytes]:
    dead: dict[int, bytes] = {}
    cursor: str | None = None
    while True:
        page = await client.queue.dlq_list(JOBS, limit=PAGE, cursor=cursor)
        dead |= {message.seq: message.payload for message in page.messages}
        cursor = page.cursor
        if cursor is None:
            return dead


async def _all(client: FloClient, stream: str) -> list[StreamRecord]:
    records: list[StreamRecord] = []
    while True:
        after = records[-1].id if records else None
        page = (await client.stream.read(stream, after=after, limit=PAGE)).records
        if not page:
            return records
        records += page
