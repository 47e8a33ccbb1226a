"""Values as people hand them over: what is taken, and what is refused by name before it is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from floruntime import BadRequestError, FloClient, RequestTimeoutError
from floruntime.client.api.base.values import as_bytes, as_payload, as_payloads, to_json
from floruntime.core.errors import BadTypeError


@dataclass
class Order:
    id: int
    paid: bool = True


class Item(msgspec.Struct):
    sku: str


async def later() -> bytes:
    return b""


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call with what the types do not allow."""
    return function(*arguments, **options)


# Payloads


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        (b"x", b"x"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"xyz")[1:], b"yz"),
        ("\ufeffä", "\ufeffä".encode()),
        ({"a": [1, None, "ä"]}, '{"a":[1,null,"ä"]}'.encode()),
        ([1, 2], b"[1,2]"),
        ((1, 2), b"[1,2]"),
        (Order(5), b'{"id":5,"paid":true}'),
        (Item("a"), b'{"sku":"a"}'),
        ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, b'{"at":"2026-01-02T00:00:00Z"}'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_payload_is_bytes_text_or_json(payload: Any, sent: bytes) -> None:
    assert as_payload(payload) == sent


@pytest.mark.parametrize("payload", [None, 5, 1.5, True, {1}, NotImplemented, Order], ids=str)
def test_what_is_no_payload_is_refused(payload: Any) -> None:
    with pytest.raises(BadTypeError, match="a payload must be bytes, str, or a dict or list"):
        as_payload(payload)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"a": {1}}, "it holds a set"),
        ({"a": b"x"}, "it holds a bytes"),
        ([math.nan], "not JSON compliant"),
        ({"a": NotImplemented}, "unsupported"),
    ],
    ids=str,
)
def test_what_json_has_no_form_for_is_refused(value: Any, says: str) -> None:
    with pytest.raises(BadRequestError, match=f"payload cannot be written as JSON: .*{says}"):
        as_payload(value)
    with pytest.raises((TypeError, ValueError)):
        to_json(value)


def test_a_missing_await_is_named() -> None:
    coroutine = later()
    with pytest.raises(BadTypeError, match=r"not coroutine \(is an await missing\?\)"):
        call(as_payload, coroutine)
    with pytest.raises(BadTypeError, match=r"not coroutine \(is an await missing\?\)"):
        call(as_bytes, coroutine)
    with pytest.raises(BadTypeError, match=r"payloads must be a list.*await missing"):
        call(as_payloads, coroutine)
    coroutine.close()


# In calls

NONSENSE: dict[str, Callable[[FloClient], Any]] = {
    "keys must be a list, not set": lambda c: call(c.kv.mget, {"a"}),
    "keys must be a list, not dict": lambda c: call(c.kv.mget, {"a": 1}),
    "keys must be a list, not one of type async_generator": lambda c: call(
        c.kv.mget, c.kv.iterate()
    ),
    "payloads must be a list, not dict": lambda c: call(c.queue.enqueue_many, "q", {"a": 1}),
    "payloads must be a list, not frozenset": lambda c: call(
        c.stream.append_many, "s", frozenset("a")
    ),
    "seqs must be a list, not one of type NoneType": lambda c: call(c.queue.ack, "q", None),
    "seqs must be a list, not one of type dict": lambda c: call(c.queue.ack, "q", {}),
    "queue: expected `str`": lambda c: call(c.queue.ack, ["q"], [1]),
    "stream: expected `str`": lambda c: call(c.stream.group_ack, {}, ["1-0"], group="g"),
    "group: expected `str`": lambda c: call(c.stream.group_nack, "s", ["1-0"], group=["g"]),
    "a seq is True": lambda c: c.queue.ack("q", [True]),
    "a seq is 1.0": lambda c: call(c.queue.ack, "q", [1.0]),
    r"a seq is \[1\]": lambda c: call(c.queue.nack, "q", [[1]]),
    "ids must be a list, not one of type NoneType": lambda c: call(
        c.stream.group_ack, "s", None, group="g"
    ),
    "labels is .* it must be a dict": lambda c: call(c.action.invoke, "a", labels=[("a", "b")]),
    "metadata is .* it must be a dict": lambda c: call(
        c.worker.register, "w", ["a"], metadata=[("a", "b")]
    ),
    "actions must be a list, not one of type int": lambda c: call(c.worker.register, "w", 5),
    "actions must be a list, not one of type dict": lambda c: call(
        c.worker.register, "w", {"a": 1}
    ),
    "paths must be a list, not one of type str": lambda c: c.workflow.sync_files("a.yaml"),
    "make is b'value'; it must be a function": lambda c: call(c.kv.get_or_set, "k", b"value"),
    "search is 'amount'; it must map": lambda c: call(c.workflow.list_runs, search="amount"),
    r"search is \[\]; it must map": lambda c: call(c.workflow.list_runs, search=[]),
    "search is 5; it must map": lambda c: call(c.workflow.bulk, "cancel", search=5),
    r"limits is \{'running': 1\}; it must be Limits": lambda c: call(
        c.action.register, "a", limits={"running": 1}
    ),
    "running must be a list, not one of type int": lambda c: call(
        c.worker.heartbeat, "w", running=5
    ),
    "value cannot be written as JSON: it holds a bytes": lambda c: c.kv.json_set("k", "$", b"{}"),
    "value cannot be written as JSON: it holds a set": lambda c: c.kv.json_set("k", "$", {1}),
    "input cannot be written as JSON: it holds a set": lambda c: c.workflow.start("w", {1}),
    "ttl_ms is True": lambda c: c.kv.put("k", "", ttl_ms=True),
    r"ttl_ms is 5\.0": lambda c: call(c.kv.put, "k", "", ttl_ms=5.0),
    "delay_ms is True": lambda c: c.queue.enqueue("q", "", delay_ms=True),
}


@pytest.mark.parametrize("says", NONSENSE)
async def test_nonsense_is_refused_by_name(says: str) -> None:
    async with FloClient("memory://") as client:
        with pytest.raises(BadRequestError, match=says):
            await NONSENSE[says](client)


def test_a_number_with_a_fraction_is_no_setting() -> None:
    for value in (True, 1.5, "5", None):
        with pytest.raises(BadTypeError, match="timeout_ms must be a number without a fraction"):
            call(FloClient, "localhost:9000", timeout_ms=value)


async def test_objects_are_sent_where_json_is_meant() -> None:
    async with FloClient("memory://") as client:
        await client.queue.enqueue("q", {"a": 1})
        await client.queue.enqueue_many("q", [[1], Order(5)])
        messages = (await client.queue.dequeue("q", 3)).messages
        assert [message.json() for message in messages] == [{"a": 1}, [1], {"id": 5, "paid": True}]
        assert messages[0].text() == '{"a":1}'
        assert messages[0].delivery_count == 1
        await client.stream.append("s", {"a": 1})
        await client.stream.append_many("s", [{"a": 2}])
        records = (await client.stream.read("s")).records
        assert [(record.json(), record.sequence) for record in records] == [
            ({"a": 1}, 0),
            ({"a": 2}, 1),
        ]
        await client.action.register("a")
        for _ in range(2):
            await client.action.invoke("a", {"a": 1})
        task = await client.worker.await_task("w", ["a"], block_ms=0)
        assert task is not None
        assert (task.json(), task.task_id, task.task_type) == ({"a": 1}, task.run_id, "a")
        await client.worker.complete("w", task, {"done": True})
        run = await client.action.status(task.run_id)
        assert run.result == b'{"done":true}'
        await client.kv.put("k", '{"a": 1}')
        entry = await client.kv.entry("k")
        assert entry is not None
        assert (entry.text(), entry.json()) == ('{"a": 1}', {"a": 1})
        [version] = await client.kv.history("k")
        assert version.timestamp == version.timestamp_ms


async def test_texts_come_back_as_they_went_in() -> None:
    async with FloClient("memory://") as client:
        for length in (1, 10, 250):
            key = "\ufeff" + "k" * length
            await client.kv.put(key, key)
            entry = await client.kv.entry(key)
            assert entry is not None
            assert (entry.key, entry.text()) == (key, key)
            await client.stream.append("s", "", headers={key: key}, partition_key="\ufeffp")
        records = (await client.stream.read("s")).records
        assert all(name == value for record in records for name, value in record.headers.items())
        assert {record.partition_key for record in records} == {"\ufeffp"}


async def test_time_outs_and_broken_connections_are_those_of_python() -> None:
    client = FloClient("127.0.0.1:1", timeout_ms=500)
    with pytest.raises(ConnectionError):
        await client.connect()
    async with FloClient("memory://") as other:
        assert await other.connect() is other
    assert issubclass(RequestTimeoutError, TimeoutError)
