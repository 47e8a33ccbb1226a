"""The interface of a store. `rocks.py` and `memory.py` implement it alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Changes(NamedTuple):
    """One atomic batch: `cleared` ranges `[start, end)` go first, then `rows` (None: delete)."""

    rows: dict[bytes, bytes | None]
    cleared: list[tuple[bytes, bytes]]


class PointRead(Protocol):
    """The type of `get`, for stores that give it as an attribute."""

    def __call__(self, key: bytes, /) -> bytes | None: ...


class Reader(Protocol):
    """A consistent state to read from."""

    def get(self, key: bytes, /) -> bytes | None:
        """The value of `key`, `None` where there is none."""
        ...

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """The rows with `start <= key < end`, in key order, or in falling order."""
        ...


class Store(Reader, Protocol):
    """The whole store. Reads see the last `write`, durable or not."""

    def snapshot(self) -> Reader:
        """The state as it stands, whatever is written later."""
        ...

    def write(self, changes: Changes) -> None:
        """Make `changes` visible, all at once. Durable only after the next `sync`."""
        ...

    def sync(self) -> None:
        """Make everything written so far durable. Releases the GIL; safe from another thread."""
        ...

    def checkpoint(self, directory: str) -> None:
        """Copy the state as it stands into `directory`, which must not exist."""
        ...

    def close(self) -> None:
        """Give up files and locks. The store is not used afterwards."""
        ...
