"""WebSocket: each message is one body, in both directions.

The protocol itself is the sans-I/O layer of `websockets`; the socket is ours. Nothing is
compressed: a few bytes could stand for gigabytes, and each connection would hold the state of a
compressor.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol

from floruntime.core.errors import (
    FloError,
    ForbiddenError,
    InternalServerError,
    OverloadedError,
    ProtocolError,
    UnauthorizedError,
    UnavailableError,
)
from floruntime.core.limits import shown
from floruntime.core.web import Messages
from floruntime.server import limits
from floruntime.server.connections.conversation import Conversation
from floruntime.server.connections.peer import Door
from floruntime.server.connections.rate import RateLimit
from floruntime.server.connections.sockets import SocketConnection
from floruntime.server.connections.turns import Turn
from floruntime.server.connections.unfinished import Unfinished
from floruntime.server.metrics.counts import Refusal
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.websocket")
_library_log = logging.getLogger("floruntime.websocket.library")
_library_log.setLevel(logging.WARNING)  # it tells of every connection

PATH = "/ws"
_END_OF_HEAD = b"\r\n\r\n"
_REASON_BYTES_MAX = 123
_LARGE_HEAD = struct.Struct("!BBQ")
_WHOLE_BINARY = 0x80 | Opcode.BINARY
_LENGTH_IN_8_BYTES = 127
CLOSE_CODES: dict[type[FloError], CloseCode] = {
    UnavailableError: CloseCode.GOING_AWAY,
    ProtocolError: CloseCode.PROTOCOL_ERROR,
    UnauthorizedError: CloseCode.POLICY_VIOLATION,
    ForbiddenError: CloseCode.POLICY_VIOLATION,
    OverloadedError: CloseCode.TRY_AGAIN_LATER,
    InternalServerError: CloseCode.INTERNAL_ERROR,
}


class WebSocketSpeaker:
    """Speaks WebSocket over a socket, for a conversation."""

    def __init__(self, socket: SocketConnection, server: FloServer) -> None:
        self._socket = socket
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._protocol = ServerProtocol(max_size=server.frame_bytes_max, logger=_library_log)
        self._conversation: Conversation | None = None
        self._messages = Messages()
        self._is_failed = False
        #: Pings, pongs and fragments cost about as much as requests.
        self._control = RateLimit(limits.WEB_CONTROL_PER_SECOND, limits.WEB_CONTROL_PER_SECOND)
        self._turns = server.turns
        #: Where its reading stands among those who share the loop.
        self.turn = Turn()
        #: What arrived and is not yet read.
        self._raw: deque[memoryview] = deque()
        self._is_at_work = False
        self._unfinished = Unfinished(server.load, lambda: socket.is_reading, self._too_much)
        self._head = bytearray()
        self._early_bytes = 0
        self._is_heard = False
        self._is_pinged = False
        self._pinging: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None

    @property
    def is_welcome(self) -> bool:
        """Whether the hello is done."""
        return self._conversation is not None and self._conversation.is_welcome

    def receive_data(self, data: bytes) -> None:
        """Take what arrived: the opening request, then messages, pings, the closing."""
        self._is_heard = True
        if not self.is_welcome:
            self._early_bytes += len(data)
        self._raw.append(memoryview(data))
        self._turns.begin(self)
        self._socket.set_busy(bool(self._raw) or self._is_busy)

    @property
    def _is_busy(self) -> bool:
        return self._conversation is not None and self._conversation.is_busy

    def go_on(self, until_s: float) -> bool:
        """Read some of what arrived, slice by slice; whether more can be read.

        A few bytes may be a frame, and reading one costs as much as a request.
        """
        self._is_at_work = True
        try:
            while self._raw and not self._is_busy:
                self._read(self._slice())
                if self._turns.now_s() >= until_s:
                    break
        finally:
            self._is_at_work = False
        if self._is_busy:
            return False  # until `_ready`
        if not self._raw:
            self._socket.set_busy(False)
        return bool(self._raw)

    def _ready(self) -> None:
        """All that was read is done."""
        if self._is_at_work:
            return
        if self._raw:
            self._turns.begin(self)
        else:
            self._socket.set_busy(False)

    def _slice(self) -> memoryview:
        first = self._raw.popleft()
        if len(first) > limits.WEB_SLICE_BYTES:
            self._raw.appendleft(first[limits.WEB_SLICE_BYTES :])
        return first[: limits.WEB_SLICE_BYTES]

    def _read(self, data: bytes | memoryview) -> None:
        if self._protocol.state is State.CONNECTING:
            data = self._open(data)
        if data:
            self._receive_frames(data)
            held_bytes = len(self._protocol.reader.buffer) + self._messages.held_bytes
            if held_bytes or self._unfinished.held_bytes:
                self._unfinished.hold(held_bytes)
        if self._early_bytes > limits.HELLO_BYTES_MAX and not self.is_welcome:
            self._fail(CloseCode.MESSAGE_TOO_BIG, f"it sent {self._early_bytes} bytes and no hello")
        self._send()

    # The opening

    def _open(self, data: bytes | memoryview) -> bytes:
        """Answer the opening request once it is whole; what follows it is given back.

        The library would take what follows for frames before the request is answered.
        """
        if self._protocol.close_expected():
            return b""  # it was refused
        searched_bytes = max(0, len(self._head) - len(_END_OF_HEAD) + 1)
        self._head += data
        end = self._head.find(_END_OF_HEAD, searched_bytes)
        if end < 0:
            return b""
        head, rest = self._head[: end + len(_END_OF_HEAD)], self._head[end + len(_END_OF_HEAD) :]
        self._head.clear()
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            assert isinstance(event, Request), "a head holds one request"
            self._answer(event)
        return bytes(rest)

    def _answer(self, request: Request) -> None:
        response = self._refusal(request) or self._protocol.accept(request)
        self._protocol.send_response(response)
        if response.status_code != 101:
            log.info("%s: no WebSocket: %s", self._socket, _line(response.body.decode()))
            return
        self._conversation = self._server.conversation(
            self._carry, self._closed, self._socket.peer(Door.WEB)
        )
        self._conversation.on_ready = self._ready
        self._conversation.send_pieces = self._conversation.send_cut = self._send_large
        self._socket.on_pause = self._conversation.set_paused
        self._ping_later()

    def _refusal(self, request: Request) -> Response | None:
        if request.path.partition("?")[0] != PATH:
            return self._protocol.reject(404, f"Flo speaks WebSocket, at {PATH}.\n")
        origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
        if len(origins) > 1 or len(hosts) > 1:
            return self._protocol.reject(400, "Origin or Host is given twice.\n")
        origin = origins[0] if origins else None
        if self._server.may_connect(origin, hosts[0] if hosts else None):
            return None
        self._server.counts.refusals[Refusal.ORIGIN] += 1
        return self._protocol.reject(
            403,
            f"Pages of {shown(origin)} may not connect; the server's setting allowed_origins names "
            "those that may.\n",
        )

    # Messages

    def _receive_frames(self, data: bytes | memoryview) -> None:
        self._protocol.receive_data(bytes(data))
        bodies: list[bytes] = []
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and not self._is_failed:
                self._take(event, bodies)
        if self._conversation is not None:
            if bodies:
                self._conversation.receive(bodies)
            if self._protocol.state is not State.OPEN:
                self._conversation.connection_lost()

    def _take(self, event: Frame, bodies: list[bytes]) -> None:
        """One WebSocket frame; a message that it completes is added to `bodies`."""
        is_whole = event.opcode is Opcode.BINARY and event.fin
        if event.opcode is Opcode.TEXT:
            self._fail(CloseCode.UNSUPPORTED_DATA, "text came; messages are binary")
        elif not is_whole and event.opcode is not Opcode.CLOSE and not self._control.take():
            self._fail(CloseCode.POLICY_VIOLATION, "too many control frames and fragments a second")
        elif event.opcode is Opcode.BINARY or event.opcode is Opcode.CONT:
            message = self._messages.take(event)
            if message is not None:
                bodies.append(message)

    def _carry(self, bodies: list[bytes]) -> None:
        """Send what the conversation sends, each body as a message."""
        if self._protocol.state is State.OPEN:
            for body in bodies:
                if len(body) > limits.COPIED_BYTES_MAX:
                    self._send_large([body])
                else:
                    self._protocol.send_binary(body)
            self._send()

    def _send_large(self, pieces: list[bytes]) -> None:
        """The same of one that is large, in pieces, but that the library would copy it."""
        self._send()
        if self._protocol.state is State.OPEN and not self._socket.transport.is_closing():
            size_bytes = sum(map(len, pieces))
            head = _LARGE_HEAD.pack(_WHOLE_BINARY, _LENGTH_IN_8_BYTES, size_bytes)
            self._socket.write_pieces([head, *pieces])

    def _send(self) -> None:
        parts = self._protocol.data_to_send()
        if not parts or self._socket.transport.is_closing():
            return
        if len(data := b"".join(parts)):
            self._socket.write(data)
        if SEND_EOF in parts:
            self._hang_up()

    # Keeping alive

    def _ping_later(self) -> None:
        self._pinging = self._loop.call_later(limits.WEB_PING_MS / 1000, self._ping)

    def _ping(self) -> None:
        """Ask for a sign of life. One that gave none since the last time is gone."""
        if self._socket.is_paused:  # not read from, so nothing can be heard; its reading is watched
            self._ping_later()
            return
        if self._is_pinged and not self._is_heard:
            log.warning("%s: connection closed: its client has not answered pings", self._socket)
            self.connection_lost()
            self._socket.abort()
            return
        self._is_heard, self._is_pinged = False, True
        self._protocol.send_ping(b"")
        self._send()
        self._ping_later()

    # The end

    def close(self, reason: FloError) -> None:
        """End the conversation from this end."""
        if self._conversation is None:
            self._socket.close()
        else:
            self._conversation.close(reason)

    def _closed(self, reason: FloError | None) -> None:
        """The conversation ended: say why, and wait a moment for the peer to take note."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(_close_code(reason), _short(str(reason or "")))
            self._send()
            self._give_up_later()

    def _too_much(self, error: FloError) -> None:
        self._fail(_close_code(error), str(error))
        self._send()

    def _fail(self, code: CloseCode, reason: str) -> None:
        """The peer broke our rules for what WebSocket may carry."""
        self._is_failed = True
        self._unfinished.release()
        if self._protocol.state is State.OPEN:
            log.warning("%s: connection closed: %s", self._socket, reason)
            self._protocol.fail(code, _short(reason))
            if self._conversation is not None:
                self._conversation.connection_lost()
        elif self._protocol.state is State.CONNECTING:
            self._socket.abort()

    def _hang_up(self) -> None:
        """All is sent. Ignore what still comes: a reset would destroy what we sent last."""
        problem = self._protocol.parser_exc or self._protocol.handshake_exc
        if problem is not None:
            log.warning("%s: connection closed: %s", self._socket, _line(str(problem)))
        if self._socket.transport.can_write_eof():
            self._socket.write_eof()
            self._give_up_later()
        else:
            self._socket.close()

    def _give_up_later(self) -> None:
        self._stop_pinging()
        if self._closing is None:
            self._closing = self._loop.call_later(limits.CLOSE_MS_MAX / 1000, self._socket.abort)

    def _stop_pinging(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()

    def connection_lost(self) -> None:
        """The socket is gone, or about to be."""
        self._raw.clear()
        self._unfinished.release()
        self._stop_pinging()
        if self._closing is not None:
            self._closing.cancel()
        if self._conversation is not None:
            self._conversation.connection_lost()


def _close_code(reason: FloError | None) -> CloseCode:
    return (
        CloseCode.NORMAL_CLOSURE
        if reason is None
        else CLOSE_CODES.get(type(reason), CloseCode.POLICY_VIOLATION)
    )


def _line(text: str) -> str:
    """`text` as one line of a log, whatever a peer put into it."""
    return text.strip().encode("unicode_escape").decode()


def _short(reason: str) -> str:
    """As much of it as a closing frame holds."""
    return reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
