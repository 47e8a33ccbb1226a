"""What every transport must offer: opening links, sending bodies, and closing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from floruntime.core.errors import FloError

OnBodies = Callable[[list[bytes]], None]
"""Called whenever bytes arrive, with the bodies that they complete. The list may be empty: bytes
are a sign of life, too.
"""
OnClose = Callable[[FloError | None], None]
"""Called when the link has ended; with the reason, unless the peer or the network ended it."""


class Link(Protocol):
    """One open link to a server. What it calls back after `close` may be ignored."""

    def send(self, bodies: list[bytes]) -> None:
        """Send `bodies` after all that was sent before."""
        ...

    def close(self) -> None:
        """Begin to close. Doing it twice does nothing."""
        ...

    async def wait_closed(self) -> None:
        """Wait until nothing of the link is left in the event loop."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A transport that can reach other nodes of the same cluster."""

    @property
    def nodes_total(self) -> int:
        """How many nodes are known. Each link tries first the node after that of the last link."""
        ...

    def learn(self, nodes: Sequence[str]) -> None:
        """Remember where nodes of the cluster are reached, each as HOST:PORT."""
        ...


@runtime_checkable
class Reaches(Protocol):
    """A transport that can reach one given node of a cluster, beside another."""

    def at(self, node: str) -> Transport | None:
        """A transport to the node at HOST:PORT alone; `None` if `node` is no such address."""
        ...


class Transport(Protocol):
    """Opens links to one endpoint."""

    @property
    def quiet_ms_max(self) -> int:
        """The longest time that its links are silent, as promised to the server; 0: no promise."""
        ...

    async def prepare(self) -> None:
        """Get ready, before the first link; this may take longer than a connection's time-out."""
        ...

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """A new link; `on_close` is called once when it has ended, but not by `close`."""
        ...

    async def release(self) -> None:
        """Give back what the transport itself holds; the next `prepare` takes it again."""
        ...
