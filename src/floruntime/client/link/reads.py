"""Which copies of a cluster may answer a client's reads, and what it must not fall behind."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, get_args

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_duration, shown
from floruntime.core.system import NamespaceConfigure, NamespaceCreate, NamespaceDelete
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Request

ReadsFrom = Literal["linearizable", "local"]
NAMESPACES_KEPT = 10_000
"""Of so many namespaces it is known how far each was seen."""
_OF_A_NAMESPACE = (NamespaceConfigure, NamespaceCreate, NamespaceDelete)


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
        #: By namespace the sequence of its partition's log; what was used last stands last.
        self._seen: OrderedDict[str, int] = OrderedDict()
        #: What no namespace is kept for any more is not read from before this.
        self._seen_else = 0
        #: How old the state was that the latest answer came from.
        self.staleness_ms = 0

    def terms(self, namespace: str, within_ms: int, routes: bool = False) -> Terms:
        """What stands beside a request; `routes`: whether its caller is to be told who leads."""
        if not self.is_local:
            return Terms(within_ms, routes=routes)
        seen = self._seen.get(namespace, self._seen_else)
        return Terms(within_ms, seen, self._max_staleness_ms, routes)

    def tell(self, request: Request[object], namespace: str, told: Told | None) -> None:
        """An answer came, with what stood beside it."""
        if not self.is_local:
            return
        self.staleness_ms = 0 if told is None else told.staleness_ms
        if told is None:
            return
        where = request.name if isinstance(request, _OF_A_NAMESPACE) else namespace
        self._seen[where] = max(told.sequence, self._seen.pop(where, self._seen_else))
        if len(self._seen) > NAMESPACES_KEPT:
            _, sequence = self._seen.popitem(last=False)
            self._seen_else = max(self._seen_else, sequence)
