"""Judging whether a server could start, without starting one."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from floruntime.server.config import make_config
from floruntime.server.data.storage import DiskStorage
from floruntime.server.preflight import preflight


def wrong(**settings: Any) -> dict[str, str]:
    found = preflight(make_config({"port": 0, **settings}))
    return {each.what: each.text for each in found if not each.is_fine}


def test_what_could_start_is_fine_and_nothing_is_made(tmp_path: Path) -> None:
    assert wrong(data_dir=str(tmp_path / "a" / "data")) == {}
    assert wrong(durability="ephemeral") == {}
    assert wrong(data_dir=str(tmp_path)) == {}
    assert list(tmp_path.iterdir()) == []


def test_each_thing_that_is_wrong_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = str(tmp_path / "data")
    storage = DiskStorage(data)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = wrong(
            data_dir=data,
            port=taken.getsockname()[1],
            tls_cert="missing.pem",
            tls_key="missing.pem",
            admin_token_file=str(tmp_path / "missing"),
        )
    assert set(found) == {"data directory", "port", "certificates", "admin token"}
    assert "in use by process" in found["data directory"]
    storage.close()
    assert wrong(data_dir=data) == {}
    assert "holds no store" in wrong(data_dir=str(tmp_path))["data directory"]
    assert "no directory" in wrong(data_dir=str(tmp_path / "file"))["data directory"]


def test_beyond_this_machine_there_must_be_a_token(tmp_path: Path) -> None:
    open_to_all = {"bind": "0.0.0.0", "data_dir": str(tmp_path / "data")}
    assert "only loopback addresses are allowed" in wrong(**open_to_all)["who may connect"]
    assert wrong(**open_to_all, durability="ephemeral").keys() == {"who may connect"}
    token = tmp_path / "token"
    token.write_text("a" * 40)
    assert wrong(**open_to_all, admin_token_file=str(token)) == {}
    assert wrong(**open_to_all, insecure=True) == {}
    assert wrong(**open_to_all, jwt_secret="s" * 32) == {}
    DiskStorage(str(tmp_path / "data")).close()
    assert wrong(**open_to_all) == {}, "its tokens are in the store"
