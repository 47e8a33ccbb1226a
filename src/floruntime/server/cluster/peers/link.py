"""The gateway's end of a connection to another node: passes on the requests of its clients."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import ssl
import time
from typing import Any, Protocol

import msgspec

from floruntime.core.errors import ProtocolError
from floruntime.core.framing import FrameReader, frame
from floruntime.core.limits import ANSWER_FRAME_BYTES_MAX
from floruntime.core.system import Ping
from floruntime.core.wire import encode_request
from floruntime.server.cluster.peers import messages, pieces
from floruntime.server.cluster.peers.kernel import hold_little
from floruntime.server.cluster.peers.lanes import PIECE_BYTES, Lanes
from floruntime.server.cluster.peers.tls import WHOM_NODES_TRUST, PeerTls
from floruntime.server.ending import end_tasks

log = logging.getLogger("floruntime.cluster")

CONNECT_S = 2.0
AGAIN_S = 0.25
"""How long after a failure the next try comes."""


PROBE_S = 1.0
"""How often the other node is asked for a sign of life."""
SILENT_S = 4.0
"""After how long without any the connection counts as lost."""
NOBODY = 0
"""The caller of what nobody's client asks."""
PROBE = messages.Ask(NOBODY, "", -1, encode_request(0, "default", 0, Ping()))
"""Asks nobody's leader, on nobody's behalf: every version answers that it is not it."""


class Owner(Protocol):
    """The gateway's node, which passes requests on."""

    cluster_id: str
    name: str
    secret: bytes

    def link_changed(self, link: PeerLink) -> None:
        """Learn that the link came up or went down."""
        ...

    def has_caller(self, caller: int) -> bool:
        """Whether this caller is still connected."""
        ...

    def answered(self, caller: int, request_id: int, body: bytes) -> None: ...
    def answered_in_pieces(self, caller: int, request_id: int, pieces: list[bytes]) -> None: ...
    def flush(self, caller: int) -> None: ...
    def refused(self, link: PeerLink, caller: int, request_id: int) -> None: ...
    def lead_ended(self, link: PeerLink, partition: int) -> None: ...


BYTES_MAX = ANSWER_FRAME_BYTES_MAX + messages.FRAME_OVERHEAD_BYTES
"""What may come at once: the largest answer, which is larger than any request."""


class PeerLink:
    """Keeps a connection to `node` at `address` up, until `stop`."""

    def __init__(
        self,
        owner: Owner,
        node: str,
        address: str,
        tls: PeerTls,
    ) -> None:
        self._owner = owner
        self.node = node
        self.address = address
        self._tls = tls
        self._socket: _PeerSocket | None = None
        self.is_up = False
        self._said = ""
        self._keeping = asyncio.get_running_loop().create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            try:
                await self._connect_and_wait()
                reason = "it was closed"
            except ssl.SSLCertVerificationError as error:
                reason = f"{error.verify_message}; {WHOM_NODES_TRUST}"
            except (OSError, TimeoutError, _NotOursError) as error:
                reason = str(error) or type(error).__name__
            if reason != self._said:
                log.info("no connection to node %s at %s: %s", self.node, self.address, reason)
                self._said = reason
            await asyncio.sleep(AGAIN_S)

    async def _connect_and_wait(self) -> None:
        host, _, port = self.address.rpartition(":")
        host = host.strip("[]")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            _, socket = await loop.create_connection(
                lambda: _PeerSocket(self._owner, self, BYTES_MAX),
                host,
                int(port),
                ssl=self._tls.context,
            )
            try:
                await socket.greeted
            except BaseException:
                socket.abort()
                raise
        self._socket, self.is_up, self._said = socket, True, ""
        try:
            self._owner.link_changed(self)
            await self._watch(socket)
        finally:
            self.is_up = False
            socket.abort()
            self._owner.link_changed(self)

    async def _watch(self, socket: _PeerSocket) -> None:
        """Return when the connection ends. Raises `TimeoutError` if the other node is silent."""
        while not socket.ended.is_set():
            try:
                async with asyncio.timeout(PROBE_S):
                    await socket.ended.wait()
            except TimeoutError:
                if time.monotonic() - socket.heard_s > SILENT_S:
                    raise TimeoutError(f"nothing came for {SILENT_S:g} s") from None
                socket.send(PROBE)

    def send(self, message: Any) -> None:
        """Send one message. It is lost if the connection is lost."""
        if self.is_up and self._socket is not None:
            self._socket.send(message)

    async def stop(self) -> None:
        """End the connection, and do not connect again."""
        await end_tasks([self._keeping])


class _NotOursError(Exception):
    """The process that answered is not a node of this cluster."""


class _PeerSocket(asyncio.Protocol):
    def __init__(self, owner: Owner, link: PeerLink, bytes_max: int) -> None:
        self._owner = owner
        self._link = link
        self._reader = FrameReader(bytes_max)
        self._begun = pieces.BegunBodies(bytes_max)
        self._transport: Any = None
        #: The requests to pass on, each caller's in a lane of its own.
        self._lanes = Lanes(self._write)
        self._knows_pieces = False
        self._nonce = secrets.token_bytes(32)
        self.heard_s = time.monotonic()
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        hold_little(self._transport)
        hello = messages.Meet(self._owner.cluster_id, self._owner.name, self._nonce, True)
        self._transport.write(messages.PEER_PREAMBLE + frame(messages.encode(hello)))

    def data_received(self, data: bytes) -> None:
        flushed: dict[int, None] = {}
        self.heard_s = time.monotonic()
        try:
            for body in self._reader.receive_data(data):
                self._take(messages.decode(body), flushed)
        except (msgspec.DecodeError, ProtocolError, _NotOursError) as error:
            log.warning("node %s at %s: %s", self._link.node, self._link.address, error)
            self.abort()
        for caller in flushed:
            self._owner.flush(caller)
        if self._reader.failed is not None:
            self.abort()

    def _take(self, message: Any, flushed: dict[int, None]) -> None:
        owner = self._owner
        if not self.greeted.done():
            self._greet(message)
        elif isinstance(message, messages.Answers):
            self._answered(message)
            flushed[message.caller] = None
        elif isinstance(message, messages.Begun):
            if owner.has_caller(message.caller):
                self._begun.add(message)
        elif isinstance(message, messages.NotMine):
            owner.refused(self._link, message.caller, message.request_id)
        elif isinstance(message, messages.LeadEnded):
            owner.lead_ended(self._link, message.partition)
        else:
            raise _NotOursError(f"{type(message).__name__} is not a message that a leader sends")

    def _answered(self, message: messages.Answers) -> None:
        owner, before = self._owner, self._begun.take(message.caller)
        for request_id, body in message.answers:
            if before:
                owner.answered_in_pieces(message.caller, request_id, [*before, body])
                before = []
            else:
                owner.answered(message.caller, request_id, body)

    def _greet(self, message: Any) -> None:
        secret = self._owner.secret
        if not isinstance(message, messages.Met):
            raise _NotOursError("what answers at this address is not a node")
        if message.node != self._link.node:
            raise _NotOursError(f"another node, {message.node}, answers at this address")
        wanted = messages.proof_of(secret, "leader", message.nonce, self._nonce)
        if not hmac.compare_digest(message.proof, wanted):
            raise _NotOursError("it did not prove that it belongs to this cluster")
        self._knows_pieces = message.knows_pieces
        self.send(messages.Proof(messages.proof_of(secret, "gateway", self._nonce, message.nonce)))
        self.greeted.set_result(None)

    def send(self, message: Any) -> None:
        if isinstance(message, messages.Ask):
            if len(message.body) > PIECE_BYTES and self._knows_pieces:
                self._lanes.send_parcel(message.caller, pieces.asked(message))
            else:
                self._lanes.send(message.caller, frame(messages.encode(message)))
            return
        if isinstance(message, messages.Gone):
            self._lanes.drop(message.caller)
            self._begun.take(message.caller)
        self._lanes.send(getattr(message, "caller", NOBODY), frame(messages.encode(message)))

    def _write(self, data: bytes) -> None:
        self._transport.write(data)

    def pause_writing(self) -> None:
        self._lanes.set_full(True)

    def resume_writing(self) -> None:
        self._lanes.set_full(False)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._lanes.clear()
        self._begun.clear()
        self.ended.set()
        if not self.greeted.done():
            self.greeted.set_exception(_NotOursError("it closed the connection"))
