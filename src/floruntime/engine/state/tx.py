"""Reading and writing typed rows: a `View` reads a state, a `Tx` adds writes on top of it.

A `Tx` is one open batch of commands, on top of the store. Each command writes into an overlay of
its own. If the command is accepted, its overlay joins the batch; if it is refused, its overlay is
dropped and nothing was written. Rows of cached tables stay decoded between batches. Rows are
immutable, so sharing them is safe.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol, TypeVar

import msgspec

from floruntime.core import limits
from floruntime.engine.state.keyspace import Table, kept_bytes_of, kept_classes_of
from floruntime.engine.state.ranges import KeyRanges
from floruntime.engine.state.run_moves import RunMoves
from floruntime.engine.state.warm_rows import LAST_SHARD, WARM_BYTES_DEFAULT, WarmRows
from floruntime.engine.state.within import Within
from floruntime.engine.store.protocol import Changes, Reader

Row = TypeVar("Row")
Topic = tuple[str, str, str]
"""What a waiter waits for: namespace, primitive, name."""

Span = tuple[bytes, bytes]
"""Names from the first up to, but without, the second; an empty second name means no end."""

_ABSENT: Any = object()
_CACHED_ROWS_MAX = 100_000
CHANGED_KEYS_MAX = 200_000
"""How many keys of changed rows are kept; beyond it, a reader looks at all rows."""


def _limit_of_answers() -> int:
    return limits.ANSWER_VALUES_BYTES_MAX


_encode = msgspec.msgpack.Encoder().encode


def _decoded(
    table: Table[Row], stored: Iterator[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, Row]]:
    decode = table.decode
    for key, data in stored:
        yield key, decode(data)


class View:
    """A consistent state at one moment: what a query sees.

    Rows of cached tables that it reads stay decoded, so keeping a view makes later reads cheaper.
    """

    __slots__ = (
        *("_lasting", "_reader", "_rows", "answer_room", "namespace", "namespace_ids", "now_ms"),
        *("parsed", "spans", "value_bytes_max", "warm"),
    )

    def __init__(
        self,
        reader: Reader,
        namespace: str,
        now_ms: int,
        value_bytes_max: int,
        lasting: dict[bytes, Any] | None = None,
    ) -> None:
        self._reader = reader
        self.namespace = namespace
        self.now_ms = now_ms
        self.value_bytes_max = value_bytes_max
        #: The numbers of namespaces that were looked up; a transaction removes those it deletes.
        self.namespace_ids: dict[str, int] = {}
        #: Parsed JSON documents of this state that were asked for, with their owners.
        self.parsed: dict[int, tuple[str, Any]] = {}
        #: How many bytes an answer may have; less than the limit while memory is short.
        self.answer_room: Callable[[], int] = _limit_of_answers
        #: By primitive, the names that lists show; `None`: all.
        self.spans: Mapping[str, tuple[Span, ...]] | None = None
        #: The cache of warm rows, if this view is of the last durable state.
        self.warm: WarmRows | None = None
        #: Rows of cached tables that were read (in a `Tx` also those that earlier batches wrote).
        self._rows: dict[bytes, Any] = {}
        #: Rows of lasting tables, shared with the views of other states.
        self._lasting: dict[bytes, Any] = {} if lasting is None else lasting

    def aim(
        self, namespace: str, now_ms: int, spans: Mapping[str, tuple[Span, ...]] | None = None
    ) -> None:
        """Prepare for a query: its namespace, its time, and the names that its caller may see."""
        self.namespace, self.now_ms, self.spans = namespace, now_ms, spans

    def beside(self, namespace: str, now_ms: int) -> View:
        """Another view of the same state, which shares the rows that this one has decoded."""
        other = View(self._reader, namespace, now_ms, self.value_bytes_max, self._lasting)
        other._rows, other.parsed, other.answer_room = self._rows, self.parsed, self.answer_room
        other.namespace_ids = self.namespace_ids
        return other

    def _get_warm(self, table: Table[Row], key: bytes, warm: WarmRows) -> Row | None:
        """A row that may be in the cache, and is put there if it is small."""
        row: Row | None = warm.shards[hash(key) & LAST_SHARD].get(key)
        if row is None:
            data = self._reader.get(key)
            if data is None:
                return None
            row = table.decode(data)
            if len(data) <= table.kept_bytes:
                warm.keep(key, row, len(data))
        return row

    def within(self, namespace: str) -> Within:
        """`with view.within(name):` reads in that namespace; its end returns to the old one."""
        return Within(self, namespace)

    def get(self, table: Table[Row], key: bytes) -> Row | None:
        """The row at `key`, or `None`."""
        if not table.cached:
            warm = self.warm
            if warm is not None and table.is_warm:
                return self._get_warm(table, key, warm)
            data = self._reader.get(key)
            return None if data is None else table.decode(data)
        rows = self._lasting if table.lasting else self._rows
        row: Row | None = rows.get(key, _ABSENT)
        if row is _ABSENT:
            data = self._reader.get(key)
            if data is None and table.lasting:
                return None  # not cached: another state may have the row
            if len(rows) >= _CACHED_ROWS_MAX:
                rows.clear()
            rows[key] = row = None if data is None else table.decode(data)
        return row

    def scan(
        self, table: Table[Row], start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Row]]:
        """Rows with `start <= key < end`, in key order, or in falling order."""
        return _decoded(table, self._reader.scan(start, end, reverse=reverse))

    def last(self, table: Table[Row], start: bytes, end: bytes) -> tuple[bytes, Row] | None:
        """The last row with `start <= key < end`.

        If there is none, a store that scans backwards walks over everything that was ever deleted
        before `start`, too. So this scans forwards first.
        """
        if not self._holds(start, end):
            return None
        return next(iter(self.scan(table, start, end, reverse=True)), None)

    def _holds(self, start: bytes, end: bytes) -> bool:
        return next(iter(self._reader.scan(start, end)), None) is not None


class Deferred(Protocol):
    """Stays open within a batch, and is written at the batch's end or before its row is needed."""

    def write(self) -> None:
        """Write it now."""
        ...


class Tx(View):
    """The open batch, and within it the command that is being applied."""

    # For speed, not memory: the interpreter is slow with more than 30 attributes in a dictionary.
    __slots__ = (
        *("_batch", "_cleared", "_cleared_before", "_command", "_kept_bytes", "_kept_classes"),
        *("_sorted", "changed_keys", "deferred", "deferred_bytes", "delivery"),
        *("ended", "hints", "is_deferring", "jump_ids", "keeps_deleted", "kept_rows"),
        *("last_id", "may_grow", "next_id", "on_timer_set", "rules", "run_moves", "session"),
        *("touched",),
    )

    warm: WarmRows

    def __init__(
        self,
        reader: Reader,
        value_bytes_max: int = limits.VALUE_BYTES_DEFAULT,
        rules: Any = None,
        warm_bytes: int = WARM_BYTES_DEFAULT,
    ) -> None:
        super().__init__(reader, "", 0, value_bytes_max)
        #: The machine's rules; `rules_of` in `dispatch.py` returns them with their type.
        self.rules = rules
        tables = {} if rules is None else rules.tables
        #: By tag: the size up to which written rows stay decoded, and the classes of such rows.
        self._kept_bytes = kept_bytes_of(tables)
        self._kept_classes = kept_classes_of(tables)
        self.warm = WarmRows((tag for tag, table in tables.items() if table.is_warm), warm_bytes)
        #: What the open command wrote; `None` is a deletion, here and below.
        self._command: dict[bytes, Any] = {}
        #: What the accepted commands of the batch wrote.
        self._batch: dict[bytes, Any] = {}
        self._cleared = KeyRanges()
        self._cleared_before: KeyRanges | None = None
        #: For each scanned table, all written keys in order.
        self._sorted: dict[bytes, list[bytes]] = {}
        #: The session that sent this command; empty for the server's own commands.
        self.session = ""
        #: False while the disk is nearly full: commands that grow are refused.
        self.may_grow = True
        self.touched: list[Topic] = []
        self.ended: list[Topic] = []
        #: Positions that speed up scans; derived from the rows: see `engine/state/tombstones.py`.
        self.hints: dict[Any, Any] = {}
        #: Called with the due time of each timer that a command sets.
        self.on_timer_set: Callable[[int], None] = lambda due_ms: None
        #: Gives the next id of the machine, which sets this.
        self.next_id: Callable[[], int] = _no_ids
        #: The last id given, and how to jump to a higher one; the machine sets these, too.
        self.last_id: Callable[[], int] = _no_ids
        self.jump_ids: Callable[[int], None] = lambda last: None
        #: What is written once, at the end of a batch, by the key of its row.
        self.deferred: dict[bytes, Deferred] = {}
        self.deferred_bytes = 0
        #: Whether a batch is being applied, in which writes may be deferred.
        self.is_deferring = False
        #: By tag, for tables whose written rows are collected: their latest rows, by key.
        self.kept_rows: dict[bytes, dict[bytes, Any]] = {}
        #: By tag, for some of these: the keys of rows that were written since the last look.
        self.changed_keys: dict[bytes, set[bytes]] = {}
        #: Whether a deleted row is collected as `None`; otherwise it is left out.
        self.keeps_deleted = True
        self.run_moves = RunMoves()
        #: A delivery that this command made, to undo it if needed; see `core/system.py: Delivery`.
        self.delivery: Any = None

    # Reading

    def get(self, table: Table[Row], key: bytes) -> Row | None:
        row: Row | None
        if key in self._command:
            row = self._command[key]
        elif key in self._batch:
            row = self._batch[key]
        else:
            row = self._rows.get(key, _ABSENT)
            if row is _ABSENT:
                return self._get_stored(table, key)
        return row

    def at_hand(self, key: bytes) -> Any:
        """A row that was written or read lately. `None`: perhaps the store has it, which is not
        asked.
        """
        if key in self._command:
            return self._command[key]
        return self._batch[key] if key in self._batch else self._rows.get(key)

    def _get_stored(self, table: Table[Row], key: bytes) -> Row | None:
        if self._cleared and key in self._cleared:
            return None
        if table.is_warm:
            warm: Row | None = self.warm.get(key)
            if warm is not None and not self.warm.is_pending(key):
                return warm
        data = self._reader.get(key)
        row = None if data is None else table.decode(data)
        if table.cached:
            self._rows[key] = row
        return row

    def scan(
        self, table: Table[Row], start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Row]]:
        """Like a view's; what the command itself writes during the scan may be seen or not."""
        stored = self._reader.scan(start, end, reverse=reverse)
        if not (self._batch or self._command or self._cleared):
            return _decoded(table, stored)
        written = self._written_keys(table.tag, start, end)
        if not written and not self._cleared.overlaps(start, end):
            return _decoded(table, stored)
        if reverse:
            written.reverse()
        return self._merged(table, written, stored, reverse)

    def last(self, table: Table[Row], start: bytes, end: bytes) -> tuple[bytes, Row] | None:
        if self._holds(start, end):
            return next(iter(self.scan(table, start, end, reverse=True)), None)
        written = self.written_keys(table, start, end)
        return (written[-1], self._written_row(written[-1])) if written else None

    def _merged(
        self,
        table: Table[Row],
        written: list[bytes],
        stored: Iterator[tuple[bytes, bytes]],
        reverse: bool,
    ) -> Iterator[tuple[bytes, Row]]:
        cleared = self._cleared
        position = 0
        for key, data in stored:
            while position < len(written) and (
                written[position] > key if reverse else written[position] < key
            ):
                row = self._written_row(written[position])
                if row is not None:
                    yield written[position], row
                position += 1
            if position < len(written) and written[position] == key:
                continue  # the next step gives the written row instead
            if key not in cleared:
                yield key, table.decode(data)
        for key in written[position:]:
            row = self._written_row(key)
            if row is not None:
                yield key, row

    def _written_row(self, key: bytes) -> Any:
        row = self._command.get(key, _ABSENT)
        return self._batch.get(key) if row is _ABSENT else row

    def _written_keys(self, tag: bytes, start: bytes, end: bytes) -> list[bytes]:
        keys = self._sorted.get(tag)
        if keys is None:
            every = {**self._batch, **self._command}
            keys = self._sorted[tag] = sorted(key for key in every if key[:2] == tag)
        return keys[bisect_left(keys, start) : bisect_left(keys, end)]

    def written_keys(self, table: Table[Any], start: bytes, end: bytes) -> list[bytes]:
        """The keys of the rows with `start <= key < end` that the open batch holds, in order."""
        keys = self._written_keys(table.tag, start, end)
        return [key for key in keys if self._written_row(key) is not None]

    # Writing

    def own(self, table: Table[Row], key: bytes) -> Row | None:
        """The row at `key` for changes in place: what the command changes in it is written."""
        row: Any = self._command.get(key)
        if row is None and (row := self.get(table, key)) is not None:
            self.put(table, key, row := row.__copy__())
        own: Row | None = row
        return own

    def put(self, table: Table[Row], key: bytes, row: Row) -> None:
        """Write `row` at `key`."""
        if self._sorted:
            keys = self._sorted.get(table.tag)
            if keys is not None and key not in self._command and key not in self._batch:
                insort(keys, key)
        self._command[key] = row

    def delete(self, table: Table[Any], key: bytes) -> None:
        """Delete the row at `key`, if it is there."""
        if self._sorted:
            self.put(table, key, None)
        else:
            self._command[key] = None

    def clear(self, table: Table[Any], start: bytes, end: bytes) -> None:
        """Delete all rows of a table in `[start, end)`, at a cost that their number does not
        change.
        """
        for key in self._written_keys(table.tag, start, end):
            self.delete(table, key)
        if table.kept_bytes:
            self._forget_unwritten()
        if self._cleared_before is None:
            self._cleared_before = self._cleared.copy()
        self._cleared.add(start, end)

    def _forget_unwritten(self) -> None:
        """Drop the cache: finding one range of rows in it would take longer each time."""
        self._rows = {}

    def move_run(self, owner_id: int, left: int | None, came: int | None) -> None:
        """Note that a run moved from one status to another; `None` is none."""
        self.run_moves.of_command.append((owner_id, left, came))

    def touch(self, topic: Topic) -> None:
        """Wake the waits on this topic: it changed."""
        self.touched.append(topic)

    def end_waits(self, topic: Topic) -> None:
        """End the waits on this topic with their present answers: it was deleted."""
        self.ended.append(topic)

    # What a batch writes at its end

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Within the block, let what is edited several times stay open."""
        self.is_deferring = True
        try:
            yield
            for each in self.deferred.values():
                each.write()
        finally:
            self.is_deferring = False
            self.deferred.clear()
            self.deferred_bytes = 0

    def settle(self, key: bytes) -> bool:
        """Write what is deferred for the row at `key`. Returns whether there was anything."""
        deferred = self.deferred.pop(key, None)
        if deferred is not None:
            deferred.write()
        return deferred is not None

    # The life of a command and of the batch; for the machine

    @property
    def wrote(self) -> bool:
        """Whether the command has written anything."""
        return bool(self._command) or self._cleared_before is not None

    def accept(self) -> bool:
        """Let the command's writes join the batch. Returns whether there are any."""
        command = self._command
        if not command and self._cleared_before is None:
            return False
        self._batch.update(command)
        command.clear()
        self._cleared_before = None
        if self.run_moves.of_command:
            self.run_moves.accept()
        return True

    def refuse(self) -> None:
        """Drop the command's writes."""
        if self.wrote:
            self._drop_writes()
        self.touched.clear()
        self.ended.clear()
        self.delivery = None

    def _drop_writes(self) -> None:
        self._command.clear()
        self.run_moves.of_command.clear()
        if self._cleared_before is not None:
            self._cleared, self._cleared_before = self._cleared_before, None
        self._sorted.clear()
        # The hints may describe rows that were just dropped.
        self.hints.clear()
        self.namespace_ids.clear()

    def add(self, key: bytes, row: Any) -> None:
        """Write a row outside all commands: it joins the batch at once."""
        self._batch[key] = row

    def take(self) -> Changes:
        """Return the batch as bytes and begin a new one. The caller writes it to the store
        at once.
        """
        rows, kept_bytes, kept_classes = self._rows, self._kept_bytes, self._kept_classes
        kept_rows, changed_keys, batch = self.kept_rows, self.changed_keys, self._batch
        warm_tags, warm, warm_bytes = self.warm.tags, {}, 0
        # All at once, without a look at each row: this is most of the cost of a small command.
        encoded = map(_encode, batch.values())
        changed: dict[bytes, bytes | None] = dict(zip(batch, encoded, strict=True))
        for key, row in batch.items():
            if type(row) not in kept_classes:
                continue
            if row is None:
                changed[key] = None
            tag = key[:2]
            kept = kept_bytes.get(tag)
            if kept is not None:
                data = changed[key]
                size_bytes = 0 if data is None else len(data)
                if size_bytes <= kept:
                    rows[key] = row
                else:
                    rows.pop(key, None)
                    row = None
                if tag in warm_tags:
                    warm[key] = row
                    warm_bytes += size_bytes
                elif tag in kept_rows:
                    if row is None and not self.keeps_deleted:
                        kept_rows[tag].pop(key, None)
                    else:
                        kept_rows[tag][key] = row
                    written = changed_keys.get(tag)
                    if written is not None and len(written) < CHANGED_KEYS_MAX:
                        written.add(key)
        changes = Changes(changed, self._cleared.pairs())
        self.warm.await_batch(warm, warm_bytes, self._cleared)
        self._batch, self._cleared, self._sorted = {}, KeyRanges(), {}
        if len(rows) > _CACHED_ROWS_MAX:  # make room: the oldest entries of the cache go first
            for key in list(islice(rows, len(rows) - _CACHED_ROWS_MAX * 3 // 4)):
                del rows[key]
        return changes


def _no_ids() -> int:
    raise AssertionError("ids are given by the machine")
