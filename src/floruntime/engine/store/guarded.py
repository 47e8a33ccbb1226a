"""Makes sure that no caller can ignore a failed read.

A failed read (a damaged block, a lost disk) is neither a refusal of the command that read, nor a
bug of the timer that fired. Code that continued after it would decide by a state that it has not
seen. So everything that a store raises becomes a `StoreFailedError`, and the store's owner is told
at once, whoever catches the error on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from floruntime.engine.store.errors import StoreFailedError
from floruntime.engine.store.protocol import Reader, Store

TOLD: Final = suppress(StoreFailedError)
"""`with TOLD:` around what an event loop calls: whoever owns the store knows of its failure."""


class GuardedReader:
    """`reader`, for rules to read from. `on_failed` hears of each read that fails."""

    def __init__(self, reader: Reader, on_failed: Callable[[StoreFailedError], None]) -> None:
        self._reader = reader
        self._on_failed = on_failed

    def get(self, key: bytes, /) -> bytes | None:
        try:
            return self._reader.get(key)
        except Exception as error:
            raise tell(error, self._on_failed) from error

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        # The store's scan is made here, not at the first step: it shows the state as it is now.
        try:
            rows = self._reader.scan(start, end, reverse=reverse)
        except Exception as error:
            raise tell(error, self._on_failed) from error
        return _walk(rows, self._on_failed)


def guarded_snapshot(store: Store, on_failed: Callable[[StoreFailedError], None]) -> Reader:
    """A snapshot of `store`, guarded."""
    try:
        snapshot = store.snapshot()
    except Exception as error:
        raise tell(error, on_failed) from error
    return GuardedReader(snapshot, on_failed)


def tell(error: Exception, on_failed: Callable[[StoreFailedError], None]) -> StoreFailedError:
    """`error` of a read as the store's failure, once the owner of the store was told."""
    failure = (
        error
        if isinstance(error, StoreFailedError)
        else StoreFailedError(
            f"a read from the store failed: {error}; the server must end now, "
            "a restart recovers everything that was answered"
        )
    )
    on_failed(failure)
    return failure


def _walk(
    rows: Iterator[tuple[bytes, bytes]], on_failed: Callable[[StoreFailedError], None]
) -> Iterator[Any]:
    try:
        yield from rows
    except Exception as error:
        raise tell(error, on_failed) from error
