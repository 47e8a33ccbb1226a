"""`flo action`, `flo worker`, `flo workflow` and `flo token`, as API.md promises them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from floruntime import ActionContext, ActionWorker
from floruntime.testing import FloTestServer
from tests.acceptance.test_cli import document
from tests.cli.conftest import Flo, invoke

ORDER = """\
kind: Workflow
name: process-order
version: "1.0.0"
start:
  run: "@actions/check"
  transitions: {success: approval, failure: flo.Failed}
steps:
  approval:
    waitForSignal: {type: approval_decision, timeoutMs: 60000}
    transitions: {success: flo.Completed}
searchAttributes:
  - {name: customer, type: string, from: $.input.customer}
"""
NIGHTLY = """\
kind: Workflow
name: nightly
version: "1"
schedule: {cron: "0 3 * * *"}
start:
  run: "@actions/check"
  transitions: {success: flo.Completed, failure: flo.Failed}
"""


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    (tmp_path / "order.yaml").write_text(ORDER)
    (tmp_path / "nightly.yml").write_text(NIGHTLY)
    return tmp_path


def checker() -> ActionWorker:
    worker = ActionWorker("unused", worker_id="checker")

    @worker.action("check", max_retries=0)
    async def check(ctx: ActionContext) -> Any:
        if ctx.payload == b'"bad"':
            raise ValueError("it is bad")
        return {"checked": ctx.json()}

    return worker


async def codes(flo: Flo, *lines: str) -> None:
    """Each command ends with the code before it, and says in one line why it did not succeed."""
    for line in lines:
        code, *arguments = line.split()
        result = await flo(*arguments)
        assert result.code == int(code), (line, result.err)
        if result.code > 1:
            assert result.err.startswith("error: ")
            assert (result.out, result.err.count("\n")) == ("", 1)


# action


async def test_actions_and_their_runs(flo: Flo, server: FloTestServer) -> None:
    info = await document(
        flo, "action", "register", "job", "--timeout-ms", "60000", "--max-retries", "0"
    )
    assert (info["name"], info["timeout_ms"], info["max_retries"]) == ("job", 60_000, 0)
    assert [each["name"] for each in (await document(flo, "action", "list"))["items"]] == ["job"]
    run_id = (await flo("action", "invoke", "job", "in", "--priority", "3")).out.strip()
    run = await document(flo, "action", "status", run_id)
    assert (run["status"], run["input"], run["priority"]) == ("pending", "in", 3)
    again = await document(flo, "action", "invoke", "job", "x", "--idempotency-key", "k")
    same = await document(flo, "action", "invoke", "job", "x", "--idempotency-key", "k")
    assert (again["created"], same) == (True, {"run_id": again["run_id"], "created": False})
    listed = await document(flo, "action", "runs", "job", "--status", "pending")
    assert [each["run_id"] for each in listed["items"]] == [again["run_id"], run_id]
    await codes(
        flo,
        f"0 action cancel {run_id} --reason because",
        f"3 action cancel {run_id}",
        "3 action invoke job y --idempotency-key k",
        "3 action delete job",
        "0 action disable job",
        "3 action invoke job",
        "0 action enable job",
        "0 action delete job --force",
        "1 action invoke job",
        "1 action get job",
        "1 action list",
        "1 action status nope",
        "1 action cancel nope",
        "2 action runs --status nope",
        "2 action invoke",
        "2 action register job --max-retries many",
        "3 action register job --timeout-ms 0",
    )
    assert (await document(flo, "action", "status", run_id))["error"] == "because"


async def test_invoke_waits_for_the_result(flo: Flo, server: FloTestServer) -> None:
    async with server.running(checker()):
        done = await flo("action", "invoke", "check", "[1]", "--wait")
        assert (done.code, json.loads(done.out)) == (0, {"checked": [1]})
        assert (await flo("action", "invoke", "check", '"bad"', "--wait")).code == 5


# worker


async def test_workers_are_listed_and_drained(flo: Flo, server: FloTestServer) -> None:
    await codes(flo, "1 worker list", "1 worker drain checker")
    worker = checker()
    worker.endpoint = server.endpoint
    life = asyncio.create_task(worker.start())
    await worker.at_work.wait()
    [row] = (await document(flo, "worker", "list"))["items"]
    assert (row["worker_id"], row["actions"], row["healthy"]) == ("checker", ["check"], True)
    assert (await flo("worker", "drain", "checker")).code == 0
    await asyncio.wait_for(life, 20)


async def test_a_worker_of_ones_own_is_run_until_sigterm(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(
        "from floruntime import ActionWorker\n"
        "worker = ActionWorker('localhost:9000', namespace='else')\n"
        "@worker.action('greet')\n"
        "async def greet(ctx):\n"
        "    return f'hello {ctx.json()} from {ctx.namespace}'\n"
    )
    async with FloTestServer() as server, server.client(namespace="shop") as client:
        await client.action.register("greet")
        command = ("--host", server.endpoint, "-n", "shop", "worker", "run", "tasks:worker")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "floruntime", *command), cwd=tmp_path
        )
        run = await client.action.call("greet", b'"ada"')
        assert run.output == b"hello ada from shop"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert await client.worker.list() == []
    for wrong in ("tasks", "nothing_here:worker", "os:path"):
        assert (await asyncio.to_thread(invoke, ("worker", "run", wrong))).code == 2


# workflow


async def test_definitions_are_checked_and_taken_over(flo: Flo, workflows: Path) -> None:
    bad = workflows / "bad.yaml"
    bad.write_text(ORDER.replace("flo.Failed", "nowhere").replace("start:", "begin:"))
    assert (await flo("workflow", "validate", str(workflows / "order.yaml"))).code == 0
    checked = await flo("--json", "workflow", "validate", str(bad))
    assert checked.code == 3
    told = {(each["line"], each["path"]) for each in checked.json["problems"]}
    assert (4, "begin") in told
    assert (await flo("workflow", "sync", str(workflows))).code == 3
    assert (await flo("workflow", "list")).code == 1, "nothing was synced"
    bad.unlink()
    synced = await document(flo, "workflow", "sync", str(workflows))
    wanted = {"process-order": "created", "nightly": "created"}
    assert {each["name"]: each["action"] for each in synced} == wanted
    again = await document(flo, "workflow", "sync", str(workflows / "order.yaml"))
    assert [each["action"] for each in again] == ["unchanged"]
    changed = ORDER.replace("60000", "70000").encode()
    assert (await flo("workflow", "sync", "-", stdin=changed)).code == 3
    newer = changed.replace(b"1.0.0", b"1.1.0")
    assert (await document_of(flo, "sync", "-", stdin=newer))[0]["action"] == "updated"
    assert (await flo("workflow", "get", "process-order")).stdout == newer
    assert (await flo("workflow", "get", "process-order", "--version", "1.0.0")).out == ORDER


async def document_of(flo: Flo, *arguments: str, stdin: bytes) -> Any:
    result = await flo("--json", "workflow", *arguments, stdin=stdin)
    assert result.code == 0, result.err
    return result.json


async def test_runs_from_start_to_end(flo: Flo, server: FloTestServer, workflows: Path) -> None:
    async with server.running(checker()):
        await flo("workflow", "sync", str(workflows))
        order = ("process-order", '{"customer": "ada"}')
        run_id = (await flo("workflow", "start", *order)).out.strip()
        await server.settle()
        run = await document(flo, "workflow", "status", run_id)
        assert (run["status"], run["wait_signal"]) == ("waiting", "approval_decision")
        assert json.loads(run["input"]) == {"customer": "ada"}
        found = await document(flo, "workflow", "runs", "--search", "customer=ada")
        assert [each["run_id"] for each in found["items"]] == [run_id]
        assert (await flo("workflow", "signal", run_id, "approval_decision", '{"ok":1}')).code == 0
        done = await document(flo, "workflow", "status", run_id)
        assert (done["status"], json.loads(done["output"])) == ("completed", {"ok": 1})
        history = (await document(flo, "workflow", "history", run_id))["items"]
        assert history[0]["type"] == "workflow_started"
        assert history[-1]["type"] == "workflow_completed"
        mine = await document(flo, "workflow", "start", *order, "--run-id", "mine")
        assert mine["run_id"] == "mine"
        await codes(
            flo,
            "3 workflow start process-order {} --run-id mine",
            "0 workflow cancel mine --reason because",
            "3 workflow cancel mine",
            "3 workflow signal mine approval_decision",
            "3 workflow retry mine",
            "1 workflow status nope",
            "1 workflow history nope",
            "1 workflow signal nope go",
            "1 workflow start nope",
            "3 workflow start process-order {",
            "1 workflow start process-order --version 9",
            "2 workflow runs --status nope",
            "0 workflow disable process-order",
            "3 workflow start process-order",
            "0 workflow enable process-order",
        )
        failed = (await flo("workflow", "start", "process-order", '"bad"')).out.strip()
        await server.settle()
        status = await document(flo, "workflow", "status", failed)
        assert (status["status"], "it is bad" in status["error"]) == ("failed", True)
        assert (await flo("workflow", "retry", failed)).code == 0
        ended = await flo("workflow", "start", "process-order", '"bad"', "--wait")
        assert ended.code == 5


async def test_schedules_and_drawings(flo: Flo, workflows: Path) -> None:
    assert (await flo("workflow", "schedules")).code == 1
    await flo("workflow", "sync", str(workflows))
    [row] = (await document(flo, "workflow", "schedules"))["items"]
    assert (row["name"], row["cron"], row["paused"]) == ("nightly", "0 3 * * *", False)
    assert (await flo("workflow", "schedules", "pause", "nightly")).code == 0
    assert (await document(flo, "workflow", "schedules"))["items"][0]["paused"] is True
    started = (await flo("workflow", "schedules", "trigger", "nightly")).out.strip()
    assert (await flo("workflow", "status", started)).code == 0
    assert (await flo("workflow", "schedules", "pause", "process-order")).code == 1
    for form, mark in (("text", "approval"), ("mermaid", "flowchart"), ("svg", "<svg")):
        drawn = await flo("workflow", "graph", "process-order", "--format", form)
        assert (drawn.code, mark in drawn.out) == (0, True)


# token


async def test_the_first_token_is_asked_of_everybody(
    flo: Flo, server: FloTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = (await document(flo, "token", "create", "--role", "admin"))["token"]
    await codes(flo, "3 kv get k", f"1 --token {admin} kv get k", "3 --token x kv get k")
    monkeypatch.setenv("FLO_TOKEN", admin)
    made = await document(
        flo, "token", "create", "--role", "backend", "--namespace", "shop", "--expires", "12h"
    )
    assert made["expires_at_ms"] - made["created_at_ms"] == 12 * 3_600_000
    limited = f"--token {made['token']}"
    await codes(
        flo,
        f"0 {limited} -n shop kv put k v",
        f"3 {limited} kv put k v",
        f"3 {limited} -n shop token list",
        f"0 token revoke {made['id']}",
        f"3 {limited} -n shop kv get k",
        "2 token create --role king",
        "2 token create",
    )
    rows = (await document(flo, "token", "list"))["items"]
    assert {(each["role"], each["revoked_at_ms"] is None) for each in rows} == {
        ("admin", True),
        ("backend", False),
    }
    assert admin not in json.dumps(rows)


def test_a_token_is_made_on_the_data_of_a_stopped_server(tmp_path: Path) -> None:
    directory = str(tmp_path / "data")
    made = invoke(("token", "create", "--role", "admin", "--data-dir", directory, "--create"))
    assert made.code == 0
    assert re.fullmatch(r"\S+\n", made.out), "only the token"
    listed = invoke(("--json", "token", "list", "--data-dir", directory))
    assert [each["role"] for each in listed.json["items"]] == ["admin"]

    async def refused() -> None:
        async with FloTestServer(directory) as server:
            async with server.client(token=made.out.strip()) as client:
                assert await client.kv.get("k") is None
            result = await asyncio.to_thread(invoke, ("--host", server.endpoint, "kv", "get", "k"))
            assert result.code == 3

    asyncio.run(refused())
