"""A grant: what a connection may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from floruntime.core.console import ConsoleLogout, ConsoleOpen, ConsoleRights, Identity
from floruntime.core.errors import ForbiddenError
from floruntime.core.token import Role
from floruntime.core.types import Request
from floruntime.server.access.roles import Kind, free_for
from floruntime.server.access.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Grant:
    """What a connection may do. `namespaces` is `None` for all of them, `scopes` for all.

    `holder` tells whom it was given to; the remembered writes of one are out of another's reach.
    """

    role: Role
    holder: str = ""
    namespaces: frozenset[str] | None = None
    scopes: Scopes | None = None
    token_id: str | None = None
    expires_at_ms: int | None = None
    #: Given by the door alone; it ends when tokens are turned on.
    is_open: bool = False
    #: Whom the audit names.
    who: str = ""
    #: The console's session that it is.
    session_id: str | None = None
    #: The console's session of whoever minted it.
    minted_by_session: str | None = None

    @property
    def named(self) -> str:
        """Whom the audit names."""
        return self.who or self.holder or "nobody named"

    @property
    def shown(self) -> str:
        """Whom the audit names, and as what they came."""
        return f"{self.named} ({self.role.value})"

    @property
    def identity(self) -> Identity:
        """What its holder is told of it."""
        return Identity(
            self.role,
            None if self.namespaces is None else sorted(self.namespaces),
            None if self.scopes is None else list(self.scopes.texts),
            self.expires_at_ms,
            self.named,
            self.session_id is not None,
        )

    def signed(self, request: Any) -> Request[Any]:
        """A request about sessions of the console, with who asks for it. Raises `ForbiddenError`
        where a session asks for another.
        """
        if isinstance(request, ConsoleLogout):
            return replace(request, session_id=self.session_id or "")
        assert isinstance(request, ConsoleOpen), "nothing else is completed"
        if self.session_id is not None:
            raise ForbiddenError("a session of the console opens no other session; use the token")
        told = self.identity
        rights = ConsoleRights(
            *(told.role, told.namespaces, told.scopes, told.expires_at_ms),
            *(self.holder, self.named, self.token_id, self.is_open),
        )
        return replace(request, rights=rights)

    @property
    def free(self) -> frozenset[Kind]:
        """What may be asked without a closer look."""
        return free_for(self.role, self.namespaces is not None, self.scopes is not None)

    def client_of(self, session: str) -> str:
        """The name under which the writes of the client `session` are remembered."""
        return f"{self.holder}:{session}" if self.holder else session
