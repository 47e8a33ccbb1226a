"""A client that says exactly what it is told, byte for byte, and shows what comes."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from floruntime.core.framing import LENGTH, PREAMBLE, frame
from floruntime.core.system import Hello, Welcome
from floruntime.core.types import Request
from floruntime.core.wire import decode_answer, decode_reply, encode_request, raised

WAIT_S = 60.0


class Peer:
    """One TCP connection to `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._host, _, port = endpoint.rpartition(":")
        self._port = int(port)
        self._last_id = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(PREAMBLE)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def greet(self, session: str, token: str | None = None) -> Welcome:
        """Say hello. Raises the refusal."""
        hello = Hello("1.0", session, token)
        answer = decode_answer(await self._exchanged(hello, 0, "default"))
        if answer.error is not None:
            raise raised(answer.error)
        return decode_reply(hello, answer.result)

    async def ask(
        self, request: Request[Any], *, number: int = 0, namespace: str = "default"
    ) -> bytes:
        """The bytes of the result of `request`. Raises the refusal."""
        answer = decode_answer(await self._exchanged(request, number, namespace))
        if answer.error is not None:
            raise raised(answer.error)
        return bytes(answer.result)

    async def _exchanged(self, request: Request[Any], number: int, namespace: str) -> bytes:
        self._last_id += 1
        self._writer.write(frame(encode_request(self._last_id, namespace, number, request)))
        async with asyncio.timeout(WAIT_S):
            (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            return await self._reader.readexactly(size)
