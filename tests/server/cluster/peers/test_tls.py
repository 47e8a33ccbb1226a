"""Whom a node trusts that connects to another: authorities behind its own certificate, too."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from floruntime.server.cluster.peers.tls import PeerTls
from floruntime.server.config import Config, ConfigError, make_config
from tests.server.certificates import Authority


def config_of(directory: Path, cert: str, key: str, **more: str) -> Config:
    files = {"tls_cert": cert, "tls_key": key}
    return make_config({"data_dir": str(directory), **files, **more})


def trusted(tls: PeerTls) -> set[object]:
    assert tls.context is not None
    assert tls.context.verify_mode is ssl.CERT_REQUIRED
    return {each["serialNumber"] for each in tls.context.get_ca_certs()}


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    assert PeerTls(make_config({"data_dir": str(tmp_path)})).context is None


def test_authorities_behind_the_certificate_and_those_of_clients_are_trusted(
    tmp_path: Path,
) -> None:
    own, of_clients = Authority(tmp_path), Authority(tmp_path, "clients")
    cert, key = own.issue()
    before = trusted(PeerTls(config_of(tmp_path, cert, key)))
    with Path(cert).open("a") as file:
        file.write(Path(own.file).read_text())
    both = config_of(tmp_path, cert, key, tls_client_ca=of_clients.file)
    assert len(trusted(PeerTls(both)) - before) == 2


def test_files_are_read_anew_or_stay_as_they_were(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue()
    tls = PeerTls(config_of(tmp_path, cert, key))
    first = tls.context
    tls.reload()
    second = tls.context
    assert second is not first
    Path(cert).write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot be used"):
        tls.reload()
    assert tls.context is second
