"""A cache of small decoded rows that were read or written lately, for most reads.

It holds rows of the last durable state. What a batch writes is `pending` until the batch is
durable: queries see the row before it, commands the row in it. The cache is many small dictionaries
and not one large one: a dictionary of millions of rows takes a tenth of a second to grow, and as
long to shrink. Which of them holds a key differs from process to process, but that only affects how
long a row stays cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from floruntime.core.limits import MIB
from floruntime.engine.state.ranges import KeyRanges

SHARDS = 256
"""A power of two."""
LAST_SHARD = SHARDS - 1
WARM_BYTES_DEFAULT = 64 * MIB
ROW_OVERHEAD_BYTES = 300
"""What a row takes beside its encoded bytes: objects for its key and its fields, its place."""
ROW_BYTES_GUESSED = 100
"""How large rows are, before any has been seen."""
ROWS_PER_SHARD_MIN = 1


class WarmRows:
    """As many rows as fit into `budget_bytes`, of the tables with these tags."""

    __slots__ = (
        *("_budget_bytes", "_dropped", "_pending_bytes", "_seen_bytes"),
        *("_seen_rows", "cleared", "pending", "rows_per_shard", "shards", "tags"),
    )

    def __init__(self, tags: Iterable[bytes], budget_bytes: int = WARM_BYTES_DEFAULT) -> None:
        self.tags = frozenset(tags)
        self._budget_bytes = budget_bytes
        #: A row is in the one that `hash(key) & LAST_SHARD` tells.
        self.shards: list[dict[bytes, Any]] = [{} for _ in range(SHARDS)]
        self._dropped: list[dict[bytes, Any]] = []
        #: What the batch in flight writes; `None` stands for what is not kept, or deleted.
        self.pending: dict[bytes, Any] = {}
        self._pending_bytes = 0
        #: The ranges that the batch in flight clears.
        self.cleared = KeyRanges()
        self._seen_rows, self._seen_bytes = 1, ROW_BYTES_GUESSED
        self.rows_per_shard = self._fitting_rows()

    def __len__(self) -> int:
        return sum(map(len, self.shards))

    def get(self, key: bytes) -> Any:
        """The row at `key` in the last durable state; `None` tells nothing."""
        return self.shards[hash(key) & LAST_SHARD].get(key)

    def is_pending(self, key: bytes) -> bool:
        """Whether a batch that is not durable yet changes the row at `key`."""
        return key in self.pending or (bool(self.cleared) and key in self.cleared)

    def keep(self, key: bytes, row: Any, size_bytes: int) -> None:
        """Keep a row of the last durable state."""
        self._seen_rows += 1
        self._seen_bytes += size_bytes
        shard = self.shards[hash(key) & LAST_SHARD]
        shard[key] = row
        if len(shard) > self.rows_per_shard:
            self._make_room(shard)

    def await_batch(self, rows: dict[bytes, Any], size_bytes: int, cleared: KeyRanges) -> None:
        """Note what a batch changes that is in flight from now on: its ranges and its rows (`None`:
        deleted or not kept). The batch before must be settled, unless nobody reads here.
        """
        self.pending, self._pending_bytes, self.cleared = rows, size_bytes, cleared

    def settle(self) -> None:
        """The batch in flight has become durable."""
        if self._dropped:
            self._dropped.pop()
        if self.cleared:
            self._clear()
        pending = self.pending
        if not pending:
            return
        self._seen_rows += len(pending)
        self._seen_bytes += self._pending_bytes
        shards, rows_max = self.shards, self.rows_per_shard
        for key, row in pending.items():
            shard = shards[hash(key) & LAST_SHARD]
            if row is None:
                shard.pop(key, None)
                continue
            shard[key] = row
            if len(shard) > rows_max:
                self._make_room(shard)
        self.pending, self._pending_bytes = {}, 0

    def _clear(self) -> None:
        """Forget all rows if any was cleared, little by little, because there may be millions."""
        ranges, self.cleared = self.cleared.pairs(), KeyRanges()
        if any(start[:2] <= tag <= end[:2] for start, end in ranges for tag in self.tags):
            self._dropped += filter(None, self.shards)
            self.shards = [{} for _ in range(SHARDS)]

    def _make_room(self, shard: dict[bytes, Any]) -> None:
        """Drop the oldest rows, and calculate again how many rows fit."""
        self.rows_per_shard = rows_max = self._fitting_rows()
        for key in list(islice(shard, max(0, len(shard) - rows_max * 7 // 8))):
            del shard[key]
        if self._seen_rows > rows_max * SHARDS:  # sizes of rows long dropped should count less
            self._seen_rows, self._seen_bytes = self._seen_rows // 2, self._seen_bytes // 2

    def _fitting_rows(self) -> int:
        row_bytes = ROW_OVERHEAD_BYTES + self._seen_bytes // self._seen_rows
        return max(self._budget_bytes // row_bytes // SHARDS, ROWS_PER_SHARD_MIN)
