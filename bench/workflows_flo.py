"""Flo's side of the workflow part: the server and one `ActionWorker`, both as they come."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bench.servers import running
from bench.task_callers import CONCURRENCY, PAYLOAD, Callers, LoopCallers
from bench.workflow_run import child
from floruntime import ActionContext, ActionWorker, FloClient

NOTE = "defaults; one worker process, concurrency 10"
ACTION = "noop"
PORT = "FLO_BENCH_PORT"
DEFINITION = f"""
kind: Workflow
name: three
version: "1"
start: {{run: "@actions/{ACTION}", transitions: {{success: second}}}}
steps:
  second: {{run: "@actions/{ACTION}", transitions: {{success: third}}}}
  third: {{run: "@actions/{ACTION}", transitions: {{success: flo.Completed}}}}
"""
ITEMS = f"""
kind: Workflow
name: items
version: "1"
start:
  forEach: {{items: $.input, run: "@actions/{ACTION}", inputMapping: $.item, concurrency: 1000}}
  transitions: {{success: flo.Completed}}
"""


async def noop(ctx: ActionContext) -> bytes:
    """Nothing: what came in goes out."""
    return ctx.payload


@contextmanager
def serving(directory: Path) -> Iterator[Mapping[str, int]]:
    """A server and its worker."""
    with running("Flo", directory / "server") as server:
        command = [sys.executable, "-m", "bench.workflows_flo"]
        with child(command, **{PORT: str(server.port)}):
            yield {"server": server.port}


def callers(ports: Mapping[str, int]) -> Callers:
    """One client, shared by all callers."""
    return LoopCallers(_Connected(ports["server"]), _run, _run)


def fan_out(ports: Mapping[str, int], items: int) -> Callers:
    """Workflows of so many items."""
    return LoopCallers(_Connected(ports["server"], items), _run_items, _run_items)


class _Connected(FloClient):
    """A client on whose server the workflows are known."""

    def __init__(self, port: int, items: int = 0) -> None:
        super().__init__(f"127.0.0.1:{port}", timeout_ms=30_000)
        self.document = f'"{PAYLOAD}"'
        self.items = list(range(items))

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.action.register(ACTION)
        await self.workflow.sync(DEFINITION)
        await self.workflow.sync(ITEMS)
        return self


async def _run(client: _Connected) -> None:
    run_id = await client.workflow.start("three", client.document)
    run = await client.workflow.wait(run_id)
    assert run.status == "completed", run
    assert run.output == client.document.encode(), run


async def _run_items(client: _Connected) -> None:
    run = await client.workflow.wait(await client.workflow.start("items", client.items))
    assert run.status == "completed", run
    assert json.loads(run.output or b"") == client.items, run


def main() -> None:
    """Run the worker until it is told to end."""
    worker = ActionWorker(f"127.0.0.1:{os.environ[PORT]}", concurrency=CONCURRENCY)
    worker.register_action(ACTION, noop)
    asyncio.run(worker.start())


if __name__ == "__main__":
    main()
