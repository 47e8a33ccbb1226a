"""Leases: who may try, how long a holder goes by one, and answers that got lost."""

from __future__ import annotations

import pytest

from floruntime.server.cluster.board.board import BoardSilentError, Entry
from floruntime.server.cluster.board.lease import HELD_S, LEASE_S, HeldLease, LeaseRow, LeaseWatch
from tests.server.cluster.memory_board import MemoryBoard


class Now:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def held(board: MemoryBoard, now: Now, node: str, term: int = 1, time_ms: int = 1_000) -> HeldLease:
    return HeldLease(board, 1, now, LeaseRow(node, f"run-{node}", term, time_ms))


async def test_a_lease_that_moves_is_taken_by_nobody_and_one_that_stands_still_is() -> None:
    board, now = MemoryBoard(), Now()
    lease, watch = held(board, now, "a"), LeaseWatch(now)
    assert await lease.take(0)
    for _ in range(5):
        watch.see(await board.read("lease.1"))
        assert not watch.may_take("b", 0)
        now.s += 1
        assert await lease.renew(2_000)
    watch.see(await board.read("lease.1"))
    now.s += LEASE_S
    assert not watch.may_take("b", 0)
    now.s += 0.1
    assert watch.may_take("b", 0)
    assert not watch.may_take("b", 1)
    assert not lease.is_good  # long before


async def test_a_lease_of_another_history_with_the_same_revision_is_not_the_one_that_was_seen() -> (
    None
):
    board, now = MemoryBoard(), Now()
    watch = LeaseWatch(now)
    assert await watch.still_stands(board, 1)
    assert await held(board, now, "a").take(0)
    assert not await watch.still_stands(board, 1), "it was there, and nobody had seen it"
    watch.see(await board.read("lease.1"))
    assert await watch.still_stands(board, 1)
    set_back = MemoryBoard()
    assert not await watch.still_stands(set_back, 1)
    assert await held(set_back, now, "b").take(0)
    assert await set_back.read("lease.1") != await board.read("lease.1")
    assert not await watch.still_stands(set_back, 1)


async def test_a_lease_that_another_takes_while_one_looks_stands_no_more() -> None:
    now = Now()

    class SlowBoard(MemoryBoard):
        async def read(self, name: str) -> Entry | None:
            assert await other.take(lease.revision)
            entry = await super().read(name)
            watch.see(entry)
            return entry

    board, watch = SlowBoard(), LeaseWatch(now)
    lease, other = held(board, now, "a"), held(board, now, "b")
    assert await lease.take(0)
    watch.see(await MemoryBoard.read(board, "lease.1"))
    assert not await watch.still_stands(board, 1)
    assert watch.row is not None
    assert watch.row.node == "b"


async def test_the_holder_counts_from_when_it_sent() -> None:
    board, now = MemoryBoard(), Now()
    lease = held(board, now, "a")
    assert await lease.take(0)
    now.s += HELD_S - 0.01
    assert lease.is_good
    now.s += 0.02
    assert not lease.is_good


async def test_time_that_the_answer_takes_is_not_won() -> None:
    now = Now()

    class SlowBoard(MemoryBoard):
        async def write(self, name: str, value: bytes, revision: int | None) -> int:
            now.s += 1.0
            return await super().write(name, value, revision)

    lease = held(SlowBoard(), now, "a")
    assert await lease.take(0)
    now.s += HELD_S - 1.0 - 0.01
    assert lease.is_good
    now.s += 0.02
    assert not lease.is_good


async def test_what_an_earlier_start_of_the_node_wrote_is_not_ones_own() -> None:
    board, now = MemoryBoard(), Now()
    earlier, later = held(board, now, "a"), held(board, now, "a", 2)
    later.row = LeaseRow("a", "another run", 2, 1_000)
    assert await earlier.take(0)
    assert await later.take(earlier.revision)
    assert not await earlier.renew(2_000)
    assert earlier.is_over


async def test_of_two_who_try_one_gets_it_and_the_other_hears_of_it() -> None:
    board, now = MemoryBoard(), Now()
    first, second = held(board, now, "a"), held(board, now, "b")
    assert await first.take(0)
    assert not await second.take(0)
    assert second.is_over
    other = held(board, now, "b", 2)
    assert await other.take(first.revision)
    assert not await first.renew(2_000)
    assert first.is_over


async def test_a_renewal_whose_answer_was_lost_is_known_as_ones_own() -> None:
    board, now = MemoryBoard(), Now()
    lease = held(board, now, "a")
    assert await lease.take(0)
    board.is_mute = True
    with pytest.raises(BoardSilentError):
        await lease.renew(2_000)
    board.is_mute = False
    assert await lease.renew(3_000)  # finds its own
    assert await lease.renew(4_000)
    assert not lease.is_over


async def test_time_goes_on_from_what_a_living_holder_told_whatever_ones_own_clock() -> None:
    board, now = MemoryBoard(), Now()
    lease, watch = held(board, now, "a"), LeaseWatch(now)
    assert await lease.take(0)
    watch.see(await board.read("lease.1"))
    assert watch.time_ms() is None  # it may have been written long ago
    assert await lease.renew(5_000)
    watch.see(await board.read("lease.1"))
    now.s += 2.5
    assert watch.time_ms() == 7_500


async def test_one_who_took_it_and_knows_no_time_yet_tells_none() -> None:
    """A cluster is new, and who leads first ends before its term begins: the next one must not
    begin in 1970.
    """
    board, now = MemoryBoard(), Now()
    watch, later = LeaseWatch(now), LeaseWatch(now)
    watch.see(None)
    assert await held(board, now, "a", time_ms=0).take(0)
    watch.see(await board.read("lease.1"))
    assert watch.time_ms() is None
    lease = held(board, now, "b", time_ms=0)
    assert await lease.take(1)
    assert await lease.renew(5_000)
    watch.see(await board.read("lease.1"))
    now.s += 2.0
    assert await held(board, now, "c", time_ms=0).take(3)
    watch.see(await board.read("lease.1"))
    later.see(await board.read("lease.1"))
    assert (watch.time_ms(), later.time_ms()) == (7_000, None), "as the one before told"


async def test_what_is_handed_on_is_taken_at_once() -> None:
    board, now = MemoryBoard(), Now()
    lease, watch = held(board, now, "a"), LeaseWatch(now)
    assert await lease.take(0)
    assert await lease.renew(5_000, handed_to="b")
    watch.see(await board.read("lease.1"))
    assert watch.may_take("b", 0)
    assert not watch.may_take("c", 0)


def test_what_nobody_ever_held_is_taken_in_the_order_of_its_keepers() -> None:
    now = Now()
    watch = LeaseWatch(now)
    now.s += 0.1
    assert watch.may_take("a", 0)
    assert not watch.may_take("b", 0.3)


async def test_a_copy_is_as_old_as_the_renewal_that_it_has_caught_up_with() -> None:
    board, now = MemoryBoard(), Now()
    lease, watch = held(board, now, "a"), LeaseWatch(now)
    assert await lease.take(0)
    watch.see(await board.read("lease.1"))
    assert watch.staleness_ms(100) is None  # nobody said how far the log had come
    for sequence in (10, 20):
        now.s += 1
        assert await lease.renew(2_000, sequence=sequence)
        watch.see(await board.read("lease.1"))
    now.s += 0.5
    assert watch.staleness_ms(9) is None
    assert watch.staleness_ms(10) == watch.staleness_ms(19) == 1_500
    assert watch.staleness_ms(20) == 500
