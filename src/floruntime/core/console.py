"""Sessions of the console: a code that is good once, the session that it opens, who one is.

The code goes to the page behind the `#` of a link; whoever has it gets a session with the rights of
whoever asked for it. A session's text is `floc_ID_SECRET`. Of both the server keeps hashes alone.
"""

from __future__ import annotations

import re

from floruntime.core.token import Role
from floruntime.core.types import Command, Request, Value

SESSION_PREFIX = "floc_"
"""How the text of a session begins."""
CODE_BYTES = 32
_SESSION = re.compile(r"floc_([a-z0-9]{12})_[A-Za-z0-9_-]{43}")


class Identity(Value, frozen=True):
    """Who one is to the server. `namespaces`, `scopes`: `None` for all.

    `who`: as the audit names it. `expires_at_ms`: `None` for what lasts until it is revoked.
    `is_session`: whether it is a session of the console.
    """

    role: Role
    namespaces: list[str] | None
    scopes: list[str] | None
    expires_at_ms: int | None
    who: str
    is_session: bool = False


class WhoAmI(Request[Identity], tag=26, frozen=True):
    """What whoever asks may do."""


class ConsoleRights(Value, frozen=True):
    """What a session may do, as the server knows it. `holder`: whose sessions it counts among.
    `token_id`: that of the token that it ends with. `is_open`: it came from no token, where none
    was needed.
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
    """Let whoever knows the code of this hash (SHA-256) open a session, once, for a minute.

    `rights`: written by the server, whatever is sent. Answers when its minute is over.
    """

    hash: bytes
    rights: ConsoleRights | None = None


class ConsoleLogin(Command[Identity], tag=28, frozen=True):
    """Open a session by the code of the hash `code_hash`, which is good no more. `id` and `hash`
    (SHA-256 of the session's text) are the caller's.
    """

    code_hash: bytes
    id: str
    hash: bytes


class ConsoleLogout(Command[None], tag=29, frozen=True):
    """End the session that asks. `session_id`: written by the server, whatever is sent."""

    session_id: str = ""


def session_id_of(text: str) -> str | None:
    """The id in a session's text; `None` where it is none."""
    match = _SESSION.fullmatch(text)
    return None if match is None else match[1]
