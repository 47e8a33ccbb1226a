"""The interface to a partition's log, which only grows at its end."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class LogRefusedError(Exception):
    """The log does not end where the writer expected: somebody else has written meanwhile."""


class LogSilentError(Exception):
    """No answer came, or none that decides anything: what was sent may be there, or arrive
    later.
    """


class Stored(NamedTuple):
    """A message in its place."""

    sequence: int
    body: bytes


class Ends(NamedTuple):
    """The first and the last sequence of a log; the first is last + 1 where it is empty."""

    first: int
    last: int


class Log(Protocol):
    """One partition's log. Every method may raise `LogSilentError`."""

    @property
    def message_bytes_max(self) -> int:
        """How large one message may be."""
        ...

    async def append(self, body: bytes, expected: int) -> None:
        """Put `body` at `expected` + 1. Raises `LogRefusedError` if the log ends elsewhere."""
        ...

    async def at(self, sequence: int) -> bytes | None:
        """The message at this sequence, as the log's leader knows it; `None` if there is none."""
        ...

    async def after(self, sequence: int) -> list[Stored]:
        """Some of the messages after `sequence`, in order, perhaps not all."""
        ...

    async def trim(self, up_to: int) -> None:
        """Delete the messages up to and including this sequence."""
        ...

    async def ends(self) -> Ends:
        """Where the log begins and ends, as its leader knows it."""
        ...
