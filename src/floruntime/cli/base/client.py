"""The client of a command: it knows whether the command has written."""

from __future__ import annotations

from typing import Any, TypeVar

from floruntime.cli.base.errors import AfterWriting
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.client.base import BaseClient
from floruntime.client.calls import Calls
from floruntime.client.link.transports.protocol import Transport
from floruntime.core.errors import FloError
from floruntime.core.system import Backup
from floruntime.core.types import Command

R = TypeVar("R")


class CommandCalls(Calls):
    """Calls that know whether something was written."""

    #: From then on no error of the command may say that it was not.
    has_written = False

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """As `Calls.perform`."""
        return Operation(self._noted(ask))

    async def _noted(self, ask: Ask[R]) -> R:
        try:
            answer = await super().perform(ask)
        except FloError as error:
            if self.has_written:
                raise AfterWriting from error
            raise
        self.has_written = self.has_written or isinstance(ask.request, (Command, Backup))
        return answer


class CommandClient(BaseClient):
    """A `FloClient` whose calls are `CommandCalls`. It connects with the first call, so that usage
    errors come before.
    """

    @property
    def has_written(self) -> bool:
        """Whether something was written."""
        return isinstance(self.calls, CommandCalls) and self.calls.has_written

    def _new_calls(self, transport: Transport, **options: Any) -> CommandCalls:
        return CommandCalls(transport, **options)
