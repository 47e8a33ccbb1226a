"""`floruntime[cli]` is enough for an operator, and for who runs workers: no store, no server."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT = ("rocksdict", "sortedcontainers", "uvloop", "cronsim", "tzdata", "jwt", "h11")
PROGRAM = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {without!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)

sys.meta_path.insert(0, Blocked())
from floruntime.cli.entry import main
sys.argv = ["flo", *{arguments!r}]
main()
"""


def run(*arguments: str) -> tuple[int, str]:
    program = PROGRAM.format(without=set(WITHOUT), arguments=list(arguments))
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    return ran.returncode, (ran.stdout + ran.stderr).decode()


def test_what_the_command_line_imports_comes_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    names = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in needed}
    allowed = names - {"pyyaml"} | {"yaml", "floruntime", "__future__"} | sys.stdlib_module_names
    for path in (ROOT / "src" / "floruntime" / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported = {each.name for each in node.names}
            else:
                imported = {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
            assert {each.partition(".")[0] for each in imported} <= allowed, path


@pytest.mark.parametrize(
    "group", ["kv", "queue", "stream", "action", "worker", "workflow", "ns", "token"]
)
def test_each_group_shows_its_help(group: str) -> None:
    code, text = run(group, "--help")
    assert code == 0, text
    assert "Usage" in text


def test_a_server_that_is_not_there_is_told() -> None:
    code, text = run("--host", "127.0.0.1:1", "kv", "get", "k")
    assert (code, "connection refused" in text) == (4, True), text


def test_a_definition_is_checked() -> None:
    code, text = run("workflow", "validate", "examples/workflows/process-order.yaml")
    assert code == 0, text


def test_a_worker_says_where_it_cannot_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tasks.py").write_text(
        "from floruntime import ActionWorker\n"
        "worker = ActionWorker('127.0.0.1:1')\n"
        "worker.register_action('a', print)\n"
    )
    monkeypatch.chdir(tmp_path)
    code, text = run("worker", "run", "tasks:worker")
    assert (code, "actions   a" in text, "connection refused" in text) == (4, True, True), text


def test_what_needs_the_server_says_what_is_missing() -> None:
    code, text = run("server", "start", "--data-dir", "/nowhere")
    assert code == 5, text
    assert "floruntime[server]" in text
