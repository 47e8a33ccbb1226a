"""`make demo`: a server of its own, the guided tour, a kill -9, and what is left: everything."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.tour import NAMESPACE, chapter, tell, tour

from floruntime import ConnectionFailedError, FloClient

DATA_DIRECTORY = "./flo-demo-data"
START_S_MAX = 20.0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process on `port`, ended with the block."""
    command = [sys.executable, "-m", "floruntime.cli.main", "server", "start"]
    options = ["--port", str(port), "--data-dir", DATA_DIRECTORY, "--log-level", "warning"]
    process = subprocess.Popen([*command, *options])
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


async def ready(endpoint: str) -> None:
    """Wait until the server takes connections."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + START_S_MAX
    while True:
        try:
            async with FloClient(endpoint):
                return
        except ConnectionFailedError:
            if loop.time() > deadline_s:
                raise
            await asyncio.sleep(0.05)


async def after_the_kill(endpoint: str) -> None:
    """Show that what was answered is there."""
    await ready(endpoint)
    chapter("5. The server was killed (SIGKILL) and started again")
    async with FloClient(endpoint, namespace=NAMESPACE) as client:
        tell('kv.get("order:42")', await client.kv.get("order:42"))
        records = (await client.stream.read("events")).records
        tell('stream.read("events")', f"{len(records)} records, the last one {records[-1].id}")
        tell('kv.incr("visits")', await client.kv.incr("visits"))
    print()


def main() -> None:
    """Take the tour, kill the server, look again."""
    port = free_port()
    endpoint = f"localhost:{port}"
    with server(port) as process:
        asyncio.run(ready(endpoint))
        asyncio.run(tour(endpoint))
        process.kill()
        process.wait()
    with server(port):
        asyncio.run(after_the_kill(endpoint))
    print(f"The data lies in {Path(DATA_DIRECTORY).resolve()}. A server of your own: make run")


if __name__ == "__main__":
    main()
