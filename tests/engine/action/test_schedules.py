"""Schedules of actions, the engine's part: what happens when a nominal time has come."""

from __future__ import annotations

import re
from typing import Any

import pytest

from floruntime.core.action import (
    ActionPauseSchedule,
    ActionRegister,
    ActionRetry,
    ActionSchedule,
    ActionScheduleDue,
    ActionScheduleInfo,
    ActionSchedules,
    ActionTriggerSchedule,
    ActionUnschedule,
)
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.schedule import Overlap
from floruntime.core.system import NamespaceDelete
from floruntime.engine.action.schedule_rows import (
    ACTION_SCHEDULE,
    ACTION_SCHEDULE_DUE,
    ACTION_SCHEDULE_PAYLOAD,
)
from tests.engine.action.calls import RESIZE, Actions
from tests.engine.harness import Engine

HOURLY = "0 * * * *"


class Scheduled(Actions):
    """Says, as the server does, that times have come."""

    def schedule(self, **options: Any) -> ActionScheduleInfo:
        given = {"cron": HOURLY} if "interval_ms" not in options else {}
        return self.engine.run(ActionSchedule(RESIZE, **(given | options)))

    def standing(self) -> list[tuple[int, ...]]:
        """Due times and numbers of the schedules that are awake."""
        rows = self.engine.rows()
        return [ACTION_SCHEDULE_DUE.unpack(key) for key in rows if key[:2] == b"at"]

    def come(self, nominal_ms: int, next_ms: int = 0) -> None:
        [(due_ms, action_id)] = self.standing()
        self.engine.run(
            ActionScheduleDue(action_id, due_ms, nominal_ms, next_ms or nominal_ms + 1000)
        )

    @property
    def info(self) -> ActionScheduleInfo:
        [info] = self.engine.query(ActionSchedules()).items
        return info

    def pause(self, paused: bool = True) -> ActionScheduleInfo:
        return self.engine.run(ActionPauseSchedule(RESIZE, paused))

    def unschedule(self) -> bool:
        return self.engine.run(ActionUnschedule(RESIZE))


def test_a_time_that_has_come_makes_a_run_of_the_payload() -> None:
    actions = Scheduled()
    info = actions.schedule(payload=b"p", timezone="Europe/Berlin")
    assert (info.cron, info.timezone, info.overlap) == (HOURLY, "Europe/Berlin", Overlap.SKIP)
    assert (info.next_run_at_ms, info.last_run_id, info.running) == (None, None, 0)
    actions.come(0, 5000)
    assert actions.info.next_run_at_ms == 5000
    assert actions.runs() == []
    actions.come(5000, 6000)
    [run_id] = actions.runs()
    assert actions.run(run_id).input == b"p"
    info = actions.info
    assert (info.last_run_at_ms, info.last_run_id, info.next_run_at_ms) == (5000, run_id, 6000)
    assert info.running == 1
    actions.complete(actions.claim_one())
    assert actions.info.running == 0


def test_a_time_that_comes_twice_makes_one_run() -> None:
    actions = Scheduled()
    actions.schedule(overlap=Overlap.ALLOW)
    actions.come(5000, 6000)
    [(due_ms, action_id)] = actions.standing()
    actions.engine.run(ActionScheduleDue(action_id, 0, 5000, 6000))  # the place is gone
    actions.engine.run(ActionScheduleDue(action_id, due_ms, 5000, 7000))  # the clock went back
    assert len(actions.runs()) == 1


def test_a_time_is_skipped_while_its_own_run_goes_on() -> None:
    actions = Scheduled()
    actions.schedule()
    actions.invoke()  # not its own
    for nominal_ms in (5000, 6000, 7000):
        actions.come(nominal_ms)
    assert len(actions.runs()) == 2
    assert (actions.info.running, actions.info.skipped_total) == (1, 2)


def test_more_of_its_runs_may_go_on() -> None:
    actions = Scheduled()
    actions.schedule(max_concurrent=2)
    for nominal_ms in (5000, 6000, 7000):
        actions.come(nominal_ms)
    assert (actions.info.running, actions.info.skipped_total) == (2, 1)


def test_with_allow_any_number_goes_on() -> None:
    actions = Scheduled()
    actions.schedule(overlap=Overlap.ALLOW)
    for nominal_ms in (5000, 6000, 7000):
        actions.come(nominal_ms)
    assert (actions.info.running, actions.info.skipped_total) == (3, 0)


def test_one_time_waits_for_a_run_to_end() -> None:
    actions = Scheduled()
    actions.schedule(overlap=Overlap.BUFFER_ONE)
    for nominal_ms in (5000, 6000, 7000):
        actions.come(nominal_ms)
    assert (len(actions.runs()), actions.info.skipped_total) == (1, 1)
    actions.complete(actions.claim_one())
    actions.engine.tick()
    assert len(actions.runs()) == 2
    assert (actions.info.last_run_at_ms, actions.info.running) == (6000, 1)
    actions.cancel(actions.info.last_run_id or "")
    actions.engine.tick()
    assert len(actions.runs()) == 2


def test_a_run_that_is_tried_again_goes_on_again() -> None:
    actions = Scheduled(max_retries=0)
    actions.schedule()
    actions.come(5000)
    task = actions.claim_one()
    actions.fail(task)
    assert actions.info.running == 0
    actions.engine.run(ActionRetry(task.run_id))
    assert actions.info.running == 1
    actions.complete(actions.claim_one())
    assert actions.info.running == 0


def test_paused_it_sleeps_and_makes_up_for_nothing() -> None:
    actions = Scheduled()
    actions.schedule(overlap=Overlap.BUFFER_ONE)
    actions.come(0, 5000)
    assert actions.pause().paused
    assert (actions.standing(), actions.info.next_run_at_ms) == ([], None)
    assert not actions.pause(False).paused
    assert [due_ms for due_ms, _ in actions.standing()] == [0]


def test_by_hand_a_run_of_it_begins_beside_its_times() -> None:
    actions = Scheduled()
    with pytest.raises(NotFoundError, match="no schedule"):
        actions.engine.run(ActionTriggerSchedule(RESIZE))
    actions.schedule(payload=b"p")
    actions.come(0, 5000)
    run_id = actions.engine.run(ActionTriggerSchedule(RESIZE))
    assert (actions.runs(), actions.run(run_id).input) == ([run_id], b"p")
    info = actions.info
    assert (info.running, info.next_run_at_ms, info.last_run_id) == (1, 5000, None)
    actions.pause()
    assert actions.engine.run(ActionTriggerSchedule(RESIZE)) != run_id, "paused, too"
    actions.enable(False)
    with pytest.raises(ConflictError, match="disabled"):
        actions.engine.run(ActionTriggerSchedule(RESIZE))


def test_disabled_the_action_is_not_invoked() -> None:
    actions = Scheduled()
    actions.schedule()
    actions.enable(False)
    assert (actions.standing(), actions.info.enabled) == ([], False)
    actions.enable(True)
    assert [due_ms for due_ms, _ in actions.standing()] == [0]


def test_again_it_is_replaced() -> None:
    actions = Scheduled()
    actions.schedule(payload=b"old")
    actions.come(0, 5000)
    actions.schedule(payload=b"new", max_concurrent=3)
    assert (actions.info.next_run_at_ms, actions.info.max_concurrent) == (5000, 3)
    actions.come(5000)
    assert actions.run(actions.info.last_run_id or "").input == b"new"
    info = actions.schedule(interval_ms=60_000, jitter_ms=10)
    assert (info.cron, info.interval_ms, info.jitter_ms) == (None, 60_000, 10)
    assert info.next_run_at_ms is None
    assert len(actions.standing()) == 1


def test_what_was_paused_by_hand_stays_so() -> None:
    actions = Scheduled()
    actions.schedule()
    actions.pause()
    assert actions.schedule(payload=b"new").paused
    assert actions.schedule(paused=True).paused
    assert not actions.schedule(paused=False).paused


def test_register_keeps_a_schedule_and_leaves_what_it_does_not_name() -> None:
    actions = Scheduled(schedule="0 3 * * *", timezone="Europe/Berlin")
    assert (actions.info.cron, actions.info.timezone) == ("0 3 * * *", "Europe/Berlin")
    actions.register(timeout_ms=5)
    assert actions.info.cron == "0 3 * * *"
    actions.register(schedule="0 4 * * *")
    assert (actions.info.cron, actions.info.timezone) == ("0 4 * * *", "UTC")
    with pytest.raises(BadRequestError, match="cron"):
        actions.register("other", schedule="nonsense")
    with pytest.raises(NotFoundError):
        actions.engine.run(ActionSchedule("other", HOURLY))


def test_unscheduled_it_is_gone_and_its_runs_go_on() -> None:
    actions = Scheduled()
    actions.schedule()
    actions.come(5000)
    assert actions.unschedule()
    assert not actions.unschedule()
    assert (actions.standing(), actions.engine.query(ActionSchedules()).items) == ([], [])
    with pytest.raises(NotFoundError, match="has no schedule"):
        actions.pause()
    actions.schedule()
    assert actions.info.running == 1
    actions.complete(actions.claim_one())
    assert actions.info.running == 0


def test_it_goes_with_its_action() -> None:
    actions = Scheduled()
    actions.schedule()
    actions.come(5000)
    actions.delete(force=True)
    actions.engine.tick()
    actions.register()
    assert actions.standing() == []
    assert actions.engine.query(ActionSchedules()).items == []
    actions.schedule()
    assert actions.info.running == 0


def test_it_goes_with_its_namespace() -> None:
    engine = Engine()
    engine.run(ActionRegister("a", schedule=HOURLY), namespace="gone")
    engine.run(NamespaceDelete("gone", True))
    engine.tick()
    [(due_ms, action_id)] = Scheduled(engine).standing()
    engine.run(ActionScheduleDue(action_id, due_ms, 5000, 6000))
    tables = (ACTION_SCHEDULE, ACTION_SCHEDULE_DUE, ACTION_SCHEDULE_PAYLOAD)
    assert not {key[:2] for key in engine.rows()} & {table.tag for table in tables}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cron": None}, "neither is given"),
        ({"interval_ms": 10, "cron": HOURLY}, "both are given"),
        ({"cron": "61 * * * *"}, "minute"),
        ({"interval_ms": 9}, "interval_ms"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"max_concurrent": 0}, "max_concurrent"),
        ({"catch_up_ms": -1}, "catch_up_ms"),
        ({"jitter_ms": 3_600_000}, "jitter_ms"),
        ({"interval_ms": 10, "jitter_ms": 10}, "jitter_ms"),
        ({"payload": b"x" * 2_000_000}, "payload"),
    ],
)
def test_what_is_out_of_its_limits_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequestError, match=message):
        Scheduled().schedule(**options)


def test_schedules_are_listed_by_name_in_pages() -> None:
    engine = Engine()
    for name in ("c", "a", "b", "none"):
        engine.run(ActionRegister(name, schedule=None if name == "none" else HOURLY))
    page = engine.query(ActionSchedules(limit=2))
    assert [info.name for info in page.items] == ["a", "b"]
    rest = engine.query(ActionSchedules(limit=2, cursor=page.cursor))
    assert ([info.name for info in rest.items], rest.cursor) == (["c"], None)


@pytest.mark.parametrize(
    ("cron", "says"), [("*/90 * * * *", r"\*/90"), ("0 */25 * * *", "hour"), ("0 3 * * *", None)]
)
def test_a_cron_that_matches_other_than_it_reads_is_told(cron: str, says: str | None) -> None:
    info = Scheduled().schedule(cron=cron)
    assert re.search(says, info.doubt) if says else info.doubt == ""
