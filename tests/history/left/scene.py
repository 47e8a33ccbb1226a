"""What the modules of this folder write with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from floruntime import FloClient
from floruntime.testing import FloTestServer

Notes = dict[str, Any]
"""What can be written as JSON."""


@dataclass(frozen=True)
class Scene:
    """A server, an admin's client of it, and that admin's token."""

    server: FloTestServer
    client: FloClient
    token: str
