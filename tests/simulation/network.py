"""A network of its own: bytes on their way, which come late, in pieces, or not at all.

Each connection keeps its order, as TCP does; between connections nothing is promised. A connection
can be cut, at each end at a time of its own; an end can vanish without a word, so that the other
one stays half open; and between a client and the server it can be dark for a while.
"""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from floruntime.client.link.endpoint import WebEndpoint
from floruntime.client.link.transports.protocol import Link, OnBodies, OnClose
from floruntime.client.link.transports.sockets import SocketLink
from floruntime.client.link.transports.tcp import QUIET_MS_MAX, TcpLink
from floruntime.client.link.transports.websocket import WebSocketLink
from floruntime.server.connections.websocket import PATH
from tests.simulation.clockwork import SimLoop

PIECE_BYTES_MAX = 64 * 1024
HIGH_BYTES = 64 * 1024
BEHIND_S = 0.000_000_1
"""How much later something comes than what was sent before it: timers of one time have no order."""
VANISHED_S = 60.0
"""After which the kernel ends a connection whose other end answers nothing."""

Speaker = asyncio.Protocol | SocketLink
"""Whoever is told what arrives; a link reads into memory of its own only from a real socket."""


class End(asyncio.Transport):
    """One end of a connection, as an event loop would give it to a protocol."""

    def __init__(
        self,
        network: Network,
        protocol: Speaker,
        name: str,
        context: Context | None = None,
    ) -> None:
        super().__init__({"peername": (name, 1)})
        #: That of the process whose end it is.
        self.context = context or copy_context()
        self.network = network
        self.name = name
        self.protocol = protocol
        self.peer: End
        self._loop = network.loop
        self._due_s = 0.0
        self._unread: list[bytes] | None = None
        self._sent_bytes = 0
        self._high_bytes = HIGH_BYTES
        self._is_paused = False
        self.is_over = False
        #: Whether its protocol knows of it.
        self.is_made = False
        #: Whether nothing comes here any more, and nobody was told.
        self.is_severed = False
        self._is_closing = False

    # What a protocol asks of it

    def write(self, data: Any) -> None:
        if self.is_over or self._is_closing or not data:
            return
        data = bytes(data)
        chance = self.network.chance
        cut = chance.randrange(1, len(data)) if len(data) > 1 and chance.random() < 0.1 else 0
        for piece in (data[:cut], data[cut:]):
            if piece:
                self._sent_bytes += len(piece)
                self._arrive_later(self.peer._arrived, piece)
        if self._sent_bytes > self._high_bytes and not self._is_paused:
            self._is_paused = True
            self.protocol.pause_writing()

    def _arrive_later(self, call: Callable[..., None], *arguments: Any) -> None:
        """It comes there after all that went before."""
        network = self.network
        arrives_s = network.arrival_s(self.name, self.peer.name)
        self._due_s = max(self._due_s + BEHIND_S, arrives_s)
        self._loop.call_at(self._due_s, call, *arguments, context=self.peer.context)

    def _arrived(self, data: bytes) -> None:
        if self.is_severed:
            return
        if self.network.is_dark(self.peer.name, self.name):
            self.peer._arrive_later(self._arrived, data)  # it is sent again until it comes
            return
        self.peer.taken(len(data))
        if self.is_over or self._is_closing:
            return
        if self._unread is not None:
            self._unread.append(data)
            return
        self.network.note(self.name, data)
        self.protocol.data_received(data)

    def taken(self, size: int) -> None:
        """The other end has so much of what was written."""
        self._sent_bytes -= size
        if self._is_paused and self._sent_bytes * 4 <= self._high_bytes and not self.is_over:
            self._is_paused = False
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self._sent_bytes

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high_bytes = HIGH_BYTES if high is None else high

    def pause_reading(self) -> None:
        if self._unread is None:
            self._unread = []

    def resume_reading(self) -> None:
        unread, self._unread = self._unread, None
        for data in unread or ():
            self._loop.call_soon(self._read_again, data)

    def _read_again(self, data: bytes) -> None:
        if self._unread is not None:
            self._unread.append(data)
        elif not self.is_over:
            self.network.note(self.name, data)
            self.protocol.data_received(data)

    def is_closing(self) -> bool:
        return self._is_closing or self.is_over

    def close(self) -> None:
        """What was written still arrives, and then the end of it."""
        if not self.is_closing():
            self._is_closing = True
            self._arrive_later(self.peer._ended)
            self._loop.call_soon(self.end, None)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Nothing more is written; what the other end writes still comes."""
        if not self.is_closing():
            self._arrive_later(self.peer._half_ended)

    def _half_ended(self) -> None:
        if not self.is_over and not self.is_severed and not self.protocol.eof_received():
            self.close()

    def _ended(self) -> None:
        if not self.is_over and not self.is_severed:
            self.protocol.eof_received()
            self._is_closing = True
            self.end(None)

    def abort(self) -> None:
        if not self.is_over:
            self._is_closing = True
            self._arrive_later(self.peer._reset)
            self._loop.call_soon(self.end, None)

    def _reset(self) -> None:
        if not self.is_severed:
            self.end(ConnectionResetError())

    # What happens to it

    def end(self, error: Exception | None) -> None:
        """It is over at this end."""
        if self.is_over:
            return
        self.is_over = True
        self.network.forget(self)
        if self.is_made:
            self.protocol.connection_lost(error)

    def vanish(self) -> None:
        """Nobody is here any more, and nobody is told."""
        self.is_over = True
        self.network.forget(self)
        self.peer.left_alone()

    def left_alone(self) -> None:
        """The other end is gone without a word; the kernel finds out in the end."""
        error = OSError(errno.ETIMEDOUT, "no answer")
        self._loop.call_later(VANISHED_S, self.end, error, context=self.context)


class Network:
    """All that is open between clients and servers. `note` is told of each piece that arrives."""

    def __init__(
        self, loop: SimLoop, chance: random.Random, note: Callable[[str, bytes], None]
    ) -> None:
        self.loop = loop
        self.chance = chance
        self.note = note
        #: How long a piece is on its way: at least, and the scale of what comes on top.
        self.delay_s = (0.000_2, 0.001)
        self._listening: dict[str, Callable[[str], asyncio.Protocol]] = {}
        self._contexts: dict[str, Context] = {}
        self._ends: dict[End, None] = {}
        self._dark_until_s: dict[str, float] = {}
        #: Of ways from one to another.
        self._ways_dark_until_s: dict[tuple[str, str], float] = {}

    def forget(self, end: End) -> None:
        self._ends.pop(end, None)

    def listen(self, address: str, accept: Callable[[str], asyncio.Protocol]) -> None:
        """From now on `accept` gives the protocol of each connection to `address`."""
        self._listening[address] = accept
        self._contexts[address] = copy_context()

    def deafen(self, address: str) -> None:
        """Nobody listens there any more."""
        self._listening.pop(address, None)

    def arrival_s(self, source: str, target: str) -> float:
        """When something that is sent now arrives."""
        least_s, scale_s = self.delay_s
        on_way_s = least_s + self.chance.expovariate(1 / scale_s)
        if self.chance.random() < 0.01:
            on_way_s += self.chance.random() * 0.5  # lost once, and sent again
        return max(self.loop.now_s, self._dark_s(source, target)) + on_way_s

    def _dark_s(self, source: str, target: str) -> float:
        dark_s = max(self._dark_until_s.get(source, 0), self._dark_until_s.get(target, 0))
        return max(dark_s, self._ways_dark_until_s.get((source, target), 0))

    def is_dark(self, source: str, target: str) -> bool:
        """Whether nothing passes from the one to the other."""
        return self._dark_s(source, target) > self.loop.now_s

    async def connect(self, name: str, address: str, protocol: Speaker) -> None:
        """A connection from `name` to `address`. Raises `OSError`."""
        await self._on_way(name, address)
        accept = self._listening.get(address)
        if accept is None:
            await self._on_way(address, name)
            raise ConnectionRefusedError(errno.ECONNREFUSED, "connection refused")
        context = self._contexts[address]
        near = End(self, protocol, name)
        far = End(self, context.run(accept, name), address, context)
        near.peer, far.peer = far, near
        self._ends[near] = self._ends[far] = None
        far.is_made = True
        context.run(far.protocol.connection_made, far)
        try:
            await self._on_way(address, name)
        except BaseException:
            near.abort()
            raise
        if near.is_over:
            raise ConnectionResetError
        near.is_made = True
        protocol.connection_made(near)

    async def _on_way(self, source: str, target: str) -> None:
        while True:
            done = self.loop.create_future()
            timer = self.loop.call_at(self.arrival_s(source, target), _wake, done)
            try:
                await done
            finally:
                timer.cancel()
            if not self.is_dark(source, target):
                return

    # Faults

    def ends_of(self, name: str) -> list[End]:
        """The ends of all open connections there."""
        return [end for end in self._ends if end.name == name]

    def cut(self, end: End) -> None:
        """The connection breaks: each end hears of it, at its own time."""
        for each in (end, end.peer):
            error = ConnectionResetError(errno.ECONNRESET, "cut")
            self.loop.call_later(self.chance.random() * 0.1, each.end, error, context=each.context)

    def sever(self, end: End) -> None:
        """Nothing passes any more, and neither end is told: it is half open."""
        for each in (end, end.peer):
            each.is_severed = True
            each.left_alone()

    def darken(self, name: str, seconds: float) -> None:
        """Nothing passes to `name`, or from it, for so long."""
        self._dark_until_s[name] = self.loop.now_s + seconds

    def darken_way(self, source: str, target: str, seconds: float) -> None:
        """Nothing passes from the one to the other for so long; the other way all does."""
        self._ways_dark_until_s[source, target] = self.loop.now_s + seconds

    def lighten(self) -> None:
        """All darkness is over."""
        self._dark_until_s.clear()
        self._ways_dark_until_s.clear()

    def drop(self, name: str, *, is_told: bool) -> None:
        """Whoever was at `name` is gone; `is_told`: the kernel lives, and tells the other ends."""
        for end in self.ends_of(name):
            peer = end.peer
            end.vanish()
            if is_told:
                after_s = self.chance.random() * 0.01
                self.loop.call_later(
                    after_s, peer.end, ConnectionResetError(), context=peer.context
                )


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class SimTransport:
    """What a client connects by: the framing of TCP over this network."""

    quiet_ms_max = QUIET_MS_MAX

    def __init__(self, network: Network, name: str, address: str) -> None:
        self._network = network
        self._name = name
        self._address = address
        #: Whether the process that it belongs to is gone.
        self.is_gone = False

    async def prepare(self) -> None:
        """Nothing to do."""

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """Raises `OSError`."""
        link = TcpLink(on_bodies, on_close)
        await self._open(link)
        return link

    async def _open(self, link: Speaker) -> None:
        if self.is_gone:
            await self._network.loop.create_future()
        await self._network.connect(self._name, self._address, link)

    async def release(self) -> None:
        """Nothing is held."""


class SimWebTransport(SimTransport):
    """The same by WebSocket."""

    quiet_ms_max = 0

    async def connect(self, on_bodies: OnBodies, on_close: OnClose) -> Link:
        """Raises `OSError`."""
        link = WebSocketLink(WebEndpoint(self._address, 9000, PATH, False), on_bodies, on_close)
        await self._open(link)
        try:
            await link.opened
        except BaseException:
            link.close()
            await link.wait_closed()
            raise
        return link
