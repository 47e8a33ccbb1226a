"""The client of a command: it connects with the first call, so that usage errors come before."""

from __future__ import annotations

from typing import TypeVar

from floruntime.cli.errors import AfterWriting
from floruntime.client.api.operation import Ask, Operation
from floruntime.client.base import BaseClient
from floruntime.core.errors import FloError
from floruntime.core.system import Backup
from floruntime.core.types import Command

R = TypeVar("R")


class CommandClient(BaseClient):
    """A `FloClient` that connects by itself.

    What goes on over lost connections (watch, follow) calls `connect()` first, or it would wait
    for a server that is not there.
    """

    #: Whether something was written: from then on no error of the command may say that it was not.
    has_written = False

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """As `BaseClient.perform`, connecting first if need be."""
        return Operation(self._connected(ask))

    async def _connected(self, ask: Ask[R]) -> R:
        await self.connect()
        try:
            answer = await super().perform(ask)
        except FloError as error:
            if self.has_written:
                raise AfterWriting from error
            raise
        self.has_written = self.has_written or isinstance(ask.request, (Command, Backup))
        return answer
