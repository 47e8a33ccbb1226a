"""Workflows whose server is killed: at each commit of one run in turn, and at random under many."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from floruntime import FloClient, HistoryEvent, WorkflowRun, WorkflowStatus
from floruntime.server.data.verify import verify
from tests.crash.flows import at_work, history_of, told
from tests.crash.process import ServerProcess

ENDS = {
    "workflow_completed",
    "workflow_failed",
    "workflow_cancelled",
    "workflow_timed_out",
}
COMMITS_MAX = 17
"""A few more than the run of six steps takes."""
PARTS = 4
"""Of the commits to be killed at, so that several processes share them."""
RUNS = 1_000
STARTED_TOGETHER = 50
KILLS = 8
RUN_SECONDS_MAX = 120


async def _six_steps(client: FloClient) -> tuple[WorkflowRun, list[HistoryEvent]]:
    run_id = await client.workflow.start("six", {"order": 7})
    run = await client.workflow.wait(run_id, block_ms=30_000)
    return run, await history_of(client, run_id)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("point", ["before_write", "after_sync"])
async def test_a_run_killed_at_any_commit_has_the_same_history(
    point: str, part: int, tmp_path: Path
) -> None:
    """Six steps: an action, one with a retry, a signal, a child, a poll, a timer."""
    server = ServerProcess(str(tmp_path / "data"))
    async with server, at_work(server.endpoint) as client:
        run, events = await _six_steps(client)
        assert run.status == WorkflowStatus.COMPLETED, run
        assert run.output == b'{"by":"ada","asked":{"done":true}}'
        expected = told(events)
        for commit in range(1 + part, COMMITS_MAX, PARTS):
            await server.kill()
            await server.start(f"{point}:{commit}")
            run, events = await asyncio.wait_for(_through_kill(server, client), RUN_SECONDS_MAX)
            assert run.status == WorkflowStatus.COMPLETED, (commit, run)
            assert told(events) == expected, f"killed at {point}:{commit}"


WIDE_COMMITS = (2, 4, 6, 8, 10, 12)
"""Some of those that a run of branches and items takes."""
WIDE_OUTPUT = (
    b'{"branches":{"plain":{"a":1},"flaky":null,"child":{"b":2},"approval":{"by":"ada"},'
    b'"nap":null},"items":[{"n":5,"i":0},{"n":6,"i":1},{"n":7,"i":2}]}'
)


async def _wide(client: FloClient) -> tuple[WorkflowRun, list[HistoryEvent]]:
    run_id = await client.workflow.start("wide", {"items": [5, 6, 7]})
    run = await client.workflow.wait(run_id, block_ms=30_000)
    return run, await history_of(client, run_id)


async def test_branches_and_items_killed_at_any_commit_end_with_the_same_outputs(
    tmp_path: Path,
) -> None:
    server = ServerProcess(str(tmp_path / "data"))
    async with server:
        async with at_work(server.endpoint) as client:
            for commit in WIDE_COMMITS:
                await server.kill()
                await server.start(f"after_sync:{commit}")
                going = _through_kill(server, client, _wide)
                run, events = await asyncio.wait_for(going, RUN_SECONDS_MAX)
                assert run.status == WorkflowStatus.COMPLETED, (commit, run)
                assert run.output == WIDE_OUTPUT, commit
                types = Counter(event.type for event in events)
                assert types["branch_started"] == types["branch_completed"] == 8, commit
                assert types["join_reached"] == types["step_completed"] - 1 == 2, commit
        assert await server.stop() == 0, server.log
    assert verify(server.data_dir).problems == [], "nothing is without an owner"


async def _through_kill(
    server: ServerProcess,
    client: FloClient,
    go: Callable[[FloClient], Awaitable[tuple[WorkflowRun, list[HistoryEvent]]]] = _six_steps,
) -> tuple[WorkflowRun, list[HistoryEvent]]:
    """Let a run go through while the server is killed at its fail point, and started again."""
    going = asyncio.ensure_future(go(client))
    killed = asyncio.create_task(server.ended())
    await asyncio.wait([going, killed], return_when=asyncio.FIRST_COMPLETED)
    if killed.done():
        await server.start()
    else:
        killed.cancel()
    return await going


async def test_a_thousand_runs_with_random_failures_and_kills_each_end_once(
    tmp_path: Path,
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    server = ServerProcess(str(tmp_path / "data"))
    async with server:
        async with at_work(server.endpoint, seed) as client:
            starts = Starts(client)
            starting = asyncio.create_task(starts.run())
            for _ in range(KILLS):
                await starts.more(chance.randint(1, RUNS // KILLS))
                await server.kill()
                await server.start()
            run_ids = await starting
            async with asyncio.timeout(RUN_SECONDS_MAX):
                runs = [await client.workflow.wait(run_id) for run_id in run_ids]
            for run in runs:
                _check_history(run, await history_of(client, run.run_id))
        assert await server.stop() == 0, server.log
    statuses = Counter(run.status for run in runs)
    assert statuses[WorkflowStatus.COMPLETED] > RUNS / 10, statuses
    assert statuses[WorkflowStatus.FAILED] > RUNS / 10, statuses
    assert statuses.total() == RUNS
    assert verify(server.data_dir).problems == [], "no run is without an owner"


class Starts:
    """Starts many runs, some at a time, and tells how many it has started."""

    def __init__(self, client: FloClient) -> None:
        self._client = client
        self._started = asyncio.Semaphore(0)

    async def run(self) -> list[str]:
        """Start them all; each fifty once the first of those before it has ended."""
        run_ids: list[str] = []
        for first in range(0, RUNS, STARTED_TOGETHER):
            if run_ids:
                await self._client.workflow.wait(run_ids[-STARTED_TOGETHER])
            numbers = range(first, first + STARTED_TOGETHER)
            run_ids += await asyncio.gather(*map(self._start, numbers))
        return run_ids

    async def _start(self, number: int) -> str:
        run_id = await self._client.workflow.start(
            "random", {"number": number}, run_id=f"r{number}"
        )
        self._started.release()
        return run_id

    async def more(self, count: int) -> None:
        """Wait until so many more have been started."""
        for _ in range(count):
            await self._started.acquire()


def _check_history(run: WorkflowRun, events: list[HistoryEvent]) -> None:
    """It began once and ended once, each step that began came to an end, nothing is missing."""
    types = Counter(event.type for event in events)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1)), run
    assert types["workflow_started"] == 1, run
    assert sum(types[end] for end in ENDS) == 1, run
    assert events[-1].type == f"workflow_{run.status}", run
    assert types["step_started"] == types["step_completed"], run
    asked = [event.run_id for event in events if event.type == "awaiting_action"]
    answered = [event.run_id for event in events if event.type == "action_completed"]
    assert asked == answered, run
    assert len(set(asked)) == len(asked), run
