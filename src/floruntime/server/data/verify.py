"""`flo verify DIR`: reads everything in a stopped data directory and reports what is wrong with it.

It first looks for unreadable rows. If there are none, it checks workflows as a whole: that every
run has an owner, and that indexes and counts agree with the runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from floruntime.core.types import Value
from floruntime.engine.machine import applied_index, applied_time_ms
from floruntime.engine.rules import RULES
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import View
from floruntime.engine.store import Reader
from floruntime.engine.store.errors import StoreDamagedError
from floruntime.engine.store.witness import create_witness, read_witness
from floruntime.engine.system import eras
from floruntime.engine.workflow.invariant_counts import miscounts
from floruntime.engine.workflow.invariants import orphans
from floruntime.server.data.data_dir import (
    DataDirectoryError,
    DirectoryLock,
    ReadersLock,
    check_gaps,
    check_reach,
    check_unfinished,
    has_format,
    open_store,
    sync_directory,
    witness_path,
)
from floruntime.server.data.shadow import as_where_it_lies, reading_store

PROBLEMS_MAX = 100
"""Problems that are told one by one; the rest is only counted."""
RESTORE = "Restore a backup: a damaged part of a file cannot be left out"
_EVERY_KEY = (b"", b"\xff" * 3)


class VerifyReport(Value, frozen=True):
    """What was found.

    `rows`: how many rows of each table, by its tag. `problems`: sentences, none if all is well.
    `lost_commands`: durable commands that are missing. `was_accepted`: that loss was accepted, and
    the directory can be started again.
    """

    rows: dict[str, int]
    problems: list[str]
    problems_count: int
    index: int
    witnessed_index: int | None
    lost_commands: int
    was_accepted: bool

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong that was not accepted."""
        return self.problems_count == 0


def verify(path: str, *, accept_loss: bool = False) -> VerifyReport:
    """Check the stopped data directory `path`. Writes nothing, unless a loss is to be accepted.

    `accept_loss`: go on with what the store holds although commands that were answered are gone.
    """
    path = os.path.abspath(path)
    if os.path.isfile(path):
        raise DataDirectoryError(f"{path} is a file, not a data directory")
    if not os.path.isdir(path) or not has_format(path):
        check_unfinished(path)
        raise DataDirectoryError(f"{path} is not a data directory: it has no file FORMAT")
    lock = DirectoryLock(path) if accept_loss else ReadersLock(path)
    try:
        return _verify(path, accept_loss)
    finally:
        lock.release()


def _verify(path: str, accept_loss: bool) -> VerifyReport:
    findings = Findings()
    gap = _gap_in(path)
    with reading_store(path) as store:
        findings.walk(store)
        if not findings.count:
            findings.look_at_workflows(store)
        index = findings.index_of(store)
    witnessed, complaint = _compare_with_witness(path, index) if index is not None else (None, None)
    complaint = complaint or gap
    was_accepted = complaint is not None and accept_loss and index is not None
    if was_accepted:
        _accept(path)
    elif complaint is not None:
        findings.add(complaint)
    index = index or 0
    lost = 0 if witnessed is None else max(0, witnessed - index)
    return VerifyReport(
        dict(sorted(findings.rows.items())),
        findings.problems,
        findings.count,
        index,
        witnessed,
        lost,
        was_accepted,
    )


def _gap_in(path: str) -> str | None:
    try:
        check_gaps(path)
    except StoreDamagedError as error:
        return str(error)
    return None


def _compare_with_witness(path: str, index: int) -> tuple[int | None, str | None]:
    try:
        witnessed = read_witness(witness_path(path))
    except StoreDamagedError as error:
        return None, f"{error}; --accept-loss writes a new one for the store as it is"
    try:
        check_reach(path, witnessed, index)
    except StoreDamagedError as error:
        return witnessed, str(error)
    return witnessed, None


def _accept(path: str) -> None:
    # Opened for writing, the store drops the damaged end of its log for good.
    store = open_store(path)
    try:
        eras.end_stored(store, "lost commands were accepted")
        store.sync()
        create_witness(witness_path(path), applied_index(store))
        sync_directory(path)
    finally:
        store.close()


class Findings:
    """What is found in stores of these `tables`, one after the other."""

    def __init__(self, tables: Mapping[bytes, Table[Any]] = RULES.tables) -> None:
        self._tables = tables
        #: Where one looks, as each problem is to begin.
        self.where = ""
        self.rows: dict[str, int] = {}
        self.problems: list[str] = []
        self.count = 0

    def add(self, problem: str) -> None:
        """Something is wrong."""
        self.count += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(self.where + as_where_it_lies(problem))

    def walk(self, store: Reader) -> None:
        """Read every row; where a block is damaged, go on behind that table. It may be one of many
        tables, and is told once.
        """
        failed: dict[str, list[bytes]] = {}
        for start, end in _stretches(self._tables):
            try:
                for key, data in store.scan(start, end):
                    self._check_row(key, data)
            except Exception as error:
                failed.setdefault(str(error), []).append(start)
        for told, starts in failed.items():
            tables = f" of {len(starts)} tables" if len(starts) > 1 else ""
            self.add(f"rows{tables} from {starts[0]!r} on cannot all be read: {told}. {RESTORE}")

    def index_of(self, store: Reader) -> int | None:
        """The last command that the store has taken; `None` where it cannot be read."""
        try:
            return applied_index(store)
        except Exception as error:
            self.add(f"the number of the store's last command cannot be read: {error}. {RESTORE}")
            return None

    def look_at_workflows(self, store: Reader) -> None:
        """Whether each run that has not ended will be woken, and indexes and counts agree."""
        view = View(store, "", applied_time_ms(store), 0)
        for problem in (*orphans(view), *miscounts(view)):
            self.add(problem)

    def _check_row(self, key: bytes, data: bytes) -> None:
        table = self._tables.get(key[:2])
        if table is None:
            self.add(f"the row {key!r} belongs to no table that this version knows")
            return
        name = table.tag.decode("ascii", "backslashreplace")
        self.rows[name] = self.rows.get(name, 0) + 1
        problem = _problem_of(table, key, data)
        if problem:
            self.add(f"the row {key!r} of table {name!r} {problem}")


def _stretches(tables: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """All keys, cut at the start of each table: damage in one hides no other."""
    return pairwise([_EVERY_KEY[0], *sorted(tables), _EVERY_KEY[1]])


def _problem_of(table: Table[object], key: bytes, data: bytes) -> str:
    try:
        table.unpack(key)
    except Exception as error:
        return f"has a key that cannot be read: {error}"
    if table.tail is None and table.tail_of(key):
        return "has a key that is too long"
    try:
        table.decode(data)
    except Exception as error:
        return f"has a value that cannot be read: {error}"
    return ""
