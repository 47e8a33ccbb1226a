"""Links to a server inside this process. Its code is imported only when it is opened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from floruntime.core.errors import NotConnectedError, UnavailableError

if TYPE_CHECKING:
    from floruntime.client.link.endpoint import EmbeddedEndpoint
    from floruntime.client.link.transports.protocol import Link, OnBodies, OnClose
    from floruntime.server.embedded import EmbeddedLink, EmbeddedServer


class EmbeddedTransport:
    """Opens links to an embedded server, which `prepare` opens and `release` gives back."""

    quiet_ms_max = 0

    def __init__(self, endpoint: EmbeddedEndpoint) -> None:
        self._endpoint = endpoint
        self._server: EmbeddedServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def prepare(self) -> None:
        """Open the server, or share it if this process has opened it already.

        Raises `NotConnectedError` where the event loop that it ran in has ended.
        """
        loop = asyncio.get_running_loop()
        if self._server is None:
            self._server = await _open_server(self._endpoint.text)
            self._loop = loop
        elif self._loop is not loop:
            raise NotConnectedError(
                f"the server of {self._endpoint.text} ran in another event loop, and ended with it"
            )

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """A link to the server that `prepare` opened."""
        assert self._server is not None
        return _EmbeddedLink(self._server.connect(on_bodies, on_close))

    async def release(self) -> None:
        """Give the server back; it ends when its last user does so."""
        server, self._server = self._server, None
        if server is not None:
            await server.release()


class _EmbeddedLink:
    def __init__(self, link: EmbeddedLink) -> None:
        self._link = link
        self.send = link.send
        self.close = link.close

    async def wait_closed(self) -> None:
        """Return at once: the link holds nothing in the event loop."""


async def _open_server(endpoint: str) -> EmbeddedServer:
    try:
        from floruntime.server.embedded import open_embedded
    except ImportError as error:
        raise UnavailableError(
            f"{endpoint} runs the server inside this process, which needs packages that are "
            f"not installed: pip install 'floruntime[server]' ({error})"
        ) from error
    return await open_embedded(endpoint)
