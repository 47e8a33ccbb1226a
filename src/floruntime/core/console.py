"""Sessions of the console: a code that can be used once, and the session that it opens.

The code goes to the page behind the `#` of a link. Anyone who has it gets a session with the rights
of the client that made it. A session's text is `floc_ID_SECRET`. The server keeps only hashes of
code and session.
"""

from __future__ import annotations

import re

from floruntime.core.token import Role
from floruntime.core.types import Command, Request, Value

SESSION_PREFIX = "floc_"
"""The beginning of a session's text."""
CODE_BYTES = 32
_SESSION = re.compile(r"floc_([a-z0-9]{12})_[A-Za-z0-9_-]{43}")


class Identity(Value, frozen=True):
    """Who a client is to the server. `namespaces`, `scopes`: `None` means all.

    `who`: its name in the audit. `expires_at_ms`: `None` if it lasts until it is revoked.
    `is_session`: whether it is a session of the console.
    """

    role: Role
    namespaces: list[str] | None
    scopes: list[str] | None
    expires_at_ms: int | None
    who: str
    is_session: bool = False


class WhoAmI(Request[Identity], tag=26, frozen=True):
    """Return what the calling client may do."""


class ConsoleRights(Value, frozen=True):
    """What a session may do, as the server knows it.

    `holder`: whose sessions it is counted with. `token_id`: the token that it ends with. `is_open`:
    it came from no token, because the server needed none.
    """

    role: Role
    namespaces: list[str] | None
    scopes: list[str] | None
    expires_at_ms: int | None
    holder: str
    who: str
    token_id: str | None
    is_open: bool


class ConsoleOpen(Command[int], tag=27, frozen=True):
    """Let the code with this hash (SHA-256) open a session, once, within a minute.

    `rights`: the server overwrites what is sent. The answer is when that minute is over.
    """

    hash: bytes
    rights: ConsoleRights | None = None


class ConsoleLogin(Command[Identity], tag=28, frozen=True):
    """Open a session with the code of the hash `code_hash`, which cannot be used again.

    The caller chooses `id` and `hash` (SHA-256 of the session's text).
    """

    code_hash: bytes
    id: str
    hash: bytes


class ConsoleLogout(Command[None], tag=29, frozen=True):
    """End the calling session. `session_id`: the server overwrites what is sent."""

    session_id: str = ""


def session_id_of(text: str) -> str | None:
    """Return the id in a session's text; `None` if it is not a session's text."""
    match = _SESSION.fullmatch(text)
    return None if match is None else match[1]
