"""`client.kv`: which request each call becomes, and what is made of its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from floruntime.client.api.kv.kv import Kv
from floruntime.core import kv
from floruntime.core.errors import BadRequestError
from tests.client.recorder import Asked, RecordingCaller

ENTRY = kv.KvEntry("k", b"v", 3, 1)
Use = Callable[[Kv], Awaitable[Any]]

CALLS: list[tuple[Use, Any, Any]] = [
    (lambda c: c.get("k", namespace="n"), kv.KvGet("k"), b"v"),
    (lambda c: c.entry("k", namespace="n"), kv.KvGetEntry("k"), ENTRY),
    (lambda c: c.put("k", b"v", namespace="n"), kv.KvPut("k", b"v"), kv.PutResult(1)),
    (
        lambda c: c.put("k", "é", ttl_ms=5, cas_version=0, namespace="n"),
        kv.KvPut("k", "é".encode(), 5, 0),
        kv.PutResult(1),
    ),
    (
        lambda c: c.put("k", bytearray(b"v"), if_not_exists=True, namespace="n"),
        kv.KvPut("k", b"v", if_not_exists=True),
        kv.PutResult(1),
    ),
    (
        lambda c: c.put("k", memoryview(b"v"), if_exists=True, namespace="n"),
        kv.KvPut("k", b"v", if_exists=True),
        kv.PutResult(1),
    ),
    (lambda c: c.delete("k", cas_version=4, namespace="n"), kv.KvDelete("k", 4), True),
    (
        lambda c: c.scan("p", limit=5, cursor="x", keys_only=True, namespace="n"),
        kv.KvScan("p", 5, "x", True),
        kv.ScanResult([ENTRY], None),
    ),
    (lambda c: c.scan(namespace="n"), kv.KvScan("", 100), kv.ScanResult([], None)),
    (lambda c: c.history("k", namespace="n"), kv.KvHistory("k", 10), []),
    (lambda c: c.mget(("a", "b"), namespace="n"), kv.KvMget(["a", "b"]), [ENTRY, None]),
    (lambda c: c.incr("k", namespace="n"), kv.KvIncr("k", 1), 1),
    (lambda c: c.incr("k", -5, namespace="n"), kv.KvIncr("k", -5), 1),
    (lambda c: c.touch("k", ttl_ms=7, cas_version=1, namespace="n"), kv.KvTouch("k", 7, 1), True),
    (lambda c: c.touch("k", ttl_seconds=7, namespace="n"), kv.KvTouch("k", 7_000), True),
    (lambda c: c.touch("k", ttl_ms=0, namespace="n"), kv.KvTouch("k", 0), True),
    (lambda c: c.persist("k", cas_version=2, namespace="n"), kv.KvTouch("k", 0, 2), True),
    (lambda c: c.exists("k", namespace="n"), kv.KvExists("k"), False),
    (lambda c: c.json_del("k", "$.a", namespace="n"), kv.KvJsonDel("k", "$.a"), True),
    (
        lambda c: c.json_set("k", "$.a", {"é": [1, None]}, namespace="n"),
        kv.KvJsonSet("k", "$.a", '{"é":[1,null]}'.encode()),
        kv.PutResult(2),
    ),
]


@pytest.mark.parametrize(("use", "request_", "answer"), CALLS)
async def test_each_call_is_its_request(use: Use, request_: Any, answer: Any) -> None:
    caller = RecordingCaller(answer)
    assert await use(Kv(caller)) == answer
    assert caller.asked == [Asked(request_, "n", 0)]


async def test_a_waiting_get_tells_the_caller_how_long() -> None:
    caller = RecordingCaller(None)
    assert await Kv(caller).get("k", block_ms=900) is None
    assert caller.asked == [Asked(kv.KvGet("k", 900), None, 900)]


# TTLs


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1, 1_000), (0.25, 250), (0.001, 1), (0, 0), (-1, -1_000)]
)
async def test_seconds_become_milliseconds(seconds: float, expected: int) -> None:
    caller = RecordingCaller(None, None)
    await Kv(caller).put("k", b"", ttl_seconds=seconds)
    await Kv(caller).touch("k", ttl_seconds=seconds)
    assert caller.requests == [kv.KvPut("k", b"", expected), kv.KvTouch("k", expected)]


@pytest.mark.parametrize("seconds", [0.0001, float("nan"), float("inf")])
async def test_seconds_that_are_no_milliseconds_are_refused(seconds: float) -> None:
    with pytest.raises(BadRequestError, match="ttl_seconds"):
        await Kv(RecordingCaller()).put("k", b"", ttl_seconds=seconds)


async def test_both_ttls_together_are_refused_before_sending() -> None:
    caller = RecordingCaller()
    with pytest.raises(BadRequestError, match="ttl_ms and ttl_seconds"):
        await Kv(caller).put("k", b"", ttl_ms=1, ttl_seconds=1)
    with pytest.raises(BadRequestError, match="ttl_ms and ttl_seconds"):
        await Kv(caller).touch("k", ttl_ms=0, ttl_seconds=0)
    assert not caller.asked


async def test_a_touch_without_a_ttl_is_refused() -> None:
    with pytest.raises(BadRequestError, match="ttl_ms or ttl_seconds"):
        await Kv(RecordingCaller()).touch("k")


# Values


@pytest.mark.parametrize("value", [5, None, ["x"]])
async def test_a_value_is_bytes_or_text(value: Any) -> None:
    with pytest.raises(TypeError, match="bytes or str"):
        await Kv(RecordingCaller()).put("k", value)


async def test_text_without_utf8_is_refused() -> None:
    with pytest.raises(BadRequestError, match="value"):
        await Kv(RecordingCaller()).put("k", "\ud800")


async def test_one_key_given_to_mget_is_refused() -> None:
    with pytest.raises(BadRequestError, match="'abc'"):
        await Kv(RecordingCaller()).mget("abc")


# JSON


@pytest.mark.parametrize(
    "value", [None, True, 0, -1, 2**63 + 1, 10**40, 0.1, "é\n", [], {"a": [1, {"b": None}]}]
)
async def test_json_values_come_back_as_they_were(value: Any) -> None:
    caller = RecordingCaller(None)
    await Kv(caller).json_set("k", "$", value)
    [request] = caller.requests
    assert isinstance(request, kv.KvJsonSet)
    assert await Kv(RecordingCaller(request.value)).json_get("k") == value


async def test_json_of_a_missing_path_is_none() -> None:
    caller = RecordingCaller(None)
    assert await Kv(caller).json_get("k", "$.a") is None
    assert caller.requests == [kv.KvJsonGet("k", "$.a")]


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {"a": -float("inf")}, b"x", {1, 2}, "\ud800", LOOP]
)
async def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError, match="JSON"):
        await Kv(RecordingCaller()).json_set("k", "$", value)


# Iterating


async def test_iterate_goes_through_all_pages() -> None:
    entries = [kv.KvEntry(f"k{n}", b"", 1, 1) for n in range(5)]
    caller = RecordingCaller(
        kv.ScanResult(entries[:2], "c1"),
        kv.ScanResult([], "c2"),
        kv.ScanResult(entries[2:], None),
    )
    assert [each async for each in Kv(caller).iterate("k", namespace="n")] == entries
    assert caller.asked == [
        Asked(kv.KvScan("k", 1_000, cursor), "n", 0) for cursor in (None, "c1", "c2")
    ]


async def test_iterate_asks_for_no_page_that_nobody_wants() -> None:
    caller = RecordingCaller(kv.ScanResult([ENTRY], "more"))
    async for each in Kv(caller).iterate():
        assert each == ENTRY
        break
    assert len(caller.asked) == 1
