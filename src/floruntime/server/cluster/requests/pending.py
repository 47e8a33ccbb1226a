"""A request without an answer yet: its caller, where it is, and whether it may go elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from floruntime.core.console import ConsoleLogin, ConsoleLogout, ConsoleOpen
from floruntime.core.errors import FloError
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.queue import QueueDequeue
from floruntime.core.stream import GroupRead
from floruntime.core.system import GetServerInfo
from floruntime.core.terms import Terms, Told
from floruntime.core.token import TokenCreate, TokenList, TokenRevoke
from floruntime.core.types import Command, Query, Request
from floruntime.core.worker import WorkerAwait, WorkerExchange, WorkerTurn
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span
from floruntime.server.cluster.board.placement import SYSTEM

TELLING_S = 0.3
"""How long before its caller gives up a request is refused that nobody can take."""
DELIVERIES = (QueueDequeue, GroupRead, WorkerAwait, WorkerExchange, WorkerTurn)
OF_SYSTEM = (
    *(TokenCreate, TokenList, TokenRevoke, GetServerInfo),
    *(ConsoleOpen, ConsoleLogin, ConsoleLogout),
)


class Connection(Protocol):
    """A client's connection to this node."""

    client: str
    is_closed: bool
    terms: Terms | None
    spans: Mapping[str, tuple[Span, ...]] | None

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None: ...
    def add_answer(
        self, request_id: int, result: Any, error: FloError | None, told: Told | None = None
    ) -> None: ...
    def add_body(self, request_id: int, body: bytes) -> None: ...
    def add_cut(self, request_id: int, pieces: list[bytes]) -> None: ...
    def await_body(self, request_id: int) -> None: ...
    def owe(self, request_id: int, answer_bytes: int) -> None: ...
    def give_body(self, request_id: int, pieces: list[bytes]) -> None: ...
    def flush(self) -> None: ...


class Pending:
    """A request that is not answered."""

    __slots__ = (
        "asked_s",
        "asker",
        "caller",
        "is_ended",
        "is_timed",
        "lost_s",
        "namespace",
        "number",
        "partition",
        "request",
        "request_id",
        "target",
        "terms",
        "was_sent",
    )

    def __init__(
        self,
        caller: Connection,
        request_id: int,
        namespace: str,
        number: int,
        request: Request[Any],
        partition: int,
    ) -> None:
        self.caller = caller
        self.request_id = request_id
        self.namespace = namespace
        self.number = number
        self.request = request
        self.partition = partition
        self.terms = caller.terms
        self.asked_s = time.monotonic()
        #: Whether a timer is set that refuses it before its caller gives up.
        self.is_timed = False
        #: The leader that it was sent to; `None`: it is held here.
        self.target: Any = None
        self.asker: Any = None
        #: Whether a leader may have run it.
        self.was_sent = False
        #: When the leader that may have run it was lost.
        self.lost_s = 0.0
        #: Whether its wait must end at once.
        self.is_ended = False

    @property
    def may_repeat(self) -> bool:
        """Whether it may go to another leader after one that may have run it."""
        return self.number != 0 or isinstance(self.request, (Query, *DELIVERIES))

    @property
    def is_forgotten(self) -> bool:
        """Whether leaders may have forgotten if it ran: then no one can tell its caller."""
        away_s = time.monotonic() - self.lost_s if self.lost_s else 0.0
        return self.was_sent and self.number != 0 and away_s > SESSION_AGE_MS_MAX / 1000

    @property
    def ran(self) -> Any:
        """Whether it may have taken effect."""
        return "maybe" if self.was_sent and isinstance(self.request, Command) else "no"

    @property
    def wants_told(self) -> bool:
        """Whether its caller wants to know of which sequence the answer is."""
        terms, request = self.terms, self.request
        return terms is not None and terms.seen is not None and not isinstance(request, OF_SYSTEM)

    @property
    def wants_leader(self) -> bool:
        """Whether its caller wants to know who leads, to go there by itself the next time."""
        return self.terms is not None and self.terms.routes and self.partition != SYSTEM

    @property
    def left_s(self) -> float | None:
        """For how long it may still be held; `None` where its caller does not say."""
        if self.terms is None or not self.terms.within_ms:
            return None
        within_s = self.terms.within_ms / 1000
        return self.asked_s + within_s - min(TELLING_S, within_s / 2) - time.monotonic()

    def current(self) -> Request[Any]:
        """The request; where it waited already, only for what is left of its time."""
        block_ms: int = getattr(self.request, "block_ms", 0)
        if not block_ms:
            return self.request
        left_ms = block_ms - int((time.monotonic() - self.asked_s) * 1000)
        left_ms = 0 if self.is_ended else max(0, left_ms)
        return msgspec.structs.replace(self.request, block_ms=min(block_ms, left_ms))
