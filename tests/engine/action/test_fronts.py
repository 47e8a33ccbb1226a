"""Fronts that are kept at hand: they are what the store has, whatever comes, goes or is refused."""

from __future__ import annotations

import random

import pytest

from floruntime.engine.action import fronts
from floruntime.engine.action.fronts import first_front, forget_fronts, put_front, take_front
from floruntime.engine.action.key_rows import FRONT, FrontRow
from floruntime.engine.state.tx import Tx
from floruntime.engine.store.memory import MemoryStore

LINES = (1, 2, 3)
PLACES = range(20)


@pytest.mark.parametrize("seed", range(8))
def test_the_first_is_found_whatever_happens(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("READ_AT_FIRST", 2), ("KEPT_MAX", 8), ("LINES_MAX", 2)):
        monkeypatch.setattr(fronts, name, value)
    draw = random.Random(seed)
    store = MemoryStore()
    tx = Tx(store)
    there: dict[tuple[int, int], FrontRow] = {}
    before = dict(there)
    for _ in range(400):
        line, place = draw.choice(LINES), draw.choice(PLACES)
        key = FRONT.key(line, 0, place, 0)
        match draw.choice(("put", "put", "take", "accept", "refuse", "write", "passed", "forget")):
            case "put":
                there[line, place] = FrontRow(f"key-{place}", (0, place, draw.randrange(9)))
                put_front(tx, line, key, there[line, place])
            case "take":
                there.pop((line, place), None)
                take_front(tx, line, key)
            case "accept":
                tx.accept()
                before = dict(there)
            case "refuse":
                tx.refuse()
                there = dict(before)
            case "write":
                tx.accept()
                before = dict(there)
                store.write(tx.take())
            case "forget":
                forget_fronts(tx, line)
            case _:
                pass
        passed = {f"key-{draw.choice(PLACES)}" for _ in range(draw.randrange(3))}
        for each in LINES:
            able = [
                place
                for of, place in sorted(there)
                if of == each and there[of, place].key not in passed
            ]
            expected = there[each, able[0]] if able else None
            assert first_front(tx, each, passed) == expected
