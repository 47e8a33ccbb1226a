"""`Console`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.client.api.console import Console as AsyncConsole
from floruntime.client.api.console import ConsoleCode, ConsoleSession
from floruntime.sync.standing import PartOf


class Console(PartOf[AsyncConsole]):
    """`client.console`: the calls of `flo console`, and of the page that it opens.

    Every method takes `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncConsole:
        return self._bridge.client.console

    def code(self, *, timeout_ms: int | None = None) -> ConsoleCode:
        """Create a code that opens one session with the rights of this client, within 60 s.

        The client makes the code and sends only its hash. The console takes it after the `#` of its
        address, as `#code=CODE`. This also works on a server without tokens, and does not turn
        tokens on.

        Raises `ForbiddenError` if this client is a session itself, `OverloadedError` if 20 codes of
        its token are unused.
        """
        return self._bridge.run(self._of.code(timeout_ms=timeout_ms))

    def login(self, code: str, *, timeout_ms: int | None = None) -> ConsoleSession:
        """Open a session with a code. The session has the rights of the client that made the code.

        Its token is accepted wherever a token is. The session ends after 12 hours, at `logout`, or
        together with the token that it came from; it survives a restart.

        Raises `UnauthorizedError` if the code is unknown, was used, or has expired.
        """
        return self._bridge.run(self._of.login(code, timeout_ms=timeout_ms))

    def logout(self, *, timeout_ms: int | None = None) -> None:
        """End the session that this client is connected with, and close all its connections.

        Raises `BadRequestError` if this client is not connected with a session.
        """
        self._bridge.run(self._of.logout(timeout_ms=timeout_ms))
