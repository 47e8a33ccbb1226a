"""The storage of a server's state: a data directory, or memory."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from typing import Protocol

from floruntime.core.errors import BadRequestError, FloError, StorageFullError
from floruntime.core.limits import shown
from floruntime.engine.state.warm_rows import WARM_BYTES_DEFAULT
from floruntime.engine.store import Store
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.data.data_dir import DataDirectory, DataDirectoryError
from floruntime.server.memory import MEMORY_BYTES_DEFAULT, blocks_bytes, warm_bytes


class Storage(Protocol):
    """A store and what stands around it."""

    #: The directory on disk; `None` for memory.
    path: str | None
    store: Store
    #: What it has read it keeps in so much; 0 where it reads from no disk.
    memory_bytes: int
    #: How much of that is for rows at hand.
    warm_bytes: int
    #: Why a store without a history follows another one all the same; empty: it is the first.
    follows: str

    def sync(self, index: int) -> None:
        """Make everything written durable, up to command `index`. One call at a time."""
        ...

    def free_bytes(self) -> int | None:
        """Free space where the data lies; `None` where that means nothing."""
        ...

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        """What the store tells of itself, by the names of RocksDB; nothing where it is none."""
        ...

    def give_back(self) -> None:
        """Give the space of what was deleted back to the disk. Called from a thread."""
        ...

    def checkpoint(self, directory: str) -> str:
        """A complete copy into a new `directory`; answers its full path. Called from a thread."""
        ...

    def close(self) -> None:
        """Give up files and locks."""
        ...


class DiskStorage:
    """A data directory. Raises what opening one raises (`StoreError`).

    `memory_bytes`: what was read is kept in so much.
    """

    #: A directory is anew what it was, or new.
    follows = ""

    def __init__(self, path: str, memory_bytes: int = MEMORY_BYTES_DEFAULT) -> None:
        self.memory_bytes = memory_bytes
        self.warm_bytes = warm_bytes(memory_bytes)
        self._directory = DataDirectory(path, blocks_bytes(memory_bytes))
        self.path: str | None = self._directory.path
        self.store: Store = self._directory.store

    def sync(self, index: int) -> None:
        self.store.sync()
        self._directory.witness.record(index)
        self._directory.witness.sync_if_due(time.monotonic_ns() // 1_000_000)

    def free_bytes(self) -> int | None:
        return self._directory.free_bytes()

    def give_back(self) -> None:
        self._directory.store.give_back()

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        found = {name: self._directory.store.property_of(name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def checkpoint(self, directory: str) -> str:
        try:
            self._check_target(directory)
            self._directory.checkpoint(directory)
        except DataDirectoryError as error:
            raise BadRequestError(str(error)) from error
        except (OSError, ValueError) as error:
            raise _refusal(directory, error) from error
        return os.path.abspath(directory)

    def _check_target(self, directory: str) -> None:
        if not directory:
            raise BadRequestError("directory is empty; it must be the path of a directory")
        own, target = os.path.realpath(self._directory.path), os.path.realpath(directory)
        if os.path.commonpath([own, target]) == own:
            raise BadRequestError(
                f"directory is {shown(directory)}, which is inside the data directory; "
                "choose a directory outside of it"
            )

    def close(self) -> None:
        self._directory.close()


def _refusal(directory: str, error: OSError | ValueError) -> FloError:
    """What a path, or the disk behind it, has against a backup."""
    reason = getattr(error, "strerror", None) or str(error)
    text = f"no backup can be written to the directory {shown(directory)}: {reason}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFullError(text)
    return BadRequestError(text)


class MemoryStorage:
    """State that ends with the process. `follows`: why clients may know of another one."""

    path: str | None = None
    memory_bytes = 0
    warm_bytes = WARM_BYTES_DEFAULT

    def __init__(self, follows: str = "") -> None:
        self.follows = follows
        self.store: Store = MemoryStore()

    def sync(self, index: int) -> None:
        """Nothing to do."""

    def give_back(self) -> None:
        """Memory is given back by itself."""

    def free_bytes(self) -> int | None:
        return None

    def properties(self, names: Iterable[str]) -> dict[str, int]:
        return {}

    def checkpoint(self, directory: str) -> str:
        raise BadRequestError(
            f"this server keeps its state in memory, so it cannot write a backup to {directory!r}"
        )

    def close(self) -> None:
        self.store.close()
