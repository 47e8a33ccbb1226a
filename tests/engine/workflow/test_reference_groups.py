"""Random workflows with branches, items and compensations: the engine and `reference_groups.py` say
the same story, event by event.
"""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings

from floruntime.core.errors import BadRequestError
from tests.engine.workflow.calls import ENGINES
from tests.engine.workflow.conftest import rows_replayed
from tests.engine.workflow.random_flows import limits
from tests.engine.workflow.random_groups import ACTIONS, Happening, Json, stories
from tests.engine.workflow.reference import Outcome
from tests.engine.workflow.reference_groups import GroupWorld
from tests.engine.workflow.test_reference import Pair


class GroupPair(Pair):
    """The same with lists of items to begin with."""

    actions = ACTIONS
    world_of = GroupWorld

    def _start(self, items: int) -> None:  # type: ignore[override]  # a list of so many
        run_id = f"r{len(self.world.runs)}"
        assert isinstance(self.world, GroupWorld)
        self.flows.start(list(range(items)), run_id=run_id)
        self.world.start("flow", run_id, items)

    def _finish(self, place: int, outcome: str) -> None:  # type: ignore[override]  # one way to fail
        found = self._claimed(place)
        if found is None:
            return
        call, task = found
        if outcome == "error":
            self.flows.fail(task, "E1: broken", retry=False)
            self.world.finish(call, Outcome(("failure",), "E1", is_final=True))
        else:
            self.flows.complete(task, None, outcome)
            self.world.finish(call, Outcome((outcome,)))

    def _fork(self, place: int, step: str) -> None:
        assert isinstance(self.world, GroupWorld)
        new_id = f"r{len(self.world.runs)}"
        self._with_run(
            place,
            lambda id: self.flows.fork(id, step, new_run_id=new_id),
            self.world.fork,
            step,
            new_id,
        )

    def _pause(self, place: int) -> None:
        assert isinstance(self.world, GroupWorld)
        self._with_run(place, self.flows.pause_run, self.world.pause)

    def _resume(self, place: int) -> None:
        assert isinstance(self.world, GroupWorld)
        self._with_run(place, self.flows.resume_run, self.world.resume)
        self._advance(0)  # branches and items are taken up by a tick


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(stories(), limits())
def test_the_engine_tells_the_story_that_the_reference_tells(
    story: tuple[Json, int, list[Happening]], held_to: dict[str, Json]
) -> None:
    definition, items, happenings = story
    ENGINES.clear()
    try:
        pair = GroupPair([definition])
    except BadRequestError:
        assume(False)
        raise
    pair.hold_to(held_to)
    pair.let_happen(("start", items))
    for happening in happenings:
        pair.let_happen(happening)
    assert rows_replayed(pair.flows.engine) == pair.flows.engine.rows()
    ENGINES.clear()
