"""Reading and writing typed rows: a `View` reads a state, a `Tx` adds writes on top of it.

A `Tx` is one open batch of commands. Each command writes into an overlay of its own: accepted, the
overlay joins the batch; refused, it is dropped and has written nothing. Reads and scans see both
overlays over the store. Rows of cached tables stay decoded between batches; rows are immutable
values, so sharing them is safe.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from floruntime.core import limits
from floruntime.engine.keyspace import Table
from floruntime.engine.store.protocol import Changes, Reader

Row = TypeVar("Row")
Topic = tuple[str, str, str]
"""What a waiter waits on: namespace, primitive, name."""

_ABSENT: Any = object()
_CACHED_ROWS_MAX = 50_000
_encode = msgspec.msgpack.Encoder().encode


class View:
    """A consistent state at a moment: what a query sees."""

    def __init__(self, reader: Reader, namespace: str, now_ms: int, value_bytes_max: int) -> None:
        self._reader = reader
        self.namespace = namespace
        self.now_ms = now_ms
        self.value_bytes_max = value_bytes_max

    def get(self, table: Table[Row], key: bytes) -> Row | None:
        """The row at `key`, or `None`."""
        data = self._reader.get(key)
        return None if data is None else table.decode(data)

    def scan(
        self, table: Table[Row], start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Row]]:
        """Rows with `start <= key < end`, in key order (or falling)."""
        decode = table.decode
        for key, data in self._reader.scan(start, end, reverse=reverse):
            yield key, decode(data)


class Tx(View):
    """The open batch, and within it the command that is being applied."""

    def __init__(self, reader: Reader, value_bytes_max: int = limits.VALUE_BYTES_DEFAULT) -> None:
        super().__init__(reader, "", 0, value_bytes_max)
        self._batch: dict[bytes, Any] = {}
        self._command: dict[bytes, Any] = {}
        self._batch_cleared: list[tuple[bytes, bytes]] = []
        self._command_cleared: list[tuple[bytes, bytes]] = []
        self._sorted: dict[bytes, list[bytes]] = {}
        self._cache: dict[bytes, Any] = {}
        #: The session whose command this is; empty for the server's own.
        self.session = ""
        #: False while the disk is nearly full: commands that grow are refused.
        self.may_grow = True
        self.touched: list[Topic] = []
        self.ended: list[Topic] = []
        #: Positions that speed up scans; derived, never needed: see `engine/queue.py`.
        self.hints: dict[Any, Any] = {}
        #: Called with the due time of each timer that a command sets.
        self.on_timer_set: Callable[[int], None] = lambda due_ms: None
        #: Gives the next id of the machine; set by it.
        self.next_id: Callable[[], int] = _no_ids
        #: A delivery that this command made, for its undoing; see `core/system.py: Delivery`.
        self.delivery: Any = None

    # Reading

    def get(self, table: Table[Row], key: bytes) -> Row | None:
        row = self._command.get(key, _ABSENT)
        if row is _ABSENT:
            row = self._batch.get(key, _ABSENT)
            if row is _ABSENT:
                return self._get_stored(table, key)
        return row  # type: ignore[no-any-return]  # rows lie under the keys of their own tables

    def _get_stored(self, table: Table[Row], key: bytes) -> Row | None:
        if (self._command_cleared or self._batch_cleared) and self._is_cleared(key):
            return None
        if table.cached:
            row = self._cache.get(key, _ABSENT)
            if row is _ABSENT:
                data = self._reader.get(key)
                row = None if data is None else table.decode(data)
                self._keep(key, row)
            return row  # type: ignore[no-any-return]  # as above
        data = self._reader.get(key)
        return None if data is None else table.decode(data)

    def _keep(self, key: bytes, row: object) -> None:
        if len(self._cache) >= _CACHED_ROWS_MAX:
            self._cache.clear()
        self._cache[key] = row

    def _is_cleared(self, key: bytes) -> bool:
        return any(
            start <= key < end
            for cleared in (self._command_cleared, self._batch_cleared)
            for start, end in cleared
        )

    def scan(
        self, table: Table[Row], start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Row]]:
        written = self._written_keys(table.tag, start, end)
        stored = self._reader.scan(start, end, reverse=reverse)
        if not written and not self._batch_cleared and not self._command_cleared:
            decode = table.decode
            for key, data in stored:
                yield key, decode(data)
            return
        if reverse:
            written.reverse()
        yield from self._merged(table, written, stored, reverse)

    def _merged(
        self,
        table: Table[Row],
        written: list[bytes],
        stored: Iterator[tuple[bytes, bytes]],
        reverse: bool,
    ) -> Iterator[tuple[bytes, Row]]:
        position = 0
        for key, data in stored:
            while position < len(written) and (
                written[position] > key if reverse else written[position] < key
            ):
                yield from self._overlaid(written[position])
                position += 1
            if position < len(written) and written[position] == key:
                yield from self._overlaid(key)
                position += 1
            elif not self._is_cleared(key):
                yield key, table.decode(data)
        for key in written[position:]:
            yield from self._overlaid(key)

    def _overlaid(self, key: bytes) -> Iterator[tuple[bytes, Any]]:
        row = self._command.get(key, _ABSENT)
        if row is _ABSENT:
            row = self._batch.get(key)
        if row is not None:
            yield key, row

    def _written_keys(self, tag: bytes, start: bytes, end: bytes) -> list[bytes]:
        keys = self._sorted.get(tag)
        if keys is None:
            keys = self._sorted[tag] = sorted(key for key in self._batch if key[:2] == tag)
        found = keys[bisect_left(keys, start) : bisect_left(keys, end)]
        fresh = [key for key in self._command if start <= key < end and key not in self._batch]
        return sorted(found + fresh) if fresh else found

    # Writing

    def put(self, table: Table[Row], key: bytes, row: Row) -> None:
        """Write `row` at `key`."""
        self._command[key] = row

    def delete(self, table: Table[Any], key: bytes) -> None:
        """Delete the row at `key`, if it is there."""
        self._command[key] = None

    def clear(self, start: bytes, end: bytes) -> None:
        """Delete every row in `[start, end)` at a constant cost; for ranges never written again."""
        for key in [key for key in self._command if start <= key < end]:
            del self._command[key]
        self._command_cleared.append((start, end))

    def touch(self, primitive: str, name: str) -> None:
        """Tell those who wait on this that it changed."""
        self.touched.append((self.namespace, primitive, name))

    def end_waits(self, primitive: str, name: str) -> None:
        """End the waits on this with what there is: it is gone."""
        self.ended.append((self.namespace, primitive, name))

    # The life of a command and of the batch; for the machine

    @property
    def wrote(self) -> bool:
        """Whether the command has written anything."""
        return bool(self._command or self._command_cleared)

    def accept(self) -> None:
        """Let the command's writes join the batch."""
        if self._command_cleared:
            self._accept_cleared()
        if self._sorted:
            for key in self._command:
                keys = self._sorted.get(key[:2])
                if keys is not None and key not in self._batch:
                    insort(keys, key)
        self._batch.update(self._command)
        self._command.clear()

    def _accept_cleared(self) -> None:
        for start, end in self._command_cleared:
            for key in [key for key in self._batch if start <= key < end]:
                del self._batch[key]
            for key in [key for key in self._cache if start <= key < end]:
                del self._cache[key]
        self._batch_cleared += self._command_cleared
        self._command_cleared = []
        self._sorted.clear()

    def refuse(self) -> None:
        """Drop the command's writes."""
        self._command.clear()
        self._command_cleared.clear()
        self.touched.clear()
        self.ended.clear()
        self.delivery = None

    def take(self) -> Changes:
        """The batch as bytes, for the store; a new batch begins. The caller writes it at once."""
        rows = {key: None if row is None else _encode(row) for key, row in self._batch.items()}
        changes = Changes(rows, self._batch_cleared)
        cached = {tag for tag, table in Table.register.items() if table.cached}
        for key, row in self._batch.items():
            if key[:2] in cached:
                self._keep(key, row)
        self._batch, self._batch_cleared, self._sorted = {}, [], {}
        return changes


def _no_ids() -> int:
    raise AssertionError("ids are given by the machine")
