"""Time made into commands."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from floruntime.core import limits
from floruntime.core.kv import KvChanges, KvChangesReply, KvPut, PutResult
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.system import TIMERS_PER_TICK_MAX
from floruntime.engine.machine import Machine, Outcome
from floruntime.engine.rules import RULES
from floruntime.engine.system.timers import KV_EXPIRY
from floruntime.server.clock import ManualClock
from floruntime.server.commit.ticker import FAILED_TIMER_MS, Ticker
from tests.server.commit.commit_rig import CommitRig


async def test_expiry_needs_no_request(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"", ttl_ms=100))
    await rig.settle()
    watch = client.send(KvChanges("k", block_ms=10_000))
    await rig.advance(100)
    [change] = client.result(watch).changes
    assert change.deleted


async def test_what_is_due_happens_before_a_command_that_comes_later(rig: CommitRig) -> None:
    """Even where the clock's call has not come yet."""
    client = rig.client("a")
    client.send(QueueEnqueue("q", [b"late"], delay_ms=1_000))
    await rig.settle()
    rig.clock.from_floor(rig.clock.now_ms() + 1_000)
    asked = client.send(QueueDequeue("q"))
    await rig.settle()
    assert [message.payload for message in client.result(asked).messages] == [b"late"]


async def test_more_than_one_tick_holds_is_done_in_several(rig: CommitRig) -> None:
    client = rig.client("me")
    for number in range(TIMERS_PER_TICK_MAX + 10):
        client.send(KvPut(f"k{number}", b"", ttl_ms=100))
    await rig.advance(100)
    version = client.result(client.send(KvChanges("k"))).version
    assert version == 2 * (TIMERS_PER_TICK_MAX + 10)


async def test_a_slow_tick_does_not_turn_command_time_back(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = rig.client("me")
    client.send(KvPut("k", b"", ttl_ms=100))
    await rig.settle()
    times = iter(range(1, 10**6))
    start_ms = rig.clock.now_ms() + 100
    monkeypatch.setattr(rig.clock, "now_ms", lambda: start_ms + next(times))
    put = client.send(KvPut("k", b"later"))
    await rig.settle()
    assert client.result(put) == PutResult(3)


async def test_a_timer_that_fails_is_fired_again_later_and_holds_up_no_other(
    rig: CommitRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = RULES.timers[KV_EXPIRY]
    failed: list[int] = []

    def fail_first(tx: Any, due_ms: int, *timer: Any) -> None:
        if due_ms == first_due_ms:
            failed.append(tx.now_ms - due_ms)
            raise ZeroDivisionError("a bug")
        handler(tx, due_ms, *timer)

    client = rig.client("me")
    first_due_ms = rig.clock.now_ms() + 100
    client.send(KvPut("a", b"", ttl_ms=100))
    client.send(KvPut("b", b"", ttl_ms=101))
    client.send(KvPut("c", b"", ttl_ms=50_000))
    await rig.settle()
    logging.disable(logging.CRITICAL)
    with monkeypatch.context() as patched:
        patched.setitem(cast(Any, RULES.timers), KV_EXPIRY, fail_first)
        await rig.advance(101)
        put = client.send(KvPut("other", b""))
        await rig.settle()
        assert client.result(put) == PutResult(5)
        assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b"]
        await rig.advance(50_000)
        assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b", "c"]
        assert len(failed) == 2  # in the tick of all, and in one of its own
    logging.disable(logging.NOTSET)
    await rig.advance(FAILED_TIMER_MS)
    assert deleted(client.result(client.send(KvChanges("", True, 0)))) == ["b", "c", "a"]


def deleted(reply: KvChangesReply) -> list[str]:
    return [change.key for change in reply.changes if change.deleted]


async def test_a_stopped_commit_ticks_no_more(rig: CommitRig) -> None:
    client = rig.client("me")
    client.send(QueueEnqueue("q", [b"x"]))
    client.send(QueueDequeue("q", visibility_timeout_ms=100))
    await rig.commit.stop()
    appended = rig.journal.appended
    while rig.clock.run_next(rig.clock.now_ms() + 10**9):
        pass
    await rig.turns()
    assert rig.journal.appended == appended


class FarLooks:
    """A machine that nothing ever happens to, and how far it was looked into."""

    def __init__(self) -> None:
        self.index = 0
        self.looks_ms: list[int] = []

    def first_due(self, until_ms: int) -> None:
        self.looks_ms.append(until_ms)

    def take_earliest_set_ms(self) -> int:
        return 0


class NearClock(ManualClock):
    horizon_ms = 1_000


def test_an_idle_server_looks_further_each_time_until_nothing_wakes_it() -> None:
    machine, clock = FarLooks(), NearClock()
    ticker = Ticker(cast(Machine, machine), clock, lambda command: Outcome(None), lambda: None)
    ticker.tick_if_due()
    start_ms, looks = clock.now_ms(), 0
    while clock.run_next(start_ms + 5 * 365 * 86_400_000):
        looks += 1
    assert looks < 20
    machine.index += 1_000
    clock.run_next(clock.now_ms() + limits.DURATION_MS_MAX)
    assert ticker.next_ms == clock.now_ms() + clock.horizon_ms, "much has happened"
