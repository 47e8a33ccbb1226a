"""Workers that are killed, paused and ended, and a server that is killed under them.

What happened is judged by what the server tells of the runs, and by the journal in which the
handlers noted each beginning and end themselves.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from floruntime import ActionContext, ActionRun, ActionWorker, FloClient, RunStatus
from floruntime.core.errors import NonRetryableError
from floruntime.core.limits import BATCH_COMMANDS_MAX
from floruntime.testing import FloTestServer
from tests.crash.process import ServerProcess, WorkerProcess
from tests.crash.worker_main import ACTION
from tests.crash.workload import new_client

LOOK_INTERVAL_S = 0.02
UNTIL_SECONDS_MAX = 30


class Note(NamedTuple):
    """One line of a journal: `what` is begun, ended, accepted or refused."""

    what: str
    run_id: str
    attempt: int
    worker: str


class Journal:
    """What the handlers of all workers noted, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def notes(self, what: str) -> list[Note]:
        lines = [line.split() for line in self.path.read_text().splitlines()]
        found = [Note(kind, run, int(attempt), name) for kind, run, attempt, name in lines]
        return [note for note in found if note.what == what]

    def workers(self, what: str, *, after: int = 0) -> set[str]:
        """Who noted it, not counting the first `after` such notes."""
        return {note.worker for note in self.notes(what)[after:]}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


async def until(condition: Callable[[], bool]) -> None:
    """Other processes are at work: all that can be done is to look again and again."""
    async with asyncio.timeout(UNTIL_SECONDS_MAX):
        while not condition():  # noqa: ASYNC110 # nobody here sets an event
            await asyncio.sleep(LOOK_INTERVAL_S)


async def until_ended(journal: Journal, count: int) -> None:
    await until(lambda: len(journal.notes("ended")) >= count)


@asynccontextmanager
async def at_work(
    server: ServerProcess, journal: Journal, name: str, count: int, **options: float
) -> AsyncIterator[list[WorkerProcess]]:
    """That many workers, which are gone afterwards in any case."""
    workers = [
        WorkerProcess(server.endpoint, f"{name}-{number}", journal.path, **options)
        for number in range(count)
    ]
    async with AsyncExitStack() as stack:
        for worker in workers:
            await worker.launch()
            stack.push_async_callback(worker.kill)
        await asyncio.gather(*(worker.ready() for worker in workers))
        yield workers


async def stop_in_good_order(worker: WorkerProcess) -> None:
    worker.send(signal.SIGTERM)
    await ended_in_good_order(worker)


async def ended_in_good_order(worker: WorkerProcess) -> None:
    assert await worker.ended() == 0, worker.log
    assert "Traceback" not in worker.log


async def invoke_many(client: FloClient, count: int) -> list[str]:
    async with client.batch() as batch:
        for number in range(count):
            batch.action.invoke(ACTION, str(number))
    return [each.run_id for each in batch.results]


async def listed(client: FloClient, status: RunStatus | None = None) -> dict[str, ActionRun]:
    return {run.run_id: run for run in await client.action.list_runs(status=status, limit=1000)}


async def ends_of(client: FloClient, run_ids: list[str]) -> dict[str, ActionRun]:
    """Each run as it was when it was first seen to have ended."""
    ends = await asyncio.gather(*(client.action.wait(run_id) for run_id in run_ids))
    return {run.run_id: run for run in ends}


async def check_each_completed_once(
    client: FloClient, ends: dict[str, ActionRun], journal: Journal
) -> None:
    """All are completed, by an attempt whose handler came to its end, and stay as they ended."""
    assert {run.status for run in ends.values()} == {RunStatus.COMPLETED}
    ended = set(journal.notes("ended"))
    for run in ends.values():
        assert run.worker_id is not None
        assert run.output == f"{run.worker_id} {run.attempt}".encode(), "one attempt, one result"
        assert Note("ended", run.run_id, run.attempt, run.worker_id) in ended
    begun = Counter((note.run_id, note.attempt) for note in journal.notes("begun"))
    assert set(begun.values()) == {1}, "no attempt is handed out twice"
    assert await listed(client) == ends


# Workers that are killed


class Losses:
    """The attempts that killed workers held, gathered until their leases have run out."""

    def __init__(self, client: FloClient) -> None:
        self._client = client
        self.attempts: set[tuple[str, int]] = set()

    async def gather(self, killed: set[str]) -> None:
        async with asyncio.timeout(UNTIL_SECONDS_MAX):
            while held := await self._held_by(killed):
                self.attempts |= held
                await asyncio.sleep(LOOK_INTERVAL_S)

    async def _held_by(self, killed: set[str]) -> set[tuple[str, int]]:
        running = await listed(self._client, RunStatus.RUNNING)
        return {(r.run_id, r.attempt) for r in running.values() if r.worker_id in killed}


async def test_runs_of_killed_workers_are_told_as_lost_and_end_exactly_once(
    tmp_path: Path, journal: Journal
) -> None:
    """Each round one worker is killed while others go on, and then those."""
    server = ServerProcess(str(tmp_path / "data"))
    async with server, new_client(server.endpoint) as client:
        await client.action.register(ACTION, timeout_ms=600, max_retries=20, retry_delay_ms=10)
        run_ids = await invoke_many(client, 300)
        losses = Losses(client)
        for round in range(3):
            await _work_until_killed(server, journal, losses, round)
            await _check_the_lost(client)
        async with at_work(server, journal, "last", 2, timeout_ms=600) as last:
            ends = await ends_of(client, run_ids)
            await check_each_completed_once(client, ends, journal)
            for worker in last:
                await stop_in_good_order(worker)
    assert len({run_id for run_id, _ in losses.attempts}) > 10, "nothing was lost: a vain test"
    for run in ends.values():
        lost = [attempt for run_id, attempt in losses.attempts if run_id == run.run_id]
        again = [attempt for attempt in lost if attempt < run.attempt]
        assert sorted(again) == list(range(1, run.attempt)), "only what was lost is done again"


async def _work_until_killed(
    server: ServerProcess, journal: Journal, losses: Losses, round: int
) -> None:
    options = {"concurrency": 4, "duration_ms": 120, "timeout_ms": 600}
    async with at_work(server, journal, f"round-{round}", 3, **options) as workers:
        names = {worker.name for worker in workers}
        await until(lambda: journal.workers("ended") >= names)
        await workers[0].kill()
        noted = len(journal.notes("begun"))
        await until(lambda: journal.workers("begun", after=noted) >= names - {workers[0].name})
        await asyncio.gather(*(worker.kill() for worker in workers[1:]))
    await losses.gather(names)


async def _check_the_lost(client: FloClient) -> None:
    """Nobody is left who could take a run: those that were lost say so."""
    pending = await listed(client, RunStatus.PENDING)
    lost = [run for run in pending.values() if run.attempt]
    assert lost
    assert {(run.reason, run.worker_id) for run in lost} == {("worker_lost", None)}


# Workers that are paused


@pytest.mark.parametrize("auto_touch", [False, True])
async def test_the_late_result_of_a_paused_worker_is_refused(
    auto_touch: bool, tmp_path: Path, journal: Journal
) -> None:
    options = {
        "concurrency": 1,
        "duration_ms": 250,
        "timeout_ms": 400,
        "auto_touch": auto_touch,
        "settles_itself": True,
    }
    server = ServerProcess(str(tmp_path / "data"))
    async with (
        server,
        new_client(server.endpoint) as client,
        at_work(server, journal, "worker", 2, **options) as workers,
    ):
        await _pause_past_the_lease(client, workers, journal)


async def _pause_past_the_lease(
    client: FloClient, workers: list[WorkerProcess], journal: Journal
) -> None:
    run_id = (await client.action.invoke(ACTION)).run_id
    await until(lambda: bool(journal.notes("begun")))
    paused, other = sorted(workers, key=lambda each: each.name not in journal.workers("begun"))
    await paused.pause()
    run = await client.action.wait(run_id)
    # On a machine with much to do the other one's lease may run out as well, and it tries again.
    assert (run.status, run.worker_id) == (RunStatus.COMPLETED, other.name)
    assert run.attempt >= 2
    assert run.output == f"{other.name} {run.attempt}".encode()
    assert paused.name not in journal.workers("refused"), "it is still paused"
    await stop_in_good_order(other)
    paused.send(signal.SIGCONT)
    next_run = await client.action.call(ACTION)
    assert (next_run.worker_id, next_run.attempt) == (paused.name, 1), "it takes work again"
    # Results go before the next claim, so what it had of the first run has arrived.
    assert await client.action.status(run_id) == run
    await stop_in_good_order(paused)
    accepted = [(note.run_id, note.attempt) for note in journal.notes("accepted")]
    assert accepted == [(run_id, 2), (next_run.run_id, 1)]
    refused = journal.notes("refused")
    late = Note("refused", run_id, 1, paused.name)
    # With `auto_touch` the worker may hear of its loss first, and stop its handler.
    assert refused == [late] or (not refused and "the lease is lost" in paused.log)
    assert await listed(client) == {run_id: run, next_run.run_id: next_run}


# The server is killed


async def test_a_server_killed_amid_500_tasks_completes_all_of_them_once(
    tmp_path: Path, journal: Journal
) -> None:
    server = ServerProcess(str(tmp_path / "data"))
    async with (
        server,
        new_client(server.endpoint) as client,
        at_work(server, journal, "worker", 2, concurrency=10, duration_ms=30) as workers,
    ):
        run_ids = await invoke_many(client, 500)
        for ended in (100, 250, 400):
            await until_ended(journal, ended)
            await server.kill()
            assert len(journal.notes("ended")) < len(run_ids)
            await server.start()
        ends = await ends_of(client, run_ids)
        await check_each_completed_once(client, ends, journal)
        assert {run.attempt for run in ends.values()} == {1}, "the workers lived on"
        assert len(journal.notes("begun")) == len(journal.notes("ended")) == len(run_ids)
        for worker in workers:
            await stop_in_good_order(worker)


# Workers that are ended in good order


async def test_a_rolling_sigterm_of_20_workers_burns_no_attempt(
    tmp_path: Path, journal: Journal
) -> None:
    options = {"concurrency": 4, "duration_ms": 100, "every_other_is_quick": True}
    server = ServerProcess(str(tmp_path / "data"))
    async with (
        server,
        new_client(server.endpoint) as client,
        at_work(server, journal, "worker", 20, **options) as workers,
    ):
        run_ids = await invoke_many(client, 500)
        stopped_amid_work = 0
        for number, worker in enumerate(workers[:-1], 1):
            await until_ended(journal, number * 20)
            stopped_amid_work += len(journal.notes("ended")) < len(run_ids)
            worker.send(signal.SIGTERM)
        # A busy machine may let the runs finish before the last workers are stopped.
        assert stopped_amid_work >= len(workers) // 2
        ends = await ends_of(client, run_ids)
        workers[-1].send(signal.SIGTERM)
        await asyncio.gather(*(ended_in_good_order(worker) for worker in workers))
        await check_each_completed_once(client, ends, journal)
        assert {run.attempt for run in ends.values()} == {1}
        assert len(journal.notes("begun")) == len(run_ids)
        assert not await client.worker.list()
    assert len(journal.workers("ended")) > len(workers) // 2


# Random failures against a model

TASKS = 10_000
MAX_RETRIES = 3


class End(NamedTuple):
    """How a run must end."""

    status: RunStatus
    attempt: int
    outcome: str
    output: bytes | None
    error: str | None


def expected_end(fates: list[str]) -> End:
    """By the rules alone: the first fate that ends a run, or failure after the last attempt."""
    for attempt, fate in enumerate(fates[: MAX_RETRIES + 1], 1):
        if fate == "succeed":
            return End(RunStatus.COMPLETED, attempt, "success", b"done %d" % attempt, None)
        if fate == "reject":
            return End(RunStatus.COMPLETED, attempt, "rejected", b"", None)
        if fate == "give up":
            error = f"NonRetryableError: gave up at {attempt}"
            return End(RunStatus.FAILED, attempt, "failure", None, error)
    last = MAX_RETRIES + 1
    return End(RunStatus.FAILED, last, "failure", None, f"ValueError: failed at {last}")


async def test_random_failures_end_as_the_model_says() -> None:
    chance = random.Random(7)
    kinds, weights = ["fail", "succeed", "reject", "give up"], [6, 3, 1, 1]
    plans = [chance.choices(kinds, weights, k=MAX_RETRIES + 1) for _ in range(TASKS)]
    begun: Counter[tuple[str, int]] = Counter()

    async def handle(ctx: ActionContext) -> object:
        begun[ctx.task_id, ctx.attempt] += 1
        await asyncio.sleep(0)
        match ctx.json()[ctx.attempt - 1]:
            case "fail":
                raise ValueError(f"failed at {ctx.attempt}")
            case "give up":
                raise NonRetryableError(f"gave up at {ctx.attempt}")
            case "reject":
                return ctx.result("rejected")
        return f"done {ctx.attempt}"

    workers = [ActionWorker("unused", worker_id=f"w{number}") for number in range(3)]
    for worker in workers:
        worker.register_action(ACTION, handle, max_retries=MAX_RETRIES, retry_delay_ms=100)
    async with FloTestServer() as server, server.client() as client:
        await client.action.register(ACTION, max_retries=MAX_RETRIES, retry_delay_ms=100)
        async with server.running(*workers):
            run_ids = await _invoke_planned(client, plans)
            await server.restart()
            await server.advance(2_000)
            ends = await ends_of(client, run_ids)
    for run_id, plan in zip(run_ids, plans, strict=True):
        run, end = ends[run_id], expected_end(plan)
        assert (run.status, run.attempt, run.outcome, run.output, run.error) == end, plan
    attempts = {
        run_id: expected_end(plan).attempt for run_id, plan in zip(run_ids, plans, strict=True)
    }
    assert begun == Counter((r, n) for r, last in attempts.items() for n in range(1, last + 1))


async def _invoke_planned(client: FloClient, plans: list[list[str]]) -> list[str]:
    run_ids: list[str] = []
    for first in range(0, len(plans), BATCH_COMMANDS_MAX):
        async with client.batch() as batch:
            for plan in plans[first : first + BATCH_COMMANDS_MAX]:
                batch.action.invoke(ACTION, json.dumps(plan))
        run_ids += [each.run_id for each in batch.results]
    return run_ids
