"""Probes of a plan's executor that end in an unusual order, through a client and its workers."""

from __future__ import annotations

import asyncio

import pytest

from floruntime import ActionContext, ActionWorker
from floruntime.testing import FloTestServer
from tests.acceptance.flows import flow
from tests.until import until

PLAN = flow(
    "start:\n  run: '@plan/p'\n  transitions: {success: flo.Completed, failure: flo.Failed}\n"
    "plans:\n  p:\n    executors:\n"
    "      - {name: a, run: '@actions/a', priority: 2, breaker: "
    "{failure_threshold: 2, cooldown_ms: 1000, half_open_max_calls: 2}}\n"
    "      - {name: b, run: '@actions/b', priority: 1}\n"
)


@pytest.mark.parametrize("first", [True, False], ids=["well", "badly"])
async def test_of_two_probes_the_one_that_ends_first_decides(first: bool) -> None:
    worker = ActionWorker("unused", concurrency=10)
    probes: list[asyncio.Future[bool]] = []
    called: list[str] = []

    async def a(ctx: ActionContext) -> str:
        called.append("a")
        if called.count("a") <= 2:
            raise ValueError("down")
        if len(probes) < 2:
            probes.append(asyncio.get_running_loop().create_future())
            if not await probes[-1]:
                raise ValueError("still down")
        return "a"

    async def b(ctx: ActionContext) -> str:
        called.append("b")
        return "b"

    worker.register_action("a", a, max_retries=0)
    worker.register_action("b", b, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        await client.workflow.sync(PLAN)

        async def run() -> None:
            await client.workflow.wait(await client.workflow.start("flow"))

        for _ in range(2):
            await run()
        assert called == ["a", "b"] * 2, "it is open"
        await server.advance(1_000)
        runs = [asyncio.create_task(run()) for _ in range(2)]
        await until(lambda: len(probes) == 2)
        for probe, is_well in zip(probes, (first, not first), strict=True):
            probe.set_result(is_well)
            _, left = await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
            runs = [*left]
        assert not left
        so_far = len(called)
        await run()
        assert called[so_far:] == (["a"] if first else ["b"])
