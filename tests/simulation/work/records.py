"""Records of a stream for the workers of a group: at least once, in order, each effect once."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from floruntime import StreamContext, StreamWorker
from floruntime.client.client import FloClient
from floruntime.engine.stream.group import run_out
from floruntime.engine.stream.group.key_shared import SLOT_COUNT
from floruntime.engine.stream.group.rows import OpenGroup, PendingRecordRow
from floruntime.engine.stream.rows import Id
from tests.simulation.clockwork import pause
from tests.simulation.work.deliveries import PAGE, Begun, Deliveries, is_plain, is_poison
from tests.simulation.work.hands import Hands
from tests.simulation.work.protocol import surely
from tests.simulation.world import World

STREAM, GROUP, KEYS = "ledger", "bookkeepers", "abc"
SLOTS = {zlib.crc32(key.encode()) % SLOT_COUNT: key for key in KEYS}
MODES = ("key_shared", "key_shared", "shared", "exclusive")
LEASE_MS = 2_000
MAX_DELIVER = 5
REST_S = 0.2
KINDS = ("effect", "effect", "effect", "plain", "plain", "poison")


class Records:
    """Each record is named by its payload: its number, and what is to become of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("records")
        self._numbers = itertools.count()
        self._mode = self._chance.choice(MODES)
        self._deliveries = Deliveries(world, "records")
        self._busy: set[tuple[str, str]] = set()
        self._hands = Hands(world, "bookkeeper", self._new_worker)

    def _new_worker(self, client: FloClient, name: str) -> StreamWorker:
        async def handle(ctx: StreamContext) -> None:
            begun = Begun(str(ctx.stream_id), ctx.partition_key or "", ctx.attempt, name)
            hand = (name, begun.key)
            if self._mode == "key_shared" and hand in self._busy:
                self._world.complain(f"{begun}: another of its key is still worked on")
            self._busy.add(hand)
            try:
                with self._deliveries.handling(begun, ctx.record.lease, ctx.payload):
                    await self._work(ctx, begun)
            finally:
                self._busy.discard(hand)

        return StreamWorker(
            client,
            stream=STREAM,
            group=GROUP,
            handler=handle,
            consumer=name,
            concurrency=3,
            batch_size=3,
            block_ms=5_000,
            drain_timeout_ms=2_000,
            handle_signals=False,
        )

    async def _work(self, ctx: StreamContext, begun: Begun) -> None:
        if ctx.attempt > MAX_DELIVER:
            self._world.complain(f"{begun}: it comes too often")
        await pause(self._chance.choice((0.01, 0.05, 0.3, 2.5)))
        if is_poison(ctx.payload) or self._chance.random() < 0.1:
            raise ValueError("unlucky")
        if not is_plain(ctx.payload):
            self._deliveries.write(ctx.batch(), begun, ctx.payload)

    def _listen_to_leases(self) -> None:
        """A lease that ran out need not be seen in the store: an ack may come in the same batch.
        What waited behind another of its key is released, for nothing.
        """
        for name in ("give_back", "release"):
            self._listen_to(name, vars(run_out)[name])

    def _listen_to(self, name: str, ends: Callable[..., Any]) -> None:
        def tell(
            opened: OpenGroup, id: Id, pending: PendingRecordRow, *rest: Any, **more: Any
        ) -> Any:
            self._deliveries.lease_ran_out(SLOTS.get(pending.slot, ""))
            return ends(opened, id, pending, *rest, **more)

        setattr(run_out, name, tell)
        self._world.at_end.append(lambda: setattr(run_out, name, ends))

    async def begin(self) -> None:
        self._client = client = await self._world.client("ledger-writer").connect()
        await client.stream.create(STREAM, partitions=self._chance.choice((1, 3)))
        await client.stream.group_create(
            STREAM,
            GROUP,
            mode=self._mode,
            ack_timeout_ms=LEASE_MS,
            max_deliver=MAX_DELIVER,
            consumer_timeout_ms=3_000,
            retry_delay_ms=self._chance.choice((0, 300)),
        )
        self._listen_to_leases()
        await self._hands.begin()
        self._task = asyncio.create_task(self._append())

    async def _append(self) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            payload = f"{next(self._numbers)} {self._chance.choice(KINDS)}".encode()
            key = self._chance.choice(KEYS)
            call = self._client.stream.append(STREAM, payload, partition_key=key)
            await self._deliveries.send(payload, call)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._hands.end_changes()
        stream = self._client.stream
        while True:
            info = await surely(self._world, stream.group_info, STREAM, GROUP)
            if not info.pending and not info.lag:
                break
            await pause(1.0)
        await self._hands.stop()
        self._dead = await surely(self._world, stream.group_dead, STREAM, GROUP, limit=PAGE)
        await self._deliveries.collect(self._client)
        await self._client.close()

    async def judge(self) -> None:
        self._deliveries.judge(Counter(record.payload for record in self._dead))
        for record in self._dead:
            if record.attempt != MAX_DELIVER:
                self._world.complain(f"{record} is dead after {record.attempt} attempts")
        if self._mode == "key_shared":
            for begun in self._deliveries.keys_in_hand():
                first = [_order_of(each) for each in begun if each.attempt == 1]
                if first != sorted(first):
                    self._world.complain(f"one key, one worker, out of order: {begun}")


def _order_of(begun: Begun) -> tuple[int, ...]:
    return tuple(map(int, begun.item.split("-")))
