"""Each option of `flo` itself works for a command, or the command refuses it by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from floruntime.cli.base.client import CommandClient
from tests.cli.conftest import COMMAND, invoke
from tests.cli.test_help import GENERATOR

OPTIONS: dict[str, tuple[tuple[str, ...], Any]] = {
    "host": (("--host", "elsewhere:1"), "elsewhere:1"),
    "namespace": (("--namespace", "shop"), "shop"),
    "token": (("--token", "secret"), "secret"),
    "timeout_ms": (("--timeout", "7s"), 7_000),
    "is_wanted": (("--tls",), True),
    "ca": (("--tls-ca", "ca.pem"), "ca.pem"),
    "client_cert": (("--client-cert", "cert.pem"), "cert.pem"),
    "client_key": (("--client-key", "key.pem"), "key.pem"),
    "reads": (("--reads", "local"), "local"),
    "max_staleness_ms": (("--max-staleness", "9s"), 9_000),
}
"""Every option of the root but `--json` and `--create`: as it is written, and its value."""
SPECIAL = {"server start", "top", "verify", "worker run", "workflow new", "workflow validate"}
"""What does not connect by a `CommandClient`; each has a test of its own."""


def every_command() -> list[tuple[str, Any]]:
    walked = GENERATOR.walk(COMMAND)
    ends = [(path[1:], command) for path, command in walked if not hasattr(command, "commands")]
    ends.append((("workflow", "schedules"), None))  # a group that is a command, too
    ends.append((("action", "schedules"), None))
    return [(" ".join(path), command) for path, command in ends if " ".join(path) not in SPECIAL]


COMMANDS = every_command()


def needed(command: Any) -> list[str]:
    """Values for all that the command must be given."""
    values = []
    for each in command.params if command is not None else ():
        if each.required:
            text = {"role": "admin", "min_idle": "1s"}.get(each.name, "1-1")
            values += [text] if each.param_type_name == "argument" else [each.opts[0], text]
    return values


class Made(Exception):
    """A client was made with these settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__("a client was made")
        self.settings = settings


@pytest.fixture
def _no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are not made, files of TLS not read; what was asked for comes out as `Made`."""

    def made(self: CommandClient, endpoint: str, **settings: Any) -> None:
        tls = settings.pop("tls")
        raise Made({"host": endpoint, **tls._asdict(), **settings})

    monkeypatch.setattr(CommandClient, "__init__", made)
    monkeypatch.setattr("floruntime.cli.base.tls.Tls.context", lambda self: self)


@pytest.mark.usefixtures("_no_client")
@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_works_or_is_refused(
    name: str, command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLO_DEBUG", "1")  # lets exceptions through
    (tmp_path / "1-1").write_text("kind: Workflow")  # what commands of files are pointed at
    more = ["order"] if name == "workflow graph" else []
    own = (*name.split(), *needed(command), *more)
    options = dict(OPTIONS)
    found = settings_given(options, own)
    assert found == {option: value for option, (_, value) in options.items()}
    assert settings_given({"host": (("--create", "--host", "file:data"), "")}, own)


def settings_given(options: dict[str, Any], own: tuple[str, ...]) -> dict[str, Any]:
    """With which of the settings in `options` the command connects; takes out what it refuses."""
    try:
        invoke((*(word for written, _ in options.values() for word in written), *own))
    except Made as client:
        return {option: client.settings[option] for option in options}
    except typer.BadParameter as refusal:
        told = refusal.message.split()[0]  # its name, or this fails
        del options[next(option for option, (written, _) in options.items() if written[0] == told)]
        return settings_given(options, own)
    raise AssertionError("it did not connect")


def test_json_is_for_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, command in COMMANDS:
        told = invoke((*name.split(), *needed(command), "--json", "--host", "no host"))
        assert told.code != 0, name
        assert told.error["error"], name


# What does not connect like the others


@pytest.mark.parametrize("option", [*(written for written, _ in OPTIONS.values()), ("--create",)])
@pytest.mark.parametrize("command", ["server start --port 70000", "verify data"])
def test_what_needs_no_server_refuses_the_options_of_clients(
    command: str, option: tuple[str, ...]
) -> None:
    told = invoke((*option, *command.split()))
    assert told.code == 2
    assert f"error: Invalid value: {option[0]} " in told.err


@pytest.mark.parametrize("command", ["token list", "token revoke x", "token create --role web"])
@pytest.mark.parametrize("option", ["host", "token", "is_wanted", "ca", "client_cert"])
def test_a_token_on_a_directory_needs_no_options_of_a_server(command: str, option: str) -> None:
    told = invoke((*OPTIONS[option][0], *command.split(), "--data-dir", "data"))
    assert told.code == 2
    assert "give one" in told.err


def test_the_options_of_a_list_are_none_of_its_commands() -> None:
    told = invoke(("workflow", "schedules", "--limit", "5", "pause", "nightly"))
    assert told.code == 2
    assert "for the list" in told.err


# A directory without a store


@pytest.mark.parametrize(
    "command", ["kv put k v", "kv get k", "ns create shop", "token list", "backup copy", "ping"]
)
def test_no_command_makes_a_store_by_mistake(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = invoke(("--host", "file:typo", *command.split()))
    assert (told.code, told.err) == (
        3,
        f"error: {tmp_path}/typo holds no store; --create makes one there\n",
    )
    (tmp_path / "typo").mkdir()
    assert invoke(("--host", "file:typo", *command.split())).code == 3, "an empty one neither"
    assert list(tmp_path.iterdir()) == [tmp_path / "typo"]
    assert list((tmp_path / "typo").iterdir()) == []


def test_a_store_is_made_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(("--host", "file:new", "kv", "put", "k", "v", "--create")).code == 0
    assert invoke(("--host", "file:new", "kv", "get", "k")).out == "v\n"
    assert "--create goes with" in invoke(("--host", "memory://", "--create", "ping")).err
