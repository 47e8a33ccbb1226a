"""Which requests the audit records: administrative writes, and all writes of the console."""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.action import ActionRegister
from floruntime.core.console import ConsoleLogin, ConsoleLogout, ConsoleOpen
from floruntime.core.kv import KvCheck
from floruntime.core.stream import GroupDelete, GroupSeek
from floruntime.core.system import Batch, OnceOpen, SessionOpen
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
_BY_SESSIONS: frozenset[Kind] = frozenset(
    kind
    for kind in LOWEST
    if issubclass(kind, Command)
    # What changes no data: it is about the connection, a look, or in the session's own rows.
    and kind not in (SessionOpen, OnceOpen, KvCheck, ConsoleOpen, ConsoleLogin, ConsoleLogout)
)
"""What is written down of the console's sessions."""


_NOTED: frozenset[Kind] = AUDITED | {Batch}
_NOTED_OF_SESSIONS: frozenset[Kind] = _BY_SESSIONS | {Batch}


def noted_of(grant: Grant) -> frozenset[Kind]:
    """The commands of its holder of which something may be written down; of a batch, of what is in
    it.
    """
    return _NOTED if grant.session_id is None else _NOTED_OF_SESSIONS


def note_of(grant: Grant, peer: Peer, namespace: str, command: Command[Any]) -> AuditNote | None:
    """What is to be written down of a command, if anything is."""
    kind = type(command)
    audited = AUDITED if grant.session_id is None else _BY_SESSIONS
    if kind not in audited and kind is not Batch:
        return None
    members = [0]
    if isinstance(command, Batch):
        members = [place for place, one in enumerate(command.commands) if type(one) in audited]
        if not members:
            return None
    place = limits.SYSTEM_NAMESPACE if kind in NO_NAMESPACE else namespace
    return AuditNote(*shown_as(grant, peer), place, members)


def shown_as(grant: Grant, peer: Peer) -> tuple[str, str]:
    """Whom the audit names, and from where they came."""
    return grant.shown, f"{peer.door.value} {peer.address}".strip()
