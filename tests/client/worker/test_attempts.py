"""Deliveries in hand: each ends once, whatever its handler does, and its place is free again."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from floruntime.client.worker.attempts import Attempt, Attempts
from floruntime.client.worker.contexts import ActionContext
from floruntime.client.worker.handlers import handler_of
from floruntime.core.worker import Task
from floruntime.server.clock import ManualClock

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
LEASE_MS = 30_000


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.touched: list[Any] = []

    def began(self, attempt: Attempt) -> None:
        self.told.append(("began", attempt.key))

    async def commit(self, attempt: Attempt, result: Any) -> None:
        raise AssertionError("nothing was written")

    def succeeded(self, attempt: Attempt, result: Any) -> None:
        self.told.append(("succeeded", result))

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self.told.append(("failed", type(error)))

    def ended(self, attempt: Attempt, took_ms: float | None) -> None:
        self.told.append(("ended", took_ms is not None))

    def touch_due(self, attempts: list[Attempt]) -> None:
        self.touched += [each.key for each in attempts]


class Hand:
    """Attempts of an owner, by a clock that the test moves."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock(0)
        self.owner = Owner()
        given = {"concurrency": 2, "timeout_ms": 60_000, "auto_touch": True, **options}
        self.attempts = Attempts(self.owner, self.clock, **given)

    def begin(self, handler: Callable[[Any], Any], key: str = "run-1") -> Attempt:
        task = Task(key, "a", b"", 1, 1, 0, LEASE_MS)
        attempt = Attempt(key, task, handler_of(handler), LEASE_MS)
        attempt.context = ActionContext(task, "default")
        self.attempts.hold(attempt, self.clock.now_ms())
        self.attempts.begin(attempt)
        return attempt

    def advance(self, ms: int) -> None:
        until_ms = self.clock.now_ms() + ms
        while self.clock.run_next(until_ms):
            pass

    async def ended(self) -> list[tuple[str, Any]]:
        """What the owner was told until no handler ran."""
        async with asyncio.timeout(20):
            while self.attempts.running:  # noqa: ASYNC110 # whatever ends it
                await asyncio.sleep(0)
        return self.owner.told


@pytest.fixture
async def hand() -> AsyncIterator[Hand]:
    hand = Hand()
    yield hand
    hand.attempts.close()


async def stuck(ctx: Any) -> None:
    await asyncio.Event().wait()


def raiser(error: BaseException) -> Callable[[Any], Any]:
    async def handler(ctx: Any) -> None:
        raise error

    return handler


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        SystemExit(1),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        StopAsyncIteration(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_handler_raises_is_its_end(hand: Hand, error: BaseException) -> None:
    hand.begin(raiser(error))
    assert await hand.ended() == [
        ("began", "run-1"),
        ("failed", type(error)),
        ("ended", True),
    ]
    assert list(hand.attempts.held) == []


async def test_a_place_is_free_again_although_its_task_never_took_a_step(hand: Hand) -> None:
    attempt = hand.begin(stuck)
    hand.attempts.lose(attempt)
    assert await hand.ended() == [("ended", False)]
    assert hand.attempts.free == 2


async def test_no_handler_sees_the_context_variables_of_another(hand: Hand) -> None:
    seen: list[str] = []

    async def look(ctx: Any) -> None:
        seen.append(WHO.get())
        WHO.set("a handler")

    class Chain(Owner):
        """Begins the next handler out of the end of the one before."""

        def ended(self, attempt: Attempt, took_ms: float | None) -> None:
            if len(seen) == 1:
                chained.begin(look, "run-2")

    WHO.set("the application")
    chained = Hand()
    chained.attempts._owner = chained.owner = Chain()
    chained.begin(look)
    await chained.ended()
    assert seen == ["the application"] * 2
    chained.attempts.close()


async def test_a_lease_is_kept_by_touching_after_each_third(hand: Hand) -> None:
    attempt = hand.begin(stuck)
    await asyncio.sleep(0)
    hand.advance(9_999)
    assert hand.owner.touched == []
    hand.advance(2)
    assert hand.owner.touched == ["run-1"]
    hand.attempts.touched(attempt, hand.clock.now_ms(), LEASE_MS)
    hand.advance(9_999)
    assert hand.owner.touched == ["run-1"]
    hand.advance(2)
    assert hand.owner.touched == ["run-1"] * 2


async def test_what_is_not_heard_of_is_touched_again_after_another_third(hand: Hand) -> None:
    hand.begin(stuck)
    hand.advance(30_003)
    assert hand.owner.touched == ["run-1"] * 3


async def test_a_short_touch_takes_nothing_from_a_lease_and_a_long_one_is_kept_too(
    hand: Hand,
) -> None:
    attempt = hand.begin(stuck)
    await asyncio.sleep(0)
    hand.attempts.touched(attempt, 0, 1_000)
    assert attempt.lease_ends_ms == LEASE_MS
    hand.attempts.touched(attempt, 0, 50_000)
    hand.advance(29_999)
    assert hand.owner.touched == []
    hand.advance(2)
    assert hand.owner.touched == ["run-1"]


async def test_the_time_of_a_handler_counts_from_when_it_begins(hand: Hand) -> None:
    attempt = hand.begin(stuck)
    hand.advance(60_001)
    assert ("failed", TimeoutError) not in hand.owner.told
    await asyncio.sleep(0)
    assert attempt.is_begun
    hand.advance(60_001)
    assert ("failed", TimeoutError) in hand.owner.told
    assert (await hand.ended())[-1] == ("ended", True)


async def test_what_is_given_up_is_stopped_cleans_up_and_is_told_nothing_of(hand: Hand) -> None:
    clean_up = asyncio.Event()

    async def tidy(ctx: Any) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            assert ctx.is_cancelled
            await clean_up.wait()
        return "never"

    attempt = hand.begin(tidy)
    await asyncio.sleep(0)
    hand.attempts.give_up()
    await asyncio.sleep(0)
    assert list(hand.attempts.held) == [attempt], "its lease is kept meanwhile"
    clean_up.set()
    await hand.ended()
    assert [what for what, _ in hand.owner.told] == ["began", "ended"]
    assert hand.attempts.take_all() == [attempt]


async def test_what_has_not_begun_can_be_taken_back_alone(hand: Hand) -> None:
    hand.begin(stuck)
    await asyncio.sleep(0)
    waiting = hand.begin(stuck, "run-2")
    assert hand.attempts.take_unbegun() == [waiting]
    assert [each.key for each in hand.attempts.held] == ["run-1"]


async def test_what_is_delivered_anew_is_lost(hand: Hand) -> None:
    former = hand.begin(stuck)
    await asyncio.sleep(0)
    again = hand.begin(stuck)
    assert former.is_over
    assert list(hand.attempts.held) == [again]
