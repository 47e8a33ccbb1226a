"""A page of the namespaces of all partitions: asks each for a page, and merges them."""

from __future__ import annotations

from typing import Any

from floruntime.core.system import NamespaceInfo, NamespaceList, NamespaceListReply
from floruntime.engine.state.cursors import make_cursor
from floruntime.server.cluster.requests.each_partition import EachPartition, Router
from floruntime.server.commit.queries import OWN_NAMESPACE


class NamespacePages(EachPartition):
    """Asks on behalf of `caller`, to whom it looks like one answer."""

    def __init__(
        self, router: Router, caller: Any, request_id: int, request: NamespaceList
    ) -> None:
        super().__init__(router, caller, request_id, OWN_NAMESPACE)
        self._request = request
        self._items: list[NamespaceInfo] = []
        self._has_more = False

    def begin(self) -> None:
        """Ask all of them."""
        self._ask(dict.fromkeys(range(1, self._router.partitions + 1), self._request))

    def _take(self, partition: int, result: NamespaceListReply) -> None:
        self._items += result.items
        self._has_more = self._has_more or result.cursor is not None

    def _result(self) -> NamespaceListReply:
        items = sorted(self._items, key=lambda item: item.name)
        limit = self._request.limit
        page, cursor = items[:limit], None
        if page and (self._has_more or len(items) > limit):
            cursor = make_cursor("namespaces", 0, page[-1].name.encode())
        return NamespaceListReply(page, cursor)
