"""Schedules, the engine's part: what happens when the server says that a nominal time has come."""

from __future__ import annotations

import re

import pytest

from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.system import NamespaceDelete
from floruntime.core.workflow import (
    ScheduleDue,
    ScheduleInfo,
    WorkflowListRuns,
    WorkflowPauseSchedule,
    WorkflowSchedules,
    WorkflowTriggerSchedule,
)
from floruntime.engine.workflow.catalog.schedules import (
    SCHEDULE,
    SCHEDULE_DUE,
    STANDING,
    scheduled_run_id,
)
from tests.engine.workflow.calls import ONE_STEP, Workflows

HOUR_MS = 3_600_000


def scheduled(
    schedule: str = "cron: '0 * * * *'", *, version: str = "1", name: str = "flow"
) -> str:
    text = ONE_STEP.replace('"1"', f'"{version}"').replace("name: flow", f"name: {name}")
    return f"{text}\nschedule: {{{schedule}}}\n"


def impatient(text: str) -> str:
    """The same, but its step does not wait for an action that is not registered."""
    return text.replace("  run:", "  waitForTargetMs: 0\n  run:")


class Schedules(Workflows):
    """Says, as the server does, that times have come."""

    def standing(self) -> list[tuple[int, ...]]:
        """Due times and workflow numbers of the schedules that are awake."""
        rows = self.engine.rows()
        return [SCHEDULE_DUE.unpack(key) for key in rows if key[:2] == SCHEDULE_DUE.tag]

    def come(self, nominal_ms: int, next_ms: int = 0) -> None:
        """The nominal time of the only schedule that is awake has come."""
        [(due_ms, workflow_id)] = self.standing()
        self.tell(ScheduleDue(workflow_id, due_ms, nominal_ms, next_ms or nominal_ms + HOUR_MS))

    def info(self, name: str = "flow") -> ScheduleInfo:
        [info] = [one for one in self.ask(WorkflowSchedules()).items if one.name == name]
        return info

    def pause(self, paused: bool = True) -> ScheduleInfo:
        return self.tell(WorkflowPauseSchedule("flow", paused))

    def trigger(self) -> str:
        return self.tell(WorkflowTriggerSchedule("flow"))

    def unfinished(self) -> int:
        return len(self.runs(status="running"))


# Times that come


def test_a_new_schedule_waits_for_its_next_time_to_be_worked_out() -> None:
    flows = Schedules(scheduled())
    assert [due_ms for due_ms, _ in flows.standing()] == [0]
    flows.come(0, 5000)
    assert [due_ms for due_ms, _ in flows.standing()] == [5000]
    assert flows.runs() == []
    assert flows.info().next_run_at_ms == 5000


def test_a_time_that_has_come_starts_a_run_of_its_own_name() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', input: {a: 1}"))
    flows.come(5000, 6000)
    [run_id] = flows.runs()
    assert run_id == "flow@5000" == scheduled_run_id("flow", 5000)
    assert flows.run(run_id).input == b'{"a":1}'
    info = flows.info()
    assert (info.last_run_at_ms, info.last_run_id) == (5000, run_id)
    assert (info.next_run_at_ms, info.running, info.skipped_total) == (6000, 1, 0)


def test_without_an_input_it_is_an_empty_object() -> None:
    flows = Schedules(scheduled())
    flows.come(5000)
    assert flows.run("flow@5000").input == b"{}"


def test_a_time_that_comes_twice_starts_one_run() -> None:
    flows = Schedules(scheduled("interval: 1000, overlap: allow"))
    flows.come(5000, 6000)
    [(due_ms, workflow_id)] = flows.standing()
    flows.tell(ScheduleDue(workflow_id, 0, 5000, 6000))  # the place where it stood is gone
    flows.tell(ScheduleDue(workflow_id, due_ms, 5000, 7000))  # the clock went back, say
    assert flows.runs() == ["flow@5000"]


def test_a_schedule_without_a_next_time_sleeps_until_it_is_changed() -> None:
    flows = Schedules(scheduled("cron: '0 0 29 2 *'"))
    [(_, workflow_id)] = flows.standing()
    flows.tell(ScheduleDue(workflow_id, 0, 0, 0))
    assert flows.standing() == []
    assert flows.info().next_run_at_ms is None
    flows.sync(scheduled(version="2"))
    assert flows.standing() == [(0, workflow_id)]


def test_a_name_that_leaves_room_for_the_time_is_in_the_run_id() -> None:
    name = "n" * 250
    flows = Schedules(scheduled(name=name))
    flows.come(5000)
    assert flows.runs() == [f"{name}@5000"]


def test_run_ids_of_longer_names_are_of_their_hash() -> None:
    name = "n" * 251
    flows = Schedules(scheduled(name=name))
    flows.come(5000)
    [run_id] = flows.runs()
    assert re.fullmatch("[0-9a-f]{64}@5000", run_id)
    assert run_id == scheduled_run_id(name, 5000) != scheduled_run_id("m" * 251, 5000)


def test_a_run_of_somebody_elses_under_that_id_is_let_be() -> None:
    flows = Schedules(scheduled())
    flows.start("mine", run_id="flow@5000")
    flows.come(5000, 6000)
    assert flows.run("flow@5000").input == b'"mine"'
    assert flows.info().running == 0
    flows.come(6000)
    assert flows.info().running == 1


def test_jitter_is_of_the_time_itself_and_within_bounds() -> None:
    flows = Schedules(scheduled("interval: 1000, jitter_ms: 500"))
    seen = set()
    for nominal_ms in range(10_000, 100_000, 1000):
        flows.come(0, nominal_ms)
        [(due_ms, workflow_id)] = flows.standing()
        assert 0 <= due_ms - nominal_ms <= 500
        assert flows.info().next_run_at_ms == nominal_ms
        seen.add(due_ms - nominal_ms)
        flows.tell(ScheduleDue(workflow_id, due_ms, 0, nominal_ms))
        assert flows.standing() == [(due_ms, workflow_id)]
    assert len(seen) > 60


def test_only_a_server_may_say_so_and_nothing_on_a_full_disk() -> None:
    flows = Schedules(scheduled())
    [(due_ms, workflow_id)] = flows.standing()
    outcome = flows.engine.outcome(ScheduleDue(workflow_id, due_ms, 5000, 6000), may_grow=False)
    assert isinstance(outcome.error, StorageFullError)
    flows.come(5000)
    assert flows.runs() == ["flow@5000"]


# Overlap


def test_by_default_a_time_is_skipped_while_a_run_of_its_own_goes_on() -> None:
    flows = Schedules(scheduled())
    for nominal_ms in (1000, 2000, 3000):
        flows.come(nominal_ms)
    assert flows.runs() == ["flow@1000"]
    assert flows.info().skipped_total == 2
    flows.do()
    assert flows.runs() == ["flow@1000"]
    flows.come(4000)
    assert flows.runs() == ["flow@4000", "flow@1000"]


def test_runs_that_others_started_do_not_count() -> None:
    flows = Schedules(scheduled())
    flows.start()
    flows.come(1000)
    assert "flow@1000" in flows.runs()
    assert flows.info().running == 1


def test_one_time_is_buffered_and_runs_when_the_run_has_ended() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: buffer_one"))
    for nominal_ms in (1000, 2000, 3000):
        flows.come(nominal_ms)
    assert flows.runs() == ["flow@1000"]
    assert flows.info().skipped_total == 1
    flows.do()
    assert flows.runs() == ["flow@2000", "flow@1000"]
    assert flows.info().last_run_at_ms == 2000
    flows.come(4000)
    flows.do()
    assert flows.runs() == ["flow@4000", "flow@2000", "flow@1000"]
    flows.do()
    assert len(flows.runs()) == 3


def test_a_buffered_time_waits_until_there_is_a_place() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: buffer_one"))
    flows.come(1000)
    flows.trigger()
    flows.come(2000)
    first, second = flows.claim()
    flows.complete(first)
    assert len(flows.runs()) == 2
    flows.complete(second)
    assert flows.status("flow@2000") == "running"


@pytest.mark.parametrize("how", ["fail", "cancel"])
def test_however_the_run_ends_the_buffered_time_runs(how: str) -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: buffer_one"))
    flows.come(1000)
    flows.come(2000)
    if how == "fail":
        flows.break_down()
    else:
        flows.cancel("flow@1000")
    assert flows.status("flow@2000") == "running"


def test_a_buffered_run_is_of_the_version_that_is_current_by_then() -> None:
    spec = "cron: '0 * * * *', overlap: buffer_one, input: {v: %d}"
    flows = Schedules(scheduled(spec % 1))
    flows.come(1000)
    flows.come(2000)
    flows.sync(scheduled(spec % 2, version="2"))
    flows.do()
    run = flows.run("flow@2000")
    assert (run.version, run.input) == ("2", b'{"v":2}')


def test_all_may_run_at_once() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: allow"))
    for nominal_ms in (1000, 2000, 3000):
        flows.come(nominal_ms)
    assert len(flows.runs()) == flows.info().running == 3


@pytest.mark.parametrize("overlap", ["skip", "buffer_one"])
def test_so_many_may_run_at_once(overlap: str) -> None:
    flows = Schedules(scheduled(f"cron: '0 * * * *', overlap: {overlap}, max_concurrent: 3"))
    for nominal_ms in (1000, 2000, 3000, 4000, 5000):
        flows.come(nominal_ms)
    assert flows.unfinished() == 3
    for task in flows.claim():
        flows.complete(task)
    assert flows.unfinished() == (overlap == "buffer_one")


def test_runs_that_end_at_once_hold_up_nothing() -> None:
    flows = Schedules(impatient(scheduled()), actions=())
    for nominal_ms in (1000, 2000, 3000):
        flows.come(nominal_ms)
    assert flows.runs(status="failed") == ["flow@3000", "flow@2000", "flow@1000"]
    assert flows.info().running == flows.info().skipped_total == 0


def test_a_buffered_time_whose_run_ends_at_once_ends_it() -> None:
    flows = Schedules(impatient(scheduled("cron: '0 * * * *', overlap: buffer_one")))
    flows.come(1000)
    flows.come(2000)
    flows.delete_action("charge")
    assert flows.runs(status="failed") == ["flow@2000", "flow@1000"]


def test_a_run_that_is_retried_counts_again() -> None:
    flows = Schedules(scheduled())
    flows.come(1000)
    flows.break_down()
    flows.retry("flow@1000")
    assert flows.info().running == 1
    flows.come(2000)
    assert flows.info().skipped_total == 1
    flows.do()
    assert flows.info().running == 0


def test_runs_count_on_over_a_version_without_a_schedule() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: buffer_one"))
    flows.come(1000)
    flows.sync(ONE_STEP.replace('"1"', '"2"'))
    with pytest.raises(NotFoundError, match="no schedule"):
        flows.pause()
    flows.sync(scheduled(version="3"))
    flows.come(2000)
    assert flows.info().running == 1
    assert flows.info().skipped_total == 1
    flows.do()
    flows.come(3000)
    assert flows.status("flow@3000") == "running"
    flows.come(4000)
    assert flows.info().skipped_total == 2


def test_children_of_a_scheduled_run_are_none_of_the_schedules() -> None:
    flows = Schedules(
        ONE_STEP.replace("name: flow", "name: child"),
        scheduled().replace("@actions/charge", "@workflow/child"),
    )
    flows.come(1000)
    assert len(flows.runs()) == 2
    assert flows.info().running == 1


# Pausing, disabling, changing


def test_a_paused_schedule_sleeps_and_makes_up_for_nothing() -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    info = flows.pause()
    assert (info.paused, info.next_run_at_ms, flows.standing()) == (True, None, [])
    assert flows.pause() == info
    info = flows.pause(False)
    assert (info.paused, info.next_run_at_ms) == (False, None)
    assert [due_ms for due_ms, _ in flows.standing()] == [0]


def test_a_time_that_comes_while_it_is_being_paused_starts_nothing() -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    [(due_ms, workflow_id)] = flows.standing()
    flows.pause()
    flows.tell(ScheduleDue(workflow_id, due_ms, 5000, 6000))
    assert flows.runs() == []
    assert flows.standing() == []


def test_pausing_drops_the_time_that_was_buffered() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: buffer_one"))
    flows.come(1000)
    flows.come(2000)
    flows.pause()
    flows.do()
    assert flows.runs() == ["flow@1000"]


def test_a_definition_may_say_that_it_is_paused() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', paused: true"))
    assert flows.standing() == []
    assert flows.info().paused
    flows.pause(False)
    assert len(flows.standing()) == 1


def test_what_a_person_paused_stays_so_unless_the_definition_changes_its_own_mind() -> None:
    flows = Schedules(scheduled())
    flows.pause()
    flows.sync(scheduled("cron: '5 * * * *'", version="2"))
    assert flows.info().paused
    flows.sync(scheduled("cron: '5 * * * *', paused: true", version="3"))
    flows.pause(False)
    flows.sync(scheduled("cron: '6 * * * *', paused: true", version="4"))
    assert not flows.info().paused
    flows.sync(scheduled("cron: '6 * * * *'", version="5"))
    assert not flows.info().paused


def test_a_disabled_workflow_has_no_times_and_makes_up_for_nothing() -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    flows.enable(False)
    assert flows.standing() == []
    assert (flows.info().enabled, flows.info().paused) == (False, False)
    with pytest.raises(ConflictError, match="disabled"):
        flows.trigger()
    flows.enable(True)
    assert [due_ms for due_ms, _ in flows.standing()] == [0]


def test_a_schedule_that_is_paused_and_disabled_wakes_when_it_is_neither() -> None:
    flows = Schedules(scheduled())
    flows.pause()
    flows.enable(False)
    flows.pause(False)
    assert flows.standing() == []
    flows.enable(True)
    assert len(flows.standing()) == 1


@pytest.mark.parametrize(
    ("schedule", "begins_anew"),
    [
        ("cron: '0 * * * *', input: {a: 1}", False),
        ("cron: '0 * * * *', overlap: allow, max_concurrent: 2, catch_up_ms: 5", False),
        ("cron: '1 * * * *'", True),
        ("interval: 1000", True),
        ("cron: '0 * * * *', timezone: Europe/Berlin", True),
        ("cron: '0 * * * *', jitter_ms: 5", True),
    ],
)
def test_a_new_version_with_other_times_begins_anew(schedule: str, begins_anew: bool) -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    flows.sync(scheduled(schedule, version="2"))
    assert [due_ms for due_ms, _ in flows.standing()] == [0 if begins_anew else 5000]


def test_a_version_without_a_schedule_ends_it() -> None:
    flows = Schedules(scheduled())
    flows.come(0, 5000)
    flows.sync(ONE_STEP.replace('"1"', '"2"'))
    assert flows.standing() == []
    assert flows.ask(WorkflowSchedules()).items == []


# By hand


def test_a_run_that_is_started_by_hand_is_one_of_the_schedules_own() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', input: {a: 1}"))
    run_id = flows.trigger()
    assert flows.run(run_id).input == b'{"a":1}'
    info = flows.info()
    assert (info.running, info.last_run_id, info.last_run_at_ms) == (1, run_id, flows.now_ms)
    flows.come(5000)
    assert flows.info().skipped_total == 1


def test_starting_by_hand_asks_neither_for_overlap_nor_for_pauses() -> None:
    flows = Schedules(scheduled())
    flows.pause()
    run_ids = {flows.trigger() for _ in range(3)}
    assert len(run_ids) == flows.unfinished() == 3


def test_a_run_that_is_started_by_hand_takes_no_nominal_times_place() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: allow"))
    by_hand = flows.trigger()
    flows.come(flows.now_ms)
    assert set(flows.runs()) == {by_hand, f"flow@{flows.now_ms}"}


def test_an_id_that_looks_like_one_of_a_run_by_hand_is_kept_clear_of() -> None:
    flows = Schedules(scheduled("cron: '0 * * * *', overlap: allow"))
    made = int(flows.trigger().rpartition("-")[2])
    for number in range(made + 100, made + 130):
        flows.start("taken", run_id=f"flow@{flows.now_ms}-{number}")
    by_hand = [flows.trigger() for _ in range(60)]
    numbers = [int(run_id.rpartition("-")[2]) for run_id in by_hand]
    assert numbers[0] < made + 100 < made + 130 <= numbers[-1]
    assert {flows.run(run_id).input for run_id in by_hand} == {b"{}"}


def test_who_has_no_schedule_cannot_be_paused_or_started_by_it() -> None:
    flows = Schedules(ONE_STEP)
    for ask in (flows.pause, flows.trigger):
        with pytest.raises(NotFoundError, match="no schedule"):
            ask()
    with pytest.raises(NotFoundError, match="other"):
        flows.tell(WorkflowTriggerSchedule("other"))


def test_on_a_full_disk_a_schedule_can_be_paused_and_not_triggered() -> None:
    flows = Schedules(scheduled())
    assert flows.engine.outcome(WorkflowPauseSchedule("flow"), may_grow=False).error is None
    outcome = flows.engine.outcome(WorkflowTriggerSchedule("flow"), may_grow=False)
    assert isinstance(outcome.error, StorageFullError)


# Looking


def test_schedules_are_listed_by_name_page_by_page() -> None:
    names = [f"w{n}" for n in range(9)]
    flows = Schedules(*(scheduled(name=name) for name in names), ONE_STEP)
    found: list[str] = []
    cursor = None
    while len(found) < 9:
        page = flows.ask(WorkflowSchedules(2, cursor))
        found += [info.name for info in page.items]
        cursor = page.cursor
    assert found == names
    for bad in (WorkflowSchedules(0), WorkflowSchedules(5, "garbled")):
        with pytest.raises(BadRequestError):
            flows.ask(bad)


def test_what_a_listing_says() -> None:
    flows = Schedules(scheduled("interval: 90000, timezone: UTC"))
    assert flows.info() == ScheduleInfo(
        "flow", None, 90_000, "UTC", False, True, None, None, None, 0, 0
    )
    flows.sync(scheduled("cron: '0 9 * * 1-5', timezone: Asia/Tokyo", version="2"))
    info = flows.info()
    assert (info.cron, info.interval_ms, info.timezone) == ("0 9 * * 1-5", None, "Asia/Tokyo")


def test_a_last_run_that_is_forgotten_is_still_named() -> None:
    flows = Schedules(scheduled())
    flows.come(5000)
    flows.do()
    flows.advance(31 * 24 * HOUR_MS)
    assert flows.ask(WorkflowListRuns()).items == []
    assert (flows.info().last_run_at_ms, flows.info().last_run_id) == (5000, "flow@5000")


def test_the_server_finds_what_is_due_and_what_will_be_next() -> None:
    flows = Schedules(*(scheduled(name=f"w{n}") for n in range(3)))
    for n, (_, workflow_id) in enumerate(flows.standing()):
        flows.tell(ScheduleDue(workflow_id, 0, 0, 1000 * (n + 1)))
    view = flows.engine.machine.view(flows.engine.store, "default", flows.now_ms)
    for wall_ms in (2000, 2999):
        assert [due.due_ms for due in STANDING.due_by(view, wall_ms)] == [1000, 2000]
    assert [STANDING.first_due_after(view, ms) for ms in (0, 1000, 2999, 3000)] == [
        1000,
        2000,
        3000,
        None,
    ]


def test_a_schedule_goes_with_its_namespace() -> None:
    flows = Schedules(scheduled(), namespace="gone")
    flows.come(0, 5000)
    flows.engine.run(NamespaceDelete("gone", True))
    for after_reclaim in (False, True):
        view = flows.engine.machine.view(flows.engine.store, "default", flows.now_ms)
        [due] = STANDING.due_by(view, 5000)
        if not after_reclaim:
            flows.engine.tick()
    flows.tell(ScheduleDue(due.owner_id, due.due_ms, 5000, 6000))
    assert flows.standing() == []
    assert not [key for key in flows.engine.rows() if key[:2] == SCHEDULE.tag]
