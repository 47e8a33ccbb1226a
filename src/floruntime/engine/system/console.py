"""Sessions of the console: codes that can be used once, and the sessions that they opened.

A session depends on the token whose holder asked for its code. The server checks whether that token
is still valid, each time a client connects with the session. This module stores what the session
may do, and for how long.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.console import (
    ConsoleLogin,
    ConsoleLogout,
    ConsoleOpen,
    ConsoleRights,
    Identity,
)
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    OverloadedError,
    UnauthorizedError,
)
from floruntime.core.token import ID_CHARS
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers
from floruntime.engine.system.tokens import CHANGED, HASH_BYTES, are_on, find_token

_ID = re.compile(rf"[a-z0-9]{{{ID_CHARS}}}")
_AGAIN = "`flo console` gives another"


class CodeRow(Value, frozen=True):
    """`number`: names its timer. A used code stays until its minute is over, so that anyone who
    uses it again can be told the reason.
    """

    number: int
    rights: ConsoleRights
    ends_at_ms: int
    is_used: bool = False


class ConsoleSessionRow(Value, frozen=True):
    """`number`: tells its timer. `hash`: of the session's text."""

    number: int
    hash: bytes
    rights: ConsoleRights
    created_at_ms: int
    ends_at_ms: int


class HolderRow(Value, frozen=True):
    """How much is kept for one holder."""

    codes: int = 0
    sessions: int = 0


CODE: Final[Table[CodeRow]] = Table(b"ec", CodeRow, tail="hash")
CONSOLE_SESSION: Final[Table[ConsoleSessionRow]] = Table(
    b"es", ConsoleSessionRow, tail="session id", cached=True
)
HOLDER: Final[Table[HolderRow]] = Table(b"eh", HolderRow, tail="holder")


def find_session(view: View, id: str) -> ConsoleSessionRow | None:
    """The session `id`, over or not."""
    return view.get(CONSOLE_SESSION, CONSOLE_SESSION.key(tail=id.encode()))


def open_code(tx: Tx, request: ConsoleOpen) -> int:
    rights = request.rights
    if rights is None:
        raise BadRequestError("rights are missing; the server writes them")
    _check_hash("hash", request.hash)
    key = CODE.key(tail=request.hash)
    if tx.get(CODE, key) is not None:
        raise ConflictError("this code was given out already")
    _count(tx, rights.holder, codes=1)
    row = CodeRow(tx.next_id(), rights, tx.now_ms + limits.CONSOLE_CODE_MS)
    tx.put(CODE, key, row)
    timers.set_timer(tx, row.ends_at_ms, timers.CONSOLE_CODE, row.number, data=request.hash)
    return row.ends_at_ms


def code_is_over(tx: Tx, due_ms: int, number: int, item: int, hash: Any) -> None:
    """The minute of a code is over."""
    key = CODE.key(tail=hash)
    row = tx.get(CODE, key)
    if row is not None and row.number == number:
        tx.delete(CODE, key)
        _count(tx, row.rights.holder, codes=-1)


def log_in(tx: Tx, request: ConsoleLogin) -> Identity:
    if not _ID.fullmatch(request.id):
        raise BadRequestError(
            f"id is {limits.shown(request.id)}; it must be {ID_CHARS} letters a to z or digits"
        )
    _check_hash("hash", request.hash)
    if find_session(tx, request.id) is not None:
        raise ConflictError(f"session {request.id} exists already")
    key = CODE.key(tail=request.code_hash)
    code = _good_code(tx, tx.get(CODE, key))
    rights = code.rights
    _count(tx, rights.holder, sessions=1)
    tx.put(CODE, key, replace(code, is_used=True))
    ends_at_ms = tx.now_ms + limits.CONSOLE_SESSION_MS
    if rights.expires_at_ms is not None:
        ends_at_ms = min(ends_at_ms, rights.expires_at_ms)
    row = ConsoleSessionRow(tx.next_id(), request.hash, rights, tx.now_ms, ends_at_ms)
    tx.put(CONSOLE_SESSION, CONSOLE_SESSION.key(tail=request.id.encode()), row)
    timers.set_timer(tx, ends_at_ms, timers.CONSOLE_SESSION, row.number, data=request.id)
    return identity_of(row)


def identity_of(row: ConsoleSessionRow) -> Identity:
    """The identity of the session's holder."""
    rights = row.rights
    return Identity(
        *(rights.role, rights.namespaces, rights.scopes, row.ends_at_ms),
        *(f"console of {rights.who}", True),
    )


def _good_code(tx: Tx, row: CodeRow | None) -> CodeRow:
    """The code, if it may still open a session. Raises `UnauthorizedError`."""
    if row is None or row.ends_at_ms <= tx.now_ms:
        seconds = limits.CONSOLE_CODE_MS // 1000
        raise UnauthorizedError(f"the code is unknown, or its {seconds} s are over; {_AGAIN}")
    if row.is_used:
        raise UnauthorizedError(f"the code was used already, and is good once; {_AGAIN}")
    rights = row.rights
    token = None if rights.token_id is None else find_token(tx, rights.token_id)
    is_gone = rights.token_id is not None and (token is None or token.revoked_at_ms is not None)
    is_late = rights.expires_at_ms is not None and rights.expires_at_ms <= tx.now_ms
    if is_gone or is_late or (rights.is_open and are_on(tx)):
        raise UnauthorizedError(f"the token that asked for the code is no longer valid; {_AGAIN}")
    return row


def log_out(tx: Tx, request: ConsoleLogout) -> None:
    row = find_session(tx, request.session_id)
    if row is None:
        raise BadRequestError("this is not a session of the console, so it cannot log out")
    timers.cancel_timer(tx, row.ends_at_ms, timers.CONSOLE_SESSION, row.number)
    _end(tx, request.session_id, row)
    tx.touch(CHANGED)


def session_is_over(tx: Tx, due_ms: int, number: int, item: int, id: Any) -> None:
    """The hours of a session are over."""
    row = find_session(tx, id)
    if row is not None and row.number == number:
        _end(tx, id, row)


def _end(tx: Tx, id: str, row: ConsoleSessionRow) -> None:
    tx.delete(CONSOLE_SESSION, CONSOLE_SESSION.key(tail=id.encode()))
    _count(tx, row.rights.holder, sessions=-1)


def _check_hash(field: str, hash: bytes) -> None:
    if len(hash) != HASH_BYTES:
        raise BadRequestError(f"{field} has {len(hash)} bytes; a SHA-256 has {HASH_BYTES}")


def _count(tx: Tx, holder: str, *, codes: int = 0, sessions: int = 0) -> None:
    """Count what is kept for a holder. Raises `OverloadedError` where that would be too much."""
    key = HOLDER.key(tail=holder.encode())
    before = tx.get(HOLDER, key) or HolderRow()
    row = HolderRow(before.codes + codes, before.sessions + sessions)
    if codes > 0 and row.codes > limits.CONSOLE_CODES_MAX:
        raise OverloadedError(
            f"{before.codes} codes were asked for within their {limits.CONSOLE_CODE_MS // 1000} s; "
            "wait until one is over"
        )
    if sessions > 0 and row.sessions > limits.CONSOLE_SESSIONS_MAX:
        raise OverloadedError(f"there are {before.sessions} sessions of one token; log out of some")
    if row == HolderRow():
        tx.delete(HOLDER, key)
    else:
        tx.put(HOLDER, key, row)
