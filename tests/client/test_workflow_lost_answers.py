"""Workflow calls over connections that break: each write happens once, no wait or event is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from floruntime.client.client import FloClient
from floruntime.core import workflow
from floruntime.core.types import Request
from floruntime.core.workflow import SyncAction, WorkflowStatus
from tests.client.cutting_proxy import Cut
from tests.client.test_lost_answers import cut_off
from tests.client.workflow_texts import FAILING, SCHEDULED, waiting
from tests.until import until

Act = Callable[[FloClient, Any], Awaitable[Any]]
Once = Callable[[FloClient, Any, Any], Awaitable[bool]]


class Write(NamedTuple):
    """What stands before it, the kind of write, the call, and whether it happened once."""

    kind: type[Request[Any]]
    prepare: Act
    act: Act
    happened_once: Once


async def nothing(c: FloClient, _: Any = None) -> None:
    """Nothing stands before it."""


async def synced(c: FloClient, _: Any = None) -> None:
    await c.workflow.sync(waiting())


async def started(c: FloClient, _: Any = None) -> str:
    await synced(c)
    return await c.workflow.start("flow")


async def failed(c: FloClient, _: Any = None) -> str:
    await c.workflow.sync(FAILING)
    return await c.workflow.start("flow")


async def scheduled(c: FloClient, _: Any = None) -> None:
    await c.workflow.sync(SCHEDULED)


async def events(c: FloClient, run_id: str) -> Counter[str]:
    return Counter(event.type for event in await c.workflow.history(run_id))


async def synced_once(c: FloClient, r: Any, _: Any) -> bool:
    return r.action is SyncAction.CREATED and len(await c.workflow.list_definitions()) == 1


async def started_once(c: FloClient, r: Any, _: Any) -> bool:
    [run] = await c.workflow.list_runs()
    return run.run_id == str(r)


async def batched_once(c: FloClient, r: Any, _: Any) -> bool:
    [run] = await c.workflow.list_runs()
    return [run.run_id] == list(r)


async def batch(c: FloClient, _: Any) -> Any:
    async with c.batch() as b:
        b.workflow.start("flow", {"order": 42})
    return b.results


async def signalled_once(c: FloClient, r: Any, run_id: Any) -> bool:
    """A second delivery would have been taken by the second wait."""
    run = await c.workflow.status(run_id)
    return run.current_step == "again" and (await events(c, run_id))["signal_received"] == 1


async def cancelled_once(c: FloClient, r: Any, run_id: Any) -> bool:
    count = (await events(c, run_id))["workflow_cancelled"]
    return r.status is WorkflowStatus.CANCELLED and count == 1


async def retried_once(c: FloClient, r: Any, run_id: Any) -> bool:
    found = await events(c, run_id)
    return (found["step_retry"], found["workflow_failed"]) == (1, 2)


async def disabled_once(c: FloClient, r: Any, _: Any) -> bool:
    [info] = await c.workflow.list_definitions()
    return not (r.enabled or info.enabled)


async def paused_once(c: FloClient, r: Any, _: Any) -> bool:
    [schedule] = await c.workflow.schedules()
    return bool(r.paused and schedule.paused)


async def used_once(c: FloClient, r: Any, _: Any) -> bool:
    [info] = await c.workflow.list_definitions()
    return bool(info.version == r.version)


async def held_once(c: FloClient, r: Any, run_id: Any) -> bool:
    count = (await events(c, run_id))["workflow_paused"]
    return r.status is WorkflowStatus.PAUSED and count == 1


async def held(c: FloClient, _: Any) -> Any:
    run_id = await started(c, None)
    await c.workflow.pause(run_id)
    return run_id


async def resumed_once(c: FloClient, r: Any, run_id: Any) -> bool:
    count = (await events(c, run_id))["workflow_resumed"]
    return r.status is WorkflowStatus.WAITING and count == 1


async def forked_once(c: FloClient, r: Any, run_id: Any) -> bool:
    return {run.run_id for run in await c.workflow.list_runs()} == {run_id, str(r)}


async def acted_once(c: FloClient, r: Any, _: Any) -> bool:
    [job] = await c.jobs.list()
    return bool(job.job_id == r.job_id)


WRITES = {
    "use": Write(workflow.WorkflowUse, synced, lambda c, _: c.workflow.use("flow", "1"), used_once),
    "hold": Write(workflow.WorkflowPause, started, lambda c, run: c.workflow.pause(run), held_once),
    "resume": Write(
        workflow.WorkflowResume, held, lambda c, run: c.workflow.resume(run), resumed_once
    ),
    "fork": Write(
        workflow.WorkflowFork, started, lambda c, run: c.workflow.fork(run, "start"), forked_once
    ),
    "bulk": Write(
        workflow.WorkflowBulk, started, lambda c, _: c.workflow.bulk("cancel"), acted_once
    ),
    "sync": Write(
        workflow.WorkflowSync, nothing, lambda c, _: c.workflow.sync(waiting()), synced_once
    ),
    "start": Write(
        workflow.WorkflowStart, synced, lambda c, _: c.workflow.start("flow"), started_once
    ),
    "signal": Write(
        workflow.WorkflowSignal,
        started,
        lambda c, run: c.workflow.signal(run, "go"),
        signalled_once,
    ),
    "cancel": Write(
        workflow.WorkflowCancel, started, lambda c, run: c.workflow.cancel(run), cancelled_once
    ),
    "retry": Write(
        workflow.WorkflowRetry, failed, lambda c, run: c.workflow.retry(run), retried_once
    ),
    "disable": Write(
        workflow.WorkflowEnable, synced, lambda c, _: c.workflow.disable("flow"), disabled_once
    ),
    "pause": Write(
        workflow.WorkflowPauseSchedule,
        scheduled,
        lambda c, _: c.workflow.pause_schedule("flow"),
        paused_once,
    ),
    "trigger": Write(
        workflow.WorkflowTriggerSchedule,
        scheduled,
        lambda c, _: c.workflow.trigger_schedule("flow"),
        started_once,
    ),
    "batch": Write(workflow.WorkflowStart, synced, batch, batched_once),
}


def test_every_command_that_clients_send_is_among_them() -> None:
    from floruntime.core import wire
    from floruntime.core.types import Command

    commands = {
        kind
        for kind in wire.CLIENT_REQUESTS
        if kind.__module__ == workflow.__name__ and issubclass(kind, Command)
    }
    assert commands == {each.kind for each in WRITES.values()}


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
@pytest.mark.parametrize("name", WRITES)
async def test_a_write_happens_once_wherever_the_connection_breaks(name: str, cut: Cut) -> None:
    from floruntime.core.system import Batch

    kind, prepare, act, happened_once = WRITES[name]
    async with cut_off() as (_, proxy, client):
        before = await prepare(client, None)
        proxy.plan(Batch if name == "batch" else kind, cut)
        result = await act(client, before)
        assert proxy.cuts == 1
        assert await happened_once(client, result, before), result


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_a_wait_goes_on_over_a_lost_connection(cut: Cut) -> None:
    async with cut_off() as (server, proxy, client):
        run_id = await started(client)
        proxy.plan(workflow.WorkflowGet, cut)
        waits = asyncio.create_task(client.workflow.wait(run_id, block_ms=60_000))
        async with server.client() as other:
            if cut in (Cut.BEFORE_REQUEST, Cut.AT_ONCE):
                await until(lambda: proxy.cuts == 1)
            await other.workflow.signal(run_id, "go")
            await other.workflow.signal(run_id, "go")
            assert (await waits).status is WorkflowStatus.COMPLETED
        assert proxy.cuts == 1


async def test_a_wait_keeps_its_time_over_lost_connections() -> None:
    """What is left of it is waited for, not all of it again."""
    async with cut_off() as (server, proxy, client):
        run_id = await started(client)
        waits = asyncio.create_task(client.workflow.wait(run_id, block_ms=60_000))
        waiters = server.server.commit.queries.waiters
        await until(lambda: len(waiters) == 1)
        proxy.cut_all()
        await until(lambda: not waiters)
        await until(lambda: len(waiters) == 1)
        assert not waits.done()
        async with server.client() as other:
            await other.workflow.cancel(run_id)
        assert (await waits).status is WorkflowStatus.CANCELLED


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
async def test_following_loses_and_repeats_nothing(cut: Cut) -> None:
    async with cut_off() as (server, proxy, client):
        run_id = await started(client)
        follower = client.workflow.follow(run_id)
        seen = [await anext(follower)]
        proxy.plan(workflow.WorkflowHistory, cut)

        async def drive() -> None:
            async with server.client() as other:
                for number in range(40):
                    await other.workflow.signal(run_id, "other")
                    if number % 7 == 3:
                        proxy.cut_all()
                for _ in range(2):
                    await other.workflow.signal(run_id, "go")

        driving = asyncio.create_task(drive())
        async with asyncio.timeout(20):
            seen += [event async for event in follower]
        await driving
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        assert seen[-1].type == "workflow_completed"
