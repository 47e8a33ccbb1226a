"""What nodes see of NATS: one truth, asked over a way on which requests and answers are lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, TypeVar

from floruntime.server.cluster.board import BoardSilentError, Entry, RevisionError
from floruntime.server.cluster.log import Ends, LogRefusedError, LogSilentError, Stored
from floruntime.server.cluster.message import HEADER_BYTES
from tests.simulation.clockwork import SimLoop

T = TypeVar("T")
TIMEOUT_S = 1.0
PAGE = 50
LAG_MAX = 3
"""So many messages may be missing from what another server than the log's leader shows."""
Hear = Callable[[str, bytes], None]


class Truth:
    """What the majority of NATS has."""

    def __init__(self, loop: SimLoop, chance: random.Random, partitions: int) -> None:
        self.loop = loop
        self.chance = chance
        self.logs: list[list[bytes]] = [[] for _ in range(partitions + 1)]
        self.entries: dict[str, Entry] = {}
        self.earlier: dict[str, Entry] = {}
        self.revision = 0
        #: Nothing passes to or from these until then; `""`: NATS has no majority.
        self.dark_until_s: dict[str, float] = {}
        self.delay_s = 0.002
        #: Where messages may be small, a batch takes several of them.
        self.message_bytes_max = chance.choice((1_000_000, HEADER_BYTES + 150))
        self.ears: dict[SimNats, dict[str, Hear]] = {}

    def is_dark(self, node: str) -> bool:
        now_s = self.loop.now_s
        return any(self.dark_until_s.get(name, 0) > now_s for name in (node, ""))

    def way_s(self) -> float:
        """How long something is on its way."""
        return 0.000_2 + self.chance.expovariate(1 / self.delay_s)

    def write(self, name: str, value: bytes, revision: int | None) -> int:
        found = self.entries.get(name)
        if revision is not None and revision != (0 if found is None else found.revision):
            raise RevisionError(name)
        self.earlier = dict(self.entries)
        self.revision += 1
        self.entries[name] = Entry(self.revision, value)
        return self.revision

    def append(self, partition: int, body: bytes, expected: int) -> None:
        log = self.logs[partition]
        if len(log) != expected:
            raise LogRefusedError
        log.append(body)


class SimNats:
    """One node's connection."""

    version = "simulated"
    is_connected = True
    is_closed = False
    problem = ""
    refusal = ""

    def __init__(self, truth: Truth, node: str) -> None:
        self.truth = truth
        self.node = node
        #: Whether the node's process is gone: what it sent may still arrive.
        self.is_gone = False
        truth.ears[self] = {}

    async def ask(self, act: Callable[[], T], silence: type[Exception]) -> T:
        """Let NATS do it; raises what it raises, or `silence`: nobody knows then."""
        truth, loop = self.truth, self.truth.loop
        answer: asyncio.Future[T] = loop.create_future()

        def arrive() -> None:
            if truth.is_dark(self.node):
                if truth.chance.random() < 0.5:  # else it is lost
                    loop.call_later(truth.chance.random() * 2, arrive)
                return
            try:
                result, error = act(), None
            except (RevisionError, LogRefusedError) as refused:
                result, error = None, refused
            loop.call_later(truth.way_s(), come_back, result, error)

        def come_back(result: Any, error: Exception | None) -> None:
            if truth.is_dark(self.node) or self.is_gone or answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        if not self.is_gone:
            loop.call_later(truth.way_s(), arrive)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await answer
        except TimeoutError:
            raise silence("no answer") from None

    async def hear(self, name: str, call: Hear) -> None:
        self.truth.ears[self][name] = call

    async def hint(self, subject: str, body: bytes) -> None:
        """Whoever can hears of it; nobody is told who did."""
        truth = self.truth
        name, _, partition = subject.partition(".")
        for nats in list(truth.ears):
            if not (truth.is_dark(self.node) or self.is_gone) and truth.chance.random() < 0.9:
                truth.loop.call_later(truth.way_s(), nats.told, name, partition, body)

    def told(self, name: str, partition: str, body: bytes) -> None:
        """A hint arrives."""
        call = self.truth.ears.get(self, {}).get(name)
        if call is not None and not self.truth.is_dark(self.node):
            call(partition, body)

    async def sync_intervals(self) -> dict[str, float]:
        return {}

    async def close(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Hear nothing more, and be answered nothing."""
        self.is_gone = True
        self.truth.ears.pop(self, None)


class SimLog:
    """A partition's log, as one node sees it."""

    def __init__(self, nats: SimNats, partition: int) -> None:
        self.message_bytes_max = nats.truth.message_bytes_max
        self._nats = nats
        self._partition = partition

    @property
    def _bodies(self) -> list[bytes]:
        return self._nats.truth.logs[self._partition]

    async def _ask(self, act: Callable[[], T]) -> T:
        return await self._nats.ask(act, LogSilentError)

    async def append(self, body: bytes, expected: int) -> None:
        truth = self._nats.truth
        await self._ask(lambda: truth.append(self._partition, body, expected))

    async def at(self, sequence: int) -> bytes | None:
        def look() -> bytes | None:
            bodies = self._bodies
            return bodies[sequence - 1] if 0 < sequence <= len(bodies) else None

        return await self._ask(look)

    async def after(self, sequence: int) -> list[Stored]:
        chance = self._nats.truth.chance

        def look() -> list[Stored]:
            lag = chance.randint(0, LAG_MAX) if chance.random() < 0.2 else 0
            bodies = self._bodies[: max(0, len(self._bodies) - lag)]
            found = enumerate(bodies[sequence : sequence + PAGE], sequence + 1)
            return [Stored(number, body) for number, body in found]

        return await self._ask(look)

    async def ends(self) -> Ends:
        return await self._ask(lambda: Ends(1, len(self._bodies)))

    async def trim(self, up_to: int) -> None:
        raise AssertionError("no checkpoint is written here")


class SimBoard:
    """The board, as one node sees it."""

    def __init__(self, nats: SimNats) -> None:
        self._nats = nats

    async def read_all(self) -> dict[str, Entry]:
        truth = self._nats.truth

        def look() -> dict[str, Entry]:
            is_late = truth.chance.random() < 0.1
            return dict(truth.earlier if is_late else truth.entries)

        return await self._nats.ask(look, BoardSilentError)

    async def read(self, name: str) -> Entry | None:
        truth = self._nats.truth
        return await self._nats.ask(lambda: truth.entries.get(name), BoardSilentError)

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        truth = self._nats.truth
        return await self._nats.ask(lambda: truth.write(name, value, revision), BoardSilentError)
