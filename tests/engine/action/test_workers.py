"""The registry of workers: registering, heartbeats, health, draining, listing."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.worker import (
    WorkerDeregister,
    WorkerDrain,
    WorkerHeartbeat,
    WorkerList,
    WorkerRegister,
)
from tests.engine.action.calls import RESIZE, WORKER, Actions
from tests.engine.harness import START_MS


def test_a_registered_worker_is_listed_with_everything() -> None:
    actions = Actions()
    info = actions.register_worker(concurrency=3, labels={"a": "b"}, metadata={"host": "h"})
    assert actions.workers() == [info]
    assert (info.worker_id, info.actions, info.concurrency) == (WORKER, [RESIZE], 3)
    assert (info.labels, info.metadata) == ({"a": "b"}, {"host": "h"})
    assert info.registered_at_ms == info.last_heartbeat_ms == START_MS
    assert (info.healthy, info.draining, info.running) == (True, False, 0)


def test_running_is_what_the_worker_holds_now() -> None:
    actions = Actions()
    actions.register_worker()
    for _ in range(3):
        actions.invoke()
    task = actions.claim(2)[0]
    actions.claim(1, worker="other")
    assert actions.workers()[0].running == 2
    actions.complete(task)
    assert actions.workers()[0].running == 1


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("concurrency", 1, 0),
        ("concurrency", limits.WORKER_CONCURRENCY_MAX, limits.WORKER_CONCURRENCY_MAX + 1),
        ("label", {"a": "x" * 4095}, {"a": "x" * 4096}),
        ("label", {"a": ""}, {"": "a"}),
        ("metadata", {"a": "x" * 16_383}, {"a": "x" * 16_384}),
    ],
)
def test_options_at_their_limits_and_one_past(field: str, good: Any, bad: Any) -> None:
    actions = Actions()
    option = "labels" if field == "label" else field
    actions.register_worker(**{option: good})
    with pytest.raises(BadRequestError, match=field):
        actions.register_worker(**{option: bad})


@pytest.mark.parametrize(("worker_id", "names"), [("", ["a"]), ("w", []), ("w", ["a\n"])])
def test_a_worker_has_a_name_and_actions(worker_id: str, names: list[str]) -> None:
    with pytest.raises(BadRequestError):
        Actions().engine.run(WorkerRegister(worker_id, names))


def test_a_worker_is_unhealthy_after_ninety_seconds_without_a_heartbeat() -> None:
    actions = Actions()
    actions.register_worker()
    actions.engine.now_ms += 89_999
    assert actions.workers()[0].healthy
    actions.engine.now_ms += 1
    assert not actions.workers()[0].healthy
    assert actions.heartbeat().known
    assert actions.workers()[0].healthy


def test_an_unhealthy_worker_keeps_what_it_holds() -> None:
    actions = Actions(timeout_ms=1_000_000)
    actions.invoke()
    actions.register_worker()
    task = actions.claim_one()
    actions.engine.advance(100_000)
    assert actions.claim(worker="other") == []
    actions.complete(task)


def test_a_worker_is_removed_a_day_after_it_was_last_heard_of() -> None:
    actions = Actions()
    actions.register_worker()
    actions.engine.advance(1000)
    actions.heartbeat()
    actions.engine.advance(limits.WORKER_FORGET_MS - 1)
    assert len(actions.workers()) == 1
    actions.engine.advance(1)
    assert actions.workers() == []
    assert actions.heartbeat().known is False


def test_a_worker_that_came_again_is_not_removed_for_its_former_self() -> None:
    actions = Actions()
    actions.register_worker()
    assert actions.engine.run(WorkerDeregister(WORKER)) is True
    actions.engine.advance(1000)
    actions.register_worker()
    actions.engine.advance(limits.WORKER_FORGET_MS - 1000)
    assert len(actions.workers()) == 1


def test_a_heartbeat_of_an_unknown_worker_says_so() -> None:
    actions = Actions()
    run_id = actions.invoke()
    actions.claim_one()
    actions.cancel(run_id)
    heartbeat = actions.heartbeat(run_id)
    assert (heartbeat.known, heartbeat.draining, heartbeat.cancelled) == (False, False, [run_id])


def test_a_heartbeat_lists_what_was_cancelled_and_only_that() -> None:
    actions = Actions()
    actions.register_worker()
    cancelled, running, done = (actions.invoke() for _ in range(3))
    tasks = actions.claim(3)
    actions.cancel(cancelled)
    actions.complete(tasks[2])
    assert actions.heartbeat(cancelled, running, done).cancelled == [cancelled]
    assert actions.heartbeat(running).cancelled == []


def test_a_heartbeat_lists_what_the_worker_lost_or_what_is_gone() -> None:
    actions = Actions(timeout_ms=100, retry_delay_ms=0)
    actions.register_worker()
    run_id = actions.invoke()
    actions.claim_one()
    actions.engine.advance(100)
    assert actions.heartbeat(run_id, "run-999").cancelled == [run_id, "run-999"]
    actions.claim(1, worker="other")
    assert actions.heartbeat(run_id).cancelled == [run_id]
    assert actions.heartbeat(run_id, worker="other").cancelled == []


def test_a_drain_is_told_by_the_next_heartbeat() -> None:
    actions = Actions()
    actions.register_worker()
    assert actions.heartbeat().draining is False
    assert actions.engine.run(WorkerDrain(WORKER)).draining is True
    assert actions.heartbeat().draining is True
    assert actions.workers()[0].draining is True
    assert actions.workers()[0].healthy is True


def test_what_a_draining_worker_holds_it_may_finish_or_hand_back() -> None:
    actions = Actions()
    actions.register_worker()
    first, second = actions.invoke(), actions.invoke()
    a, b = actions.claim(2)
    actions.engine.run(WorkerDrain(WORKER))
    actions.complete(a)
    actions.release(b)
    assert actions.run(first).status == "completed"
    assert (actions.run(second).status, actions.run(second).attempt) == ("pending", 0)


def test_registering_again_ends_a_drain_and_takes_the_new_settings() -> None:
    actions = Actions()
    actions.register_worker()
    actions.engine.run(WorkerDrain(WORKER))
    info = actions.register_worker(concurrency=2)
    assert (info.draining, info.concurrency) == (False, 2)
    assert len(actions.workers()) == 1


def test_draining_or_deregistering_an_unknown_worker() -> None:
    actions = Actions()
    with pytest.raises(NotFoundError, match="w9"):
        actions.engine.run(WorkerDrain("w9"))
    assert actions.engine.run(WorkerDeregister("w9")) is False


def test_deregistering_takes_the_worker_out_but_not_its_runs() -> None:
    actions = Actions()
    actions.register_worker()
    actions.invoke()
    task = actions.claim_one()
    assert actions.engine.run(WorkerDeregister(WORKER)) is True
    assert actions.workers() == []
    actions.complete(task)


def test_workers_are_listed_by_name_in_pages() -> None:
    actions = Actions()
    for name in ("b", "a", "c"):
        actions.register_worker(name)
    first = actions.engine.query(WorkerList(2))
    assert [info.worker_id for info in first.items] == ["a", "b"]
    rest = actions.engine.query(WorkerList(2, first.cursor))
    assert ([info.worker_id for info in rest.items], rest.cursor) == (["c"], None)


def test_namespaces_do_not_see_each_others_workers() -> None:
    actions = Actions()
    actions.register_worker()
    assert actions.engine.query(WorkerList(), namespace="other").items == []
    assert not actions.engine.run(WorkerHeartbeat(WORKER), namespace="other").known
