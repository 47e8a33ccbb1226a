"""Long work is done in small steps, and of all who have some only one goes on in each turn."""

from __future__ import annotations

import asyncio

from floruntime.server.long_work import SLICE_S, LongWork


class Desk:
    """Steps of half a slice each, on time that only they move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.work = LongWork(lambda: self.now_s)

    def step(self, item: int) -> int:
        self.now_s += SLICE_S / 2
        return -item


async def test_what_is_made_is_in_order() -> None:
    desk = Desk()
    assert await desk.work.each(desk.step, range(5)) == [0, -1, -2, -3, -4]
    assert await desk.work.each(desk.step, []) == []


async def test_however_many_have_some_others_wait_for_one_slice_a_turn() -> None:
    desk = Desk()
    works = [asyncio.ensure_future(desk.work.each(desk.step, range(20))) for _ in range(10)]
    longest_s = 0.0
    while not all(work.done() for work in works):
        begun_s = desk.now_s
        await asyncio.sleep(0)
        longest_s = max(longest_s, desk.now_s - begun_s)
    assert 0 < longest_s < SLICE_S * 1.25, "a step is half a slice"


async def test_one_that_is_given_up_keeps_nobody() -> None:
    desk = Desk()
    first = asyncio.ensure_future(desk.work.each(desk.step, range(1_000)))
    second = asyncio.ensure_future(desk.work.each(desk.step, range(3)))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == [0, -1, -2]
