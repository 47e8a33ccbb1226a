"""`ActionWorker` over a real server in the process, whose clock the test moves."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections import Counter
from typing import Any

import pytest

from floruntime import (
    ActionContext,
    ActionRun,
    ActionWorker,
    FloClient,
    NonRetryableError,
    QueueWorker,
    RunStatus,
    UnavailableError,
)
from floruntime.client.worker import life as worker_life
from floruntime.client.worker.claim_policy import Pace
from floruntime.core.errors import BadRequestError, BadTypeError, ConnectionFailedError
from floruntime.core.worker import WorkerTurn
from floruntime.testing import FloTestServer
from tests.client.proxy import Proxy
from tests.client.worker.lives import HASTY, living
from tests.until import until


def worker_of(**options: Any) -> ActionWorker:
    return ActionWorker("unused", **{"worker_id": "w", **options})


class Gate:
    """A handler that waits for the test, and tells what became of it."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.opened = asyncio.Event()

    async def __call__(self, ctx: ActionContext) -> bytes:
        self.begun.append(ctx.task_id)
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled.append(ctx.task_id)
            raise
        return b"through"


# What handlers return and raise


@pytest.mark.parametrize(
    ("returned", "output"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"x"), b"x"),
        ("grüß", "grüß".encode()),
        (None, b""),
        ({"a": [1, 2.5, None, "ü"]}, '{"a":[1,2.5,null,"ü"]}'.encode()),
        (2**70, str(2**70).encode()),
        (False, b"false"),
        ([], b"[]"),
    ],
)
async def test_a_result_is_bytes_text_or_json(returned: Any, output: bytes) -> None:
    worker = worker_of()
    worker.register_action("a", lambda ctx: returned)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.call("a", b"x")
        assert (run.status, run.output, run.outcome) == (RunStatus.COMPLETED, output, "success")


async def test_a_named_outcome() -> None:
    worker = worker_of()

    @worker.action("judge")
    async def judge(ctx: ActionContext) -> Any:
        return ctx.result("approved", {"by": "me"})

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.call("judge")
        assert (run.outcome, run.output) == ("approved", b'{"by":"me"}')


async def test_the_context_tells_what_the_claim_says() -> None:
    seen: list[ActionContext] = []
    worker = worker_of(labels={"gpu": "1"})

    @worker.action("look", max_retries=1, retry_delay_ms=0)
    async def look(ctx: ActionContext) -> bytes:
        seen.append(ctx)
        if ctx.attempt == 1:
            raise ValueError
        return ctx.to_bytes(ctx.json())

    async with FloTestServer() as server, server.client(namespace="n") as client:
        worker.namespace = "n"
        async with server.running(worker):
            invoked = await client.action.invoke("look", b'{"n": 7}', labels={"gpu": "1"})
            run = await client.action.wait(invoked.run_id)
            assert run.output == b'{"n":7}'
            first, second = seen
            assert (first.task_id, first.action_name) == (invoked.run_id, "look")
            assert (first.attempt, second.attempt) == (1, 2)
            assert first.created_at_ms == run.created_at_ms
            assert (first.namespace, first.caller_run_id) == ("n", None)
            assert first.labels == {"gpu": "1"}


@pytest.mark.parametrize(
    "result",
    [object(), {"a": float("nan")}, b"x" * 1_048_577],
    ids=["no JSON", "not a number", "too large"],
)
async def test_a_result_that_cannot_be_kept_fails_the_attempt(result: Any) -> None:
    worker = worker_of()
    worker.register_action("a", lambda ctx: result, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.call("a")
        assert run.status is RunStatus.FAILED
        assert run.error


async def test_a_bad_outcome_fails_the_attempt_and_says_which() -> None:
    worker = worker_of()
    worker.register_action("a", lambda ctx: ctx.result("not good"), max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.call("a")
        assert "outcome 'not good'" in (run.error or "")


async def test_an_exception_is_tried_again_after_the_delay_an_hour_takes_no_time() -> None:
    attempts: list[int] = []
    worker = worker_of()

    @worker.action("fail", max_retries=2, retry_delay_ms=3_600_000)
    async def fail(ctx: ActionContext) -> None:
        attempts.append(ctx.attempt)
        raise ConnectionError("mail server away")

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("fail")
        for count in (1, 2, 3):
            await until(lambda: len(attempts) == count)  # noqa: B023 # it is awaited
            await server.settle()
            await server.advance(3_600_000)
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.FAILED, 3)
        assert run.error == "ConnectionError: mail server away"
        assert attempts == [1, 2, 3]


async def test_a_non_retryable_error_fails_the_run_at_once() -> None:
    worker = worker_of()

    @worker.action("fail", max_retries=5)
    async def fail(ctx: ActionContext) -> None:
        raise NonRetryableError("never")

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.call("fail")
        assert (run.status, run.attempt) == (RunStatus.FAILED, 1)
        assert run.error == "NonRetryableError: never"


async def test_a_long_error_is_cut_and_says_so() -> None:
    worker = worker_of()

    @worker.action("fail", max_retries=0)
    async def fail(ctx: ActionContext) -> None:
        raise ValueError("ü" * 5_000)

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        error = (await client.action.call("fail")).error
        assert error is not None
        assert len(error.encode()) <= 4_096
        assert error.endswith("… (cut from 10012 bytes)")


async def test_plain_handlers_run_in_threads_side_by_side() -> None:
    barrier = threading.Barrier(3, timeout=10)
    worker = worker_of(concurrency=3)

    @worker.action("meet")
    def meet(ctx: ActionContext) -> str:
        barrier.wait()
        return threading.current_thread().name

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        runs = await asyncio.gather(*(client.action.call("meet") for _ in range(3)))
        assert len({run.output for run in runs}) == 3
        assert all((run.output or b"").startswith(b"flo-handler") for run in runs)


def pid_of(ctx: ActionContext) -> dict[str, Any]:
    """In a process of its own."""
    if ctx.payload == b"raise":
        raise NonRetryableError("over there")
    if ctx.payload == b"die":
        os._exit(1)
    return {"pid": os.getpid(), "payload": ctx.payload.decode()}


async def test_process_handlers_run_in_processes() -> None:
    worker = worker_of(concurrency=1)
    worker.register_action("where", pid_of, process=True, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        good = await client.action.call("where", b"here", block_ms=60_000)
        assert b'"payload":"here"' in (good.output or b"")
        assert str(os.getpid()).encode() not in (good.output or b"")
        bad = await client.action.call("where", b"raise", block_ms=60_000)
        assert bad.error == "NonRetryableError: over there"
        dead = await client.action.call("where", b"die", block_ms=60_000)
        assert dead.error == "the handler's process ended abruptly"
        again = await client.action.call("where", b"again", block_ms=60_000)
        assert again.status is RunStatus.COMPLETED


# Leases, heartbeats, cancellation


async def test_a_running_handler_keeps_its_lease_by_touching() -> None:
    gate = Gate()
    worker = worker_of()
    worker.register_action("slow", gate, timeout_ms=10_000)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        await server.advance(200_000)
        gate.opened.set()
        run = await client.action.wait(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.COMPLETED, 1)


async def test_without_auto_touch_the_lease_runs_out() -> None:
    gate = Gate()
    worker = worker_of(auto_touch=False, concurrency=1)
    worker.register_action("slow", gate, timeout_ms=10_000, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        await server.advance(10_000)
        run = await client.action.wait(invoked.run_id)
        assert (run.status, run.reason) == (RunStatus.FAILED, "worker_lost")
        gate.opened.set()


async def test_a_handler_can_touch_by_itself() -> None:
    touched = asyncio.Event()
    go_on = asyncio.Event()
    worker = worker_of(auto_touch=False)

    @worker.action("slow", timeout_ms=10_000, max_retries=0)
    async def slow(ctx: ActionContext) -> None:
        await ctx.touch(100_000)
        touched.set()
        await go_on.wait()

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await touched.wait()
        await server.advance(99_999)
        go_on.set()
        assert (await client.action.wait(invoked.run_id)).status is RunStatus.COMPLETED


async def test_an_attempt_takes_no_longer_than_the_action_timeout() -> None:
    gate = Gate()
    worker = worker_of(action_timeout_ms=60_000)
    worker.register_action("slow", gate, timeout_ms=10_000, max_retries=0)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        await server.advance(59_000)
        assert (await client.action.status(invoked.run_id)).status is RunStatus.RUNNING
        await server.advance(1_100)
        run = await client.action.wait(invoked.run_id)
        assert run.status is RunStatus.FAILED
        assert "not done within 60000 ms" in (run.error or "")
        await until(lambda: gate.cancelled)


async def test_cancelling_a_run_cancels_its_handler_and_nothing_is_sent_for_it() -> None:
    gate = Gate()
    worker = worker_of()
    worker.register_action("slow", gate, timeout_ms=30_000)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        await client.action.cancel(invoked.run_id)
        await server.advance(10_001)  # a third of the lease: the next touch
        await until(lambda: gate.cancelled)
        assert (await client.action.status(invoked.run_id)).status is RunStatus.CANCELLED


async def test_a_heartbeat_tells_of_a_cancellation_too() -> None:
    gate = Gate()
    worker = worker_of(heartbeat_interval_ms=5_000)
    worker.register_action("slow", gate, timeout_ms=300_000)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        await client.action.cancel(invoked.run_id)
        await server.advance(5_000)
        await until(lambda: gate.cancelled)


async def test_heartbeats_keep_the_worker_healthy_and_an_unknown_one_registers_again() -> None:
    worker = worker_of(concurrency=7, labels={"l": "1"}, metadata={"m": "2"})
    worker.register_action("a", Gate())
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        await server.advance(300_000)
        [info] = await client.worker.list()
        assert (info.worker_id, info.actions, info.concurrency) == ("w", ["a"], 7)
        assert (info.labels, info.metadata, info.healthy) == ({"l": "1"}, {"m": "2"}, True)
        await client.worker.deregister("w")
        await server.advance(30_000)
        assert [each.worker_id for each in await client.worker.list()] == ["w"]


async def test_a_handler_without_options_leaves_those_that_the_action_has() -> None:
    kept, changed, new = (worker_of() for _ in range(3))
    kept.register_action("known", Gate())
    changed.register_action("known", Gate(), max_retries=2)
    new.register_action("new", Gate())
    async with FloTestServer() as server, server.client() as client:
        known = await client.action.register("known", max_retries=0, timeout_ms=500)
        async with server.running(kept):
            assert await client.action.get("known") == known
        async with server.running(changed):
            info = await client.action.get("known")
            assert (info.version, info.max_retries, info.timeout_ms) == (2, 2, 30_000)
        async with server.running(new):
            assert (await client.action.get("new")).max_retries == 3


# Ends


async def test_stop_lets_running_handlers_finish_and_takes_nothing_new() -> None:
    gate = Gate()
    worker = worker_of(concurrency=2)
    worker.register_action("slow", gate)
    async with FloTestServer() as server, server.client() as client:
        async with server.running(worker):
            runs = [await client.action.invoke("slow") for _ in range(5)]
            await until(lambda: len(gate.begun) == 2)
            worker.stop()
            worker.stop()
            await server.settle()
            gate.opened.set()
        ends = [await client.action.status(each.run_id) for each in runs]
        assert [run.status for run in ends[:2]] == [RunStatus.COMPLETED] * 2
        assert {(run.status, run.attempt) for run in ends[2:]} == {(RunStatus.PENDING, 0)}
        assert list(await client.worker.list()) == []


async def test_what_does_not_finish_in_time_goes_back_with_no_attempt_counted() -> None:
    gate = Gate()
    worker = worker_of(drain_timeout_ms=0)
    worker.register_action("slow", gate)
    async with FloTestServer() as server, server.client() as client:
        async with server.running(worker):
            invoked = await client.action.invoke("slow")
            await until(lambda: gate.begun)
        assert gate.cancelled == [invoked.run_id]
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.PENDING, 0)


async def test_a_drain_from_outside_ends_the_worker() -> None:
    worker = worker_of()
    worker.register_action("a", Gate())
    async with FloTestServer() as server, server.client() as client:
        worker.endpoint = server.endpoint
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        await client.worker.drain("w")
        await asyncio.wait_for(working, 10)
        assert not worker.is_running


async def test_a_worker_can_be_started_again_and_close_waits() -> None:
    worker = worker_of()
    worker.register_action("a", lambda ctx: b"done")
    async with FloTestServer() as server, server.client() as client:
        for _ in range(2):
            async with server.running(worker):
                assert (await client.action.call("a")).output == b"done"
                with pytest.raises(BadRequestError, match="running already"):
                    await worker.start()
                await worker.close()
                assert not worker.is_running


@pytest.mark.parametrize("runs", [0, 1])
async def test_a_stop_does_not_wait_long_for_a_server_that_is_gone(
    runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_life, "LOST_S", 0.01)
    if runs:  # they are to be handed back, which is tried for longer
        monkeypatch.setattr(worker_life, "GOOD_BYE_S", 0.01)
    gate = Gate()
    async with FloTestServer() as server:
        async with Proxy(server.endpoint) as proxy:
            worker = ActionWorker(proxy.endpoint, drain_timeout_ms=0)
            worker.register_action("wait", gate)
            working = asyncio.create_task(worker.start())
            await worker.at_work.wait()
            async with server.client() as client:
                for _ in range(runs):
                    await client.action.invoke("wait")
            await until(lambda: len(gate.begun) == runs)
        async with asyncio.timeout(5):
            worker.stop()
            await working


async def test_a_stop_before_the_start_is_not_lost() -> None:
    worker = worker_of()
    worker.register_action("a", Gate())
    worker.stop()
    await worker.start()


async def test_sigterm_stops_and_the_former_handlers_come_back() -> None:
    former = signal.getsignal(signal.SIGTERM)
    worker, other = worker_of(), worker_of(worker_id="v")
    for each in (worker, other):
        each.register_action("a", Gate())
    async with FloTestServer() as server:
        async with server.running(worker, other):
            os.kill(os.getpid(), signal.SIGTERM)
            await until(lambda: not (worker.is_running or other.is_running))
        assert signal.getsignal(signal.SIGTERM) is former


async def test_a_server_that_is_not_there_is_told_at_the_start() -> None:
    worker = ActionWorker("127.0.0.1:1")
    worker.register_action("a", Gate())
    with pytest.raises(ConnectionFailedError):
        await worker.start()
    assert not worker.is_running


async def test_cancelling_start_hands_everything_back() -> None:
    gate = Gate()
    worker = worker_of()
    worker.register_action("slow", gate)
    async with FloTestServer() as server, server.client() as client:
        worker.endpoint = server.endpoint
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.PENDING, 0)


# On a client of one's own, and on an embedded server


@pytest.mark.parametrize("kind", ["memory://", "file:"])
async def test_a_worker_on_a_client_of_an_embedded_server(kind: str, tmp_path: Any) -> None:
    endpoint = f"file:{tmp_path / 'data'}" if kind == "file:" else kind
    async with FloClient(endpoint, namespace="mine") as client:
        worker = client.new_action_worker(concurrency=2)

        @worker.action("echo")
        async def echo(ctx: ActionContext) -> bytes:
            return ctx.payload + ctx.namespace.encode()

        working = asyncio.create_task(worker.start())
        assert (await _called(client, worker)).output == b"x-mine"
        worker.stop()
        await working
        assert client.is_connected


async def _called(client: FloClient, worker: ActionWorker) -> ActionRun:
    await worker.at_work.wait()
    return await client.action.call("echo", b"x-")


# What is refused


def test_a_decorator_without_a_name_is_refused() -> None:
    """Else it would name nothing, and put another function in the place of the handler."""
    worker, queues = worker_of(), QueueWorker("localhost:9000")
    for decorator, says in (
        (worker.action, r'@worker\.action needs a name: @worker\.action\("\.\.\."\)'),
        (worker.queue, r"@worker\.queue needs a name"),
        (queues.queue, r"@worker\.queue needs a name"),
    ):
        with pytest.raises(BadTypeError, match=says):
            decorator(_noop)  # type: ignore[arg-type]  # it is refused


def test_what_cannot_be_right_is_refused_by_name() -> None:
    worker = worker_of()
    worker.register_action("a", _noop)
    with pytest.raises(BadRequestError, match="'a' has a handler already"):
        worker.register_action("a", _noop)
    with pytest.raises(BadRequestError, match="unknown option 'max_tries'"):
        worker.register_action("b", _noop, max_tries=3)  # type: ignore[call-arg]  # it is refused
    with pytest.raises(BadRequestError, match="must be a function"):
        worker.register_action("b", "handler")  # type: ignore[arg-type]  # it is refused
    with pytest.raises(BadRequestError, match="plain function"):
        worker.register_action("b", Gate().__call__, process=True)
    with pytest.raises(BadRequestError, match="concurrency is 0"):
        worker_of(concurrency=0)
    with pytest.raises(BadRequestError, match="block_ms is 300001"):
        worker_of(block_ms=300_001)
    with pytest.raises(BadRequestError, match="namespace"):
        worker_of(namespace="9")


async def test_a_worker_without_actions_does_not_start() -> None:
    async with FloTestServer() as server:
        with pytest.raises(BadRequestError, match="no actions"):
            async with server.running(worker_of()):
                pass


# Round trips


async def test_one_round_trip_settles_and_claims_several() -> None:
    worker = worker_of(concurrency=10)
    worker.register_action("noop", _noop)
    async with FloTestServer() as server, server.client() as client:
        await client.action.register("noop")
        async with client.batch() as b:
            for _ in range(500):
                b.action.invoke("noop")
        seen = _requests(server)
        async with living(worker, server.endpoint, pace=Pace(confirm_ms=0)) as life:
            await client.action.wait(b.results[-1].run_id)
            await until(lambda: not life.has_news)
            exchanges = exchanges_of(seen)
            assert sum(len(each.results) for each in exchanges) == 500
            assert len(exchanges) < 100
            assert max(each.count for each in exchanges) <= 10 + Pace().ahead_max
    runs = [run for each in exchanges for run in each.results]
    assert len({run.run_id for run in runs}) == 500


async def _noop(ctx: ActionContext) -> None:
    return None


def _requests(server: FloTestServer) -> list[Any]:
    """Every command that the server is sent from now on."""
    seen: list[Any] = []
    submit = server.server.commit.submit

    def spy(connection: Any, request_id: int, namespace: str, number: int, request: Any) -> None:
        seen.append(request)
        submit(connection, request_id, namespace, number, request)

    vars(server.server.commit)["submit"] = spy
    return seen


async def test_an_idle_worker_waits_in_one_long_poll_that_takes_results_along() -> None:
    worker = worker_of(block_ms=30_000)
    worker.register_action("noop", _noop)
    async with FloTestServer() as server, server.client() as client:
        seen = _requests(server)
        async with living(worker, server.endpoint, clock=server.clock):
            await until(lambda: exchanges_of(seen))
            await client.ping()
            await server.advance(29_000)
            assert [each.block_ms for each in exchanges_of(seen)] == [30_000]
            # One message delivers a result and waits for the next task.
            runs = [await client.action.call("noop") for _ in range(5)]
            delivered = [[each.run_id for each in one.results] for one in exchanges_of(seen)]
            assert delivered == [[], *([run.run_id] for run in runs)]
            assert [one.block_ms for one in exchanges_of(seen)] == [30_000, *[1_000] * 5]
            worker.stop()  # what the wait carries is known to be taken at once
            await until(lambda: not worker.is_running)
    assert sum(len(one.results) for one in exchanges_of(seen)) == 5


async def test_a_result_that_a_wait_carried_in_vain_is_delivered_again() -> None:
    worker = worker_of()
    worker.register_action("noop", _noop)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        refused = _refused_results(server)
        for _ in range(2):
            run = await client.action.call("noop")
            assert (run.status, run.attempt) == (RunStatus.COMPLETED, 1)
        assert len(refused) == 3


def _refused_results(server: FloTestServer) -> list[WorkerTurn]:
    """The next three exchanges with results: the server is away, and they may have arrived."""
    refused: list[WorkerTurn] = []
    submit = server.server.commit.submit

    def refuse(connection: Any, request_id: int, *rest: Any) -> None:
        request = rest[-1]
        if isinstance(request, WorkerTurn) and request.results and len(refused) < 3:
            refused.append(request)
            connection.add_answer(request_id, None, UnavailableError("away", ran="maybe"))
            connection.flush()
        else:
            submit(connection, request_id, *rest)

    vars(server.server.commit)["submit"] = refuse
    return refused


def exchanges_of(seen: list[Any]) -> list[WorkerTurn]:
    return [each for each in seen if isinstance(each, WorkerTurn)]


async def test_what_was_claimed_ahead_goes_back_when_nothing_moves() -> None:
    gate = Gate()
    worker = worker_of(concurrency=1)
    worker.register_action("noop", _noop)
    worker.register_action("slow", gate)
    async with (
        FloTestServer() as server,
        server.client() as client,
        server.client() as other,
        living(worker, server.endpoint, pace=Pace(patience_ms=0)),
    ):
        for _ in range(5):
            await client.action.call("noop")  # handlers are quick: it claims ahead
        async with client.batch() as b:
            for _ in range(4):
                b.action.invoke("slow")
        await until(lambda: gate.begun)
        tasks = await other.worker.await_tasks("v", ["slow"], count=9)
        assert {task.attempt for task in tasks} == {1}
        gate.opened.set()


async def test_runs_that_are_given_back_on_stop_have_no_attempt_counted() -> None:
    gate = Gate()
    worker = worker_of(concurrency=1, drain_timeout_ms=0)
    worker.register_action("noop", _noop)
    worker.register_action("slow", gate)
    async with FloTestServer() as server, server.client() as client:
        async with living(worker, server.endpoint):
            for _ in range(5):
                await client.action.call("noop")
            async with client.batch() as b:
                for _ in range(9):
                    b.action.invoke("slow")
            await until(lambda: gate.begun)
        runs = await client.action.list_runs("slow")
        assert {(run.status, run.attempt) for run in runs} == {(RunStatus.PENDING, 0)}


# Trouble


async def test_a_worker_cut_off_two_hundred_times_completes_every_run_exactly_once() -> None:
    chance = random.Random(3)
    handled: Counter[str] = Counter()
    worker = worker_of(concurrency=5)

    @worker.action("count", timeout_ms=600_000)
    async def count(ctx: ActionContext) -> str:
        handled[ctx.task_id] += 1
        return ctx.task_id

    async with (
        FloTestServer() as server,
        server.client() as client,
        Proxy(server.endpoint) as proxy,
    ):
        # An answer may be cut again and again; one given up would leave its runs to their leases.
        own = FloClient(proxy.endpoint, retry=HASTY, timeout_ms=120_000)
        runs: list[str] = []
        async with own, living(worker, own, pace=Pace(confirm_ms=0, retry=HASTY)) as life:
            while proxy.cuts < 200:
                proxy.cut_after_bytes = chance.randrange(1, 400)
                async with client.batch() as b:
                    for _ in range(3):
                        b.action.invoke("count")
                runs += [each.run_id for each in b.results]
                cuts = proxy.cuts
                await until(lambda: proxy.cuts > cuts or not life.has_news)  # noqa: B023 # it is awaited
            proxy.cut_after_bytes = None
            for run_id in runs:
                run = await client.action.wait(run_id)
                assert (run.status, run.attempt) == (RunStatus.COMPLETED, 1)
                assert run.output == run_id.encode()
    assert handled == Counter(runs)


async def test_after_a_restart_of_the_server_it_takes_work_again() -> None:
    worker = worker_of()
    worker.register_action("echo", lambda ctx: ctx.payload)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        assert (await client.action.call("echo", b"1")).output == b"1"
        for _ in range(3):
            await server.restart()
            assert (await client.action.call("echo", b"2")).output == b"2"


async def test_a_result_outlives_a_server_that_is_away() -> None:
    gate = Gate()
    worker = worker_of()
    worker.register_action("slow", gate)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        invoked = await client.action.invoke("slow")
        await until(lambda: gate.begun)
        refused = _refused_results(server)
        gate.opened.set()
        run = await client.action.wait(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.COMPLETED, 1)
        assert len(refused) == 3
