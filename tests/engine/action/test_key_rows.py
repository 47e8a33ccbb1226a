"""The places that a lane of a key keeps at hand are the first of those that wait in it."""

from __future__ import annotations

import random

import pytest

from floruntime.engine.action.key_rows import (
    BEHIND_MAX,
    KEYED_RUN,
    PLACE_BYTES,
    KeyRow,
    LaneRow,
    Place,
    copy_of_key,
)

LINE, KEY = 5, 7


def packed(places: list[Place]) -> bytes:
    """Places as the keys of their runs end."""
    return b"".join(KEYED_RUN.key(LINE, KEY, *place)[-PLACE_BYTES:] for place in places)


@pytest.mark.parametrize("seed", range(20))
def test_runs_come_and_go(seed: int) -> None:
    chance = random.Random(seed)
    waiting: list[Place] = [(10, 1_000, 1)]
    lane = LaneRow(LINE, 1, waiting[0])
    for number in range(2, 200):
        if len(waiting) == 1 or chance.random() < 0.55:
            place = (chance.choice([1, 10, 255]), chance.choice([1, 1_000, 2**40]), number)
            waiting = sorted([*waiting, place])
            lane.add(place)
        else:
            gone = waiting.pop(chance.choice([0, 0, chance.randrange(len(waiting))]))
            if gone == lane.first and not lane.next_places:  # then they are read
                lane.next_places = packed(waiting[: 1 + BEHIND_MAX])
            lane.remove(gone)
        at_hand = lane.next_places
        assert (lane.waiting, lane.first) == (len(waiting), waiting[0])
        assert at_hand == packed(waiting[1:])[: len(at_hand)]
        assert len(at_hand) <= BEHIND_MAX * PLACE_BYTES


def test_a_row_of_an_earlier_version() -> None:
    places: list[Place] = [(10, 1, 2), (10, 1, 3), (10, 2, 4)]
    old = LaneRow(LINE, 4, (10, 1, 1), behind=tuple(places))
    row = KeyRow(KEY, lanes={"": old})
    lane = copy_of_key(row).lanes[""]
    assert lane.next_places == packed(places)
    lane.add((10, 1, 9))
    assert lane.next_places == packed([*places[:2], (10, 1, 9), places[2]])
    lane.remove((10, 1, 1))
    assert (lane.first, lane.next_places) == (places[0], packed([places[1], (10, 1, 9), places[2]]))
    assert old == LaneRow(LINE, 4, (10, 1, 1), behind=tuple(places)), "others read it still"
