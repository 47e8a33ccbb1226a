"""Claims and how they end: leases, fencing, labels, draining, hand-backs, exchange, waits."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.action import ActionInvoke, RunStatus
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.system import HandBack, SessionOpen, Tick
from floruntime.core.worker import (
    TaskResult,
    WorkerAwait,
    WorkerComplete,
    WorkerDrain,
    WorkerExchange,
    WorkerFail,
    WorkerRegister,
    WorkerRelease,
    WorkerTouch,
)
from floruntime.engine.action.due_runs import DUE_RUN, is_spent
from floruntime.engine.rules import RULES
from tests.engine.action.calls import RESIZE, WORKER, Actions, ids
from tests.engine.harness import START_MS

EU, EU_GPU = {"region": "eu"}, {"region": "eu", "gpu": "yes"}


def test_a_task_carries_everything() -> None:
    actions = Actions(timeout_ms=500)
    run_id = actions.invoke(b"x", labels=EU, caller_run_id="wf-1")
    actions.register_worker(labels=EU_GPU)
    actions.engine.advance(5)
    task = actions.claim_one()
    assert (task.run_id, task.action, task.payload, task.attempt) == (run_id, RESIZE, b"x", 1)
    assert (task.created_at_ms, task.lease_expires_at_ms) == (START_MS, START_MS + 505)
    assert (task.caller_run_id, task.labels) == ("wf-1", EU)
    run = actions.run(run_id)
    assert (run.status, run.worker_id) == (RunStatus.RUNNING, WORKER)


def test_a_claim_takes_up_to_count_each_under_a_lease_of_its_own() -> None:
    actions = Actions()
    runs = [actions.invoke() for _ in range(3)]
    tasks = actions.claim(2)
    assert ids(tasks) == runs[:2]
    last = actions.claim_one()
    leases = [task.lease for task in [*tasks, last]]
    assert leases == sorted(set(leases))


def test_a_claim_stops_early_when_the_inputs_fill_a_reply() -> None:
    actions = Actions()
    payload = b"x" * limits.VALUE_BYTES_DEFAULT
    for _ in range(5):
        actions.invoke(payload)
    assert len(actions.claim(10)) == 4
    assert len(actions.claim(10)) == 1


def test_a_claim_that_finds_nothing_writes_nothing() -> None:
    actions = Actions()
    before = actions.engine.rows()
    assert actions.claim(1, RESIZE, "unknown") == []
    assert actions.engine.rows() == before


@pytest.mark.parametrize(
    "bad",
    [
        WorkerAwait("", [RESIZE]),
        WorkerAwait("w", []),
        WorkerAwait("w", [""]),
        WorkerAwait("w", ["a"] * 1001),
        WorkerAwait("w", [RESIZE], 0),
        WorkerAwait("w", [RESIZE], 1001),
        WorkerAwait("w", [RESIZE], 1, -1),
        WorkerAwait("w", [RESIZE], 1, 300_001),
        WorkerExchange("w", [], [], 1),
        WorkerExchange("w", [], [RESIZE], 1001),
        WorkerExchange("w", [], [RESIZE], -1),
        WorkerExchange("w", [], [RESIZE], 1, -1),
        WorkerExchange("w", [], [RESIZE], 1, 300_001),
        WorkerExchange("w", [], [RESIZE], 0, 1),
        WorkerExchange("w", [TaskResult("run-1", 1)] * 1001, [RESIZE], 1),
        WorkerExchange("w", [TaskResult("run-1", 1, outcome="1")], [RESIZE], 1),
        WorkerExchange("w", [TaskResult("run-1", 0)], [RESIZE], 1),
        WorkerExchange("w", [TaskResult("run-1", 1, error="x" * 4097)], [RESIZE], 1),
        WorkerComplete("w", "run-1", 0),
        WorkerComplete("w", "run-1", 1, b"x" * (limits.VALUE_BYTES_DEFAULT + 1)),
        WorkerFail("w", "run-1", 1, "x" * 4097),
        WorkerTouch("w", "run-1", 1, 0),
    ],
    ids=repr,
)
def test_what_can_never_be_right_is_refused(bad: Any) -> None:
    actions = Actions()
    with pytest.raises(BadRequestError):
        actions.engine.run(bad)


@pytest.mark.parametrize("outcome", ["success", "a", "_x", "Needs-Review_2", "failure", "a" * 255])
def test_an_outcome_is_a_name_of_letters_digits_and_two_signs(outcome: str) -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.complete(actions.claim_one(), outcome=outcome)
    assert (actions.run(run_id).status, actions.run(run_id).outcome) == ("completed", outcome)


@pytest.mark.parametrize("outcome", ["", "1a", "-a", "a b", "ä", "a.b", "a\n", "a" * 256])
def test_other_outcomes_are_refused(outcome: str) -> None:
    actions = Actions()
    run_id = actions.invoke()
    with pytest.raises(BadRequestError, match="outcome"):
        actions.complete(actions.claim_one(), outcome=outcome)
    assert actions.status(run_id) == RunStatus.RUNNING


# Labels


def test_a_worker_needs_all_labels_of_a_run() -> None:
    actions = Actions()
    plain = actions.invoke()
    eu = actions.invoke(labels=EU)
    gpu = actions.invoke(labels=EU_GPU)
    us = actions.invoke(labels={"region": "us"})
    actions.register_worker("eu", labels={**EU, "more": "1"})
    assert ids(actions.claim(10, worker="eu")) == [plain, eu]
    actions.register_worker("gpu", labels=EU_GPU)
    assert ids(actions.claim(10, worker="gpu")) == [gpu]
    assert actions.claim(10, worker="unregistered") == []
    actions.register_worker("us", labels={"region": "us"})
    assert ids(actions.claim(10, worker="us")) == [us]


def test_a_run_nobody_matches_holds_nobody_up() -> None:
    actions = Actions()
    for n in range(50):
        actions.invoke(labels={"tenant": str(n)}, priority=0)
    plain = actions.invoke()
    assert ids(actions.claim()) == [plain]
    actions.register_worker(labels={"tenant": "17", "a": "1", "b": "2"})
    assert len(actions.claim(10)) == 1


@pytest.mark.parametrize("strangers", [0, 40])
def test_order_holds_over_sets_of_labels(strangers: int) -> None:
    """With few sets they are gone through; with many, those that the worker could match."""
    actions = Actions()
    for n in range(strangers):
        actions.invoke(labels={"tenant": str(n)}, priority=0)
    a, b = actions.invoke(labels=EU), actions.invoke()
    c, d = actions.invoke(labels=EU_GPU), actions.invoke(labels=EU, priority=1)
    actions.register_worker(labels=EU_GPU)
    assert ids(actions.claim(10)) == [d, a, b, c]


def test_a_labelled_run_that_is_given_back_keeps_its_labels() -> None:
    actions = Actions(retry_delay_ms=0)
    run_id = actions.invoke(labels=EU)
    actions.register_worker(labels=EU)
    actions.release(actions.claim_one())
    assert actions.claim(worker="unregistered") == []
    actions.fail(actions.claim_one())
    assert actions.claim(worker="unregistered") == []
    assert actions.claim_one().run_id == run_id


# Leases


def test_touch_renews_the_lease() -> None:
    actions = Actions(timeout_ms=100)
    actions.invoke()
    task = actions.claim_one()
    actions.engine.advance(99)
    assert actions.touch(task, 100) is True
    actions.engine.advance(99)
    assert actions.claim() == []
    actions.complete(task)


def test_a_touch_never_shortens_a_lease() -> None:
    actions = Actions(timeout_ms=100)
    actions.invoke()
    task = actions.claim_one()
    assert actions.touch(task, 1) is True
    actions.engine.advance(99)
    assert actions.touch(task, 50) is True
    assert actions.touch(task, 10) is True
    actions.engine.advance(49)
    actions.complete(task)


def test_a_lost_worker_leaves_the_run_to_be_attempted_again() -> None:
    actions = Actions(timeout_ms=100, retry_delay_ms=0)
    run_id = actions.invoke()
    lost = actions.claim_one()
    actions.engine.advance(100)
    run = actions.run(run_id)
    assert (run.status, run.reason, run.worker_id) == (RunStatus.PENDING, "worker_lost", None)
    again = actions.claim_one()
    assert (again.run_id, again.attempt) == (run_id, 2)
    assert again.lease > lost.lease
    assert actions.run(run_id).reason == "worker_lost"


def test_lost_workers_use_up_the_attempts() -> None:
    actions = Actions(timeout_ms=100, max_retries=1, retry_delay_ms=0)
    run_id = actions.invoke()
    for _ in range(2):
        actions.claim_one()
        actions.engine.advance(100)
    run = actions.run(run_id)
    assert (run.status, run.reason, run.outcome) == (RunStatus.FAILED, "worker_lost", "failure")
    assert (run.attempt, run.error) == (2, "worker_lost")  # no handler told another


def test_what_was_lost_together_comes_back_after_growing_and_scattered_delays() -> None:
    actions = Actions(timeout_ms=100, max_retries=5, retry_delay_ms=1_000)
    for _ in range(50):
        actions.invoke()
    for shortest_ms in (1_000, 2_000, 4_000):
        assert len(actions.claim(100)) == 50
        actions.engine.advance(100)
        actions.engine.advance(shortest_ms - 1)
        assert actions.claim(100) == []
        actions.engine.advance(shortest_ms // 4)
        early = actions.claim(100)
        assert 0 < len(early) < 30
        for task in early:
            actions.release(task)
        actions.engine.advance(shortest_ms)  # at most as much again on top


@pytest.mark.parametrize("ticked", [False, True])
def test_late_settlements_are_stale(ticked: bool) -> None:
    actions = Actions(timeout_ms=100)
    run_id = actions.invoke()
    task = actions.claim_one()
    actions.engine.now_ms += 100
    if ticked:
        actions.engine.tick()
    for late in (actions.complete, actions.fail, actions.touch, actions.release):
        with pytest.raises(ConflictError, match="stale lease"):
            late(task)
    actions.engine.tick()
    assert actions.status(run_id) == RunStatus.PENDING


def test_the_former_holder_is_stale_once_the_run_was_claimed_again() -> None:
    actions = Actions(timeout_ms=100, retry_delay_ms=0)
    run_id = actions.invoke()
    former = actions.claim_one()
    actions.engine.advance(100)
    holder = actions.claim_one()
    for late in (actions.complete, actions.fail, actions.touch, actions.release):
        with pytest.raises(ConflictError):
            late(former)
    actions.complete(holder, b"mine")
    with pytest.raises(ConflictError):
        actions.complete(former, b"late")
    assert actions.run(run_id).output == b"mine"


def test_settling_an_unknown_run_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="run-9"):
        Actions().engine.run(WorkerComplete(WORKER, "run-9", 1))


def test_the_holder_may_repeat_its_complete() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    actions.complete(task, b"out")
    actions.engine.advance(2 * limits.SETTLED_MS)
    before = actions.engine.rows()
    actions.complete(task, b"out")
    assert actions.engine.rows() == before
    assert actions.run(run_id).output == b"out"
    with pytest.raises(ConflictError):
        actions.fail(task)


def test_the_holder_may_repeat_its_last_fail() -> None:
    actions = Actions(max_retries=0)
    actions.invoke()
    task = actions.claim_one()
    actions.fail(task)
    actions.fail(task)
    with pytest.raises(ConflictError):
        actions.complete(task)


@pytest.mark.parametrize("how", ["fail", "release"])
def test_the_holder_may_repeat_itself_for_five_minutes_whoever_has_the_run(how: str) -> None:
    actions = Actions(retry_delay_ms=0)
    run_id = actions.invoke()
    first = actions.claim_one()
    settle = getattr(actions, how)
    other = actions.release if how == "fail" else actions.fail
    settle(first)
    second = actions.claim_one()
    settle(first)
    with pytest.raises(ConflictError):
        other(first)
    assert actions.run(run_id).attempt == second.attempt
    actions.complete(second)
    actions.engine.advance(limits.SETTLED_MS)
    with pytest.raises(ConflictError):
        settle(first)


def test_a_released_run_counts_no_attempt_and_keeps_its_place() -> None:
    actions = Actions(max_retries=0)
    first, second = actions.invoke(), actions.invoke()
    actions.engine.advance(50)
    for _ in range(5):
        task = actions.claim_one()
        assert (task.run_id, task.attempt) == (first, 1)
        actions.release(task)
        run = actions.run(first)
        assert (run.attempt, run.started_at_ms, run.worker_id) == (0, None, None)
    assert ids(actions.claim(5)) == [first, second]


# Exchange


def test_exchange_settles_several_and_claims_the_next_in_one_step() -> None:
    actions = Actions(retry_delay_ms=0)
    runs = [actions.invoke() for _ in range(4)]
    a, b = actions.claim(2)
    results = TaskResult(a.run_id, a.lease, b"out"), TaskResult(b.run_id, b.lease, error="broken")
    tasks = actions.exchange(*results, count=3)
    assert sorted(ids(tasks)) == sorted(runs[1:])
    assert actions.run(a.run_id).output == b"out"
    assert actions.run(b.run_id).attempt == 2


def test_exchange_skips_what_is_stale_or_unknown_and_takes_the_rest() -> None:
    actions = Actions(timeout_ms=100, max_retries=0)
    for _ in range(2):
        actions.invoke()
    lost, held = actions.claim(2)
    actions.touch(held, 1000)
    actions.engine.advance(100)
    results = [TaskResult(t.run_id, t.lease, b"out") for t in (lost, held)]
    assert actions.exchange(TaskResult("run-99", 7), *results) == []
    assert actions.status(lost.run_id) == RunStatus.FAILED
    assert actions.status(held.run_id) == RunStatus.COMPLETED


def test_exchange_without_retry_ends_the_run() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    actions.exchange(TaskResult(run_id, task.lease, error="never", retry=False))
    assert actions.run(run_id).error == "never"
    assert actions.status(run_id) == RunStatus.FAILED


# Deliveries that did not arrive, and answers given again


@pytest.mark.parametrize("kind", ["await", "exchange"])
def test_what_went_to_a_dead_connection_is_released_with_no_attempt_counted(kind: str) -> None:
    actions = Actions(max_retries=0)
    run_id = actions.invoke()
    engine = actions.engine
    engine.run(SessionOpen(), session="s")
    request: Any = WorkerAwait(WORKER, [RESIZE])
    if kind == "exchange":
        request = WorkerExchange(WORKER, [], [RESIZE], 1)
    outcome = engine.outcome(request, session="s", number=1)
    assert outcome.delivery is not None
    engine.run(HandBack("s", 1, outcome.delivery))
    run = actions.run(run_id)
    assert (run.status, run.attempt) == (RunStatus.PENDING, 0)
    [task] = engine.run(request, session="s", number=1)  # it may run again
    assert task.attempt == 1
    engine.run(HandBack("s", 1, outcome.delivery))  # an old lease: nothing happens
    assert actions.status(run_id) == RunStatus.RUNNING


@pytest.mark.parametrize("kind", ["await", "exchange"])
def test_a_claim_sent_again_gets_the_runs_it_still_holds(kind: str) -> None:
    actions = Actions()
    for _ in range(3):
        actions.invoke()
    engine = actions.engine
    engine.run(SessionOpen(), session="s")
    request: Any = WorkerAwait(WORKER, [RESIZE], 2)
    if kind == "exchange":
        request = WorkerExchange(WORKER, [], [RESIZE], 2)
    tasks = engine.run(request, session="s", number=1)
    outcome = engine.outcome(request, session="s", number=1)
    assert (outcome.result, outcome.recalled) == (tasks, True)
    assert outcome.delivery is not None
    actions.complete(tasks[0])
    assert engine.run(request, session="s", number=1) == tasks[1:]


@pytest.mark.parametrize("how", ["completed", "failed"])
def test_an_exchange_that_found_nothing_runs_again_and_settles_once(how: str) -> None:
    actions = Actions(retry_delay_ms=60_000)
    run_id = actions.invoke()
    task = actions.claim_one()
    error = "broken" if how == "failed" else None
    request = WorkerExchange(WORKER, [TaskResult(run_id, task.lease, error=error)], [RESIZE], 2, 9)
    engine = actions.engine
    engine.run(SessionOpen(), session="s")
    outcomes = [engine.outcome(request, session="s", number=1) for _ in range(2)]
    assert [(each.result, each.recalled) for each in outcomes] == [([], False)] * 2
    run = actions.run(run_id)
    assert run.status == (RunStatus.PENDING if error else RunStatus.COMPLETED)
    assert run.attempt == 1
    assert len(actions.claim(9)) == 0
    new = actions.invoke()
    [task] = engine.run(request, session="s", number=1)
    assert task.run_id == new


# Draining and waiting


def test_a_draining_worker_gets_nothing_and_its_wait_ends() -> None:
    actions = Actions()
    actions.register_worker()
    actions.invoke()
    topics = RULES.waits[WorkerAwait].topics("default", WorkerAwait(WORKER, [RESIZE]))
    drained = actions.engine.outcome(WorkerDrain(WORKER))
    assert set(drained.ended) & set(topics)
    asked = actions.engine.outcome(WorkerAwait(WORKER, [RESIZE], 1, 1000))
    assert asked.result == []
    assert set(asked.ended) & set(topics)
    assert len(actions.claim(worker="other")) == 1


def test_new_labels_end_the_wait_so_that_the_worker_asks_again() -> None:
    actions = Actions()
    topics = RULES.waits[WorkerAwait].topics("default", WorkerAwait(WORKER, [RESIZE]))
    register = WorkerRegister(WORKER, [RESIZE], labels=EU)
    assert set(actions.engine.outcome(register).ended) & set(topics)
    assert actions.engine.outcome(register).ended == []


@pytest.mark.parametrize("labels", [{}, EU], ids=["plain", "labelled"])
def test_a_topic_is_spent_when_its_line_is_empty(labels: dict[str, str]) -> None:
    actions = Actions()
    actions.register_worker(labels=labels)
    request = WorkerAwait(WORKER, [RESIZE])
    outcomes = [actions.engine.outcome(invoke) for invoke in _invokes(labels, {"nobody": "has"})]
    mine, strangers = (outcome.touched[0] for outcome in outcomes)
    assert mine[:2] == RULES.waits[WorkerAwait].topics("default", request)[0][:2]
    assert not is_spent(actions.engine.machine._tx, mine)
    assert len(actions.claim()) == 1
    assert is_spent(actions.engine.machine._tx, mine)
    assert not is_spent(actions.engine.machine._tx, strangers)


def _invokes(*label_sets: dict[str, str]) -> list[Any]:
    return [ActionInvoke(RESIZE, labels=labels) for labels in label_sets]


@pytest.mark.parametrize("how", ["due", "failed", "lost", "released"])
def test_whatever_makes_a_run_due_is_told_to_those_who_wait(how: str) -> None:
    actions = Actions(timeout_ms=100, retry_delay_ms=0)
    actions.invoke(delay_ms=100 if how == "due" else 0)
    command: Any = Tick()
    if how != "due":
        task = actions.claim_one()
        if how == "failed":
            command = WorkerFail(WORKER, task.run_id, task.lease, "broken")
        elif how == "released":
            command = WorkerRelease(WORKER, task.run_id, task.lease)
    actions.engine.now_ms += 100 if how in ("due", "lost") else 0
    assert ("default", f"due/{RESIZE}", "") in actions.engine.outcome(command).touched


@pytest.mark.parametrize("labels", [{}, EU])
def test_a_claim_finds_what_the_store_has_and_what_the_open_batch_has(
    labels: dict[str, str],
) -> None:
    actions = Actions()
    actions.register_worker(labels=labels)
    old, first = (actions.invoke(labels=labels, priority=priority) for priority in (5, 1))
    actions.engine.hold = True
    new, urgent = (actions.invoke(labels=labels, priority=priority) for priority in (9, 2))
    assert [actions.claim_one().run_id for _ in range(2)] == [first, urgent]
    assert ids(actions.claim(9)) == [old, new]
    assert actions.claim(9) == []


@pytest.mark.parametrize("labels", [{}, EU])
def test_a_claim_of_what_is_in_the_open_batch_does_not_search_the_store(
    labels: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = Actions()
    actions.register_worker(labels=labels)
    actions.engine.hold = True
    runs = [actions.invoke(labels=labels) for _ in range(3)]
    searched: list[bytes] = []
    search = actions.engine.store.scan

    def scan(start: bytes, end: bytes, *, reverse: bool = False) -> Any:
        searched.append(start[:2])
        return search(start, end, reverse=reverse)

    monkeypatch.setattr(actions.engine.store, "scan", scan)
    assert actions.claim_one().run_id == runs[0]
    assert ids(actions.claim(9)) == runs[1:]
    assert DUE_RUN.tag not in searched
