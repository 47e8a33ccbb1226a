"""A TCP proxy that cuts what goes through it."""

from __future__ import annotations

import asyncio
import contextlib


class Proxy:
    """Listens on a port of loopback, passes bytes on to `endpoint`, until it cuts them off."""

    def __init__(self, endpoint: str) -> None:
        self._host, _, port = endpoint.rpartition(":")
        self._port = int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Bytes that the server may still send before the next cut; `None`: no cut.
        self.cut_after_bytes: int | None = None
        self.cuts = 0
        self.endpoint = ""

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.endpoint = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut_after_bytes = None
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection, in the middle of whatever goes on."""
        self.cuts += 1
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, onward}
        tasks = [
            asyncio.create_task(self._pass(reader, onward, False)),
            asyncio.create_task(self._pass(there, writer, True)),
        ]
        self._tasks.update(tasks)
        await asyncio.wait(tasks)
        self._tasks.difference_update(tasks)
        self._writers -= {writer, onward}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_answer: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if is_answer and self.cut_after_bytes is not None:
                    self.cut_after_bytes -= len(data)
                    if self.cut_after_bytes < 0:
                        writer.write(data[: len(data) // 2])
                        self.cut()
                        return
                writer.write(data)
        writer.transport.abort()
