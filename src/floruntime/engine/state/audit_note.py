"""What the server tells the engine of who asks for a command that is to be written down."""

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
