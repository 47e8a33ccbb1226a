"""The other end of a connection: who it is, and which way it came in."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Door(Enum):
    """How a connection came in."""

    EMBEDDED = "embedded"
    TCP = "tcp"
    WEB = "web"
    HTTP = "http"
    """What no browser sent; a page's request over HTTP comes in as `WEB`."""


class Peer(NamedTuple):
    """Who is at the other end. `address` is without the port; `name` is for logs."""

    door: Door
    address: str
    name: str

    def __str__(self) -> str:
        return self.name


EMBEDDED = Peer(Door.EMBEDDED, "", "embedded")
