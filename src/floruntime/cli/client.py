"""The client of a command: it connects with the first call, so that usage errors come before."""

from __future__ import annotations

from typing import TypeVar

from floruntime.client.client import FloClient
from floruntime.client.link.call import Wait
from floruntime.core.types import Request

R = TypeVar("R")


class CommandClient(FloClient):
    """A `FloClient` that connects by itself.

    What goes on over lost connections (watch, follow) calls `connect()` first, or it would wait
    for a server that is not there.
    """

    async def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        block_ms: int = 0,
        wait: Wait | None = None,
    ) -> R:
        """As `FloClient.call`, connecting first if need be."""
        await self.connect()
        return await super().call(request, namespace=namespace, block_ms=block_ms, wait=wait)
