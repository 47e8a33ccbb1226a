"""Messages of a queue for its workers: at least once, groups in order, each effect once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict

from floruntime import NonRetryableError, QueueContext, QueueWorker
from floruntime.client.client import FloClient
from tests.crash.history import Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.deliveries import PAGE, Begun, Deliveries, is_plain, is_poison
from tests.simulation.work.hands import Hands
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

QUEUE, ALONE, GROUPS = "mails", "", ("acme", "umbrella")
MAX_ATTEMPTS = 4
LEASE_MS = 2_000
REST_S = 0.2
REQUEUES_S = 3.0
KINDS = ("effect", "effect", "effect", "plain", "plain", "poison")


class Messages:
    """Each message is named by its payload: its number, and what is to become of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("messages")
        self._numbers = itertools.count()
        self._deliveries = Deliveries(world, "messages")
        self._tasks: list[asyncio.Task[None]] = []
        self._hands = Hands(world, "mailer", self._new_worker)

    def _new_worker(self, client: FloClient, name: str) -> QueueWorker:
        async def handle(ctx: QueueContext) -> None:
            message = ctx.message
            group = ctx.payload.split(b" ")[1].decode()
            begun = Begun(str(message.seq), group, ctx.attempt, name)
            with self._deliveries.handling(begun, message.lease, ctx.payload):
                await self._work(ctx, begun)

        return QueueWorker(
            client,
            queue=QUEUE,
            handler=handle,
            worker_id=name,
            concurrency=3,
            batch_size=3,
            block_ms=5_000,
            visibility_timeout_ms=LEASE_MS,
            retry_delay_ms=self._chance.choice((50, 500)),
            drain_timeout_ms=2_000,
            handle_signals=False,
        )

    async def _work(self, ctx: QueueContext, begun: Begun) -> None:
        if ctx.attempt > MAX_ATTEMPTS:
            self._world.complain(f"{begun}: it comes too often")
        await pause(self._chance.choice((0.01, 0.05, 0.3, 2.5)))
        if is_poison(ctx.payload):
            raise NonRetryableError("hopeless")
        if self._chance.random() < 0.15:
            raise ValueError("unlucky")
        if not is_plain(ctx.payload):
            self._deliveries.write(ctx.batch(), begun, ctx.payload)

    async def begin(self) -> None:
        self._client = await self._world.client("mail-writer").connect()
        self._operator = await self._world.client("postmaster").connect()
        await self._client.queue.configure(QUEUE, max_attempts=MAX_ATTEMPTS)
        await self._hands.begin()
        self._tasks = [asyncio.create_task(self._enqueue()), asyncio.create_task(self._requeue())]

    async def _enqueue(self) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            group = self._chance.choice((ALONE, *GROUPS))
            payload = f"{next(self._numbers)} {group} {self._chance.choice(KINDS)}".encode()
            call = self._client.queue.enqueue(
                QUEUE,
                payload,
                group=group or None,
                priority=self._chance.choice((10, 10, 5)),
                delay_ms=self._chance.choice((0, 0, 0, 400)),
            )
            await self._deliveries.send(payload, call)

    async def _requeue(self) -> None:
        """An operator gives a dead letter another try; of a group it would come out of order."""
        while True:
            await pause(self._chance.expovariate(1 / REQUEUES_S))
            dead = await told(self._operator.queue.dlq_list(QUEUE))
            if isinstance(dead, Fate):
                continue
            alone = [one.seq for one in dead.messages if one.payload.split(b" ")[1] == b""]
            if alone:
                await told(self._operator.queue.dlq_requeue(QUEUE, [self._chance.choice(alone)]))

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hands.end_changes()
        queue = self._operator.queue
        while True:
            stats = await surely(self._world, queue.stats, QUEUE)
            if not (stats.ready or stats.delayed or stats.leased or stats.waiting):
                break
            await pause(1.0)
        await self._hands.stop()
        self._dead = (await surely(self._world, queue.dlq_list, QUEUE, limit=PAGE)).messages
        await self._deliveries.collect(self._operator)
        await self._client.close()
        await self._operator.close()

    async def judge(self) -> None:
        complain = self._world.complain
        self._deliveries.judge(Counter(message.payload for message in self._dead))
        for message in self._dead:
            if message.reason != "nacked" and message.attempt != MAX_ATTEMPTS:
                complain(f"{message} is dead after {message.attempt} attempts")
            if message.reason == "nacked" and not is_poison(message.payload):
                complain(f"{message} is dead, and nobody gave it up")
        seqs = self._deliveries.answers
        if len(set(seqs)) != len(seqs):
            complain(f"two messages have one seq: {seqs}")
        done: dict[str, list[int]] = defaultdict(list)
        for begun, _ in self._deliveries.effects:
            done[begun.key].append(int(begun.item))
        for group in GROUPS:
            if done[group] != sorted(done[group]):
                complain(f"group {group} was done out of order: {done[group]}")
