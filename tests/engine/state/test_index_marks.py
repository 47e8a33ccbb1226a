"""Marks of an index by status: all that is there is listed, deletions are not walked over."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from floruntime.core.action import ActionListRuns, RunOrder, RunStatus
from floruntime.core.workflow import WorkflowListRuns, WorkflowStatus
from floruntime.engine.action.run_rows import ACTION_RUN_BY_STATUS
from floruntime.engine.state import index_marks
from floruntime.engine.state.index_walk import Filled, number_at, walk
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.machine_row import MACHINE, MACHINE_KEY
from floruntime.engine.state.tx import Tx
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.store.protocol import Changes
from floruntime.engine.workflow.runs.rows import WORKFLOW_RUN_BY_STATUS
from tests.engine.action.calls import Actions
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ONE_STEP, Workflows

ROWS: Table[bool] = Table(b"ra", bool, owner="u64", status="u8", number="u64")
MARKS = index_marks.Marks(
    ROWS,
    Table(b"xb", bool, owner="u64", status="u8", span="u64"),
    Table(b"xc", index_marks.MarkedRow, cached=True, owner="u64", status="u8"),
)
OWNER, STATUS = 7, 2


@pytest.fixture(autouse=True)
def short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_marks, "SPAN_BITS", 3)


# What is listed


@pytest.mark.parametrize("seed", range(8))
def test_all_that_is_there_is_found_whatever_comes_and_goes(seed: int) -> None:
    draw = random.Random(seed)
    store = MemoryStore()
    tx = Tx(store)
    last = 60
    tx.last_id = lambda: last
    there = set(draw.sample(range(1, last), 12))  # from before there were marks
    for number in there:
        tx.put(ROWS, ROWS.key(OWNER, STATUS, number), True)
    for _ in range(150):
        last += draw.randrange(4)
        number = draw.choice([last, last, draw.randrange(1, last)])
        if there and draw.random() < 0.5:
            gone = draw.choice(sorted(there))
            there.discard(gone)
            tx.delete(ROWS, ROWS.key(OWNER, STATUS, gone))
        else:
            there.add(number)
            tx.put(ROWS, ROWS.key(OWNER, STATUS, number), True)
            MARKS.note(tx, OWNER, STATUS, number)
        tx.accept()
        if draw.random() < 0.3:
            store.write(tx.take())
        if draw.random() < 0.1:
            tx.hints.clear()
        check(tx, draw, there, last)


def check(tx: Tx, draw: random.Random, there: set[int], last: int) -> None:
    place = ROWS.range(OWNER, STATUS)[0]
    first, end = sorted((draw.randrange(last + 9), draw.randrange(last + 9)))
    is_falling, behind = draw.random() < 0.5, draw.choice([None, draw.randrange(last + 9)])
    lane = Filled(ROWS, place, marks=MARKS).lane(first, end)
    position = None if behind is None else behind.to_bytes(8, "big")
    found = [number_at(each) for each in walk(tx, [lane], position, is_falling=is_falling)]
    wanted = [number for number in sorted(there, reverse=is_falling) if first <= number < end]
    if behind is not None:
        wanted = [each for each in wanted if (each < behind if is_falling else each > behind)]
    assert found == wanted


# What is walked over

BY_STATUS = (WORKFLOW_RUN_BY_STATUS.tag, ACTION_RUN_BY_STATUS.tag)


class Graveyard(MemoryStore):
    """Counts the deletions in indexes by status that a scan walks over, as RocksDB would."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: set[bytes] = set()
        self.passed = 0

    def write(self, changes: Changes) -> None:
        super().write(changes)
        for key, row in changes.rows.items():
            if key[:2] in BY_STATUS:
                (self.deleted.add if row is None else self.deleted.discard)(key)

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        rows = super().scan(start, end, reverse=reverse)
        return self._counted(rows, start, end, reverse) if start[:2] in BY_STATUS else rows

    def _counted(
        self, rows: Iterator[tuple[bytes, bytes]], start: bytes, end: bytes, reverse: bool
    ) -> Iterator[tuple[bytes, bytes]]:
        dead = sorted((key for key in self.deleted if start <= key < end), reverse=reverse)
        for key, row in rows:
            while dead and (dead[0] > key if reverse else dead[0] < key):
                del dead[0]
                self.passed += 1
            yield key, row
        self.passed += len(dead)
        # A query's scans have no bounds that hold them back.
        if reverse:
            below = next(iter(super().scan(b"", start, reverse=True)), (b"", b""))[0]
            self.passed += sum(below < key < start for key in self.deleted)
        else:
            above = next(iter(super().scan(end, b"\xff" * 8)), (b"\xff", b""))[0]
            self.passed += sum(end <= key < above for key in self.deleted)


@pytest.fixture(scope="module")
def worn() -> tuple[Workflows, Graveyard, list[str], list[str]]:
    """Two runs that stay, one in the middle, and two hundred that came and went around them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(index_marks, "SPAN_BITS", 3)
        store = Graveyard()
        flows = Workflows(ONE_STEP, engine=Engine(store))
        stay, of_actions = [], []
        for round_number in range(200):
            run_id = flows.start()
            [task] = flows.claim()
            if round_number in (0, 99):
                stay.append(run_id)
                of_actions.append(task.run_id)
            else:
                flows.complete(task)
    assert len(store.deleted) > 400
    return flows, store, stay, of_actions


@pytest.mark.parametrize("order", list(RunOrder))
def test_few_old_runs_are_found_without_a_walk_over_those_that_left(
    worn: tuple[Workflows, Graveyard, list[str], list[str]], order: RunOrder
) -> None:
    flows, store, stay, of_actions = worn
    is_rising = order is RunOrder.OLDEST
    cursor: str | None = None
    found: list[str] = []
    for _ in range(2):  # the second page goes on behind the first
        store.passed = 0
        request = WorkflowListRuns(
            statuses=[WorkflowStatus.RUNNING], limit=1, cursor=cursor, order=order
        )
        page = flows.engine.query(request)
        assert store.passed < 60, "of 400 deletions"
        found += [run.run_id for run in page.items]
        cursor = page.cursor
    assert found == (stay if is_rising else stay[::-1])
    cursor, found = None, []
    for _ in range(2):
        store.passed = 0
        of_action = ActionListRuns(
            "charge", statuses=[RunStatus.RUNNING], limit=1, cursor=cursor, order=order
        )
        listed = flows.engine.query(of_action)
        assert store.passed < 60, "of 400 deletions"
        found += [run.run_id for run in listed.items]
        cursor = listed.cursor
    assert found == (of_actions if is_rising else of_actions[::-1])


def test_marks_in_vain_are_taken_away(
    worn: tuple[Workflows, Graveyard, list[str], list[str]],
) -> None:
    flows = worn[0]
    marks = [key for key in flows.engine.rows() if key[:2] in (b"xb", b"xd")]
    pending = [key for key in marks if key[10] == 1]
    assert len(pending) <= 2 * index_marks.LOOKED_AFTER + 2, "spans that nobody is pending in"


def test_runs_that_a_version_without_marks_made_are_listed_when_this_one_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Back and forth, as in a cluster whose nodes are upgraded one by one."""
    store = MemoryStore()
    made: list[str] = []
    for is_earlier in (False, True, False, True, False):
        engine = Engine(store)
        with monkeypatch.context() as patch:
            if is_earlier:
                patch.setattr(index_marks.Marks, "note", lambda *about: None)
            actions = Actions(engine=engine)
            made += [actions.invoke(b"") for _ in range(20)]
        if is_earlier:
            machine = MACHINE.decode(store.get(MACHINE_KEY))
            bare = msgspec.msgpack.encode((machine.index, machine.time_ms, machine.next_id))
            store.write(Changes({MACHINE_KEY: bare}, []))
    for order in RunOrder:
        page = Engine(store).query(
            ActionListRuns("resize", status=RunStatus.PENDING, limit=1_000, order=order)
        )
        assert sorted(run.run_id for run in page.items) == sorted(made)
