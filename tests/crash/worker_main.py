"""A worker of the chaos tests, as a process: `python -m tests.crash.worker_main`.

Its handler notes in the journal that it began and that it ended: one line each, in one write, so
that several processes share a file and a SIGKILL loses no line that was begun.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys

from floruntime import ActionContext, ActionWorker, ConflictError, FloClient

ACTION = "work"


async def main(endpoint: str, name: str, journal: str, options: dict[str, float]) -> None:
    """Run the worker `name` until it is told to stop."""
    file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    duration_s = options.get("duration_ms", 20) / 1000

    def note(what: str, ctx: ActionContext) -> None:
        os.write(file, f"{what} {ctx.task_id} {ctx.attempt} {name}\n".encode())

    async def handle(ctx: ActionContext) -> bytes:
        note("begun", ctx)
        is_quick = options.get("every_other_is_quick") and int(ctx.payload) % 2
        await asyncio.sleep(duration_s / 10 if is_quick else duration_s)
        note("ended", ctx)
        if options.get("settles_itself"):
            await settle(ctx)
        return f"{name} {ctx.attempt}".encode()

    async def settle(ctx: ActionContext) -> None:
        """Ask outright what becomes of this result, and note the answer."""
        try:
            await client.worker.complete(name, ctx.task, f"{name} {ctx.attempt}")
        except ConflictError:
            note("refused", ctx)
        else:
            note("accepted", ctx)

    async with FloClient(endpoint) as client:
        worker = ActionWorker(
            endpoint,
            worker_id=name,
            concurrency=int(options.get("concurrency", 10)),
            auto_touch=bool(options.get("auto_touch", True)),
        )
        worker.register_action(
            ACTION,
            handle,
            timeout_ms=int(options.get("timeout_ms", 30_000)),
            max_retries=20,
            retry_delay_ms=10,
        )
        await worker.start()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    endpoint, name, journal, options = sys.argv[1:]
    asyncio.run(main(endpoint, name, journal, json.loads(options)))
