"""Workers and callers that wait: for tasks, for runs, for both."""

from __future__ import annotations

import pytest

from floruntime.core.action import (
    ActionCall,
    ActionInvoke,
    ActionListRuns,
    ActionRegister,
    ActionRun,
    ActionStatus,
    RunStatus,
)
from floruntime.core.errors import BadRequestError, NotFoundError
from floruntime.core.limits import BLOCK_MS_MAX
from floruntime.core.system import CancelWait, NamespaceDelete
from floruntime.core.worker import (
    Task,
    TaskResult,
    WorkerAwait,
    WorkerComplete,
    WorkerDrain,
    WorkerExchange,
    WorkerRegister,
)
from tests.server.commit.commit_rig import CommitRig, FakeCaller

AFTER_A_LOSS_MS = 2_000
"""A run that was lost once waits a second, and up to another, before it is due again."""


@pytest.fixture(autouse=True)
async def actions(rig: CommitRig) -> None:
    """The actions that these tests invoke."""
    owner = rig.client("owner")
    for name in ("a", "b"):
        owner.send(ActionRegister(name, timeout_ms=1_000))
    await rig.settle()


async def invoked(rig: CommitRig, name: str = "a", labels: dict[str, str] | None = None) -> str:
    caller = rig.client("caller")
    sent = caller.send(ActionInvoke(name, labels=labels or {}))
    await rig.settle()
    run_id: str = caller.result(sent).run_id
    return run_id


def poll(client: FakeCaller, worker: str, *actions: str, count: int = 1) -> int:
    return client.send(WorkerAwait(worker, list(actions or "a"), count, 10_000))


async def test_waiting_workers_are_served_first_come_first_served(rig: CommitRig) -> None:
    clients = [rig.client(f"w{n}") for n in range(3)]
    polls = [poll(c, f"w{n}") for n, c in enumerate(clients)]
    await rig.settle()
    for n, (client, waits) in enumerate(zip(clients, polls, strict=True)):
        run_id = await invoked(rig)
        assert [task.run_id for task in client.result(waits)] == [run_id]
        assert not any(c.is_answered(p) for c, p in list(zip(clients, polls, strict=True))[n + 1 :])


async def test_a_worker_waits_on_all_of_its_actions(rig: CommitRig) -> None:
    for name in ("a", "b"):
        client = rig.client(f"w-{name}")
        waits = poll(client, "w", "a", "b")
        await rig.settle()
        run_id = await invoked(rig, name)
        assert [task.run_id for task in client.result(waits)] == [run_id]


async def test_who_cannot_take_the_work_does_not_stop_the_next(rig: CommitRig) -> None:
    plain, labelled = rig.client("plain"), rig.client("labelled")
    labelled.send(WorkerRegister("labelled", ["a"], labels={"gpu": "yes"}))
    first, second = poll(plain, "plain"), poll(labelled, "labelled")
    await rig.settle()
    await invoked(rig, labels={"nobody": "has"})
    run_id = await invoked(rig, labels={"gpu": "yes"})
    assert [task.run_id for task in labelled.result(second)] == [run_id]
    assert not plain.is_answered(first)
    run_id = await invoked(rig)
    assert [task.run_id for task in plain.result(first)] == [run_id]


async def test_of_a_thousand_waiting_workers_only_the_first_is_asked(rig: CommitRig) -> None:
    client = rig.client("all")
    polls = [poll(client, f"w{n}") for n in range(1_000)]
    await rig.settle()
    await invoked(rig, labels={"nobody": "has"})  # all are asked, once
    before = rig.commit.commands_total
    run_ids = [await invoked(rig) for _ in range(5)]
    assert rig.commit.commands_total - before == 10  # each invocation, and one claim
    assert [client.result(p)[0].run_id for p in polls[:5]] == run_ids


async def test_a_drain_ends_the_wait_and_a_later_one_does_not_begin(rig: CommitRig) -> None:
    client, operator = rig.client("w"), rig.client("operator")
    client.send(WorkerRegister("w", ["a"]))
    waits = poll(client, "w")
    await rig.settle()
    assert not client.is_answered(waits)
    operator.send(WorkerDrain("w"))
    await rig.settle()
    assert client.result(waits) == []
    await invoked(rig)
    again = poll(client, "w")
    await rig.settle()
    assert client.result(again) == []


async def test_a_claim_for_a_connection_that_is_gone_is_released(rig: CommitRig) -> None:
    gone, stays = rig.client("gone"), rig.client("stays")
    poll(gone, "gone")
    waits = poll(stays, "stays")
    await rig.settle()
    rig.journal.hold()
    syncs = rig.journal.appended
    rig.client("caller").send(ActionInvoke("a"))
    await rig.journal.until_appended(syncs + 1)
    gone.vanish()
    rig.journal.release()
    await rig.settle()
    assert [task.attempt for task in stays.result(waits)] == [1]


async def test_a_run_that_falls_due_or_is_lost_reaches_a_waiting_worker(rig: CommitRig) -> None:
    client = rig.client("w")
    client.send(ActionInvoke("a", delay_ms=300))
    first = poll(client, "w1")
    await rig.advance(299)
    assert not client.is_answered(first)
    await rig.advance(1)
    assert [task.attempt for task in client.result(first)] == [1]
    second = poll(client, "w2")
    await rig.advance(999)
    assert not client.is_answered(second)
    await rig.advance(1 + AFTER_A_LOSS_MS)
    assert [task.attempt for task in client.result(second)] == [2]


async def test_a_wait_for_a_run_ends_with_the_completion(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    run_id = await invoked(rig)
    waits = caller.send(ActionStatus(run_id, 5_000))
    claimed = poll(worker, "w")
    await rig.settle()
    assert not caller.is_answered(waits)
    [task] = worker.result(claimed)
    syncs = rig.journal.appended
    worker.send(WorkerComplete("w", run_id, task.lease, b"out"))
    await rig.settle()
    assert caller.result(waits).output == b"out"
    assert rig.journal.appended == syncs + 1


async def test_a_wait_for_a_run_answers_it_as_it_stands_when_the_time_is_up(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    run_id = await invoked(rig)
    waits = caller.send(ActionStatus(run_id, 500))
    await rig.settle()
    poll(worker, "w")
    await rig.advance(500)
    assert caller.result(waits).status == RunStatus.RUNNING


async def test_a_wait_for_a_run_that_is_gone_ends_as_not_found(rig: CommitRig) -> None:
    caller = rig.client("c")
    run_id = await invoked(rig)
    waits = caller.send(ActionStatus(run_id, 500))
    await rig.settle()
    caller.send(NamespaceDelete("default", True))
    await rig.advance(500)
    assert isinstance(caller.error(waits), NotFoundError)


async def test_a_wait_for_an_unknown_run_is_not_found_at_once(rig: CommitRig) -> None:
    caller = rig.client("c")
    waits = caller.send(ActionStatus("run-999", 500))
    await rig.settle()
    assert isinstance(caller.error(waits), NotFoundError)


# An exchange that waits: its results are settled as it comes


async def claimed(rig: CommitRig, worker: FakeCaller) -> Task:
    await invoked(rig)
    waits = poll(worker, "w")
    await rig.settle()
    [task] = worker.result(waits)
    assert isinstance(task, Task)
    return task


def exchange(worker: FakeCaller, task: Task, *, number: int = 0) -> int:
    results = [TaskResult(task.run_id, task.lease, b"out")]
    return worker.send(WorkerExchange("w", results, ["a"], 1, 10_000), number=number)


async def test_an_exchange_settles_at_once_and_waits_for_what_comes_next(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    task = await claimed(rig, worker)
    ends = caller.send(ActionStatus(task.run_id, 5_000))
    await rig.settle()
    syncs = rig.journal.appended
    waits = exchange(worker, task)
    await rig.settle()
    assert caller.result(ends).output == b"out"
    assert rig.journal.appended == syncs + 1
    assert not worker.is_answered(waits)
    run_id = await invoked(rig)
    assert [each.run_id for each in worker.result(waits)] == [run_id]


async def test_an_exchange_whose_time_is_up_or_that_is_cancelled_answers_nothing(
    rig: CommitRig,
) -> None:
    worker = rig.client("w")
    for how in ("late", "cancelled"):
        waits = exchange(worker, await claimed(rig, worker))
        await rig.advance(9_999)
        assert not worker.is_answered(waits)
        if how == "cancelled":
            worker.send(CancelWait(waits))
            await rig.settle()
        else:
            await rig.advance(1)
        assert worker.result(waits) == []


async def test_an_exchange_that_is_sent_again_settles_nothing_twice_and_waits(
    rig: CommitRig,
) -> None:
    first = rig.client("w")
    first.open_session()
    task = await claimed(rig, first)
    exchange(first, task, number=1)
    await rig.settle()
    first.vanish()
    second = rig.client("w")
    waits = exchange(second, task, number=1)
    await rig.settle()
    assert not second.is_answered(waits)
    run_id = await invoked(rig)
    assert [each.run_id for each in second.result(waits)] == [run_id]
    [new, old] = await runs(rig)
    assert (new.status, old.status, old.output) == (RunStatus.RUNNING, RunStatus.COMPLETED, b"out")


# A call: it invokes once, and then looks


async def test_a_call_is_answered_in_the_commit_of_the_completion(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    claimed = poll(worker, "w")
    await rig.settle()
    syncs = rig.journal.appended
    waits = caller.send(ActionCall("a", b"in", block_ms=5_000))
    await rig.settle()
    [task] = worker.result(claimed)
    assert (task.payload, rig.journal.appended) == (b"in", syncs + 1)
    rig.journal.hold()
    worker.send(WorkerComplete("w", task.run_id, task.lease, b"out"))
    await rig.journal.until_appended(syncs + 2)
    await rig.turns()
    assert not caller.is_answered(waits)
    rig.journal.release()
    await rig.settle()
    run = caller.result(waits)
    assert (run.run_id, run.status, run.output) == (task.run_id, RunStatus.COMPLETED, b"out")
    assert rig.journal.appended == syncs + 2


async def test_a_call_answers_the_run_as_it_stands_when_the_time_is_up(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    at_once = caller.send(ActionCall("a"))
    await rig.settle()
    assert caller.result(at_once).status == RunStatus.PENDING
    waits = caller.send(ActionCall("a", block_ms=500))
    poll(worker, "w", count=2)
    await rig.advance(499)
    assert not caller.is_answered(waits)
    await rig.advance(1)
    assert caller.result(waits).status == RunStatus.RUNNING


async def test_a_call_ends_with_what_there_is_when_it_is_cancelled_or_the_server_stops(
    rig: CommitRig,
) -> None:
    caller = rig.client("c")
    first, second = (caller.send(ActionCall("a", block_ms=5_000)) for _ in range(2))
    await rig.settle()
    caller.send(CancelWait(first))
    await rig.settle()
    assert caller.result(first).status == RunStatus.PENDING
    assert not caller.is_answered(second)
    rig.commit.end_waits()
    await rig.settle()
    assert caller.result(second).status == RunStatus.PENDING


async def test_a_call_that_is_sent_again_invokes_nothing_and_goes_on_waiting(
    rig: CommitRig,
) -> None:
    first, worker = rig.client("c"), rig.client("w")
    first.open_session()
    call = ActionCall("a", block_ms=5_000)
    first.send(call, number=1)
    await rig.settle()
    first.vanish()
    second = rig.client("c")
    waits = second.send(call, number=1)
    claimed = poll(worker, "w", count=9)
    await rig.settle()
    assert not second.is_answered(waits)
    [task] = worker.result(claimed)
    second.vanish()
    worker.send(WorkerComplete("w", task.run_id, task.lease, b"out"))
    await rig.settle()
    third = rig.client("c")
    known = third.send(call, number=1)
    await rig.settle()
    assert (third.result(known).run_id, third.result(known).output) == (task.run_id, b"out")
    assert len(await runs(rig)) == 1


async def test_calls_with_one_idempotency_key_wait_for_one_run(rig: CommitRig) -> None:
    caller, worker = rig.client("c"), rig.client("w")
    call = ActionCall("a", b"in", idempotency_key="k", block_ms=5_000)
    both = [caller.send(call) for _ in range(2)]
    claimed = poll(worker, "w", count=9)
    await rig.settle()
    [task] = worker.result(claimed)
    worker.send(WorkerComplete("w", task.run_id, task.lease))
    await rig.settle()
    assert [caller.result(each).run_id for each in both] == [task.run_id] * 2
    done = caller.send(call)
    await rig.settle()
    assert caller.result(done).status == RunStatus.COMPLETED


async def test_a_call_that_cannot_be_invoked_is_refused_at_once(rig: CommitRig) -> None:
    caller = rig.client("c")
    unknown = caller.send(ActionCall("nobody", block_ms=500))
    too_long = caller.send(ActionCall("a", block_ms=BLOCK_MS_MAX + 1))
    await rig.settle()
    assert isinstance(caller.error(unknown), NotFoundError)
    assert isinstance(caller.error(too_long), BadRequestError)
    assert await runs(rig) == []


async def test_a_call_whose_run_is_gone_ends_as_not_found(rig: CommitRig) -> None:
    caller = rig.client("c")
    waits = caller.send(ActionCall("a", block_ms=500))
    await rig.settle()
    caller.send(NamespaceDelete("default", True))
    await rig.advance(500)
    assert isinstance(caller.error(waits), NotFoundError)


async def runs(rig: CommitRig) -> list[ActionRun]:
    looker = rig.client("looker")
    listed = looker.send(ActionListRuns())
    await rig.settle()
    items: list[ActionRun] = looker.result(listed).items
    return items
