"""Turns: what was claimed has begun once that is told, and only what began costs an attempt."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core.action import ActionAttempt, RunStatus
from floruntime.core.errors import BadRequestError
from floruntime.core.system import SessionOpen
from floruntime.core.worker import TaskBegun, TaskResult, TurnReply, WorkerTurn
from floruntime.engine.action.attempts import ERROR_BYTES_MAX, KEPT_MAX
from floruntime.engine.rules import RULES
from tests.engine.action.calls import RESIZE, WORKER, Actions, ids, kept_rows


def lose(actions: Actions) -> None:
    """Nobody keeps any lease."""
    actions.engine.advance(100)


def actions_of(**settings: Any) -> Actions:
    return Actions(**{"timeout_ms": 100, "retry_delay_ms": 0, "max_retries": 0, **settings})


# What began


def test_what_never_began_is_handed_out_again_without_an_attempt() -> None:
    actions = actions_of()
    runs = [actions.invoke() for _ in range(5)]
    tasks = actions.turn(count=5, places=1).tasks
    assert (ids(tasks), {task.attempt for task in tasks}) == (runs, {1})
    actions.turn(begun=tasks[1:2])
    lose(actions)
    ends = [actions.run(run_id) for run_id in runs]
    assert [run.status for run in ends] == [RunStatus.FAILED] * 2 + [RunStatus.PENDING] * 3
    assert [run.attempt for run in ends] == [1, 1, 0, 0, 0]
    assert [run.reason for run in ends] == ["worker_lost"] * 2 + [None] * 3
    assert [len(run.attempts) for run in ends] == [1, 1, 0, 0, 0]
    assert ids(actions.claim(5)) == runs[2:]


def test_what_is_claimed_without_reserving_has_begun() -> None:
    actions = actions_of()
    for claim in (lambda: actions.claim_one(), lambda: actions.exchange(count=1)):
        run_id = actions.invoke()
        claim()
        lose(actions)
        assert (actions.run(run_id).status, actions.run(run_id).attempt) == (RunStatus.FAILED, 1)


def test_a_result_tells_that_it_began_too() -> None:
    actions = actions_of(max_retries=1)
    done, failed = actions.invoke(), actions.invoke()
    first, second = actions.turn(count=2).tasks
    actions.turn(
        TaskResult(first.run_id, first.lease), TaskResult(second.run_id, second.lease, error="no")
    )
    assert [each.attempt for each in actions.run(done).attempts] == [1]
    assert [each.error for each in actions.run(failed).attempts] == ["no"]


def test_a_stale_word_that_it_began_changes_nothing() -> None:
    actions = actions_of()
    actions.invoke()
    [former] = actions.turn(count=1).tasks
    lose(actions)
    before = actions.engine.rows()
    actions.turn(begun=[former])
    [holder] = actions.turn(count=1, places=1, worker="other").tasks
    held = actions.engine.rows()
    actions.turn(begun=[former])
    assert actions.engine.rows() == held != before
    assert holder.lease > former.lease


def test_what_was_lost_before_goes_alone_to_a_free_place_and_has_begun_with_that() -> None:
    actions = actions_of()
    lost = [actions.invoke() for _ in range(3)]
    actions.turn(count=3)
    lose(actions)
    fresh = [actions.invoke() for _ in range(2)]
    assert ids(actions.turn(count=9, places=0).tasks) == fresh
    assert ids(actions.turn(count=9, places=9).tasks) == lost[:1]
    assert ids(actions.turn(count=9, places=1, worker="other").tasks) == lost[1:2]
    lose(actions)
    assert [actions.run(run_id).status for run_id in lost] == [
        RunStatus.FAILED,
        RunStatus.FAILED,
        RunStatus.PENDING,
    ]
    assert {actions.run(run_id).status for run_id in fresh} == {RunStatus.PENDING}


def test_behind_fresh_runs_what_was_lost_waits_for_a_turn_of_its_own() -> None:
    actions = actions_of()
    lost = actions.invoke(priority=20)
    actions.turn(count=1)
    lose(actions)
    fresh = actions.invoke()
    assert ids(actions.turn(count=9, places=9).tasks) == [fresh]
    assert ids(actions.turn(count=9, places=9).tasks) == [lost]


def test_a_poison_that_ends_every_worker_uses_up_its_own_attempts_alone() -> None:
    actions = actions_of(max_retries=2)
    poison = actions.invoke(b"poison")
    innocent = [actions.invoke() for _ in range(30)]
    for _ in range(200):
        tasks = actions.turn(count=30, places=10).tasks
        begun = tasks[:10]
        if any(task.payload == b"poison" for task in begun):
            lose(actions)  # before anything is told
            continue
        actions.turn(*(TaskResult(task.run_id, task.lease) for task in tasks))
        if actions.run(poison).status is RunStatus.FAILED and not tasks:
            break
    assert actions.run(poison).attempt == 3
    assert {actions.run(run_id).status for run_id in innocent} == {RunStatus.COMPLETED}


def test_a_reserved_run_that_is_released_or_cancelled_has_had_no_attempt() -> None:
    actions = actions_of()
    released, cancelled = actions.invoke(), actions.invoke()
    tasks = actions.turn(count=2).tasks
    actions.release(tasks[0])
    actions.cancel(cancelled)
    assert (actions.run(released).attempt, actions.run(released).attempts) == (0, [])
    assert actions.run(cancelled).attempts == []


# Answers


def test_stale_results_are_told_by_their_place_and_the_others_are_taken() -> None:
    actions = actions_of()
    first, second = actions.invoke(), actions.invoke()
    one, other = actions.turn(count=2).tasks
    lose(actions)
    [again] = actions.turn(count=1, places=1, worker="other").tasks
    assert again.run_id == one.run_id == first
    actions.invoke()
    reply = actions.turn(
        TaskResult(one.run_id, one.lease),
        TaskResult(again.run_id, again.lease, b"done"),
        TaskResult(other.run_id, other.lease),
        TaskResult("run-999", 1),
    )
    assert reply == TurnReply([], [0, 2, 3])
    assert actions.run(first).output == b"done"
    assert actions.run(second).status is RunStatus.PENDING


def test_a_turn_waits_without_its_news_but_tells_at_once_what_was_stale() -> None:
    rule = RULES.waits[WorkerTurn]
    news = WorkerTurn(WORKER, [RESIZE], [TaskResult("run-1", 1)], [TaskBegun("run-1", 1)], 3, 2, 9)
    assert rule.rest(news) == WorkerTurn(WORKER, [RESIZE], count=3, places=2, block_ms=9)
    assert not rule.found(TurnReply([], []))
    assert rule.found(TurnReply([], [0]))


def test_a_turn_sent_again_gets_its_answer_again() -> None:
    actions = actions_of()
    actions.engine.run(SessionOpen(), session="s")
    actions.invoke()
    actions.invoke()
    [held] = actions.claim(1)
    command = WorkerTurn(WORKER, [RESIZE], [TaskResult(held.run_id, 7)], count=1, places=1)
    first = actions.engine.run(command, session="s", number=1)
    assert first.stale == [0]
    assert len(first.tasks) == 1
    assert actions.engine.run(command, session="s", number=1) == first
    actions.release(first.tasks[0])
    again = actions.engine.run(command, session="s", number=1)
    assert again == TurnReply([], [0])


@pytest.mark.parametrize(
    "bad",
    [
        WorkerTurn("", [RESIZE], count=1),
        WorkerTurn("w", [], count=1),
        WorkerTurn("w", [RESIZE], count=1_001),
        WorkerTurn("w", [RESIZE], count=-1),
        WorkerTurn("w", [RESIZE], count=1, places=2),
        WorkerTurn("w", [RESIZE], count=1, places=-1),
        WorkerTurn("w", [RESIZE], block_ms=1),
        WorkerTurn("w", [RESIZE], count=1, block_ms=300_001),
        WorkerTurn("w", [RESIZE], [TaskResult("run-1", 0)]),
        WorkerTurn("w", [RESIZE], [TaskResult("run-1", 1)] * 1_001),
        WorkerTurn("w", [RESIZE], begun=[TaskBegun("run-1", 1)] * 1_001),
        WorkerTurn("w", [RESIZE], begun=[TaskBegun("", 1)]),
    ],
    ids=repr,
)
def test_what_can_never_be_right_is_refused(bad: WorkerTurn) -> None:
    with pytest.raises(BadRequestError):
        actions_of().engine.run(bad)


# Attempts


def test_each_attempt_is_kept_with_its_worker_its_times_and_its_reason() -> None:
    actions = Actions(timeout_ms=100, retry_delay_ms=0, max_retries=9)
    run_id = actions.invoke()
    begun_ms = actions.now_ms
    actions.claim_one(worker="a")
    lose(actions)
    [task] = actions.turn(count=1, places=1, worker="b").tasks
    actions.engine.advance(10)
    actions.fail(task, "no such host")
    [task] = actions.turn(count=1, places=1, worker="c").tasks
    actions.engine.advance(5)
    actions.turn(TaskResult(run_id, task.lease, error="killed", lost=True))
    last = actions.claim_one(worker="d")
    assert actions.run(run_id).attempts[-1] == ActionAttempt(
        4, "d", begun_ms + 115, None, None, None
    )
    actions.engine.advance(1)
    actions.complete(last, b"at last")
    assert actions.run(run_id).attempts == [
        ActionAttempt(1, "a", begun_ms, begun_ms + 100, "worker_lost", None),
        ActionAttempt(2, "b", begun_ms + 100, begun_ms + 110, None, "no such host"),
        ActionAttempt(3, "c", begun_ms + 110, begun_ms + 115, "worker_lost", "killed"),
        ActionAttempt(4, "d", begun_ms + 115, begun_ms + 116, None, None),
    ]
    assert actions.run(run_id).reason is None


def test_the_last_attempts_are_kept_and_go_with_their_run() -> None:
    actions = Actions(retry_delay_ms=0, max_retries=1_000, retention_ms=86_400_000)
    empty = kept_rows(actions.engine)
    run_id = actions.invoke()
    for _ in range(KEPT_MAX + 20):
        actions.fail(actions.claim_one(), "ü" * 1_000)
    attempts = actions.run(run_id).attempts
    assert [each.attempt for each in attempts] == list(range(21, KEPT_MAX + 21))
    assert {len((each.error or "").encode()) for each in attempts} == {ERROR_BYTES_MAX}
    actions.complete(actions.claim_one())
    assert len(actions.run(run_id).attempts) == KEPT_MAX
    actions.engine.advance(86_400_000)
    assert kept_rows(actions.engine) == empty


def test_a_process_that_is_gone_costs_its_run_an_attempt_as_a_lost_worker() -> None:
    actions = actions_of()
    run_id = actions.invoke()
    task = actions.claim_one()
    result = TaskResult(run_id, task.lease, error="ended abruptly", lost=True)
    assert actions.turn(result).stale == []
    run = actions.run(run_id)
    assert (run.status, run.reason, run.error) == (
        RunStatus.FAILED,
        "worker_lost",
        "ended abruptly",
    )
    assert actions.turn(result).stale == [], "said again, it is heard again"


def test_a_claim_says_how_long_its_lease_lasts_and_which_key_its_handler_may_use() -> None:
    actions = Actions(timeout_ms=500, run_timeout_ms=400, retry_delay_ms=0)
    actions.invoke()
    first, other = actions.claim_one(), (actions.invoke(), actions.claim_one())[1]
    assert (first.lease_ms, other.lease_ms) == (400, 400)
    assert first.idempotency_key != other.idempotency_key
    actions.fail(first)
    assert actions.claim_one().idempotency_key == first.idempotency_key
