"""Bounds on how often something may happen."""

from __future__ import annotations

from floruntime.server.connections.rate import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_is_let_through_and_then_so_many_a_second() -> None:
    clock = Clock()
    rate = RateLimit(4, 3, clock)
    assert [rate.take() for _ in range(4)] == [True] * 3 + [False]
    clock.now_s += 0.25
    assert [rate.take() for _ in range(2)] == [True, False]
    clock.now_s += 0.125
    assert not rate.take()
    clock.now_s += 0.125
    assert rate.take()


def test_no_more_than_a_burst_is_saved_up() -> None:
    clock = Clock()
    rate = RateLimit(4, 3, clock)
    rate.take()
    clock.now_s += 1_000
    assert [rate.take() for _ in range(4)] == [True] * 3 + [False]
