"""`Console`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from floruntime.client.api.console import Console as AsyncConsole
from floruntime.client.api.console import ConsoleCode, ConsoleSession
from floruntime.sync.standing import PartOf


class Console(PartOf[AsyncConsole]):
    """`client.console`: what `flo console` asks, and the page that it opens.

    Every method takes `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncConsole:
        return self._bridge.client.console

    def code(self, *, timeout_ms: int | None = None) -> ConsoleCode:
        """Ask for a code that opens one session with the rights of this client, within 60 s.

        The code is made here, and only a hash of it is sent. The console takes it behind the `#`
        of its address, as `#code=CODE`. It works without tokens, too, and turns none on.

        Raises `ForbiddenError` where this client is a session itself, `OverloadedError` where 20
        codes of its token wait.
        """
        return self._bridge.run(self._of.code(timeout_ms=timeout_ms))

    def login(self, code: str, *, timeout_ms: int | None = None) -> ConsoleSession:
        """Open a session by a code: it may do what whoever asked for the code may do.

        Its token is taken wherever a token is. The session ends after 12 hours, at `logout`, or
        with the token that it came from; a restart keeps it.

        Raises `UnauthorizedError` on a code that is unknown, was used, or is over.
        """
        return self._bridge.run(self._of.login(code, timeout_ms=timeout_ms))

    def logout(self, *, timeout_ms: int | None = None) -> None:
        """End the session that this client has come in with, and cut all its connections.

        Raises `BadRequestError` where it is none.
        """
        self._bridge.run(self._of.logout(timeout_ms=timeout_ms))
