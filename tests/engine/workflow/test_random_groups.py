"""Random workflows with branches, items and compensations: whatever happens, all of it ends, and
nothing is left behind, and each step ended as its branches and items did.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from floruntime.core.action import ActionCountRuns
from floruntime.core.errors import BadRequestError, FloError
from floruntime.core.worker import Task
from floruntime.core.workflow import HistoryEvent, WorkflowStatus
from floruntime.engine.workflow.invariant_counts import violations
from tests.engine.workflow.calls import ENGINES, Workflows
from tests.engine.workflow.conftest import rows_replayed
from tests.engine.workflow.random_groups import ACTIONS, SIGNALS, Happening, Json, stories

ROUNDS_MAX = 200
A_MINUTE_MS = 60_000
_FAILURES = ("failure", "timeout", "pending", "target_not_found", "target_disabled")
_FAILED = (*_FAILURES, "execution_failure", "exhausted")


class Story:
    """An engine to which things happen."""

    def __init__(self, definition: Json) -> None:
        self.flows = Workflows(actions=ACTIONS, timeout_ms=10**9)
        self.flows.sync(json.dumps(definition))
        self.definition = definition
        self.run_ids: list[str] = []
        self.tasks: list[Task] = []

    def let_happen(self, happening: Happening) -> None:
        verb, *details = happening
        try:
            getattr(self, f"_{verb}")(*details)
        except FloError:
            self.refused = verb
        self.check(happening)

    def check(self, after: Any) -> None:
        engine = self.flows.engine
        assert violations(engine.machine.view(engine.store, "default", engine.now_ms)) == [], after

    # What can happen

    def _start(self, items: int) -> None:
        self.run_ids.append(self.flows.start(list(range(items))))

    def _finish(self, place: int, outcome: str) -> None:
        self.tasks += self.flows.claim(*ACTIONS)
        if place < len(self.tasks):
            task = self.tasks.pop(place)
            if outcome == "error":
                self.flows.fail(task, "E1: broken", retry=False)
            else:
                self.flows.complete(task, {"of": task.run_id}, outcome)

    def _advance(self, ms: int) -> None:
        self.flows.advance(ms)

    def _signal(self, place: int, type: str) -> None:
        self.flows.signal(self._id(place), type)

    def _pause(self, place: int) -> None:
        self.flows.pause_run(self._id(place))

    def _resume(self, place: int) -> None:
        self.flows.resume_run(self._id(place))

    def _cancel(self, place: int) -> None:
        self.flows.cancel(self._id(place))

    def _retry(self, place: int) -> None:
        self.flows.retry(self._id(place))

    def _fork(self, place: int, step: str) -> None:
        self.run_ids.append(self.flows.fork(self._id(place), step))

    def _restart(self) -> None:
        self.flows.engine.reopen()

    def _id(self, place: int) -> str:
        return self.run_ids[min(place, len(self.run_ids) - 1)]

    # The end

    def let_end(self) -> None:
        """Let everything go on until nothing is under way."""
        for number in range(ROUNDS_MAX):
            unfinished = [id for id in self.run_ids if not is_ended(self.flows.status(id))]
            if not unfinished:
                break
            for run_id in unfinished:
                if self.flows.status(run_id) is WorkflowStatus.PAUSED:
                    self.flows.resume_run(run_id)
                for type in SIGNALS:
                    self.let_happen(("signal", self.run_ids.index(run_id), type))
            self.let_happen(("finish", 0, "success"))
            self.flows.advance(
                20 if number % 10 else A_MINUTE_MS
            )  # also for actions that are not there
        assert all(is_ended(self.flows.status(id)) for id in self.run_ids), "each run ends"
        self.check("the end")
        counts = self.flows.ask(ActionCountRuns())
        assert counts["pending"] == counts["running"] == 0, "no action run is left behind"

    def check_histories(self) -> None:
        for run_id in self.run_ids:
            events = self.flows.history(run_id)
            for step, visit in visits(events):
                self._check_visit(step, visit)
            begun = Counter(
                event.detail for event in events if event.type == "compensation_started"
            )
            assert max(begun.values(), default=0) <= 2, (run_id, begun)  # of two visits, by a retry
            status = self.flows.status(run_id)
            if status is WorkflowStatus.COMPLETED:
                assert not begun, "what has completed is not undone"

    def _check_visit(self, step: str, visit: list[HistoryEvent]) -> None:
        body = self.definition["start"] if step == "start" else self.definition["steps"][step]
        types = Counter(event.type for event in visit)
        if "parallel" not in body and "forEach" not in body:
            assert not types["branch_started"]
            return
        ended = types["branch_completed"] + types["branch_cancelled"]
        assert types["branch_started"] == ended, visit
        assert types["join_reached"] <= 1, visit
        outcome = next((event.detail for event in visit if event.type == "step_completed"), None)
        if outcome is not None:
            ends = [event.detail for event in visit if event.type == "branch_completed"]
            failed = sum(end.split(": ")[1] in _FAILED for end in ends)
            expected = outcome_of(body, len(ends) - failed, failed)
            assert outcome.split(": ")[0] == expected, (visit, expected)


def is_ended(status: WorkflowStatus) -> bool:
    return status in ("completed", "failed", "cancelled", "timed_out")


def visits(events: list[HistoryEvent]) -> list[tuple[str, list[HistoryEvent]]]:
    """The events of each visit to a step."""
    found: list[tuple[str, list[HistoryEvent]]] = []
    for event in events:
        if event.type == "step_started":
            found.append((event.step or "", []))
        elif found and event.type != "step_retry":
            found[-1][1].append(event)
    return found


def outcome_of(body: Json, succeeded: int, failed: int) -> str:
    """How a step of branches or items ends."""
    if "parallel" in body:
        parallel = body["parallel"]
        count = len(parallel["branches"])
        wanted = {"all": count, "any": 1}.get(parallel["join"], parallel["join"])
        return "success" if succeeded >= wanted else "failure"
    if failed and body["forEach"].get("onFailure", "cancel") == "cancel":
        return "failure"
    return "success" if not failed else "partial" if succeeded else "failure"


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories())
def test_all_of_it_ends_as_its_branches_and_items_did(
    story: tuple[Json, int, list[Happening]],
) -> None:
    definition, items, happenings = story
    ENGINES.clear()
    try:
        told = Story(definition)
    except BadRequestError:
        assume(False)
        raise
    told.let_happen(("start", items))
    for happening in happenings:
        told.let_happen(happening)
    told.let_end()
    told.check_histories()
    engine = told.flows.engine
    assert rows_replayed(engine) == engine.rows()
    ENGINES.clear()
