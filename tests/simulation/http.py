"""HTTP as any program speaks it, over the simulated network: h11 at both ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import h11

from tests.simulation.network import End, Network

TIMEOUT_S = 4.0


class Response(NamedTuple):
    status: int
    body: Any


class HttpLink(asyncio.Protocol):
    """One connection, on which one request after another is answered."""

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.CLIENT)
        self._end: Any = None
        self._answer: asyncio.Future[Response] | None = None
        self._status = 0
        self._body = b""

    @property
    def is_fresh(self) -> bool:
        """Whether another request may be sent on it."""
        return self._end is not None and not self._end.is_closing() and self._is_between

    @property
    def _is_between(self) -> bool:
        return self._parser.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}

    async def ask(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """What is answered. Raises `OSError`, and `TimeoutError`: nobody knows then."""
        self._answer = asyncio.get_running_loop().create_future()
        self._body = b""
        given = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
        request = h11.Request(method="POST", target=path, headers=list(given.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            self._end.write(self._parser.send(event))
        async with asyncio.timeout(TIMEOUT_S):
            return await self._answer

    def close(self) -> None:
        """End it, whatever is on its way."""
        if self._end is not None:
            self._end.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, End), "it is of this network"
        self._end = transport

    def data_received(self, data: bytes) -> None:
        self._parser.receive_data(data)
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Response):
                self._status = event.status_code
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._answered()
            else:
                return

    def _answered(self) -> None:
        if self._parser.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._parser.start_next_cycle()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Response(self._status, json.loads(self._body)))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("it was closed"))
            self._answer.exception()  # whoever gave up hears of it no more


class HttpProgram:
    """Keeps a connection while it lasts, as programs do."""

    def __init__(
        self, network: Network, name: str, token: str | None, address: Callable[[], str]
    ) -> None:
        self._network = network
        self._name = name
        self._token = token
        self._address = address
        self._link: HttpLink | None = None

    async def ask(self, path: str, body: Any, key: str) -> Response:
        """One try. Raises `OSError`, `TimeoutError`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            link = self._link
            if link is None or not link.is_fresh:
                self._link = link = HttpLink()
                async with asyncio.timeout(TIMEOUT_S):
                    await self._network.connect(self._name, self._address(), link)
            return await link.ask(path, headers, json.dumps(body).encode())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None
