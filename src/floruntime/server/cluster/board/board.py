"""The board: a few small entries by name, each with a revision, that all nodes of a cluster share.

It holds who leads what (`lease.N`), which nodes there are (`node.NAME`), and what the cluster is
(`meta`). Only a node that knows an entry's revision can change the entry. In NATS the board is a
JetStream KV bucket.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class RevisionError(Exception):
    """The entry has another revision than the writer expected."""


class BoardSilentError(Exception):
    """No answer came. What was sent may have taken effect, or may still do so."""


class Entry(NamedTuple):
    """One entry of the board, with its revision."""

    revision: int
    value: bytes


class Board(Protocol):
    """Every method may raise `BoardSilentError`."""

    async def read_all(self) -> dict[str, Entry]:
        """All entries, perhaps of a moment ago."""
        ...

    async def read(self, name: str) -> Entry | None:
        """One entry as it is now."""
        ...

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        """Write an entry if it has this revision (0: it does not exist; `None`: any revision).

        Returns the new revision. Raises `RevisionError`.
        """
        ...
