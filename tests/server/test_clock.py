"""Command time."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.server.clock import CORRECTION_MS_PER_CALL_MAX, ManualClock, SystemClock

WALL_MS = 1_700_000_000_000


class Machine:
    """The machine's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_ms = float(WALL_MS)
        self.monotonic_ms = 5_000.0

    def clock(self, floor_ms: int = 0) -> SystemClock:
        return SystemClock(
            floor_ms,
            wall_s=lambda: self.wall_ms / 1000,
            monotonic_ns=lambda: int(self.monotonic_ms * 1_000_000),
        )

    def pass_ms(self, ms: float) -> None:
        self.wall_ms += ms
        self.monotonic_ms += ms


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_starts_at_the_wall_clock(machine: Machine) -> None:
    assert machine.clock().now_ms() == WALL_MS


def test_it_starts_at_the_last_stamped_time_if_that_is_later(machine: Machine) -> None:
    assert machine.clock(WALL_MS + 77_000).now_ms() == WALL_MS + 77_000


def test_it_follows_the_monotonic_clock(machine: Machine) -> None:
    clock = machine.clock()
    machine.pass_ms(250)
    assert clock.now_ms() == WALL_MS + 250


@pytest.mark.parametrize("jump_ms", [-3_600_000, -1, 1, 3_600_000])
def test_a_jump_of_the_wall_is_followed_slowly_either_way(machine: Machine, jump_ms: int) -> None:
    clock = machine.clock()
    machine.wall_ms += jump_ms
    before = clock.now_ms()
    for _ in range(100):
        machine.pass_ms(1_000)
        now = clock.now_ms()
        assert 0 <= now - before <= 1_000 + CORRECTION_MS_PER_CALL_MAX
        before = now
    drawn = before - (WALL_MS + 100_000)
    assert abs(drawn) <= min(abs(jump_ms), 100 * CORRECTION_MS_PER_CALL_MAX)
    assert drawn * jump_ms > 0


def test_it_comes_to_the_wall_in_the_end(machine: Machine) -> None:
    clock = machine.clock(WALL_MS + 50)
    for _ in range(20):
        machine.pass_ms(1_000)
        clock.now_ms()
    machine.pass_ms(1)
    assert clock.now_ms() == int(machine.wall_ms)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-10_000, 10_000)), max_size=50))
def test_it_never_goes_back_and_never_runs_ahead(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    clock = machine.clock()
    times = [clock.now_ms()]
    for passed_ms, wall_jump_ms in steps:
        machine.monotonic_ms += passed_ms
        machine.wall_ms += wall_jump_ms
        times.append(clock.now_ms())
        assert times[-1] - times[-2] <= passed_ms + CORRECTION_MS_PER_CALL_MAX
    assert times == sorted(times)


async def test_a_call_is_never_made_before_its_time(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop's timer goes by another clock: it is early whenever command time is drawn back."""
    clock = machine.clock()
    loop = asyncio.get_running_loop()
    timers: list[tuple[float, object]] = []

    class Timer:
        def cancel(self) -> None:
            timers.clear()

    def call_later(delay_s: float, callback: object) -> Timer:
        timers.append((delay_s, callback))
        return Timer()

    monkeypatch.setattr(loop, "call_later", call_later)
    made: list[int] = []
    handle = clock.call_at(WALL_MS + 100, lambda: made.append(clock.now_ms()))
    machine.pass_ms(97)
    delay_s, fire = timers.pop()
    assert delay_s == 0.1
    fire()  # type: ignore[operator]  # the callback of the clock
    assert made == []
    machine.pass_ms(3)
    delay_s, fire = timers.pop()
    assert delay_s == 0.003
    fire()  # type: ignore[operator]  # likewise
    assert made == [WALL_MS + 100]
    handle = clock.call_at(WALL_MS + 500, lambda: None)
    handle.cancel()
    assert timers == []


def test_the_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(100)
    assert [clock.now_ms() for _ in range(3)] == [100, 100, 100]
    assert clock.run_next(150) is False
    assert clock.now_ms() == 150
    assert clock.run_next(120) is False
    assert clock.now_ms() == 150


def test_the_manual_clock_makes_calls_in_order_of_time_then_of_arrival() -> None:
    clock = ManualClock(0)
    made: list[tuple[str, int]] = []
    for name, when_ms in zip("abcd", (30, 10, 30, 10), strict=True):
        clock.call_at(when_ms, lambda name=name: made.append((name, clock.now_ms())))  # type: ignore[misc]  # bound now
    clock.call_at(20, lambda: made.append(("cancelled", 20))).cancel()
    steps = list(itertools.takewhile(bool, iter(lambda: clock.run_next(29), None)))
    assert len(steps) == 2
    assert made == [("b", 10), ("d", 10)]
    assert clock.now_ms() == 29
    while clock.run_next(30):
        pass
    assert made[2:] == [("a", 30), ("c", 30)]


def test_a_call_in_the_past_is_made_without_moving_the_manual_clock_back() -> None:
    clock = ManualClock(100)
    made: list[int] = []
    clock.call_at(50, lambda: made.append(clock.now_ms()))
    assert clock.run_next(100)
    assert made == [100]
