"""Counts the calls that wait for a server to have something.

A worker gives each handler its own `Waits`. It tells a test server which handlers wait for its
clock, and which are at work.
"""

from __future__ import annotations

from contextvars import ContextVar


class Waits:
    """How many calls are open that the server may keep waiting (long polls)."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *error: object) -> None:
        self.count -= 1


WAITS: ContextVar[Waits | None] = ContextVar("floruntime.waits", default=None)
"""Where the calls of this task are counted; `None`: nowhere."""
