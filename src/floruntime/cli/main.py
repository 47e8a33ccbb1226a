"""`flo`: the root command, its global options, and the groups, each loaded when it is named."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from floruntime.cli.base.environment import warn_of_variables
from floruntime.cli.base.options import duration, examples
from floruntime.cli.base.output import Output, cell, write_text
from floruntime.cli.base.place import placed
from floruntime.cli.base.reading import MaxStaleness, Reads
from floruntime.cli.base.root_options import CONNECTION, READS, refuse
from floruntime.cli.base.run import (
    Session,
    Settings,
    connected,
    run_command_line,
    run_session,
    settings_of,
)
from floruntime.cli.base.tls import Ca, ClientCert, ClientKey, Tls, Wanted
from floruntime.cli.descriptors import occupy_closed_descriptors
from floruntime.core import defaults
from floruntime.core.version import VERSION

GROUPS = {
    "kv": "floruntime.cli.kv",
    "queue": "floruntime.cli.queue.commands",
    "stream": "floruntime.cli.stream.commands",
    "action": "floruntime.cli.action.commands",
    "worker": "floruntime.cli.worker.commands",
    "workflow": "floruntime.cli.workflow.commands",
    "jobs": "floruntime.cli.jobs",
    "ns": "floruntime.cli.namespaces",
    "token": "floruntime.cli.token",
    "server": "floruntime.cli.server.commands",
    "cluster": "floruntime.cli.cluster",
}
_TAKE_A_VALUE = (
    *("--host", "--namespace", "-n", "--token", "--timeout"),
    *("--tls-ca", "--client-cert", "--client-key", "--reads", "--max-staleness"),
)
TOP_INTERVAL_MS = 2_000
"""How long `flo top` waits between two looks."""
_SWITCHES = ("--json", "--tls", "--create")
_OWN_OPTIONS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("token", "create"): ("--namespace", "-n"),
    ("action", "register"): ("--timeout",),
}
"""What means something else behind these commands, and stays there."""


def hoist(arguments: Sequence[str]) -> list[str]:
    """Put global options first, wherever they stand, so that they may follow the command.

    What stands behind `--` is left alone: `flo kv put key -- --json` stores the text `--json`.
    """
    globals_: list[str] = []
    others: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            others += [argument, *rest]
            break
        name, equals, _ = argument.partition("=")
        is_short = argument[:2] == "-n" != argument
        has_value = (equals and name in _TAKE_A_VALUE) or is_short
        if ("-n" if is_short else name) in _OWN_OPTIONS.get(tuple(others[:2]), ()):
            others.append(argument)
        elif argument in _SWITCHES or has_value:
            globals_.append(argument)
        elif argument in _TAKE_A_VALUE:
            globals_ += [argument, *rest[:1]]
            rest = rest[1:]
        else:
            others.append(argument)
    return globals_ + others


class RootGroup(typer.core.TyperGroup):
    """Loads a group's module when it is needed: a command should not wait for the other groups."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoist(args))

    def list_commands(self, ctx: Any) -> list[str]:
        return [*GROUPS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in GROUPS and cmd_name not in self.commands:
            group: Any = typer.main.get_command(import_module(GROUPS[cmd_name]).app)
            group.name = cmd_name
            return group
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="flo",
    cls=RootGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=examples(
        "flo server start --data-dir ./flo-data",
        "flo kv put greeting hello",
        "flo -n shop queue enqueue orders @order.json",
        "flo stream read events --follow --json",
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        write_text(f"flo {VERSION}\n")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            envvar="FLO_HOST",
            help="The server: HOST:PORT, ws://HOST:PORT/ws, file:PATH for one inside this process, "
            "or flo://TOKEN@HOST:PORT/NAMESPACE?tls=1&ca=FILE (flos:// for TLS), as in FLO_URL.",
        ),
    ] = "localhost:9000",
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", envvar="FLO_NAMESPACE", help="The namespace to work in."),
    ] = defaults.NAMESPACE,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="FLO_TOKEN", help="The token to connect with.", show_default=False
        ),
    ] = None,
    timeout: Annotated[
        int,
        duration(
            "--timeout",
            help="How long to wait for an answer, in addition to --block.",
            default="5s",
        ),
    ] = defaults.TIMEOUT_MS,
    is_json: Annotated[
        bool, typer.Option("--json", help="Write JSON: results to stdout, errors to stderr.")
    ] = False,
    tls: Wanted = False,
    tls_ca: Ca = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    create: Annotated[
        bool,
        typer.Option(
            "--create",
            help="With file:PATH or --data-dir: create the data directory if it does not exist.",
        ),
    ] = False,
    reads: Reads = defaults.READS,
    max_staleness: MaxStaleness = None,
    version: Annotated[  # noqa: ARG001 # its callback prints it
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Flo: one durable server for KV, queues, streams, actions and workflows.

    The options here may also follow the command: flo kv get KEY --json. Commands that need no
    server refuse the client's options.

    Exit codes: 0 done, 1 not found or empty, 2 usage, 3 refused (conflict, bad request), 4 no
    connection, 5 other.
    """
    is_server = ctx.invoked_subcommand == "server"
    warn_of_variables(os.environ, is_json, is_server)
    given_tls = Tls(tls, tls_ca, client_cert, client_key)
    settings = Settings(
        *(host, namespace, token, timeout, is_json, given_tls, create),
        reads=reads,
        max_staleness_ms=max_staleness,
    )
    ctx.obj = placed(ctx, settings, os.environ)


@app.command(epilog=examples("flo ping", "flo --host db.internal:9000 ping"))
@connected
async def ping(session: Session) -> None:
    """Check that the server answers, and print how long it took."""
    time_ms = await session.client.ping()
    session.out.show({"time_ms": round(time_ms, 3)}, f"{time_ms:.2f} ms")


@app.command(epilog=examples("flo top", "flo --token $TOKEN top --once --json"))
def top(
    ctx: typer.Context,
    interval: Annotated[
        int, duration("--interval", help="The time between two updates.", default="2s")
    ] = TOP_INTERVAL_MS,
    once: Annotated[bool, typer.Option("--once", help="Show it once, and exit.")] = False,
) -> None:
    """Show live what waits, rates and workers.

    This reads /metrics. On a server with tokens it needs an admin's token, another token for all
    namespaces (not of the role web), or the server's metrics_token.
    """
    from floruntime.cli.server.top import show_top

    refuse(ctx, ("namespace", *READS), "does not apply: this shows the whole server")
    settings = settings_of(ctx)
    out = Output(settings.is_json)
    show = show_top(settings, out, interval / 1000, 1 if once else None)
    asyncio.run(show)


@app.command(epilog=examples("flo console", "flo --host db.internal:9000 console --no-browser"))
def console(
    ctx: typer.Context,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link instead of opening it.")
    ] = False,
) -> None:
    """Open the server's console in a browser, logged in with the rights of your token.

    The link works once, within a minute. The session lasts 12 hours, or until you log out or your
    token ends. On a server without tokens it has an administrator's rights.
    """
    from floruntime.cli.server.console import open_console

    settings = settings_of(ctx)
    is_secure = settings.tls.context() is not None

    async def work(session: Session) -> None:
        await open_console(session, is_secure=is_secure, with_browser=not no_browser)

    asyncio.run(run_session(work, settings))


@app.command(epilog=examples("flo backup ./backup-monday", "flo backup /backups/$(date +%F)"))
@connected
async def backup(
    session: Session,
    directory: Annotated[
        str,
        typer.Argument(
            metavar="DIR", help="A directory that is empty or missing, on the server's machine."
        ),
    ],
) -> None:
    """Copy the running server's whole state, as of now, into DIR.

    The copy is a data directory: flo server start --data-dir DIR runs on it. A relative DIR starts
    at your current directory, not at the server's.
    """
    here = os.path.abspath(directory)  # noqa: ASYNC240 # reads no disk
    path = await session.client.backup(here)
    session.out.show({"directory": path}, f"backup in {cell(path)}")


@app.command(epilog=examples("flo verify ./flo-data", "flo verify ./flo-data --accept-loss"))
def verify(
    ctx: typer.Context,
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="The data directory of a stopped server.")
    ],
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Accept what is lost. Afterwards the server starts on DIR again.",
        ),
    ] = False,
) -> None:
    """Read everything in the data directory of a stopped server, and show what is wrong with it."""
    from floruntime.cli.server.verify import verify_directory

    refuse(
        ctx,
        ("namespace", *CONNECTION),
        "does not apply: this reads a directory, and asks no server",
    )
    verify_directory(ctx, directory, accept_loss)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run, and exit with the code."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command_line(typer.main.get_command(app), given))


if __name__ == "__main__":
    occupy_closed_descriptors()
    main()
