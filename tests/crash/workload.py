"""Clients at full speed: what each task does, over and over, noting what it was told."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable

from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.core.errors import ConflictError, FloError
from floruntime.core.queue import Message
from floruntime.core.stream import StreamID, StreamRecord
from tests.crash.history import UNKNOWN, Delivered, Fate, History, Settled

JOBS, BATCHED = "jobs", "batched"
EVENTS, MADE, MOVED = "events", "made", "moved"
GROUP = "readers"
COUNTER, BATCH_COUNTER = "counter", "batch-counter"
REGISTER, MADE_KEY = "register-", "made-"
PARTITIONS = 3
LEASES_MS = (150, 600)
"""How long leases last: some run out before their holder comes back."""
GROUP_LEASE_MS = 400
CALL_MS = 180_000

Step = Callable[[], Awaitable[None]]


def new_client(endpoint: str, timeout_ms: int = CALL_MS) -> FloClient:
    """A client that comes back fast and waits long."""
    policy = RetryPolicy(initial_delay_ms=5, max_delay_ms=40)
    return FloClient(endpoint, timeout_ms=timeout_ms, retry=policy)


async def prepare(client: FloClient) -> None:
    """What the tasks take for granted."""
    await client.stream.create(EVENTS, partitions=PARTITIONS)
    await client.stream.group_create(
        EVENTS, GROUP, ack_timeout_ms=GROUP_LEASE_MS, max_deliver=100_000
    )
    await client.queue.configure(JOBS, max_attempts=8, dlq_limit=1_000_000)
    await client.queue.configure(BATCHED, max_attempts=100_000)


def _raise_if_unknown(error: ConflictError) -> None:
    """What is too old to be remembered is refused, and may have run. (Any refusal of what was sent
    again says "maybe". But these are judged alike whenever they come: they certainly did not run.)
    """
    if "remembered" in error.message:
        raise error


class Worker:
    """One client and its tasks. `name` is used once: keys and payloads are its own."""

    def __init__(self, name: str, client: FloClient, history: History, seed: str) -> None:
        self._name = name
        self._client = client
        self._history = history
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._is_stopping = False
        self._is_closed = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin all tasks."""
        steps: list[Step] = [
            self._register("a"),
            self._register("b"),
            self._guarded_register(),
            self._read_registers,
            self._incr,
            self._incr,
            self._enqueue,
            self._consume,
            self._consume,
            self._append,
            self._append,
            self._consume_group,
            self._batch,
            self._move,
        ]
        self._tasks = [asyncio.create_task(self._repeat(step)) for step in steps]
        self._tasks.append(asyncio.create_task(self._follow()))

    async def stop(self) -> None:
        """End the tasks at the end of what each is doing."""
        self._is_stopping = True
        self._tasks[-1].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    async def vanish(self) -> None:
        """Close in the middle of everything: nobody will know what became of it."""
        self._is_stopping = self._is_closed = True
        await self._client.close()
        self._tasks[-1].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, step: Step) -> None:
        try:
            while not self._is_stopping:
                await step()
        except FloError as error:
            if not self._is_closed:
                self._history.surprises.append(f"{self._name}: {type(error).__name__}: {error}")
        except Exception as error:
            self._history.surprises.append(f"{self._name}: a bug of the test: {error!r}")

    def _payload(self, what: str) -> bytes:
        return f"{what}:{self._name}:{next(self._numbers)}".encode()

    # KV

    def _register(self, suffix: str) -> Step:
        key, numbers = f"{REGISTER}{self._name}-{suffix}", itertools.count()

        async def step() -> None:
            number = next(numbers)
            told = await self._history.told(self._client.kv.put(key, str(number)))
            version = told if isinstance(told, Fate) else told.version
            self._history.puts[key].append((number, version))

        return step

    def _guarded_register(self) -> Step:
        """Each put under the version of the last: one that ran twice would lose to itself."""
        key, numbers = f"{REGISTER}{self._name}-cas", itertools.count()
        last = 0

        async def step() -> None:
            nonlocal last
            number = next(numbers)
            told = await self._history.told(self._client.kv.put(key, str(number), cas_version=last))
            if not isinstance(told, Fate):
                last = told.version
            version = told if isinstance(told, Fate) else last
            self._history.puts[key].append((number, version))

        return step

    async def _read_registers(self) -> None:
        """What was read once was durable: it may not be gone later."""
        keys = self._random.sample(sorted(self._history.puts), min(20, len(self._history.puts)))
        before = {key: self._history.seen.get(key, -1) for key in keys}
        for key, entry in zip(keys, await self._client.kv.mget(keys or ["-"]), strict=False):
            number = -1 if entry is None else int(entry.value)
            if number < before[key]:
                self._history.surprises.append(f"{key}: {number} was read after {before[key]}")
            self._history.seen[key] = max(number, self._history.seen.get(key, -1))
        await asyncio.sleep(0.005)

    async def _incr(self) -> None:
        self._history.incrs.append(await self._history.told(self._client.kv.incr(COUNTER)))

    # Queue

    async def _enqueue(self) -> None:
        payload = self._payload("job")
        self._history.enqueued[payload] = UNKNOWN  # a consumer may be faster than the answer
        call = self._client.queue.enqueue(JOBS, payload, priority=self._random.randrange(3))
        self._history.enqueued[payload] = await self._history.told(call)

    async def _consume(self) -> None:
        result = await self._history.told(
            self._client.queue.dequeue(
                JOBS,
                self._random.randint(1, 5),
                visibility_timeout_ms=self._random.choice(LEASES_MS),
                block_ms=self._random.choice((0, 50)),
            )
        )
        if isinstance(result, Fate):
            return
        messages = result.messages
        self._history.jobs.delivered += [
            Delivered(m.seq, m.payload, m.attempt, m.lease) for m in messages
        ]
        if messages:
            await self._settle(messages)
        else:
            await asyncio.sleep(0.002)

    async def _settle(self, messages: list[Message]) -> None:
        queue = self._client.queue
        chance = self._random.random()
        if chance < 0.1:
            return  # as if the consumer had died
        if chance < 0.15:
            await self._history.told(queue.nack(JOBS, messages))
            return
        is_ack = chance < 0.95
        call = queue.ack(JOBS, messages) if is_ack else queue.nack(JOBS, messages, to_dlq=True)
        told = await self._history.told(call)
        done = () if isinstance(told, Fate) else set(told.done)
        self._history.jobs.settled.extend(
            Settled(m.seq, m.lease, is_ack, told if isinstance(told, Fate) else m.seq in done)
            for m in messages
        )

    # Streams

    async def _append(self) -> None:
        payloads = [self._payload("event") for _ in range(self._random.choice((1, 1, 1, 4)))]
        stream = self._client.stream
        if len(payloads) == 1:
            one = await self._history.told(stream.append(EVENTS, payloads[0]))
            told = one if isinstance(one, Fate) else [one]
        else:
            told = await self._history.told(stream.append_many(EVENTS, payloads))
        ids = told if isinstance(told, Fate) else [result.id for result in told]
        self._history.appended.append((payloads, ids))

    async def _follow(self) -> None:
        shown: list[tuple[StreamID, bytes]] = []
        self._history.followed.append(shown)
        try:
            async for record in self._client.stream.follow(EVENTS, start="0"):
                shown.append((record.id, record.payload))  # noqa: PERF401 # it never ends
        except FloError as error:
            if not self._is_closed:
                self._history.surprises.append(f"{self._name}: follow ended: {error}")

    async def _consume_group(self) -> None:
        work = self._history.records
        told = await self._history.told(
            self._client.stream.group_read(
                EVENTS, group=GROUP, consumer=self._name, limit=20, block_ms=50
            )
        )
        if isinstance(told, Fate):
            return
        records: list[StreamRecord] = told.records
        work.delivered += [Delivered(r.id, r.payload, r.attempt, r.lease) for r in records]
        if not records or self._random.random() < 0.1:
            return
        answer = await self._history.told(
            self._client.stream.group_ack(EVENTS, records, group=GROUP)
        )
        done = () if isinstance(answer, Fate) else set(answer.done)
        work.settled.extend(
            Settled(r.id, r.lease, True, answer if isinstance(answer, Fate) else r.id in done)
            for r in records
        )

    # Batches

    async def _batch(self) -> None:
        name = self._payload("batch").decode()
        is_doomed = self._random.random() < 0.1

        async def call() -> bool:
            try:
                async with self._client.batch() as batch:
                    batch.kv.put(MADE_KEY + name, b"")
                    batch.kv.incr(BATCH_COUNTER)
                    batch.queue.enqueue(BATCHED, name.encode())
                    batch.stream.append(MADE, name.encode())
                    if is_doomed:
                        batch.kv.check(COUNTER, version=2**60)
            except ConflictError as error:
                _raise_if_unknown(error)
                return False
            return True

        self._history.batches[name] = await self._history.told(call())

    async def _move(self) -> None:
        """Take a message and pass it on in one commit: each is passed on once."""
        taken = await self._history.told(
            self._client.queue.dequeue(
                BATCHED, visibility_timeout_ms=self._random.choice(LEASES_MS), block_ms=50
            )
        )
        if isinstance(taken, Fate):
            return
        for message in taken.messages:
            told = await self._history.told(self._pass_on(message))
            if self._history.moved.get(message.payload) is not True:
                self._history.moved[message.payload] = told

    async def _pass_on(self, message: Message) -> bool:
        try:
            async with self._client.batch() as batch:
                batch.queue.ack(BATCHED, [message])
                batch.stream.append(MOVED, message.payload)
        except ConflictError as error:
            _raise_if_unknown(error)
            return False
        return True
