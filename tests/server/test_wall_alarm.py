"""Calls by the wall clock."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from typing import Any

import pytest

from floruntime.server import wall_alarm
from floruntime.server.clock import SystemClock
from floruntime.server.wall_alarm import LOOK_MS, WallAlarm

HOUR_MS = 3_600_000


def wall_ms() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize("late_ms", [-5, 0, wall_ms()], ids=["soon", "now", "in 1970"])
async def test_it_calls_when_the_wall_clock_shows_the_time(late_ms: int) -> None:
    called = asyncio.Event()
    when_ms = wall_ms() - late_ms
    SystemClock().call_at_wall(when_ms, called.set)
    await asyncio.wait_for(called.wait(), 10)
    assert wall_ms() >= when_ms


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "timerfd_create"), reason="the system has no such timers"
)
async def test_the_loop_has_nothing_to_do_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    waits: list[Any] = []
    monkeypatch.setattr(loop, "call_later", lambda *call: waits.append(call), raising=False)
    alarm = WallAlarm(wall_ms() + HOUR_MS, wall_ms(), lambda: None)
    file = alarm._file
    assert (waits, file is not None) == ([], True)
    alarm.cancel()
    alarm.cancel()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file or 0)


async def test_where_the_kernel_has_no_such_timer_it_looks_each_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wall_alarm, "_timer_file", lambda: None)
    loop = asyncio.get_running_loop()
    alarm = WallAlarm(wall_ms() + HOUR_MS, wall_ms(), lambda: None)
    assert alarm._timer is not None
    assert alarm._timer.when() - loop.time() <= LOOK_MS / 1000
    alarm.cancel()
    assert alarm._timer.cancelled()
