"""Flo's own framing on the byte stream: each body with its length in front."""

from __future__ import annotations

import logging

from floruntime.core.errors import FloError, ProtocolError
from floruntime.core.framing import LENGTH, PREAMBLE, FrameReader, frames
from floruntime.server import limits
from floruntime.server.connections.peer import Door
from floruntime.server.connections.silence import Silence
from floruntime.server.connections.sockets import SocketConnection
from floruntime.server.connections.unfinished import Unfinished
from floruntime.server.limits import COPIED_BYTES_MAX
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.port")


class TcpSpeaker:
    """Cuts a socket's bytes into bodies for a conversation, and makes frames of what that sends."""

    def __init__(self, socket: SocketConnection, server: FloServer) -> None:
        self._socket = socket
        self._reader = FrameReader(server.frame_bytes_max)
        self._missing_bytes = len(PREAMBLE)
        self._silence = Silence(
            lambda: socket.received_bytes, lambda: not socket.is_reading, self._give_up
        )
        self._conversation = server.conversation(self._send, self._closed, socket.peer(Door.TCP))
        self._conversation.on_ready = lambda: socket.set_busy(False)
        self._conversation.send_pieces = self._conversation.send_cut = self._send_pieces
        self._conversation.on_promise = self._silence.watch
        socket.on_pause = self._conversation.set_paused
        self._unfinished = Unfinished(server.load, lambda: socket.is_reading, self._fail)

    @property
    def is_welcome(self) -> bool:
        """Whether the hello is done."""
        return self._conversation.is_welcome

    def receive_data(self, data: bytes) -> None:
        """Take what arrived. The first bytes are the preamble: it told who speaks."""
        if self._missing_bytes:
            data, self._missing_bytes = data[self._missing_bytes :], 0
        conversation, reader = self._conversation, self._reader
        if bodies := reader.receive_data(data):
            conversation.receive(bodies)
            if conversation.is_busy:
                self._socket.set_busy(True)
        if reader.unfinished or self._unfinished.held_bytes:
            self._unfinished.hold(len(reader.unfinished))
        if reader.failed is not None:
            conversation.fail(reader.failed)
        elif not conversation.client and reader.held_bytes > limits.HELLO_BYTES_MAX:
            conversation.fail(ProtocolError(f"it sent {reader.held_bytes} bytes and no hello"))

    def _fail(self, error: FloError) -> None:
        self._conversation.fail(error)

    def _send(self, bodies: list[bytes]) -> None:
        if len(bodies) > 1:
            self._socket.write(frames(bodies))
            return
        body = bodies[0]
        size_bytes = len(body)
        if size_bytes > COPIED_BYTES_MAX:
            self._send_pieces([body])
        else:
            self._socket.write(LENGTH.pack(size_bytes) + body)

    def _send_pieces(self, pieces: list[bytes]) -> None:
        self._socket.write_pieces([LENGTH.pack(sum(map(len, pieces))), *pieces])

    def close(self, reason: FloError) -> None:
        """Close the connection; this framing has no words for the reason."""
        self._conversation.close(reason)

    def _closed(self, reason: FloError | None) -> None:
        self._reader = FrameReader(0)  # lets go of what was unfinished
        self._silence.stop()
        self._unfinished.release()
        self._socket.close()

    def _give_up(self) -> None:
        """It is silent for longer than it promised: it is gone, and a closing would not end."""
        log.warning("%s: connection closed: its client has not answered pings", self._socket)
        self.connection_lost()
        self._socket.abort()

    def connection_lost(self) -> None:
        """The socket is gone, or about to be."""
        self._silence.stop()
        self._unfinished.release()
        self._reader = FrameReader(0)
        self._conversation.connection_lost()
