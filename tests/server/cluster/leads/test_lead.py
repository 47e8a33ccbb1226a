"""What a leader remembers of clients, for as long as any node has a connection of theirs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.kv import KvPut
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.system import write_memory
from floruntime.server.cluster.board.lease import HeldLease, LeaseRow
from floruntime.server.cluster.copies.replica import Replica
from floruntime.server.cluster.leads import lead as lead_module
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.leads.publishing import OvertakenError
from floruntime.server.cluster.log.message import decode_message
from tests.server.cluster.memory_board import MemoryBoard
from tests.server.cluster.memory_log import MemoryLog
from tests.until import until


class Caller:
    client, is_closed, spans = "client", False, None

    def note_of(self, namespace: str, command: Any) -> None: ...
    def owe(self, request_id: int, answer_bytes: int) -> None: ...
    def add_answer(self, request_id: int, result: Any, error: Any) -> None: ...
    def flush(self) -> None: ...


async def leading(log: MemoryLog, term: int = 1) -> Lead:
    lease = HeldLease(MemoryBoard(), 1, time.monotonic, LeaseRow("a", "run", term, 0))
    assert await lease.take(0)
    replica = Replica(1, MemoryStore(), log)
    lead = Lead(
        replica, lease, lambda lead, error: None, lambda lead: None, value_bytes_max=1_000_000
    )
    await lead.begin()
    return lead


async def test_a_client_is_remembered_until_nobody_has_told_of_it_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead = await leading(MemoryLog())
    lead.submit(Caller(), 1, "default", 1, KvPut("k", b"v"))
    await lead.commit.settle()
    lead._forget_clients()
    await lead.commit.settle()
    assert write_memory.known(lead.commit.queries.view()) == ["client"]
    lead.hear_of(["client", "another"])
    monkeypatch.setattr(lead_module, "SESSION_KEPT_S", -1)
    lead._forget_clients()
    await lead.commit.settle()
    assert write_memory.known(lead.commit.queries.view()) == []
    lead.end(OvertakenError("the test is over"))


async def test_each_leader_has_a_term_above_all_before() -> None:
    log = MemoryLog()
    for _ in range(3):  # none of them has seen more of the lease than the first
        lead = await leading(log)
        lead.end(OvertakenError("the next one"))
    heads = [decode_message(body).head for body in log.bodies]
    assert [head.term for head in heads if head.is_term] == [1, 2, 3]


async def test_nobody_waits_for_room_in_a_batch_of_a_leader_that_is_over() -> None:
    lead = await leading(MemoryLog())
    told: list[bool] = []
    lead.fill.on_room = lambda: told.append(lead.fill.is_full)
    lead.fill.add(1, 1.0)
    assert lead.fill.is_full
    lead.end(OvertakenError("the test is over"))
    assert told == [False]


async def test_its_batches_are_bounded_by_what_floods_do_in_them() -> None:
    lead = await leading(MemoryLog())
    lead.submit(Caller(), 1, "default", 0, KvPut("k", b"v"))
    lead.fill.add(1, 1.0)
    told: list[bool] = []
    lead.fill.on_room = lambda: told.append(lead.fill.is_full)
    await lead.commit.settle()
    assert told == [False], "the batch went, and the next has room"
    lead.end(OvertakenError("the test is over"))


async def test_it_is_behind_a_copy_that_has_read_a_batch_which_it_has_not_heard_of() -> None:
    log = MemoryLog()
    lead = await leading(log)
    lead.submit(Caller(), 1, "default", 0, KvPut("k", b"v"))
    await lead.commit.settle()
    reach = lead.replica.position.reach
    assert not any(lead.is_behind(seen) for seen in range(reach + 2))
    log.hold()
    lead.submit(Caller(), 2, "default", 0, KvPut("k", b"w"))
    await until(lambda: log.under_way)
    assert [lead.is_behind(reach + more) for more in range(3)] == [False, True, False]
    log.resume()
    await lead.commit.settle()
    assert not lead.is_behind(reach + 1)
    lead.end(OvertakenError("the test is over"))


@pytest.mark.parametrize("name", ["_system", "no such name"])
async def test_a_client_is_remembered_whatever_namespace_its_first_write_names(name: str) -> None:
    lead = await leading(MemoryLog())
    caller = Heard()
    lead.submit(caller, 1, name, 1, KvPut("k", b"v"))
    lead.submit(caller, 2, "default", 2, KvPut("k", b"v"))
    await lead.commit.settle()
    first, second = caller.errors
    assert isinstance(first, BadRequestError)
    assert "namespace" in first.message
    assert second is None
    lead.end(OvertakenError("the test is over"))


class Heard(Caller):
    """It keeps what it is told."""

    def __init__(self) -> None:
        self.errors: list[Any] = []

    def add_answer(self, request_id: int, result: Any, error: Any, told: Any = None) -> None:
        self.errors.append(error)
