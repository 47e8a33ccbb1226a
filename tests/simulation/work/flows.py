"""Workflows: steps, branches, items, signals, children, compensation, a trigger and a schedule."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

from floruntime import ActionContext, ActionWorker, HistoryEvent, WorkflowRun
from floruntime.client.client import FloClient
from floruntime.core.errors import ConflictError, NotFoundError
from floruntime.core.workflow import WorkflowStatus
from tests.crash.flows import ONE_STEP, RANDOM_STEPS, SHAKY_CHILD, SIX_STEPS, WIDE, put_to_work
from tests.crash.history import Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.hands import Hands
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

UNDONE = """
kind: Workflow
name: undone
version: "1"
start:
  run: "@actions/plain"
  compensate: {run: "@actions/undo", inputMapping: {of: first}, retry: {max_attempts: 60}}
  transitions: {success: each, failure: flo.Failed}
steps:
  each:
    forEach:
      items: $.input.items
      run: "@actions/plain"
      inputMapping: {n: $.item}
      concurrency: 2
      compensate: {run: "@actions/undo", inputMapping: {of: $.item}, retry: {max_attempts: 60}}
    transitions: {success: last, failure: flo.Failed}
  last:
    run: "@actions/hopeless"
    transitions: {success: flo.Completed, failure: flo.Failed}
"""
TRIGGERED = """
kind: Workflow
name: triggered
version: "1"
trigger: {stream: orders, start: earliest}
start:
  run: "@actions/plain"
  retry: {max_attempts: 60, initial_delay_ms: 50}
  transitions: {success: flo.Completed}
"""
SCHEDULED = """
kind: Workflow
name: scheduled
version: "1"
schedule: {interval: 1500, overlap: allow, max_concurrent: 100}
start: {run: "@actions/plain", transitions: {success: flo.Completed, failure: flo.Completed}}
"""
ORDERS = "orders"
NAMES = ("six", "wide", "random", "undone", "undone")
ENDED = {
    *(WorkflowStatus.COMPLETED, WorkflowStatus.FAILED),
    *(WorkflowStatus.CANCELLED, WorkflowStatus.TIMED_OUT),
}
REST_S = 0.6
COMPENSATED = 4
"""What a run of `undone` undoes, where all but its last step succeeded."""


class Flows:
    """Runs of several workflows, which must all end, each in good order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("flows")
        self._numbers = itertools.count()
        self._started: dict[str, str] = {}
        self._meddled: set[str] = set()
        self._approved: set[str] = set()
        self._appended: list[tuple[bytes, Any]] = []
        self._undone: Counter[tuple[str | None, str]] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._hands = Hands(world, "flow-hand", self._new_worker)

    def _new_worker(self, client: FloClient, name: str) -> ActionWorker:
        worker = ActionWorker(
            client,
            worker_id=name,
            concurrency=10,
            handle_signals=False,
            block_ms=5_000,
            heartbeat_interval_ms=2_000,
            drain_timeout_ms=2_000,
        )
        put_to_work(worker, self._chance, pause)

        async def undo(ctx: ActionContext) -> None:
            self._undone[ctx.caller_run_id, ctx.idempotency_key] += 1

        async def hopeless(ctx: ActionContext) -> None:
            raise ValueError("it never works")

        options: dict[str, Any] = {"max_retries": 0, "timeout_ms": 10_000}
        worker.register_action("undo", undo, **options)
        worker.register_action("hopeless", hopeless, **options)
        return worker

    async def begin(self) -> None:
        client = self._client = await self._world.client("flow-starter").connect()
        await client.stream.create(ORDERS)
        for text in (ONE_STEP, SHAKY_CHILD, SIX_STEPS, WIDE, RANDOM_STEPS, UNDONE):
            await client.workflow.sync(text)
        await client.workflow.sync(TRIGGERED)
        await client.workflow.sync(SCHEDULED)
        await self._hands.begin()
        doing = (self._start, self._order, self._meddle)
        self._tasks = [asyncio.create_task(self._repeat(do)) for do in doing]
        self._approving = asyncio.create_task(self._repeat(self._approve))

    async def _repeat(self, do: Any) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            try:
                await told(do())
            except (ConflictError, NotFoundError) as error:
                self._world.tell(f"refused: {error}")

    async def _start(self) -> None:
        run_id, name = f"run-{next(self._numbers)}", self._chance.choice(NAMES)
        self._started[run_id] = name
        await self._client.workflow.start(name, {"items": [5, 6, 7]}, run_id=run_id)

    async def _order(self) -> None:
        payload = f'"order-{next(self._numbers)}"'.encode()
        result = await told(self._client.stream.append(ORDERS, payload))
        self._appended.append((payload, result))

    async def _meddle(self) -> None:
        """Cancel a run, or let it stand still for a while."""
        if not self._started or self._chance.random() < 0.5:
            return
        run_id = self._chance.choice(list(self._started))
        self._meddled.add(run_id)
        workflow = self._client.workflow
        if self._chance.random() < 0.5:
            await workflow.cancel(run_id, "meddled")
        else:
            await told(workflow.pause(run_id))
            await pause(self._chance.random())
            await self._resume(run_id)

    async def _resume(self, run_id: str) -> None:
        try:
            await surely(self._world, self._client.workflow.resume, run_id)
        except ConflictError:
            return  # it has ended meanwhile

    async def _approve(self) -> None:
        """One approval for each run that may wait for one."""
        for run_id, name in list(self._started.items()):
            if name in ("six", "wide", "random") and run_id not in self._approved:
                try:
                    await self._client.workflow.signal(run_id, "approval", {"by": "ada"})
                except NotFoundError:
                    continue  # it has not begun yet, or never will
                except ConflictError:
                    self._world.tell(f"{run_id} has ended without an approval")
                self._approved.add(run_id)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hands.end_changes()
        for run_id in sorted(self._meddled):
            try:
                await self._resume(run_id)
            except NotFoundError:
                self._world.tell(f"{run_id} never began")
        await surely(self._world, self._client.workflow.pause_schedule, "scheduled")
        while True:
            self._runs = await self._all_runs()
            if all(run.status in ENDED for run in self._runs) and self._is_all_taken():
                break
            for run in self._runs:
                if (
                    run.status == WorkflowStatus.PAUSED
                ):  # by a call that was given up, and came late
                    await self._resume(run.run_id)
            await pause(1.0)
        self._histories = {
            run.run_id: await surely(
                self._world, self._client.workflow.history, run.run_id, limit=1000
            )
            for run in self._runs
        }
        self._approving.cancel()
        await self._hands.stop()
        await self._client.close()

    async def _all_runs(self) -> list[WorkflowRun]:
        runs: list[WorkflowRun] = []
        cursor: str | None = None
        while True:
            page = await surely(
                self._world,
                self._client.workflow.list_runs,
                limit=1000,
                cursor=cursor,
            )
            runs += page
            cursor = page.cursor
            if cursor is None:
                return runs

    def _is_all_taken(self) -> bool:
        """Whether each record that was acknowledged has its run."""
        triggered = Counter(run.workflow for run in self._runs)["triggered"]
        return triggered >= sum(not isinstance(result, Fate) for _, result in self._appended)

    async def judge(self) -> None:
        for run in self._runs:
            for problem in problems_of(run, self._histories[run.run_id]):
                self._world.complain(f"{run.run_id} ({run.workflow}): {problem}")
            if run.workflow == "undone":
                self._judge_undone(run)
        self._judge_triggered()
        ids = Counter(run.run_id for run in self._runs)
        self._complain_of(f"{run_id} is there {n} times" for run_id, n in ids.items() if n > 1)

    def _complain_of(self, problems: Any) -> None:
        for problem in problems:
            self._world.complain(problem)

    def _judge_undone(self, run: WorkflowRun) -> None:
        types = Counter(event.type for event in self._histories[run.run_id])
        asked = sum(caller == run.run_id for caller, _ in self._undone)
        if types["compensation_failed"]:
            self._world.complain(f"{run.run_id}: not all was undone: {types}")
        if asked != types["compensation_completed"]:
            self._world.complain(f"{run.run_id}: {asked} were undone, its history tells {types}")
        is_left_alone = run.run_id not in self._meddled and run.status == WorkflowStatus.FAILED
        if is_left_alone and "last" in (run.error or "") and asked != COMPENSATED:
            self._world.complain(f"{run.run_id}: {asked} of {COMPENSATED} were undone")

    def _judge_triggered(self) -> None:
        """One run for each record, no more and no less."""
        seen = Counter(run.input for run in self._runs if run.workflow == "triggered")
        self._complain_of(f"{order!r} has {n} runs" for order, n in seen.items() if n > 1)
        for payload, result in self._appended:
            if payload not in seen and not isinstance(result, Fate):
                self._world.complain(f"{payload!r} was appended, and started no run")


def problems_of(run: WorkflowRun, events: list[HistoryEvent]) -> list[str]:
    """What is wrong with the history of a run that has ended."""
    found: list[str] = []
    types = Counter(event.type for event in events)
    ends = [event.type for event in events if event.type in {f"workflow_{end}" for end in ENDED}]
    if [event.sequence for event in events] != list(range(1, len(events) + 1)):
        found.append("its history has gaps")
    if types["workflow_started"] != 1 or ends != [f"workflow_{run.status}"]:
        found.append(f"it began {types['workflow_started']} times and ended as {ends}")
    elif events[-1].type != ends[0]:
        found.append(f"behind its end there is {events[-1]}")
    asked = [event.run_id for event in events if event.type == "awaiting_action"]
    if len(set(asked)) != len(asked):
        found.append("one run of an action is asked for twice")
    joins = Counter(event.step for event in events if event.type == "join_reached")
    begun = Counter(event.step for event in events if event.type == "step_started")
    if any(count > begun[step] for step, count in joins.items()):
        found.append(f"joins {joins} of steps that began {begun}")
    branches = types["branch_completed"] + types["branch_cancelled"]
    if types["branch_started"] != branches:
        found.append(f"{types['branch_started']} branches began, {branches} ended")
    entries = Counter(e.detail for e in events if e.type == "compensation_completed")
    if any(count > 1 for count in entries.values()):
        found.append(f"undone twice: {entries}")
    return found
