"""Who waits for a server to have something: each call that it may keep open is counted.

A worker gives each handler a `Waits` of its own. By it a test server knows which handlers wait for
its clock, and which are at work.
"""

from __future__ import annotations

from contextvars import ContextVar


class Waits:
    """How many calls are open that the server may keep waiting."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *error: object) -> None:
        self.count -= 1


WAITS: ContextVar[Waits | None] = ContextVar("floruntime.waits", default=None)
"""Where the calls of this task are counted; `None`: nowhere."""
