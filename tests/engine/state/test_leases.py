"""The rules of leases, which queues, groups and actions go by."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.engine.queue.deliveries import MEMORY as MEMORY_OF_QUEUES
from floruntime.engine.queue.rows import Phase, StateRow
from floruntime.engine.state.leases import MEMORY, Lease, Told, extended, is_stale
from floruntime.engine.stream.group.rows import PendingRecordRow, Standing


def test_a_lease_stands_until_its_deadline_and_is_out_until_it_is_taken_back() -> None:
    lease = Lease(7, 100)
    assert lease.stands(99)
    assert lease.stands_as(7, 99)
    assert not lease.stands_as(6, 99)
    assert not lease.stands(100)
    assert lease.is_out_as(7), "it ran out, and nobody has taken it back yet"
    assert not lease.is_out_as(6)
    assert not Lease(7, 0).is_out_as(7)


def test_another_lease_is_stale_and_an_operator_is_believed() -> None:
    assert is_stale(6, 7)
    assert not is_stale(7, 7)
    assert not is_stale(0, 7)
    assert not Lease(7, 100).stands_as(0, 1), "but holds nothing"


def test_a_touch_lengthens_and_never_shortens_a_lease_nor_passes_the_end_of_all() -> None:
    assert extended(0, 1_000, 30) == 1_030
    assert extended(1_500, 1_000, 30) == 1_500
    assert extended(1_010, 1_000, 30) == 1_030
    assert extended(1_010, 1_000, 30, latest_ms=1_020) == 1_020


def test_an_end_is_remembered_for_five_minutes() -> None:
    assert MEMORY.has(1_000, 1_000 + limits.SETTLED_MS - 1)
    assert not MEMORY.has(1_000, 1_000 + limits.SETTLED_MS)
    assert MEMORY.ends_ms(1_000) == 1_000 + limits.SETTLED_MS
    assert MEMORY_OF_QUEUES.has(1_000, 1_000 + limits.SETTLED_MS)


def test_what_is_told_keeps_its_order() -> None:
    told = Told[int]()
    for item, is_done in ((1, True), (2, False), (3, True)):
        told.add(item, is_done)
    assert (told.done, told.stale) == ([1, 3], [2])


def test_each_primitive_tells_its_leases_from_its_rows() -> None:
    assert StateRow(Phase.LEASED, 0, 0, 1, 7, 7, 500).held == Lease(7, 500)
    assert StateRow(Phase.READY, 0, 0, 1, 7, 7, 500).held == Lease(7, 0)
    held = PendingRecordRow("c", 7, 1, 0, 0, 500, Standing.HELD, 7, 1)
    assert held.held == Lease(7, 500)
    nacked = PendingRecordRow("c", 7, 1, 0, 0, 500, Standing.NACKED, 7, 1)
    assert nacked.held == Lease(7, 0)
