"""`flo server start --check`: tells whether a server could start with these settings.

Nothing is changed in the end. For a moment the check holds the lock of an existing data directory,
makes an empty directory where the server would make one, and listens on the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import tempfile
from collections.abc import Iterator

from floruntime.core.types import Value
from floruntime.engine.store.errors import StoreError
from floruntime.server.access.access import jwt_tokens_of
from floruntime.server.access.admin_token import read_admin_token
from floruntime.server.config import Config, ConfigError, is_loopback, open_to_all, without_nats
from floruntime.server.connections.port import listening_on
from floruntime.server.connections.tls import server_tls
from floruntime.server.data.causes import cannot_use
from floruntime.server.data.data_dir import (
    DirectoryLock,
    ReadersLock,
    check_new,
    check_store,
    has_format,
)
from floruntime.server.open_files import FILES_MIN, UNLIMITED, file_plan, what_cannot_be_had
from floruntime.server.server import needs_disk


class Finding(Value, frozen=True):
    """What was judged, what was found, and whether a server can start with it."""

    what: str
    is_fine: bool
    text: str


def preflight(config: Config) -> list[Finding]:
    """Judge each thing that a start needs."""
    checks = (
        ("certificates", _certificates),
        ("keys of JWT", _keys_of_jwt),
        ("admin token", _admin_token),
        ("who may connect", _who_may_connect),
        ("data directory", _directory),
        ("file limit", _file_limit),
        ("port", _port),
        ("NATS", _nats),
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


def _keys_of_jwt(config: Config) -> str:
    if not (config.jwt_secret or config.jwt_jwks):
        return "none: no JWT"
    jwt_tokens_of(config)
    if "://" in config.jwt_jwks:
        return "read from jwt_jwks when the first JWT comes"
    return "they can be used"


def _admin_token(config: Config) -> str:
    if not config.admin_token_file:
        return "not from a file"
    read_admin_token(config.admin_token_file)
    return f"in {config.admin_token_file}"


def _who_may_connect(config: Config) -> str:
    if is_loopback(config.bind):
        return "this machine"
    if config.insecure:
        return "everybody, without a token, since insecure is set"
    if config.admin_token_file or config.jwt_secret or config.jwt_jwks:
        return "clients with a token"
    if needs_disk(config) and has_format(os.path.abspath(config.data_dir)):
        return "clients with a token, if the store has one; otherwise the server will not start"
    raise open_to_all(config)


def _directory(config: Config) -> str:
    path = os.path.abspath(config.data_dir)
    if not needs_disk(config):
        return "none: the state is in memory"
    try:
        return _what_lies_in(path, config) + _space_left(path, config)
    except OSError as error:
        raise cannot_use(path, error) from None


def _what_lies_in(path: str, config: Config) -> str:
    if not os.path.lexists(path):
        _check_can_be_made(path)
        return f"{path} does not exist and would be created"
    if not (os.path.isdir(path) and os.access(path, os.R_OK | os.W_OK | os.X_OK)):
        raise ConfigError(f"{path} is not a directory that this user can read and write")
    with _alone(path):
        if config.cluster:
            return _of_a_node(path, config.node)
        if not has_format(path):
            check_new(path)
            _make_and_remove_in(path)
            return f"{path} is empty: a store would be created in it"
        check_store(path)
    return f"{path} holds a store that opens"


def _of_a_node(path: str, node: str) -> str:
    from floruntime.server.cluster.copies.node_storage import check_node_directory

    if check_node_directory(path, node):
        return f"{path} is the directory of node {node}"
    _make_and_remove_in(path)
    return f"{path} is empty: node {node} would be created in it"


def _check_can_be_made(path: str) -> None:
    parent = os.path.dirname(path)
    while not os.path.lexists(parent):
        parent = os.path.dirname(parent)
    try:
        _make_and_remove_in(parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"{path} cannot be created: no directory can be created in {parent} ({reason})"
        ) from None


def _make_and_remove_in(parent: str) -> None:
    """Only a try tells: permissions say nothing of /proc, of a quota or of a full disk."""
    os.rmdir(tempfile.mkdtemp(prefix=".flo-check-", dir=parent))


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Keep servers off the directory meanwhile. What holds no LOCK gets none."""
    has_lock = os.path.lexists(os.path.join(path, "LOCK"))
    lock = DirectoryLock(path) if has_lock else ReadersLock(path)
    try:
        yield
    finally:
        lock.release()


def _space_left(path: str, config: Config) -> str:
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    status = os.statvfs(path)
    free = status.f_bavail * status.f_frsize
    if free >= config.disk_low_bytes:
        return ""
    return (
        f"; {free} bytes are free, so the server would refuse what grows (disk_low_bytes is "
        f"{config.disk_low_bytes})"
    )


def _nats(config: Config) -> str:
    if not config.cluster:
        return "none: one machine, alone"
    try:
        from floruntime.server.cluster.joining import look_at
    except ModuleNotFoundError as error:
        raise without_nats(error) from None
    return asyncio.run(look_at(config, _cluster_of(config)))


def _cluster_of(config: Config) -> str:
    """The cluster whose node the directory is of; empty where it is of none, or cannot be read."""
    from floruntime.server.cluster.copies.node_storage import check_node_directory

    try:
        record = check_node_directory(os.path.abspath(config.data_dir), config.node)
    except (ConfigError, StoreError, OSError):  # which is told of the directory
        return ""
    return record.get("cluster_id", "")


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
    for family, _, _, _, address in dict.fromkeys(found):
        listening_on(family, address).close()
    if not config.port:
        return f"{config.bind} has a free one"
    return f"{config.bind}:{config.port} is free"
