"""`flo workflow`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.contexts import ActionContext
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, Result, invoke
from tests.client.workflow_texts import FAILING, SCHEDULED, definition, waiting

ECHO = definition(
    'start:\n  run: "@actions/echo"\n  transitions: {success: flo.Completed, failure: flo.Failed}\n'
)
ORDER = definition(
    'start:\n  run: "@actions/missing"\n  waitForTargetMs: 0\n  transitions: {failure: wait}\n'
    "steps:\n  wait:\n    waitForSignal: {type: go, timeoutMs: 60000}\n"
    "    transitions: {success: flo.Completed}\n"
    "searchAttributes:\n"
    "  - {name: customer, type: string, from: $.input.customer}\n"
    "  - {name: amount, type: number, from: $.input.amount}\n",
    name="order",
)
BAD = definition("start: {run: '@plan/none', transitions: {success: nowhere}}\nnonsense: 1\n")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory of definitions, and beside it a bad one."""
    directory = tmp_path / "workflows"
    directory.mkdir()
    (directory / "flow.yaml").write_text(waiting())
    (directory / "order.yml").write_text(ORDER)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


async def document(flo: Flo, *arguments: str) -> Any:
    result = await flo("workflow", *arguments, "--json")
    assert result.code == 0, result.err
    return result.json


async def synced(flo: Flo, text: str) -> None:
    assert (await flo("workflow", "sync", "-", stdin=text.encode())).code == 0


async def started(flo: Flo, text: str, *arguments: str) -> str:
    await synced(flo, text)
    name = "order" if text == ORDER else "flow"
    return (await flo("workflow", "start", name, *arguments)).out.strip()


# Definitions


def offline(*arguments: str, stdin: bytes = b"") -> Result:
    """`flo workflow` where nobody listens."""
    return invoke(("--host", "127.0.0.1:1", "workflow", *arguments), stdin)


def test_validate_needs_no_server_and_tells_every_problem_with_its_place(files: Path) -> None:
    bad = str(files / "bad.yaml")
    result = offline("validate", bad)
    assert result.code == 3
    for part in (bad, "E109", "E301", "E302", "nonsense", "nowhere", "4", "5"):
        assert part in result.out
    told = offline("validate", bad, "--json")
    assert (told.code, told.json["valid"]) == (3, False)
    assert {each["file"] for each in told.json["problems"]} == {bad}
    codes = [each["code"] for each in told.json["problems"] if each["severity"] == "error"]
    assert sorted(codes) == ["E109", "E301", "E302"]


def test_validate_takes_warnings_directories_and_standard_input(files: Path) -> None:
    good = offline("validate", str(files / "workflows"))
    assert good.code == 0
    assert good.out.count(" is valid\n") == 2
    unused = waiting() + "terminals: {Odd: {status: failed}}\n"
    piped = offline("validate", "-", "--json", stdin=unused.encode())
    assert (piped.code, piped.json["valid"]) == (0, True)
    assert [each["code"] for each in piped.json["problems"]] == ["W606"]
    assert "W606" in offline("validate", "-", stdin=unused.encode()).out


@pytest.mark.parametrize("command", ["validate", "sync"])
def test_what_cannot_be_read_is_a_usage_error(command: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for paths in (("nowhere.yaml",), (str(tmp_path / "empty"),), ("-", "-"), ()):
        assert offline(command, *paths).code == 2
    assert "nowhere.yaml" in offline(command, "nowhere.yaml").err


async def test_sync_takes_files_and_directories_over_in_one_commit(flo: Flo, files: Path) -> None:
    directory = str(files / "workflows")
    refused = await flo("workflow", "sync", directory, str(files / "bad.yaml"))
    assert refused.code == 3
    assert "nowhere" in refused.err
    assert refused.err.endswith("error: nothing was synced: 3 errors\n")
    assert (await flo("workflow", "definitions")).code == 1
    made = await flo("workflow", "sync", directory)
    lines = [line.split("\t") for line in made.out.splitlines()]
    assert [line[:3] for line in lines[1:]] == [["flow", "1", "created"], ["order", "1", "created"]]
    assert lines[1][3] == str(files / "workflows" / "flow.yaml")
    assert "W601" in made.err
    assert "'missing'" in made.err
    again = await document(flo, "sync", directory)
    assert [each["action"] for each in again] == ["unchanged", "unchanged"]
    assert again[1]["warnings"][0]["file"] == str(files / "workflows" / "order.yml")


async def test_sync_tells_problems_as_json_and_conflicts_in_a_line(flo: Flo, files: Path) -> None:
    refused = await flo("workflow", "sync", str(files / "bad.yaml"), "--json")
    assert (refused.code, refused.error["error"]) == (3, "bad_request")
    assert {each["file"] for each in refused.error["problems"]} == {str(files / "bad.yaml")}
    await synced(flo, waiting())
    other = waiting(more="description: another\n").encode()
    conflict = await flo("workflow", "sync", "-", stdin=other)
    assert conflict.code == 3
    assert "version '1'" in conflict.err


async def test_create_is_sync_by_another_name(flo: Flo, files: Path) -> None:
    made = await document(flo, "create", "-f", str(files / "workflows" / "flow.yaml"))
    assert [each["action"] for each in made] == ["created"]
    assert (await flo("workflow", "create")).code == 2


async def test_definitions_are_listed_and_printed_as_they_were_synced(flo: Flo) -> None:
    assert (await flo("workflow", "definitions")).code == 1
    await synced(flo, waiting(more="description: it waits\n"))
    await synced(flo, waiting(version="2"))
    [info] = (await document(flo, "list"))["items"]
    assert (await document(flo, "definitions"))["items"] == [info]
    assert (info["name"], info["version"], info["enabled"]) == ("flow", "2", True)
    assert (await flo("workflow", "definitions")).out.splitlines()[1].startswith("flow\t2\tyes\t")
    assert (await flo("workflow", "get", "flow")).out == waiting(version="2")
    old = await flo("workflow", "get", "flow", "--version", "1")
    assert old.out == waiting(more="description: it waits\n")
    assert (await document(flo, "get", "flow"))["yaml"] == waiting(version="2")
    assert (await flo("workflow", "get", "nope")).code == 1
    assert (await flo("workflow", "get", "flow", "--version", "9")).code == 1


async def test_disable_and_enable(flo: Flo) -> None:
    await synced(flo, waiting())
    assert (await document(flo, "disable", "flow"))["enabled"] is False
    assert (await flo("workflow", "start", "flow")).code == 3
    assert (await flo("workflow", "enable", "flow")).out == "enabled\n"
    assert (await flo("workflow", "start", "flow")).code == 0
    assert (await flo("workflow", "disable", "nope")).code == 1


async def test_a_dry_run_shows_the_difference_and_does_nothing(flo: Flo, tmp_path: Path) -> None:
    await synced(flo, waiting())
    file = tmp_path / "flow.yaml"
    file.write_text(waiting().replace("flo.Completed", "flo.Failed"))
    refused = await flo("workflow", "sync", str(file), "--dry-run")
    assert refused.code == 3
    assert "flow\t1\trefused" in refused.out
    assert "\n--- flow on the server\n" in refused.out
    assert any(
        line.startswith("-") and "flo.Completed" in line for line in refused.out.splitlines()
    )
    assert any(line.startswith("+") and "flo.Failed" in line for line in refused.out.splitlines())
    assert "refused: workflow 'flow' has a version '1' with another content" in refused.err
    file.write_text(file.read_text().replace('version: "1"', 'version: "2"'))
    updated = (await flo("--json", "workflow", "create", "-f", str(file), "--dry-run")).json
    assert (updated[0]["action"], updated[0]["current"]) == ("updated", waiting())
    assert (await document(flo, "list"))["items"][0]["version"] == "1"


# Runs


async def test_start_prints_the_run_and_status_shows_it(flo: Flo) -> None:
    run_id = await started(flo, waiting(), '{"order": 42}')
    run = await document(flo, "status", run_id)
    assert (run["status"], run["input"], run["current_step"]) == (
        *("waiting", '{"order": 42}', "start"),
    )
    shown = (await flo("workflow", "status", run_id)).out
    assert f"run         {run_id}\n" in shown
    assert "waits for   go\n" in shown
    assert run["waits_for"]["text"] == "waits for the signal go"
    assert (await flo("workflow", "status", "nope")).code == 1
    assert (await flo("workflow", "start", "nope")).code == 1


async def test_input_comes_from_an_argument_a_file_or_standard_input(
    flo: Flo, tmp_path: Path
) -> None:
    await synced(flo, waiting())
    path = tmp_path / "input.json"
    path.write_text("[1]")
    for arguments, stdin, expected in (
        ((), b"", "null"),
        (("[0]",), b"", "[0]"),
        ((f"@{path}",), b"", "[1]"),
        (("--input-file", str(path)), b"", "[1]"),
        (("-",), b"[2]", "[2]"),
    ):
        result = await flo("workflow", "start", "flow", *arguments, stdin=stdin)
        run = await document(flo, "status", result.out.strip())
        assert run["input"] == expected
    assert (await flo("workflow", "start", "flow", "[0]", "--input-file", str(path))).code == 2
    assert (await flo("workflow", "start", "flow", "--input-file", "nowhere")).code == 2
    refused = await flo("workflow", "start", "flow", "no json")
    assert refused.code == 3
    assert "input is not JSON" in refused.err


async def test_start_takes_a_version_a_run_id_and_an_idempotency_key(flo: Flo) -> None:
    await synced(flo, waiting(more="idempotency: optional\n"))
    await synced(flo, waiting(version="2"))
    options = ("--version", "1", "--run-id", "mine", "--idempotency-key", "k")
    assert (await document(flo, "start", "flow", "1", *options)) == {"run_id": "mine"}
    assert (await document(flo, "status", "mine"))["version"] == "1"
    again = ("--version", "1", "--idempotency-key", "k")
    assert (await flo("workflow", "start", "flow", "1", *again)).out == "mine\n"
    assert (await flo("workflow", "start", "flow", "2", *again)).code == 3
    assert (await flo("workflow", "start", "flow", "--run-id", "mine")).code == 3


def echo_worker() -> ActionWorker:
    worker = ActionWorker("unused", worker_id="w")

    @worker.action("echo", max_retries=0)
    async def echo(ctx: ActionContext) -> bytes:
        if ctx.payload == b'"bad"':
            raise ValueError("it is bad")
        return ctx.payload

    return worker


async def test_wait_prints_the_output_and_ends_with_the_runs_end(
    flo: Flo, server: FloTestServer
) -> None:
    async with server.running(echo_worker()):
        await synced(flo, ECHO)
        good = await flo("workflow", "start", "flow", '{"a": 1}', "--wait")
        assert (good.code, good.out) == (0, '{"a": 1}\n')
        told = await document(flo, "start", "flow", "7", "--wait")
        assert (told["output"], told["terminal"]) == ("7", "flo.Completed")
        bad = await flo("workflow", "start", "flow", '"bad"', "--wait")
        assert bad.code == 5
        assert "status      failed\n" in bad.out
        assert "it is bad" in bad.out
    await synced(flo, waiting(name="slow"))
    late = asyncio.ensure_future(flo("workflow", "start", "slow", "--wait", "--block", "1s"))
    while not server.server.commit.queries.waiters:
        await server.settle()
    await server.advance(1_000)
    assert (await late).code == 1


async def test_signals_take_a_run_to_its_end(flo: Flo, tmp_path: Path) -> None:
    run_id = await started(flo, waiting())
    (tmp_path / "data.json").write_text('{"by": "ada"}')
    assert (await flo("workflow", "signal", run_id, "go")).out == "delivered\n"
    assert (await flo("workflow", "status", run_id)).out.count("again")
    await flo("workflow", "signal", run_id, "go", f"@{tmp_path / 'data.json'}")
    run = await document(flo, "status", run_id, "--block", "5s")
    assert (run["status"], run["output"]) == ("completed", '{"by": "ada"}')
    assert (await flo("workflow", "signal", run_id, "go")).code == 3
    assert (await flo("workflow", "signal", "nope", "go")).code == 1


async def test_cancel_and_retry(flo: Flo) -> None:
    run_id = await started(flo, waiting())
    cancelled = await document(flo, "cancel", run_id, "--reason", "twice")
    assert (cancelled["status"], cancelled["error"]) == ("cancelled", "twice")
    assert (await flo("workflow", "cancel", run_id)).code == 3
    assert (await flo("workflow", "retry", run_id)).code == 3
    await synced(flo, FAILING.replace("name: flow", "name: failing"))
    failed = (await flo("workflow", "start", "failing")).out.strip()
    assert (await flo("workflow", "retry", failed)).out == "failed\n"
    types = [each["type"] for each in (await document(flo, "history", failed))["items"]]
    assert types.count("workflow_failed") == 2


async def test_history_pages(flo: Flo) -> None:
    run_id = await started(flo, waiting())
    await flo("workflow", "signal", run_id, "go")
    first = await document(flo, "history", run_id, "--limit", "2")
    assert [each["sequence"] for each in first["items"]] == [1, 2]
    rest = await document(flo, "history", run_id, "--cursor", first["cursor"])
    assert rest["items"][0]["sequence"] == 3
    everything = await document(flo, "history", run_id, "--all")
    assert everything["items"] == [*first["items"], *rest["items"]]
    lines = (await flo("workflow", "history", run_id)).out.splitlines()
    assert lines[0] == "#\ttime\ttype\tstep\tdetail\trun"
    assert lines[3].split("\t")[2:5] == ["waiting_for_signal", "start", "go"]
    assert (await flo("workflow", "history", "nope")).code == 1


async def test_history_follows_to_the_end_of_the_run(flo: Flo, server: FloTestServer) -> None:
    run_id = await started(flo, waiting())
    following = asyncio.ensure_future(flo("workflow", "history", run_id, "--follow"))
    while not server.server.commit.queries.waiters:
        await server.settle()
    async with server.client() as client:  # one command at a time has the standard streams
        for _ in range(2):
            await client.workflow.signal(run_id, "go")
    result = await asyncio.wait_for(following, 10)
    assert result.code == 0
    lines = [line.split("\t") for line in result.out.splitlines()]
    assert [int(line[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1][2] == "workflow_completed"
    told = await flo("workflow", "history", run_id, "--follow", "--json")
    assert [each["sequence"] for each in told.json_lines] == list(range(1, len(lines) + 1))
    assert (await flo("workflow", "history", run_id, "--follow", "--all")).code == 2
    assert (await flo("workflow", "history", "nope", "--follow")).code == 1


async def test_an_attribute_that_was_not_found_shows_as_nothing(flo: Flo) -> None:
    run_id = await started(flo, ORDER, json.dumps({"customer": "ada"}))
    [line] = [
        line
        for line in (await flo("workflow", "status", run_id)).out.splitlines()
        if line.startswith("attributes")
    ]
    assert "amount=-" in line
    assert "None" not in line


async def test_runs_are_found_by_workflow_status_and_attributes(flo: Flo) -> None:
    assert (await flo("workflow", "runs")).code == 1
    await synced(flo, waiting())
    flow = (await flo("workflow", "start", "flow")).out.strip()
    orders = [
        await started(flo, ORDER, json.dumps({"customer": customer, "amount": amount}))
        for customer, amount in (("ada", 99.5), ("7", 7), ("ada", 7))
    ]

    async def found(*options: str) -> list[str]:
        result = await flo("workflow", "runs", *options, "--json")
        assert result.code in (0, 1)
        return [each["run_id"] for each in result.json["items"]]

    assert await found() == [*reversed(orders), flow]
    assert await found("order") == await found("--workflow", "order") == list(reversed(orders))
    assert await found("--status", "waiting", "-w", "flow") == [flow]
    assert await found("--status", "failed") == []
    assert await found("--search", "customer=ada") == [orders[2], orders[0]]
    assert await found("--search", 'customer="7"') == [orders[1]]
    assert await found("--search", "customer=7") == []
    assert await found("--search", "amount=7") == [orders[2], orders[1]]
    assert await found("--search", "customer=ada", "--search", "amount=99.5") == [orders[0]]
    in_range = ("--search", "amount>=7", "--search", "amount<100", "--search", "customer=ada")
    assert await found(*in_range) == [orders[0], orders[2]]
    assert await found(*in_range, "--order", "oldest") == [orders[2], orders[0]]
    assert await found("--search", "amount>7") == [orders[0]]
    assert await found("--search", "amount<=7", "--search", "amount>7") == []
    lines = (await flo("workflow", "runs", "--limit", "1")).out.splitlines()
    assert lines[1].split("\t")[:4] == [orders[2], "order", "1", "waiting"]
    assert (await flo("workflow", "runs", "--status", "done")).code == 2
    assert (await flo("workflow", "runs", "order", "-w", "flow")).code == 2
    assert (await flo("workflow", "runs", "--search", "customer")).code == 2
    assert (await flo("workflow", "runs", "--search", "a>1", "--search", "a>2")).code == 2
    assert (await flo("workflow", "runs", "--search", "a>1", "--search", "b>2")).code == 3
    assert (await flo("workflow", "runs", "--order", "first")).code == 2


async def test_runs_and_jobs_are_of_a_time(flo: Flo, server: FloTestServer) -> None:
    await synced(flo, waiting())
    old, late = [
        (await flo("workflow", "start", "flow", "--run-id", name)).out.strip()
        for name in ("old", "late")
    ]
    await server.advance(3 * 3_600_000)
    new = (await flo("workflow", "start", "flow")).out.strip()
    assert (await flo("workflow", "cancel", late)).code == 0

    async def found(*options: str) -> list[str]:
        result = await flo("workflow", "runs", *options, "--json")
        return [each["run_id"] for each in result.json["items"]]

    assert await found("--since", "2h") == [new]
    assert await found("--until", "2h") == [late, old]
    assert await found("--status", "cancelled", "--since", "2h") == [late]
    assert await found("--status", "cancelled", "--until", "2h") == []
    bulk = ("workflow", "bulk", "cancel", "--since", "2h", "--dry-run", "--json")
    assert (await flo(*bulk)).json["matched"] == 1
    assert (await flo(*bulk, "--search", "x>=1")).json["matched"] == 0


# Schedules


async def test_schedules_are_listed_paused_resumed_and_triggered(
    flo: Flo, server: FloTestServer
) -> None:
    assert (await flo("workflow", "schedules")).code == 1
    await synced(flo, SCHEDULED)
    await server.settle()
    [schedule] = (await document(flo, "schedules"))["items"]
    assert (schedule["name"], schedule["interval_ms"]) == ("flow", 3_600_000)
    assert schedule["next_run_at_ms"] == server.now_ms + 3_600_000
    line = (await flo("workflow", "schedules")).out.splitlines()[1].split("\t")
    assert line[:3] == ["flow", "every 1h", "active"]
    paused = await flo("workflow", "schedules", "pause", "flow")
    assert "state     paused\n" in paused.out
    await server.advance(3_600_000)
    assert (await flo("workflow", "runs")).code == 1
    assert (await document(flo, "schedules", "resume", "flow"))["paused"] is False
    run_id = (await flo("workflow", "schedules", "trigger", "flow")).out.strip()
    assert (await document(flo, "status", run_id))["input"] == '{"by":"the clock"}'
    await synced(flo, waiting(name="none"))
    assert (await flo("workflow", "schedules", "pause", "none")).code == 1


# Drawings


async def test_a_definition_is_drawn_in_each_format(flo: Flo, tmp_path: Path) -> None:
    await synced(flo, ORDER)
    text = (await flo("workflow", "graph", "order")).out
    assert text.startswith("order 1\n")
    assert "└┄ timeout ┄┄→ ◷ flo.TimedOut\n" in text
    mermaid = (await flo("workflow", "graph", "order", "--format", "mermaid")).out
    assert "flowchart TD\n" in mermaid
    path = tmp_path / "order.svg"
    drawn = await flo("workflow", "graph", "order", "--format", "svg", "-o", str(path))
    assert (drawn.code, drawn.out) == (0, "")
    assert ElementTree.fromstring(path.read_text()).tag.endswith("svg")
    told = await document(flo, "graph", "order", "--version", "1")
    assert told == {"format": "text", "drawing": text}
    assert (await flo("workflow", "graph", "nope")).code == 1
    assert (await flo("workflow", "graph", "order", "--version", "9")).code == 1


async def test_a_run_is_drawn_on_its_own_version(flo: Flo) -> None:
    run_id = await started(flo, ORDER)
    await synced(flo, ORDER.replace('"1"', '"2"'))
    text = (await flo("workflow", "graph", "--run", run_id)).out
    assert text.startswith(f"order 1\n  run {run_id}: waiting at wait, for signal go\n")
    assert "failure ──→ wait  ✔\n" in text
    assert "\n▶ △ wait" in text
    assert (await flo("workflow", "graph", "--run", "nope")).code == 1


def test_a_file_is_drawn_without_a_server(files: Path, tmp_path: Path) -> None:
    good, bad = str(files / "workflows" / "order.yml"), str(files / "bad.yaml")
    assert offline("graph", "--file", good).out.startswith("order 1\n")
    assert offline("graph", "--file", "-", stdin=ORDER.encode()).out.startswith("order 1\n")
    refused = offline("graph", "--file", bad)
    assert refused.code == 3
    assert "nowhere" in refused.err
    assert offline("graph", "--file", good, "-o", str(tmp_path)).code == 5


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("order", "--run", "r"),
        ("--run", "r", "--file", "f"),
        ("--run", "r", "--version", "1"),
        ("order", "--format", "png"),
    ],
    ids=" ".join,
)
def test_what_to_draw_is_told_in_one_way(options: tuple[str, ...]) -> None:
    assert offline("graph", *options).code == 2


async def test_validate_asks_the_server_what_is_there(flo: Flo, files: Path) -> None:
    await flo("workflow", "sync", str(files / "workflows"))
    changed = files / "workflows" / "order.yml"
    changed.write_text(changed.read_text().replace("60000", "60001"))
    told = await flo("workflow", "validate", str(changed), "--ask-server", "--json")
    assert (told.code, told.json["valid"]) == (3, False)
    assert {each["code"] for each in told.json["problems"]} == {"E306", "W601"}
    shown = await flo("workflow", "validate", str(files / "bad.yaml"), "--ask-server")
    assert shown.code == 3
    assert "nonsense" in shown.out


def test_validate_that_asks_a_server_says_where_there_is_none(files: Path) -> None:
    assert offline("validate", str(files / "bad.yaml"), "--ask-server").code == 4
