"""A route: a link to one node of a cluster, beside the first link, which takes any call."""

from __future__ import annotations

from collections.abc import Callable

Send = Callable[[bytes, float], None]
"""Sends one request; the number is the time at which its answer is due."""


class Route:
    """A route that is up: the node that it leads to, and when it was used last."""

    __slots__ = ("node", "send", "used_s")

    def __init__(self, node: str, send: Send, now_s: float) -> None:
        self.node = node
        self.send = send
        self.used_s = now_s
