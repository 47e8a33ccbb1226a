"""No rule looks back for a row where the store has none.

RocksDB would walk over everything that was ever deleted before that place, so each run of a kind
would cost more than the one before.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core.action import ActionListRuns, ActionRun, RunStatus
from floruntime.core.workflow import WorkflowStatus
from floruntime.engine.action.run_rows import ACTION_RUN_BY_STATUS
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.workflow.runs.compensation_rows import UNDO
from floruntime.engine.workflow.runs.rows import WORKFLOW_RUN_BY_STATUS
from tests.engine.harness import Engine
from tests.engine.queue.calls import Jobs
from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

EACH = flow("""
compensation: always
start:
  forEach:
    items: $.input
    run: "@actions/work"
    inputMapping: $.item
    compensate: {run: "@actions/undo", inputMapping: $.item}
  transitions: {success: end, failure: flo.Failed}
steps:
  end: {run: "@actions/end", transitions: {success: flo.Completed, failure: flo.Failed}}
""")


BY_STATUS = (WORKFLOW_RUN_BY_STATUS.tag, ACTION_RUN_BY_STATUS.tag)


class Watched(MemoryStore):
    """Keeps the spans that were looked back over, and those in which there was nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[tuple[bytes, bytes]] = []
        self.in_vain: list[tuple[bytes, bytes]] = []
        #: Where a scan of an index by status began, and how often one came to the end of its span.
        self.starts: list[bytes] = []
        self.run_out = 0

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        if reverse:
            self.looked.append((start, end))
            if next(iter(super().scan(start, end)), None) is None:
                self.in_vain.append((start, end))
        rows = super().scan(start, end, reverse=reverse)
        if start[:2] not in BY_STATUS:
            return rows
        self.starts.append(start)
        return self._run_out_of(rows)

    def _run_out_of(self, rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        yield from rows
        self.run_out += 1


def test_items_and_what_undoes_them() -> None:
    store = Watched()
    flows = Workflows(EACH, actions=("work", "undo", "end"), engine=Engine(store))
    for _ in range(2):
        run_id = flows.start([1, 2, 3])
        for task in flows.claim("work"):
            flows.complete(task)
        flows.break_down("end")
        for _ in range(3):
            flows.do("undo")
        assert flows.status(run_id) == "failed"
    assert store.in_vain == []
    undone = [span for span in store.looked if span[0].startswith(UNDO.tag)]
    assert undone
    assert len(set(undone)) >= 6, "each looks behind what was undone last, not over it"


def test_a_run_that_has_nothing_to_undo() -> None:
    store = Watched()
    flows = Workflows(EACH, actions=("work", "undo", "end"), engine=Engine(store))
    run_id = flows.start([1])
    flows.break_down("work")
    assert flows.status(run_id) == "failed"
    assert store.in_vain == []


def test_an_ack_of_a_lease_that_is_forgotten() -> None:
    store = Watched()
    jobs = Jobs(Engine(store))
    jobs.put(b"a")
    message = jobs.take_one()
    jobs.ack(message)
    jobs.engine.advance(600_000)
    assert jobs.ack(message).stale == [message.seq]
    assert store.in_vain == []


# Lists by status: of runs that left a status deletions lie around those that have it


def listed(flows: Workflows, *statuses: str) -> tuple[list[str], list[ActionRun]]:
    """The workflow's runs, and its action's, that have one of these statuses."""
    request = ActionListRuns("charge", statuses=[RunStatus(status) for status in statuses])
    wanted = [WorkflowStatus(status) for status in statuses]
    return flows.runs(statuses=wanted), flows.ask(request).items


def test_statuses_that_no_run_has() -> None:
    store = Watched()
    flows = Workflows(ONE_STEP, engine=Engine(store))
    flows.start()
    flows.do()
    store.starts.clear()
    assert listed(flows, "pending", "running", "failed", "cancelled") == ([], [])
    assert store.starts == []


def test_runs_that_left_a_status() -> None:
    store = Watched()
    flows = Workflows(ONE_STEP, engine=Engine(store))
    before: list[bytes] = []
    for _ in range(3):
        run_ids = [flows.start() for _ in range(4)]
        first, *others = flows.claim()
        for task in others:
            flows.complete(task)
        store.starts.clear()
        store.run_out = 0
        runs, [run] = listed(flows, "running")
        assert (runs, run.run_id) == (run_ids[:1], first.run_id)
        assert len(store.starts) == 2
        assert store.run_out == 0, "nobody looks on behind the last one"
        assert all(start > earlier for start, earlier in zip(store.starts, before, strict=False))
        before, store.starts = store.starts, []
        flows.complete(first)
    assert not any(start[:2] in BY_STATUS for start, _ in store.looked), "nor back for one alone"
