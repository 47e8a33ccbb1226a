"""A world in which a cluster serves: the same work as against one server, and what else must hold.

Each kind of work has a namespace of its own, and so, as a rule, a partition of its own.
"""

from __future__ import annotations

import asyncio
import copy
import random
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import Context
from typing import Any

from floruntime.engine.state.tx import View
from floruntime.engine.store import Reader
from floruntime.server.cluster import leading
from floruntime.server.cluster.board.members import META, MetaRow, encode
from floruntime.server.cluster.board.placement import SYSTEM, partition_of
from floruntime.server.cluster.joining import join
from floruntime.server.cluster.leads import lead
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.log.message import HEADER_BYTES
from floruntime.server.cluster.node import Node
from floruntime.server.cluster.peers import lanes, link, pieces, remote_caller
from tests.simulation.clockwork import SimLoop, pause
from tests.simulation.cluster.clients import SimNodesTransport
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.copies import Copies
from tests.simulation.cluster.importing import Imported
from tests.simulation.cluster.making import Making
from tests.simulation.cluster.nats import Truth
from tests.simulation.network import SimWebTransport
from tests.simulation.world import World, set_to

LOOK_S = 0.05
PATIENCE_S = 120.0
LOOKERS = 3
ANSWER_S = 2.0
"""How long nodes wait for answers of NATS where these come late: as long as nodes do."""
SWEEP_S = 2.0
WATCH_S = 0.1
"""How often it is looked at who leads."""


class ClusterWorld(World):
    """Nodes, a NATS, a network, and clients on it. `rare`: what else happens (`rare.py`)."""

    busy_s = 15.0
    timeout_ms = 30_000
    computer_kind = Computer
    partition = SYSTEM
    """Of the namespace that work is done in."""

    def __init__(
        self, seed: int, loop: SimLoop, chance: random.Random, rare: Collection[str] = ()
    ) -> None:
        super().__init__(seed, loop, chance)
        self.rare = rare
        self.has_new_histories = "restored" in rare or "imported" in rare
        shape = self.fork("cluster")
        loop.connect = self._connect
        self.partitions = shape.choice((1, 3, 4))
        self.names = [f"n{number}" for number in range(1, shape.choice((3, 3, 4)) + 1)]
        self.checkpoint_messages = shape.choice((20, 100, 100_000))
        self.truth = Truth(loop, self.fork("nats"), self.partitions)
        self.truth.message_bytes_max = shape.choice((1_000_000, 1_000_000, HEADER_BYTES + 4_000))
        self.lookers = LOOKERS if "behind" in rare else 0
        if "late" in rare:
            self.truth.answer_s = ANSWER_S
        self.piece_bytes = self.fork("pieces").choice((lanes.PIECE_BYTES, 200))
        self._files = tempfile.TemporaryDirectory(prefix="flo-simulated-")
        self.meta = MetaRow("simulated", self.partitions, 3, shape.choice((2, 3)))
        self.making = Making(self) if "made" in rare else None
        if self.making is None:
            self.truth.write(META, encode(self.meta), None)
        self.computers = [self.new_computer(name) for name in self.names]
        #: Those that have the name of another one.
        self.namesakes: list[Computer] = []
        #: Those that are gone for good.
        self.gone: list[Computer] = []
        self.copies = Copies(self)
        self.imported = Imported(self)

    # Its life

    async def begin(self) -> None:
        if self.making is not None:
            await self.making.begin()
        else:
            for computer in self.computers:
                computer.start()
            await self.until_all_run()
        if "imported" in self.rare:
            await self.imported.take_in()
        self._watching = asyncio.create_task(self._watch_leads())

    async def _watch_leads(self) -> None:
        while True:
            await pause(WATCH_S)
            for number in range(self.partitions + 1):
                self.leader_of(number)

    def places(self, count: int) -> Sequence[World]:
        return [self.within(f"place-{number}") for number in range(count)]

    async def end(self) -> None:
        if "imported" in self.rare:
            await self.imported.judge()
        await self.copies.until_they_agree()
        self.look_at_state()
        self.look_at_disk()
        if self.making is not None:
            await self.making.end()

    def forget(self) -> None:
        for computer in (*self.all_computers, *self.gone):
            computer.forget()

    @property
    def deaths(self) -> list[str]:
        return [death for each in (*self.all_computers, *self.gone) for death in each.deaths]

    @property
    def all_computers(self) -> Sequence[Computer]:
        """Those too that should not be."""
        return (*self.computers, *self.namesakes)

    def new_computer(self, name: str, host: str = "") -> Computer:
        """With empty disks; it does not run yet."""
        place = tempfile.mkdtemp(dir=self._files.name, prefix=name)
        computer = self.computer_kind(
            *(name, self.network, self.truth, self.fork(host or name), self.meta, place, host)
        )
        computer.complain = self.complain
        computer.join = None if self.making is None else join
        return computer

    async def _connect(self, host: str, protocol: object) -> None:
        owner: Node = protocol._owner  # type: ignore[attr-defined]  # a node's link to another
        source = owner.config.advertise.partition(":")[0]
        await self.network.connect(source, host, protocol)  # type: ignore[arg-type]  # it is one

    def within(self, namespace: str) -> ClusterWorld:
        """The same world for work in that namespace."""
        world = copy.copy(self)
        world.namespace = namespace
        world.partition = partition_of(namespace, self.partitions)
        return world

    @contextmanager
    def arranged(self) -> Iterator[None]:
        """Leaders write checkpoints as often as this world has them."""
        with ExitStack() as stack:
            stack.enter_context(super().arranged())
            stack.enter_context(self._files)
            stack.enter_context(set_to(leading, "CHECKPOINT_MESSAGES", self.checkpoint_messages))
            for module in (lanes, link, pieces, remote_caller):
                stack.enter_context(set_to(module, "PIECE_BYTES", self.piece_bytes))
            stack.enter_context(set_to(lanes, "LITTLE_BYTES", self.piece_bytes // 4))
            stack.enter_context(self.imported.arranged())
            if self.making is not None:
                stack.enter_context(self.making.arranged())
            if "swept" in self.rare:
                stack.enter_context(set_to(lead, "SWEEP_S", SWEEP_S))
            yield

    # Who runs, and who leads

    async def until(self, condition: Callable[[], bool], problem: Callable[[], str]) -> None:
        """Wait until it is so, for as long as may be."""
        until_s = self.loop.now_s + PATIENCE_S
        while not condition():
            assert self.loop.now_s < until_s, problem()
            await pause(LOOK_S)

    async def until_all_run(self) -> None:
        """Wait until each node runs, and each partition is led."""
        await self.until(
            lambda: (
                all(computer.node is not None for computer in self.computers)
                and all(self.leader_of(number) for number in range(self.partitions + 1))
            ),
            self._told,
        )

    def _told(self) -> str:
        runs = {each.name: each.node is not None for each in self.computers}
        led = [bool(self.leader_of(number)) for number in range(self.partitions + 1)]
        return f"it does not come up: {runs}, led: {led}"

    @property
    def server(self) -> Lead | None:
        return self.leader_of(self.partition)

    def leader_of(self, partition: int) -> Lead | None:
        """Whoever leads and may answer. There is never a second one."""
        found = self._leaders_of(partition)
        if len(found) > 1:
            self.complain(f"two lead {partition}: {[(e.lease.row.node, e.term) for e in found]}")
        return found[0] if found else None

    def _leaders_of(self, partition: int) -> list[Lead]:
        leads = [
            each.node.lead_of(partition) for each in self.all_computers if each.node is not None
        ]
        return [each for each in leads if each is not None and each.may_answer]

    def context_of(self, name: str) -> Context:
        """That of the process which is this node now."""
        [computer] = [each for each in self.computers if each.name == name]
        return computer.context

    # Clients

    def _way(self, name: str, nodes: Sequence[str]) -> tuple[Sequence[str], Any]:
        """Of the nodes it knows all, or one, unless told; the others it learns of. Where nodes go
        for good, it knows all.
        """
        if not nodes:
            count = self._doors.choice((1, len(self.names)))
            nodes = self._doors.sample(self.names, max(count, 2 * ("replaced" in self.rare)))
        is_by_web = self.token is not None and self._doors.random() < 0.3
        if is_by_web and "replaced" not in self.rare:  # such a client has one address
            return nodes, SimWebTransport(self.network, name, nodes[0])
        return nodes, SimNodesTransport(self.network, name, nodes)

    def address(self) -> str:
        return self._doors.choice(self.names)

    # Invariants

    def look_at_state(self) -> None:
        super().look_at_state()
        self.copies.look()

    def _views(self) -> Iterable[View]:
        for number in range(self.partitions + 1):
            leader = self.leader_of(number)
            if leader is not None:
                yield leader.commit.queries.view()

    def _disks(self) -> Iterable[tuple[str, Reader]]:
        for computer in self.computers:
            for store in computer.disks():
                yield f" of {computer.name}", store.snapshot()
