"""Shares of the event loop, on a clock that only work moves."""

from __future__ import annotations

import asyncio

import pytest

from floruntime.server import limits
from floruntime.server.connections.turns import Turn, Turns


class Desk:
    """The loop's time, and in which order who worked."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.done: list[str] = []
        #: Whether a batch has become durable in which somebody else waits.
        self.has_news = False
        self.turns = Turns(lambda: self.has_news, lambda: self.now_s)


class Worker:
    """Somebody with so many tasks, of so many seconds each."""

    def __init__(self, desk: Desk, name: str, task_s: float) -> None:
        self.turn = Turn()
        self.tasks = 0
        self._desk = desk
        self._name = name
        self._task_s = task_s

    def begin(self, tasks: int) -> None:
        self.tasks += tasks
        self._desk.turns.begin(self)

    def go_on(self, until_s: float) -> bool:
        while self.tasks:
            self.tasks -= 1
            self._desk.done.append(self._name)
            self._desk.now_s += self._task_s
            if self._desk.now_s >= until_s:
                break
        return bool(self.tasks)


class Writer(Worker):
    """One whose tasks take no time here, and are written elsewhere."""

    def go_on(self, until_s: float) -> bool:
        self.turn.weigh(b"x" * 1_000_000)
        return super().go_on(until_s)


async def until_done(*workers: Worker) -> int:
    """Let them work; how many turns of the loop that took."""
    turns = 0
    while any(worker.tasks for worker in workers):
        await asyncio.sleep(0)
        turns += 1
    return turns


async def test_little_is_done_at_once() -> None:
    desk = Desk()
    worker = Worker(desk, "a", 0.0001)
    worker.begin(5)
    assert worker.tasks == 0


async def test_much_is_done_share_by_share_and_a_newcomer_waits_for_a_turn_at_most() -> None:
    desk = Desk()
    floods = [Worker(desk, f"flood {number}", 0.0001) for number in range(20)]
    for flood in floods:
        flood.begin(500)
    for _ in range(5):
        await asyncio.sleep(0)  # who is greedy is known then
    longest_s = 0.0
    modest = Worker(desk, "modest", 0.0001)
    while any(flood.tasks for flood in floods):
        begun_s = desk.now_s
        modest.begin(1)
        await until_done(modest)
        longest_s = max(longest_s, desk.now_s - begun_s)
        await asyncio.sleep(0)
    assert longest_s <= limits.TURN_S + limits.SHARE_S


async def test_those_who_wait_are_served_one_after_the_other() -> None:
    desk = Desk()
    a, b = Worker(desk, "a", 0.001), Worker(desk, "b", 0.001)
    a.begin(40)
    b.begin(40)
    await until_done(a, b)
    shared = desk.done[: 2 * 38]
    assert abs(shared.count("a") - shared.count("b")) <= limits.SHARE_S / 0.001


async def test_one_that_was_too_much_waits_at_first_the_next_time_and_no_longer() -> None:
    desk = Desk()
    worker = Worker(desk, "a", 0.001)
    worker.begin(10)
    await until_done(worker)
    worker.begin(1)
    assert worker.tasks == 1
    await until_done(worker)
    worker.begin(1)
    assert worker.tasks == 0


async def test_many_who_ask_for_little_share_a_turn_too() -> None:
    desk = Desk()
    workers = [Worker(desk, str(number), 0.001) for number in range(100)]
    for worker in workers:
        worker.begin(1)
    assert desk.now_s <= limits.TURN_S + 0.001
    turns = await until_done(*workers)
    assert turns >= 100 * 0.001 / limits.TURN_S - 2
    assert desk.done == [str(number) for number in range(100)]


async def test_one_task_longer_than_a_share_is_done_all_the_same() -> None:
    desk = Desk()
    slow, quick = Worker(desk, "slow", 1.0), Worker(desk, "quick", 0.0001)
    slow.begin(3)
    quick.begin(2)
    await until_done(slow, quick)
    assert desk.done.count("slow") == 3
    assert desk.done.index("quick") <= 2


async def test_one_that_takes_longer_than_a_share_again_and_again_waits_too() -> None:
    desk = Desk()
    slow = Worker(desk, "slow", 2 * limits.SHARE_S)
    for tasks_left in (0, 0, 1):  # the first time it may have been something else
        slow.begin(1)
        assert slow.tasks == tasks_left
        if not tasks_left:
            desk.turns.used_s = 0.0  # as at the end of a turn of the loop
    await until_done(slow)


async def flooded_turn_s(desk: Desk, after: int) -> float:
    """How long one turn is that those who flood get, after so many others."""
    floods = [Worker(desk, f"flood {number}", 0.0001) for number in range(20)]
    for flood in floods:
        flood.begin(5_000)
    for _ in range(after):
        await asyncio.sleep(0)
    begun_s = desk.now_s
    await asyncio.sleep(0)
    return desk.now_s - begun_s


async def test_a_turn_of_floods_is_short_while_others_are_heard() -> None:
    desk = Desk()
    desk.now_s = 1.0
    assert await flooded_turn_s(desk, 60) >= limits.TURN_S, "they are alone"
    Worker(desk, "modest", 0.0001).begin(1)
    assert await flooded_turn_s(desk, 5) <= limits.FLOODED_S + limits.SHARE_S


async def test_a_turn_of_floods_ends_where_somebody_waits_to_be_told() -> None:
    desk = Desk()
    desk.has_news = True
    assert await flooded_turn_s(desk, 5) <= limits.SHARE_S + 0.0001


class Restless(Worker):
    """One that hears, while it works, that there is more to do."""

    def go_on(self, until_s: float) -> bool:
        more = super().go_on(until_s)
        if more:
            self._desk.turns.begin(self)
        return more


async def test_who_is_at_work_gets_no_second_share_for_asking_again() -> None:
    desk = Desk()
    flood = Restless(desk, "flood", 0.001)
    flood.begin(500)
    assert desk.now_s <= limits.SHARE_S
    modest = Worker(desk, "modest", 0.0001)
    modest.begin(1)
    assert modest.tasks == 0, "the turn was not used up"
    await until_done(flood)


class Crowd:
    """Many who each ask for the next thing once they have the last, of so many seconds each."""

    def __init__(self, desk: Desk, members: int, task_s: float) -> None:
        self._desk = desk
        self._workers = [Worker(desk, "crowd", task_s) for _ in range(members)]

    async def turn(self, *others: Worker) -> None:
        """One turn of the loop, in which others come last."""
        for worker in [*self._workers, *others]:
            if not worker.tasks:
                worker.begin(1)
        await asyncio.sleep(0)

    async def wait_s(self, modest: Worker) -> float:
        """How long somebody else waits who asks for something now."""
        begun_s = self._desk.now_s
        await self.turn(modest)
        while modest.tasks:
            await self.turn()
        return self._desk.now_s - begun_s


@pytest.mark.parametrize("task_s", [0.0003, 0.001, 0.0019])
async def test_a_crowd_that_asks_for_a_little_more_does_not_keep_one_who_asks_for_little(
    task_s: float,
) -> None:
    desk = Desk()
    crowd = Crowd(desk, 100, task_s)
    for _ in range(200):
        await crowd.turn()
    modest = Worker(desk, "modest", 0.00005)
    waits_s = [await crowd.wait_s(modest) for _ in range(50)]
    assert max(waits_s) <= limits.TURN_S + limits.SHARE_S


async def test_one_who_met_now_and_then_with_what_is_not_its_own_is_served_at_once() -> None:
    desk = Desk()
    worker = Worker(desk, "a", 0.00005)
    for number in range(50):
        worker.begin(1)
        assert not worker.tasks
        if number % 5 == 0:
            desk.now_s += 1  # between its tasks, which is nobody's
            worker.turn.took(1.0, limits.SHARE_S)
        desk.turns.used_s = 0.0  # as at the end of a turn of the loop


async def test_every_second_one_too_long_is_too_much() -> None:
    desk = Desk()
    worker = Worker(desk, "a", 0.0)
    for _ in range(4):
        worker.turn.took(1.0, limits.SHARE_S)
        worker.turn.took(0.0, limits.SHARE_S)
    worker.turn.took(1.0, limits.SHARE_S)
    assert worker.turn.is_greedy


async def test_on_a_slow_machine_one_who_asks_for_little_beside_floods_is_served_at_once() -> None:
    desk = Desk()
    floods = [Worker(desk, f"flood {number}", 0.0002) for number in range(100)]
    for flood in floods:
        flood.begin(5_000)
    await asyncio.sleep(0)
    modest = Worker(desk, "modest", 0.0003)
    for _ in range(200):
        await asyncio.sleep(0)
        begun_s = desk.now_s
        modest.begin(1)
        await until_done(modest)
        assert desk.now_s - begun_s <= limits.TURN_S


async def test_who_has_much_written_is_one_of_those_who_wait_for_each_other() -> None:
    desk = Desk()
    writer = Writer(desk, "writer", 0.0)
    for _ in range(2):
        assert not writer.turn.is_greedy
        writer.begin(1)
    assert writer.turn.is_greedy
    worker = Worker(desk, "worker", 0.0001)
    writer.begin(1)
    worker.begin(1)
    await until_done(writer, worker)
    assert desk.done == ["writer", "writer", "worker", "writer"]


def test_what_is_small_weighs_nothing() -> None:
    turn = Turn()
    turn.weigh(b"x" * limits.COUNTED_BYTES_MIN)
    assert turn.beside_s == 0.0
