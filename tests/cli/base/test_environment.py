"""Variables that mean nothing are named, with the one that was meant."""

from __future__ import annotations

import pytest

from floruntime.cli.base.environment import OF_CLIENTS, warnings_about
from floruntime.server.config import Config
from tests.cli.conftest import COMMAND, invoke


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FLO_PROT", "FLO_PORT"),
        ("FLO_DATADIR", "FLO_DATA_DIR"),
        ("FLO_DATA_DIRECTORY", "FLO_DATA_DIR"),
        ("FLO_LOGLEVEL", "FLO_LOG_LEVEL"),
        ("FLO_NAMESPACES", "FLO_NAMESPACE"),
        ("FLO_TOKENS", "FLO_TOKEN"),
        ("FLO_TLS_CERTS", "FLO_TLS_CERT"),
        ("flo_port", "FLO_PORT"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(name: str, meant: str) -> None:
    for is_server in (True, False):
        [warning] = warnings_about({name: "secret"}, is_server)
        assert warning == f"{name} is no variable of flo and is ignored; did you mean {meant}?"


def test_only_the_server_names_those_that_are_like_none() -> None:
    others = {"FLO_SERVICE_HOST": "10.0.0.1", "FLO_JS": "", "FLO_VENV": "", "FLOW": "", "X": ""}
    assert not list(warnings_about(others, False))
    told = list(warnings_about(others, True))
    assert [each.split()[0] for each in told] == ["FLO_JS", "FLO_SERVICE_HOST", "FLO_VENV"]


def test_every_variable_that_is_read_is_known() -> None:
    settings = [f"FLO_{name.upper()}" for name in Config.__struct_fields__]
    options = [str(each.envvar) for each in COMMAND.params if each.envvar]
    assert set(options) < set(OF_CLIENTS)
    read = dict.fromkeys([*settings, *options, "FLO_FAIL_POINT", "FLO_DEBUG"], "")
    assert not list(warnings_about(read, True))


def test_client_and_server_commands_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_PROT", "1")
    monkeypatch.setenv("FLO_SOMETHING", "else")
    slip = "warning: FLO_PROT is no variable of flo and is ignored; did you mean FLO_PORT?"
    client = invoke(("--host", "memory://", "kv", "incr", "k"))
    assert (client.out, client.err) == ("1\n", slip + "\n")
    server = invoke(("server", "start", "--port", "70000"))
    assert slip in server.err.splitlines()
    assert "warning: FLO_SOMETHING is no variable of flo and is ignored" in server.err.splitlines()
    as_json = invoke(("--host", "memory://", "--json", "kv", "incr", "k"))
    assert as_json.error["warning"] == "unknown_variable"
