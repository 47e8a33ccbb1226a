"""Flo's side of the task part: `ActionWorker` as it comes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Self

from bench.task_callers import CONCURRENCY, PAYLOAD, PORT, Callers, LoopCallers
from bench.task_marks import mark
from floruntime import ActionContext, ActionWorker, FloClient

NOTE = "defaults, concurrency 10; every result kept"
ACTION = "noop"


async def noop(ctx: ActionContext) -> None:
    """Nothing, once."""
    mark()


def endpoint() -> str:
    """Where the server of this repetition listens."""
    return f"127.0.0.1:{os.environ[PORT]}"


def worker_command() -> list[str]:
    """This module, as a program."""
    return [sys.executable, "-m", "bench.tasks_flo"]


def callers() -> Callers:
    """One client, shared by all callers."""
    return LoopCallers(_Connected(), _enqueue, _round_trip)


class _Connected(FloClient):
    """A client on whose server the action is registered."""

    def __init__(self) -> None:
        super().__init__(endpoint())

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.action.register(ACTION)
        return self


async def _enqueue(client: _Connected) -> object:
    return await client.action.invoke(ACTION, PAYLOAD)


async def _round_trip(client: _Connected) -> None:
    run = await client.action.call(ACTION, PAYLOAD)
    assert run.status == "completed", run


def main() -> None:
    """Run the worker until it is told to end."""
    worker = ActionWorker(endpoint(), concurrency=CONCURRENCY)
    worker.register_action(ACTION, noop)
    asyncio.run(worker.start())


if __name__ == "__main__":
    main()
