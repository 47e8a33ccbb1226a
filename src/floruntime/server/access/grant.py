"""What a connection may do."""

from __future__ import annotations

from dataclasses import dataclass

from floruntime.core.token import Role
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

    @property
    def shown(self) -> str:
        """Whom the audit names, and as what they came."""
        return f"{self.who or self.holder or 'nobody named'} ({self.role.value})"

    @property
    def free(self) -> frozenset[Kind]:
        """What may be asked without a closer look."""
        return free_for(self.role, self.namespaces is not None, self.scopes is not None)

    def client_of(self, session: str) -> str:
        """The name under which the writes of the client `session` are remembered."""
        return f"{self.holder}:{session}" if self.holder else session
