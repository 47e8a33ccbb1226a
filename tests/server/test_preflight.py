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
