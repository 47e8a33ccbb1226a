"""Operations: coroutines that are told once, and sent when they are awaited."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Coroutine

import pytest

from floruntime.client.api.base.operation import Ask
from floruntime.client.api.kv.kv import Kv
from floruntime.core.kv import KvGet, KvGetEntry
from tests.client.recorder import Asked, RecordingCaller


async def test_it_is_sent_when_it_is_awaited_and_not_before() -> None:
    caller = RecordingCaller(b"v")
    operation = Kv(caller).get("k", namespace="n", block_ms=7)
    assert not caller.asked
    assert await operation == b"v"
    assert caller.asked == [Asked(KvGet("k", 7), "n", 7)]


async def test_it_goes_wherever_a_coroutine_goes() -> None:
    kv = Kv(RecordingCaller(b"1", b"2", b"3", b"4"))
    assert await asyncio.create_task(kv.get("k")) == b"1"
    assert await asyncio.wait_for(kv.get("k"), 1) == b"2"
    assert [*await asyncio.gather(kv.get("k"), kv.get("k"))] == [b"3", b"4"]
    operation = kv.get("k")
    assert isinstance(operation, Coroutine)
    assert inspect.isawaitable(operation)
    operation.close()


def test_asyncio_runs_it() -> None:
    assert asyncio.run(Kv(RecordingCaller(b"v")).get("k")) == b"v"


async def test_a_task_that_is_cancelled_ends_it() -> None:
    class Never(RecordingCaller):
        async def _answer(self, ask: Ask[object]) -> object:  # type: ignore[override]  # no answer
            return await asyncio.Event().wait()

    task = asyncio.create_task(Kv(Never()).get("k"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_the_caller_gets_is_made_of_the_answer() -> None:
    assert await Kv(RecordingCaller(b'{"a": 1}')).json_get("k") == {"a": 1}
    assert Ask(KvGetEntry("k")).finished(None) is None
    assert Ask(KvGetEntry("k"), str).finished(7) == "7"


async def test_one_that_is_forgotten_is_warned_of_as_coroutines_are() -> None:
    def forget() -> None:
        Kv(RecordingCaller()).get("k")
        gc.collect()

    with pytest.warns(RuntimeWarning, match="never awaited"):
        forget()
