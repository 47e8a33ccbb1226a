"""`make demo`: a server of its own, the guided tour, a kill -9, and what is left: everything.

On a terminal it ends with a shop that lives, to be watched in the console, and a page that chats;
it kills the server under both as often as one likes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from examples import chat, shop
from examples.tour import NAMESPACE, chapter, tell, tour
from scripts import javascript

from floruntime import ConnectionFailedError, FloClient

DATA_DIRECTORY = "./flo-demo-data"
START_S_MAX = 20.0
ORDERS = 6
LOWEST_PORT = 10_000
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port that nobody listens on, and that is still free after a kill.

    Those above are given to outgoing connections: a page that tries to reconnect could take it.
    """
    first_outgoing = int(PORT_RANGE.read_text().split()[0])
    while True:
        port = random.randrange(LOWEST_PORT, first_outgoing)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
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


async def some_orders(endpoint: str) -> None:
    """Let the shop sell a few orders, where nobody watches."""
    logging.getLogger("floruntime").setLevel(logging.CRITICAL)  # what fails there is meant to
    async with FloClient(endpoint, namespace=shop.NAMESPACE) as client:
        await shop.Shop(client, pace_s=0.01).live(ORDERS)
        tell(f"{ORDERS} orders, from the basket to the parcel", await shop.summary(client))


async def console_link(endpoint: str) -> str:
    """The console of this server, which the shop is to be seen in; good once, for a minute."""
    async with FloClient(endpoint, namespace=shop.NAMESPACE) as client:
        code = (await client.console.code()).code
    return f"http://{endpoint}/#code={code}&namespace={shop.NAMESPACE}"


@contextmanager
def open_shop(endpoint: str) -> Iterator[None]:
    """The shop in a process of its own, which outlives the server."""
    command = [sys.executable, "-m", "examples.shop", endpoint]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def pages(port: int) -> None:
    """Show the shop in the console, and a page that chats, until somebody has seen enough.

    The server is killed under them on demand.
    """
    endpoint = f"127.0.0.1:{port}"
    if missing := javascript.node_is_missing():
        print(f"  left out: {missing}")
        return
    chat.build_if_stale()
    with (
        chat.serving(endpoint) as url,
        open_shop(endpoint),
        suppress(EOFError, KeyboardInterrupt),
    ):
        while True:
            with server(port) as process:
                asyncio.run(ready(endpoint))
                asyncio.run(chat.first_flag(endpoint))
                print(f"  Watch it in the console: {asyncio.run(console_link(endpoint))}")
                print("  (good once, for a minute; then: Enter, or flo console)")
                print(f"  A page that chats; open it in two tabs: {url}")
                input("  Enter kills the server and starts it again, Ctrl-C ends the demo. ")
                process.kill()
                process.wait()


def main() -> None:
    """Take the tour, kill the server, look again, and open the shop."""
    port = free_port()
    endpoint = f"localhost:{port}"
    is_watched = sys.stdin.isatty() and sys.stdout.isatty()
    with server(port) as process:
        asyncio.run(ready(endpoint))
        asyncio.run(tour(endpoint))
        process.kill()
        process.wait()
    with server(port):
        asyncio.run(after_the_kill(endpoint))
        chapter("6. A shop: orders, a payment provider that is away now and then, dead letters")
        asyncio.run(some_orders(endpoint))
    if is_watched:
        pages(port)
    print(f"\nThe data lies in {Path(DATA_DIRECTORY).resolve()}. A server of your own: make run")


if __name__ == "__main__":
    main()
