"""The interface to which a conversation passes queries and commands."""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core.types import Command, Query
from floruntime.server.commit.caller import Caller
from floruntime.server.commit.fill import Fill


class Answers(Protocol):
    """What answers a conversation's queries."""

    def answer(
        self, caller: Caller, request_id: int, namespace: str, query: Query[Any], /
    ) -> None: ...


class Orders(Protocol):
    """What takes a conversation's commands, and ends its waits."""

    @property
    def queries(self) -> Answers: ...

    @property
    def commands_total(self) -> int:
        """How many commands it was ever handed."""
        ...

    def fill_for(self, caller: Caller, /) -> Fill:
        """That of the batch into which this caller's next command is likely to go."""
        ...

    def submit(
        self, caller: Caller, request_id: int, namespace: str, number: int, command: Command[Any], /
    ) -> None: ...

    def cancel(self, caller: Caller, request_id: int, /) -> bool: ...
