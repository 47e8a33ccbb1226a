"""Batches: what is sent, when, and what the results become."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.client.batch import Batch
from floruntime.client.kv import KvCommands
from floruntime.core import kv, limits, system, wire
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.queue import QueueDequeue, QueueEnqueue
from floruntime.core.stream import AppendResult, GroupRead, StreamAppend, StreamID
from tests.client.fake_server import FakeServer
from tests.client.recorder import Asked, RecordingCaller
from tests.client.test_client import client_of
from tests.client.virtual_time import virtual


class QueueBuilder:
    def enqueue(self, queue: str, payload: bytes) -> QueueEnqueue:
        return QueueEnqueue(queue, [payload])

    def enqueue_many(self, queue: str, payloads: list[bytes]) -> QueueEnqueue:
        return QueueEnqueue(queue, payloads)

    def dequeue(self, queue: str) -> QueueDequeue:
        return QueueDequeue(queue)


class StreamBuilder:
    def append(self, stream: str, payload: bytes) -> StreamAppend:
        return StreamAppend(stream, [payload])

    def append_many(self, stream: str, payloads: list[bytes]) -> StreamAppend:
        return StreamAppend(stream, payloads)

    def group_read(self, stream: str) -> GroupRead:
        return GroupRead(stream, "g", "c")


def batch_on(caller: RecordingCaller, namespace: str | None = None) -> Any:
    builders: dict[str, Any] = {"queue": QueueBuilder, "stream": StreamBuilder}
    return Batch(caller, kv=KvCommands, namespace=namespace, **builders)


def appended(number: int) -> AppendResult:
    return AppendResult(StreamID(number, 0), number, 0, number)


async def test_it_is_sent_as_one_command_when_the_block_ends() -> None:
    caller = RecordingCaller([True, kv.PutResult(7), None])
    async with batch_on(caller, namespace="n") as b:
        b.kv.delete("a")
        b.kv.put("b", "2", cas_version=6)
        b.kv.check("c", version=3)
        assert not caller.asked
    commands = [kv.KvDelete("a"), kv.KvPut("b", b"2", None, 6), kv.KvCheck("c", 3)]
    assert caller.asked == [Asked(system.Batch(commands), "n", 0)]  # type: ignore[arg-type]
    assert b.results == [True, kv.PutResult(7), None]


async def test_results_are_what_the_live_calls_return() -> None:
    caller = RecordingCaller([[5], [6, 7], [8], [appended(1)], [appended(2), appended(3)]])
    async with batch_on(caller) as b:
        b.queue.enqueue("q", b"")
        b.queue.enqueue_many("q", [b"", b""])
        b.queue.enqueue_many("q", [b""])
        b.stream.append("s", b"")
        b.streams.append_many("s", [b"", b""])
    assert b.results == [5, [6, 7], [8], appended(1), [appended(2), appended(3)]]


async def test_nothing_is_sent_if_the_block_raises() -> None:
    caller = RecordingCaller()
    with pytest.raises(ZeroDivisionError):
        async with batch_on(caller) as b:
            b.kv.delete("a")
            raise ZeroDivisionError
    assert not caller.asked
    assert b.results == []


async def test_an_empty_batch_sends_nothing() -> None:
    caller = RecordingCaller()
    async with batch_on(caller) as b:
        pass
    assert not caller.asked
    assert b.results == []


async def test_a_refusal_tells_which_command_it_was() -> None:
    caller = RecordingCaller(ConflictError("lost", index=1, current_version=4))
    b = batch_on(caller)
    with pytest.raises(ConflictError) as caught:
        async with b:
            b.kv.delete("a")
            b.kv.put("b", "2", cas_version=6)
    assert caught.value.index == 1
    assert b.results == []


@pytest.mark.parametrize(("primitive", "method"), [("queue", "dequeue"), ("stream", "group_read")])
async def test_what_hands_out_work_cannot_be_part_of_it(primitive: str, method: str) -> None:
    caller = RecordingCaller()
    with pytest.raises(BadRequestError, match=rf"{primitive}\.{method} cannot"):
        async with batch_on(caller) as b:
            getattr(getattr(b, primitive), method)("x")
    assert not caller.asked


@pytest.mark.parametrize("method", ["get", "scan", "_secret", "__len__"])
async def test_reads_are_not_there(method: str) -> None:
    with pytest.raises(AttributeError, match=rf"no kv\.{method}: it takes writes only"):
        getattr(batch_on(RecordingCaller()).kv, method)


async def test_a_thousand_commands_and_one_more() -> None:
    caller = RecordingCaller([True] * 1_000)
    async with batch_on(caller) as b:
        for number in range(1_000):
            b.kv.delete(f"k{number}")
    assert len(b.results) == 1_000
    with pytest.raises(BadRequestError, match="at most 1000"):
        async with batch_on(caller) as b:
            for number in range(1_001):
                b.kv.delete(f"k{number}")
    assert len(caller.asked) == 1


async def test_four_mebibytes_and_one_byte_more() -> None:
    bare = len(wire.encode(system.Batch([kv.KvPut("k", bytes(100_000))]))) - 100_000
    room = limits.BATCH_BYTES_MAX - bare
    caller = RecordingCaller([kv.PutResult(1)])
    async with batch_on(caller) as b:
        b.kv.put("k", bytes(room))
    with pytest.raises(BadRequestError, match=f"{limits.BATCH_BYTES_MAX + 1} bytes"):
        async with batch_on(caller) as b:
            b.kv.put("k", bytes(room + 1))
    assert len(caller.asked) == 1


@pytest.mark.parametrize("key", ["\ud800"])
async def test_what_cannot_be_written_on_the_wire_is_a_bad_request(key: str) -> None:
    with pytest.raises(BadRequestError, match="batch"):
        async with batch_on(RecordingCaller()) as b:
            b.kv.delete(key)


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
