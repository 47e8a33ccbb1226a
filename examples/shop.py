"""A shop that lives: orders, a payment provider that fails now and then, approvals, dead letters.

`python examples/shop.py [HOST:PORT]` lets it live until Ctrl-C, to be watched in the console
(`flo console -n shop`); without a server, in memory, for twelve orders. The definition of an order
is `examples/workflows/shop-order.yaml`. Orders over 500 wait for somebody who sends the signal
`approval`; a manager does for most of them, after a while.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from floruntime import (
    ActionContext,
    ActionResult,
    FloClient,
    FloError,
    Limits,
    QueueContext,
    StreamContext,
)

NAMESPACE = "shop"
DEFINITION = Path(__file__).parent / "workflows" / "shop-order.yaml"
CUSTOMERS = ["ada", "alan", "barbara", "edsger", "frances", "grace", "tony"]
PRICES = {"lamp": 40, "chair": 110, "desk": 380, "shelf": 95, "rug": 60}
APPROVED_FROM = 500
STOCK = 40
ORDERS_IN_MEMORY = 12
LOOK_AGAIN_S = 1.0


class Order(msgspec.Struct):
    """What a customer wants."""

    order: str
    customer: str
    items: list[str]
    amount: int


class Shop:
    """The world outside: what is bought, who pays, whose mailbox is full. All of it by one dice.

    `pace_s`: from one order to the next.
    """

    def __init__(self, client: FloClient, pace_s: float, seed: int = 1) -> None:
        self.client, self.pace_s = client, pace_s
        self.dice = random.Random(seed)
        self.actions = client.new_action_worker(
            worker_id="warehouse", concurrency=8, handle_signals=False
        )
        self.mails = client.new_queue_worker(
            concurrency=2, retry_delay_ms=200, handle_signals=False, worker_id="post-office"
        )
        self.books = client.new_stream_worker(
            stream="events",
            group="books",
            handler=self.enter_into_the_books,
            concurrency=1,
            handle_signals=False,
        )
        self._register()

    def _register(self) -> None:
        self.actions.action("reserve-stock")(self.reserve_stock)
        self.actions.action("release-stock")(self.release_stock)
        self.actions.action("check-customer")(self.check_customer)
        self.actions.action(
            "take-payment",
            max_retries=0,
            limits=Limits(running=4, running_per_key=1, fair=True),
            key_path="$.customer",
            description="Asks the payment provider, who is not always there",
        )(self.take_payment)
        self.actions.action("refund-payment")(self.refund_payment)
        self.actions.action("pick-item", max_retries=0)(self.pick_item)
        self.actions.action("hand-over-parcel")(self.hand_over_parcel)
        self.actions.action("count-stock", schedule="* * * * *")(self.count_stock)
        self.mails.queue("mails")(self.send_mail)

    async def working(self, least: float, most: float) -> None:
        """Something takes its time, at the pace of the shop."""
        await asyncio.sleep(self.dice.uniform(least, most) * self.pace_s)

    # What is done for an order

    async def reserve_stock(self, ctx: ActionContext) -> dict[str, Any]:
        """Take the items out of the stock; what is sold out is bought anew."""
        await self.working(0.1, 0.4)
        for item in ctx.json()["items"]:
            if await self.client.kv.incr(f"stock/{item}", -1) < 0:
                await self.client.kv.incr(f"stock/{item}", STOCK)
        return {"reserved": ctx.json()["items"]}

    async def release_stock(self, ctx: ActionContext) -> None:
        """Put them back."""
        for item in ctx.json()["items"]:
            await self.client.kv.incr(f"stock/{item}")

    async def check_customer(self, ctx: ActionContext) -> dict[str, Any]:
        """Whether they have always paid."""
        await self.working(0.1, 0.8)
        return {"customer": ctx.json()["customer"], "trust": round(self.dice.random(), 2)}

    async def take_payment(self, ctx: ActionContext) -> ActionResult:
        """The provider is away now and then, and declines a card now and then."""
        await self.working(0.3, 1.5)
        fate = self.dice.random()
        if fate < 0.3:
            raise ConnectionError("the payment provider does not answer")
        if fate < 0.36:
            return ctx.result("declined", {"payment": None, "why": "the card has expired"})
        order = ctx.json()
        return ctx.result(
            "success", {"payment": f"pay-{order['order']}", "amount": order["amount"]}
        )

    async def refund_payment(self, ctx: ActionContext) -> None:
        """Give the money back, where some was taken."""
        if ctx.json()["payment"] is not None:
            await self.working(0.2, 0.6)

    async def pick_item(self, ctx: ActionContext) -> dict[str, Any]:
        """Somebody walks to the shelf; he tells how far he is."""
        for part in (0.25, 0.5, 0.75):
            ctx.progress(part, f"on the way to the {ctx.json()['item']}")
            await self.working(0.1, 0.7)
        if self.dice.random() < 0.06:
            raise LookupError(f"the {ctx.json()['item']} is not where it should be")
        return {"item": ctx.json()["item"], "shelf": self.dice.randint(1, 40)}

    async def hand_over_parcel(self, ctx: ActionContext) -> dict[str, str]:
        """The carrier takes it; the customer is told."""
        order = ctx.json()["order"]
        await self.client.queue.enqueue("mails", {"order": order, "text": "It is on its way"})
        await self.client.stream.append("events", {"event": "shipped", "order": order})
        return {"parcel": f"parcel-{order}"}

    async def count_stock(self, ctx: ActionContext) -> dict[str, str]:
        """What is there, once a minute."""
        entries = (await self.client.kv.scan("stock/")).entries
        return {entry.key: (entry.value or b"").decode() for entry in entries}

    async def send_mail(self, ctx: QueueContext) -> None:
        """A mailbox that is full stays full: the mail is a dead letter after some attempts."""
        await self.working(0.1, 0.5)
        if int(ctx.json()["order"].removeprefix("o-")) % 5 == 0:
            raise OSError("552 mailbox full")

    async def enter_into_the_books(self, ctx: StreamContext) -> None:
        """The bookkeeper is slower than the shop: the group lags behind."""
        await self.working(0.5, 1.0)

    # What people do

    async def place(self, number: int) -> str:
        """Somebody buys something; the id of the run."""
        items = self.dice.choices(list(PRICES), k=self.dice.randint(1, 4))
        amount = sum(PRICES[item] for item in items)
        order = Order(f"o-{number}", self.dice.choice(CUSTOMERS), items, amount)
        await self.client.kv.put(f"orders/{order.order}", msgspec.json.encode(order))
        placed = {"event": "placed", "order": order.order, "amount": amount}
        await self.client.stream.append("events", placed, headers={"customer": order.customer})
        return await self.client.workflow.start("order", order)

    async def approve_one(self) -> None:
        """The manager looks at the oldest order that waits, and sometimes he approves it."""
        waiting = await self.client.workflow.list_runs(
            workflow_name="order", status="waiting", order="oldest", limit=1
        )
        for run in waiting:
            if self.dice.random() < 0.5:
                await self.client.workflow.signal(run.run_id, "approval", {"by": "grace"})

    async def live(self, orders: int | None = None) -> None:
        """Open, sell `orders` orders (without end, unless told), and let the work under way end."""
        await self.client.queue.configure("mails", max_attempts=3)
        for item in PRICES:
            await self.client.kv.incr(f"stock/{item}", 0)
        await self.client.workflow.sync_file(DEFINITION)
        async with AsyncExitStack() as stack:
            for worker in (self.actions, self.mails, self.books):
                await stack.enter_async_context(worker)
            runs: list[str] = []
            while orders is None or len(runs) < orders:
                runs = [*runs[-999:], await self.place(await self.client.kv.incr("orders-so-far"))]
                await self.approve_one()
                await self.working(0.5, 1.5)
            await asyncio.gather(*(self.settled(run_id) for run_id in runs))

    async def settled(self, run_id: str) -> None:
        """Once the run has ended; a manager approves what waits for one."""
        while (await self.client.workflow.wait(run_id, block_ms=200)).completed_at_ms is None:
            await self.approve_one()


async def main(endpoint: str) -> None:
    """Let the shop live, and say what came of it where it was in memory."""
    logging.getLogger("floruntime").setLevel(logging.CRITICAL)  # what fails here is meant to
    if endpoint != "memory://":
        await live_on(endpoint)
    async with FloClient(endpoint, namespace=NAMESPACE) as client:
        await Shop(client, pace_s=0.01).live(ORDERS_IN_MEMORY)
        print(f"orders: {await summary(client)}")


async def live_on(endpoint: str) -> NoReturn:
    """Without end; a server that is away for long is looked for again."""
    while True:
        with suppress(FloError):
            async with FloClient(endpoint, namespace=NAMESPACE) as client:
                await Shop(client, pace_s=1.0).live()
        await asyncio.sleep(LOOK_AGAIN_S)


async def summary(client: FloClient) -> str:
    """How many orders are in which status, and the dead letters of the mails."""
    counts = await client.workflow.count_runs("order")
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{told}; dead letters: {(await client.queue.stats('mails')).dead}"


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
