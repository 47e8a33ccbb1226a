"""The state machine: takes entries in order, and gives answers and changes.

`apply` is a pure function of the stored state and the entry. Entries collect in one open batch;
`take` returns the batch's changes for the store. This module only dispatches: `engine/rules` says
which rule answers which request.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from floruntime.core import limits
from floruntime.core.cluster import ClusterNoted
from floruntime.core.errors import FloError, GapError, InternalServerError
from floruntime.core.limits import shown
from floruntime.core.operation_names import operation_of
from floruntime.core.system import Delivery, NamespaceList
from floruntime.core.types import Query
from floruntime.core.wire import AnyCommand
from floruntime.engine.state import cursors
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.dispatch import Rules, WaitRule, plans_of, storage_full
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.machine_row import MACHINE, MACHINE_KEY, MachineRow
from floruntime.engine.state.tx import Topic, Tx, View
from floruntime.engine.state.warm_rows import WARM_BYTES_DEFAULT, WarmRows
from floruntime.engine.store import Changes, Reader, StoreError
from floruntime.engine.system import eras, timers, write_memory

log = logging.getLogger("floruntime.engine")


def applied_index(reader: Reader) -> int:
    """How many entries the state of `reader` has seen."""
    return _row_in(reader).index


def applied_time_ms(reader: Reader) -> int:
    """The time of the last entry that the state of `reader` has seen."""
    return _row_in(reader).time_ms


def _row_in(reader: Reader) -> MachineRow:
    data = reader.get(MACHINE_KEY)
    row: MachineRow = MachineRow() if data is None else MACHINE.decode(data)
    return row


_NO_TOPICS: Final[list[Topic]] = []


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One command in the sequence, with everything that decides its outcome, apart from the state.

    `number` is 0 for a command that its client did not number. `may_grow` is false while the disk
    is nearly full. `audit`: what the audit records of the command if it changes anything.
    """

    time_ms: int
    namespace: str
    session: str
    number: int
    command: AnyCommand  # type: ignore[valid-type]  # a union built from the modules
    may_grow: bool = True
    audit: AuditNote | None = None


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """An entry's outcome. `recalled`: it had run before, and this is its first answer again."""

    result: Any
    error: FloError | None = None
    touched: list[Topic] = _NO_TOPICS
    ended: list[Topic] = _NO_TOPICS
    delivery: Delivery | None = None
    recalled: bool = False


def ask(rules: Rules, view: View, request: Query[Any]) -> Any:
    """Answer `request` by `rules` on `view`. Raises the refusal."""
    limits.check_read_namespace(view.namespace)
    try:
        if "cursor" in request.__struct_fields__ and type(request) is not NamespaceList:
            return _ask_for_page(rules, view, request)
        return rules.queries[type(request)](view, request)
    except (FloError, StoreError):
        raise
    except Exception:
        raise _failed(request) from None


def _ask_for_page(rules: Rules, view: View, request: Any) -> Any:
    """Answer a page of a listing. A cursor is valid only in the history in which it was given.

    An exception are namespaces: their cursors cover all partitions of a cluster, and no single
    history.
    """
    era = eras.floor_of(view)
    if request.cursor is not None:
        of_era, cursor = cursors.era_of(request.cursor)
        if of_era != era:
            cursors.check_made(cursor)
            raise GapError(f"cursor {shown(request.cursor)} {eras.told(view)}; list again")
        request = replace(request, cursor=cursor)
    page = rules.queries[type(request)](view, request)
    if not era or page.cursor is None:
        return page
    return replace(page, cursor=cursors.of_era(page.cursor, era))


class Machine:
    """Applies rules to one store. The full list of rules is `RULES` in `engine/rules`."""

    def __init__(
        self,
        reader: Reader,
        rules: Rules,
        *,
        value_bytes_max: int = limits.VALUE_BYTES_DEFAULT,
        warm_bytes: int = WARM_BYTES_DEFAULT,
    ) -> None:
        self.rules = rules
        self._plans = plans_of(rules)
        #: The last namespace that was looked up and may be written to.
        self._good_namespace = ""
        self._tx = tx = Tx(reader, value_bytes_max, rules, warm_bytes)
        self._value_bytes_max = value_bytes_max
        self._lasting: dict[bytes, Any] = {}
        row = tx.get(MACHINE, MACHINE_KEY) or MachineRow(marked_from=0)
        #: Behind what a version wrote that knows of no marks.
        self._marked_from = row.next_id if row.marked_from < 0 else row.marked_from
        #: How many entries were applied, ever.
        self.index = row.index
        #: The time of the last applied entry; the next one's must not be earlier.
        self.time_ms = row.time_ms
        #: Whether the open batch holds anything to write.
        self.is_changed = False
        self._next_id = row.next_id
        #: Whether a timer was set since the last call of `take_earliest_set_ms`.
        self.has_set_timers = False
        self._earliest_set_ms = 0
        tx.next_id = self._give_id
        tx.last_id, tx.jump_ids = lambda: self._next_id - 1, self._jump_ids
        tx.on_timer_set = self._note_timer

    @property
    def warm(self) -> WarmRows:
        """The cache of rows of the last durable state; the writer of the batches settles it."""
        return self._tx.warm

    @property
    def applied(self) -> View:
        """The applied state, to be read between two entries."""
        return self._tx

    def _give_id(self) -> int:
        given = self._next_id
        self._next_id = given + 1
        return given

    def _jump_ids(self, last_id: int) -> None:
        self._next_id = max(self._next_id, last_id + 1)

    def _note_timer(self, due_ms: int) -> None:
        if not self.has_set_timers or due_ms < self._earliest_set_ms:
            self._earliest_set_ms = due_ms
            self.has_set_timers = True

    def take_earliest_set_ms(self) -> int:
        """The earliest due time that was set since the last call, if `has_set_timers`."""
        self.has_set_timers = False
        return self._earliest_set_ms

    def apply(self, entry: Entry) -> Outcome:
        """Apply one entry to the open batch. A refusal is an outcome and writes nothing."""
        assert entry.time_ms >= self.time_ms, "command time never goes back"
        tx = self._tx
        tx.namespace, tx.now_ms, tx.session = entry.namespace, entry.time_ms, entry.session
        tx.may_grow = entry.may_grow
        ids_before = self._next_id
        try:
            recalled, result = self._run(tx, entry)
        except FloError as error:
            tx.refuse()
            self._next_id = ids_before
            return Outcome(None, error)
        except StoreError:
            raise  # the store has failed, which is no fault of the rule: the server ends
        except Exception:
            tx.refuse()
            self._next_id = ids_before
            return Outcome(None, _failed(entry.command))
        self.time_ms = entry.time_ms
        touched, ended, delivery = tx.touched, tx.ended, tx.delivery
        if tx.accept():
            self.index += 1
            self.is_changed = True
        if touched:
            tx.touched = []
        if ended:
            tx.ended = []
        tx.delivery = None
        return Outcome(result, None, touched, ended, delivery, recalled)

    def _run(self, tx: Tx, entry: Entry) -> tuple[bool, Any]:
        command, number = entry.command, entry.number
        rule, wait, recall_rule = self._plans[type(command)]
        place = None
        if number:
            place = write_memory.place_of(tx, entry.session, number)
            if not place.is_new:
                return True, write_memory.recall(tx, place, number, command, recall_rule)
        if entry.namespace != self._good_namespace:
            self._good_namespace = limits.check_namespace(entry.namespace)
        if rule.grows and not tx.may_grow:
            raise storage_full()
        result = rule.apply(tx, command)
        if entry.audit is not None and (tx.wrote or type(command) is ClusterNoted):
            self.rules.audit(tx, entry.audit, command, result)
        if place is not None and (wait is None or wait.look is not None or wait.found(result)):
            write_memory.remember(tx, place, number, command, result, recall_rule)
        return False, result

    def take(self) -> Changes:
        """Return the open batch's changes with the applied index. The caller writes them at
        once.
        """
        row = MachineRow(self.index, self.time_ms, self._next_id, self._marked_from)
        self._tx.add(MACHINE_KEY, row)
        self.is_changed = False
        return self._tx.take()

    # What is kept at hand of the state, for who shows it

    def keep_rows_of(self, tables: Iterable[Table[Any]]) -> Mapping[bytes, dict[bytes, Any]]:
        """From now on collect the written rows of these tables, by tag and key, for metrics.

        `None` stands for a deleted row, until `forget_deleted_rows`. The tables must be cached
        tables.
        """
        self._tx.kept_rows = {table.tag: {} for table in tables}
        return self._tx.kept_rows

    def changed_keys_of(self, table: Table[Any]) -> set[bytes]:
        """The keys of a collected table's rows that are written from now on; the caller clears the
        set.

        No more are added once there are `CHANGED_KEYS_MAX`.
        """
        return self._tx.changed_keys.setdefault(table.tag, set())

    def forget_deleted_rows(self) -> None:
        """From now on leave out deleted rows."""
        self._tx.keeps_deleted = False

    @property
    def run_counts(self) -> Mapping[tuple[int, int], int]:
        """By owner and status: how many runs came minus how many left, since the start."""
        return self._tx.run_moves.counts()

    def query(self, reader: Reader, namespace: str, now_ms: int, request: Query[Any]) -> Any:
        """Answer `request` on the state of `reader`. Raises the refusal."""
        return self.ask(self.view(reader, namespace, now_ms), request)

    def ask(self, view: View, request: Query[Any]) -> Any:
        """Answer `request` on `view`. Raises the refusal."""
        return ask(self.rules, view, request)

    def look(self, namespace: str, now_ms: int, request: Query[Any]) -> Any:
        """Answer `request` on the applied state, durable or not. Raises the refusal."""
        tx = self._tx
        tx.namespace, tx.now_ms = namespace, now_ms
        return self.ask(tx, request)

    def view(self, reader: Reader, namespace: str, now_ms: int) -> View:
        """The state of `reader` in the form that rules read."""
        return View(reader, namespace, now_ms, self._value_bytes_max, self._lasting)

    def is_spent(self, rule: WaitRule, topic: Topic) -> bool:
        """Whether no request that waits by `rule` would find anything at this topic."""
        return rule.is_spent(self._tx, topic)

    def first_due(self, until_ms: int) -> int | None:
        """The earliest timer that is due before `until_ms`, including the open batch."""
        return timers.first_due(self._tx, until_ms)


def _failed(request: Any) -> InternalServerError:
    """What a caller is told of a bug; to be called where it was caught."""
    name = operation_of(type(request))
    log.exception("%s failed", name)
    return InternalServerError(f"the server failed on this {name}; its log says why")
