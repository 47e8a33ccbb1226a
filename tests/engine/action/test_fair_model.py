"""A fair line against a plain list of keys, over ends of runs, lost leases and restarts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floruntime.core.action import Limits
from floruntime.core.worker import Task
from tests.engine.action.calls import Actions

TIMEOUT_MS = 50
KEYS = ["a", "b", "c", "d", None]
STEPS = st.one_of(
    st.tuples(st.just("invoke"), st.sampled_from(KEYS)),
    st.tuples(st.just("invoke"), st.sampled_from(KEYS)),
    st.tuples(st.just("claim"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["complete", "fail", "release", "cancel"]), st.integers(0, 5)),
    st.tuples(st.just("lose"), st.just(0)),
    st.tuples(st.just("reopen"), st.just(0)),
)


class Line:
    """An engine with a fair line, and what is to come of it. `turns`: the keys in line; `due`: the
    due runs of each, by due time and arrival.
    """

    def __init__(self, at_once: int | None) -> None:
        limits = Limits(running_per_key=at_once, fair=True)
        self.at_once = at_once
        self.actions = Actions(
            max_retries=1000, retry_delay_ms=0, timeout_ms=TIMEOUT_MS, limits=limits
        )
        self.turns: list[str | None] = []
        self.due: dict[str | None, list[tuple[int, str]]] = {key: [] for key in KEYS}
        self.held: list[tuple[str | None, int, Task]] = []

    def put(self, key: str | None, due_ms: int, run_id: str) -> None:
        if not self.due[key]:
            self.turns.append(key)
        self.due[key] = sorted([*self.due[key], (due_ms, run_id)], key=_place)

    def invoke(self, key: str | None) -> None:
        self.put(key, self.actions.now_ms, self.actions.invoke(key=key))

    def claim(self, count: int) -> None:
        tasks = self.actions.claim(count)
        for task in tasks:
            key = next(each for each in self.turns if self.may_be_served(each))
            due_ms, run_id = self.due[key].pop(0)
            assert task.run_id == run_id
            self.held.append((key, due_ms, task))
            self.turns.remove(key)
            if self.due[key]:
                self.turns.append(key)
        if len(tasks) < count:
            assert not any(map(self.may_be_served, self.turns))

    def may_be_served(self, key: str | None) -> bool:
        running = sum(each == key for each, _, _ in self.held)
        return key is None or self.at_once is None or running < self.at_once

    def end(self, how: str, place: int) -> None:
        if place >= len(self.held):
            return
        key, due_ms, task = self.held.pop(place)
        if how == "cancel":
            self.actions.cancel(task.run_id)
            return
        getattr(self.actions, how)(task)
        if how == "fail":
            self.put(key, self.actions.now_ms, task.run_id)
        elif how == "release":
            self.put(key, due_ms, task.run_id)

    def lose(self) -> None:
        """All leases end at one time; timers of one time come by the numbers of their runs."""
        self.actions.engine.advance(TIMEOUT_MS)
        for key, _, task in sorted(self.held, key=lambda each: _number(each[2].run_id)):
            self.put(key, self.actions.now_ms, task.run_id)
        self.held.clear()

    def let_happen(self, what: str, detail: Any) -> None:
        match what:
            case "invoke":
                self.invoke(detail)
            case "claim":
                self.claim(detail)
            case "lose":
                self.lose()
            case "reopen":
                self.actions.engine.reopen()
            case _:
                self.end(what, detail)


def _place(run: tuple[int, str]) -> tuple[int, int]:
    return run[0], _number(run[1])


def _number(run_id: str) -> int:
    return int(run_id.removeprefix("run-"))


@pytest.mark.parametrize("at_once", [None, 1, 2])
def test_keys_are_served_in_turn(at_once: int | None) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.lists(STEPS, max_size=30))
    def run(steps: list[tuple[str, Any]]) -> None:
        line = Line(at_once)
        for step in steps:
            line.let_happen(*step)
        for _ in range(200):
            line.claim(3)
            if not line.held:
                break
            line.end("complete", 0)
        assert not line.turns, "nobody starves"

    run()
