"""Tasks are ended for certain, a task that drops its first cancellation, too."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from floruntime.server import ending


async def test_tasks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "CANCEL_AGAIN_S", 0.0)
    dropped = 0

    async def stubborn() -> None:
        nonlocal dropped
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                dropped += 1
                if dropped == 3:
                    raise

    async def failing() -> None:
        raise ValueError("before")

    tasks = [asyncio.create_task(each()) for each in (stubborn, failing, asyncio.Event().wait)]
    await asyncio.sleep(0)
    await ending.end_tasks([*tasks, None])
    assert [task.done() for task in tasks] == [True, True, True]
    assert dropped == 3


async def test_nothing_is_ended() -> None:
    await ending.end_tasks([])


async def test_a_cancellation_that_is_dropped_on_the_way_is_heeded() -> None:
    """`wait_for` of Python 3.11 drops one that comes at the moment of the result."""
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def drops() -> str:
        try:
            return await answered
        except asyncio.CancelledError:
            return "as if nothing had been"

    asking = asyncio.create_task(ending.heeding(drops()))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()


async def test_a_time_out_around_what_drops_it_is_heeded() -> None:
    async def drops() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await ending.heeding(drops())


async def test_what_is_not_cancelled_answers_as_ever() -> None:
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    answered.set_result("well")
    assert await ending.heeding(answered) == "well"


async def test_what_must_not_be_left_half_done_is_waited_for_though_it_is_cancelled() -> None:
    done = asyncio.Event()

    async def follow() -> None:
        while True:
            await ending.to_its_end(done.wait())
            told.append("done")
            await asyncio.Event().wait()

    told: list[str] = []
    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    done.set()
    await ending.end_tasks([task])
    assert told == ["done"]
    assert task.cancelled()
