"""The board: a few small entries by name, each with a revision, that all nodes of a cluster share.

It holds who leads what (`lease.N`), which nodes there are (`node.NAME`), and what the cluster is
(`meta`). Only a node that knows an entry's revision can change the entry. In NATS the board is a
JetStream KV bucket.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class RevisionError(Exception):
    """The entry has another revision than the writer thought."""


class BoardSilentError(Exception):
    """No answer came: what was sent may have an effect, or have it yet."""


class Entry(NamedTuple):
    """One entry as it stands."""

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
        """Write an entry that has this revision (0: that is not there; `None`: whichever).

        Answers its new revision. Raises `RevisionError`.
        """
        ...
