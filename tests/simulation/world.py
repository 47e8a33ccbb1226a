"""Everything that one seed makes, and who is told of what is wrong.

What serves clients differs: `single/world.py` has one server, `cluster/world.py` several.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar, Literal, Protocol

from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.engine.machine import applied_time_ms
from floruntime.engine.state.tx import View
from floruntime.engine.store import Reader
from floruntime.engine.workflow.invariant_counts import miscounts
from floruntime.engine.workflow.invariants import orphans
from floruntime.server.clock import Clock
from floruntime.server.commit.commit import Commit
from tests.simulation.clockwork import SimLoop
from tests.simulation.network import Network

PROBLEMS_MAX = 20
LOCKED_SHARE = 0.35
"""Of the worlds: there one needs a token, and with one, many clients come by WebSocket."""


@contextmanager
def set_to(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    """While this lasts, a name of a module of the product is something else."""
    before = vars(module)[name]
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


class Way(Protocol):
    """A way to servers of a client whose process may be gone."""

    is_gone: bool


class Serving(Protocol):
    """Whoever answers for a namespace: a server, or who leads it in a cluster."""

    @property
    def commit(self) -> Commit: ...
    @property
    def clock(self) -> Clock: ...


class World:
    """A network, clients on it, and what serves them."""

    busy_s: ClassVar[float]
    """How long troubles last."""
    timeout_ms: ClassVar[int]
    """How long a client waits unless told."""
    namespace = "default"
    """Where work is done."""
    has_new_histories = False
    """Whether the state may begin a new history, with numbers that jump."""
    lookers = 0
    """How many clients only look at what others write, besides those that do both."""
    has_old_reads = False
    """Whether what is read may be old, though it was asked of who leads."""

    def __init__(self, seed: int, loop: SimLoop, chance: random.Random) -> None:
        self.seed = seed
        self.loop = loop
        self.chance = chance
        self.problems: list[str] = []
        self._digest = hashlib.sha256()
        self.tell: Callable[[str], None] = lambda line: None
        self.network = Network(loop, self.fork("network"), self.note)
        #: Called now and then.
        self.looks: list[Callable[[], None]] = []
        #: Called when it is over, whatever became of it.
        self.at_end: list[Callable[[], None]] = []
        self._ways: dict[str, Way] = {}
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
        raise NotImplementedError

    async def end(self) -> None:
        """All work is done: what is left must agree with itself."""
        raise NotImplementedError

    def forget(self) -> None:
        """It is over: what is left of it does nothing as it is collected."""

    def places(self, count: int) -> Sequence[World]:
        """The worlds that so many kinds of work are done in."""
        raise NotImplementedError

    @property
    def deaths(self) -> list[str]:
        """How servers ended."""
        raise NotImplementedError

    @property
    def server(self) -> Serving | None:
        """Whoever answers for the namespace, while somebody does."""
        raise NotImplementedError

    @contextmanager
    def arranged(self) -> Iterator[None]:
        """While this lasts, the product's modules are as this world has them."""
        try:
            yield
        finally:
            for undo in reversed(self.at_end):
                undo()

    # Clients

    def client(
        self,
        name: str,
        *,
        timeout_ms: int | None = None,
        namespace: str | None = None,
        reads: Literal["linearizable", "local"] = "linearizable",
        max_staleness_ms: int | None = None,
        nodes: Sequence[str] = (),
    ) -> FloClient:
        """A client in a process of its own. `nodes`: those that it knows, chosen unless told."""
        known, way = self._way(name, nodes)
        self._ways[name] = way
        return FloClient(
            ",".join(f"{node}:9000" for node in known),
            namespace=self.namespace if namespace is None else namespace,
            timeout_ms=self.timeout_ms if timeout_ms is None else timeout_ms,
            token=self.token,
            retry=RetryPolicy(initial_delay_ms=10, max_delay_ms=500),
            transport=way,
            reads=reads,
            max_staleness_ms=max_staleness_ms,
        )

    def _way(self, name: str, nodes: Sequence[str]) -> tuple[Sequence[str], Any]:
        """The servers that a client knows, and how it gets there."""
        raise NotImplementedError

    def address(self) -> str:
        """Where programs without a client of ours connect to."""
        raise NotImplementedError

    async def lock(self) -> None:
        """Some servers let nobody in without a token. By WebSocket one may do little without."""
        if self._doors.random() < LOCKED_SHARE:
            async with self.client("locksmith") as client:
                made = await client.tokens.create("admin")
            self.token = made.token

    async def vanish(self, name: str, client: FloClient) -> None:
        """The client's process is killed: what it would say now reaches nobody."""
        self._ways.pop(name).is_gone = True
        self.network.drop(name, is_told=self.chance.random() < 0.7)
        await client.close()

    # Invariants

    def look_at_state(self) -> None:
        """Whether what is stored agrees with itself."""
        for view in self._views():
            self._judge_rows(view, "")
        for look in self.looks:
            look()

    def look_at_disk(self) -> None:
        """Whether what would be there after a loss of power agrees with itself."""
        for where, reader in self._disks():
            view = View(reader, "", applied_time_ms(reader), 0)
            self._judge_rows(view, f"on disk{where}: ")

    def _judge_rows(self, view: View, where: str) -> None:
        for problem in (*orphans(view), *miscounts(view)):
            self.complain(where + problem)

    def _views(self) -> Iterable[View]:
        """What clients would be shown."""
        raise NotImplementedError

    def _disks(self) -> Iterable[tuple[str, Reader]]:
        """What is on each disk, with words that say on which."""
        raise NotImplementedError
