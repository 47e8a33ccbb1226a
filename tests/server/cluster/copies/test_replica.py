"""Following a log: whole batches only, in order, and nothing that does not belong there."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from floruntime.engine.store import Changes
from floruntime.engine.store.memory import MemoryStore
from floruntime.server.cluster.copies import replica as replica_module
from floruntime.server.cluster.copies.replica import Replica, TooFarBehindError
from floruntime.server.cluster.leads.log_journal import LogJournal
from floruntime.server.cluster.log.log import Stored
from floruntime.server.cluster.log.message import (
    HEADER_BYTES,
    HISTORY_SEQUENCES,
    DamagedLogError,
    Head,
    Message,
    Position,
    chained,
    decode_message,
    encode_message,
)
from floruntime.server.cluster.log.position import position_in
from tests.server.cluster.memory_log import MemoryLog
from tests.until import until

END = b"cl"


class Writer:
    """A leader that writes rows as it is told."""

    def __init__(self, log: MemoryLog, position: Position | None = None) -> None:
        self.store = MemoryStore()
        self._journal = LogJournal(
            self.store, log, position or Position(term=1, node="a"), may_go_on=lambda: True
        )
        self._done = 0
        self._journal.begin(self._count, self._fail)

    def _count(self) -> None:
        self._done += 1

    def _fail(self, error: BaseException) -> None:
        raise AssertionError(error)

    async def write(self, *cleared: tuple[bytes, bytes], **rows: bytes | None) -> None:
        before = self._done
        changes = Changes({key.encode(): value for key, value in rows.items()}, list(cleared))
        self._journal.append(changes, 1, 0)
        await until(lambda: self._done > before)


def follower(log: Any, store: MemoryStore | None = None) -> Replica:
    return Replica(1, store or MemoryStore(), log)


def rows(replica: Replica) -> dict[bytes, bytes]:
    return dict(replica.store.scan(b"", END))


async def test_a_follower_has_what_the_leader_has() -> None:
    log = MemoryLog()
    leader, replica = Writer(log), follower(log)
    await leader.write(a=b"1", b=b"2")
    await leader.write((b"a", b"b"), c=b"3")
    await replica.read_on()
    assert rows(replica) == {b"b": b"2", b"c": b"3"} == dict(leader.store.scan(b"", END))
    assert position_in(replica.store) == position_in(leader.store)
    again = follower(log, replica.store)  # type: ignore[arg-type]  # it is one in memory
    await leader.write(d=b"4")
    await again.read_on()
    assert again.position.sequence == 3


async def test_much_that_is_read_together_is_taken_in_slices() -> None:
    """Others are heard between them: a gateway follows what its clients flood another node with."""
    log = MemoryLog()
    leader, replica = Writer(log), follower(log)
    size_bytes = replica_module.TAKEN_BYTES * 2 // 5
    for key in "abcdefgh":
        await leader.write(**{key: bytes(size_bytes)})
    reading = asyncio.ensure_future(replica.read_on())
    taken = [0]
    while not reading.done():
        await asyncio.sleep(0)
        taken.append(replica.position.sequence)
    steps = [later - before for before, later in itertools.pairwise(taken)]
    assert max(steps) == 2
    assert sum(steps) == 8
    assert rows(replica) == dict(leader.store.scan(b"", END))


async def test_nothing_more_is_taken_of_what_was_read_once_this_node_leads() -> None:
    log = MemoryLog()
    leader, replica = Writer(log), follower(log)
    for key in "abcd":
        await leader.write(**{key: bytes(replica_module.TAKEN_BYTES)})
    reading = asyncio.ensure_future(replica.read_on())
    await until(lambda: replica.position.sequence == 1)
    replica.is_held = True
    await reading
    assert replica.position.sequence == 1
    await replica.read_on(leads=True)
    assert replica.position.sequence == 4


async def test_parts_count_once_the_last_is_there_and_never_before_another_term() -> None:
    log = MemoryLog()
    log.message_bytes_max = HEADER_BYTES + 100
    leader, replica = Writer(log), follower(log)
    await leader.write(a=bytes(250))
    whole = list(log.bodies)
    del log.bodies[-1]
    await replica.read_on()
    assert rows(replica) == {}
    assert replica.position.sequence == 0
    sequence, chain = replica.end
    head = Head(2, 0, 0, "b")
    term = chained(chain, head, b"")
    log.bodies.append(encode_message(Message(head, term, b"")))
    await replica.read_on()
    assert (rows(replica), replica.position.term) == ({}, 2)
    assert replica.position.sequence == sequence + 1 == len(whole)


async def test_a_log_that_went_another_way_is_refused() -> None:
    log, other = MemoryLog(), MemoryLog()
    await Writer(log).write(a=b"1")
    await Writer(other).write(a=b"2")
    await Writer(other, Position(1, 1, decode_message(other.bodies[0]).chain)).write(a=b"3")
    replica = follower(log)
    await replica.read_on()
    with pytest.raises(DamagedLogError, match="does not follow"):
        await follower(other, replica.store).read_on()  # type: ignore[arg-type]  # as above


async def test_a_log_whose_beginning_is_gone_is_said() -> None:
    log = MemoryLog()
    leader = Writer(log)
    for number in range(3):
        await leader.write(a=b"%d" % number)
    await log.trim(2)
    with pytest.raises(TooFarBehindError, match="begins at message 3"):
        await follower(log).read_on()


async def test_a_store_that_is_ahead_of_its_log_follows_no_further(
    monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    monkeypatch.setattr(replica_module, "LOOK_S", 0.001)
    log = MemoryLog()
    leader = Writer(log)
    await leader.write(a=b"1")
    await leader.write(a=b"2")
    log.bodies.pop()
    replica = follower(log, leader.store)
    replica.start()
    await until(lambda: "NATS was set back" in replica.trouble)
    assert not replica.may_be_read
    assert not replica.is_loading, "its store is open: the node may start"
    await replica.stop()


async def test_a_store_that_has_another_message_at_its_place_follows_no_further() -> None:
    """The log was set back, and another node has gone on in it as far as this one had come."""
    log, other = MemoryLog(), MemoryLog()
    ahead = Writer(log)
    await ahead.write(a=b"lost")
    await Writer(other).write(a=b"on")
    with pytest.raises(DamagedLogError, match="message 1 of the log differs"):
        await follower(other, ahead.store).check_reach()
    other.trimmed = 1
    await follower(other, ahead.store).check_reach()  # what is dropped cannot be compared


async def test_a_copy_that_is_behind_what_others_told_of_follows_no_log_that_was_set_back(
    monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    """It, or an empty one, could lead what is left of the log, and nobody would miss the rest."""
    monkeypatch.setattr(replica_module, "LOOK_S", 0.001)
    log, told = MemoryLog(), [3]
    leader = Writer(log)
    await leader.write(a=b"1")
    await leader.write(a=b"2")
    replica = Replica(1, MemoryStore(), log, told_reach=lambda: told[0])
    replica.start()
    await until(lambda: "another node has message 3" in replica.trouble)
    assert not replica.may_be_read
    told[0] += HISTORY_SEQUENCES  # it goes on as a new history, which this copy will be given
    await until(lambda: replica.may_be_read)
    await leader.write(a=b"3")
    told[0] = 3
    await until(lambda: replica.position.sequence == 3)
    assert not replica.trouble
    await replica.stop()


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Changes] = []

    def write(self, changes: Changes) -> None:
        self.writes.append(changes)
        super().write(changes)


async def test_batches_of_one_read_are_written_at_once() -> None:
    log = MemoryLog()
    leader, store = Writer(log), CountingStore()
    for number in range(3):
        await leader.write(a=b"%d" % number, b=None if number else b"0")
    await follower(log, store).read_on()
    assert len(store.writes) == 1
    assert position_in(store) == position_in(leader.store)
    assert dict(store.scan(b"", END)) == {b"a": b"2"}


async def test_ranges_that_a_later_batch_clears_take_what_came_before_with_them() -> None:
    log = MemoryLog()
    leader, store = Writer(log), CountingStore()
    await leader.write(a=b"1", b=b"1", c=b"1")
    await leader.write((b"a", b"c"), b=b"2")
    await leader.write(aa=b"3")
    await follower(log, store).read_on()
    assert dict(store.scan(b"", END)) == {b"b": b"2", b"c": b"1", b"aa": b"3"}
    assert len(store.writes) == 2


async def test_what_comes_before_damage_is_taken() -> None:
    log = MemoryLog()
    leader, replica = Writer(log), follower(log)
    await leader.write(a=b"1")
    await leader.write(a=b"2")
    log.bodies[1] = log.bodies[1][:-1] + b"?"
    with pytest.raises(DamagedLogError):
        await replica.read_on()
    assert rows(replica) == {b"a": b"1"}
    assert replica.position == position_in(replica.store)
    assert replica.position.sequence == 1


async def test_what_was_told_of_is_read_at_once_and_asked_for_no_more() -> None:
    reads = 0

    class CountingLog(MemoryLog):
        async def after(self, sequence: int) -> list[Stored]:
            nonlocal reads
            reads += 1
            return await super().after(sequence)

    log = CountingLog()
    leader, replica = Writer(log), follower(log)
    await leader.write(a=b"1")
    await replica.read_on(up_to=1)
    assert (replica.position.sequence, reads) == (1, 1)
    await leader.write(a=b"2")
    await replica.read_on()
    assert (replica.position.sequence, reads) == (2, 3)  # until there is no more


async def test_while_this_node_leads_nobody_else_writes_into_the_store() -> None:
    log = MemoryLog()
    leader, replica = Writer(log), follower(log)
    await leader.write(a=b"1")
    replica.is_held = True
    await replica.read_on()
    assert rows(replica) == {}
    await replica.read_on(leads=True)
    assert rows(replica) == {b"a": b"1"}
