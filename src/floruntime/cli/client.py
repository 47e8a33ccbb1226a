"""The client of a command: it connects with the first call, so that usage errors come before."""

from __future__ import annotations

from typing import TypeVar

from floruntime.cli.errors import AfterWriting
from floruntime.client.base import BaseClient
from floruntime.client.link.call import Wait
from floruntime.core.errors import FloError
from floruntime.core.system import Backup
from floruntime.core.types import Command, Request

R = TypeVar("R")


class CommandClient(BaseClient):
    """A `FloClient` that connects by itself.

    What goes on over lost connections (watch, follow) calls `connect()` first, or it would wait
    for a server that is not there.
    """

    #: Whether something was written: from then on no error of the command may say that it was not.
    has_written = False

    async def call(
        self,
        request: Request[R],
        *,
        namespace: str | None = None,
        block_ms: int = 0,
        wait: Wait | None = None,
    ) -> R:
        """As `BaseClient.call`, connecting first if need be."""
        await self.connect()
        try:
            answer = await super().call(request, namespace=namespace, block_ms=block_ms, wait=wait)
        except FloError as error:
            if self.has_written:
                raise AfterWriting from error
            raise
        self.has_written = self.has_written or isinstance(request, (Command, Backup))
        return answer
