"""Judging whether a server could start, without starting one."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

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
    assert "not a data directory" in wrong(data_dir=str(tmp_path))["data directory"]
    assert "not a directory" in wrong(data_dir=str(tmp_path / "file"))["data directory"]


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


@pytest.mark.parametrize("path", ["/proc/flo", "/proc/self/flo/data"])
def test_only_a_try_tells_whether_a_directory_can_be_made(path: str) -> None:
    found = wrong(data_dir=path)
    assert found["data directory"].startswith(f"{path} cannot be created: ")


def test_what_a_start_left_unfinished_is_fine(tmp_path: Path) -> None:
    (tmp_path / "LOCK").touch()
    (tmp_path / "store").mkdir()
    assert wrong(data_dir=str(tmp_path)) == {}
    assert list((tmp_path / "store").iterdir()) == []


def test_a_store_that_a_server_would_refuse_is_refused(tmp_path: Path) -> None:
    DiskStorage(str(tmp_path)).close()
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").mkdir()
    assert "cannot be opened" in wrong(data_dir=str(tmp_path))["data directory"]


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path) -> None:
    found = preflight(make_config({"port": 0, "data_dir": str(tmp_path), "disk_low_bytes": 2**50}))
    [told] = [each for each in found if each.what == "data directory"]
    assert told.is_fine
    assert "the server would refuse what grows" in told.text


def test_keys_of_jwt_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    settings = {"data_dir": str(tmp_path)}
    assert "cannot be used" in wrong(**settings, jwt_jwks=str(tmp_path / "none"))["keys of JWT"]
    assert wrong(**settings, jwt_jwks="https://id.example.org/keys") == {}


def test_a_node_is_judged_by_its_directory_and_nats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nats")
    monkeypatch.setattr("floruntime.server.cluster.nats.jetstream.CONNECT_S", 0.02)
    settings = {
        "cluster": "nats://127.0.0.1:1",
        "node": "a",
        "advertise": "a.example:9000",
        "data_dir": str(tmp_path),
    }
    assert wrong(**settings).keys() == {"NATS"}
    told = wrong(**settings, nats_ca=str(tmp_path / "missing"))["NATS"]
    assert told == f"nats_ca {tmp_path / 'missing'} cannot be used: No such file or directory"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "FORMAT").write_text("flo-cluster 1\n")
    (tmp_path / "node.json").write_text('{"node": "b", "cluster_id": "x"}')
    assert "of node 'b'" in wrong(**settings)["data directory"]
    (tmp_path / "node.json").write_text("{")
    assert "node.json" in wrong(**settings)["data directory"]
    (tmp_path / "FORMAT").unlink()
    assert "not the directory of a node" in wrong(**settings)["data directory"]
