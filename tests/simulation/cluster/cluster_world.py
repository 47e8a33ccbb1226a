"""A world in which a cluster serves: the same work as against one server, and what else must hold.

Each kind of work has a namespace of its own, and so, as a rule, a partition of its own.
"""

from __future__ import annotations

import copy
import itertools
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import Context
from typing import Literal

from floruntime.client.client import FloClient
from floruntime.client.link.endpoint import TcpEndpoint
from floruntime.client.link.retry import RetryPolicy
from floruntime.client.link.transports.protocol import OnBodies, OnClose
from floruntime.client.link.transports.tcp import TcpLink, TcpTransport
from floruntime.engine.machine import applied_time_ms
from floruntime.engine.state.tx import View
from floruntime.engine.workflow.invariant_counts import miscounts
from floruntime.engine.workflow.invariants import orphans
from floruntime.server.cluster import leading
from floruntime.server.cluster.lead import Lead
from floruntime.server.cluster.members import META, MetaRow, encode
from floruntime.server.cluster.message import HEADER_BYTES, decode_message
from floruntime.server.cluster.placement import partition_of
from tests.simulation.clockwork import SimLoop, pause
from tests.simulation.cluster.nats import Truth
from tests.simulation.cluster.servers import ServerComputer
from tests.simulation.network import Network, SimWebTransport
from tests.simulation.world import World

LOOK_S = 0.05
PATIENCE_S = 120.0


class SimNodesTransport(TcpTransport):
    """The product's own way to any of several nodes, over this network. `first`: of which client
    it is a route beside its first link.
    """

    def __init__(
        self,
        network: Network,
        name: str,
        nodes: Sequence[str],
        first: SimNodesTransport | None = None,
    ) -> None:
        super().__init__([TcpEndpoint(node, 9000) for node in nodes], None)
        self._network = network
        self._name = name
        self._first = first
        #: Whether the process that it belongs to is gone.
        self.is_gone = False

    def at(self, node: str) -> SimNodesTransport:
        return SimNodesTransport(self._network, self._name, [node.partition(":")[0]], self)

    async def _connect(
        self, endpoint: TcpEndpoint, on_bodies: OnBodies, on_close: OnClose
    ) -> TcpLink:
        if self.is_gone or (self._first is not None and self._first.is_gone):
            await self._network.loop.create_future()
        link = TcpLink(on_bodies, on_close)
        await self._network.connect(self._name, endpoint.host, link)
        return link


class Leader:
    """Whoever leads the partition of a namespace: the one server that work looks into."""

    def __init__(self, world: ClusterWorld, partition: int) -> None:
        self._world = world
        self._partition = partition

    @property
    def server(self) -> Lead | None:
        """Its commit and its clock, while there is a leader that may answer."""
        return self._world.leader_of(self._partition)


class ClusterWorld(World):
    """Nodes, a NATS, a network, and clients on it."""

    busy_s = 15.0

    def __init__(self, seed: int, loop: SimLoop, chance: random.Random) -> None:
        super().__init__(seed, loop, chance)
        shape = self.fork("cluster")
        loop.connect = self._connect
        self.partitions = shape.choice((1, 3, 4))
        self.names = [f"n{number}" for number in range(1, shape.choice((3, 3, 4)) + 1)]
        self.checkpoint_messages = shape.choice((20, 100, 100_000))
        self.truth = Truth(loop, self.fork("nats"), self.partitions)
        self.truth.message_bytes_max = shape.choice((1_000_000, 1_000_000, HEADER_BYTES + 4_000))
        self._files = tempfile.TemporaryDirectory(prefix="flo-simulated-")
        meta = MetaRow("simulated", self.partitions, 3, shape.choice((2, 3)))
        self.truth.write(META, encode(meta), None)
        self.computers = [
            ServerComputer(
                name, self.network, self.truth, self.fork(name), meta, self._place_of(name)
            )
            for name in self.names
        ]
        for computer in self.computers:
            computer.complain = self.complain
        self.looks = []
        self.terms = 0

    # Its life

    async def begin(self) -> None:
        for computer in self.computers:
            computer.start()
        await self.until_all_run()

    def places(self, count: int) -> Sequence[World]:
        return [self.within(f"place-{number}") for number in range(count)]

    async def end(self) -> None:
        await self.until_copies_agree()
        self.look_at_state()
        self.look_at_disk()

    def forget(self) -> None:
        for computer in self.computers:
            computer.forget()

    @property
    def deaths(self) -> list[str]:
        return [death for computer in self.computers for death in computer.deaths]

    def _place_of(self, name: str) -> str:
        return tempfile.mkdtemp(dir=self._files.name, prefix=name)

    async def _connect(self, host: str, protocol: object) -> None:
        source = protocol._owner.name  # type: ignore[attr-defined]  # a node's link to another
        await self.network.connect(source, host, protocol)  # type: ignore[arg-type]  # it is one

    def within(self, namespace: str) -> ClusterWorld:
        """The same world for work in that namespace."""
        world = copy.copy(self)
        world.namespace = namespace
        leader = Leader(self, partition_of(namespace, self.partitions))
        world.machine = leader  # type: ignore[assignment]  # as far as work looks into it
        return world

    # Who runs, and who leads

    async def until_all_run(self) -> None:
        """Wait until each node runs, and each partition is led."""
        until_s = self.loop.now_s + PATIENCE_S
        while not all(computer.server is not None for computer in self.computers) or not all(
            self.leader_of(number) for number in range(self.partitions + 1)
        ):
            assert self.loop.now_s < until_s, f"it does not come up: {self._told()}"
            await pause(LOOK_S)

    def _told(self) -> str:
        led = [bool(self.leader_of(number)) for number in range(self.partitions + 1)]
        return f"{[each.server is not None for each in self.computers]}, led: {led}"

    def leader_of(self, partition: int) -> Lead | None:
        """Whoever leads and may answer. There is never a second one."""
        found = []
        for computer in self.computers:
            lead = None if computer.node is None else computer.node.lead_of(partition)
            if lead is not None and lead.may_answer:
                found.append(lead)
        if len(found) > 1:
            self.complain(f"two lead {partition}: {[(e.lease.row.node, e.term) for e in found]}")
        return found[0] if found else None

    def context_of(self, name: str) -> Context:
        """That of the process which is this node now."""
        [computer] = [each for each in self.computers if each.name == name]
        return computer.context

    # Clients

    def client(
        self,
        name: str,
        *,
        timeout_ms: int = 30_000,
        namespace: str | None = None,
        reads: Literal["linearizable", "local"] = "linearizable",
        nodes: Sequence[str] = (),
    ) -> FloClient:
        """Of the nodes it knows all, or one, unless told; the others it learns of."""
        if not nodes:
            nodes = self._doors.sample(self.names, self._doors.choice((1, len(self.names))))
        is_by_web = self.token is not None and self._doors.random() < 0.3
        kind = SimWebTransport(self.network, name, nodes[0]) if is_by_web else None
        transport = kind or SimNodesTransport(self.network, name, nodes)
        self._transports[name] = transport
        return FloClient(
            ",".join(f"{node}:9000" for node in nodes),
            namespace=self.namespace if namespace is None else namespace,
            timeout_ms=timeout_ms,
            token=self.token,
            retry=RetryPolicy(initial_delay_ms=10, max_delay_ms=500),
            transport=transport,
            reads=reads,
        )

    def address(self) -> str:
        return self._doors.choice(self.names)

    # Invariants

    def look_at_state(self) -> None:
        for number in range(self.partitions + 1):
            lead = self.leader_of(number)
            if lead is not None:
                view = lead.commit.queries.view()
                for problem in (*orphans(view), *miscounts(view)):
                    self.complain(problem)
        for look in self.looks:
            look()
        self._look_at_copies()

    def _look_at_copies(self) -> None:
        """A copy never shows another history than the log, nor than another copy."""
        for computer in self.computers:
            for number, replica in computer.node.replicas.items() if computer.node else ():
                position, log = replica.position, self.truth.logs[number].all
                if position.sequence > len(log):
                    self.complain(f"{computer.name} is at {position}, the log at {len(log)}")
                elif position.sequence:
                    message = decode_message(log[position.sequence - 1])
                    if message.chain != position.chain:
                        self.complain(f"{computer.name} is at {position}, the log is not")

    async def until_copies_agree(self) -> None:
        """All have all that the logs have, and hold the same rows."""
        until_s = self.loop.now_s + PATIENCE_S
        while behind := self._behind():
            assert self.loop.now_s < until_s, f"copies do not catch up: {behind}"
            await pause(LOOK_S)
        for number in range(self.partitions + 1):
            self._compare(number)
            bodies = self.truth.logs[number].all
            heads = [head for body in bodies if (head := decode_message(body).head).is_last]
            terms = [head.term for head in heads]
            self.terms += len(set(terms))
            begun = [head.term for head in heads if head.is_term]
            if len(set(begun)) != len(begun):
                self.complain(f"two leaders of {number} have one term: {begun}")
            if terms != sorted(terms):
                self.complain(f"the terms of {number} go back: {terms}")
            for place, (before, after) in enumerate(itertools.pairwise(heads), 2):
                if after.time_ms < before.time_ms:
                    self.complain(f"time goes back at message {place} of {number}: {before, after}")

    def _behind(self) -> list[str]:
        return [
            f"{computer.name}/{number}"
            for computer in self.computers
            for number, replica in (computer.node.replicas.items() if computer.node else ())
            if replica.position.sequence != len(self.truth.logs[number])
        ]

    def _compare(self, partition: int) -> None:
        copies = [
            (computer.name, computer.rows(partition))
            for computer in self.computers
            if computer.node is not None and partition in computer.node.replicas
        ]
        name, first = copies[0]
        for other, rows in copies[1:]:
            if rows != first:
                keys = sorted(k for k in first.keys() | rows.keys() if first.get(k) != rows.get(k))
                self.complain(
                    f"{other} differs from {name} in {len(keys)} rows of {partition}: {keys[:3]}"
                )

    def look_at_disk(self) -> None:
        """Each copy agrees with itself."""
        for computer in self.computers:
            for store in computer._storage.stores.values():
                reader = store.snapshot()
                view = View(reader, "", applied_time_ms(reader), 0)
                for problem in (*orphans(view), *miscounts(view)):
                    self.complain(f"on disk of {computer.name}: {problem}")

    @contextmanager
    def with_syncs(self) -> Iterator[None]:
        """While this lasts, leaders write checkpoints as often as this world has them."""
        with ExitStack() as stack:
            stack.enter_context(super().with_syncs())
            stack.enter_context(self._files)
            before = vars(leading)["CHECKPOINT_MESSAGES"]
            setattr(leading, "CHECKPOINT_MESSAGES", self.checkpoint_messages)  # noqa: B010 # it is not the module's to give
            stack.callback(setattr, leading, "CHECKPOINT_MESSAGES", before)
            yield
