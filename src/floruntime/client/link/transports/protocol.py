"""The port that a connection stands on: what each way of sending bytes has to offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnData = Callable[[bytes], None]
OnClose = Callable[[], None]


class Link(Protocol):
    """One open way to a server. After `close` nothing more is called back that matters."""

    def write(self, data: bytes) -> None:
        """Send `data` after all that was written before."""
        ...

    def close(self) -> None:
        """Begin to close. Doing it twice does nothing."""
        ...

    async def wait_closed(self) -> None:
        """Wait until nothing of the link is left in the event loop."""
        ...


class Transport(Protocol):
    """Opens links to one endpoint."""

    async def prepare(self) -> None:
        """Get ready, before the first link; this may take longer than a connection's time-out."""
        ...

    async def connect(self, on_data: OnData, on_close: OnClose) -> Link:
        """A new link; `on_close` is called once when the peer or the network ends it."""
        ...

    async def release(self) -> None:
        """Give back what the transport itself holds; the next `prepare` takes it again."""
        ...
