"""One socket: detects its protocol, moves its bytes, and slows down for a slow reader.

The first bytes tell the protocols apart, so they share a port and others can be added. With any
protocol, the server first stops reading from a client that reads slowly, and disconnects a client
that reads nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from floruntime.core.errors import FloError, ProtocolError
from floruntime.server import limits
from floruntime.server.connections.outgoing import Outgoing
from floruntime.server.connections.peer import Door, Peer
from floruntime.server.server import FloServer

log = logging.getLogger("floruntime.port")

_TLS_HANDSHAKE = b"\x16\x03"


class Speaker(Protocol):
    """Speaks one protocol over a socket, on behalf of a conversation."""

    @property
    def is_welcome(self) -> bool:
        """Whether the hello is done."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take what arrived."""
        ...

    def close(self, reason: FloError) -> None:
        """End the conversation from this end."""
        ...

    def connection_lost(self) -> None:
        """The socket is closed, or about to be."""
        ...


MakeSpeaker = Callable[["SocketConnection", FloServer], Speaker]
Protocols = Sequence[tuple[bytes, MakeSpeaker]]
"""The first bytes of each protocol, and its speaker. The first match is taken. So if one protocol's
bytes begin with those of another, the longer ones stand first.
"""


class SocketConnection(asyncio.Protocol):
    """Moves bytes between a socket and the speaker of its protocol."""

    def __init__(
        self,
        server: FloServer,
        protocols: Protocols,
        address: str,
        on_gone: Callable[[SocketConnection], None],
    ) -> None:
        self._server = server
        self._protocols = protocols
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._speaker: Speaker | None = None
        self._head = b""
        self._receive: Callable[[bytes], None] = self._tell_apart
        self._handshake: asyncio.TimerHandle | None = None
        self._reader_check: asyncio.TimerHandle | None = None
        self.received_bytes = 0
        self.sent_bytes = 0
        #: At how many sent bytes to report again how much lies unread.
        self._recount_at_bytes = limits.UNCOUNTED_BYTES_MAX
        self._unread_bytes = 0
        self._is_busy = False
        #: What waits to be written, because it is too much for one turn.
        self._outgoing = Outgoing(self._write_piece, self._takes_more, self._all_written)
        #: Whether the transport holds much that the peer has not taken.
        self._is_full = False
        self._is_closing = self._is_ending = False
        self._name = address
        #: The peer's address, to which the connection counts.
        self.address = address
        #: Whether nothing is read, because much is still to be sent.
        self.is_paused = False
        #: Called when that begins and ends.
        self.on_pause: Callable[[bool], None] = _unheard
        #: Whether anything is read at all.
        self.is_reading = True
        #: Whether reading goes on while much is to be sent, because the speaker limits it.
        self.is_shared = False

    @property
    def has_begun(self) -> bool:
        """Whether it was ever open. If so, it reports its own end."""
        return self._transport is not None

    @property
    def transport(self) -> asyncio.Transport:
        """The open socket."""
        assert self._transport is not None
        return self._transport

    def peer(self, door: Door) -> Peer:
        """Who is at the other end."""
        return Peer(door, self.address, self._name)

    def __str__(self) -> str:
        return self._name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of the same shape, not of the same class.
        self._transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=limits.OUTBOX_HIGH_BYTES)
        self._server.counts.opened(self)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._name = f"{peer[0]}:{peer[1]}"
        self._handshake = self._loop.call_later(
            limits.HANDSHAKE_MS_MAX / 1000, self._check_handshake
        )

    def _check_handshake(self) -> None:
        if self._speaker is not None and self._speaker.is_welcome:
            return
        log.warning("%s: connection closed: no hello in time", self._name)
        if self._speaker is None:
            self.close()
        else:
            self._speaker.close(ProtocolError("no hello came in time"))

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        self._receive(data)

    def _tell_apart(self, data: bytes) -> None:
        self._head += data
        for start, speak in self._protocols:
            if self._head.startswith(start):
                head, self._head = self._head, b""
                self._speaker = speaker = speak(self, self._server)
                self._receive = speaker.receive_data
                speaker.receive_data(head)
                return
            if start.startswith(self._head):
                return  # more bytes may show that it is this protocol
        log.warning("%s: connection closed: %s", self._name, _unknown(self._head))
        self._receive = _ignore
        self.close()

    def connection_lost(self, error: Exception | None) -> None:
        for timer in (self._handshake, self._reader_check):
            if timer is not None:
                timer.cancel()
        self._receive = _ignore
        self._outgoing.clear()
        self._server.counts.closed(self)
        self._count_unread(0)
        if self._speaker is not None:
            self._speaker.connection_lost()
        self._on_gone(self)

    def close(self) -> None:
        """Close the socket once what was written has gone out."""
        if self._outgoing.bytes:
            self._is_closing = True
        elif not self.transport.is_closing():
            self.transport.close()

    def write_eof(self) -> None:
        """Tell the peer that nothing more is written. It may have disconnected without notice."""
        if self._outgoing.bytes:
            self._is_ending = True
            return
        try:
            self.transport.write_eof()
        except OSError:
            self.abort()

    def end(self, reason: FloError) -> None:
        """Let the speaker end the conversation, if there is a speaker."""
        if self._speaker is not None and not self.transport.is_closing():
            self._speaker.close(reason)

    def abort(self) -> None:
        """Close the socket at once."""
        self._outgoing.clear()
        if self._transport is not None:
            self._transport.abort()

    # A reader that is slow

    def write(self, data: bytes) -> None:
        """Send bytes to the peer."""
        size_bytes = len(data)
        if size_bytes > limits.OUTBOX_HIGH_BYTES or self._outgoing.bytes:
            self.write_pieces((data,))
            return
        self._transport.write(data)  # type: ignore[union-attr]  # a speaker has an open socket
        self.sent_bytes = sent_bytes = self.sent_bytes + size_bytes
        if sent_bytes > self._recount_at_bytes:
            self.recount()
        if self.is_paused and self._reader_check is None:
            self._watch_reader()

    def write_pieces(self, pieces: Sequence[bytes]) -> None:
        """Send a large answer in pieces: some of it in each turn of the event loop."""
        self.sent_bytes += sum(map(len, pieces))
        self._outgoing.add(pieces)
        self._outgoing.go_on()
        self._pause_or_not()
        self.recount()
        if self._reader_check is None:
            self._watch_reader()

    def _write_piece(self, piece: bytes | memoryview) -> None:
        self.transport.write(piece)

    def _takes_more(self) -> bool:
        return not self._is_full

    def _all_written(self) -> None:
        self.recount()
        self._pause_or_not()
        if self._is_ending:
            self.write_eof()
        if self._is_closing:
            self.close()

    @property
    def _unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size() + self._outgoing.bytes

    def recount(self) -> None:
        """Report how much lies unread to the server's total over all connections."""
        self._recount_at_bytes = self.sent_bytes + limits.UNCOUNTED_BYTES_MAX
        held_bytes = self._unsent_bytes
        self._count_unread(held_bytes if held_bytes > limits.UNCOUNTED_BYTES_MAX else 0)

    def _count_unread(self, unread_bytes: int) -> None:
        answers = self._server.answers
        answers.held_bytes += unread_bytes - self._unread_bytes
        self._unread_bytes = unread_bytes
        if unread_bytes:
            answers.holders[self] = None
            if answers.is_tight and self._reader_check is None:
                self._watch_reader()
        else:
            answers.holders.pop(self, None)

    def _watch_reader(self) -> None:
        """Check later that the reader takes something, if much lies unread here or in total."""
        held_bytes = self._unsent_bytes
        is_much = held_bytes > self._server.config.outbox_bytes_max
        if is_much or (self._server.answers.is_tight and self._unread_bytes):
            self._reader_check = self._loop.call_later(
                limits.READER_STUCK_MS / 1000, self._check_reader, self.sent_bytes - held_bytes
            )

    def _check_reader(self, taken_bytes_before: int) -> None:
        self._reader_check = None
        held_bytes = self._unsent_bytes
        taken_bytes = self.sent_bytes - held_bytes - taken_bytes_before
        enough_bytes = limits.READER_BYTES_MIN if self._server.answers.is_tight else 1
        if taken_bytes >= min(enough_bytes, held_bytes + taken_bytes):
            self.recount()
            self._watch_reader()
        else:
            log.warning(
                "%s: connection closed: its client has not read %d bytes of answers",
                self._name,
                held_bytes,
            )
            if self._speaker is not None:
                self._speaker.connection_lost()
            self.abort()

    def pause_writing(self) -> None:
        """The reader is slow: take no more requests from it until it has caught up."""
        self._is_full = True
        self._pause_or_not()

    def resume_writing(self) -> None:
        self._is_full = False
        self.recount()
        if self._outgoing.bytes:
            self._outgoing.go_on()
        self._pause_or_not()

    def _pause_or_not(self) -> None:
        is_paused = self._is_full or self._outgoing.bytes > 0
        if is_paused is not self.is_paused:
            self.is_paused = is_paused
            self.on_pause(is_paused)
            self._read_or_not()

    # Requests that are not yet handled

    def set_busy(self, is_busy: bool) -> None:
        """Set whether what arrived still waits to be handled. While it does, no more is read."""
        if is_busy is not self._is_busy:
            self._is_busy = is_busy
            self._read_or_not()

    def _read_or_not(self) -> None:
        is_reading = not ((self.is_paused and not self.is_shared) or self._is_busy)
        if self._transport is None or is_reading is self.is_reading:
            return
        if not is_reading:
            self.is_reading = False
            self._transport.pause_reading()
        elif not self._transport.is_closing():
            self.is_reading = True
            self._transport.resume_reading()


def _unknown(head: bytes) -> str:
    if _TLS_HANDSHAKE.startswith(head[: len(_TLS_HANDSHAKE)]):
        return "it began with a TLS handshake, but this server has no tls_cert"
    return f"it began with {head[:4]!r}, which is neither Flo nor HTTP"


def _unheard(is_paused: bool) -> None:
    """Do nothing: nobody asked to be called."""


def _ignore(data: bytes) -> None:
    """Ignore what arrives: the connection is ending."""
