"""Decides which copies of a cluster may answer a client's reads, and how recent they must be."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, get_args

from floruntime.client.link.routes.leads import place_of
from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_duration, shown
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Request

ReadsFrom = Literal["linearizable", "local"]
NAMESPACES_KEPT = 10_000
"""For how many namespaces a client remembers how far it has seen the log."""
NO_COPY_MS = -1
"""No copy is this fresh: with this bound on its age, only the leader answers a read."""


class Reads:
    """What a client has seen of a cluster's logs. Raises `BadRequestError`."""

    def __init__(self, reads: ReadsFrom, max_staleness_ms: int | None) -> None:
        if reads not in get_args(ReadsFrom):
            raise BadRequestError(f"reads is {shown(reads)}; linearizable or local is allowed")
        self.is_local = reads == "local"
        if max_staleness_ms is not None:
            check_duration("max_staleness_ms", max_staleness_ms)
            if not self.is_local:
                raise BadRequestError("max_staleness_ms goes with reads='local'")
        self._max_staleness_ms = max_staleness_ms
        #: By namespace: the log sequence that was seen. The one used last stands last.
        self._seen: OrderedDict[str, int] = OrderedDict()
        #: The same for namespaces that are no longer kept: the largest of theirs.
        self._seen_else = 0
        #: Namespaces in which an answer did not say how far the log had come, because a node of an
        #: earlier version leads there: a copy may lack what that answer showed. And the last
        #: request that was sent until then: what answers an earlier one may be such a copy.
        self._unsaid: dict[str, int] = {}
        self._sent_id = 0
        #: How old the state behind the latest answer was.
        self.staleness_ms = 0

    def terms(self, request_id: int, namespace: str, within_ms: int, routes: bool = False) -> Terms:
        """What is sent beside a request; `routes`: whether the answer is to name the leader."""
        if not self.is_local:
            return Terms(within_ms, routes=routes)
        self._sent_id = max(self._sent_id, request_id)
        seen = self._seen.get(namespace, self._seen_else)
        staleness_ms = NO_COPY_MS if namespace in self._unsaid else self._max_staleness_ms
        return Terms(within_ms, seen, staleness_ms, routes)

    def tell(
        self, request_id: int, request: Request[object], namespace: str, told: Told | None
    ) -> None:
        """Learn from an answer, and from what was sent beside it."""
        if not self.is_local:
            return
        self.staleness_ms = 0 if told is None else told.staleness_ms
        where = place_of(request, namespace)
        if where is None:
            return
        if told is None or not told.sequence:
            self._note_unsaid(where)
            return
        if request_id > self._unsaid.get(where, request_id):
            del self._unsaid[where]
        self._seen[where] = max(told.sequence, self._seen.pop(where, self._seen_else))
        if len(self._seen) > NAMESPACES_KEPT:
            _, sequence = self._seen.popitem(last=False)
            self._seen_else = max(self._seen_else, sequence)

    def _note_unsaid(self, namespace: str) -> None:
        self._unsaid[namespace] = self._sent_id
        if len(self._unsaid) > NAMESPACES_KEPT:
            self.is_local = False  # too many to remember: from now on only leaders answer
