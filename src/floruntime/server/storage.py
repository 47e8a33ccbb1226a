"""What a server stores its state in: a data directory, or memory."""

from __future__ import annotations

from typing import Protocol

from floruntime.core.errors import BadRequestError
from floruntime.engine.store import Store
from floruntime.engine.store.memory import MemoryStore


class Storage(Protocol):
    """A store and what stands around it."""

    #: The directory on disk; `None` for memory.
    path: str | None
    store: Store

    def sync(self, index: int) -> None:
        """Make everything written durable, up to command `index`. Called from the sync thread."""
        ...

    def free_bytes(self) -> int | None:
        """Free space where the data lies; `None` where that means nothing."""
        ...

    def checkpoint(self, directory: str) -> str:
        """A complete copy into a new `directory`; answers its full path. Called from a thread."""
        ...

    def close(self) -> None:
        """Give up files and locks."""
        ...


class MemoryStorage:
    """State that ends with the process."""

    path: str | None = None

    def __init__(self) -> None:
        self.store: Store = MemoryStore()

    def sync(self, index: int) -> None:
        """Nothing to do."""

    def free_bytes(self) -> int | None:
        return None

    def checkpoint(self, directory: str) -> str:
        raise BadRequestError(
            f"a server that keeps its state in memory has nothing to copy to {directory!r}"
        )

    def close(self) -> None:
        self.store.close()
