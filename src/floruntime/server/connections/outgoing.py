"""Writes large answers piece by piece, one piece in each turn of the event loop.

Encrypting 64 MiB takes a tenth of a second, and what is written is in memory a second time until
the peer has taken it. So in one turn no more is written than others can wait for, and nothing while
the peer has not taken what was written before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

AT_ONCE_BYTES: Final = 512 * 1024
"""So much of it is written in one turn: encrypting it takes about a millisecond."""


class Outgoing:
    """Pieces in order. `write` takes one, `may_write` says whether the peer takes any; `on_empty`
    is told when the last is written.
    """

    def __init__(
        self,
        write: Callable[[bytes | memoryview], None],
        may_write: Callable[[], bool],
        on_empty: Callable[[], None],
    ) -> None:
        self._write = write
        self._may_write = may_write
        self._on_empty = on_empty
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[bytes | memoryview] = deque()
        self._is_due = False
        #: How many bytes wait.
        self.bytes = 0

    def add(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Put them behind what waits."""
        for piece in filter(len, pieces):
            self.bytes += len(piece)
            self._pieces.extend(_cut(piece))

    def go_on(self) -> None:
        """Write some: now, and in the turns that follow."""
        if not self._is_due:
            self._write_some()

    def _write_some(self) -> None:
        self._is_due = False
        pieces, left_bytes = self._pieces, AT_ONCE_BYTES
        if not pieces:
            return
        while pieces and left_bytes > 0 and self._may_write():
            piece = pieces.popleft()
            self.bytes -= len(piece)
            left_bytes -= len(piece)
            self._write(piece)
        if not pieces:
            self._on_empty()
        elif self._may_write():
            self._is_due = True
            self._loop.call_soon(self._write_some)

    def clear(self) -> None:
        """Forget what waits: nobody takes it."""
        self._pieces.clear()
        self.bytes = 0


def _cut(piece: bytes | memoryview) -> Iterator[bytes | memoryview]:
    if len(piece) <= AT_ONCE_BYTES:
        yield piece
        return
    whole = memoryview(piece)
    for start in range(0, len(whole), AT_ONCE_BYTES):
        yield whole[start : start + AT_ONCE_BYTES]
