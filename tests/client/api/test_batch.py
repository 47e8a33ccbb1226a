"""Batches: what is sent, when, and what the results become."""

from __future__ import annotations

import contextlib
import inspect
from typing import Any, get_args

import pytest

from floruntime.client.api.batch import Batch
from floruntime.core import kv, limits, system, wire
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.queue import Message, QueueAck
from floruntime.core.stream import (
    AppendResult,
    GroupAck,
    GroupAckResult,
    ReadResult,
    StreamID,
    StreamRecord,
)
from floruntime.core.types import AckResult
from floruntime.core.worker import Task
from tests.client.fake_server import FakeServer
from tests.client.recorder import Asked, RecordingCaller
from tests.client.test_client import client_of
from tests.client.virtual_time import virtual


def appended(number: int) -> AppendResult:
    return AppendResult(StreamID(number, 0), number, 0, number)


async def test_it_is_sent_as_one_command_when_the_block_ends() -> None:
    caller = RecordingCaller([True, kv.PutResult(7), None])
    async with Batch(caller, namespace="n") as b:
        b.kv.delete("a")
        b.kv.put("b", "2", cas_version=6)
        b.kv.check("c", version=3)
        assert not caller.asked
    commands = [kv.KvDelete("a"), kv.KvPut("b", b"2", None, 6), kv.KvCheck("c", 3)]
    assert caller.asked == [Asked(system.Batch(commands), "n", 0)]  # type: ignore[arg-type]  # any commands
    assert b.results == [True, kv.PutResult(7), None]


async def test_results_are_what_the_live_calls_return() -> None:
    caller = RecordingCaller([[5], [6, 7], [8], [appended(1)], [appended(2), appended(3)]])
    async with Batch(caller) as b:
        b.queue.enqueue("q", b"")
        b.queue.enqueue_many("q", [b"", b""])
        b.queue.enqueue_many("q", [b""])
        b.stream.append("s", b"")
        b.streams.append_many("s", [b"", b""])
    assert b.results == [5, [6, 7], [8], appended(1), [appended(2), appended(3)]]


async def test_nothing_is_sent_if_the_block_raises() -> None:
    caller = RecordingCaller()
    with contextlib.suppress(ZeroDivisionError):
        async with Batch(caller) as b:
            b.kv.delete("a")
            raise ZeroDivisionError
    assert not caller.asked
    assert b.results == []


async def test_an_empty_batch_sends_nothing() -> None:
    caller = RecordingCaller()
    async with Batch(caller) as b:
        pass
    assert not caller.asked
    assert b.results == []


async def test_a_refusal_tells_which_command_it_was() -> None:
    caller = RecordingCaller(ConflictError("lost", index=1, current_version=4))
    b = Batch(caller)
    b.kv.delete("a")
    b.kv.put("b", "2", cas_version=6)
    with pytest.raises(ConflictError) as caught:
        async with b:
            pass
    assert caught.value.index == 1
    assert b.results == []


async def test_what_hands_out_work_cannot_be_part_of_it() -> None:
    b = Batch(RecordingCaller())
    with pytest.raises(AttributeError, match=r"no queue\.dequeue: it takes writes only"):
        b.queue.dequeue("q")  # type: ignore[attr-defined]  # as a mistake would
    with pytest.raises(AttributeError, match=r"no stream\.group_read"):
        b.stream.group_read("s")  # type: ignore[attr-defined]  # as a mistake would


async def test_a_write_of_a_batch_is_not_awaited() -> None:
    caller = RecordingCaller([None, None])
    async with Batch(caller) as b:
        with pytest.raises(BadRequestError, match="not awaited"):
            await b.kv.check("a", version=1)
        b.kv.check("b", version=2).close()
    assert caller.requests == [system.Batch([kv.KvCheck("a", 1), kv.KvCheck("b", 2)])]


async def test_records_claimed_are_remembered_under_their_leases() -> None:
    record = StreamRecord(StreamID(5, 0), 0, 0, "s", b"x", {}, None, 5, 1, 98)
    caller = RecordingCaller([ReadResult([record])], [GroupAckResult([record.id], [])])
    async with Batch(caller, namespace="n") as b:
        b.stream.group_claim("s", group="g", consumer="c", min_idle_ms=0)
    async with Batch(caller, namespace="n") as b:
        b.stream.group_ack("s", ["5-0"], group="g")
    assert caller.requests[1] == system.Batch([GroupAck("s", "g", [record.id], [98])])


WRITES = [
    (part, name)
    for part in ("kv", "queue", "stream", "action", "worker", "workflow")
    for name, _ in inspect.getmembers(getattr(Batch(RecordingCaller()), part), inspect.ismethod)
    if name[0] != "_"
]
TASK = Task("r", "a", b"", 1, 7, 0, 1)
GIVEN: dict[str, Any] = {
    **dict.fromkeys(("key", "queue", "stream", "group", "consumer", "name", "run_id", "type"), "x"),
    **dict.fromkeys(("payload", "value", "worker_id", "error"), "x"),
    "payloads": ["x"],
    "seqs": [1],
    "ids": ["1-0"],
    "start": "0",
    "task": TASK,
    "path": "$",
    "version": 1,
    "min_idle_ms": 0,
    "ttl_ms": 1,
}


@pytest.mark.parametrize(("part", "name"), WRITES)
def test_all_that_it_has_can_be_part_of_it(part: str, name: str) -> None:
    batch = Batch(RecordingCaller())
    method = getattr(getattr(batch, part), name)
    needed = {
        each.name: GIVEN[each.name]
        for each in inspect.signature(method).parameters.values()
        if each.default is each.empty or each.name == "ttl_ms"
    }
    method(**needed)
    [ask] = batch._recorder.end()
    assert isinstance(ask.request, get_args(system.BatchCommand))


@pytest.mark.parametrize("method", ["get", "scan", "_secret", "__len__"])
async def test_reads_are_not_there(method: str) -> None:
    with pytest.raises(AttributeError, match=rf"no kv\.{method}: it takes writes only"):
        getattr(Batch(RecordingCaller()).kv, method)


async def test_a_thousand_commands_and_one_more() -> None:
    caller = RecordingCaller([True] * 1_000)
    async with Batch(caller) as b:
        for number in range(1_000):
            b.kv.delete(f"k{number}")
    assert len(b.results) == 1_000
    b = Batch(caller)
    for number in range(1_000):
        b.kv.delete(f"k{number}")
    with pytest.raises(BadRequestError, match="at most 1000"):
        b.kv.delete("one more")
    assert len(caller.asked) == 1


async def test_four_mebibytes_and_one_byte_more() -> None:
    bare = len(wire.encode(system.Batch([kv.KvPut("k", bytes(100_000))]))) - 100_000
    room = limits.BATCH_BYTES_MAX - bare
    caller = RecordingCaller([kv.PutResult(1)])
    async with Batch(caller) as b:
        b.kv.put("k", bytes(room))
    with pytest.raises(BadRequestError, match=f"{limits.BATCH_BYTES_MAX + 1} bytes"):
        async with Batch(caller) as b:
            b.kv.put("k", bytes(room + 1))
    assert len(caller.asked) == 1


@pytest.mark.parametrize("key", ["\ud800"])
async def test_what_cannot_be_written_on_the_wire_is_a_bad_request(key: str) -> None:
    with pytest.raises(BadRequestError, match="batch"):
        async with Batch(RecordingCaller()) as b:
            b.kv.delete(key)


async def test_what_settles_deliveries_looks_up_leases_in_the_batchs_namespace() -> None:
    for namespace, lease in (("other", 99), (None, 0)):
        caller = RecordingCaller([AckResult([7], [])])
        caller.leases.remember_messages("other", "q", [Message(7, b"", 10, 1, 99, 0)])
        async with Batch(caller, namespace=namespace) as b:
            b.queue.ack("q", [7])
        assert caller.requests == [system.Batch([QueueAck("q", [7], [lease])])]


async def test_a_namespace_of_one_command_is_refused() -> None:
    with pytest.raises(BadRequestError, match="one namespace"):
        async with Batch(RecordingCaller()) as b:
            b.kv.put("k", b"", namespace="other")


async def test_a_time_out_of_one_command_is_refused() -> None:
    with pytest.raises(BadRequestError, match="one time-out"):
        async with Batch(RecordingCaller()) as b:
            b.kv.put("k", b"", timeout_ms=1)


@virtual
async def test_a_clients_batch_is_a_numbered_write() -> None:
    server = FakeServer(lambda envelope: [3, True])
    async with client_of(server) as client:
        async with client.batch(namespace="other") as b:
            b.kv.incr("a", 3)
            b.kv.persist("b")
        assert b.results == [3, True]
    (sent,) = server.applied
    assert (sent.number, sent.namespace) == (1, "other")
