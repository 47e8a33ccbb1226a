"""The heartbeat: every so often, at once when hurried, and no more after its end."""

from __future__ import annotations

import asyncio

import pytest

from floruntime.client.worker.pulse import Pulse
from floruntime.server.clock import ManualClock


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_beats_in_its_interval_and_when_hurried_until_its_end() -> None:
    clock, beats = ManualClock(0), []

    async def beat() -> None:
        beats.append(clock.now_ms())

    pulse = Pulse(clock, 30_000, beat)
    running = asyncio.create_task(pulse.run())
    for _ in range(3):
        await turns()
        clock.run_next(100_000)
    await turns()
    assert beats == [30_000, 60_000, 90_000]
    pulse.hurry()
    await turns()
    assert beats[3:] == [90_000]
    pulse.end()
    await asyncio.wait_for(running, 10)
    assert not clock.run_next(1_000_000), "no timer is left"


async def test_what_a_beat_raises_ends_it() -> None:
    async def beat() -> None:
        raise ConnectionError

    pulse = Pulse(ManualClock(0), 1, beat)
    pulse.hurry()
    with pytest.raises(ConnectionError):
        await pulse.run()
