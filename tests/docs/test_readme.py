"""README.md, run: its programs, its shell lines, its settings, its numbers, its links."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from floruntime import ActionWorker, FloClient, NotFoundError
from floruntime.core import limits
from floruntime.server.commit.local_journal import ASYNC_SYNC_MS
from floruntime.server.config import Config
from floruntime.testing import FloTestServer

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
TEXT = " ".join(README.split())


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def the_block(language: str, mark: str) -> str:
    """The one block that contains `mark`."""
    [found] = [block for block in blocks(language) if mark in block]
    return found


async def run(block: str, **names: Any) -> dict[str, Any]:
    """Execute a block in which `await` may stand anywhere; what it defined."""
    code = compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if result is not None:
        await result
    return names


# Programs

LINES_MAX = 250
TESTED = [
    *("client.batch()", "asyncio.run", "floruntime.sync", "cas_version=put.version"),
    *("ActionWorker(", "action.call(", "comes_back", "workflow.sync_dir(", "web.FloClient("),
]
SHOP = '''"""Checks orders and charges cards."""

from floruntime import ActionContext, ActionResult, ActionWorker

worker = ActionWorker("localhost:9000", namespace="myapp")


@worker.action("check-order")
async def check_order(ctx: ActionContext) -> ActionResult:
    return ctx.result("needs_approval" if ctx.json()["amount"] > 1_000 else "success")


@worker.action("charge-card")
async def charge_card(ctx: ActionContext) -> dict:
    return {"charged": ctx.json()["amount"]}
'''
MAILER = '''"""Sends mail, or would."""


def send(mail: dict, key: str) -> None:
    """It is gone."""
'''


def make_app(directory: Path) -> None:
    """The person's own package: the README's worker, and what it uses."""
    package = directory / "myapp"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "mailer.py").write_text(MAILER)
    (package / "tasks.py").write_text(the_block("python", "ActionWorker("))
    (package / "shop.py").write_text(SHOP)
    (directory / "workflows").mkdir()
    [definition] = blocks("yaml")
    (directory / "workflows" / "order.yaml").write_text(definition)


def the_shop() -> ActionWorker:
    """The worker of the README's workflow."""
    names: dict[str, Any] = {}
    exec(SHOP, names)
    worker: ActionWorker = names["worker"]
    return worker


def test_no_python_block_goes_untested() -> None:
    marks = [[mark for mark in TESTED if mark in block] for block in blocks("python")]
    assert all(marks)
    assert len(blocks("python")) == len(TESTED)


async def test_the_batch_does_all_that_it_says() -> None:
    async with FloTestServer() as server, server.client() as client:
        for _ in range(7):
            await client.kv.put("order:42", b"{}")
        await client.queue.enqueue("orders", b"42")
        [message] = (await client.queue.dequeue("orders")).messages
        block = the_block("python", "client.batch()")
        await run(block, client=client, message=message, document=b'{"paid": true}')
        assert await client.kv.get("order:42") == b'{"paid": true}'
        assert (await client.queue.stats("orders")).acked_total == 1
        assert (await client.queue.stats("emails")).delayed == 1
        assert (await client.stream.info("events")).count == 1


def test_the_first_program(capsys: pytest.CaptureFixture[str]) -> None:
    program = the_block("python", "asyncio.run")
    exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == "b'Hello, Flo!'\n"


def test_the_first_program_without_await(capsys: pytest.CaptureFixture[str]) -> None:
    program = the_block("python", "floruntime.sync")
    exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == "b'Hello, Flo!'\n"


async def test_the_first_program_on_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = the_block("python", "asyncio.run").replace("memory://", f"file:{tmp_path}")
    main = (await run(program.replace("asyncio.run(main())", ""), __name__="x"))["main"]
    await main()
    await main()
    assert capsys.readouterr().out == "b'Hello, Flo!'\n" * 2


async def test_kv(capsys: pytest.CaptureFixture[str]) -> None:
    async with FloTestServer() as server, server.client() as client:
        await run(the_block("python", "cas_version=put.version"), client=client)
        assert await client.kv.json_get("config", "$.retries") == 7
        assert await client.kv.get("visits") == b"1"
        assert f"session:ada {server.now_ms + 30 * 60_000}" in capsys.readouterr().out


async def test_a_web_page_and_its_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shell lines, first on a stopped server's data, then asking it; then the page."""
    [stopped, asking] = [line for line in shell_lines("flo") if line[0] == "token"]
    code, output = await flo(stopped, "nowhere", tmp_path)
    assert code == 0, output
    async with FloTestServer(str(tmp_path / "flo-data")) as server:
        admin = token_in(output)
        code, output = await flo(asking, server.endpoint, tmp_path, FLO_TOKEN=admin)
        assert code == 0, output
        async with server.client(token=admin, namespace="shop") as client:
            await client.kv.put("flag:new-checkout", b"on")
            block = the_block("python", "web.FloClient(")
            block = block.replace("ws://localhost:9000/ws", server.web_endpoint)
            await run(block, token=token_in(output))
            assert "b'on'" in capsys.readouterr().out
            assert (await client.stream.read("chat")).records[0].payload == b"hello"


def token_in(output: str) -> str:
    [token] = re.findall(r"^flo_\S+$", output, re.M)
    return str(token)


async def test_the_test_passes() -> None:
    defined = await run(the_block("python", "comes_back"), __name__="x")
    await defined["test_a_lost_message_comes_back"]()


async def finished(*command: str, directory: Path, **environment: str) -> tuple[int, str]:
    """Run a command to its end; its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "PYTHONPATH": str(directory), **environment},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_actions(tmp_path: Path) -> None:
    """The worker as a process, the calls from Python, the invocation from the shell."""
    make_app(tmp_path)
    [[*work], [*invoke]] = [line for line in shell_lines("flo") if line[0] in ("worker", "action")]
    async with FloTestServer() as server, server.client(namespace="myapp") as client:
        worker = await start_flo(work, server.endpoint, tmp_path, namespace="myapp")
        try:
            await until_registered(client, "send-email")
            await run(the_block("python", "action.call("), client=client)
            [_, first] = await client.action.list_runs("send-email")
            assert first.status == "completed"
            command = (sys.executable, "-m", "floruntime", *invoke)
            code, output = await finished(
                *command, directory=tmp_path, FLO_HOST=server.endpoint, FLO_NAMESPACE="myapp"
            )
            assert code == 0, output
            assert "sent" in output
        finally:
            worker.terminate()
            await worker.wait()


async def test_workflows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The definition, the calls from Python, and the shell lines, on one server."""
    make_app(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = [line for line in shell_lines("flo") if line[0] == "workflow"]
    assert [line[1] for line in lines] == ["validate", "sync", "start", "history", "graph"]
    async with (
        FloTestServer() as server,
        server.client(namespace="myapp") as client,
        server.running(the_shop()),
    ):
        await run(the_block("python", "workflow.sync_dir("), client=client)
        assert "completed b'{\"charged\":9000}'" in capsys.readouterr().out
        for arguments in lines:
            code, output = await finished(
                *(sys.executable, "-m", "floruntime", *arguments),
                directory=tmp_path,
                FLO_HOST=server.endpoint,
                FLO_NAMESPACE="myapp",
            )
            assert code == 0, (arguments, output)
            assert output, arguments
        assert (await client.workflow.status("order-124")).status == "completed"


async def start_flo(
    arguments: list[str], endpoint: str, directory: Path, *, namespace: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "floruntime", *arguments),
        env={
            **os.environ,
            "PYTHONPATH": str(directory),
            "FLO_HOST": endpoint,
            "FLO_NAMESPACE": namespace,
        },
        cwd=directory,
    )


async def until_registered(client: FloClient, action: str) -> None:
    """Wait until a worker process has made the action known."""
    async with asyncio.timeout(20):
        while True:
            try:
                await client.action.get(action)
            except NotFoundError:
                await asyncio.sleep(0)
            else:
                return


async def test_the_calls_named_in_passing_exist() -> None:
    async with FloClient("memory://") as client:
        for name in re.findall(r"`client\.(kv|queue|stream)\.(\w+)\(", README):
            assert hasattr(getattr(client, name[0]), name[1]), name


# The shell


def shell_lines(program: str) -> list[list[str]]:
    """The lines that call `program`, as words."""
    lines = "".join(blocks("console")).splitlines()
    words = [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]
    return [line[1:] for line in words if line[0] == program]


async def flo(
    arguments: list[str], endpoint: str, directory: Path, **environment: str
) -> tuple[int, str]:
    """Run `flo ARGUMENTS`; its exit code and output. `--follow` ends at the first line."""
    command = (sys.executable, "-m", "floruntime", *arguments)
    if "--follow" not in arguments:
        return await finished(*command, directory=directory, FLO_HOST=endpoint, **environment)
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "FLO_HOST": endpoint},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    process.terminate()
    await process.wait()
    return 0, line.decode()


async def test_the_shell_lines_work(tmp_path: Path) -> None:
    assert len(shell_lines("flo")) >= 5
    async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
        await client.stream.append("events", b"first")
        for arguments in shell_lines("flo"):
            if arguments[0] in ("server", "worker", "action", "workflow", "token"):
                continue  # in tests of their own
            if "--follow" in arguments:
                arguments = [*arguments, "--start", "0"]
            code, output = await flo(arguments, server.endpoint, tmp_path)
            assert code == 0, (arguments, output)
            assert output, arguments
        assert await client.kv.get("greeting") == b"Hello"
        entry = await client.kv.entry("greeting")
        assert entry is not None
        assert entry.expires_at_ms == server.now_ms + 30 * 60_000
        assert (await client.queue.peek("tasks")).messages[0].priority == 5
        assert (tmp_path / "backups" / "today" / "FORMAT").exists()


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.M))
    pages = README + (ROOT / "CONTRIBUTING.md").read_text() + (ROOT / "bench/README.md").read_text()
    named = {words[0] for words in shell_lines("make")} | set(re.findall(r"`make (\w+)", pages))
    assert {"run", "test", "check", "demo", "bench"} <= named
    assert named <= targets


# Length, numbers, links


def test_it_is_short_enough_to_be_read() -> None:
    assert README.count("\n") < LINES_MAX


def test_numbers_are_the_constants() -> None:
    for sentence, holds in {
        "The last 1,024 writes of a client are remembered, for ten minutes": (
            (limits.SESSION_WRITES_MAX, limits.SESSION_AGE_MS_MAX) == (1024, 600_000)
        ),
        "A batch of up to 1,000 commands": limits.BATCH_COMMANDS_MAX == 1000,
        "at most 1 MiB by default, 16 MiB if configured": (
            (limits.VALUE_BYTES_DEFAULT, limits.VALUE_BYTES_CEILING) == (2**20, 16 * 2**20)
        ),
        "up to 0.1 s may be lost": ASYNC_SYNC_MS == 100,
        "localhost:9000": Config().port == 9000,
    }.items():
        assert sentence in TEXT
        assert holds, sentence
    assert "Python 3.11 or newer" in TEXT
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"]
PAGES += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", text):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)", path.read_text(), re.M)
            known = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            assert anchor[1:] in known, anchor


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/keyspace.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    for name in re.findall(r"`([\w/]+\.py)\b", (ROOT / page).read_text()):
        places = [ROOT / name, *(ROOT / "src/floruntime").rglob(name)]
        assert any(place.exists() for place in places), name
