"""Limits what one connection has under way at other nodes: above the limit, nothing more is begun.

So a client that asks for too much keeps the rest on its side, and not between the nodes.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core.types import Request
from floruntime.engine.rules import RULES

LARGE: Final = frozenset(RULES.items)
"""Queries whose answers may be as large as a frame."""
LARGE_AT_ONCE: Final = 4
"""So many of them may be under way: all may come at once."""
BYTES_AT_ONCE: Final = 4 * 1024 * 1024
"""So many bytes of requests may be, but for those that wait for something."""
REQUESTS_AT_ONCE: Final = 512
"""So many of these: what a client sends beyond is not even read, let alone refused."""


class UnderWay:
    """The requests of one connection that are at other nodes. Requests that wait do not count: they
    may take as long as their `block_ms`, and the connection may ask for more meanwhile.
    """

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        self._large: set[int] = set()
        self._total_bytes = 0
        #: The request that reached the limit; `None` while more may be begun.
        self.held_by: int | None = None

    def begin(self, request_id: int, request: Request[Any], size_bytes: int) -> bool:
        """Count a request that is passed on. True if it is the one that reaches the limit."""
        if getattr(request, "block_ms", 0):
            return False
        sizes = self._bytes
        self._total_bytes += size_bytes - sizes.get(request_id, 0)
        sizes[request_id] = size_bytes
        if type(request) in LARGE:
            self._large.add(request_id)
        if self.held_by is not None or not self._is_much():
            return False
        self.held_by = request_id
        return True

    def end(self, request_id: int) -> int | None:
        """Count a request no longer. Return what had reached the limit if more may be begun now."""
        self._total_bytes -= self._bytes.pop(request_id, 0)
        if self._large:
            self._large.discard(request_id)
        if self.held_by is None or self._is_much() or not self._is_half:
            return None
        held_by, self.held_by = self.held_by, None
        return held_by

    def _is_much(self) -> bool:
        return (
            len(self._bytes) >= REQUESTS_AT_ONCE
            or self._total_bytes >= BYTES_AT_ONCE
            or len(self._large) >= LARGE_AT_ONCE
        )

    @property
    def _is_half(self) -> bool:
        """Whether there is room for many: going on at each answer would send requests singly."""
        return self._total_bytes <= BYTES_AT_ONCE // 2 and len(self._bytes) <= REQUESTS_AT_ONCE // 2
