"""The audit note: what the server tells the engine about the caller of a command to be recorded."""

from __future__ import annotations

import msgspec


class AuditNote(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who asks, and from where. `namespace`: whose audit it goes into. `members`: of a batch, which
    are written down; of a single command the first.
    """

    who: str
    where: str
    namespace: str
    members: list[int]
