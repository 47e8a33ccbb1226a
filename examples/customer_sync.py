"""A sync for each customer, one at a time for each: limits per key, and what failed tried again.

200 customers ask for several syncs each; one of them asks for many. Twenty run at once over all
workers, never two of one customer, and customers take turns. The syncs of one customer fail while
its shop is down; afterwards one job retries them all, and only them.
`python examples/customer_sync.py [HOST:PORT]`
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

import msgspec

from floruntime import ActionContext, FloClient, Limits

CUSTOMERS = [f"customer-{number:03}" for number in range(200)]
DOWN = CUSTOMERS[7]
"""Whose shop is down at first."""


class Sync(msgspec.Struct):
    """What is asked for."""

    account: str
    number: int


class Shops:
    """Stands for the customers' shops; sees how many syncs of each run at once."""

    def __init__(self) -> None:
        self.at_work: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.is_down = True

    async def read(self, account: str) -> None:
        """One sync of one shop."""
        self.at_work[account] += 1
        self.most[account] = max(self.most[account], self.at_work[account])
        try:
            await asyncio.sleep(0)
            if account == DOWN and self.is_down:
                raise ConnectionError(f"the shop of {account} is down")
        finally:
            self.at_work[account] -= 1


async def main(endpoint: str) -> None:
    """All of it: limits, work, a look, and the morning after."""
    shops = Shops()
    async with FloClient(endpoint) as client:
        worker = client.new_action_worker(concurrency=50)

        @worker.action(
            "sync-account",
            input=Sync,
            max_retries=0,
            limits=Limits(running=20, running_per_key=1, fair=True),
            key_path="$.account",
        )
        async def sync_account(ctx: ActionContext, sync: Sync) -> None:
            ctx.progress(0.5, f"reading {sync.account}")
            await shops.read(sync.account)

        async with worker:
            wanted = [Sync(customer, number) for customer in CUSTOMERS for number in range(3)]
            wanted += [Sync(CUSTOMERS[0], number) for number in range(100)]
            invoked = await asyncio.gather(
                *(client.action.invoke("sync-account", each) for each in wanted)
            )
            for each in invoked:
                await client.action.wait(each.run_id, block_ms=60_000)
            print(f"at once, of one customer: {max(shops.most.values())}")
            print(f"ended: {await counted(client)}")
            shops.is_down = False
            job = await client.action.bulk("retry", "sync-account", status="failed")
            job = await client.jobs.wait(job.job_id)
            print(f"retried: {job.done} of {job.matched}")
            for each in invoked:
                await client.action.wait(each.run_id, block_ms=60_000)
            print(f"ended: {await counted(client)}")
            info = await client.action.limits("sync-account")
            print(f"running: {info.running}, waiting: {info.waiting}")


async def counted(client: FloClient) -> dict[str, int]:
    """How many runs are in each status that any is in."""
    counts = await client.action.count_runs("sync-account")
    return {status: count for status, count in counts.items() if count}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
