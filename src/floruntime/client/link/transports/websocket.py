"""WebSocket: each message is one body, in both directions."""

from __future__ import annotations

import asyncio
import logging
import ssl

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import SEND_EOF, State
from websockets.uri import WebSocketURI

from floruntime.client.link.endpoint import WebEndpoint
from floruntime.client.link.transports.protocol import Link, OnBodies, OnClose
from floruntime.client.link.transports.sockets import SocketLink, connect_socket
from floruntime.core.errors import ConnectionFailedError, FloError, ForbiddenError
from floruntime.core.limits import ANSWER_FRAME_BYTES_MAX
from floruntime.core.web import Messages

_library_log = logging.getLogger("floruntime.client.websocket")
_library_log.setLevel(logging.WARNING)  # below that level it logs every connection

_FORBIDDEN = 403


class WebSocketTransport:
    """WebSocket, with TLS where a context is given. The server pings, so links promise nothing."""

    quiet_ms_max = 0

    def __init__(self, endpoint: WebEndpoint, tls: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._tls = tls

    async def prepare(self) -> None:
        """WebSocket needs nothing."""

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """Open a link. Raises `OSError`, and `ForbiddenError` if the server refuses the client."""
        link = await connect_socket(
            self._endpoint, self._tls, lambda: WebSocketLink(self._endpoint, on_bodies, on_close)
        )
        try:
            await link.opened
        except BaseException:
            link.close()
            await link.wait_closed()
            raise
        return link

    async def release(self) -> None:
        """WebSocket holds nothing beside its links."""


class WebSocketLink(SocketLink):
    """One socket that speaks WebSocket."""

    def __init__(self, endpoint: WebEndpoint, on_bodies: OnBodies, on_close: OnClose) -> None:
        super().__init__(on_bodies, on_close)
        uri = WebSocketURI(endpoint.is_secure, endpoint.host, endpoint.port, endpoint.path, "")
        self._protocol = ClientProtocol(uri, max_size=ANSWER_FRAME_BYTES_MAX, logger=_library_log)
        self._messages = Messages()
        #: Done when the server has taken the WebSocket, or refused it.
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._protocol.send_request(self._protocol.connect())
        self._push()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        bodies: list[bytes] = []
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._take_response(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "a message is binary")
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                message = self._messages.take(event)
                if message is not None:
                    bodies.append(message)
        self._on_bodies(bodies)
        self._push()

    def _take_response(self, response: Response) -> None:
        if self.opened.done():
            return
        if self._protocol.handshake_exc is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(_refusal(response, self._protocol.handshake_exc))

    def send(self, bodies: list[bytes]) -> None:
        """Send each body as a message."""
        if self._protocol.state is State.OPEN:
            for body in bodies:
                self._protocol.send_binary(body)
            self._push()

    def _push(self) -> None:
        parts = self._protocol.data_to_send()
        if data := b"".join(parts):
            self._write(data)
        if SEND_EOF in parts or self._protocol.close_rcvd is not None:
            super().close()

    def close(self) -> None:
        """Begin to close; the peer's close frame is not waited for."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._push()
        super().close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(
                error or ConnectionFailedError("the server ended the connection")
            )
        self._closed.set()
        if not self.opened.cancelled() and self.opened.exception() is None:
            self._on_close(None)  # otherwise the caller of `connect` gets the error


def _refusal(response: Response, problem: Exception) -> FloError:
    said = response.body.decode(errors="replace").strip()
    if response.status_code == _FORBIDDEN:
        return ForbiddenError(said or "the server does not let this client connect")
    status = f"{response.status_code} {response.reason_phrase}"
    return ConnectionFailedError(f"the server refused the WebSocket: {said or problem} ({status})")
