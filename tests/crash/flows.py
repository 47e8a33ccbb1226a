"""The workflows of the chaos tests, the handlers of their actions, and who sends their signals."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from floruntime import ActionContext, ActionWorker, FloClient, HistoryEvent
from floruntime.core.workflow import WorkflowStatus
from tests.crash.workload import new_client

SIX_STEPS = """
kind: Workflow
name: six
version: "1"
start: {run: "@actions/plain", transitions: {success: flaky}}
steps:
  flaky:
    run: "@actions/flaky"
    retry: {max_attempts: 3, initial_delay_ms: 20}
    transitions: {success: approve}
  approve:
    waitForSignal: {type: approval}
    transitions: {success: child}
  child:
    run: "@workflow/one"
    inputMapping: {by: "$.steps.approve.output.by"}
    transitions: {flo.Completed: ask}
  ask:
    run: "@actions/slow"
    poll: {maxAttempts: 5, initialDelayMs: 20, baseDelayMs: 20}
    transitions: {success: pause}
  pause:
    waitForSignal: {type: never, timeoutMs: 40, onTimeout: flo.Completed}
    transitions: {success: flo.Failed}
output: {by: "$.steps.child.output.by", asked: "$.steps.ask.output"}
"""

ONE_STEP = """
kind: Workflow
name: one
version: "1"
start: {run: "@actions/plain", transitions: {success: flo.Completed}}
"""

RANDOM_STEPS = """
kind: Workflow
name: random
version: "1"
terminals: {Refused: {status: failed}, Late: {status: timed_out}}
start:
  run: "@actions/shaky"
  retry: {max_attempts: 4, initial_delay_ms: 5, max_delay_ms: 40, backoff: exponential_jitter}
  transitions: {success: decide, failure: flo.Failed}
steps:
  decide:
    run: "@actions/decide"
    retry: {max_attempts: 4, initial_delay_ms: 5}
    transitions: {success: pay, refused: Refused, ask: approve, failure: flo.Failed}
  approve:
    waitForSignal: {type: approval, timeoutMs: 60000, onTimeout: Late}
    transitions: {success: child}
  child:
    run: "@workflow/shaky-child"
    transitions: {success: pay, failure: pay}
  pay:
    run: "@plan/pay"
    transitions: {success: flo.Completed, failure: flo.Failed}
plans:
  pay:
    selection: round-robin
    executors:
      - {name: first, run: "@actions/shaky", retry: {max_attempts: 2, initial_delay_ms: 5}}
      - {name: second, run: "@actions/shaky", breaker: {failure_threshold: 3, cooldown_ms: 50}}
"""

SHAKY_CHILD = """
kind: Workflow
name: shaky-child
version: "1"
start: {run: "@actions/shaky", transitions: {success: flo.Completed, failure: flo.Failed}}
"""

WIDE = """
kind: Workflow
name: wide
version: "1"
start:
  parallel:
    branches:
      plain: {run: "@actions/plain", inputMapping: {a: 1}}
      flaky: {run: "@actions/flaky", retry: {max_attempts: 3, initial_delay_ms: 20}}
      child: {run: "@workflow/one", inputMapping: {b: 2}}
      approval: {waitForSignal: {type: approval}}
      nap: {sleep: {forMs: 30}}
  transitions: {success: route}
steps:
  route:
    choose:
      cases: [{when: "$.steps.start.branches.plain.output.a == 1", to: each}]
      else: flo.Failed
  each:
    forEach:
      items: $.input.items
      run: "@actions/plain"
      inputMapping: {n: $.item, i: $.index}
      concurrency: 2
    transitions: {success: flo.Completed}
output: {branches: $.steps.start.output, items: $.steps.each.output}
"""

_NUMBERS = re.compile(r"\d+")


def new_worker(endpoint: str, seed: int) -> ActionWorker:
    """A worker that fails here and there, as the seed says."""
    worker = ActionWorker(new_client(endpoint), concurrency=50)
    put_to_work(worker, random.Random(seed), asyncio.sleep)
    return worker


def put_to_work(
    worker: ActionWorker, chance: random.Random, pause: Callable[[float], Awaitable[None]]
) -> None:
    """Let it do the actions of these workflows; `pause`: how time passes."""
    tries: Counter[tuple[str | None, str]] = Counter()

    async def plain(ctx: ActionContext) -> bytes:
        return ctx.payload

    async def flaky(ctx: ActionContext) -> None:
        tries[ctx.caller_run_id, "flaky"] += 1
        if tries[ctx.caller_run_id, "flaky"] == 1:
            raise ValueError("the first time it fails")

    async def slow(ctx: ActionContext) -> object:
        tries[ctx.caller_run_id, "slow"] += 1
        return {"done": True} if tries[ctx.caller_run_id, "slow"] > 2 else ctx.result("pending")

    async def shaky(ctx: ActionContext) -> bytes:
        await pause(chance.random() / 100)
        if chance.random() < 0.3:
            raise ValueError("unlucky")
        return b"1"

    async def decide(ctx: ActionContext) -> object:
        if chance.random() < 0.1:
            raise ValueError("undecided")
        return ctx.result(chance.choice(["success", "refused", "ask", "ask"]), {})

    options: dict[str, Any] = {"max_retries": 0, "timeout_ms": 10_000}
    for name, handler in {
        "plain": plain,
        "flaky": flaky,
        "slow": slow,
        "shaky": shaky,
        "decide": decide,
    }.items():
        worker.register_action(name, handler, **options)


class Approver:
    """Sends one approval to each run that waits for one."""

    def __init__(self, client: FloClient) -> None:
        self._client = client
        self.sent: set[str] = set()

    async def run(self) -> None:
        """Look for runs that wait, over and over, until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(0.005)

    async def _look(self) -> None:
        await self._approve_wide()
        waiting = await self._client.workflow.list_runs(status=WorkflowStatus.WAITING, limit=1000)
        for run in waiting:
            if run.wait_signal == "approval" and run.run_id not in self.sent:
                self.sent.add(run.run_id)
                await self._client.workflow.signal(run.run_id, "approval", {"by": "ada"})

    async def _approve_wide(self) -> None:
        """A branch of such a run waits, whatever the run does beside that."""
        running = await self._client.workflow.list_runs(
            workflow_name="wide", status=WorkflowStatus.RUNNING
        )
        for run in running:
            if run.run_id not in self.sent:
                self.sent.add(run.run_id)
                await self._client.workflow.signal(run.run_id, "approval", {"by": "ada"})


@asynccontextmanager
async def at_work(endpoint: str, seed: int = 1) -> AsyncIterator[FloClient]:
    """A client, with a worker and an approver beside it; definitions are synced."""
    worker = new_worker(endpoint, seed)
    async with new_client(endpoint) as client:
        for document in (ONE_STEP, SIX_STEPS, WIDE, SHAKY_CHILD, RANDOM_STEPS):
            await client.workflow.sync(document)
        tasks = [
            asyncio.create_task(worker.start()),
            asyncio.create_task(Approver(client).run()),
        ]
        try:
            await worker.at_work.wait()
            yield client
        finally:
            worker.stop()
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def told(events: list[HistoryEvent]) -> list[tuple[str, str | None, str]]:
    """A history without numbers: what must be the same however often the server was killed."""
    return [(event.type, event.step, _NUMBERS.sub("#", event.detail)) for event in events]


async def history_of(client: FloClient, run_id: str) -> list[HistoryEvent]:
    """All of it."""
    events: list[HistoryEvent] = []
    cursor = None
    while True:
        page = await client.workflow.history(run_id, limit=7, cursor=cursor)
        events += page
        cursor = page.cursor
        if cursor is None:
            return events
