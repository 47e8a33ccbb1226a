"""A leader's journal: what is in the log, and falling back to what was acknowledged last."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from floruntime.core.kv import KvGet, KvIncr
from floruntime.engine.machine import Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store import Changes
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.clock import ManualClock
from floruntime.server.cluster.leads import publishing
from floruntime.server.cluster.leads.log_journal import LogJournal
from floruntime.server.cluster.leads.publishing import OvertakenError
from floruntime.server.cluster.log.message import (
    CHAIN_START,
    HEADER_BYTES,
    Position,
    chained,
    decode_changes,
    decode_message,
)
from floruntime.server.cluster.log.position import position_in
from floruntime.server.commit.commit import Commit
from tests.server.cluster.memory_log import MemoryLog
from tests.server.commit.commit_rig import FakeCaller
from tests.until import until


class Leader:
    """One that leads a partition, on a log that a test shares out."""

    def __init__(self, log: MemoryLog, store: MemoryStore, term: int, clock: ManualClock) -> None:
        position = position_in(store)
        self.store = store
        self.leads = True
        self.lost: list[BaseException] = []
        self.journal = LogJournal(
            store,
            log,
            Position(position.sequence, term, position.chain, node=f"n{term}"),
            may_go_on=lambda: self.leads,
        )
        machine = Machine(self.journal.applied, RULES)
        self.commit = Commit(machine, self.journal, clock, on_fatal=self.lost.append)
        self.client = FakeCaller(self.commit, "me")

    def incr(self) -> int:
        return self.client.send(KvIncr("n"))

    def got(self) -> Any:
        return self.client.result(self.client.send(KvGet("n")))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "AGAIN_S", 0)


async def test_a_refused_batch_and_what_collected_on_top_are_dropped() -> None:
    log, clock = MemoryLog(), ManualClock()
    leader = Leader(log, MemoryStore(), 1, clock)
    first = leader.incr()
    await leader.commit.settle()
    assert leader.client.result(first) == 1
    log.hold()
    second = leader.incr()
    await until(lambda: log.under_way)
    third = leader.incr()
    log.land(b"another leader's", 1)
    log.resume()
    await until(lambda: leader.lost)
    assert isinstance(leader.lost[0], OvertakenError)
    assert not leader.client.is_answered(second)
    assert not leader.client.is_answered(third)
    assert leader.got() == b"1"
    assert position_in(leader.store).sequence == 1


async def test_the_next_leader_goes_on_from_what_was_acknowledged_whatever_its_clock() -> None:
    log = MemoryLog()
    first = Leader(log, MemoryStore(), 1, ManualClock())
    first.incr()
    await first.commit.settle()
    log.hold()
    first.incr()
    await until(lambda: log.under_way)
    first.leads = False
    behind = ManualClock(start_ms=1).from_floor(1_700_000_000_000)
    second = Leader(log, first.store, 2, behind)
    log.resume()
    again = second.incr()
    await until(lambda: first.lost or second.lost)
    if first.lost:
        await second.commit.settle()
        assert second.client.result(again) == 2
    assert len(log.bodies) == 2  # one of the two is in the log, whoever came first


async def test_an_acknowledgement_that_was_lost_is_no_loss() -> None:
    log = MemoryLog()
    leader = Leader(log, MemoryStore(), 1, ManualClock())
    log.silent_appends = 3
    sent = leader.incr()
    await leader.commit.settle()
    assert leader.client.result(sent) == 1
    assert len(log.bodies) == 1
    assert not leader.lost


async def test_a_large_batch_goes_in_parts_that_are_chained() -> None:
    log = MemoryLog()
    log.message_bytes_max = HEADER_BYTES + 1_000
    store = MemoryStore()
    journal = LogJournal(store, log, Position(term=3, node="a"), may_go_on=lambda: True)
    told: list[int] = []
    journal.begin(lambda: told.append(1), lambda error: told.append(0))
    changes = Changes({b"k%d" % n: bytes(500) for n in range(5)} | {b"gone": None}, [(b"a", b"b")])
    assert not journal.append(changes, 7, 1)
    await until(lambda: told)
    assert told == [1]
    messages = [decode_message(body) for body in log.bodies]
    chain = CHAIN_START
    for number, message in enumerate(messages):
        assert (message.head.part, message.head.parts) == (number, len(messages))
        chain = chained(chain, message.head, message.content)
        assert message.chain == chain
    assert decode_changes(b"".join(message.content for message in messages)) == changes
    assert all(len(body) <= log.message_bytes_max for body in log.bodies)
    assert position_in(store) == Position(len(messages), 3, chain, 0, node="a")


async def test_it_tells_of_how_many_messages_it_has_not_heard_yet_whether_they_are_there() -> None:
    log = MemoryLog()
    log.message_bytes_max = HEADER_BYTES + 150
    leader = Leader(log, MemoryStore(), 1, ManualClock())
    assert leader.journal.under_way == 0
    log.hold()
    leader.incr()
    await until(lambda: log.under_way)
    under_way = leader.journal.under_way
    assert under_way > 1
    log.resume()
    await leader.commit.settle()
    assert (leader.journal.under_way, leader.journal.position.sequence) == (0, under_way)


async def test_it_tells_how_long_it_works_for_a_batch_beside_taking_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    leader = Leader(MemoryLog(), MemoryStore(), 1, ManualClock())
    for _ in range(2):
        leader.incr()
        await leader.commit.settle()
        assert leader.journal.beside_s == 2, "once to make the message, once to write the rows"
