"""The leader's end of a connection from another node: takes the requests of that node's clients."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Collection
from typing import Any, Protocol

import msgspec

from floruntime.core.errors import FloError, ProtocolError
from floruntime.core.framing import FrameReader, frame
from floruntime.core.types import Command
from floruntime.core.wire import decode_envelope
from floruntime.engine.store import StoreError
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.peers import messages, pieces
from floruntime.server.cluster.peers.kernel import hold_little
from floruntime.server.cluster.peers.lanes import Lanes
from floruntime.server.cluster.peers.remote_caller import RemoteCaller, Telling
from floruntime.server.config import Config
from floruntime.server.connections.load import AnswersLoad
from floruntime.server.connections.turns import Turns

NOBODY = 0
"""Whose lane has what is said to no caller."""

log = logging.getLogger("floruntime.cluster")


class Host(Protocol):
    """What the speaker needs of its node."""

    cluster_id: str
    name: str
    secret: bytes
    config: Config
    speakers: dict[PeerSpeaker, None]

    def lead_of(self, partition: int) -> Lead | None: ...
    def leads(self) -> list[Lead]: ...
    def hear_of(self, clients: Collection[str]) -> None: ...


class Socket(Protocol):
    """The socket. `is_shared`: it is read even while much waits to be sent."""

    is_shared: bool
    on_pause: Callable[[bool], None]

    @property
    def transport(self) -> Any: ...
    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class PeerSpeaker:
    """Speaks with one other node over a socket that the other node opened."""

    def __init__(
        self,
        host: Host,
        socket: Socket,
        bytes_max: int,
        turns: Turns,
        answers: AnswersLoad,
    ) -> None:
        self._host = host
        self._socket = socket
        self._turns = turns
        #: The room for unread answers of all callers.
        self.answers = answers
        bytes_max += messages.FRAME_OVERHEAD_BYTES
        self._reader = FrameReader(bytes_max)
        self._begun = pieces.BegunBodies(bytes_max)
        #: The answers to send, each caller's in a lane of its own.
        self._lanes = Lanes(socket.write, self._count, self._has_room)
        self._knows_pieces = False
        socket.is_shared, socket.on_pause = True, self._lanes.set_full
        hold_little(socket.transport)
        self._missing_bytes = len(messages.PEER_PREAMBLE)
        self._callers: dict[int, RemoteCaller] = {}
        self._nonces = (b"", b"")
        self._node = ""
        self._is_closed = False
        self.is_welcome = False

    def receive_data(self, data: bytes) -> None:
        """Take what arrived. The first bytes are the preamble: it told who speaks."""
        if self._missing_bytes:
            data, self._missing_bytes = data[self._missing_bytes :], 0
        asking: dict[RemoteCaller, None] = {}
        try:
            for body in self._reader.receive_data(data):
                self._take(messages.decode(body), asking)
        except (msgspec.DecodeError, ProtocolError) as error:
            self._fail(error)
            return
        for caller in asking:
            self._turns.begin(caller)
        if self._reader.failed is not None:
            self._end()

    def _take(self, message: Any, asking: dict[RemoteCaller, None]) -> None:
        if not self.is_welcome:
            self._greet(message)
        elif isinstance(message, messages.Begun):
            self._begun.add(message)
        elif isinstance(message, messages.Ask):
            asking[self._caller_of(message)] = None
        elif isinstance(message, messages.Cancel):
            caller = self._callers.get(message.caller)
            if caller is not None:
                caller.inbox.append(message)
                asking[caller] = None
        elif isinstance(message, messages.Gone):
            self._gone(message.caller)
        elif isinstance(message, messages.Here):
            self._host.hear_of(message.clients)
        else:
            raise ProtocolError(f"{type(message).__name__} is not a message that a gateway sends")

    def _greet(self, message: Any) -> None:
        host = self._host
        if isinstance(message, messages.Meet) and not self._node:
            if message.cluster_id != host.cluster_id:
                raise ProtocolError(f"node {message.node!r} belongs to another cluster")
            self._node, self._knows_pieces = message.node, message.knows_pieces
            self._nonces = message.nonce, secrets.token_bytes(32)
            proof = messages.proof_of(host.secret, "leader", self._nonces[1], self._nonces[0])
            self.send(messages.Met(host.name, self._nonces[1], proof, True))
            return
        wanted = messages.proof_of(host.secret, "gateway", self._nonces[0], self._nonces[1])
        if not (
            self._node
            and isinstance(message, messages.Proof)
            and hmac.compare_digest(message.proof, wanted)
        ):
            raise ProtocolError("a node did not prove that it belongs to this cluster")
        self.is_welcome = True
        host.speakers[self] = None

    def _caller_of(self, message: messages.Ask) -> RemoteCaller:
        """The caller of a request. The request is begun when the caller's turn comes."""
        number = message.caller
        caller = self._callers.get(number)
        if caller is None:
            caller = self._callers[number] = RemoteCaller(number, message.client, self)
        if before := self._begun.take(number):
            body = b"".join((*before, message.body))
            message = msgspec.structs.replace(message, body=body)
        caller.inbox.append(message)
        return caller

    @property
    def now_s(self) -> Callable[[], float]:
        """The clock that measures how long each caller uses the event loop."""
        return self._turns.now_s

    def go_on_soon(self, caller: RemoteCaller) -> None:
        """Give this caller a turn soon, because it has something to do again."""
        self._turns.begin(caller)

    def do(self, caller: RemoteCaller, message: messages.Ask | messages.Cancel) -> None:
        """Do the next request of a caller. Raises nothing."""
        try:
            if isinstance(message, messages.Ask):
                self._ask(caller, message)
            else:
                self._cancel(caller, message)
        except StoreError:
            return  # the node is stopping
        except (msgspec.DecodeError, ProtocolError) as error:
            self._fail(error)
        except Exception as error:
            log.exception("a request that a node passed on failed unexpectedly; this is a bug")
            self._fail(error)

    def _ask(self, caller: RemoteCaller, message: messages.Ask) -> None:
        envelope = decode_envelope(message.body)
        lead = self._host.lead_of(message.partition)
        if lead is None or not lead.may_answer or lead.is_behind(message.seen):
            self.send(messages.NotMine(message.caller, message.partition, envelope.id))
            return
        request: Any = envelope.request
        caller.note, caller.spans = message.note, message.spans
        if message.tells or message.routes:
            leader = self._host.config.advertise if message.routes else ""
            caller.telling[envelope.id] = Telling(lead, message.tells, leader)
        if isinstance(request, Command):
            caller.lead = lead
            lead.submit(caller, envelope.id, envelope.namespace, envelope.number, request)
        else:
            lead.ask(caller, envelope.id, envelope.namespace, request)

    def _cancel(self, caller: RemoteCaller, message: messages.Cancel) -> None:
        lead = self._host.lead_of(message.partition)
        if lead is not None:
            lead.commit.cancel(caller, message.request_id)

    def _gone(self, number: int) -> None:
        caller = self._callers.pop(number, None)
        self._begun.take(number)
        self._lanes.drop(number)
        if caller is not None:
            caller.close()
            for lead in self._host.leads():
                lead.commit.drop(caller)

    def lead_ended(self, partition: int) -> None:
        """Tell the other node that this node no longer leads the partition."""
        for caller in self._callers.values():
            for request_id, telling in list(caller.telling.items()):
                if telling.lead.partition == partition:
                    del caller.telling[request_id]
        if not self._is_closed:  # answers that were given before the end must arrive first
            self._lanes.send_behind_all(frame(messages.encode(messages.LeadEnded(partition))))

    def send(self, message: Any) -> None:
        """Send one message to the other node."""
        if not self._is_closed:
            number = getattr(message, "caller", NOBODY)
            self._lanes.send(number, frame(messages.encode(message)))

    def send_large(self, number: int, request_id: int, body: list[bytes]) -> None:
        """Send a large answer to this caller, in pieces."""
        if not self._is_closed:
            answer = pieces.answered if self._knows_pieces else pieces.answered_whole
            self._lanes.send_parcel(number, answer(number, request_id, body))

    def has_room(self, caller: RemoteCaller) -> bool:
        """Whether this caller may get more answers: not too much waits to be sent to it."""
        return self._lanes.has_room(caller.number)

    def _has_room(self, number: int) -> None:
        caller = self._callers.get(number)
        if caller is not None:
            caller.is_full = False
            if caller.inbox:
                self._turns.begin(caller)

    def _count(self, more_bytes: int) -> None:
        self.answers.held_bytes += more_bytes

    def close(self, reason: FloError) -> None:
        """Close the connection. No message between nodes can carry the reason."""
        self._end()

    def _fail(self, error: Exception) -> None:
        log.warning("a node's connection closed: %s", error)
        self._end()

    def _end(self) -> None:
        self.connection_lost()
        self._socket.close()

    def connection_lost(self) -> None:
        """Drop all callers, because the socket is closed or about to close."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reader = FrameReader(0)
        self._begun.clear()
        self._lanes.clear()
        self._host.speakers.pop(self, None)
        for number in list(self._callers):
            self._gone(number)
