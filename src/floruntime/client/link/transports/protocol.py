"""The port that a connection stands on: what each way of carrying bodies has to offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from floruntime.core.errors import FloError

OnBodies = Callable[[list[bytes]], None]
"""Told of all that comes, with the bodies that it completes: none is a sign of life, too."""
OnClose = Callable[[FloError | None], None]
"""Told of the end, and why if it was not simply the peer or the network that ended it."""


class Link(Protocol):
    """One open way to a server. After `close` nothing more is called back that matters."""

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
        """So many nodes are known; each link begins with the one behind that of the last link."""
        ...

    def learn(self, nodes: Sequence[str]) -> None:
        """These are where nodes are reached, as HOST:PORT."""
        ...


@runtime_checkable
class Reaches(Protocol):
    """A transport by which one node of a cluster can be reached beside another."""

    def at(self, node: str) -> Transport | None:
        """What opens links to the node at HOST:PORT and no other; `None` where that is none."""
        ...


class Transport(Protocol):
    """Opens links to one endpoint."""

    @property
    def quiet_ms_max(self) -> int:
        """The longest that its links are silent, which the server may count on; 0: for ever."""
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
