"""A claim by few steps leaves the very rows that a claim by all of them leaves."""

from __future__ import annotations

import random
from typing import Any

import pytest

from floruntime.core.action import Limits
from floruntime.core.worker import Task, WorkerComplete, WorkerRelease
from floruntime.engine.action.plain_keys import serve_plainly
from tests.engine.action.calls import WORKER, Actions

LIMITS = [
    Limits(running_per_key=1),
    Limits(running_per_key=2),
    Limits(running=4, running_per_key=1),
    Limits(),
    Limits(running_per_key=1, fair=True),
    Limits(rate_per_key=2, rate_period_ms=40),
]
STEPS = 150
PLACE = "floruntime.engine.action.keys.serve_plainly"


def what_comes_of(seed: int) -> list[dict[bytes, bytes]]:
    """The rows after every tenth step of a history that goes as the seed says."""
    chance = random.Random(seed)
    actions = Actions(max_retries=1, retry_delay_ms=0, timeout_ms=50, limits=LIMITS[0])
    held: list[Task] = []
    states = []
    for step in range(STEPS):
        match chance.choice(["invoke", "invoke", "claim", "claim", "end", "advance", "change"]):
            case "invoke":
                for _ in range(chance.randint(1, 5)):
                    key = chance.choice(["a", "b", "b", None])
                    actions.invoke(key=key, priority=chance.choice([5, 5, 5, 1]))
            case "claim":
                held += actions.claim(chance.randint(1, 5))
            case "end" if held:
                _end(actions, chance, held.pop(chance.randrange(len(held))))
            case "advance":
                actions.engine.advance(chance.choice([1, 20, 100]))
            case "change" if chance.random() < 0.3:
                actions.register(limits=chance.choice(LIMITS))
            case _:
                pass
        if step % 10 == 0:
            actions.engine.flush()
            states.append(actions.engine.rows())
    return states


def _end(actions: Actions, chance: random.Random, task: Task) -> None:
    command = WorkerComplete if chance.random() < 0.7 else WorkerRelease
    actions.engine.outcome(command(WORKER, task.run_id, task.lease))  # a lost lease is refused


@pytest.mark.parametrize("seed", range(30))
def test_the_same_rows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[bool] = []

    def serve(*asked: Any) -> bool:
        served.append(serve_plainly(*asked))
        return served[-1]

    monkeypatch.setattr(PLACE, serve)
    states = what_comes_of(seed)
    assert True in served
    monkeypatch.setattr(PLACE, lambda *asked: False)
    assert what_comes_of(seed) == states
