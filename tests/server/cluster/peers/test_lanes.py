"""What callers send between nodes goes in turns: who sends little waits for little."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from floruntime.server.cluster.peers.lanes import (
    AT_ONCE_BYTES,
    LITTLE_BYTES,
    PIECE_BYTES,
    Lanes,
    Parcel,
)
from floruntime.server.limits import OUTBOX_HIGH_BYTES

LARGE = 64
"""Pieces: so many are more than goes in one turn of the event loop."""


class Wire:
    """What is written, and lanes that write it. A frame begins with its caller's number."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.held_bytes = 0
        self.roomy: list[int] = []
        self.lanes = Lanes(self._write, self._count, self.roomy.append)

    def _write(self, frame: bytes) -> None:
        self.frames.append(frame)

    def _count(self, more_bytes: int) -> None:
        self.held_bytes += more_bytes

    @property
    def callers(self) -> list[int]:
        """Whose frames went, in order."""
        return [frame[0] for frame in self.frames]

    def send_large(self, caller: int, pieces: int = LARGE, *, is_whole: bool = False) -> None:
        frames = (bytes([caller]) * PIECE_BYTES for _ in range(pieces))
        parcel = Parcel(frames, pieces * PIECE_BYTES, is_whole=is_whole)
        self.lanes.send_parcel(caller, parcel)

    def send_little(self, caller: int, text: bytes = b"") -> None:
        self.lanes.send(caller, bytes([caller]) + text)

    async def all(self) -> None:
        while self.lanes._lanes:  # noqa: ASYNC110 # each turn of the loop writes some
            await asyncio.sleep(0)


async def test_who_sends_little_does_not_wait_for_what_others_send() -> None:
    wire = Wire()
    wire.send_large(1)
    written_bytes = sum(map(len, wire.frames))
    assert written_bytes == AT_ONCE_BYTES, "so much goes at once"
    wire.send_little(2)
    assert wire.callers[-1] == 2
    await wire.all()
    assert Counter(wire.callers) == {1: LARGE, 2: 1}


async def test_while_nothing_is_taken_who_sends_little_comes_first() -> None:
    wire = Wire()
    wire.lanes.set_full(True)
    wire.send_large(1)
    wire.send_little(2)
    wire.send_little(3)
    assert wire.frames == []
    wire.lanes.set_full(False)
    assert wire.callers[:3] == [2, 3, 1]
    await wire.all()


async def test_those_who_send_much_take_turns() -> None:
    wire = Wire()
    wire.lanes.set_full(True)
    for caller in (1, 2, 3):
        wire.send_large(caller)
    wire.lanes.set_full(False)
    await wire.all()
    assert wire.callers == [1, 2, 3] * LARGE


async def test_many_who_send_little_leave_something_for_who_sends_much() -> None:
    wire = Wire()
    wire.lanes.set_full(True)
    wire.send_large(1)
    little = AT_ONCE_BYTES // LITTLE_BYTES
    for caller in range(2, little + 50):
        wire.send_little(caller, b"x" * (LITTLE_BYTES - 1))
    wire.lanes.set_full(False)
    assert Counter(wire.callers)[1] == 1
    await wire.all()


async def test_nothing_goes_while_the_other_node_takes_nothing() -> None:
    wire = Wire()
    wire.send_large(1)
    wire.lanes.set_full(True)
    before = len(wire.frames)
    wire.send_little(2)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(wire.frames) == before
    wire.lanes.set_full(False)
    await wire.all()


async def test_what_must_not_be_broken_is_not() -> None:
    """An older node reads it as one frame."""
    wire = Wire()
    wire.lanes.set_full(True)
    wire.send_large(1, is_whole=True)
    wire.send_large(2)
    wire.lanes.set_full(False)
    wire.send_little(3)
    wire.lanes.drop(1)
    await wire.all()
    groups = [caller for caller, _ in itertools.groupby(wire.callers)]
    assert groups == [1, 3, 2]
    assert Counter(wire.callers) == {1: LARGE, 2: LARGE, 3: 1}
    assert wire.held_bytes == 0


async def test_the_last_word_goes_behind_all_that_was_said_before() -> None:
    wire = Wire()
    wire.lanes.send_behind_all(b"\xff at once")
    wire.send_large(1)
    wire.send_large(2)
    wire.lanes.send_behind_all(b"\xff")
    wire.send_large(1, 2)
    wire.send_little(3)
    await wire.all()
    before = Counter(wire.callers[1 : wire.frames.index(b"\xff")])
    assert before[1] >= LARGE
    assert before[2] == LARGE
    assert Counter(wire.callers[1:])[1] == LARGE + 2


async def test_the_last_word_goes_though_one_who_was_to_speak_first_is_gone() -> None:
    wire = Wire()
    wire.send_large(1)
    wire.lanes.send_behind_all(b"\xff")
    wire.lanes.drop(1)
    await wire.all()
    assert wire.frames[-1] == b"\xff"


async def test_nothing_more_goes_of_who_is_gone() -> None:
    wire = Wire()
    wire.send_large(1)
    wire.send_large(2)
    before = Counter(wire.callers)[1]
    wire.lanes.drop(1)
    wire.lanes.drop(9)
    await wire.all()
    assert Counter(wire.callers)[1] == before
    assert Counter(wire.callers)[2] == LARGE
    assert wire.held_bytes == 0


async def test_what_waits_is_counted_until_all_of_it_has_gone() -> None:
    """The other node holds a body that has begun until its end is there."""
    wire = Wire()
    size_bytes = LARGE * PIECE_BYTES
    assert size_bytes > OUTBOX_HIGH_BYTES
    wire.send_large(1)
    wire.send_large(1, 2)
    assert wire.held_bytes == size_bytes + 2 * PIECE_BYTES
    assert not wire.lanes.has_room(1)
    assert wire.lanes.has_room(2)
    assert wire.roomy == []
    await wire.all()
    assert wire.held_bytes == 0
    assert wire.roomy == [1]
    assert wire.lanes.has_room(1)


async def test_nothing_is_left_where_nobody_takes_anything_any_more() -> None:
    wire = Wire()
    wire.send_large(1)
    wire.send_large(2)
    written = len(wire.frames)
    wire.lanes.clear()
    assert wire.held_bytes == 0
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(wire.frames) == written


async def test_who_is_told_of_room_may_end_it_all() -> None:
    wire = Wire()
    wire.lanes._on_room = lambda caller: wire.lanes.clear()
    wire.send_large(1)
    await wire.all()
    assert wire.held_bytes == 0
    assert not wire.lanes._others


DOINGS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([0, 1, 7, 20]), st.booleans(), st.booleans())
)


@given(DOINGS)
def test_what_one_caller_sends_arrives_in_order(doings: list[tuple[int, int, bool, bool]]) -> None:
    asyncio.run(_in_order(doings))


async def _in_order(doings: list[tuple[int, int, bool, bool]]) -> None:
    wire = Wire()
    sent: dict[int, list[bytes]] = {}
    numbers = itertools.count()
    for caller, pieces, is_whole, is_full in doings:
        wire.lanes.set_full(is_full)
        frames = [bytes([caller]) + b"%07d" % next(numbers) for _ in range(pieces or 1)]
        sent.setdefault(caller, []).extend(frames)
        if pieces:
            padded = [frame * 4096 for frame in frames]
            size_bytes = sum(map(len, padded))
            wire.lanes.send_parcel(caller, Parcel(iter(padded), size_bytes, is_whole=is_whole))
        else:
            wire.lanes.send(caller, frames[0])
        await asyncio.sleep(0)
    wire.lanes.set_full(False)
    await wire.all()
    for caller, frames in sent.items():
        assert [frame[:8] for frame in wire.frames if frame[0] == caller] == frames
    assert wire.held_bytes == 0
