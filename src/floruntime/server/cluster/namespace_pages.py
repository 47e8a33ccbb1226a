"""A page of the namespaces of all partitions: each is asked for a page, and they are merged."""

from __future__ import annotations

from typing import Any, Protocol

from floruntime.core.errors import FloError
from floruntime.core.system import NamespaceInfo, NamespaceList, NamespaceListReply
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Command, Query
from floruntime.core.wire import decode_answer, decode_reply, raised
from floruntime.engine.state.cursors import make_cursor


class Router(Protocol):
    """What asks the partitions."""

    partitions: int

    def ask_at(self, partition: int, caller: Any, request_id: int, query: Query[Any]) -> None: ...
    def drop(self, caller: Any) -> None: ...


class NamespacePages:
    """Asks on behalf of `caller`, to whom it looks like one answer."""

    def __init__(
        self, router: Router, caller: Any, request_id: int, namespace: str, request: NamespaceList
    ) -> None:
        self._router = router
        self._caller = caller
        self._request_id = request_id
        self._request = request
        self.client: str = caller.client
        #: As its caller's: for how long he waits.
        self.terms: Terms | None = caller.terms
        #: Which names lists show to the caller, `None` for all.
        self.spans = caller.spans
        self._missing = router.partitions
        self._items: list[NamespaceInfo] = []
        self._has_more = False
        self._error: FloError | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be answered any more."""
        return bool(self._caller.is_closed)

    def note_of(self, namespace: str, command: Command[Any]) -> None:
        """Nothing is written down of what is only read."""

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Nothing that it asks delivers."""

    def begin(self) -> None:
        """Ask all of them."""
        for partition in range(1, self._router.partitions + 1):
            self._router.ask_at(partition, self, partition, self._request)

    def add_answer(
        self,
        request_id: int,  # that of a partition
        result: Any,
        error: FloError | None,
        told: Told | None = None,  # each partition has its own
    ) -> None:
        """One partition has answered."""
        self._missing -= 1
        if error is not None:
            self._error = error
        else:
            page: NamespaceListReply = result
            self._items += page.items
            self._has_more = self._has_more or page.cursor is not None
        if not self._missing:
            self._end()

    def add_body(self, request_id: int, body: bytes) -> None:
        """One partition has answered at another node."""
        answer = decode_answer(body)
        if answer.error is not None:
            self.add_answer(request_id, None, raised(answer.error))
        else:
            self.add_answer(request_id, decode_reply(self._request, answer.result), None)

    def add_cut(self, request_id: int, pieces: list[bytes]) -> None:
        """The same, in pieces."""
        self.add_body(request_id, b"".join(pieces))

    def flush(self) -> None:
        """The one answer goes out when all are there."""

    def _end(self) -> None:
        self._router.drop(self)
        if self._error is not None:
            self._caller.add_answer(self._request_id, None, self._error)
        else:
            self._caller.add_answer(self._request_id, self._page(), None)
        self._caller.flush()

    def _page(self) -> NamespaceListReply:
        items = sorted(self._items, key=lambda item: item.name)
        limit = self._request.limit
        page, cursor = items[:limit], None
        if page and (self._has_more or len(items) > limit):
            cursor = make_cursor("namespaces", 0, page[-1].name.encode())
        return NamespaceListReply(page, cursor)
