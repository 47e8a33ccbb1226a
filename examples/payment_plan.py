"""Payments through a plan of two providers, each with a breaker.

`python examples/payment_plan.py [HOST:PORT]`. The definition is
`examples/workflows/take-payment.yaml`. The first provider goes down: it is tried, then left alone
until its breaker lets a probe through, while the second one takes the payments.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from floruntime import ActionContext, ActionWorker, FloClient, NonRetryableError

DEFINITION = Path(__file__).parent / "workflows" / "take-payment.yaml"
COOLDOWN_S = 1.0
"""That of the definition's breakers."""

worker = ActionWorker("localhost:9000", namespace="payments", concurrency=10)


class CardRefused(NonRetryableError):
    """The definition calls this error fatal: no other provider is asked.

    The code of an error is the text before its colon; of an exception, the name of its class.
    """


class Providers:
    """Who is down, and who was asked."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.asked: list[str] = []

    def charge(self, name: str, ctx: ActionContext) -> dict[str, str]:
        """Charge a card, or fail."""
        self.asked.append(name)
        if name in self.down:
            raise ConnectionError(f"{name} is down")
        if ctx.json()["card"] == "stolen":
            raise CardRefused("it is stolen")
        return {"by": name}


providers = Providers()


@worker.action("stripe", max_retries=0)
async def stripe(ctx: ActionContext) -> dict[str, str]:
    """The preferred one. The plan's `retry` repeats it, so the action itself does not."""
    return providers.charge("stripe", ctx)


@worker.action("adyen", max_retries=0)
async def adyen(ctx: ActionContext) -> dict[str, str]:
    """The other one."""
    return providers.charge("adyen", ctx)


async def pay(client: FloClient, what: str, card: str = "good") -> str:
    """Take a payment; prints who was asked, and what came of it."""
    providers.asked.clear()
    run_id = await client.workflow.start("take-payment", {"amount": 10, "card": card})
    run = await client.workflow.wait(run_id)
    came_of_it = (run.output or b"").decode() if run.terminal == "flo.Completed" else run.terminal
    if run.error is not None:
        came_of_it = f"{came_of_it}: {run.error}"
    print(f"{what}: asked {', '.join(providers.asked) or 'nobody'}: {came_of_it}")
    return run_id


async def main(endpoint: str) -> None:
    """All is well; one is down; both are; one is back; a card that no provider takes."""
    async with FloClient(endpoint, namespace="payments") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        await client.workflow.sync_file(DEFINITION)
        await pay(client, "all is well")
        providers.down = {"stripe"}
        await pay(client, "stripe goes down")
        await pay(client, "stripe is still down")
        last = await pay(client, "its breaker is open")
        for event in await client.workflow.history(last):
            if event.type.startswith("plan_"):
                print(f"    {event.type}: {event.detail}")
        providers.down = {"stripe", "adyen"}
        await pay(client, "both are down")
        providers.down = set()
        await asyncio.sleep(COOLDOWN_S)
        await pay(client, "stripe is back: a probe")
        await pay(client, "a stolen card", card="stolen")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
