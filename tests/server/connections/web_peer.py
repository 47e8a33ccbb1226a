"""A browser's end of a WebSocket, on a fake socket: what it sends, and what comes back."""

from __future__ import annotations

from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI

from floruntime.core.errors import FloError
from floruntime.core.system import Hello, Welcome
from floruntime.core.types import Request
from floruntime.core.wire import Answer, decode_answer, decode_reply, encode_request, raised
from floruntime.server.connections.sockets import SocketConnection
from tests.server.connections.fake_socket import FakeTransport, connected
from tests.server.wire_client import Rig


class WebPeer:
    """Speaks WebSocket to the rig's server. `headers` go into the opening request."""

    def __init__(self, rig: Rig, path: str = "/ws", **headers: str) -> None:
        self.connection: SocketConnection
        self.transport: FakeTransport
        self.connection, self.transport = connected(rig)
        self.protocol = ClientProtocol(
            WebSocketURI(False, "localhost", 9000, path, ""), max_size=None
        )
        self.response: Response | None = None
        self.frames: list[Frame] = []
        request = self.protocol.connect()
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value
        self.protocol.send_request(request)
        self.push()

    def push(self) -> None:
        """Send what the protocol has to send, and take what comes."""
        for part in self.protocol.data_to_send():
            if part:
                self.connection.data_received(part)
        self.take()

    def take(self) -> None:
        """Take what has come by now."""
        if data := self.transport.take():
            self.protocol.receive_data(data)
            for event in self.protocol.events_received():
                if isinstance(event, Response):
                    self.response = event
                else:
                    assert isinstance(event, Frame)
                    self.frames.append(event)

    def raw(self, data: bytes) -> None:
        """Send these bytes, WebSocket or not."""
        self.connection.data_received(data)
        self.take()

    def body(self, body: bytes) -> None:
        """Send a binary message."""
        self.protocol.send_binary(body)
        self.push()

    def send(
        self, request: Request[Any], id: int, *, number: int = 0, namespace: str = "default"
    ) -> None:
        """Send one request."""
        self.body(encode_request(id, namespace, number, request))

    def greet(self, session: str = "me", token: str | None = None) -> Welcome:
        """Say hello. Raises the refusal."""
        hello = Hello("1", session, token)
        self.send(hello, 1)
        answer = self.answer(1)
        if answer.error is not None:
            raise raised(answer.error)
        return decode_reply(hello, answer.result)

    @property
    def answers(self) -> list[Answer]:
        """Every answer that came: a message each."""
        return [
            decode_answer(bytes(frame.data))
            for frame in self.frames
            if frame.opcode is Opcode.BINARY
        ]

    def answer(self, id: int) -> Answer:
        """The one answer to a request."""
        [answer] = [each for each in self.answers if each.id == id]
        return answer

    def error(self, id: int) -> FloError:
        """The refusal of a request."""
        error = self.answer(id).error
        assert error is not None
        return raised(error)

    @property
    def closed(self) -> Close | None:
        """The server's closing frame, if it came."""
        closing = [frame for frame in self.frames if frame.opcode is Opcode.CLOSE]
        return Close.parse(bytes(closing[0].data)) if closing else None

    @property
    def is_open(self) -> bool:
        """Whether the WebSocket was taken, and not closed since."""
        return self.protocol.state is State.OPEN
