"""The leader's end of a connection from another node: takes what that node's clients ask."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from floruntime.core.errors import FloError, ProtocolError
from floruntime.core.framing import FrameReader, frame
from floruntime.core.terms import Told
from floruntime.core.types import Command
from floruntime.core.wire import decode_envelope, encode_outcome
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span
from floruntime.server.cluster import peer_messages as messages
from floruntime.server.cluster.lead import Lead
from floruntime.server.config import Config

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


class _Telling(NamedTuple):
    """What an answer is to say: of which sequence it is, where the leader is reached."""

    lead: Lead
    tells_sequence: bool
    leader: str

    def told(self) -> Told:
        sequence = self.lead.replica.position.reach if self.tells_sequence else 0
        return Told(sequence, 0, self.leader)


class RemoteCaller:
    """A client's connection at another node, as the commit sees it."""

    def __init__(self, number: int, client: str, send: Callable[[Any], None]) -> None:
        self.number = number
        self.client = client
        self.is_closed = False
        #: Of the request that is being asked: which names lists show, what is to be written down.
        self.spans: Mapping[str, tuple[Span, ...]] | None = None
        self.note: AuditNote | None = None
        #: Whose answers are to say something, and what.
        self.telling: dict[int, _Telling] = {}
        self._send = send
        self._answers: list[tuple[int, bytes]] = []

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        """What is to be written down of the command that is being asked, as its gateway said."""
        return self.note

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """The client's own node counts what lies unread."""

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        telling = self.telling.pop(request_id, None)
        told = None if telling is None else telling.told()
        self._answers.append((request_id, encode_outcome(request_id, result, error, told)))

    def flush(self) -> None:
        """Send what is in the outbox."""
        answers, self._answers = self._answers, []
        if answers and not self.is_closed:
            self._send(messages.Answers(self.number, answers))


class PeerSpeaker:
    """Speaks with one other node over a socket that it opened."""

    def __init__(
        self, host: Host, write: Callable[[bytes], None], close: Callable[[], None], bytes_max: int
    ) -> None:
        self._host = host
        self._write = write
        self._close = close
        self._reader = FrameReader(bytes_max + messages.FRAME_OVERHEAD_BYTES)
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
        touched: dict[RemoteCaller, None] = {}
        try:
            for body in self._reader.receive_data(data):
                self._take(messages.decode(body), touched)
        except (msgspec.DecodeError, ProtocolError) as error:
            log.warning("a node's connection closed: %s", error)
            self._end()
            return
        for caller in touched:
            caller.flush()
        if self._reader.failed is not None:
            self._end()

    def _take(self, message: Any, touched: dict[RemoteCaller, None]) -> None:
        if not self.is_welcome:
            self._greet(message)
        elif isinstance(message, messages.Ask):
            self._ask(message, touched)
        elif isinstance(message, messages.Cancel):
            self._cancel(message)
        elif isinstance(message, messages.Gone):
            self._gone(message.caller)
        elif isinstance(message, messages.Here):
            self._host.hear_of(message.clients)
        else:
            raise ProtocolError(f"{type(message).__name__} is no message of a gateway")

    def _greet(self, message: Any) -> None:
        host = self._host
        if isinstance(message, messages.Meet) and not self._node:
            if message.cluster_id != host.cluster_id:
                raise ProtocolError(f"node {message.node!r} is of another cluster")
            self._node = message.node
            self._nonces = message.nonce, secrets.token_bytes(32)
            proof = messages.proof_of(host.secret, "leader", self._nonces[1], self._nonces[0])
            self.send(messages.Met(host.name, self._nonces[1], proof))
            return
        wanted = messages.proof_of(host.secret, "gateway", self._nonces[0], self._nonces[1])
        if not (
            self._node
            and isinstance(message, messages.Proof)
            and hmac.compare_digest(message.proof, wanted)
        ):
            raise ProtocolError("a node did not prove that it is of this cluster")
        self.is_welcome = True
        host.speakers[self] = None

    def _ask(self, message: messages.Ask, touched: dict[RemoteCaller, None]) -> None:
        envelope = decode_envelope(message.body)
        lead = self._host.lead_of(message.partition)
        if lead is None or not lead.may_answer:
            self.send(messages.NotMine(message.caller, message.partition, envelope.id))
            return
        caller = self._callers.get(message.caller)
        if caller is None:
            caller = RemoteCaller(message.caller, message.client, self.send)
            self._callers[message.caller] = caller
        request: Any = envelope.request
        caller.note, caller.spans = message.note, message.spans
        if message.tells or message.routes:
            leader = self._host.config.advertise if message.routes else ""
            caller.telling[envelope.id] = _Telling(lead, message.tells, leader)
        if isinstance(request, Command):
            lead.submit(caller, envelope.id, envelope.namespace, envelope.number, request)
        else:
            lead.ask(caller, envelope.id, envelope.namespace, request)
            touched[caller] = None

    def _cancel(self, message: messages.Cancel) -> None:
        lead = self._host.lead_of(message.partition)
        caller = self._callers.get(message.caller)
        if lead is not None and caller is not None:
            lead.commit.cancel(caller, message.request_id)

    def _gone(self, number: int) -> None:
        caller = self._callers.pop(number, None)
        if caller is not None:
            caller.is_closed = True
            for lead in self._host.leads():
                lead.commit.drop(caller)

    def lead_ended(self, partition: int) -> None:
        """This node leads it no more."""
        for caller in self._callers.values():
            for request_id, telling in list(caller.telling.items()):
                if telling.lead.partition == partition:
                    del caller.telling[request_id]
        self.send(messages.LeadEnded(partition))

    def send(self, message: Any) -> None:
        """Send one message to the other node."""
        if not self._is_closed:
            self._write(frame(messages.encode(message)))

    def close(self, reason: FloError) -> None:
        """Close the connection; there are no words for the reason."""
        self._end()

    def _end(self) -> None:
        self.connection_lost()
        self._close()

    def connection_lost(self) -> None:
        """The socket is gone, or about to be."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reader = FrameReader(0)
        self._host.speakers.pop(self, None)
        for number in list(self._callers):
            self._gone(number)
