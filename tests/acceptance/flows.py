"""Definitions, and a worker that does as it is told, for the tests of workflows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from floruntime import ActionContext, ActionWorker, FloClient, WorkflowRun
from floruntime.testing import FloTestServer

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


def flow(body: str, *, name: str = "flow", version: str = "1") -> str:
    return f'kind: Workflow\nname: {name}\nversion: "{version}"\n{body}'


def one_action(more: str = "", transitions: str = "success: flo.Completed") -> str:
    return flow(f'start:\n  run: "@actions/do"\n{more}  transitions: {{{transitions}}}\n')


def approval(name: str = "flow", *, more: str = "") -> str:
    return flow(WAIT + more, name=name)


WAIT = (
    "start:\n  waitForSignal: {type: approval_decision, timeoutMs: 60000}\n"
    "  transitions: {success: flo.Completed}\n"
)
APPROVAL = approval()


class Doer:
    """A worker whose one action does as it is told, and remembers what it was given."""

    def __init__(self) -> None:
        self.worker = ActionWorker("unused", concurrency=10)
        self.will: list[Any] = []
        self.given: list[Any] = []
        self.worker.register_action("do", self._do, max_retries=0)

    async def _do(self, ctx: ActionContext) -> Any:
        self.given.append(ctx.json() if ctx.payload else None)
        todo = self.will.pop(0) if self.will else {"done": True}
        if isinstance(todo, Exception):
            raise todo
        return ctx.result(todo) if isinstance(todo, str) else todo


@asynccontextmanager
async def working() -> AsyncIterator[tuple[FloTestServer, FloClient, Doer]]:
    """A server, a client, and a worker that does what the test says."""
    doer = Doer()
    async with FloTestServer() as server, server.client() as client, server.running(doer.worker):
        yield server, client, doer


async def settled(server: FloTestServer, client: FloClient, run_id: str) -> WorkflowRun:
    await server.settle()
    return await client.workflow.status(run_id)


async def types(client: FloClient, run_id: str) -> list[str]:
    return [event.type for event in await client.workflow.history(run_id)]
