"""Tasks are ended for certain, a task that drops its first cancellation, too."""

from __future__ import annotations

import asyncio

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
