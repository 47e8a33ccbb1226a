"""An e-mail sender: retries with growing pauses, one mail per order whatever happens.

`python examples/email_sender.py [HOST:PORT]`. The worker in earnest:
`flo worker run examples.email_sender:worker`. `tests/test_examples.py` tests it with a clock
that the test moves.
"""

from __future__ import annotations

import asyncio
import sys

from floruntime import ActionContext, ActionWorker, FloClient, NonRetryableError

worker = ActionWorker("localhost:9000", namespace="mail", concurrency=20)


class MailServer:
    """Stands in for SMTP: `failures` times it is not there."""

    def __init__(self) -> None:
        self.failures = 0
        self.sent: list[str] = []

    async def send(self, to: str, text: str) -> None:
        """Deliver, or raise."""
        if "@" not in to:
            raise NonRetryableError(f"{to!r} is no address")
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the mail server is not there")
        self.sent.append(f"{to}: {text}")


mail_server = MailServer()


@worker.action("send-email", max_retries=5, retry_delay_ms=200, timeout_ms=10_000)
async def send_email(ctx: ActionContext) -> dict[str, int]:
    """An exception means: try again later. `NonRetryableError` means: do not."""
    mail = ctx.json()
    await mail_server.send(mail["to"], mail["text"])
    ctx.log.info("sent to %s", mail["to"])
    return {"attempts": ctx.attempt}


async def order(client: FloClient, number: int, to: str) -> str:
    """Ask for a mail. Asked again with the same key, the same run is answered: no second mail."""
    payload = f'{{"to": "{to}", "text": "Order {number} is on its way"}}'
    invoked = await client.action.invoke("send-email", payload, idempotency_key=f"order-{number}")
    print(f"order {number}: {invoked.run_id}, {'new' if invoked.created else 'known already'}")
    return invoked.run_id


async def main(endpoint: str) -> None:
    """Two good orders (one placed twice), a bad one, and a mail server that is away for a while."""
    mail_server.failures = 2
    async with FloClient(endpoint, namespace="mail") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        orders = [(1, "ada@example.org"), (2, "alan@example.org"), (1, "ada@example.org")]
        runs = [await order(client, *each) for each in [*orders, (3, "nowhere")]]
        for run_id in dict.fromkeys(runs):
            run = await client.action.wait(run_id)
            came_of_it = run.error if run.output is None else run.output.decode()
            print(f"{run_id}: {run.status}, attempt {run.attempt}, {came_of_it}")
        print(f"sent: {sorted(mail_server.sent)}")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
