"""Stands between a client and a server, and cuts the connection at chosen places."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

import msgspec

from floruntime.core.framing import PREAMBLE, FrameReader, frame
from floruntime.core.types import Request

FRAME_BYTES_MAX = 2**28


class Cut(Enum):
    """Where the connection breaks."""

    BEFORE_REQUEST = "before the request arrives"
    AT_ONCE = "as soon as the request is sent on"
    BEFORE_ANSWER = "before the answer"
    IN_ANSWER = "in the middle of the answer"


class CuttingProxy:
    """`async with CuttingProxy(server.endpoint) as proxy`; clients connect to `proxy.endpoint`."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._planned: dict[int, Cut] = {}
        self._listener: asyncio.Server | None = None
        self._links: set[_ProxiedLink] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._shuts_at_cut = False
        self.cuts = 0
        self.endpoint = ""

    def plan(self, kind: type[Request[Any]], cut: Cut, *, and_shut: bool = False) -> None:
        """Cut at the next request of `kind`, once; `and_shut` lets nobody back until `open`."""
        tag: Any = kind.__struct_config__.tag
        self._planned[tag] = cut
        self._shuts_at_cut = and_shut

    def cut_made(self) -> None:
        """The planned cut was made."""
        self.cuts += 1
        if self._shuts_at_cut:
            self._is_open.clear()

    def take_plan(self, tag: int) -> Cut | None:
        return self._planned.pop(tag, None)

    def cut_all(self) -> None:
        """Break every connection now."""
        for link in list(self._links):
            link.cut()

    def open(self) -> None:
        """Let connections through again."""
        self._is_open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._is_open.wait()
            server = await asyncio.open_connection(*self._target)
            link = _ProxiedLink(self, (reader, writer), server)
            self._links.add(link)
            try:
                await link.run()
            finally:
                self._links.discard(link)
        except OSError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def __aenter__(self) -> CuttingProxy:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.endpoint = f"127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _ProxiedLink:
    def __init__(self, proxy: CuttingProxy, client: Streams, server: Streams) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._answers_to_cut: dict[int, Cut] = {}

    async def run(self) -> None:
        """Both ways, until either side ends or it is cut."""
        self._to_server.write(await self._from_client.readexactly(len(PREAMBLE)))
        ways = [
            asyncio.create_task(self._pump(self._from_client, self._to_server, self._pass_request)),
            asyncio.create_task(self._pump(self._from_server, self._to_client, self._pass_answer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self.cut()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passes: Any
    ) -> None:
        frames = FrameReader(FRAME_BYTES_MAX)
        while data := await source.read(2**16):
            for body in frames.receive_data(data):
                if not passes(body):
                    return
            await sink.drain()

    def _pass_request(self, body: bytes) -> bool:
        request_id, _, _, request = msgspec.msgpack.decode(body)
        cut = self._proxy.take_plan(request[0])
        if cut is Cut.BEFORE_REQUEST:
            self._proxy.cut_made()
            self.cut()
            return False
        self._to_server.write(frame(body))
        if cut is Cut.AT_ONCE:
            self._proxy.cut_made()
            self._to_server.close()  # what was sent still arrives
            self._to_client.transport.abort()
            return False
        if cut is not None:
            self._answers_to_cut[request_id] = cut
        return True

    def _pass_answer(self, body: bytes) -> bool:
        cut = self._answers_to_cut.pop(msgspec.msgpack.decode(body)[0], None)
        if cut is None:
            self._to_client.write(frame(body))
            return True
        self._proxy.cut_made()
        if cut is Cut.IN_ANSWER:
            whole = frame(body)
            self._to_client.write(whole[: len(whole) // 2 + 1])
            self._to_client.close()
        else:
            self._to_client.transport.abort()
        self._to_server.transport.abort()
        return False

    def cut(self) -> None:
        for writer in (self._to_client, self._to_server):
            if not writer.transport.is_closing():
                writer.transport.abort()
