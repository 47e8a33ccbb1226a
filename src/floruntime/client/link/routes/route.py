"""A link of its own to one node of a cluster, beside the one that every call may go by."""

from __future__ import annotations

from collections.abc import Callable

Send = Callable[[bytes, float], None]
"""Sends one request, whose answer is due at that time."""


class Route:
    """One that is up: which node it leads to, and when it was used last."""

    __slots__ = ("node", "send", "used_s")

    def __init__(self, node: str, send: Send, now_s: float) -> None:
        self.node = node
        self.send = send
        self.used_s = now_s
