"""Consume, compute, produce: exactly once, in one commit.

Orders come from a queue; for each, the customer's total is updated, an event is appended, an e-mail
is asked for, and the order is acked. `client.batch()` makes these one step: killed at any point,
an order is either done in full or not begun. `python examples/exactly_once.py [HOST:PORT]`
"""

from __future__ import annotations

import asyncio
import json
import sys

from floruntime import ConflictError, FloClient, Message

ORDERS = [("ada", 30), ("alan", 12), ("ada", 12), ("grace", 5), ("alan", 30)]


async def settle(client: FloClient, message: Message) -> None:
    """One order. If the total has changed meanwhile, the batch is refused: compute anew."""
    order = json.loads(message.payload)
    key = f"total:{order['customer']}"
    while True:
        entry = await client.kv.entry(key)
        total = order["amount"] + (int(entry.value) if entry else 0)
        try:
            async with client.batch() as b:
                b.kv.put(key, str(total), cas_version=entry.version if entry else 0)
                b.stream.append("settled", message.payload, partition_key=order["customer"])
                b.action.invoke("send-email", message.payload)
                b.queue.ack("orders", [message])
            return
        except ConflictError as error:
            if error.index != 0:  # it was not the total: the order is somebody else's by now
                print(f"order {message.seq}: {error}")
                return


async def consume(client: FloClient) -> int:
    """Until there are no more orders; how many there were."""
    count = 0
    while messages := (await client.queue.dequeue("orders", 2)).messages:
        await asyncio.gather(*(settle(client, message) for message in messages))
        count += len(messages)
    return count


async def main(endpoint: str) -> None:
    """Several consumers at once, and what comes of it."""
    async with FloClient(endpoint, namespace="shop") as client:
        await client.action.register("send-email")
        orders = [json.dumps({"customer": who, "amount": amount}) for who, amount in ORDERS]
        await client.queue.enqueue_many("orders", orders)
        counts = await asyncio.gather(*(consume(client) for _ in range(3)))
        print(f"orders settled: {sum(counts)}")
        async for entry in client.kv.iterate("total:"):
            print(f"{entry.key} = {entry.value.decode()}")
        print(f"events: {(await client.stream.info('settled')).count}")
        print(f"mails asked for: {len(await client.action.list_runs('send-email'))}")
        stats = await client.queue.stats("orders")
        print(f"left in the queue: {stats.ready + stats.leased}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
