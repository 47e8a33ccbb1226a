"""What the status of a run says that it waits for."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.action import ActionRun
from floruntime.core.run_wait import RunWait, WaitKind
from floruntime.core.worker import WorkerDrain
from floruntime.engine.action.run_waits import COUNTED_MAX
from tests.engine.action.calls import RESIZE, Actions


def wait_of(actions: Actions, run_id: str) -> RunWait:
    run: ActionRun = actions.run(run_id)
    assert run.waits_for is not None
    return run.waits_for


def test_a_run_that_nobody_can_take_says_so() -> None:
    actions = Actions(max_retries=3)
    run_id = actions.invoke()
    wait = wait_of(actions, run_id)
    assert wait.text == "waits for a worker of resize (none is there)"
    assert (wait.kind, wait.name, wait.workers) == (WaitKind.WORKER, RESIZE, 0)
    assert (wait.attempt, wait.attempts, wait.due_at_ms, wait.error) == (1, 4, None, None)


def test_only_workers_count_that_could_take_it() -> None:
    actions = Actions()
    run_id = actions.invoke(labels={"gpu": "1", "disk": "ssd"})
    text = "waits for a worker of resize with disk=ssd, gpu=1 "
    actions.register_worker("plain")
    actions.register_worker("half", labels={"gpu": "1"})
    assert wait_of(actions, run_id).text == text + "(none is there)"
    actions.register_worker("whole", labels={"gpu": "1", "disk": "ssd", "more": "x"})
    assert wait_of(actions, run_id).text == text + "(1 is there)"
    actions.register_worker("second", labels={"gpu": "1", "disk": "ssd"})
    assert wait_of(actions, run_id).text == text + "(2 are there)"
    actions.engine.run(WorkerDrain("whole"))
    assert wait_of(actions, run_id).workers == 1
    actions.engine.now_ms += limits.WORKER_UNHEALTHY_MS
    assert wait_of(actions, run_id).workers == 0


def test_not_more_are_counted_than_matter() -> None:
    actions = Actions()
    run_id = actions.invoke()
    for number in range(COUNTED_MAX + 5):
        actions.register_worker(f"w{number}")
    wait = wait_of(actions, run_id)
    assert wait.workers == COUNTED_MAX
    assert wait.text.endswith("(100 or more are there)")


def test_a_delayed_run_begins_in_its_time() -> None:
    actions = Actions()
    wait = wait_of(actions, actions.invoke(delay_ms=90_000))
    assert (wait.kind, wait.text) == (WaitKind.DELAY, "begins in 1m 30s")
    assert wait.due_at_ms == actions.now_ms + 90_000


def test_a_retry_says_which_when_and_after_what() -> None:
    actions = Actions(max_retries=5, retry_delay_ms=1_000)
    run_id = actions.invoke()
    for _ in range(4):
        actions.fail(actions.claim_one(), "ValueError: no stock")
        retry = wait_of(actions, run_id)
        assert retry.due_at_ms is not None
        actions.engine.advance(retry.due_at_ms - actions.now_ms)
    assert retry.kind is WaitKind.RETRY
    assert retry.text.startswith("retry 4 of 5 in ")
    assert retry.text.endswith(", after ValueError: no stock")
    assert (retry.attempt, retry.attempts, retry.error) == (5, 6, "ValueError: no stock")
    due = wait_of(actions, run_id)
    assert (due.kind, due.attempt, due.error) == (WaitKind.WORKER, 5, "ValueError: no stock")


def test_a_lost_worker_is_a_reason_too() -> None:
    actions = Actions(max_retries=1, timeout_ms=1_000, retry_delay_ms=60_000)
    run_id = actions.invoke()
    actions.claim_one()
    actions.engine.advance(1_000)
    assert "after worker_lost" in wait_of(actions, run_id).text


def test_a_run_at_work_or_over_waits_for_nothing() -> None:
    actions = Actions()
    run_id = actions.invoke()
    task = actions.claim_one()
    assert actions.run(run_id).waits_for is None
    actions.complete(task)
    assert actions.run(run_id).waits_for is None
