"""Every command and option explains itself, in the terminal and in docs/cli.md."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import COMMAND, invoke

ROOT = Path(__file__).parents[2]


def _generator() -> Any:
    file = ROOT / "scripts" / "generate_cli_docs.py"
    spec = importlib.util.spec_from_file_location("generate_cli_docs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
COMMANDS = {" ".join(path): command for path, command in GENERATOR.walk(COMMAND)}
EXPECTED = {
    "flo worker": "drain info list run",
    "flo": "action backup cluster console jobs kv ns ping queue server stream token top verify "
    "worker workflow",
    "flo jobs": "cancel list status wait",
    "flo action": "bulk cancel counts delete disable enable get invoke limits list register retry "
    "runs schedule schedules status unschedule",
    "flo action schedules": "pause resume trigger",
    "flo kv": "delete entry exists get history incr json-del json-get json-set mget persist put "
    "scan touch watch",
    "flo queue": "ack bulk configure delete dequeue dlq enqueue list nack pause peek promote "
    "purge resume stats touch",
    "flo queue dlq": "delete list purge requeue",
    "flo stream": "alter append create delete group info list read trim",
    "flo stream group": "ack bulk claim configure create dead dead-delete dead-requeue delete "
    "info join leave list nack pending read seek touch",
    "flo ns": "create delete list",
    "flo server": "info start",
    "flo token": "create list mint revoke whoami",
    "flo workflow": "bulk cancel counts create definitions disable enable fork get graph history "
    "list new pause resume retry runs schedules signal start status sync use validate versions",
    "flo workflow schedules": "pause resume trigger",
}


@pytest.mark.parametrize("group", EXPECTED)
def test_a_group_has_its_commands(group: str) -> None:
    assert " ".join(sorted(COMMANDS[group].list_commands(None))) == EXPECTED[group]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_a_help_text(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    if not hasattr(command, "list_commands"):
        assert command.epilog, "a command has examples"
    for parameter in command.params:
        assert parameter.help, parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_shown(name: str) -> None:
    words = name.split()[1:]
    result = invoke((*words, "--help"))
    assert result.code == 0
    assert result.out.startswith(f"Usage: {name}")
    if not hasattr(COMMANDS[name], "list_commands"):
        assert "Examples:\n    flo " in result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_name_commands_and_options_that_exist(name: str) -> None:
    command = COMMANDS[name]
    for line in (command.epilog or "").splitlines():
        if name == "flo" or " flo " not in f" {line}":
            continue
        words = f" {line.strip()}".partition(" flo ")[2].partition("|")[0].split()
        options = {option for parameter in command.params for option in parameter.opts}
        options |= {option for parameter in COMMANDS["flo"].params for option in parameter.opts}
        assert name.split()[1] in words
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_page_of_commands_is_current() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == GENERATOR.document(), "run scripts/generate_cli_docs.py"
    for name in COMMANDS:
        assert f"# {name}\n" in page


def test_a_shell_can_complete_commands() -> None:
    environment = {
        **os.environ,
        "_FLO_COMPLETE": "complete_bash",
        "COMP_WORDS": "flo kv json",
        "COMP_CWORD": "2",
    }
    result = subprocess.run(
        [sys.executable, "-m", "floruntime"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.split() == ["json-get", "json-set", "json-del"]


def test_a_command_loads_neither_the_server_nor_rich() -> None:
    script = (
        "import sys, typer\n"
        "known = set(sys.modules)\n"
        "from floruntime.cli.main import main\n"
        "try: main(['--host', '127.0.0.1:1', 'kv', 'get', 'key'])\n"
        "except SystemExit as end: assert end.code == 4\n"
        "heavy = ('rich', 'floruntime.server', 'floruntime.engine', 'floruntime.cli.stream')\n"
        "print([name for name in heavy if name in sys.modules and name not in known])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.stdout == "[]\n"
