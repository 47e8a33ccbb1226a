"""Ending background tasks reliably."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

CANCEL_AGAIN_S = 1.0


async def end_tasks(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel `tasks`, and wait until each has ended, however it ends.

    A task is cancelled again while it goes on: in Python 3.11 `asyncio.wait_for` drops a
    cancellation that comes at the moment when what it waits for is done.
    """
    ending = [task for task in tasks if task is not None]
    while going_on := [task for task in ending if not task.done()]:
        for task in going_on:
            task.cancel()
        await asyncio.wait(going_on, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*ending, return_exceptions=True)


async def heeding(work: Awaitable[T]) -> T:
    """Wait for `work`, which may drop a cancellation as above, and end by it all the same."""
    task = asyncio.current_task()
    assert task is not None, "it is awaited in one"
    before = task.cancelling()
    try:
        return await work
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError


async def to_its_end(work: Awaitable[T]) -> T:
    """Wait until `work` is done, as where a thread does it, which goes on though nobody waits.

    A cancellation meanwhile is dropped: `end_tasks` cancels again.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    return task.result()
