"""`flo server`: starting one, and asking about the one that runs."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from floruntime.cli.base.errors import OTHER, USAGE, Failure
from floruntime.cli.base.options import examples, group
from floruntime.cli.base.output import Output, cell
from floruntime.cli.base.output import size as shown_size
from floruntime.cli.base.root_options import CONNECTION, refuse
from floruntime.cli.base.run import Session, connected, settings_of
from floruntime.cli.server.cluster_options import (
    Advertise,
    Cluster,
    ClusterName,
    Copies,
    NatsCa,
    NatsCreds,
    NodeName,
    Partitions,
    Replicas,
)
from floruntime.core.duration_text import lasting

if TYPE_CHECKING:
    from floruntime.server.config import Config

app = group("The server: start one, or show the one that runs.")


_NO_SETTINGS = ("ctx", "config", "check")
"""What `flo server start` is told beside settings."""
_FOR_CLIENTS = "is for clients; --bind and --port say where a server listens"
Durability = Annotated[
    str | None,
    typer.Option(
        "--durability",
        metavar="sync|async|ephemeral",
        help="sync: a write is on disk before its answer. async: soon after. ephemeral: in "
        "memory only.",
        show_default="sync",
    ),
]
TlsCert = Annotated[
    str | None,
    typer.Option(
        "--tls-cert",
        metavar="FILE",
        help="Speak TLS with this certificate, followed by its chain (PEM). SIGHUP reads it again.",
        show_default=False,
    ),
]
TlsKey = Annotated[
    str | None,
    typer.Option(
        "--tls-key", metavar="FILE", help="The certificate's key (PEM).", show_default=False
    ),
]
TlsClientCa = Annotated[
    str | None,
    typer.Option(
        "--tls-client-ca",
        metavar="FILE",
        help="Clients must present a certificate signed by this one (PEM).",
        show_default=False,
    ),
]
LogLevel = Annotated[
    str | None,
    typer.Option(
        "--log-level",
        metavar="debug|info|warning|error",
        help="The lowest level that is logged, to standard error.",
        show_default="info",
    ),
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Only check whether the server could start; exit code 0 if so."),
]
Http = Annotated[
    bool | None,
    typer.Option(
        "--http/--no-http",
        help="Serve HTTP on the port: calls, health, metrics. WebSocket works without it, too.",
        show_default="http",
    ),
]
LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        metavar="text|json",
        help="text for people, or json: one JSON object per line.",
        show_default="text",
    ),
]


@app.command(
    epilog=examples(
        "flo server start",
        "flo server start --port 9001 --data-dir /var/lib/flo --log-format json",
        "flo server start --durability ephemeral",
        "flo server start --cluster nats://n1:4222,nats://n2:4222,nats://n3:4222 --node a "
        "--advertise a.example:9000 --data-dir ./a",
    )
)
def start(
    ctx: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="Listen on this port; 0 takes a free one.", show_default="9000"
        ),
    ] = None,
    bind: Annotated[
        str | None,
        typer.Option("--bind", help="Listen on this address.", show_default="127.0.0.1"),
    ] = None,
    data_dir: Annotated[
        str | None,
        typer.Option(
            "--data-dir", metavar="DIR", help="The data directory.", show_default="./flo-data"
        ),
    ] = None,
    durability: Durability = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Read settings from this TOML file.",
            show_default="flo.toml, if it exists",
        ),
    ] = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
    insecure: Annotated[
        bool | None,
        typer.Option(
            "--insecure",
            help="Let other machines connect although no token is needed.",
            show_default=False,
        ),
    ] = None,
    http: Http = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_client_ca: TlsClientCa = None,
    cluster: Cluster = None,
    node: NodeName = None,
    advertise: Advertise = None,
    cluster_name: ClusterName = None,
    partitions: Partitions = None,
    replicas: Replicas = None,
    copies: Copies = None,
    nats_creds: NatsCreds = None,
    nats_ca: NatsCa = None,
    check: Check = False,
) -> None:
    """Start a server. SIGTERM or Ctrl-C stops it, after it has answered the requests in flight.

    Each setting comes from the option here, else from its FLO_ variable (FLO_PORT, FLO_DATA_DIR),
    else from the file of --config, else it has its default. With --json the log is JSON.
    """
    flags = {name: value for name, value in locals().items() if name not in _NO_SETTINGS}
    refuse(ctx, ("namespace", *CONNECTION), _FOR_CLIENTS)
    if log_format is None and settings_of(ctx).is_json:
        flags["log_format"] = "json"
    _start(
        flags,
        config,
        Output(settings_of(ctx).is_json) if check else None,
    )


def _start(flags: dict[str, object], path: str | None, checking: Output | None) -> None:
    try:
        from floruntime.engine.store.errors import StoreError
        from floruntime.server.config import ConfigError, load_config
        from floruntime.server.run import run_server
    except ImportError as error:
        raise Failure(
            "the server needs packages that are not installed: pip install "
            f"'floruntime[server]' ({error})"
        ) from error
    try:
        settings = load_config(flags, path=path)
        if checking is not None:
            _show_check(settings, checking)
            return
        run_server(settings)
    except ConfigError as error:
        raise Failure(str(error), exit_code=USAGE, code="config") from error
    except StoreError as error:
        raise Failure(str(error), code="storage") from error
    except OSError as error:
        raise Failure(_why(error, settings.bind, settings.port, settings.data_dir)) from error


def _show_check(settings: Config, out: Output) -> None:
    from floruntime.server.preflight import preflight

    findings = preflight(settings)
    is_fine = all(each.is_fine for each in findings)
    lines = [
        f"{'ok' if each.is_fine else 'WRONG':<6} {each.what}: {each.text}" for each in findings
    ]
    out.show({"is_fine": is_fine, "findings": findings}, "\n".join(map(cell, lines)))
    if not is_fine:
        raise typer.Exit(OTHER)


def _why(error: OSError, bind: str, port: int, data_dir: str) -> str:
    from floruntime.server.connections.port import CannotListenError

    reason = error.strerror or str(error)
    if isinstance(error, (CannotListenError, socket.gaierror)):
        is_taken = error.errno == errno.EADDRINUSE
        hint = "; end what listens there, or give another --port" if is_taken else ""
        return f"cannot listen on {bind}:{port}: {reason}{hint}"
    return f"cannot use the data directory {data_dir}: {reason}"


@app.command(epilog=examples("flo server info", "flo --host db.internal:9000 server info --json"))
@connected
async def info(session: Session) -> None:
    """Show the running server: version, durability, limits, data directory."""
    found = await session.client.info()
    session.out.fields(
        found,
        {
            "version": found.version,
            "durability": found.durability,
            "data": cell(found.data_dir or "in memory"),
            "up for": lasting(found.uptime_ms),
            "connections": str(found.connections),
            "commands": str(found.commands_total),
            "changes": str(found.changes_total),
            "memory for caches": shown_size(found.memory_bytes)
            if found.memory_bytes
            else "no disk",
            "disk nearly full": "yes: growth is refused" if found.storage_full else "no",
            "largest value": shown_size(found.limits.value_bytes_max),
            "largest frame": shown_size(found.limits.frame_bytes_max),
            "requests in flight": str(found.limits.in_flight_max),
        },
    )
