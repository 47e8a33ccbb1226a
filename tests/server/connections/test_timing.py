"""Some requests are timed, from when they came until their answer goes out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from floruntime.core.kv import KvGet, KvPut
from floruntime.core.types import Request
from floruntime.core.wire import Envelope
from floruntime.server.connections.timing import TIMED_EVERY_S, UNTIMED_S_MAX, Timing
from floruntime.server.connections.turns import Turns
from floruntime.server.metrics.counts import NOTED_MAX, Counts


class World:
    """A connection, its unanswered requests, and a clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.sent: list[list[bytes]] = []
        self.is_closed = False
        self.send = self.sent.append
        self.unanswered: dict[int, object] = {}
        self.counts = Counts()
        self.turns = SimpleNamespace(now_s=lambda: self.now_s, timed_from_s=0.0)
        self.timing = Timing(self, self.unanswered, self.counts, cast(Turns, self.turns))

    def took_s(self, kind: type[Any]) -> tuple[int, float]:
        found = self.counts.durations[kind]
        return sum(found.counts), found.sum


def asked(request_id: int, request: Request[Any]) -> Envelope:
    return Envelope(request_id, "default", 0, request)


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_answered_at_once(world: World) -> None:
    world.timing.time(asked(1, KvGet("a")), 99.75)
    assert world.took_s(KvGet) == (1, 0.25)
    world.send([b"x"])
    assert world.sent == [[b"x"]]


def test_what_is_answered_later_is_seen_when_that_goes_out(world: World) -> None:
    plain = world.send
    world.unanswered.update({1: None, 2: None})
    world.timing.time(asked(1, KvPut("a", b"")), 100.0)
    world.now_s = 101.0
    world.timing.time(asked(2, KvGet("a")), 101.0)
    world.send([b"of another"])
    assert world.took_s(KvPut) == (0, 0), "it waits yet"
    del world.unanswered[1]
    world.now_s = 103.0
    world.send([b"answer"])
    assert world.took_s(KvPut) == (1, 3.0)
    assert world.send != plain, "the other one waits"
    del world.unanswered[2]
    world.send([b"answer"])
    assert world.took_s(KvGet) == (1, 2.0)
    assert world.send == plain, "nobody is looked for any more"
    assert len(world.sent) == 3


def test_few_are_all_timed_and_many_are_not(world: World) -> None:
    timed, world.now_s = 0, 50.0
    for _ in range(1_000):
        if world.now_s >= world.turns.timed_from_s:
            world.timing.time(asked(1, KvGet("a")), world.now_s)
            timed += 1
    assert timed == pytest.approx(UNTIMED_S_MAX / TIMED_EVERY_S, abs=1)
    for _ in range(1_000):
        world.now_s += TIMED_EVERY_S / 10
        if world.now_s >= world.turns.timed_from_s:
            world.timing.time(asked(1, KvGet("a")), world.now_s)
            timed += 1
    assert timed == pytest.approx(UNTIMED_S_MAX / TIMED_EVERY_S + 100, abs=2)


def test_what_was_refused_before_it_was_asked_is_not_timed(world: World) -> None:
    world.timing.time(None, 1.0)
    world.is_closed = True
    world.timing.time(asked(1, KvGet("a")), 1.0)
    assert not world.counts.durations


def test_what_was_noted_is_counted_before_it_is_much(world: World) -> None:
    for _ in range(NOTED_MAX + 1):
        world.counts.note_answered(KvGet)
    assert not world.counts.answered
    world.timing.time(asked(1, KvGet("a")), 99.0)
    assert world.counts.answered == {KvGet: NOTED_MAX + 1}
