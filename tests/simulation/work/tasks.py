"""Actions: invoked by some, done by others, limited, retried, cancelled; each once in the end."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from typing import Any

from floruntime import ActionContext, ActionRun, ActionWorker, NonRetryableError
from floruntime.client.client import FloClient
from floruntime.core.action import ActionListRuns, Limits, RunStatus
from floruntime.core.errors import ConflictError, NotFoundError
from floruntime.engine.rules import RULES
from tests.crash.history import NOT_RUN, UNKNOWN, Fate
from tests.simulation.clockwork import pause
from tests.simulation.work.hands import Hands
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

PLAIN, LIMITED = "plain-task", "limited-task"
RETRIES = 3
RUNNING, PER_KEY = 3, 1
CALLERS = 2
REST_S = 0.4
ENDED = {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.TIMED_OUT}


class Tasks:
    """Runs, by the payload that names each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.fork("tasks")
        self._numbers = itertools.count()
        self._clients: list[FloClient] = []
        self._callers: list[asyncio.Task[None]] = []
        self._told: dict[bytes, list[str | Fate]] = defaultdict(list)
        self._cancelled: set[str] = set()
        self._ended: set[bytes] = set()
        self._hands = Hands(world, "task-hand", self._new_worker)

    def _new_worker(self, client: FloClient, name: str) -> ActionWorker:
        worker = ActionWorker(
            client,
            worker_id=name,
            concurrency=4,
            handle_signals=False,
            block_ms=5_000,
            heartbeat_interval_ms=2_000,
            drain_timeout_ms=2_000,
        )

        async def handle(ctx: ActionContext) -> str:
            await pause(self._chance.choice((0.01, 0.1, 0.5, 3.0)))
            luck = self._chance.random()
            if luck < 0.15:
                raise ValueError("unlucky")
            if luck < 0.2:
                raise NonRetryableError("hopeless")
            output = f"{ctx.task_id} {ctx.attempt} {name}"
            self._ended.add(output.encode())
            return output

        for action in (PLAIN, LIMITED):
            worker.register_action(
                action, handle, timeout_ms=1_500, max_retries=RETRIES, retry_delay_ms=100
            )
        return worker

    async def begin(self) -> None:
        async with self._world.client("task-setup") as client:
            await client.action.register(PLAIN, timeout_ms=1_500, max_retries=RETRIES)
            await client.action.register(
                LIMITED,
                timeout_ms=1_500,
                max_retries=RETRIES,
                limits=Limits(running=RUNNING, running_per_key=PER_KEY, fair=True),
            )
        self._world.looks.append(self._look_at_limits)
        await self._hands.begin()
        for number in range(CALLERS):
            client = await self._world.client(f"task-caller-{number}").connect()
            self._clients.append(client)
            self._callers.append(asyncio.create_task(self._call(client)))

    async def _call(self, client: FloClient) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            run_id = await self._invoke(client)
            if run_id and self._chance.random() < 0.1:
                await pause(self._chance.random())
                self._cancelled.add(run_id)
                try:
                    await told(client.action.cancel(run_id))
                except (ConflictError, NotFoundError):
                    self._world.tell(f"{run_id} had ended before it was cancelled")

    async def _invoke(self, client: FloClient) -> str:
        has_key = self._chance.random() < 0.3
        number = self._chance.randrange(8) if has_key else next(self._numbers)
        payload = f"{'key' if has_key else 'run'} {number}".encode()
        is_limited = not has_key and self._chance.random() < 0.5
        call = client.action.invoke(
            LIMITED if is_limited else PLAIN,
            payload,
            idempotency_key=payload.decode() if has_key else None,
            key=self._chance.choice("abc") if is_limited else None,
            delay_ms=self._chance.choice((0, 0, 700)),
            priority=self._chance.choice((5, 10)),
        )
        told_of = self._told[payload]
        place = len(told_of)
        told_of.append(UNKNOWN)
        result = await told(call)
        told_of[place] = result if isinstance(result, Fate) else result.run_id
        return "" if isinstance(result, Fate) else result.run_id

    def _look_at_limits(self) -> None:
        server = self._world.server
        if server is None:
            return
        view = server.commit.queries.view_in(self._world.namespace)
        reply: Any = RULES.queries[ActionListRuns](
            view, ActionListRuns(LIMITED, RunStatus.RUNNING, 1000)
        )
        keys = Counter(run.key for run in reply.items)
        if keys.total() > RUNNING or any(count > PER_KEY for count in keys.values()):
            self._world.complain(f"over its limits: {keys}")

    async def end(self) -> None:
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        await self._hands.end_changes()
        client = self._clients[0]
        known = [each for told_of in self._told.values() for each in told_of]
        for run_id in dict.fromkeys(each for each in known if isinstance(each, str)):
            while True:
                run = await surely(self._world, client.action.wait, run_id, block_ms=10_000)
                if run.status in ENDED:
                    break
        self._runs = await self._all_ended(client)
        await self._hands.stop()
        for each in self._clients:
            await each.close()

    async def _all_ended(self, client: FloClient) -> list[ActionRun]:
        """Those that nobody was told of come to an end, too."""
        while True:
            runs: list[ActionRun] = []
            for name in (PLAIN, LIMITED):
                runs += await surely(self._world, client.action.list_runs, name, limit=1000)
            if all(run.status in ENDED for run in runs):
                return runs
            await pause(1.0)

    async def judge(self) -> None:
        by_id = {run.run_id: run for run in self._runs}
        found: dict[bytes, list[str]] = defaultdict(list)
        for run in self._runs:
            found[run.input].append(run.run_id)
            self._judge_run(run)
        for payload, told_of in self._told.items():
            self._judge_call(payload, told_of, found.pop(payload, []), by_id)
        for payload in found:
            self._world.complain(f"{payload!r} was never invoked, and ran")

    def _judge_call(
        self, payload: bytes, told_of: list[str | Fate], there: list[str], by_id: dict[str, Any]
    ) -> None:
        complain = self._world.complain
        if len(there) > 1:
            complain(f"{payload!r} was invoked once, or by one key, and is there as {there}")
        for run_id in told_of:
            if isinstance(run_id, str) and run_id not in there:
                complain(f"{payload!r} was acknowledged as {run_id}, and is not there")
        if there and all(each is NOT_RUN for each in told_of):
            complain(f"{payload!r} was certainly not invoked, and is there")

    def _judge_run(self, run: ActionRun) -> None:
        complain = self._world.complain
        if run.attempt > RETRIES + 1:
            complain(f"{run.run_id} was attempted {run.attempt} times")
        if run.status is RunStatus.COMPLETED:
            expected = f"{run.run_id} {run.attempt} {run.worker_id}".encode()
            if run.output != expected or expected not in self._ended:
                complain(f"{run.run_id} has {run.output!r}, and {expected!r} is its end")
        elif run.status is RunStatus.CANCELLED:
            if run.run_id not in self._cancelled:
                complain(f"{run.run_id} is cancelled, and nobody did that")
        elif "hopeless" not in (run.error or "") and run.attempt <= RETRIES:
            complain(f"{run.run_id} is {run.status} after {run.attempt} attempts: {run.error}")
