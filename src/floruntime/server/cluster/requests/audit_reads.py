"""Reads the audit records that belong to no namespace, from all partitions, as one stream.

Such a record is in the partition where its action happened, in that partition's own `_system`. For
a reader, each partition of the cluster is a partition of that stream. Records are ordered by their
ids, which each leader makes with its own clock.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from msgspec.structs import replace

from floruntime.core.limits import AUDIT_STREAM, SYSTEM_NAMESPACE
from floruntime.core.stream import ReadResult, StreamID, StreamRead, StreamRecord
from floruntime.core.types import Request
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.requests.each_partition import EachPartition, Router


def is_of_all(request: Request[Any], namespace: str) -> TypeGuard[StreamRead]:
    """Whether it asks for that audit."""
    if namespace != SYSTEM_NAMESPACE or not isinstance(request, StreamRead):
        return False
    return request.stream == AUDIT_STREAM


class AuditReads(EachPartition):
    """One read. It waits only where no partition has anything to show at once."""

    def __init__(self, router: Router, caller: Any, request_id: int, request: StreamRead) -> None:
        super().__init__(router, caller, request_id, SYSTEM_NAMESPACE)
        self._request = request
        self._records: list[StreamRecord] = []
        self._seen: dict[int, StreamID | None] = {}
        self._may_wait = request.block_ms > 0

    def begin(self) -> None:
        """Ask the partitions that it is about."""
        request = self._request
        at_once = replace(request, partition=None, partition_key=None, block_ms=0)
        wanted = request.partition
        if wanted is None and request.offset is not None:
            wanted = SYSTEM  # as of any stream: that of the first partition
        if wanted is None:
            self._ask(dict.fromkeys(range(SYSTEM, self._router.partitions + 1), at_once))
        elif 0 <= wanted <= self._router.partitions:
            self._ask({wanted: at_once})
        else:  # its refusal is as of any stream that has no such partition
            self._ask({SYSTEM: replace(at_once, partition=wanted)})

    def _take(self, partition: int, result: ReadResult) -> None:
        self._records += [replace(record, partition=partition) for record in result.records]
        self._seen[partition] = result.next_after

    def _is_enough(self) -> bool:
        return not self._may_wait and bool(self._records) and self._request.block_ms > 0

    def _asks_again(self) -> bool:
        """Wait in each partition behind what was there, where nothing is to be shown yet."""
        if self._records or not self._may_wait:
            return False
        self._may_wait = False
        self._ask({partition: self._behind(after) for partition, after in self._seen.items()})
        return True

    def _behind(self, after: StreamID | None) -> StreamRead:
        waiting = replace(self._request, partition=None, partition_key=None)
        if after is None or self._request.offset is not None:
            return waiting
        return replace(waiting, start=None, offset=None, tail=False, after=str(after))

    def _result(self) -> ReadResult:
        ordered = sorted(self._records, key=lambda each: (each.id, each.partition))
        # what was taken in from a single server lies in each partition: it is shown once
        records = list({(each.id, each.payload): each for each in reversed(ordered)}.values())[::-1]
        page = records[: self._request.limit]
        if page:  # those of one id stay together: a reader goes on behind an id
            last = page[-1].id
            page += [each for each in records[len(page) :] if each.id == last]
            return ReadResult(page, last)
        seen = [after for after in self._seen.values() if after is not None]
        return ReadResult([], max(seen, default=None))
