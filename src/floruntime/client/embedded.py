"""The server inside this process, behind the same port as the network. It is loaded only here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from floruntime.core.errors import UnavailableError

if TYPE_CHECKING:
    from floruntime.client.endpoint import EmbeddedEndpoint
    from floruntime.client.transports import Link


class EmbeddedTransport:
    """Links to an embedded server, which is opened with the first and given back by `release`."""

    def __init__(self, endpoint: EmbeddedEndpoint) -> None:
        self._endpoint = endpoint
        self._server: Any = None

    async def connect(self, on_data: Callable[[bytes], None], on_close: Callable[[], None]) -> Link:
        """A link to the server, which is started if need be."""
        if self._server is None:
            self._server = await _open_server(self._endpoint.text)
        return _EmbeddedLink(self._server.connect(on_data, on_close))

    async def release(self) -> None:
        """Give the server back; the last one who does ends it."""
        server, self._server = self._server, None
        if server is not None:
            await server.release()


class _EmbeddedLink:
    def __init__(self, link: Any) -> None:
        self._link = link
        self.write = link.write
        self.close = link.close

    async def wait_closed(self) -> None:
        """Nothing of it is the event loop's."""


async def _open_server(endpoint: str) -> Any:
    try:
        from floruntime.server.embedded import (  # type: ignore[import-not-found, unused-ignore]
            open_embedded,
        )
    except ImportError as error:
        raise UnavailableError(
            f"{endpoint} runs the server inside this process, which needs what "
            f"`pip install 'floruntime[server]'` brings ({error})"
        ) from error
    return await open_embedded(endpoint)
