"""Jobs: what they act on, in pieces, over restarts; and that they end."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.action import (
    ActionBulk,
    ActionBulkOperation,
    ActionListRuns,
    RunOrder,
    RunStatus,
)
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    OverloadedError,
    StorageFullError,
)
from floruntime.core.jobs import (
    BulkJob,
    DeadBulkOperation,
    JobCancel,
    JobGet,
    JobList,
    JobStatus,
)
from floruntime.core.kv import KvDeletePrefix
from floruntime.core.queue import QueueBulk, QueueDelete, QueueEnqueue
from floruntime.core.stream import GroupBulk, GroupDead
from floruntime.core.system import NamespaceDelete, Tick
from floruntime.core.types import Command
from floruntime.core.workflow import WorkflowBulk, WorkflowBulkOperation
from floruntime.engine.action.run_rows import ACTION_RUN_MARKS
from floruntime.engine.system import jobs as system_jobs
from floruntime.engine.system import timers
from floruntime.engine.system.timers import TIMER, name_of
from tests.engine.action.calls import RESIZE, Actions
from tests.engine.harness import Engine
from tests.engine.queue.calls import JOBS, Jobs, seqs
from tests.engine.stream.group.test_dead import with_dead

DAY_MS = 24 * 3_600_000
CANCEL, RETRY, DELETE = ActionBulkOperation
REQUEUE_DEAD, DELETE_DEAD = DeadBulkOperation


def bulk(actions: Actions, operation: ActionBulkOperation, **options: Any) -> BulkJob:
    return actions.engine.run(ActionBulk(operation, **options))


def job(engine: Engine, job: BulkJob) -> BulkJob:
    return engine.query(JobGet(job.job_id))


def ended(engine: Engine, begun: BulkJob) -> BulkJob:
    """The job, once all its ticks are done."""
    engine.tick()
    found = job(engine, begun)
    assert found.status is JobStatus.COMPLETED
    assert found.ended_at_ms == engine.now_ms
    return found


def counts(found: BulkJob) -> tuple[int, int, int]:
    return found.matched, found.done, found.failed


def failed(actions: Actions, count: int, name: str = RESIZE) -> list[str]:
    """So many runs that have failed."""
    runs = [actions.invoke(name=name) for _ in range(count)]
    for task in actions.claim(count, name):
        actions.fail(task, retry=False)
    return runs


# Runs


def test_what_failed_is_retried_all_of_it_and_only_that() -> None:
    actions = Actions()
    runs = failed(actions, 120)
    waiting = actions.invoke(delay_ms=1_000)
    begun = bulk(actions, RETRY, name=RESIZE)
    assert (begun.status, begun.expected) == (JobStatus.RUNNING, 120)
    assert counts(ended(actions.engine, begun)) == (120, 120, 0)
    assert actions.runs(status=RunStatus.PENDING) == [waiting, *reversed(runs)]
    assert len(actions.claim(200)) == 120


def test_a_tick_does_a_bounded_piece_and_a_restart_goes_on() -> None:
    actions = Actions()
    failed(actions, 2 * system_jobs.ITEMS_PER_TICK_MAX + 1)
    begun = bulk(actions, RETRY)
    for _ in range(2):
        assert actions.engine.run(Tick()) is False
        actions.engine.reopen()
    halfway = job(actions.engine, begun)
    assert halfway.done == 2 * system_jobs.ITEMS_PER_TICK_MAX
    assert halfway.status is JobStatus.RUNNING
    assert ended(actions.engine, begun).done == halfway.done + 1
    assert system_jobs.ITEMS_PER_TICK_MAX <= 200


def test_a_large_job_leaves_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_jobs, "AT_ONCE_ROWS", 2 * system_jobs.ITEMS_PER_TICK_MAX)
    actions = Actions()
    failed(actions, 4 * system_jobs.ITEMS_PER_TICK_MAX)
    begun = bulk(actions, RETRY)
    actions.engine.tick()
    assert job(actions.engine, begun).done == 2 * system_jobs.ITEMS_PER_TICK_MAX
    actions.engine.advance(system_jobs.PAUSE_MS)
    assert job(actions.engine, begun).done == 3 * system_jobs.ITEMS_PER_TICK_MAX
    for _ in range(2):
        actions.engine.advance(system_jobs.PAUSE_MS)
    assert job(actions.engine, begun).status is JobStatus.COMPLETED


def test_a_tick_that_came_late_is_followed_by_a_longer_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system_jobs, "AT_ONCE_ROWS", 1)
    actions = Actions()
    failed(actions, 6 * system_jobs.ITEMS_PER_TICK_MAX)
    begun = bulk(actions, RETRY)
    late_ms = 10
    actions.engine.tick()
    actions.engine.advance(system_jobs.PAUSE_MS + late_ms)
    done = job(actions.engine, begun).done
    actions.engine.advance(system_jobs.PAUSE_MS + system_jobs.LATE_FACTOR * late_ms - 1)
    assert job(actions.engine, begun).done == done
    actions.engine.advance(1)
    assert job(actions.engine, begun).done == done + system_jobs.ITEMS_PER_TICK_MAX
    actions.engine.advance(3_600_000)  # the server was down
    done = job(actions.engine, begun).done
    longest_ms = system_jobs.PAUSE_MS + system_jobs.LATE_FACTOR * system_jobs.LATE_MS_MAX
    actions.engine.advance(longest_ms)
    assert job(actions.engine, begun).done == done + system_jobs.ITEMS_PER_TICK_MAX


def test_what_comes_later_is_left_alone() -> None:
    actions = Actions()
    failed(actions, 1)
    begun = bulk(actions, RETRY)
    [later] = failed(actions, 1)
    ended(actions.engine, begun)
    assert actions.status(later) == "failed"


def test_what_changed_before_its_turn_counts_as_it_is_by_then() -> None:
    actions = Actions()
    runs = [actions.invoke() for _ in range(3)]
    begun = bulk(actions, CANCEL, reason="over")
    actions.complete(actions.claim_one())
    actions.claim_one()
    assert counts(ended(actions.engine, begun)) == (2, 2, 0)
    assert [actions.status(run) for run in runs] == ["completed", "cancelled", "cancelled"]
    assert actions.run(runs[1]).error == "over"


def test_a_dry_run_only_counts() -> None:
    actions = Actions()
    runs = failed(actions, 60)
    found = ended(actions.engine, bulk(actions, RETRY, dry_run=True))
    assert counts(found) == (60, 0, 0)
    assert found.dry_run
    assert {actions.status(run) for run in runs} == {"failed"}


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_limit_ends_it(dry_run: bool) -> None:
    actions = Actions()
    failed(actions, 60)
    found = ended(actions.engine, bulk(actions, DELETE, limit=55, dry_run=dry_run))
    assert found.matched == 55
    assert len(actions.runs()) == (60 if dry_run else 5)


def test_what_refuses_counts_as_failed_and_says_why() -> None:
    actions = Actions()
    failed(actions, 2)
    actions.enable(False)
    found = ended(actions.engine, bulk(actions, RETRY))
    assert counts(found) == (2, 0, 2)
    assert "disabled" in (found.error or "")


def test_filters_by_name_status_and_time() -> None:
    actions = Actions()
    actions.register("other")
    failed(actions, 1)
    actions.engine.advance(1_000)
    recent = failed(actions, 1)
    failed(actions, 1, "other")
    since_ms = actions.now_ms
    found = ended(
        actions.engine,
        bulk(actions, RETRY, name=RESIZE, statuses=[RunStatus.FAILED], ended_after_ms=since_ms),
    )
    assert counts(found) == (1, 1, 0)
    assert actions.status(recent[0]) == "pending"
    everywhere = bulk(actions, DELETE, ended_before_ms=since_ms)
    assert counts(ended(actions.engine, everywhere)) == (1, 1, 0)


def test_deleted_runs_leave_nothing_behind() -> None:
    actions = Actions()
    before = {key[:2] for key in actions.engine.rows()}
    actions.invoke(b"x" * 1_000, idempotency_key="key")
    actions.complete(actions.claim_one(), b"y" * 1_000)
    found = bulk(actions, DELETE)
    ended(actions.engine, found)
    assert actions.runs() == []
    actions.invoke(idempotency_key="key", delay_ms=5)
    actions.cancel(actions.runs()[0])
    ended(actions.engine, bulk(actions, DELETE))
    kept = {b"jb", b"tm", *(table.tag for table in ACTION_RUN_MARKS[1:])}
    assert {key[:2] for key in actions.engine.rows()} - before <= kept


def test_what_can_never_be_right() -> None:
    actions = Actions()
    with pytest.raises(
        BadRequestError, match=r"retry takes runs that are one of: failed, timed_out"
    ):
        bulk(actions, RETRY, statuses=[RunStatus.COMPLETED])
    with pytest.raises(NotFoundError):
        bulk(actions, RETRY, name="none")
    with pytest.raises(BadRequestError):
        bulk(actions, RETRY, limit=0)
    assert actions.engine.query(JobList()).items == []


# Dead letters of queues and groups


def with_dead_letters(count: int) -> Jobs:
    jobs = Jobs()
    jobs.put(*[b"x"] * count)
    for number, message in enumerate(jobs.take(count)):
        jobs.nack(message, to_dlq=True, error="timeout" if number % 2 else "refused")
    return jobs


def test_dead_letters_are_requeued_by_reason_and_error() -> None:
    jobs = with_dead_letters(120)
    begun = jobs.engine.run(QueueBulk(JOBS, REQUEUE_DEAD, reason="nacked", error_contains="time"))
    assert counts(ended(jobs.engine, begun)) == (60, 60, 0)
    assert jobs.counts() == (60, 0, 0, 60)
    assert all(message.attempt == 1 for message in jobs.take(100))
    nothing = jobs.engine.run(QueueBulk(JOBS, DELETE_DEAD, reason="max_attempts"))
    assert ended(jobs.engine, nothing).matched == 0
    rest = jobs.engine.run(QueueBulk(JOBS, DELETE_DEAD, limit=10))
    assert ended(jobs.engine, rest).done == 10
    assert seqs(jobs.dead())[0] == 21


def test_what_dies_later_and_another_queue_are_left_alone() -> None:
    jobs = with_dead_letters(1)
    begun = jobs.engine.run(QueueBulk(JOBS, DELETE_DEAD))
    jobs.put(b"y")
    jobs.nack(jobs.take_one(), to_dlq=True)
    assert ended(jobs.engine, begun).done == 1
    begun = jobs.engine.run(QueueBulk(JOBS, DELETE_DEAD))
    jobs.engine.run(QueueDelete(JOBS))
    jobs.put(b"z")
    jobs.nack(jobs.take_one(), to_dlq=True)
    assert ended(jobs.engine, begun).done == 0
    with pytest.raises(BadRequestError, match="max_attempts, nacked"):
        jobs.engine.run(QueueBulk(JOBS, DELETE_DEAD, reason="other"))


def test_dead_letters_of_a_group() -> None:
    engine, ids = with_dead(3)
    begun = engine.run(GroupBulk("s", "g", REQUEUE_DEAD, error_contains="brok", limit=2))
    assert counts(ended(engine, begun)) == (2, 2, 0)
    begun = engine.run(GroupBulk("s", "g", DELETE_DEAD, error_contains="other"))
    assert ended(engine, begun).matched == 0
    assert [record.id for record in engine.query(GroupDead("s", "g")).items] == ids[2:]
    with pytest.raises(NotFoundError):
        engine.run(GroupBulk("s", "none", DELETE_DEAD))


# Jobs themselves


def test_jobs_are_listed_newest_first_in_pages() -> None:
    actions = Actions()
    begun = [bulk(actions, RETRY).job_id for _ in range(5)]
    first = actions.engine.query(JobList(2))
    second = actions.engine.query(JobList(10, first.cursor))
    assert [each.job_id for each in [*first.items, *second.items]] == begun[::-1]
    assert second.cursor is None


def test_a_cancelled_job_does_no_more() -> None:
    actions = Actions()
    failed(actions, 2 * system_jobs.ITEMS_PER_TICK_MAX)
    begun = bulk(actions, RETRY)
    actions.engine.run(Tick())
    outcome = actions.engine.outcome(JobCancel(begun.job_id))
    assert ("default", "job", begun.job_id) in outcome.touched
    actions.engine.tick()
    found = job(actions.engine, begun)
    assert (found.status, found.done) == (JobStatus.CANCELLED, system_jobs.ITEMS_PER_TICK_MAX)
    with pytest.raises(ConflictError, match="cancelled already"):
        actions.engine.run(JobCancel(begun.job_id))


def test_jobs_are_kept_thirty_days() -> None:
    actions = Actions()
    begun = bulk(actions, RETRY)
    ended(actions.engine, begun)
    actions.engine.advance(30 * DAY_MS - 1)
    job(actions.engine, begun)
    actions.engine.advance(1)
    for id in (begun.job_id, "job-0", "job-99999999999999999999", "nope"):
        with pytest.raises(NotFoundError):
            actions.engine.query(JobGet(id))


def test_a_namespace_keeps_so_many_and_the_oldest_that_ended_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "JOBS_MAX", 2)
    actions = Actions()
    first, second = bulk(actions, RETRY), bulk(actions, RETRY)
    with pytest.raises(OverloadedError):
        bulk(actions, RETRY)
    actions.engine.tick()
    third = bulk(actions, RETRY)
    kept = [each.job_id for each in actions.engine.query(JobList()).items]
    assert kept == [third.job_id, second.job_id]
    assert first.job_id not in kept


def test_a_job_ends_with_its_namespace() -> None:
    actions = Actions()
    failed(actions, 3)
    bulk(actions, RETRY)
    actions.engine.run(NamespaceDelete("default", force=True))
    actions.engine.tick()
    assert actions.engine.query(JobList()).items == []
    assert not [key for key in actions.engine.rows() if key[:2] == b"jb"]
    view = actions.engine.machine.view(actions.engine.store, "default", actions.engine.now_ms)
    kinds = {name_of(key, timer)[1] for key, timer in view.scan(TIMER, *TIMER.range())}
    assert not kinds & {timers.JOB_STEP, timers.JOB_FORGET}


# Listings with filters


def listed(actions: Actions, **filters: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        reply = actions.engine.query(ActionListRuns(limit=2, cursor=cursor, **filters))
        found += [run.run_id for run in reply.items]
        cursor = reply.cursor
        if cursor is None:
            return found


def test_runs_are_listed_by_statuses_times_and_order() -> None:
    actions = Actions()
    old = failed(actions, 3)
    actions.engine.advance(1_000)
    new = failed(actions, 2)
    waiting = actions.invoke()
    several = [RunStatus.FAILED, RunStatus.PENDING]
    everything = [*old, *new, waiting]
    assert listed(actions, statuses=several) == everything[::-1]
    assert listed(actions, statuses=several, order=RunOrder.OLDEST) == everything
    assert listed(actions, name=RESIZE, started_after_ms=actions.now_ms) == [waiting, *new[::-1]]
    assert listed(actions, ended_before_ms=actions.now_ms, order=RunOrder.OLDEST) == old
    assert listed(actions, ended_after_ms=actions.now_ms) == new[::-1]
    assert listed(actions, started_before_ms=actions.now_ms - 1_000) == []


def test_a_page_looks_at_a_bounded_number_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS_LOOKED_AT_MAX", 3)
    actions = Actions()
    failed(actions, 5)
    actions.engine.advance(1_000)
    [wanted] = failed(actions, 1)
    filters: Any = {"started_after_ms": actions.now_ms, "order": RunOrder.OLDEST}
    reply = actions.engine.query(ActionListRuns(**filters))
    assert (reply.items, reply.cursor is not None) == ([], True)
    assert listed(actions, **filters) == [wanted]


def test_a_cursor_of_other_filters_is_refused() -> None:
    actions = Actions()
    failed(actions, 3)
    reply = actions.engine.query(ActionListRuns(limit=1, ended_after_ms=5))
    with pytest.raises(BadRequestError, match="another listing"):
        actions.engine.query(ActionListRuns(limit=1, ended_after_ms=6, cursor=reply.cursor))


# Room


@pytest.mark.parametrize(
    ("request_", "goes_on"),
    [
        (KvDeletePrefix("a"), True),
        (QueueBulk(JOBS, DELETE_DEAD), True),
        (QueueBulk(JOBS, REQUEUE_DEAD), False),
        (QueueBulk(JOBS, REQUEUE_DEAD, dry_run=True), True),
        (ActionBulk(CANCEL), True),
        (ActionBulk(DELETE), True),
        (ActionBulk(RETRY), False),
        (WorkflowBulk(WorkflowBulkOperation.CANCEL), True),
        (WorkflowBulk(WorkflowBulkOperation.DELETE), True),
        (WorkflowBulk(WorkflowBulkOperation.PAUSE), True),
        (WorkflowBulk(WorkflowBulkOperation.RESUME), True),
        (WorkflowBulk(WorkflowBulkOperation.RETRY), False),
        (WorkflowBulk(WorkflowBulkOperation.SIGNAL, type="go"), False),
    ],
    ids=str,
)
def test_while_the_disk_is_nearly_full_jobs_that_make_room_go_on(
    request_: Command[BulkJob], goes_on: bool
) -> None:
    engine = Engine()
    engine.run(QueueEnqueue(JOBS, [b"x"]))
    outcome = engine.outcome(request_, may_grow=False)
    if goes_on:
        assert outcome.error is None
    else:
        assert isinstance(outcome.error, StorageFullError)
        assert engine.query(JobList()).items == []


@pytest.mark.parametrize(
    ("operation", "goes_on"), [(DELETE_DEAD, True), (REQUEUE_DEAD, False)], ids=str
)
def test_so_do_those_of_a_group(operation: DeadBulkOperation, goes_on: bool) -> None:
    engine, _ = with_dead()
    error = engine.outcome(GroupBulk("s", "g", operation), may_grow=False).error
    assert (error is None) == goes_on
