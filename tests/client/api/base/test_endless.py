"""What is endless, where Python has its own ways; the rest is in `test_behaviour.py`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime.client.api.base.endless import BLOCK_MS, RETRY_MS_MAX
from floruntime.client.api.base.operation import Ask
from floruntime.client.api.kv.kv import Kv
from floruntime.core.errors import (
    ConnectionFailedError,
    NotConnectedError,
    OverloadedError,
    RequestTimeoutError,
    UnavailableError,
)
from floruntime.core.kv import KvChange, KvChanges, KvChangesReply
from tests.client.recorder import Asked, RecordingCaller
from tests.client.virtual_time import settle, virtual


def change(version: int) -> KvChange:
    return KvChange("k", b"%d" % version, version, False)


def reply(*versions: int, at: int) -> KvChangesReply:
    return KvChangesReply([change(version) for version in versions], at)


class WaitingCaller(RecordingCaller):
    """Answers, and when it has no more answers never does."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Let what waits have the answers that have come."""
        self._more.set()
        self._more = asyncio.Event()

    async def _answer(self, ask: Ask[Any]) -> Any:
        while not self.answers:
            await self._more.wait()
        return await super()._answer(ask)


async def test_it_asks_in_its_namespace_for_as_long_as_it_may_wait() -> None:
    caller = RecordingCaller(reply(at=7), reply(8, at=8))
    assert await anext(Kv(caller).watch("k", namespace="n")) == change(8)
    assert caller.asked == [
        Asked(KvChanges("k", False, None, 0), "n", 0),
        Asked(KvChanges("k", False, 7, BLOCK_MS, generation=0), "n", BLOCK_MS),
    ]


def test_it_may_be_made_before_a_loop_runs() -> None:
    caller = RecordingCaller(reply(at=7), reply(8, at=8))
    watch = Kv(caller).watch("k")
    assert not caller.asked

    async def first() -> KvChange:
        return await anext(watch)

    assert asyncio.run(first()) == change(8)


async def test_trouble_when_it_is_made_is_told_by_the_first_step_if_it_lasts() -> None:
    caller = RecordingCaller(NotConnectedError("closed"), reply(at=7), reply(8, at=8))
    assert await anext(Kv(caller).watch("k")) == change(8)
    caller = RecordingCaller(NotConnectedError("closed"), NotConnectedError("still closed"))
    with pytest.raises(NotConnectedError, match="still closed"):
        await anext(Kv(caller).watch("k"))


@pytest.mark.parametrize(
    "error", [RequestTimeoutError, ConnectionFailedError, OverloadedError, UnavailableError]
)
@virtual
async def test_trouble_is_waited_out_with_growing_delays(error: type[Exception]) -> None:
    caller = RecordingCaller(reply(6, at=6), *(error("x") for _ in range(9)), reply(7, at=7))
    watch = Kv(caller).watch("k", from_version=5)
    await anext(watch)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    assert await anext(watch) == change(7)
    doubled = [50, 100, 200, 400, 800, 1_600]
    waited_ms = (sum(doubled) + 3 * RETRY_MS_MAX) / 1000
    assert loop.time() - begun_s == pytest.approx(waited_ms)
    assert [each.from_version for each in caller.requests] == [5, *[6] * 10]  # type: ignore[attr-defined]  # all KvChanges


async def test_closing_it_in_its_loop_ends_the_loop() -> None:
    watch = Kv(RecordingCaller(reply(1, 2, at=2))).watch("k", from_version=0)
    seen = []
    async for each in watch:
        seen.append(each.version)
        await watch.aclose()
    assert seen == [1]


@virtual
async def test_a_step_that_is_cancelled_can_be_taken_again() -> None:
    caller = WaitingCaller(reply(at=7))
    watch = Kv(caller).watch("k")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watch), 5)
    caller.answers.append(reply(8, at=8))
    assert await anext(watch) == change(8)


@virtual
async def test_two_that_step_at_once_are_given_one_each() -> None:
    caller = WaitingCaller()
    watch = Kv(caller).watch("k", from_version=6)
    steps = [asyncio.create_task(anext(watch)) for _ in range(3)]
    await settle()
    assert len(caller.asked) <= 1
    caller.answers.append(reply(7, 8, at=8))
    caller.wake()
    await settle()
    assert [step.done() for step in steps] == [True, True, False]
    assert [step.result() for step in steps[:2]] == [change(7), change(8)]
    await watch.aclose()
    with pytest.raises(StopAsyncIteration):
        await steps[2]


@virtual
async def test_a_step_that_is_cancelled_before_it_has_begun_does_not_move_the_beginning() -> None:
    caller = WaitingCaller()
    watch = Kv(caller).watch("k")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watch), 5)
    assert not caller.asked
    await watch.aclose()
    await settle()


@virtual
async def test_a_step_that_is_cancelled_while_it_is_closed_is_cancelled() -> None:
    watch = Kv(WaitingCaller()).watch("k", from_version=1)
    step: asyncio.Task[KvChange] = asyncio.create_task(anext(watch))
    await settle()
    step.cancel()
    await watch.aclose()
    with pytest.raises(asyncio.CancelledError):
        await step
