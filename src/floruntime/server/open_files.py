"""How the files that this process may open are divided: among store, connections and the rest.

Anyone can open many connections, but a store that cannot open its next file ends the server. So the
store has a share that connections never get.
"""

from __future__ import annotations

import contextlib
import resource
from typing import NamedTuple

from floruntime.server import limits
from floruntime.server.config import Config

STORE_SHARE = 4
"""The store keeps a fourth of the files."""
STORE_FILES_MIN = 64
STORE_FILES_MAX = 1_000_000
OTHER_FILES = 64
"""Listening sockets, logs, the witness, a backup, keys of JWT, and what a compaction has beside."""
FILES_MIN = STORE_FILES_MIN + OTHER_FILES + 32
"""With fewer a server is of no use."""
UNLIMITED = 2**30


class FilePlan(NamedTuple):
    """`sockets_max`: connections, with those that are told that there are too many."""

    limit: int
    sockets_max: int
    connections_max: int


def raise_file_limit() -> None:
    """Let this process open as many files as it may at most."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # where the system does not take it for a number
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def file_limit() -> int:
    """How many files this process may open now."""
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if now == resource.RLIM_INFINITY else min(now, UNLIMITED)


def store_files_max(limit: int | None = None) -> int:
    """How many of its files the store keeps open."""
    share = (file_limit() if limit is None else limit) // STORE_SHARE
    return min(max(share, STORE_FILES_MIN), STORE_FILES_MAX)


def file_plan(config: Config, limit: int | None = None) -> FilePlan:
    """What connections get of `limit` files, by default of those that may be open now."""
    limit = file_limit() if limit is None else limit
    room = max(limit - store_files_max(limit) - OTHER_FILES, 1)
    sockets_max = min(config.connections_max + limits.UNGREETED_MAX, room)
    told_max = min(limits.UNGREETED_MAX, sockets_max // 8)
    return FilePlan(limit, sockets_max, min(config.connections_max, sockets_max - told_max))


def what_cannot_be_had(config: Config, plan: FilePlan) -> str:
    """In words where the files do not do for `connections_max`; else nothing."""
    if plan.connections_max == config.connections_max:
        return ""
    return (
        f"connections_max is {config.connections_max}, but this process may open "
        f"{plan.limit} files, so the server takes {plan.connections_max} connections (raise "
        "the limit by `ulimit -n`, or LimitNOFILE= of systemd)"
    )
