"""Who waits on what, in order of arrival."""

from __future__ import annotations

from typing import Any, cast

import pytest

from floruntime.core.queue import QueueDequeue
from floruntime.engine.state.dispatch import WaitRule
from floruntime.server.clock import ManualClock
from floruntime.server.commit.waiters import Waiter, Waiters

RULE = WaitRule(
    topics=lambda namespace, request: [(namespace, "queue", request.queue)],
    found=bool,
)


class Waiting:
    def __init__(self) -> None:
        self.clock = ManualClock(0)
        self.timed_out: list[str] = []
        self.waiters = Waiters(self.clock, lambda w: self.timed_out.append(str(w.empty)))

    def add(
        self, name: str, queue: str, *, owner: str = "", rule: WaitRule = RULE, block_ms: int = 100
    ) -> Waiter:
        waiter = Waiter(
            cast(Any, owner), 1, "default", 0, QueueDequeue(queue), rule, name, self.clock.now_ms()
        )
        self.waiters.add(waiter, block_ms)
        return waiter

    def on(self, *queues: str) -> list[str]:
        return [str(w.empty) for w in self.waiters.on([topic(queue) for queue in queues])]


def topic(queue: str) -> tuple[str, str, str]:
    return ("default", "queue", queue)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def test_waiters_of_a_topic_come_in_order_of_arrival(waiting: Waiting) -> None:
    for name, queue in (("a", "x"), ("b", "y"), ("c", "x")):
        waiting.add(name, queue)
    assert waiting.on("x") == ["a", "c"]
    assert waiting.on("x", "x", "y") == ["a", "c", "b"]
    assert waiting.on("z") == []
    assert len(waiting.waiters) == 3


def test_an_empty_name_waits_on_every_name(waiting: Waiting) -> None:
    waiting.add("all", "")
    waiting.add("x", "x")
    assert waiting.on("x", "y") == ["x", "all"]


def test_one_that_is_removed_while_others_are_asked_is_passed_by(waiting: Waiting) -> None:
    waiting.add("a", "x")
    second = waiting.add("b", "x")
    waiting.add("c", "x")
    seen = []
    for waiter in waiting.waiters.on([topic("x")]):
        seen.append(waiter.empty)
        waiting.waiters.remove(second)
    assert seen == ["a", "c"]


def test_a_wait_ends_when_its_time_is_up_and_not_twice(waiting: Waiting) -> None:
    waiting.add("a", "x", block_ms=10)
    removed = waiting.add("b", "x", block_ms=10)
    waiting.waiters.remove(removed)
    waiting.waiters.remove(removed)
    waiting.clock.run_next(9)
    assert waiting.timed_out == []
    while waiting.clock.run_next(10):
        pass
    assert waiting.timed_out == ["a"]
    assert not waiting.waiters
    assert waiting.waiters.of(cast(Any, "")) == []


def test_the_waits_of_an_owner(waiting: Waiting) -> None:
    mine = waiting.add("a", "x", owner="me")
    waiting.add("b", "x", owner="you")
    assert waiting.waiters.of(cast(Any, "me")) == [mine]
    waiting.waiters.remove(mine)
    assert waiting.waiters.of(cast(Any, "me")) == []


def test_those_that_keep_something_alive_are_asked_again_if_it_is_long_ago(
    waiting: Waiting,
) -> None:
    waiting.add("no", "x")
    keeper = waiting.add("yes", "x", rule=RULE._replace(keeps_alive=True))
    assert waiting.waiters.keeping_alive(0) == []
    assert waiting.waiters.keeping_alive(1) == [keeper]
    waiting.waiters.remove(keeper)
    assert waiting.waiters.keeping_alive(1) == []


def test_ending_all_waits_is_as_if_their_times_were_up_once(waiting: Waiting) -> None:
    waiting.add("a", "x")
    waiting.add("b", "y")
    waiting.waiters.end_all()
    while waiting.clock.run_next(1_000):
        pass
    assert waiting.timed_out == ["a", "b"]
    assert not waiting.waiters
