"""The options of `flo` itself: each works for a command, or the command refuses it by name."""

from __future__ import annotations

import os
from collections.abc import Iterable

import typer

from floruntime.cli.base.errors import REFUSED, Failure

NAMES = {
    "host": "--host",
    "namespace": "--namespace",
    "token": "--token",
    "timeout": "--timeout",
    "tls": "--tls",
    "tls_ca": "--tls-ca",
    "client_cert": "--client-cert",
    "client_key": "--client-key",
    "create": "--create",
    "reads": "--reads",
    "max_staleness": "--max-staleness",
}
"""By the parameter's name, how it is written. `--json` works everywhere."""
READS = ("reads", "max_staleness")
CONNECTION = (
    *("host", "token", "timeout", "tls", "tls_ca", "client_cert", "client_key", "create"),
    *READS,
)
_HOLDS_DATA = ("FORMAT", "store", "witness")


def given(ctx: typer.Context) -> set[str]:
    """Which of them stand on the command line."""
    return _from(ctx, {"COMMANDLINE"})


def set_for(ctx: typer.Context) -> set[str]:
    """Which of them stand on the command line, or in the environment."""
    return _from(ctx, {"COMMANDLINE", "ENVIRONMENT"})


def _from(ctx: typer.Context, wanted: set[str]) -> set[str]:
    root = ctx.find_root()
    sources = {name: root.get_parameter_source(name) for name in NAMES}
    return {name for name, source in sources.items() if source and source.name in wanted}


def refuse(ctx: typer.Context, names: Iterable[str], why: str) -> None:
    """Refuse those of `names` that stand on the command line. The environment is for every command.

    Raises `typer.BadParameter`: who gives an option should not be left to wonder.
    """
    here = given(ctx)
    for name in names:
        if name in here:
            raise typer.BadParameter(f"{NAMES[name]} {why}")


def expect_store(endpoint: object, may_create: bool) -> None:
    """Refuse a data directory that holds no store: a wrong letter must not make a new one."""
    is_directory = isinstance(endpoint, str) and endpoint.startswith("file:")
    if not is_directory:
        if may_create:
            raise typer.BadParameter(
                "--create goes with a data directory (file:PATH or --data-dir), and this "
                "asks a server"
            )
        return
    path = os.path.abspath(str(endpoint).removeprefix("file:").removeprefix("//"))
    if not may_create and not any(os.path.lexists(os.path.join(path, n)) for n in _HOLDS_DATA):
        raise Failure(
            f"{path} holds no store; --create makes one there", exit_code=REFUSED, code="storage"
        )
