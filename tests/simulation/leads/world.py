"""A world of nodes that let nobody in: clients ask whoever leads, by hand."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from floruntime.server.cluster import leading
from floruntime.server.cluster.board.board import Board
from floruntime.server.cluster.board.lease import HeldLease, LeaseRow
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.publishing import OvertakenError
from floruntime.server.cluster.log.message import HEADER_BYTES
from floruntime.server.cluster.node import Node
from floruntime.server.config import Config
from tests.simulation.clockwork import SimLoop
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.world import ClusterWorld
from tests.simulation.leads.client import LeadClient
from tests.simulation.process import Process
from tests.simulation.world import World, set_to

SLOW_SHARE = 0.33
SLOW_PACE = 0.2
"""Of the clocks that leaders hold their leases by, where they are slow."""


class LeadsComputer(Computer):
    """Its node lets nobody in, and passes nothing on."""

    async def _serve(self, process: Process, config: Config, node: Node) -> None:
        node._keep_links = lambda: None  # type: ignore[method-assign]  # it has none
        await node.start()

    async def _stop(self, node: Node) -> None:
        await node.drain()
        await node.stop()


class SlowLease(HeldLease):
    """Held for longer than others wait: its holder's clock is slow."""

    def __init__(
        self, board: Board, partition: int, now_s: Callable[[], float], row: LeaseRow
    ) -> None:
        super().__init__(board, partition, lambda: now_s() * SLOW_PACE, row)


class LeadsWorld(ClusterWorld):
    """In some of these worlds the leaders' clocks are slow, so that leases overlap: what is read
    may be old, and what is written is fenced by the log all the same.
    """

    computer_kind = LeadsComputer

    def __init__(
        self, seed: int, loop: SimLoop, chance: random.Random, rare: Collection[str] = ()
    ) -> None:
        super().__init__(seed, loop, chance, rare)
        shape = self.fork("leads")
        self.has_old_reads = shape.random() < SLOW_SHARE
        self.truth.message_bytes_max = shape.choice((1_000_000, HEADER_BYTES + 150))
        self._asked = self.fork("asked")

    def places(self, count: int) -> Sequence[World]:
        return [self.within(self.namespace)] * count

    async def end(self) -> None:
        """Where leases overlapped, one that is overtaken notices by its next write, and nobody
        writes any more.
        """
        for computer in self.computers:
            leads = computer.node.leads() if computer.node and self.has_old_reads else ()
            for lead in leads:
                if lead.replica.position.sequence < len(self.truth.logs[lead.partition]):
                    computer.context.run(lead.end, OvertakenError("another has written"))
        await super().end()

    async def lock(self) -> None:
        """Nobody needs a token."""

    @property
    def digest(self) -> str:
        """All that stands in the logs, and when all was done."""
        bodies = b"".join(body for log in self.truth.logs for body in log.all)
        return hashlib.sha256(bodies + repr(self.loop.now_s).encode()).hexdigest()

    @contextmanager
    def arranged(self) -> Iterator[None]:
        kind = SlowLease if self.has_old_reads else HeldLease
        with set_to(leading, "HeldLease", kind), super().arranged():
            yield

    def leader_of(self, partition: int) -> Lead | None:
        if not self.has_old_reads:
            return super().leader_of(partition)
        return next(iter(self._leaders_of(partition)), None)

    def any_leader(self) -> Lead | None:
        """One of those that take themselves for the leader of the namespace."""
        leads = self._leaders_of(self.partition)
        return self._asked.choice(leads) if leads else None

    def client(self, name: str, **options: Any) -> Any:
        """It knows each leader."""
        return LeadClient(self, name)
