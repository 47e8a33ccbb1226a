"""`flo worker`: listing, draining, and running a person's own worker as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import floruntime.sync
from floruntime import ActionWorker, RunStatus
from floruntime.cli.worker.run import Reloader, banner, load
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, invoke
from tests.server.certificates import Authority

MODULE = """
import asyncio
from floruntime import ActionWorker

worker = ActionWorker("localhost:1", namespace="elsewhere", concurrency=5)
nothing = 7

@worker.action("slow")
async def slow(ctx):
    ctx.log.info("begun")
    await asyncio.sleep(float(ctx.payload))
    return ctx.namespace
"""


async def test_list_and_drain(flo: Flo, server: FloTestServer) -> None:
    assert (await flo("worker", "list")).code == 1
    worker = ActionWorker("unused", worker_id="w", labels={"gpu": "1"})
    worker.register_action("a", lambda ctx: None)
    async with server.running(worker):
        assert "w\thealthy\t0\t10\ta\tgpu=1\t" in (await flo("worker", "list")).out
        assert (await flo("worker", "list", "--json")).json["items"][0]["worker_id"] == "w"
        shown = (await flo("worker", "info", "w")).out.splitlines()
        assert shown[0] == "w: healthy, 0 of 10 running"
        assert shown[1].startswith("done 0, failed 0, since ")
        assert (await flo("worker", "drain", "w")).out == "draining: 0 running\n"
        async with asyncio.timeout(10):
            while worker.is_running:
                await server.settle()
    assert (await flo("worker", "list")).code == 1
    assert (await flo("worker", "drain", "nobody")).code == 1
    assert (await flo("worker", "info", "nobody")).code == 1


def test_the_banner_tells_who_works_where_at_what_and_no_secret() -> None:
    worker = ActionWorker("flo://s3cret@db:9000/shop", worker_id="w")
    worker.register_action("a", lambda ctx: None)
    worker.queue("mails")(lambda ctx: None)
    text = "\n".join(banner(worker))
    for told in ("worker w", "db:9000, namespace shop", "actions   a", "queues    mails", "10;"):
        assert told in text
    assert "s3cret" not in text


async def test_a_synchronous_worker_is_run_too() -> None:
    worker = floruntime.sync.ActionWorker("localhost:1")
    assert load(f"{__name__}:SYNCHRONOUS") is SYNCHRONOUS.asynchronous
    assert worker.actions == []


SYNCHRONOUS = floruntime.sync.QueueWorker("localhost:1")


async def test_flo_url_says_it_all(
    flo: Flo, server: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLO_HOST", "localhost:1")
    monkeypatch.setenv("FLO_URL", f"flo://{server.endpoint}/shop")
    assert (await asyncio.to_thread(invoke, ("kv", "put", "k", "v"))).code == 0
    async with server.client(namespace="shop") as client:
        assert await client.kv.get("k") == b"v"
    got = await asyncio.to_thread(invoke, ("-n", "other", "kv", "get", "k"))
    assert got.code == 1
    refused = await flo("--host", "flo://s3cret@host?tsl=1", "ping")
    assert (refused.code, "did you mean tls" in refused.err) == (2, True)
    assert "s3cret" not in refused.err


def started(server: FloTestServer, directory: Path, *options: str) -> subprocess.Popen[str]:
    (directory / "tasks.py").write_text(MODULE)
    flo = [sys.executable, "-m", "floruntime.cli.main", "--host", server.endpoint, "-n", "mine"]
    return subprocess.Popen(
        [*flo, "worker", "run", *(options or ("tasks:worker",))],
        cwd=directory,
        stderr=subprocess.PIPE,
        text=True,
    )


async def until_workers(server: FloTestServer, count: int) -> None:
    async with asyncio.timeout(30), server.client(namespace="mine") as client:
        while len(await client.worker.list()) != count:
            await server.settle()


async def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, log = await asyncio.to_thread(process.communicate, timeout=30)
    return process.returncode, log


async def test_processes_that_are_stopped_one_after_the_other_burn_no_attempt(
    server: FloTestServer, tmp_path: Path
) -> None:
    processes = [started(server, tmp_path) for _ in range(2)]
    await until_workers(server, 2)
    async with server.client(namespace="mine") as client:
        async with client.batch() as b:
            for _ in range(40):
                b.action.invoke("slow", "0.02")
        runs = [each.run_id for each in b.results]
        await client.action.wait(runs[3])
        processes[0].send_signal(signal.SIGTERM)
        code, log = await ended(processes[0])
        assert code == 0, log
        assert "stopping" in log
        ends = [await client.action.wait(run_id) for run_id in runs]
        processes[1].send_signal(signal.SIGINT)
        code, log = await ended(processes[1])
        assert code == 0, log
    assert {(run.status, run.attempt, run.output) for run in ends} == {
        (RunStatus.COMPLETED, 1, b"mine")
    }
    assert len({run.worker_id for run in ends}) == 2


async def test_the_log_can_be_json(server: FloTestServer, tmp_path: Path) -> None:
    process = started(server, tmp_path, "tasks:worker", "--json")
    await until_workers(server, 1)
    async with server.client(namespace="mine") as client:
        run = await client.action.call("slow", "0")
    process.terminate()
    _, log = await ended(process)
    messages = [json.loads(line)["message"] for line in log.splitlines()]
    assert f"slow {run.run_id} attempt 1: begun" in messages


TLS_MODULE = """
from floruntime import ActionWorker, FloClient

worker = ActionWorker("localhost:1")
on_a_client = FloClient("localhost:1", namespace="mine", token="t").new_action_worker()
"""


def test_every_option_of_a_connection_is_for_a_worker_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("me")
    (tmp_path / "of_tls.py").write_text(TLS_MODULE)
    monkeypatch.chdir(tmp_path)
    started: list[WorkerBase] = []

    async def start(self: WorkerBase) -> None:
        started.append(self)

    monkeypatch.setattr(WorkerBase, "start", start)
    run = ("worker", "run", "of_tls:worker")
    for options in (("--tls",), ("--tls-ca", authority.file)):
        assert invoke((*options, *run)).code == 0
        assert isinstance(started[-1].tls, ssl.SSLContext)
    assert invoke((*run, "--client-cert", cert, "--client-key", key)).code == 0
    monkeypatch.setenv("FLO_TLS_CA", authority.file)
    assert invoke(("worker", "run", "of_tls:on_a_client")).code == 0
    worker = started[-1]
    assert (worker.endpoint, worker.namespace, worker.token) == ("localhost:1", "mine", "t")
    assert isinstance(worker.tls, ssl.SSLContext)
    monkeypatch.setenv("FLO_TLS_CA", "missing.pem")
    assert "missing.pem: No such file" in invoke(run).err
    monkeypatch.delenv("FLO_TLS_CA")
    assert "--timeout is for single calls" in invoke(("--timeout", "1s", *run)).err
    refused = invoke(("--host", "file:typo", *run))
    assert (refused.code, "holds no store" in refused.err) == (3, True)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("tasks", "write MODULE:WORKER"),
        ("nowhere:worker", "no module named 'nowhere'"),
        ("tasks.py:worker", "leave out .py, tasks:worker"),
        ("tasks:missing", "tasks:missing is not there"),
        ("tasks:nothing", "tasks:nothing is a int"),
    ],
)
async def test_what_is_no_worker_is_told(
    server: FloTestServer, tmp_path: Path, target: str, says: str
) -> None:
    code, log = await ended(started(server, tmp_path, target))
    assert code == 2
    assert says in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ny = x / 0", "failed at broken.py:2: ZeroDivisionError: division by zero"),
        ("import floruntime\n\nimport nowhere", "failed at broken.py:3: ModuleNotFoundError"),
        ("def (", "failed: SyntaxError: invalid syntax (broken.py, line 1)"),
    ],
)
async def test_a_module_that_cannot_be_imported_is_told_with_its_place(
    server: FloTestServer, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "broken.py").write_text(text)
    code, log = await ended(started(server, tmp_path, "broken:worker"))
    assert code == 5
    assert f"importing broken {says}" in log
    assert "Traceback" not in log


# Reloading, without processes


class FakeProcess:
    def __init__(self) -> None:
        self.is_terminated = False

    def poll(self) -> int | None:
        return 0 if self.is_terminated else None

    def terminate(self) -> None:
        self.is_terminated = True

    def wait(self) -> int:
        assert self.is_terminated
        return 0


def test_a_changed_file_starts_the_worker_again(tmp_path: Path) -> None:
    file = tmp_path / "tasks.py"
    file.write_text("1")
    processes: list[FakeProcess] = []

    def start() -> Any:
        processes.append(FakeProcess())
        return processes[-1]

    def steps() -> Iterator[None]:
        yield  # nothing has changed
        assert len(processes) == 1
        (tmp_path / "notes.txt").write_text("no code")
        yield
        assert len(processes) == 1
        os.utime(file, ns=(1, 1))
        yield
        assert [each.is_terminated for each in processes] == [True, False]
        (tmp_path / "new.py").write_text("2")
        yield
        assert len(processes) == 3
        reloader.stop()
        yield

    reloader = Reloader(start, tmp_path)
    step = steps()
    assert reloader.run(lambda seconds: next(step)) == 0
    assert all(each.is_terminated for each in processes)
    assert len(list(step)) == 0
