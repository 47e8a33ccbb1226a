"""`flo token`, by asking a server and on the data of a stopped one."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from floruntime.cli.main import hoist
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo, invoke
from tests.cli.server.test_commands import run

TOKEN = re.compile(r"flo_([a-z0-9]{12})_[A-Za-z0-9_-]{43}\n")


async def test_the_first_token_locks_the_door_behind_it(flo: Flo, server: FloTestServer) -> None:
    assert (await flo("token", "list")).code == 1
    made = await flo("token", "create", "--role", "admin", "--description", "for ops")
    assert made.code == 0
    match = TOKEN.fullmatch(made.out)
    assert match, made.out
    assert made.err == (
        f"token {match[1]}, role admin, all namespaces, valid until it is revoked. "
        "It is shown only now.\n"
    )
    token = made.out.strip()
    locked = await flo("kv", "get", "k")
    assert locked.code == 3
    assert "needs a token, and none was given; give it by --token, FLO_TOKEN" in locked.err
    wrong = await flo("--token", token[:-1] + "_", "kv", "get", "k", "--json")
    assert (wrong.code, wrong.error["error"]) == (3, "unauthorized")
    listed = await flo("token", "list", "--token", token)
    assert listed.out.splitlines()[1].split("\t")[:3] == [match[1], "admin", "all"]
    assert listed.out.rstrip().endswith("for ops")
    assert token not in listed.out


async def test_the_token_comes_from_the_environment_too(
    flo: Flo, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await flo("token", "create", "--role", "admin")).out.strip()
    monkeypatch.setenv("FLO_TOKEN", token)
    assert (await flo("kv", "put", "k", "v")).code == 0


async def test_roles_namespaces_and_times(flo: Flo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_TOKEN", (await flo("token", "create", "--role", "admin")).out.strip())
    create = ("token", "create", "--role", "web", "--json")
    plain = (await flo(*create)).json
    assert (plain["role"], plain["namespaces"], plain["expires_at_ms"]) == ("web", [], None)
    some = (await flo(*create, "--namespace", "shop", "-n", "mail", "--expires", "12h")).json
    assert some["namespaces"] == ["mail", "shop"]
    assert some["expires_at_ms"] - some["created_at_ms"] == 12 * 3_600_000
    before = (await flo("-n", "shop", *create)).json
    assert before["namespaces"] == ["shop"], "surely not all of them"
    both = (await flo("--namespace=shop", *create, "-nmail")).json
    assert both["namespaces"] == ["mail", "shop"]
    monkeypatch.setenv("FLO_TOKEN", some["token"])
    assert (await flo("-n", "shop", "kv", "get", "k")).code == 1
    assert (await flo("-n", "other", "kv", "get", "k")).code == 3
    assert (await flo("-n", "shop", "kv", "put", "k", "v")).code == 3


async def test_revoking(flo: Flo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_TOKEN", (await flo("token", "create", "--role", "admin")).out.strip())
    made = (await flo("token", "create", "--role", "worker", "--json")).json
    revoked = await flo("token", "revoke", made["id"])
    assert (revoked.code, revoked.out) == (0, f"revoked {made['id']}\n")
    assert (await flo("--token", made["token"], "ping")).code == 3
    assert (await flo("token", "revoke", "unknown00000")).code == 1
    [row] = [
        each
        for each in (await flo("token", "list", "--json")).json["items"]
        if each["id"] == made["id"]
    ]
    assert row["revoked_at_ms"] is not None


async def test_only_an_admin_makes_tokens(flo: Flo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_TOKEN", (await flo("token", "create", "--role", "admin")).out.strip())
    backend = (await flo("token", "create", "--role", "backend")).out.strip()
    for command in (("create", "--role", "web"), ("list",), ("revoke", "x")):
        refused = await flo("token", *command, "--token", backend)
        assert refused.code == 3
        assert "it needs admin" in refused.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--role"),
        (("--role", "root"), "root"),
        (("--role", "web", "--expires", "soon"), "not a duration"),
    ],
)
async def test_what_is_missing_or_wrong_is_a_usage_error(
    flo: Flo, options: tuple[str, ...], told: str
) -> None:
    result = await flo("token", "create", *options)
    assert result.code == 2
    assert told in result.err


# On the data of a stopped server


async def test_tokens_are_made_while_the_server_is_down(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    at = ("--data-dir", data)
    create = ("token", "create", "--role", "admin", *at)
    refused = await asyncio.to_thread(invoke, create)
    assert (refused.code, "holds no store" in refused.err) == (3, True)
    assert not (tmp_path / "data").exists()  # one look
    made = await asyncio.to_thread(invoke, (*create, "--create"))
    token = made.out.strip()
    assert TOKEN.fullmatch(made.out)
    async with FloTestServer(data_dir=data) as server, server.client(token=token) as client:
        assert len(await client.tokens.list()) == 1
        busy = await asyncio.to_thread(invoke, ("token", "list", *at))
        assert busy.code == 5
        assert f"in use by process {os.getpid()}" in busy.err
    listed = await asyncio.to_thread(invoke, ("token", "list", *at, "--json"))
    [row] = listed.json["items"]
    revoked = await asyncio.to_thread(invoke, ("token", "revoke", row["id"], *at))
    assert revoked.code == 0


def test_a_server_and_a_directory_are_not_both_asked(tmp_path: Path) -> None:
    result = invoke(("--host", "localhost:1", "token", "list", "--data-dir", str(tmp_path)))
    assert result.code == 2
    assert "give one" in result.err


def test_the_environment_of_the_network_does_not_matter_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLO_HOST", "db.example:9000")
    monkeypatch.setenv("FLO_TOKEN", "of another server")
    monkeypatch.setenv("FLO_TLS", "1")
    at = ("--data-dir", str(tmp_path / "data"), "--create")
    made = invoke(("token", "create", "--role", "admin", *at))
    assert made.code == 0, made.err


# Listening beyond this machine


def test_with_a_token_a_server_listens_beyond_this_machine(tmp_path: Path) -> None:
    """The address is nobody's here, so it comes as far as trying to listen."""
    start = ("server", "start", "--bind", "192.0.2.1", "--port", "9", "--data-dir", "data")
    refused = run(*start, cwd=tmp_path)
    assert refused.returncode == 2
    assert "flo token create --data-dir data --role admin" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert run(
        *("token", "create", "--role", "admin", "--data-dir", "data", "--create"), cwd=tmp_path
    )
    allowed = run(*start, cwd=tmp_path)
    assert "cannot listen on 192.0.2.1:9" in allowed.stderr


def test_with_jwt_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLO_JWT_SECRET", "s" * 32)
    start = ("server", "start", "--bind", "192.0.2.1", "--port", "9", "--durability", "ephemeral")
    assert "cannot listen on 192.0.2.1:9" in run(*start, cwd=tmp_path).stderr


# Where options stand


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        ("token create --namespace a -n b -nc", "token create --namespace a -n b -nc"),
        ("token create --namespace=a --json", "--json token create --namespace=a"),
        ("-n a token create -n b", "-n a token create -n b"),
        ("token create --role web --token t", "--token t token create --role web"),
        ("token list -n a", "-n a token list"),
        ("kv get k --tls --tls-ca f", "--tls --tls-ca f kv get k"),
        ("kv get k --client-cert=c --client-key k", "--client-cert=c --client-key k kv get k"),
        ("server start --tls-cert c --tls-key k", "server start --tls-cert c --tls-key k"),
    ],
)
def test_options_of_the_root_are_told_from_those_of_the_command(given: str, hoisted: str) -> None:
    assert hoist(given.split()) == hoisted.split()
