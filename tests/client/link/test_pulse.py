"""Whether the peer lives: when it is asked, and when it is given up."""

from __future__ import annotations

import asyncio
import math

import pytest

from floruntime.client.link.pulse import LATE_S, Pulse, UnderWay
from tests.client.virtual_time import VirtualLoop, virtual


class Peer:
    """What is under way, and what the pulse did, each with its time."""

    def __init__(self, timeout_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun_s = self.loop.time()
        self.doing: UnderWay | None = None
        self.answers = False
        self.asked: list[float] = []
        self.given_up_s: float | None = None
        self.pulse = Pulse(timeout_s, self)

    def at_s(self) -> float:
        return round(self.loop.time() - self.begun_s, 3)

    def begin(self, wait_s: float = 0) -> None:
        """Something is under way from now on; the server may keep it for `wait_s`."""
        now_s = self.loop.time()
        self.doing = UnderWay(now_s, now_s + wait_s)
        self.pulse.expect(now_s + wait_s)

    def under_way(self) -> UnderWay | None:
        return self.doing

    def ask(self) -> None:
        self.asked.append(self.at_s())
        if self.answers:
            self.loop.call_soon(self.pulse.heard)

    def silent(self, silent_s: float) -> None:
        self.given_up_s = self.at_s()
        assert silent_s == pytest.approx(self.given_up_s)


@virtual
async def test_where_nothing_is_under_way_nothing_is_asked() -> None:
    peer = Peer(5)
    peer.begin()
    peer.doing = None  # answered
    await asyncio.sleep(3_600)
    assert peer.asked == []


@pytest.mark.parametrize(
    ("timeout_s", "asked_s", "given_up_s"), [(5, 1.25, 3.75), (60, 15, 45), (0.1, 0.5, 1.5)]
)
@virtual
async def test_a_due_answer_that_does_not_come_is_asked_for_once_and_the_peer_given_up(
    timeout_s: float, asked_s: float, given_up_s: float
) -> None:
    peer = Peer(timeout_s)
    peer.begin()
    await asyncio.sleep(3_600)
    assert peer.asked == [min(asked_s, 10 if timeout_s < 60 else math.inf)]
    assert peer.given_up_s == given_up_s


@virtual
async def test_a_slow_peer_that_answers_when_it_is_asked_is_kept() -> None:
    peer = Peer(5)
    peer.answers = True
    peer.begin()
    await asyncio.sleep(10)
    assert peer.asked == [1.25, 3.75, 6.25, 8.75]
    assert peer.given_up_s is None
    peer.pulse.stop()


@virtual
async def test_a_long_poll_is_asked_about_now_and_then_and_at_its_end() -> None:
    peer = Peer(5)
    peer.answers = True
    peer.begin(wait_s=25)
    await asyncio.sleep(27)
    assert peer.asked == [10, 20, 26.25]
    peer.pulse.stop()


@virtual
async def test_what_comes_puts_it_off() -> None:
    peer = Peer(5)
    peer.begin()
    for _ in range(10):
        await asyncio.sleep(1)
        peer.pulse.heard()
    assert peer.asked == []
    await asyncio.sleep(1.5)
    assert peer.asked == [11.25]
    peer.pulse.stop()


@virtual
async def test_a_sign_of_life_after_it_was_asked_keeps_it() -> None:
    peer = Peer(5)
    peer.begin()
    await asyncio.sleep(3.7)
    peer.pulse.heard()
    await asyncio.sleep(1)
    assert (peer.asked, peer.given_up_s) == ([1.25], None)
    peer.pulse.stop()


@virtual
async def test_a_process_that_stood_still_asks_again_before_it_judges() -> None:
    peer = Peer(5)
    peer.begin()
    await asyncio.sleep(2)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.now_s += 3_600  # the laptop slept
    assert LATE_S < 3_600
    await asyncio.sleep(0.1)
    assert peer.given_up_s is None
    assert peer.asked == [1.25, 3_602]
    await asyncio.sleep(3)
    assert peer.given_up_s == 3_604.5


@virtual
async def test_one_that_is_stopped_does_nothing_more() -> None:
    peer = Peer(5)
    peer.begin()
    peer.pulse.stop()
    await asyncio.sleep(100)
    assert (peer.asked, peer.given_up_s) == ([], None)
