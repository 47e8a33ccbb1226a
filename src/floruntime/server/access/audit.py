"""What is written down: each administrative write, whoever makes it."""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.action import ActionRegister
from floruntime.core.stream import GroupDelete, GroupSeek
from floruntime.core.system import Batch
from floruntime.core.token import Role
from floruntime.core.types import Command
from floruntime.engine.state.audit_note import AuditNote
from floruntime.server.access.grant import Grant
from floruntime.server.access.roles import LOWEST, NO_NAMESPACE, Kind, may
from floruntime.server.connections.peer import Peer

AUDITED: frozenset[Kind] = frozenset(
    {
        *(kind for kind in LOWEST if issubclass(kind, Command) and not may(Role.WORKER, kind)),
        # What others may do as well, and is no part of everyday work.
        *(ActionRegister, GroupSeek, GroupDelete),
    }
)
"""What needs a backend or an admin, and what moves or takes away what others read by."""
_LOOKED_AT: frozenset[Kind] = AUDITED | {Batch}


def note_of(grant: Grant, peer: Peer, namespace: str, command: Command[Any]) -> AuditNote | None:
    """What is to be written down of a command, if anything is."""
    kind = type(command)
    if kind not in _LOOKED_AT:
        return None
    members = [0]
    if isinstance(command, Batch):
        members = [place for place, one in enumerate(command.commands) if type(one) in AUDITED]
        if not members:
            return None
    place = limits.SYSTEM_NAMESPACE if kind in NO_NAMESPACE else namespace
    return AuditNote(grant.shown, f"{peer.door.value} {peer.address}".strip(), place, members)
