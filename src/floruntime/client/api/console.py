"""Sessions of the console: a code that can be used once, and the session that it opens."""

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
    """A code for the console. It can be used once, until `expires_at_ms`."""

    code: str
    expires_at_ms: int


class ConsoleSession(NamedTuple):
    """A session of the console. `token` is what to connect with; it cannot be shown again."""

    token: str
    info: Identity


class Console(Part):
    """`client.console`: the calls of `flo console`, and of the page that it opens.

    Every method takes `timeout_ms`, by default the client's own.
    """

    def code(self, *, timeout_ms: int | None = None) -> Operation[ConsoleCode]:
        """Create a code that opens one session with the rights of this client, within 60 s.

        The client makes the code and sends only its hash. The console takes it after the `#` of its
        address, as `#code=CODE`. This also works on a server without tokens, and does not turn
        tokens on.

        Raises `ForbiddenError` if this client is a session itself, `OverloadedError` if 20 codes of
        its token are unused.
        """
        code = secrets.token_urlsafe(CODE_BYTES)
        request = ConsoleOpen(hash_of(code))
        return self._call_for(lambda until: ConsoleCode(code, until), request, None, timeout_ms)

    def login(self, code: str, *, timeout_ms: int | None = None) -> Operation[ConsoleSession]:
        """Open a session with a code. The session has the rights of the client that made the code.

        Its token is accepted wherever a token is. The session ends after 12 hours, at `logout`, or
        together with the token that it came from; it survives a restart.

        Raises `UnauthorizedError` if the code is unknown, was used, or has expired.
        """
        id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARS))
        token = f"{SESSION_PREFIX}{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        utf8("code", code)
        request = ConsoleLogin(hash_of(code), id, hash_of(token))
        return self._call_for(lambda info: ConsoleSession(token, info), request, None, timeout_ms)

    def logout(self, *, timeout_ms: int | None = None) -> Operation[None]:
        """End the session that this client is connected with, and close all its connections.

        Raises `BadRequestError` if this client is not connected with a session.
        """
        return self._call(ConsoleLogout(), None, timeout_ms)
