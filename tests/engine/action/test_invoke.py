"""Runs: invoking, order, idempotency, retries, time-outs, cancelling, listing, retention."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.action import ActionInvoke, ActionListRuns, ActionStatus, RunStatus
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError, StorageFullError
from floruntime.core.system import Batch
from floruntime.core.worker import WorkerComplete
from floruntime.engine.action.run_state import attempt_delay_ms
from floruntime.engine.rules import RULES
from tests.engine.action.calls import RESIZE, Actions, ids, kept_rows
from tests.engine.harness import START_MS


def test_invoking_an_unknown_action_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="resize"):
        Actions(register=False).invoke()


def test_invoking_a_disabled_action_conflicts_and_says_so() -> None:
    actions = Actions()
    actions.enable(False)
    with pytest.raises(ConflictError, match="disabled"):
        actions.invoke()


def test_runs_of_a_disabled_action_go_on() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.enable(False)
    actions.complete(actions.claim_one())
    assert actions.status(run_id) == RunStatus.COMPLETED


def test_a_fresh_run_as_its_caller_sees_it() -> None:
    actions = Actions()
    result = actions.invoke_fully(b"x", priority=3, labels={"a": "b"}, caller_run_id="wf-1")
    assert result.created
    run = actions.run(result.run_id)
    assert (run.action, run.status, run.attempt, run.priority) == (RESIZE, RunStatus.PENDING, 0, 3)
    assert (run.input, run.output, run.outcome, run.error) == (b"x", None, None, None)
    assert (run.created_at_ms, run.started_at_ms, run.completed_at_ms) == (START_MS, None, None)
    assert (run.caller_run_id, run.labels, run.worker_id) == ("wf-1", {"a": "b"}, None)


def test_a_completed_run_as_its_caller_sees_it() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.engine.advance(5)
    task = actions.claim_one()
    actions.engine.advance(7)
    actions.complete(task, b"out", "approved")
    run = actions.run(run_id)
    assert (run.status, run.output, run.outcome) == (RunStatus.COMPLETED, b"out", "approved")
    assert (run.started_at_ms, run.completed_at_ms) == (START_MS + 5, START_MS + 12)
    assert (run.attempt, run.error, run.reason, run.worker_id) == (1, None, None, "w1")


def test_an_empty_output_is_empty_not_missing() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.complete(actions.claim_one())
    assert actions.run(run_id).output == b""


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("priority", 0, -1),
        ("priority", 65_535, 65_536),
        ("delay_ms", limits.DURATION_MS_MAX, limits.DURATION_MS_MAX + 1),
        ("delay_ms", 0, -1),
        ("idempotency_key", "k" * 255, "k" * 256),
        ("idempotency_key", "k", ""),
        ("caller_run_id", "r", "r\n"),
        ("payload", b"x" * limits.VALUE_BYTES_DEFAULT, b"x" * (limits.VALUE_BYTES_DEFAULT + 1)),
        (
            "label",
            {str(n): "" for n in range(limits.LABELS_MAX)},
            {str(n): "" for n in range(limits.LABELS_MAX + 1)},
        ),
        ("label", {"a": "x" * 4095}, {"a": "x" * 4096}),
    ],
)
def test_options_at_their_limits_and_one_past(field: str, good: Any, bad: Any) -> None:
    actions = Actions()
    option = "labels" if field == "label" else field
    actions.invoke(**{option: good})
    with pytest.raises(BadRequestError, match=field):
        actions.invoke(**{option: bad})


# Order


def test_order_is_priority_then_due_time_then_arrival() -> None:
    actions = Actions()
    late = actions.invoke(priority=20)
    first = actions.invoke()
    delayed = actions.invoke(delay_ms=10)
    actions.engine.advance(5)
    second, third = actions.invoke(), actions.invoke()
    urgent = actions.invoke(priority=0)
    actions.engine.advance(10)
    assert ids(actions.claim(10)) == [urgent, first, second, third, delayed, late]


def test_the_order_spans_the_actions_that_a_worker_takes() -> None:
    actions = Actions()
    actions.register("other")
    runs = [actions.invoke(name=name) for name in (RESIZE, "other", RESIZE, "other")]
    urgent = actions.invoke(name="other", priority=1)
    assert ids(actions.claim(10, "other", RESIZE, "unknown")) == [urgent, *runs]


def test_an_urgent_run_is_found_where_the_line_was_known_to_be_empty() -> None:
    actions = Actions()
    runs = [actions.invoke() for _ in range(4)]
    assert ids([actions.claim_one(), actions.claim_one(), actions.claim_one()]) == runs[:3]
    urgent = actions.invoke(priority=0)
    assert ids(actions.claim(5)) == [urgent, runs[3]]


def test_a_delayed_run_is_not_claimed_before_it_is_due_also_after_a_restart() -> None:
    actions = Actions()
    run_id = actions.invoke(delay_ms=1000)
    actions.engine.advance(999)
    actions.engine.reopen()
    assert actions.claim() == []
    actions.engine.advance(1)
    assert ids(actions.claim()) == [run_id]


# Idempotency


def test_the_same_key_and_input_is_the_same_run() -> None:
    actions = Actions()
    first = actions.invoke_fully(b"x", idempotency_key="k")
    again = actions.invoke_fully(b"x", idempotency_key="k")
    assert (first.created, again.created) == (True, False)
    assert again.run_id == first.run_id
    assert ids(actions.claim(10)) == [first.run_id]


def test_the_same_key_with_other_input_conflicts() -> None:
    actions = Actions()
    actions.invoke(b"x", idempotency_key="k")
    with pytest.raises(ConflictError, match="another input"):
        actions.invoke(b"y", idempotency_key="k")


def test_a_key_is_of_one_action_and_namespace() -> None:
    actions = Actions()
    actions.register("other")
    actions.invoke(idempotency_key="k")
    assert actions.invoke_fully(b"y", name="other", idempotency_key="k").created


def test_a_key_is_kept_until_a_day_after_the_run_ended() -> None:
    actions = Actions()
    run_id = actions.invoke(idempotency_key="k")
    actions.engine.advance(2 * limits.IDEMPOTENCY_MS)
    actions.complete(actions.claim_one())
    actions.engine.advance(limits.IDEMPOTENCY_MS - 1)
    assert actions.invoke_fully(idempotency_key="k").run_id == run_id
    actions.engine.now_ms += 1  # judged by time, before any tick
    assert actions.invoke_fully(b"y", idempotency_key="k").created


def test_a_key_taken_anew_is_not_forgotten_by_the_old_timer() -> None:
    actions = Actions()
    actions.invoke(idempotency_key="k")
    actions.complete(actions.claim_one())
    actions.engine.now_ms += limits.IDEMPOTENCY_MS
    new = actions.invoke(idempotency_key="k")
    actions.engine.tick()
    assert actions.invoke_fully(idempotency_key="k").run_id == new


def test_a_refused_invoke_uses_up_no_key() -> None:
    actions = Actions()
    stale = WorkerComplete("w", "run-99", 1)
    outcome = actions.engine.outcome(
        Batch([ActionInvoke(RESIZE, b"x", idempotency_key="k"), stale])
    )
    assert outcome.error is not None
    assert actions.invoke_fully(b"y", idempotency_key="k").created


# Retries


@pytest.mark.parametrize("max_retries", [0, 1, 3])
def test_max_retries_counts_the_attempts_after_the_first(max_retries: int) -> None:
    actions = Actions(max_retries=max_retries, retry_delay_ms=0)
    run_id = actions.invoke()
    for attempt in range(1, max_retries + 2):
        assert actions.status(run_id) == RunStatus.PENDING
        task = actions.claim_one()
        assert task.attempt == attempt
        actions.fail(task, f"broken {attempt}")
    run = actions.run(run_id)
    assert (run.status, run.outcome) == (RunStatus.FAILED, "failure")
    assert (run.attempt, run.error) == (max_retries + 1, f"broken {max_retries + 1}")
    assert actions.claim() == []


def test_fail_without_retry_ends_the_run() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.fail(actions.claim_one(), "never", retry=False)
    run = actions.run(run_id)
    assert (run.status, run.error, run.attempt) == (RunStatus.FAILED, "never", 1)


def test_the_back_off_is_a_stored_timer() -> None:
    actions = Actions(retry_delay_ms=1000)
    run_id = actions.invoke()
    for attempt in (1, 2, 3):
        actions.fail(actions.claim_one())
        delay_ms = attempt_delay_ms(1000, attempt, run_id)
        assert 1000 * 2 ** (attempt - 1) <= delay_ms <= 1100 * 2 ** (attempt - 1)
        actions.engine.advance(delay_ms - 1)
        actions.engine.reopen()
        assert actions.claim() == []
        assert actions.run(run_id).error == "broken"
        actions.engine.advance(1)
    assert actions.claim_one().attempt == 4


def test_the_back_off_is_capped_at_an_hour_jitter_included() -> None:
    for attempt in (1, 12, 13, 1_000_000):
        assert attempt_delay_ms(1000, attempt, "run-1") <= 3_600_000
    assert attempt_delay_ms(1000, 13, "run-1") == 3_600_000
    assert attempt_delay_ms(2**40, 1, "run-1") == 3_600_000
    assert attempt_delay_ms(0, 9, "run-1") == 0


def test_the_jitter_is_up_to_a_tenth_and_derived_from_the_run_id() -> None:
    delays = [attempt_delay_ms(10_000, 1, f"run-{n}") for n in range(200)]
    assert delays == [attempt_delay_ms(10_000, 1, f"run-{n}") for n in range(200)]
    assert min(delays) >= 10_000
    assert max(delays) <= 11_000
    assert len(set(delays)) > 100


# Time-outs of the whole run


def test_run_timeout_ends_a_run_that_waits() -> None:
    actions = Actions(run_timeout_ms=100)
    run_id = actions.invoke()
    actions.engine.advance(99)
    assert actions.status(run_id) == RunStatus.PENDING
    actions.engine.advance(1)
    run = actions.run(run_id)
    assert (run.status, run.outcome, run.reason) == (RunStatus.TIMED_OUT, "timeout", "timeout")
    assert run.error == "timeout"
    assert actions.claim() == []


def test_run_timeout_includes_attempts_and_back_off() -> None:
    actions = Actions(run_timeout_ms=1500, retry_delay_ms=1000)
    run_id = actions.invoke()
    actions.engine.advance(600)
    actions.fail(actions.claim_one(), "first")
    actions.engine.advance(900)
    run = actions.run(run_id)
    assert (run.status, run.error) == (RunStatus.TIMED_OUT, "first")


def test_run_timeout_ends_a_lease_and_refuses_the_late_result() -> None:
    actions = Actions(run_timeout_ms=100)
    run_id = actions.invoke()
    task = actions.claim_one()
    assert task.lease_expires_at_ms == START_MS + 100
    assert actions.touch(task, 5000) is True
    actions.engine.now_ms += 100  # no tick yet
    with pytest.raises(ConflictError):
        actions.complete(task)
    actions.engine.tick()
    assert actions.status(run_id) == RunStatus.TIMED_OUT
    with pytest.raises(ConflictError):
        actions.complete(task)
    assert actions.touch(task) is False


def test_a_timed_out_run_is_not_claimed_before_the_tick_says_so() -> None:
    actions = Actions(run_timeout_ms=100)
    actions.invoke()
    actions.engine.now_ms += 100
    assert actions.claim() == []


def test_a_wanted_delay_does_not_count_towards_the_run_timeout() -> None:
    actions = Actions(run_timeout_ms=100)
    run_id = actions.invoke(delay_ms=500)
    actions.engine.advance(599)
    assert actions.status(run_id) == RunStatus.PENDING
    actions.engine.advance(1)
    assert actions.status(run_id) == RunStatus.TIMED_OUT


# Cancel


@pytest.mark.parametrize("delay_ms", [0, 1000])
def test_a_pending_run_is_cancelled_at_once(delay_ms: int) -> None:
    actions = Actions()
    run_id = actions.invoke(delay_ms=delay_ms)
    run = actions.cancel(run_id, "not needed")
    assert (run.status, run.reason, run.outcome) == (RunStatus.CANCELLED, "not needed", None)
    assert (run.error, run.completed_at_ms) == ("not needed", START_MS)
    assert actions.run(run_id) == run
    actions.engine.advance(2000)
    assert actions.claim() == []


def test_why_a_run_was_cancelled_goes_before_what_failed_earlier() -> None:
    actions = Actions(retry_delay_ms=10_000)
    run_id = actions.invoke()
    actions.fail(actions.claim_one(), "broken")
    assert actions.run(run_id).error == "broken"
    assert actions.cancel(run_id).error == "broken"
    run_id = actions.invoke()
    actions.fail(actions.claim_one(), "broken")
    assert actions.cancel(run_id, "not needed").error == "not needed"


def test_a_running_run_is_cancelled_and_its_late_result_refused() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    actions.cancel(run_id)
    assert actions.touch(task) is False
    for late in (actions.complete, actions.fail, actions.release):
        with pytest.raises(ConflictError, match="cancelled"):
            late(task)
    assert actions.status(run_id) == RunStatus.CANCELLED


def test_cancelling_a_finished_run_conflicts_and_an_unknown_one_is_not_found() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.complete(actions.claim_one())
    with pytest.raises(ConflictError, match="completed"):
        actions.cancel(run_id)
    with pytest.raises(NotFoundError, match="run-77"):
        actions.cancel("run-77")


@pytest.mark.parametrize("run_id", ["x", "run-", "run-0", "run-01", "run-x", "run-9" + "9" * 30])
def test_what_is_no_run_id_is_not_found(run_id: str) -> None:
    with pytest.raises(NotFoundError):
        Actions().run(run_id)


def test_a_run_id_that_is_no_name_is_refused() -> None:
    with pytest.raises(BadRequestError, match="run_id"):
        Actions().run("")


def test_runs_of_another_namespace_are_not_found() -> None:
    actions = Actions()
    run_id = actions.invoke()
    with pytest.raises(NotFoundError):
        actions.engine.query(ActionStatus(run_id), namespace="other")


# Waiting


def test_a_wait_ends_with_the_run_and_is_told_in_the_commit_that_ends_it() -> None:
    actions = Actions()
    run_id = actions.invoke()
    rule = RULES.waits[ActionStatus]
    request = ActionStatus(run_id, 1000)
    [topic] = rule.topics("default", request)
    assert not rule.found(actions.run(run_id))
    task = actions.claim_one()
    complete = WorkerComplete("w1", run_id, task.lease)
    assert topic in actions.engine.outcome(complete).touched
    assert rule.found(actions.run(run_id))


def test_block_ms_at_its_limit_and_one_past() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.engine.query(ActionStatus(run_id, 300_000))
    with pytest.raises(BadRequestError, match="300000"):
        actions.engine.query(ActionStatus(run_id, 300_001))


# List and retention


def test_runs_are_listed_newest_first_by_action_and_status() -> None:
    actions = Actions()
    actions.register("other")
    a, b = actions.invoke(), actions.invoke(name="other")
    c, d = actions.invoke(), actions.invoke(delay_ms=9)
    first = actions.claim_one()
    assert first.run_id == a
    actions.complete(first)
    assert actions.claim_one().run_id == c
    assert actions.runs() == [d, c, b, a]
    assert actions.runs(RESIZE) == [d, c, a]
    assert actions.runs("other") == [b]
    assert actions.runs("unknown") == []
    assert actions.runs(status=RunStatus.PENDING) == [d, b]
    assert actions.runs(RESIZE, RunStatus.PENDING) == [d]
    assert actions.runs(status=RunStatus.RUNNING) == [c]
    assert actions.runs(RESIZE, RunStatus.COMPLETED) == [a]
    assert actions.runs(status=RunStatus.FAILED) == []


@pytest.mark.parametrize("name", [None, RESIZE])
@pytest.mark.parametrize("status", [None, RunStatus.PENDING])
def test_pages_give_each_run_that_stays_once(name: str | None, status: RunStatus | None) -> None:
    actions = Actions()
    runs = [actions.invoke() for _ in range(7)]
    first = actions.engine.query(ActionListRuns(name, status, 3))
    actions.cancel(runs[5])
    actions.invoke()
    second = actions.engine.query(ActionListRuns(name, status, 3, first.cursor))
    third = actions.engine.query(ActionListRuns(name, status, 3, second.cursor))
    pages = [[run.run_id for run in page.items] for page in (first, second, third)]
    assert pages == [runs[6:3:-1], runs[3:0:-1], runs[:1]]
    assert third.cursor is None


def test_a_foreign_or_garbled_cursor_is_refused() -> None:
    actions = Actions()
    for _ in range(2):
        actions.invoke()
    cursor = actions.engine.query(ActionListRuns(RESIZE, None, 1)).cursor
    with pytest.raises(BadRequestError):
        actions.engine.query(ActionListRuns(None, None, 1, cursor))
    with pytest.raises(BadRequestError):
        actions.engine.query(ActionListRuns(None, None, 1, "nonsense"))


def test_finished_runs_go_after_their_retention_with_all_their_rows() -> None:
    actions = Actions(retention_ms=limits.IDEMPOTENCY_MS)
    before = kept_rows(actions.engine)
    run_id = actions.invoke(idempotency_key="k")
    task = actions.claim_one()
    actions.release(task)
    actions.complete(actions.claim_one(), b"out")
    actions.engine.advance(limits.IDEMPOTENCY_MS - 1)
    assert actions.status(run_id) == RunStatus.COMPLETED
    actions.engine.advance(1)
    with pytest.raises(NotFoundError):
        actions.run(run_id)
    assert kept_rows(actions.engine) == before


def test_unfinished_runs_are_never_forgotten() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.engine.advance(3 * limits.RUN_RETENTION_MS_DEFAULT)
    assert actions.claim_one().run_id == run_id


def test_a_nearly_full_disk_refuses_invoke_but_not_cancel() -> None:
    actions = Actions()
    run_id = actions.invoke()
    with pytest.raises(StorageFullError):
        actions.engine.run(ActionInvoke(RESIZE), may_grow=False)
    assert actions.cancel(run_id).status == RunStatus.CANCELLED


def test_a_batch_of_actions_is_all_or_nothing() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    done = WorkerComplete("w1", run_id, task.lease, b"out")
    stale = WorkerComplete("w1", run_id, task.lease + 5)
    outcome = actions.engine.outcome(Batch([done, ActionInvoke(RESIZE), stale]))
    assert outcome.error is not None
    assert outcome.error.index == 2
    assert actions.runs() == [run_id]
    [_, invoked] = actions.engine.run(Batch([done, ActionInvoke(RESIZE)]))
    assert actions.status(run_id) == RunStatus.COMPLETED
    assert actions.runs() == [invoked.run_id, run_id]
