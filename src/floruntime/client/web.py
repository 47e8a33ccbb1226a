"""The client of web pages, in Python: over WebSocket, with only what the role `web` may do."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from floruntime.client.api.kv.reads import KvReads
from floruntime.client.api.stream.records import StreamRecords
from floruntime.client.base import BaseClient
from floruntime.client.link.endpoint import WebEndpoint, parse_endpoint
from floruntime.client.link.reads import ReadsFrom
from floruntime.client.link.token import Token
from floruntime.core import defaults
from floruntime.core.errors import BadRequestError, FloError
from floruntime.core.limits import shown


class FloClient:
    """A client over WebSocket: streams, and reading keys.

    - `endpoint`: `ws://HOST:PORT/ws`, or `wss://` for TLS.
    - `tls`: the `ssl.SSLContext` to use; by default one that trusts what the system trusts.
    - `namespace` (default `default`), `token` (none by default), `timeout_ms` (default 5,000),
      `reads` and `max_staleness_ms`: as for `floruntime.FloClient`.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        namespace: str = defaults.NAMESPACE,
        token: Token | None = None,
        timeout_ms: int = defaults.TIMEOUT_MS,
        tls: ssl.SSLContext | None = None,
        reads: ReadsFrom = defaults.READS,
        max_staleness_ms: int | None = None,
    ) -> None:
        if not isinstance(parse_endpoint(endpoint), WebEndpoint):
            raise BadRequestError(
                f"endpoint {shown(endpoint)} is not one for a web client: write "
                "ws://HOST:PORT/ws, or wss:// for TLS"
            )
        self._client = BaseClient(
            endpoint,
            namespace=namespace,
            token=token,
            timeout_ms=timeout_ms,
            tls=tls,
            reads=reads,
            max_staleness_ms=max_staleness_ms,
        )
        self.streams = StreamRecords(self._client.calls)
        self.kv = KvReads(self._client.calls)

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def endpoint(self) -> str:
        """The address of the server."""
        return self._client.endpoint

    @property
    def namespace(self) -> str:
        """The namespace of calls that name none."""
        return self._client.namespace

    @property
    def staleness_ms(self) -> int:
        """As of `floruntime.FloClient`."""
        return self._client.staleness_ms

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return self._client.is_connected

    async def connect(self) -> Self:
        """Connect, and return the client. The first call also connects.

        Connecting a second time does nothing.

        Raises what `floruntime.FloClient.connect` raises.
        """
        await self._client.connect()
        return self

    async def close(self) -> None:
        """Close the client. Calls under way fail with `NotConnectedError`.

        A second close does nothing.

        Raises what `floruntime.FloClient.close` raises.
        """
        await self._client.close()

    def on_connect(self, listener: Callable[[], Awaitable[Any] | Any]) -> Callable[[], None]:
        """Call `listener` whenever the connection is up.

        Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function.
        """
        return self._client.on_connect(listener)

    def on_disconnect(
        self, listener: Callable[[FloError], Awaitable[Any] | Any]
    ) -> Callable[[], None]:
        """Call `listener` with the reason whenever the connection is lost.

        Returns a function that removes the listener.

        Raises `BadRequestError` if `listener` is not a function.
        """
        return self._client.on_disconnect(listener)

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
