"""A client's end of a TCP connection, on a fake socket: bytes as they are, and answers."""

from __future__ import annotations

from typing import Any

from floruntime.core.framing import PREAMBLE, FrameReader, frame
from floruntime.core.system import Hello
from floruntime.core.types import Request
from floruntime.core.wire import Answer, decode_answer, decode_reply, encode_request, raised
from tests.server.connections.fake_socket import connected
from tests.server.wire_client import Rig


class TcpPeer:
    """Speaks frames to the rig's server; greeted, if it is given the id of a client."""

    def __init__(self, rig: Rig, session: str | None = None) -> None:
        self.connection, self.transport = connected(rig)
        self.answers: list[Answer] = []
        self._reader = FrameReader(2**30)
        self._asked: dict[int, Request[Any]] = {}
        if session is not None:
            self.raw(PREAMBLE)
            self.send(Hello("1.0", session))

    def raw(self, data: bytes) -> None:
        """Send these bytes."""
        self.connection.data_received(data)
        self.take()

    def take(self) -> None:
        """Take what has come by now."""
        for body in self._reader.receive_data(self.transport.take()):
            self.answers.append(decode_answer(body))

    def frame(self, request: Request[Any], *, number: int = 0) -> bytes:
        """The bytes of the next request."""
        self._asked[len(self._asked) + 1] = request
        return frame(encode_request(len(self._asked), "default", number, request))

    def send(self, request: Request[Any]) -> int:
        """Send a request; its id."""
        self.raw(self.frame(request))
        return len(self._asked)

    def result(self, id: int) -> Any:
        """The result of a request that was answered; raises its refusal."""
        self.take()
        [answer] = [answer for answer in self.answers if answer.id == id]
        if answer.error is not None:
            raise raised(answer.error)
        return decode_reply(self._asked[id], answer.result)

    @property
    def is_closed(self) -> bool:
        """Whether the server closes the socket."""
        return self.transport.is_closing()
