"""Why a request cannot be answered: in words, for its caller and for the operator."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from floruntime.server.cluster.board.lease import LEASE_S
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.nats.jetstream import Nats

log = logging.getLogger("floruntime.cluster")

SAID_AGAIN_S = 60.0
"""How long the same trouble is not said again."""
ELSEWHERE_S = LEASE_S
"""For how long a server of NATS may be of no use before another is tried: by then this node leads
nothing that it could lose.
"""


class Said:
    """What was said last, so that the same is not said over and over."""

    def __init__(self) -> None:
        self._text = ""
        self._said_s = 0.0

    def is_new(self, text: str) -> bool:
        """Whether it is to be said."""
        now_s = time.monotonic()
        if text == self._text and now_s - self._said_s < SAID_AGAIN_S:
            return False
        self._text, self._said_s = text, now_s
        return True


class Patience:
    """With a server of NATS that is connected and of no use, as one that the others do not reach:
    it lacks a majority for good, and another may have one.
    """

    def __init__(self) -> None:
        self._since_s: float | None = None

    def is_over(self, is_of_use: bool, now_s: float) -> bool:
        """Whether another is to be tried now; it has as long as this one had."""
        if is_of_use:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s > ELSEWHERE_S:
            self._since_s = now_s
            return True
        return False


class Node(Protocol):
    """Whose view it is."""

    name: str
    nats: Nats
    is_board_heard: bool
    board_problem: str

    def leader_of(self, partition: int) -> str: ...


def what_ails_nats(node: Node) -> str:
    """Why NATS is of no use to this node at the moment; empty where it is."""
    nats = node.nats
    if not nats.is_connected:
        return "NATS cannot be reached" + (f" ({nats.problem})" if nats.problem else "")
    if nats.refusal:
        return f"NATS refuses what the cluster needs: {nats.refusal}"
    if node.is_board_heard:
        return ""
    return f"NATS does not answer; it needs a majority of its nodes ({node.board_problem})"


def why_none(node: Node, partition: int) -> str:
    """Why a partition has no leader that can be asked."""
    name = "system" if partition == SYSTEM else str(partition)
    if ailment := what_ails_nats(node):
        return f"partition {name} has no leader that can be asked: {ailment}"
    leader = node.leader_of(partition)
    if leader == node.name:
        return f"partition {name} is led by this node, whose lease NATS does not renew"
    if leader:
        return f"partition {name} is led by node {leader}, which cannot be reached"
    return f"partition {name} has no leader; NATS may lack a majority for its log"


async def lazy_servers(nats: Nats) -> dict[str, float]:
    """The servers of NATS that acknowledge what they have not synced, if it lets us know; it is
    said of each.
    """
    intervals = await nats.sync_intervals()
    lazy = {name: every_s for name, every_s in sorted(intervals.items()) if every_s}
    for name, every_s in lazy.items():
        log.warning(
            "the NATS server %s syncs only every %g s, after it has acknowledged: if a "
            "majority of servers lose power, what was written since is lost. Set "
            "sync_interval: always",
            name,
            every_s,
        )
    if not intervals:
        log.info(
            "this NATS account may not ask whether its servers sync before they "
            "acknowledge; make sure that they have sync_interval: always (docs/cluster.md)"
        )
    return lazy
