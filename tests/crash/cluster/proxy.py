"""A cable that can be cut: what stands between two processes, in a test of cut networks."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

PIECE_BYTES = 65_536


class Cable:
    """Listens on `port` and passes bytes to and from `target`. Cut, it swallows them, and nobody is
    told, as where a network drops packets. Bytes that were swallowed are gone: the connection that
    lost them ends when the cable is mended.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Whether what goes there, and what comes back, is swallowed.
        self.is_cut_there = self.is_cut_back = False
        #: For how long each piece is held up.
        self.delay_s = 0.0

    def cut(self, *, there: bool = True, back: bool = True) -> None:
        """From now on swallow what passes."""
        self.is_cut_there, self.is_cut_back = there, back

    def mend(self) -> None:
        """Pass new connections; those that lost something end."""
        self.is_cut_there = self.is_cut_back = False
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        for task in (
            asyncio.create_task(self._pass(reader, far_writer, is_there=True)),
            asyncio.create_task(self._pass(far_reader, writer, is_there=False)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_there: bool
    ) -> None:
        try:
            while piece := await reader.read(PIECE_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not (self.is_cut_there if is_there else self.is_cut_back):
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, sock=self._socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        await asyncio.gather(*self._tasks, return_exceptions=True)
