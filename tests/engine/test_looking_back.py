"""No rule looks back for a row where the store has none.

RocksDB would walk over everything that was ever deleted before that place, so each run of a kind
would cost more than the one before.
"""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.workflow.runs.compensation_rows import UNDO
from tests.engine.harness import Engine
from tests.engine.queue.calls import Jobs
from tests.engine.workflow.calls import Workflows, flow

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


class Watched(MemoryStore):
    """Keeps the spans that were looked back over, and those in which there was nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[tuple[bytes, bytes]] = []
        self.in_vain: list[tuple[bytes, bytes]] = []

    def scan(
        self, start: bytes, end: bytes, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        if reverse:
            self.looked.append((start, end))
            if next(iter(super().scan(start, end)), None) is None:
                self.in_vain.append((start, end))
        return super().scan(start, end, reverse=reverse)


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
