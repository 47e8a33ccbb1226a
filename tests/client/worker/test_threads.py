"""Threads for plain handlers."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator

import pytest

from floruntime.client.worker.failures import HandlerFailed
from floruntime.client.worker.threads import Threads

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    threads = Threads("test")
    yield threads
    threads.close()


async def test_what_is_returned_and_raised_comes_back(threads: Threads) -> None:
    assert await threads.run(lambda one, other: one + other, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)
    with pytest.raises(SystemExit):
        await threads.run(exit, 3)


async def test_a_stop_iteration_ends_the_call(threads: Threads) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(HandlerFailed, match="StopIteration"):
            await threads.run(lambda: next(iter([])))


async def test_a_thread_is_kept_for_the_next_call_and_more_begin_as_needed(
    threads: Threads,
) -> None:
    first = await threads.run(threading.current_thread)
    assert await threads.run(threading.current_thread) is first
    assert first.daemon, "or the interpreter would wait for it at its end"
    barrier = threading.Barrier(3, timeout=10)
    await asyncio.gather(*(threads.run(barrier.wait) for _ in range(3)))


async def test_it_sees_the_callers_context_variables_and_changes_none(threads: Threads) -> None:
    def look() -> str:
        before = WHO.get()
        WHO.set("the thread")
        return before

    WHO.set("the caller")
    assert [await threads.run(look) for _ in range(2)] == ["the caller"] * 2
    assert WHO.get() == "the caller"


async def test_a_cancelled_call_is_waited_for_until_it_is_cancelled_again(
    threads: Threads,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    heard: list[str] = []

    def handler() -> None:
        begun.set()
        go_on.wait(20)

    calls = [
        asyncio.create_task(threads.run(handler, on_cancel=lambda: heard.append("cancelled")))
        for _ in range(2)
    ]
    while not begun.is_set():  # noqa: ASYNC110 # a thread sets it
        await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert heard == ["cancelled"] * 2
    assert not any(call.done() for call in calls)
    calls[0].cancel()
    await asyncio.wait([calls[0]])
    assert not calls[1].done()
    go_on.set()
    await asyncio.wait(calls)
    assert all(call.cancelled() for call in calls)


def test_a_loop_that_is_closed_is_not_told() -> None:
    begun, go_on = threading.Event(), threading.Event()
    threads = Threads("test")
    seen: list[threading.Thread] = []

    def handler() -> None:
        seen.append(threading.current_thread())
        begun.set()
        go_on.wait(20)

    async def begin() -> None:
        call = asyncio.create_task(threads.run(handler))
        await asyncio.to_thread(begun.wait, 20)
        for _ in range(2):
            call.cancel()
            await asyncio.sleep(0)

    asyncio.run(begin())
    go_on.set()
    seen[0].join(20)
    assert not seen[0].is_alive()
