"""Actions and their runs, claimed and settled by hand, as API.md and SEMANTICS.md promise them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from floruntime import (
    ActionInfo,
    ActionRun,
    ActionType,
    BadRequestError,
    ConflictError,
    FloClient,
    InvokeResult,
    NotFoundError,
    RunStatus,
    Task,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
AFTER_A_LOSS_MS = 2_000
"""A run that was lost once waits a second, and up to another, before it is due again."""


async def claimed(client: FloClient, name: str = "job", worker_id: str = "w") -> Task:
    """The next run of an action, which is due."""
    task = await client.worker.await_task(worker_id, [name], block_ms=0)
    assert task is not None
    return task


async def invoked(client: FloClient, name: str = "job", **options: Any) -> str:
    return (await client.action.invoke(name, b"in", **options)).run_id


# Registering


async def test_register_answers_the_action_with_its_settings(client: FloClient) -> None:
    info = await client.action.register("process-image", ActionType.USER)
    assert isinstance(info, ActionInfo)
    assert (info.name, info.version, info.enabled) == ("process-image", 1, True)
    assert (info.timeout_ms, info.max_retries, info.retry_delay_ms) == (30_000, 3, 1_000)
    assert (info.run_timeout_ms, info.description) == (None, None)
    with pytest.raises(AttributeError):
        info.version = 2  # type: ignore[misc]  # it is frozen


async def test_the_same_settings_change_nothing_and_others_raise_the_version(
    client: FloClient,
) -> None:
    settings: dict[str, Any] = {"timeout_ms": 60_000, "max_retries": 0, "description": "d"}
    first = await client.action.register("job", **settings)
    assert await client.action.register("job", ActionType.USER, **settings) == first
    second = await client.action.register("job", run_timeout_ms=5, retry_delay_ms=0)
    assert (second.version, second.run_timeout_ms, second.description) == (2, 5, None)
    assert (second.max_retries, second.retry_delay_ms) == (0, 0)  # retries stay where not named
    assert await client.action.get("job") == second


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout_ms": 0},
        {"timeout_ms": -1},
        {"timeout_ms": 1.5},
        {"max_retries": -1},
        {"retry_delay_ms": -1},
        {"run_timeout_ms": 0},
        {"type": "nonsense"},
    ],
    ids=str,
)
async def test_settings_that_can_never_be_right(settings: dict[str, Any]) -> None:
    async with FloClient("memory://") as client:
        with pytest.raises(BadRequestError, match=next(iter(settings))):
            await client.action.register("job", **settings)
        with pytest.raises(NotFoundError):
            await client.action.get("job")


@pytest.mark.parametrize("name", ["", "x" * 256, "ü" * 128, "a\nb"])
async def test_bad_names(name: str) -> None:
    async with FloClient("memory://") as client:
        with pytest.raises(BadRequestError):
            await client.action.register(name)
        assert (await client.action.register("x" * 255)).name == "x" * 255


async def test_unknown_and_disabled_actions_are_told_apart(client: FloClient) -> None:
    with pytest.raises(NotFoundError, match="'job'"):
        await client.action.invoke("job")
    for call in (client.action.get, client.action.enable, client.action.disable):
        with pytest.raises(NotFoundError, match="'job'"):
            await call("job")
    await client.action.register("job")
    await client.action.disable("job")
    with pytest.raises(ConflictError, match="'job' is disabled"):
        await client.action.invoke("job")
    assert (await client.action.get("job")).enabled is False
    await client.action.enable("job")
    assert (await client.action.invoke("job")).created


async def test_actions_are_listed_in_pages_by_prefix(client: FloClient) -> None:
    for name in ("b", "a2", "a1"):
        await client.action.register(name)
    assert [each.name for each in await client.action.list()] == ["a1", "a2", "b"]
    page = await client.action.list(prefix="a", limit=1)
    assert ([each.name for each in page], page.has_more) == (["a1"], True)
    page = await client.action.list(prefix="a", limit=1, cursor=page.cursor)
    assert ([each.name for each in page], page.has_more, page.cursor) == (["a2"], False, None)


async def test_delete_wants_force_while_runs_are_unfinished(client: FloClient) -> None:
    await client.action.register("job")
    run_id = await invoked(client)
    with pytest.raises(ConflictError):
        await client.action.delete("job")
    await client.action.delete("job", force=True)
    assert (await client.action.status(run_id)).status == "cancelled"
    with pytest.raises(NotFoundError):
        await client.action.invoke("job")


# A run


async def test_a_run_from_its_invocation_to_its_end(client: FloClient) -> None:
    await client.action.register("job")
    result = await client.action.invoke("job", '{"ü": 1}', priority=3)
    assert isinstance(result, InvokeResult)
    assert result.created is True
    run = await client.action.status(result.run_id)
    assert isinstance(run, ActionRun)
    assert (run.run_id, run.action, run.status) == (result.run_id, "job", "pending")
    assert (run.attempt, run.priority, run.input) == (0, 3, '{"ü": 1}'.encode())
    assert (run.output, run.outcome, run.error, run.caller_run_id) == (None,) * 4
    assert (run.started_at_ms, run.completed_at_ms) == (None, None)
    task = await claimed(client)
    assert (task.run_id, task.action, task.payload) == (run.run_id, "job", run.input)
    assert (task.attempt, task.created_at_ms) == (1, run.created_at_ms)
    assert (task.caller_run_id, task.lease_expires_at_ms > task.created_at_ms) == (None, True)
    run = await client.action.status(result.run_id)
    assert (run.status, run.attempt) == (RunStatus.RUNNING, 1)
    await client.worker.complete("w", task, "out", outcome="approved")
    run = await client.action.status(result.run_id)
    assert (run.status, run.output, run.outcome) == ("completed", b"out", "approved")
    assert run.created_at_ms <= (run.started_at_ms or 0) <= (run.completed_at_ms or 0)


async def test_wait_and_call_answer_the_finished_run_or_it_as_it_stands(client: FloClient) -> None:
    await client.action.register("job")
    run_id = await invoked(client)
    assert (await client.action.wait(run_id, block_ms=0)).status == "pending"
    waiting = asyncio.ensure_future(client.action.wait(run_id))
    calling = asyncio.ensure_future(client.action.call("job", b"in", priority=11))
    await under_way(client)
    for output in (b"first", b"second"):
        await client.worker.complete("w", await claimed(client), output)
    assert [(await each).output for each in (waiting, calling)] == [b"first", b"second"]
    assert (await client.action.wait(run_id)).status == "completed"
    assert (await client.action.call("job", block_ms=0)).status == "pending"


async def test_a_wait_ends_at_its_time_with_the_run_as_it_stands(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job")
    calling = asyncio.ensure_future(served.action.call("job", block_ms=1_000))
    claiming = asyncio.ensure_future(served.worker.await_tasks("w", ["no"], count=2, block_ms=500))
    await under_way(served)
    await server.advance(500)
    assert await claiming == []
    assert not calling.done()
    await server.advance(500)
    assert (await calling).status == "pending"


async def test_unknown_runs_are_not_found_and_waits_are_bounded(client: FloClient) -> None:
    calls: tuple[Callable[[str], Awaitable[Any]], ...] = (
        client.action.status,
        client.action.wait,
        client.action.cancel,
    )
    for call in calls:
        with pytest.raises(NotFoundError, match="nope"):
            await call("nope")
    await client.action.register("job")
    for bounded in (
        client.action.wait("nope", block_ms=300_001),
        client.action.call("job", block_ms=300_001),
        client.worker.await_task("w", ["job"], block_ms=300_001),
        client.worker.await_tasks("w", ["job"], count=1, block_ms=300_001),
    ):
        with pytest.raises(BadRequestError, match="300000"):
            await bounded
    assert not await client.action.list_runs()


@pytest.mark.parametrize(
    ("outcome", "is_good"),
    [
        *(("success", True), ("failure", True), ("timeout", True), ("pending", True)),
        *(("_x-1", True), ("A", True), ("1a", False), ("-a", False), ("a b", False)),
        *(("", False), ("ü", False), ("a.b", False)),
    ],
)
async def test_outcome_names(outcome: str, is_good: bool) -> None:
    async with FloClient("memory://") as client:
        await client.action.register("job")
        run_id = await invoked(client)
        task = await claimed(client)
        if is_good:
            await client.worker.complete("w", task, outcome=outcome)
            assert (await client.action.status(run_id)).outcome == outcome
        else:
            with pytest.raises(BadRequestError, match="outcome"):
                await client.worker.complete("w", task, outcome=outcome)
            assert (await client.action.status(run_id)).status == "running"


async def test_runs_are_listed_newest_first_by_action_and_status(client: FloClient) -> None:
    await client.action.register("job")
    await client.action.register("other")
    ids = [await invoked(client) for _ in range(3)]
    other = await invoked(client, "other")
    await client.worker.complete("w", await claimed(client))
    listed = client.action.list_runs
    assert [run.run_id for run in await listed()] == [other, *reversed(ids)]
    assert [run.run_id for run in await listed("job", status="pending")] == [ids[2], ids[1]]
    assert [run.run_id for run in await listed(status=RunStatus.COMPLETED)] == [ids[0]]
    assert await listed("job", status="failed") == []
    with pytest.raises(BadRequestError, match="nonsense"):
        await listed(status="nonsense")
    page = await listed("job", limit=2)
    assert ([run.run_id for run in page], page.has_more) == ([ids[2], ids[1]], True)
    page = await listed("job", limit=2, cursor=page.cursor)
    assert ([run.run_id for run in page], page.has_more) == ([ids[0]], False)


# Order and labels


async def test_order_is_priority_then_due_time_then_arrival(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job")
    second = await invoked(served, delay_ms=10)
    await server.advance(5)
    third, fourth = [await invoked(served, delay_ms=10) for _ in range(2)]
    last = await invoked(served, priority=11)
    urgent = await invoked(served, priority=0, delay_ms=15)
    assert [task.run_id for task in await tasks_of(served)] == [last]
    await server.advance(15)
    assert [task.run_id for task in await tasks_of(served)] == [urgent, second, third, fourth]


async def tasks_of(client: FloClient, worker_id: str = "w") -> list[Task]:
    return await client.worker.await_tasks(worker_id, ["job"], count=10, block_ms=0)


async def test_a_run_goes_to_workers_with_all_of_its_labels_only(client: FloClient) -> None:
    await client.action.register("job")
    labelled = await invoked(client, labels={"gpu": "yes", "zone": "a"})
    plain = await invoked(client)
    await client.worker.register("some", ["job"], labels={"gpu": "yes"})
    await client.worker.register("all", ["job"], labels={"gpu": "yes", "zone": "a", "x": "1"})
    assert [task.run_id for task in await tasks_of(client, "some")] == [plain]
    assert [task.run_id for task in await tasks_of(client, "all")] == [labelled]


async def test_waiting_workers_are_served_in_order_and_strangers_stop_nobody(
    client: FloClient,
) -> None:
    await client.action.register("job")
    await client.worker.register("gpu", ["job"], labels={"gpu": "yes"})
    waits = []
    for worker_id in ("first", "second", "gpu"):
        waits.append(asyncio.ensure_future(client.worker.await_task(worker_id, ["job"])))
        await under_way(client)
    ids = [await invoked(client, labels={"gpu": "yes"}), *[await invoked(client) for _ in "ab"]]
    first, second, gpu = await asyncio.wait_for(asyncio.gather(*waits), 10)
    assert [task and task.run_id for task in (gpu, first, second)] == ids


# Leases


async def test_a_late_holder_is_refused_whatever_it_says(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job", timeout_ms=1_000)
    run_id = await invoked(served)
    late = await claimed(served)
    await server.advance(1_000)
    run = await served.action.status(run_id)
    assert (run.status, run.attempt, run.error) == ("pending", 1, "worker_lost")
    await server.advance(AFTER_A_LOSS_MS)
    for again in (False, True):
        held = await claimed(served, worker_id="v") if again else None
        for call in (
            served.worker.complete("w", late, b"late"),
            served.worker.fail("w", late, "late"),
            served.worker.touch("w", late),
            served.worker.release("w", late),
        ):
            with pytest.raises(ConflictError):
                await call
        if held is not None:
            assert (held.attempt, held.lease > late.lease) == (2, True)
            await served.worker.complete("v", held, b"good")
    run = await served.action.status(run_id)
    assert (run.status, run.output, run.error) == ("completed", b"good", None)


async def test_the_holder_may_repeat_itself(client: FloClient) -> None:
    await client.action.register("job", retry_delay_ms=0)
    await invoked(client)
    task = await claimed(client)
    for _ in range(2):
        await client.worker.fail("w", task, "broken")
    again = await claimed(client)
    assert again.attempt == 2
    for _ in range(2):
        await client.worker.complete("w", again, b"out")
    with pytest.raises(ConflictError):
        await client.worker.fail("w", again, "changed my mind")


async def test_touch_renews_the_lease(server: FloTestServer, served: FloClient) -> None:
    await served.action.register("job", timeout_ms=1_000)
    run_id = await invoked(served)
    task = await claimed(served)
    for _ in range(3):
        await server.advance(900)
        await served.worker.touch("w", task, extend_ms=1_000)
    assert (await served.action.status(run_id)).attempt == 1
    await served.worker.touch("w", task)
    await server.advance(29_999)
    assert (await served.action.status(run_id)).status == "running"
    await server.advance(1)
    assert (await served.action.status(run_id)).status == "pending"


async def test_release_counts_no_attempt_and_its_lease_is_never_used_again(
    client: FloClient,
) -> None:
    await client.action.register("job", max_retries=0)
    await invoked(client)
    leases = []
    for _ in range(3):
        task = await claimed(client)
        assert task.attempt == 1
        leases.append(task.lease)
        await client.worker.release("w", task)
    assert leases == sorted(set(leases))


# Retries


@pytest.mark.parametrize("max_retries", [0, 1, 3])
async def test_max_retries_counts_the_attempts_after_the_first(max_retries: int) -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("job", max_retries=max_retries, retry_delay_ms=10)
        run_id = await invoked(client)
        for attempt in range(1, max_retries + 2):
            task = await claimed(client)
            assert task.attempt == attempt
            await client.worker.fail("w", task, f"broken {attempt}")
            await server.advance(MINUTE_MS)
        run = await client.action.status(run_id)
        assert (run.status, run.attempt) == ("failed", max_retries + 1)
        assert (run.error, run.output) == (f"broken {max_retries + 1}", None)
        assert await client.worker.await_task("w", ["job"], block_ms=0) is None


async def test_lost_workers_use_up_the_attempts_and_the_run_says_why(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job", max_retries=1, timeout_ms=100)
    run_id = await invoked(served)
    for _ in range(2):
        await claimed(served)
        await server.advance(100)
        await server.advance(AFTER_A_LOSS_MS)
    run = await served.action.status(run_id)
    assert (run.status, run.attempt, run.error) == ("failed", 2, "worker_lost")


async def test_delays_double_to_an_hour_and_survive_a_restart(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job", max_retries=30, retry_delay_ms=1_000)
    run_id = await invoked(served)
    for attempt in range(1, 20):
        await served.worker.fail("w", await claimed(served), "broken")
        delay_ms = min(1_000 * 2 ** (attempt - 1), HOUR_MS)
        if attempt == 3:
            await server.restart()
        await server.advance(delay_ms - 1)
        assert await served.worker.await_task("w", ["job"], block_ms=0) is None
        await server.advance(1 + (delay_ms // 10 if delay_ms < HOUR_MS else 0))  # and the jitter
    assert (await served.action.status(run_id)).attempt == 19


async def test_fail_without_retry_ends_the_run(client: FloClient) -> None:
    await client.action.register("job")
    run_id = await invoked(client)
    await client.worker.fail("w", await claimed(client), "E: never", retry=False)
    run = await client.action.status(run_id)
    assert (run.status, run.attempt, run.error) == ("failed", 1, "E: never")


async def test_run_timeout_ends_all_of_it(server: FloTestServer, served: FloClient) -> None:
    await served.action.register("job", run_timeout_ms=1_000, retry_delay_ms=600)
    waiting, running = [await invoked(served, priority=priority) for priority in (11, 10)]
    await served.worker.fail("w", await claimed(served), "broken")
    await server.advance(700)
    task = await claimed(served)
    assert task.run_id == running
    await server.advance(300)
    for run_id in (waiting, running):
        assert (await served.action.status(run_id)).status == "timed_out"
    with pytest.raises(ConflictError):
        await served.worker.complete("w", task, b"late")


# Idempotency


async def test_an_idempotency_key_makes_one_run(client: FloClient) -> None:
    for name in ("job", "other"):
        await client.action.register(name)
    first = await client.action.invoke("job", b"in", idempotency_key="k", priority=1)
    again = await client.action.invoke("job", "in", idempotency_key="k")
    assert again == InvokeResult(run_id=first.run_id, created=False)
    with pytest.raises(ConflictError):
        await client.action.invoke("job", b"else", idempotency_key="k")
    assert (await client.action.invoke("other", b"else", idempotency_key="k")).created
    await client.action.register("job", namespace="n")
    assert (await client.action.invoke("job", b"x", idempotency_key="k", namespace="n")).created


async def test_a_key_is_kept_until_a_day_after_the_run_ended(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job")
    run_id = await invoked(served, idempotency_key="k")
    await server.advance(3 * DAY_MS)
    await served.worker.complete("w", await claimed(served))
    await server.advance(DAY_MS - 1)
    assert await invoked(served, idempotency_key="k") == run_id
    await server.advance(1)
    assert await invoked(served, idempotency_key="k") != run_id


# Cancelling, forgetting


async def test_cancel_ends_a_run_and_refuses_its_late_result(client: FloClient) -> None:
    await client.action.register("job")
    run_id = await invoked(client)
    task = await claimed(client)
    run = await client.action.cancel(run_id, reason="ordered twice")
    assert (run.status, run.error) == ("cancelled", "ordered twice")
    assert (await client.worker.heartbeat("w", running=[run_id])).cancelled == [run_id]
    for call in (
        client.worker.touch("w", task),
        client.worker.complete("w", task, b"late"),
        client.worker.fail("w", task, "late"),
        client.action.cancel(run_id),
    ):
        with pytest.raises(ConflictError):
            await call
    assert await client.action.status(run_id) == run
    delayed = await invoked(client, delay_ms=MINUTE_MS)
    await client.action.cancel(delayed)
    assert (await client.action.wait(delayed)).status == "cancelled"


async def test_finished_runs_go_after_thirty_days(server: FloTestServer, served: FloClient) -> None:
    await served.action.register("job")
    run_id = await invoked(served)
    unfinished = await invoked(served, priority=11)
    await served.worker.complete("w", await claimed(served))
    await server.advance(30 * DAY_MS - 1)
    assert (await served.action.status(run_id)).status == "completed"
    await server.advance(1)
    with pytest.raises(NotFoundError):
        await served.action.status(run_id)
    assert [run.run_id for run in await served.action.list_runs()] == [unfinished]
    await served.action.register("job", retention_ms=2 * DAY_MS)
    await served.worker.complete("w", await claimed(served))
    await server.advance(2 * DAY_MS)
    assert await served.action.list_runs() == []
    with pytest.raises(BadRequestError, match="retention_ms"):
        await served.action.register("job", retention_ms=DAY_MS - 1)


# Elsewhere


async def test_namespaces_do_not_see_each_others_runs(client: FloClient) -> None:
    await client.action.register("job")
    run_id = await invoked(client)
    with pytest.raises(NotFoundError):
        await client.action.invoke("job", namespace="other")
    with pytest.raises(NotFoundError):
        await client.action.status(run_id, namespace="other")
    await client.action.register("job", namespace="other")
    assert await client.worker.await_task("w", ["job"], block_ms=0, namespace="other") is None
    assert await client.action.list_runs(namespace="other") == []


async def test_runs_survive_a_restart(server: FloTestServer, served: FloClient) -> None:
    await served.action.register("job", timeout_ms=MINUTE_MS)
    held, delayed = await invoked(served), await invoked(served, delay_ms=1_000)
    task = await claimed(served)
    await server.restart()
    assert await served.worker.await_task("w", ["job"], block_ms=0) is None
    await served.worker.complete("w", task, b"after")
    assert (await served.action.status(held)).output == b"after"
    await server.advance(1_000)
    assert (await claimed(served)).run_id == delayed


async def test_completing_is_part_of_a_batch_and_a_stale_lease_refuses_all(
    server: FloTestServer, served: FloClient
) -> None:
    await served.action.register("job", timeout_ms=100, retry_delay_ms=0)
    await invoked(served)
    task = await claimed(served)
    async with served.batch() as b:
        b.worker.complete("w", task, b"out")
        b.kv.put("k", b"v")
        b.action.invoke("job", b"next", priority=1)
        b.action.invoke("job", b"more")
    assert (await served.action.status(task.run_id)).output == b"out"
    next_run, more = b.results[2].run_id, b.results[3].run_id
    late = await claimed(served)
    assert (late.run_id, late.payload) == (next_run, b"next")
    await server.advance(100)
    b = served.batch()
    b.kv.put("k", b"never")
    b.action.cancel(more)
    b.worker.fail("w", late, "late")
    with pytest.raises(ConflictError) as caught:
        async with b:
            pass
    assert caught.value.index == 2
    assert await served.kv.get("k") == b"v"
    assert (await served.action.status(more)).status == "pending"
