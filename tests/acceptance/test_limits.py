"""Limits per key through a client and workers, as FLOW.md promises."""

from __future__ import annotations

import asyncio

from floruntime import ActionContext, FloClient, KeyLimits, Limits
from floruntime.testing import FloTestServer


async def test_one_at_a_time_for_each_key(client: FloClient) -> None:
    """The example of the page: forty customers, one sync at a time for each."""
    at_work: dict[str, int] = {}
    most: dict[str, int] = {}
    order: dict[str, list[int]] = {}
    await client.action.register("sync", limits=Limits(running_per_key=1, fair=True))
    worker = client.new_action_worker(concurrency=20)

    @worker.action("sync")
    async def sync(ctx: ActionContext) -> None:
        customer, number = ctx.json()
        at_work[customer] = at_work.get(customer, 0) + 1
        most[customer] = max(most.get(customer, 0), at_work[customer])
        await asyncio.sleep(0)
        order.setdefault(customer, []).append(number)
        at_work[customer] -= 1

    runs = [
        (await client.action.invoke("sync", [f"c{n % 40}", n], key=f"c{n % 40}")).run_id
        for n in range(120)
    ]
    async with worker:
        for run_id in runs:
            assert (await client.action.wait(run_id)).status == "completed"
    assert set(most.values()) == {1}
    assert all(numbers == sorted(numbers) for numbers in order.values())


async def test_a_claim_that_waits_is_given_what_may_be(server: FloTestServer) -> None:
    async with server.client() as client:
        await client.action.register("job", limits=Limits(rate=1, rate_period_ms=60_000))
        for _ in range(2):
            await client.action.invoke("job")
        first = await client.worker.await_task("w", ["job"])
        assert first is not None
        waiting = asyncio.ensure_future(client.worker.await_task("w", ["job"], block_ms=120_000))
        await server.advance(59_999)
        assert not waiting.done()
        await server.advance(1)
        assert (await waiting) is not None


async def test_what_limits_hold_up_is_told(client: FloClient) -> None:
    info = await client.action.register(
        "job", limits=Limits(running_per_key=1), key_path="$.account", max_retries=0
    )
    assert (info.limits, info.key_path) == (Limits(running_per_key=1), "$.account")
    for _ in range(2):
        await client.action.invoke("job", {"account": "acme"})
    await client.action.invoke("job", {"account": 5}, key="own")
    await client.worker.await_tasks("w", ["job"], count=10)
    told = await client.action.limits("job")
    assert (told.running, told.waiting) == (2, 1)
    assert list(told.keys) == [
        KeyLimits("acme", 1, 1, "running_per_key"),
        KeyLimits("own", 1, 0, "running_per_key"),
    ]
    assert told.keys.cursor is None
    kept = await client.action.register("job")
    assert (kept.limits, kept.max_retries) == (Limits(running_per_key=1), 0)
    assert (await client.action.register("job", limits=Limits())).limits == Limits()
