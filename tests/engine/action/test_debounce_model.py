"""Debounced invocations against a plain model: claims, lost leases, cancellations, restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from floruntime.core.worker import Task
from tests.engine.action.calls import Actions

TIMEOUT_MS = 50
PAUSE_MS = 20
KEYS = ["doc", "page"]
STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.sampled_from([None, 30])),
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.sampled_from([None, 30])),
    st.tuples(st.just("claim")),
    st.tuples(st.just("cancel"), st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(["complete", "release"])),
    st.tuples(st.just("pass"), st.sampled_from([1, 10, 20, 60])),
    st.tuples(st.just("reopen")),
)


@dataclass
class Waiting:
    """A run that was never claimed."""

    run_id: str
    first_ms: int
    due_ms: int
    payload: bytes


class Debounced:
    """An engine, and the run of each key that still takes newer payloads."""

    def __init__(self) -> None:
        self.actions = Actions(max_retries=1_000, retry_delay_ms=0, timeout_ms=TIMEOUT_MS)
        self.waiting: dict[str, Waiting] = {}
        self.payloads: dict[str, bytes] = {}
        self.held: list[Task] = []
        self.puts = 0

    @property
    def now_ms(self) -> int:
        return self.actions.now_ms

    def put(self, key: str, most_ms: int | None) -> None:
        self.puts += 1
        payload = b"%d" % self.puts
        told = self.actions.invoke_fully(
            payload, debounce_key=key, debounce_ms=PAUSE_MS, debounce_max_ms=most_ms
        )
        self.payloads[told.run_id] = payload
        before = self.waiting.get(key)
        assert told.created == (before is None)
        if before is None:
            due_ms = self.now_ms + min(PAUSE_MS, most_ms or PAUSE_MS)
            self.waiting[key] = Waiting(told.run_id, self.now_ms, due_ms, payload)
            return
        assert told.run_id == before.run_id
        before.payload = payload
        end_ms = None if most_ms is None else before.first_ms + most_ms
        if end_ms is None or self.now_ms < end_ms:
            due_ms = self.now_ms + PAUSE_MS
            before.due_ms = due_ms if end_ms is None else min(due_ms, end_ms)
        else:  # the most that it may wait is over, if only by what this one says
            before.due_ms = min(before.due_ms, self.now_ms)

    def claim(self) -> None:
        due = {each.run_id for each in self.waiting.values() if each.due_ms <= self.now_ms}
        tasks = self.actions.claim(100)
        assert due <= {task.run_id for task in tasks}
        for task in tasks:
            assert task.payload == self.payloads[task.run_id]
            late = [key for key, each in self.waiting.items() if each.run_id == task.run_id]
            for key in late:
                assert self.waiting.pop(key).due_ms <= self.now_ms
        self.held += tasks

    def cancel(self, key: str) -> None:
        waiting = self.waiting.pop(key, None)
        if waiting is not None:
            self.actions.cancel(waiting.run_id)

    def end(self, how: str) -> None:
        if self.held:
            getattr(self.actions, how)(self.held.pop(0))

    def let_happen(self, what: str, *details: Any) -> None:
        match what:
            case "pass":
                self.actions.engine.advance(details[0])
                # What its worker lost was claimed once: it takes no newer payload.
                held = [task for task in self.held if task.lease_expires_at_ms > self.now_ms]
                self.held = held
            case "reopen":
                self.actions.engine.reopen()
            case "complete" | "release":
                self.end(what)
            case _:
                getattr(self, what)(*details)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=30))
@example([("put", "doc", None), ("pass", 60), ("put", "doc", None), ("put", "doc", 30), ("claim",)])
def test_one_run_takes_all_that_comes_before_it_is_claimed(steps: list[tuple[Any, ...]]) -> None:
    debounced = Debounced()
    for step in steps:
        debounced.let_happen(*step)
    debounced.let_happen("pass", 60)
    debounced.claim()
    assert not debounced.waiting, "each is claimed at last"
