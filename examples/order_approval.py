"""Order processing with an approval: a child workflow, polls, retries, and a way back.

`python examples/order_approval.py [HOST:PORT]`. The definitions are
`examples/workflows/fulfil-order.yaml` and `ship-parcel.yaml`. No step is lost and none is done
twice over crashes of workers or of the server: what is between two steps is one commit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from floruntime import ActionContext, ActionResult, ActionWorker, FloClient, WorkflowRun

WORKFLOWS = Path(__file__).parent / "workflows"
DEFINITIONS = [WORKFLOWS / "ship-parcel.yaml", WORKFLOWS / "fulfil-order.yaml"]
RISKY_AMOUNT = 1_000

worker = ActionWorker("localhost:9000", namespace="fulfilment", concurrency=10)


class Shop:
    """The world outside: a stock, a bank that is down now and then, and a carrier."""

    def __init__(self) -> None:
        self.stock = {"lamp": 3, "desk": 1}
        self.bank_failures = 0
        self.charged: dict[str, int] = {}
        self.looks: dict[str, int] = {}


shop = Shop()


@worker.action("reserve-stock")
async def reserve_stock(ctx: ActionContext) -> ActionResult:
    """Take the items out of the stock, all or none."""
    items = ctx.json()["items"]
    if any(shop.stock.get(item, 0) < 1 for item in items):
        return ctx.result("sold_out")
    for item in items:
        shop.stock[item] -= 1
    return ctx.result("success", {"reservation": items})


@worker.action("release-stock")
async def release_stock(ctx: ActionContext) -> None:
    """Put them back."""
    for item in ctx.json()["reservation"]:
        shop.stock[item] += 1


@worker.action("review-order")
async def review_order(ctx: ActionContext) -> ActionResult:
    """Whether a person should look at it."""
    return ctx.result("risky" if ctx.json()["amount"] > RISKY_AMOUNT else "fine")


@worker.action("weigh-approval")
async def weigh_approval(ctx: ActionContext) -> ActionResult:
    """What the person said."""
    return ctx.result("approved" if ctx.json()["approved"] else "refused")


@worker.action("charge-customer", max_retries=0)
async def charge_customer(ctx: ActionContext) -> dict[str, Any]:
    """The workflow's `retry` tries again when the bank is down."""
    if shop.bank_failures:
        shop.bank_failures -= 1
        raise ConnectionError("the bank is down")
    order = ctx.json()
    payment = f"payment-{len(shop.charged) + 1}"
    shop.charged[payment] = order["amount"]
    return {"payment": payment}


@worker.action("refund-customer")
async def refund_customer(ctx: ActionContext) -> None:
    """Give the money back."""
    shop.charged.pop(ctx.json()["payment"])


@worker.action("hand-over-parcel")
async def hand_over_parcel(ctx: ActionContext) -> dict[str, str]:
    """The carrier takes it."""
    return {"parcel": f"parcel-of-{ctx.json()['order']}"}


@worker.action("track-parcel")
async def track_parcel(ctx: ActionContext) -> ActionResult:
    """`pending` asks to be asked again. The third look says more."""
    parcel = ctx.json()["parcel"]
    shop.looks[parcel] = shop.looks.get(parcel, 0) + 1
    if shop.looks[parcel] < 3:
        return ctx.result("pending")
    return ctx.result("lost" if "unlucky" in parcel else "success")


async def place(client: FloClient, order: str, items: list[str], amount: int) -> str:
    """Start a run. Placed twice, it is one order: the key makes one run."""
    input = {"order": order, "customer": "ada", "items": items, "amount": amount}
    return await client.workflow.start("fulfil-order", input, idempotency_key=order)


async def decide(client: FloClient, run_id: str, approved: bool) -> None:
    """A person's answer. It may come before the workflow waits for it: it is kept."""
    await client.workflow.signal(run_id, "approval", {"approved": approved, "by": "grace"})


def tell(order: str, run: WorkflowRun) -> None:
    """How an order ended."""
    came_of_it = (run.output or b"").decode() if run.status == "completed" else run.error
    print(f"{order}: {run.status} at {run.terminal}: {came_of_it}")


async def main(endpoint: str) -> None:
    """Five orders: a small one, a large one, a refused one, one sold out, one lost on its way."""
    shop.bank_failures = 2
    async with FloClient(endpoint, namespace="fulfilment") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        for result in await client.workflow.sync_files(DEFINITIONS):
            print(f"{result.name} {result.version}: {result.action}")
        orders = {
            "small": await place(client, "small", ["lamp"], 40),
            "large": await place(client, "large", ["desk", "lamp"], 2_400),
            "refused": await place(client, "refused", ["lamp"], 9_999),
        }
        assert await place(client, "small", ["lamp"], 40) == orders["small"]
        await decide(client, orders["large"], True)
        await decide(client, orders["refused"], False)
        for order, run_id in orders.items():
            tell(order, await client.workflow.wait(run_id))
        for order, items in (("late", ["desk"]), ("unlucky", ["lamp"])):
            run_id = await place(client, order, items, 40)
            tell(order, await client.workflow.wait(run_id))
        print(f"in stock: {shop.stock}, charged: {shop.charged}")
        adas = await client.workflow.list_runs(search={"customer": "ada"}, status="completed")
        print(f"ada's orders that went through: {len(adas)}")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
