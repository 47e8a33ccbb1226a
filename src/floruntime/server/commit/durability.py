"""The durability settings: when a write is answered."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """When an answer is given: once on disk, once written, or once in memory."""

    SYNC = "sync"
    ASYNC = "async"
    EPHEMERAL = "ephemeral"
