"""Sessions of the console: a code that is good once, and the session that it opens."""

from __future__ import annotations

import secrets
import string
from typing import NamedTuple

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.core.console import (
    CODE_BYTES,
    SESSION_PREFIX,
    ConsoleLogin,
    ConsoleLogout,
    ConsoleOpen,
    Identity,
)
from floruntime.core.limits import utf8
from floruntime.core.token import ID_CHARS, SECRET_BYTES, hash_of

_ID_ALPHABET = string.ascii_lowercase + string.digits


class ConsoleCode(NamedTuple):
    """A code for the console. It is good once, until `expires_at_ms`."""

    code: str
    expires_at_ms: int


class ConsoleSession(NamedTuple):
    """A session of the console. `token`: what to come in with, which nobody can tell again."""

    token: str
    info: Identity


class Console(Part):
    """`client.console`: what `flo console` asks, and the page that it opens.

    Every method takes `timeout_ms`, by default the client's own.
    """

    def code(self, *, timeout_ms: int | None = None) -> Operation[ConsoleCode]:
        """Ask for a code that opens one session with the rights of this client, within 60 s.

        The code is made here, and only a hash of it is sent. The console takes it behind the `#`
        of its address, as `#code=CODE`. It works without tokens, too, and turns none on.

        Raises `ForbiddenError` where this client is a session itself, `OverloadedError` where 20
        codes of its token wait.
        """
        code = secrets.token_urlsafe(CODE_BYTES)
        request = ConsoleOpen(hash_of(code))
        return self._call_for(lambda until: ConsoleCode(code, until), request, None, timeout_ms)

    def login(self, code: str, *, timeout_ms: int | None = None) -> Operation[ConsoleSession]:
        """Open a session by a code: it may do what whoever asked for the code may do.

        Its token is taken wherever a token is. The session ends after 12 hours, at `logout`, or
        with the token that it came from; a restart keeps it.

        Raises `UnauthorizedError` on a code that is unknown, was used, or is over.
        """
        id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        token = f"{SESSION_PREFIX}{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        utf8("code", code)
        request = ConsoleLogin(hash_of(code), id, hash_of(token))
        return self._call_for(lambda info: ConsoleSession(token, info), request, None, timeout_ms)

    def logout(self, *, timeout_ms: int | None = None) -> Operation[None]:
        """End the session that this client has come in with, and cut all its connections.

        Raises `BadRequestError` where it is none.
        """
        return self._call(ConsoleLogout(), None, timeout_ms)
