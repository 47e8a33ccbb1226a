"""What docs/operations.md tells people to type is there: commands, their options, settings."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import pytest
import typer.main
from scripts.generate_cli_docs import walk
from scripts.sections import DOCS

from floruntime.cli.main import app
from floruntime.server.config import make_config

PAGE = (DOCS / "operations.md").read_text()
COMMANDS = dict(walk(typer.main.get_command(app)))
TOLD = sorted(
    {
        " ".join(text.split())
        for text in re.findall(r"(?:`|[/ ])(flo [a-z][^`\n|]*(?:\n[^`\n|]+)?)`", PAGE)
        + re.findall(r"^ExecStart\w*=\S*/(flo .*)$", PAGE, re.M)
    }
)


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words call, and what follows them."""
    path: tuple[str, ...] = ("flo",)
    for place, word in enumerate(words[1:], 1):
        if (*path, word) not in COMMANDS:
            return COMMANDS[path], words[place:]
        path = *path, word
    return COMMANDS[path], []


@pytest.mark.parametrize("told", TOLD)
def test_each_command_is_there_with_its_options(told: str) -> None:
    words = shlex.split(told)
    command, rest = command_of(words)
    assert command is not COMMANDS[("flo",)], f"there is no such command: {told}"
    assert not hasattr(command, "list_commands"), f"a group, and not a command: {told}"
    options = {name for each in command.params for name in each.opts}
    assert {word for word in rest if word.startswith("-")} <= options
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    given = [word for word in rest if word[0].isupper() or word.startswith("DIR")]
    assert len(given) <= len(arguments) or not arguments, told


def test_there_are_some() -> None:
    assert len(TOLD) > 15


def test_the_settings_are_some() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    settings = tomllib.loads(text)
    assert "admin_token_file" in settings
    make_config({name: value for name, value in settings.items() if value != ""})


def test_the_alerts_are_those_of_the_rules() -> None:
    rules = (DOCS.parent / "packaging" / "prometheus" / "flo.rules.yml").read_text()
    named = re.findall(r"^ +- alert: (\w+)$", rules, re.M)
    assert sorted(re.findall(r"^\| `(Flo\w+)` \|", PAGE, re.M)) == sorted(named)
