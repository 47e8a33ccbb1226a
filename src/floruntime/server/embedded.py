"""The whole server inside the caller's process: `memory://` and `file:PATH`.

A link passes the same bodies as a WebSocket, within the event loop. All clients of the process that
name the same directory share one `file:` server. It ends with its last client.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from floruntime.core.errors import (
    BadRequestError,
    ConnectionFailedError,
    FloError,
    UnavailableError,
)
from floruntime.engine.store.errors import StoreError
from floruntime.server.clock import SystemClock
from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config
from floruntime.server.connections.conversation import Conversation
from floruntime.server.connections.peer import EMBEDDED
from floruntime.server.data.storage import DiskStorage, MemoryStorage
from floruntime.server.server import FloServer


class EmbeddedLink:
    """The client's end of one connection inside the process."""

    def __init__(
        self,
        server: FloServer,
        on_bodies: Callable[[list[bytes]], None],
        on_close: Callable[[FloError | None], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_bodies = on_bodies
        self._on_close = on_close
        self._is_closed = False
        self._conversation: Conversation = server.conversation(
            self._to_client, self._closed_by_server, EMBEDDED
        )

    def send(self, bodies: list[bytes]) -> None:
        """Send bodies to the server."""
        self._loop.call_soon(self._conversation.receive, bodies)

    def _to_client(self, bodies: list[bytes]) -> None:
        self._loop.call_soon(self._deliver, bodies)

    def _deliver(self, bodies: list[bytes]) -> None:
        if not self._is_closed:
            self._on_bodies(bodies)

    def _closed_by_server(self, reason: FloError | None) -> None:
        self._loop.call_soon(self._tell_closed)

    def _tell_closed(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._on_close(None)

    def close(self) -> None:
        """Close the connection from the client's end."""
        self._is_closed = True
        self._loop.call_soon(self._conversation.connection_lost)


class EmbeddedServer:
    """One server in the process, and how many use it."""

    def __init__(self, server: FloServer, path: str | None) -> None:
        self.server = server
        self._path = path
        self.users = 1
        self.begun = asyncio.Event()
        self.stopped = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    async def begin(self) -> None:
        """Let it take connections."""
        await self.server.prepare()
        self.server.start()
        self.begun.set()

    def connect(
        self, on_bodies: Callable[[list[bytes]], None], on_close: Callable[[FloError | None], None]
    ) -> EmbeddedLink:
        """A new connection; `on_bodies` gets what the server sends."""
        if self.server.is_failed:
            raise ConnectionFailedError("the embedded server's store has failed; see the log")
        return EmbeddedLink(self.server, on_bodies, on_close)

    async def release(self) -> None:
        """Give the server back; with the last user it stops."""
        self.users -= 1
        if self.users == 0:
            try:
                await self.server.stop()
            finally:
                if self._path is not None:
                    del _open_files[self._path]
                self.stopped.set()


_open_files: dict[str, EmbeddedServer] = {}


async def open_embedded(endpoint: str) -> EmbeddedServer:
    """The server behind `memory://` (a new one) or `file:PATH` (one per path and process)."""
    if endpoint == "memory://":
        config = Config(durability=Durability.EPHEMERAL)
        server = FloServer(config, MemoryStorage(), SystemClock)
        embedded = EmbeddedServer(server, None)
        await embedded.begin()
        return embedded
    if not endpoint.startswith("file:") or endpoint == "file:":
        raise BadRequestError(f"endpoint {endpoint!r} must be memory:// or file:PATH")
    return await _open_file(_real_path(endpoint.removeprefix("file:")))


def _real_path(directory: str) -> str:
    return os.path.realpath(directory)


def _open_storage(path: str) -> DiskStorage:
    try:
        return DiskStorage(path)
    except (StoreError, OSError) as error:
        raise UnavailableError(f"{path} cannot be opened: {error}") from error


async def _open_file(path: str) -> EmbeddedServer:
    while (shared := _open_files.get(path)) is not None:
        if shared.loop is not asyncio.get_running_loop():
            raise UnavailableError(
                f"{path} is open in another event loop of this process; use it in that loop "
                "only, or start a server"
            )
        if shared.users:
            shared.users += 1
            await shared.begun.wait()
            return shared
        await shared.stopped.wait()  # its last user has just gone: begin anew after it
    config = Config(data_dir=path)
    server = FloServer(config, _open_storage(path), SystemClock)
    embedded = _open_files[path] = EmbeddedServer(server, path)
    await embedded.begin()
    return embedded
