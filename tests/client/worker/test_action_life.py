"""What the two loops of one life of an `ActionWorker` do, and what neither does."""

from __future__ import annotations

import asyncio
from typing import Any

from floruntime import ActionContext, ActionWorker, RetryPolicy, UnavailableError
from floruntime.client.worker.claim_policy import Pace
from floruntime.testing import FloTestServer
from tests.client.worker.lives import living
from tests.until import until

AN_HOUR = RetryPolicy(initial_delay_ms=3_600_000, max_delay_ms=3_600_000)


async def test_after_a_failure_neither_loop_begins_anything_until_the_pause_is_over() -> None:
    opened = asyncio.Event()

    async def gated(ctx: ActionContext) -> None:
        await opened.wait()

    worker = ActionWorker("unused", worker_id="w")
    worker.register_action("gated", gated)
    async with FloTestServer() as server, server.client() as client:
        async with living(worker, server.endpoint, pace=Pace(retry=AN_HOUR)) as life:
            run = await client.action.invoke("gated")
            await until(lambda: life.at_work)
            tried: list[Any] = []
            known = vars(life)

            async def refuse(*asked: Any) -> None:
                tried.append(asked)
                raise UnavailableError("not now")

            known["_send"] = refuse
            known["_wait"].end()  # the open poll is answered, and the next one is refused
            await until(lambda: tried)
            opened.set()
            await until(lambda: not life.at_work)
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(tried) == 1
            del known["_send"]
        assert (await client.action.status(run.run_id)).status == "completed"
