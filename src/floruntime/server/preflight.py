"""`flo server start --check`: whether a server could start as it is told, without starting one.

Nothing is made or changed, but for the lock of a data directory that is there, held for a moment.
"""

from __future__ import annotations

import os
import resource
import socket

from floruntime.core.types import Value
from floruntime.engine.store.errors import StoreError
from floruntime.server.access.admin_token import read_admin_token
from floruntime.server.config import Config, ConfigError, is_loopback, open_to_all
from floruntime.server.connections.tls import server_tls
from floruntime.server.data.data_dir import DirectoryLock, has_format, open_store
from floruntime.server.open_files import FILES_MIN, UNLIMITED, file_plan, what_cannot_be_had
from floruntime.server.server import needs_disk


class Finding(Value, frozen=True):
    """What was judged, what was found, and whether a server can start with it."""

    what: str
    is_fine: bool
    text: str


def preflight(config: Config) -> list[Finding]:
    """Judge certificates, tokens, the directory, the file limit and the port."""
    checks = (
        ("certificates", _certificates),
        ("admin token", _admin_token),
        ("who may connect", _who_may_connect),
        ("data directory", _directory),
        ("file limit", _file_limit),
        ("port", _port),
    )
    findings = []
    for what, check in checks:
        try:
            findings.append(Finding(what, True, check(config)))
        except (ConfigError, StoreError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            findings.append(Finding(what, False, reason))
    return findings


def _certificates(config: Config) -> str:
    return "none: no TLS" if server_tls(config) is None else f"{config.tls_cert} can be used"


def _admin_token(config: Config) -> str:
    if not config.admin_token_file:
        return "not from a file"
    read_admin_token(config.admin_token_file)
    return f"in {config.admin_token_file}"


def _who_may_connect(config: Config) -> str:
    if is_loopback(config.bind):
        return "this machine"
    if config.insecure:
        return "everybody, without a token: insecure is set"
    if config.admin_token_file or config.jwt_secret or config.jwt_jwks:
        return "who has a token"
    if needs_disk(config) and has_format(os.path.abspath(config.data_dir)):
        return "who has a token, if the store has one; else the server will not start"
    raise open_to_all(config)


def _directory(config: Config) -> str:
    path = os.path.abspath(config.data_dir)
    if not needs_disk(config):
        return "none: the state is in memory"
    if not os.path.lexists(path):
        parent = os.path.dirname(path)
        while not os.path.lexists(parent):
            parent = os.path.dirname(parent)
        if not (os.path.isdir(parent) and os.access(parent, os.W_OK | os.X_OK)):
            raise ConfigError(f"{path} cannot be made: {parent} cannot be written to")
        return f"{path} is not there and would be made"
    if not (os.path.isdir(path) and os.access(path, os.R_OK | os.W_OK | os.X_OK)):
        raise ConfigError(f"{path} is no directory that this user may read and write")
    if not has_format(path):
        if os.listdir(path):
            raise ConfigError(f"{path} is not empty and holds no store")
        return f"{path} is empty: a store would be made in it"
    lock = DirectoryLock(path)
    try:
        open_store(path, read_only=True).close()
    finally:
        lock.release()
    return f"{path} holds a store that opens"


def _file_limit(config: Config) -> str:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = UNLIMITED if most == resource.RLIM_INFINITY else min(most, UNLIMITED)
    if limit < FILES_MIN:
        raise ConfigError(
            f"this process may open {limit} files; at least {FILES_MIN} are needed (ulimit -n)"
        )
    told = what_cannot_be_had(config, file_plan(config, limit))
    return told or ("unlimited" if limit == UNLIMITED else f"{limit} files may be open")


def _port(config: Config) -> str:
    found = socket.getaddrinfo(
        config.bind, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
    return f"{config.bind}:{config.port} is free"
