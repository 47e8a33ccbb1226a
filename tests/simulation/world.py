"""Everything that one seed makes, and who is told of what is wrong."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.engine.machine import applied_time_ms
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.invariant_counts import miscounts
from floruntime.engine.workflow.invariants import orphans
from floruntime.server.commit import local_journal
from tests.simulation.clockwork import SimLoop
from tests.simulation.disk import Disk, SimSyncs, snapshot_of
from tests.simulation.machine import ADDRESS, Machine, config_of
from tests.simulation.network import Network, SimTransport, SimWebTransport

PROBLEMS_MAX = 20
LOCKED_SHARE = 0.35
"""Of the worlds: there one needs a token, and with one, half of the clients come by WebSocket."""


class Vanishes(Protocol):
    """A way to servers of a client whose process may be gone."""

    is_gone: bool


class World:
    """A machine, a disk, a network, and clients on it."""

    busy_s = 7.0
    """How long troubles last."""
    namespace = "default"
    """Where work is done."""

    def __init__(self, seed: int, loop: SimLoop, chance: random.Random) -> None:
        self.seed = seed
        self.loop = loop
        self.chance = chance
        self.problems: list[str] = []
        self._digest = hashlib.sha256()
        self.tell: Callable[[str], None] = lambda line: None
        self.network = Network(loop, self.fork("network"), self.note)
        self.disk = Disk(self.fork("disk"), self.note)
        self.machine = Machine(
            loop, self.network, self.disk, self.fork("machine"), config_of(self.fork("config"))
        )
        #: Called while a server runs, now and then.
        self.looks: list[Callable[[], None]] = [self._look_at_workflows]
        #: Called when it is over, whatever became of it.
        self.at_end: list[Callable[[], None]] = []
        self._transports: dict[str, Vanishes] = {}
        self._doors = self.fork("doors")
        self.token: str | None = None

    def fork(self, name: str) -> random.Random:
        """Chance for one part, which others do not disturb."""
        return random.Random(f"{self.seed}/{name}")

    # What happened

    def note(self, where: str, data: bytes) -> None:
        """Something came from outside to `where`."""
        self._digest.update(f"{self.loop.now_s:.6f} {where} ".encode())
        self._digest.update(data)
        self.tell(f"{self.loop.now_s:10.4f} {where} {data[:80]!r}")

    @property
    def digest(self) -> str:
        """All that happened, in short."""
        return self._digest.hexdigest()

    def complain(self, problem: str) -> None:
        """A promise was broken."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(f"at {self.loop.now_s:.3f}: {problem}")
        self.tell(f"{self.loop.now_s:10.4f} PROBLEM {problem}")

    # Its life

    async def begin(self) -> None:
        """Be there for clients."""
        self.machine.start()
        await self.machine.until_up()

    def places(self, count: int) -> Sequence[World]:
        """The worlds that so many kinds of work are done in: all of them are this one."""
        return [self] * count

    async def end(self) -> None:
        """All work is done: the power goes, and what is left must agree with itself."""
        self.machine.kill(loses_power=True)
        self.look_at_disk()

    def forget(self) -> None:
        """It is over: what is left of it does nothing as it is collected."""

    @property
    def deaths(self) -> list[str]:
        """How servers ended."""
        return self.machine.deaths

    # Clients

    def client(
        self,
        name: str,
        *,
        timeout_ms: int = 5_000,
        namespace: str | None = None,
        reads: Literal["linearizable", "local"] = "linearizable",
    ) -> FloClient:
        """A client in a process of its own."""
        is_by_web = self.token is not None and self._doors.random() < 0.5
        kind = SimWebTransport if is_by_web else SimTransport
        transport = kind(self.network, name, ADDRESS)
        self._transports[name] = transport
        return FloClient(
            f"{ADDRESS}:9000",
            namespace=self.namespace if namespace is None else namespace,
            timeout_ms=timeout_ms,
            token=self.token,
            retry=RetryPolicy(initial_delay_ms=10, max_delay_ms=500),
            transport=transport,
            reads=reads,
        )

    def address(self) -> str:
        """Where programs without a client of ours connect to."""
        return ADDRESS

    async def lock(self) -> None:
        """Some servers let nobody in without a token. By WebSocket one may do little without."""
        if self._doors.random() < LOCKED_SHARE:
            async with self.client("locksmith") as client:
                made = await client.tokens.create("admin")
            self.token = made.token

    async def vanish(self, name: str, client: FloClient) -> None:
        """The client's process is killed: what it would say now reaches nobody."""
        self._transports.pop(name).is_gone = True
        self.network.drop(name, is_told=self.chance.random() < 0.7)
        await client.close()

    # Invariants

    def look_at_state(self) -> None:
        """Whether what is stored agrees with itself."""
        if self.machine.server is not None:
            for look in self.looks:
                look()

    def _look_at_workflows(self) -> None:
        server = self.machine.server
        assert server is not None, "it looks only while one runs"
        view = server.commit.queries.view()
        for problem in (*orphans(view), *miscounts(view)):
            self.complain(problem)

    def look_at_disk(self) -> None:
        """Whether what would be there after a loss of power agrees with itself."""
        reader = snapshot_of(self.disk)
        view = View(reader, "", applied_time_ms(reader), 0)
        for problem in (*orphans(view), *miscounts(view)):
            self.complain(f"on disk: {problem}")

    @contextmanager
    def with_syncs(self) -> Iterator[None]:
        """While this lasts, syncs take no thread but simulated time."""

        class Syncs(SimSyncs):
            chance = self.fork("syncs")
            took_s = 0.002

        before = vars(local_journal)["Syncs"]
        setattr(local_journal, "Syncs", Syncs)  # noqa: B010 # it is not the module's to give
        self.syncs = Syncs
        try:
            yield
        finally:
            for undo in reversed(self.at_end):
                undo()
            setattr(local_journal, "Syncs", before)  # noqa: B010 # it is not the module's to give
