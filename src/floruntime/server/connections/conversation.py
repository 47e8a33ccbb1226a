"""The requests of one connection: bodies in, answers out, whatever transport carries them.

There are no sockets and no framing here. TCP, WebSocket and the embedded link each own a
`Conversation`, pass it the bodies that arrive, and send the bodies that it gives them. It judges
the hello, decodes requests, limits what is in flight, runs queries at once and passes commands to
the commit.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from floruntime.core.errors import FloError, ProtocolError
from floruntime.core.system import CancelWait, Hello, Welcome
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Command, Request
from floruntime.core.wire import (
    COMMANDS,
    QUERIES,
    Envelope,
    decode_envelope,
    decode_request_id,
    encode_answer,
    encode_error,
    encode_outcome,
)
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span
from floruntime.engine.store import StoreError
from floruntime.server import limits
from floruntime.server.access.audit import note_of, noted_of
from floruntime.server.access.grant import Grant
from floruntime.server.access.needs import Looks
from floruntime.server.access.roles import granted
from floruntime.server.checking import CHECKED_AT_ONCE_BYTES_MAX, Checking, documents_of
from floruntime.server.connections.hold import Hold
from floruntime.server.connections.load import AnswersLoad, Load, Owed
from floruntime.server.connections.orders import Orders
from floruntime.server.connections.peer import Peer
from floruntime.server.connections.rate import RateLimit
from floruntime.server.connections.refusals import refusal_of
from floruntime.server.connections.timing import Timing
from floruntime.server.connections.too_much import TOO_FAST, refusal_for_load, stopping
from floruntime.server.connections.turns import MODEST_S, Turn, Turns
from floruntime.server.metrics.counts import Counts, Refusal

log = logging.getLogger("floruntime.conversation")


class Host(Protocol):
    """What a conversation needs from the server."""

    in_flight_max: int
    load: Load
    counts: Counts
    answers: AnswersLoad
    turns: Turns
    checking: Checking
    is_stopping: bool

    @property
    def commit(self) -> Orders: ...

    def look(self, envelope: Envelope) -> Looks: ...
    def greet(self, conversation: Conversation, request_id: int, hello: Hello) -> None: ...
    def serve(self, conversation: Conversation, request_id: int, request: Request[Any]) -> None: ...
    def gone(self, conversation: Conversation) -> None: ...


class Conversation:
    """The server's end of one connection.

    `send` carries bodies, in order. `close` closes the connection, with a reason. `rate`: the limit
    on its requests, if there is one.

    Arrived requests run in turns (`turns.py`), and none begins while too many answers are unread.
    Meanwhile it `is_busy`, and should be given nothing; `on_ready` is called at the end of that.
    """

    def __init__(
        self,
        host: Host,
        send: Callable[[list[bytes]], None],
        close: Callable[[FloError | None], None],
        peer: Peer,
        rate: RateLimit | None = None,
    ) -> None:
        self._host = host
        self._load = host.load
        self.send = send
        self._close = close
        self._rate = rate
        self._answers = host.answers
        self._turns = host.turns
        #: Its place among the connections that share the event loop.
        self.turn = Turn()
        self.on_ready: Callable[[], None] = lambda: None
        #: Sends one body that comes in pieces.
        self.send_pieces: Callable[[list[bytes]], None] = lambda pieces: send([b"".join(pieces)])
        #: Sends one body that may be cut anywhere.
        self.send_cut: Callable[[list[bytes]], None] = lambda pieces: send([b"".join(pieces)])
        self.peer = peer
        #: The client's id for its numbered writes; empty before the hello.
        self.client = ""
        #: Its rights; `None` before the hello.
        self.grant: Grant | None = None
        self._free: frozenset[Any] = frozenset()
        self._noted: frozenset[Any] = frozenset()
        #: By primitive, the names that lists show to it; `None`: all.
        self.spans: Mapping[str, tuple[Span, ...]] | None = None
        #: The terms of the request that is being passed on.
        self.terms: Terms | None = None
        #: Why nothing more may be begun.
        self._holds: set[Hold] = set()
        self._inbox: deque[bytes] = deque()
        #: Called with the longest silence that the client promises.
        self.on_promise: Callable[[int], None] | None = None
        self.is_closed = False
        #: Whether something that arrived waits.
        self.is_busy = False
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0
        self._owed = Owed(host.answers)
        #: The size and the kind of each unanswered request.
        self._in_flight: dict[int, tuple[int, type[Any]]] = {}
        self._counts = host.counts
        self._note_answered = host.counts.note_answered
        self._timing = Timing(self, self._in_flight, host.counts, host.turns)
        self._is_receiving = False

    @property
    def is_welcome(self) -> bool:
        """Whether the hello was accepted."""
        return bool(self.client)

    @property
    def in_flight(self) -> int:
        """How many requests are unanswered."""
        return len(self._in_flight)

    def receive(self, bodies: Sequence[bytes]) -> None:
        """Take what arrived together; what is answered at once is also sent together."""
        if self.is_closed:
            return
        is_waiting = self._inbox or self._holds or self._owed.bytes
        if len(bodies) == 1 and not (is_waiting or self.turn.slowness):
            turns = self._turns
            is_small = len(bodies[0]) <= limits.COUNTED_BYTES_MIN
            if is_small and turns.used_s < MODEST_S:  # the usual case, and the cheapest way
                begun_s = turns.now_s()
                asked = self._do_at_once(bodies[0])
                if begun_s >= turns.timed_from_s:
                    self._timing.time(asked, begun_s)
                turns.used_s += turns.now_s() - begun_s
                return
        self._inbox.extend(bodies)
        if Hold.GREETING in self._holds:
            self._hold_early()
        else:
            self._turns.begin(self)
        self.is_busy = bool(self._inbox)

    def _do_at_once(self, body: bytes) -> Envelope | None:
        """Take it; what was handed over, if anything was."""
        self._is_receiving = True
        try:
            asked = self._receive_body(body)
        except StoreError:
            return None  # the server ends, and has closed this connection
        except Exception:
            self._fail_by_a_bug()
            return None
        self._is_receiving = False
        if self._outbox:
            self.flush()
        return asked

    def go_on(self, until_s: float) -> bool:
        """Work on what has arrived, until that time. Returns whether more can be done."""
        inbox, holds, owed, now_s = self._inbox, self._holds, self._owed, self._turns.now_s
        commit, turn, is_flooding = self._host.commit, self.turn, self.turn.is_flooding
        fill, commands_before = commit.fill_for(self), commit.commands_total
        self._is_receiving, begun_s, asked = True, now_s(), None
        try:
            while (
                inbox and not holds and self._outbox_bytes + owed.bytes <= limits.OUTBOX_HIGH_BYTES
            ):
                if is_flooding and not turn.may_put(inbox[0], fill):
                    break
                turn.weigh(inbox[0])
                asked = self._receive_body(inbox.popleft())
                if self.is_closed:
                    return False
                if inbox and now_s() + turn.beside_s >= until_s:
                    break
        except StoreError:
            return False  # the server ends, and has closed this connection
        except Exception:
            self._fail_by_a_bug()
            return False
        if begun_s >= self._turns.timed_from_s:
            self._timing.time(asked, begun_s)
        self._is_receiving = False
        if is_flooding:
            spent_s = now_s() - begun_s + turn.beside_s
            turn.put(commit.commands_total - commands_before, spent_s, fill)
        self.flush()
        if holds and Hold.GREETING in holds:
            self._hold_early()
        if self.is_busy and not inbox:
            self.is_busy = False
            self.on_ready()  # what waited to be read may come right now
        return bool(inbox) and not self._is_held_up()

    def _is_held_up(self) -> bool:
        """Whether nothing more may be begun."""
        return bool(self._holds) or self._outbox_bytes + self._owed.bytes > limits.OUTBOX_HIGH_BYTES

    def _hold(self, why: Hold, is_held: bool) -> None:
        (self._holds.add if is_held else self._holds.discard)(why)

    def set_paused(self, is_paused: bool) -> None:
        """Say whether too many answers are unread: nothing more is begun while they are."""
        self._hold(Hold.PAUSED, is_paused)
        self._go_on_soon()

    def _go_on_soon(self) -> None:
        if self._inbox and not self._is_receiving and not self._is_held_up():
            self._turns.begin(self)

    def _receive_body(self, body: bytes) -> Envelope | None:
        """Take one request. Returns it if it was passed on."""
        if self._rate is not None and self.client and not self._rate.take():
            self._refuse_cheaply(body)
            return None
        try:
            envelope = decode_envelope(body)
        except (msgspec.DecodeError, RecursionError) as error:
            self._refuse_body(body, error)
            return None
        # The following runs for every request: so few calls, and rare cases are elsewhere.
        size_bytes, in_flight = len(body), self._in_flight
        request_id, request = envelope.id, envelope.request
        if not self.client or request_id in in_flight:
            self._receive_unusual(envelope, size_bytes)
            return None
        load, answers = self._load, self._answers
        if (
            len(in_flight) >= self._host.in_flight_max
            or load.held_bytes + size_bytes > load.bytes_max
            or answers.held_bytes >= answers.bytes_max
        ) and (refused := refusal_for_load(self._host, len(in_flight), size_bytes, request)):
            self._counts.refusals[Refusal.OVERLOAD] += 1
            self.add_answer(request_id, None, refused)
            return None
        kind = type(request)
        if kind not in self._free:
            allowed = self._granted(envelope)
            if allowed is None:
                return None
            request = allowed
        load.held_bytes += size_bytes
        in_flight[request_id] = (size_bytes, kind)
        if size_bytes > CHECKED_AT_ONCE_BYTES_MAX and (documents := documents_of(request)):
            self._hold(Hold.CHECKING, True)
            self._host.checking.begin(documents, lambda: self._checked(envelope, request))
        else:
            self._hand_over(envelope, request)
        return envelope

    def _refuse_cheaply(self, body: bytes) -> None:
        """Refuse one request too many in this second, without looking at what it asks."""
        self._counts.refusals[Refusal.RATE] += 1
        try:
            request_id = decode_request_id(body)
        except ProtocolError as error:
            self.fail(error)
        else:
            self._put_out(encode_error(request_id, TOO_FAST))

    def _checked(self, envelope: Envelope, request: Any) -> None:
        """The request's definitions are checked: it continues, and so do later requests."""
        self._hold(Hold.CHECKING, False)
        if self.is_closed:
            return
        try:
            self._hand_over(envelope, request)
        except StoreError:
            return  # the server ends, and has closed this connection
        except Exception:
            self._fail_by_a_bug()
            return
        self.flush()
        self._go_on_soon()

    def _hand_over(self, envelope: Envelope, request: Any) -> None:
        host, request_id = self._host, envelope.id
        self.terms = envelope.terms
        if type(request) in QUERIES:
            host.commit.queries.answer(self, request_id, envelope.namespace, request)
        elif type(request) in COMMANDS:
            if host.is_stopping:
                self.add_answer(request_id, None, stopping())
                return
            host.commit.submit(self, request_id, envelope.namespace, envelope.number, request)
        elif isinstance(request, CancelWait):
            ended = host.commit.cancel(self, request.request_id)
            self.add_answer(request_id, ended, None)
        else:
            host.serve(self, request_id, request)

    def _granted(self, envelope: Envelope) -> Request[Any] | None:
        """Look closer at a request: return it as it may be made, or refuse it."""
        assert self.grant is not None, "whoever asks was let in"
        try:
            return granted(self.grant, envelope, self._host.look(envelope))
        except FloError as error:
            self.add_answer(envelope.id, None, error)
            return None

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        """What the audit should record of a command of this caller, if anything."""
        if type(command) not in self._noted:
            return None
        assert self.grant is not None, "whoever asks was let in"
        return note_of(self.grant, self.peer, namespace, command)

    def _receive_unusual(self, envelope: Envelope, size_bytes: int) -> None:
        """Take the hello, or a request that is not allowed at this point."""
        if self.client:
            self.fail(ProtocolError(f"request id {envelope.id} is already in flight"))
        elif not isinstance(envelope.request, Hello):
            self.fail(ProtocolError("the first request must be a hello"))
        else:
            self._hold(Hold.GREETING, True)
            self._host.greet(self, envelope.id, envelope.request)

    def _hold_early(self) -> None:
        """Keep what arrives before the hello is judged; it must not be much."""
        early_bytes = sum(map(len, self._inbox))
        if early_bytes > limits.HELLO_BYTES_MAX:
            self.fail(ProtocolError(f"it sent {early_bytes} bytes right after its hello"))

    def let_in(self, request_id: int, client: str, grant: Grant, welcome: Welcome) -> None:
        """Accept the hello; `client` names whose writes these are."""
        self.client, self.grant, self._free = client, grant, grant.free
        self._noted = noted_of(grant)
        self.spans = None if grant.scopes is None else grant.scopes.spans
        self._hold(Hold.GREETING, False)
        self._put_out(encode_answer(request_id, welcome))
        self._go_on_soon()
        self.flush()

    def turn_away(self, request_id: int, error: FloError) -> None:
        """Refuse the hello, and tell the client before the connection is closed."""
        if self.is_closed:
            return
        self._put_out(encode_error(request_id, error))
        self._is_receiving = False
        self.flush()
        self.close(error)

    def _refuse_body(self, body: bytes, error: Exception) -> None:
        try:
            request_id, told = refusal_of(body, error)
        except ProtocolError as lost:
            self.fail(lost)
            return
        log.info("%s: refused request %d: %s", self.peer, request_id, told)
        self._put_out(encode_error(request_id, told))

    def add_answer(
        self, request_id: int, result: Any, error: FloError | None, told: Told | None = None
    ) -> None:
        """Put one answer into the outbox."""
        if self.is_closed:
            return
        asked = self._in_flight.pop(request_id, None)
        if self._owed.of:
            self._owed.settle(request_id)
        if asked is None or error is not None or told is not None:
            body = self._unusual(asked, request_id, result, error, told)
        else:  # by far the most frequent case
            size_bytes, kind = asked
            self._load.held_bytes -= size_bytes
            self._note_answered(kind)
            body = encode_answer(request_id, result)
        self._outbox.append(body)
        self._outbox_bytes += len(body)

    def _unusual(
        self,
        asked: tuple[int, type[Any]] | None,
        request_id: int,
        result: Any,
        error: FloError | None,
        told: Told | None,
    ) -> bytes:
        """Add a refusal, an answer that tells its age, or an answer to something not under way."""
        if asked is not None:
            size_bytes, kind = asked
            self._load.held_bytes -= size_bytes
            if error is None:
                self._note_answered(kind)
            else:
                self._counts.failed[kind, error.code] += 1
        return encode_outcome(request_id, result, error, told)

    def _put_out(self, body: bytes) -> None:
        self._outbox.append(body)
        self._outbox_bytes += len(body)

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Count an answer of about that size, which is given once it is durable."""
        if not self.is_closed:
            self._owed.add(request_id, answer_bytes)

    def await_body(self, request_id: int) -> None:
        """Begin nothing more until the answer to that request is there, which takes long."""
        self._owed.add(request_id, 0)
        self._hold(Hold.AWAITING_BODY, True)

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        """The answer is there, in so many pieces; none: it was refused, which was told."""
        self._hold(Hold.AWAITING_BODY, False)
        self._owed.settle(request_id)
        self.flush()
        if pieces and not self.is_closed:
            self._settle_body(request_id)
            self._timing.look()
            self.send_pieces(pieces)
        self._go_on_soon()

    def add_body(self, request_id: int, body: bytes) -> None:
        """Put an answer into the outbox that another server has encoded."""
        if not self.is_closed:
            self._settle_body(request_id)
            self._put_out(body)

    def add_cut(self, request_id: int, pieces: list[bytes]) -> None:
        """Send an answer that came in pieces."""
        self.flush()
        if not self.is_closed:
            self._settle_body(request_id)
            self.send_cut(pieces)

    def _settle_body(self, request_id: int) -> None:
        """Note that a request is answered with a body that was not encoded here."""
        asked = self._in_flight.pop(request_id, None)
        if asked is not None:
            self._load.held_bytes -= asked[0]
            self._note_answered(asked[1])

    def flush(self) -> None:
        """Send what is in the outbox; during `receive`, this happens at its end."""
        if self._is_receiving or self.is_closed or not self._outbox:
            return
        outbox, self._outbox, self._outbox_bytes = self._outbox, [], 0
        self.send(outbox)
        if self._inbox:
            self._go_on_soon()

    def fail(self, error: FloError) -> None:
        """Close the connection: nothing that follows can be understood."""
        if self.is_closed:
            return
        log.warning("%s: connection closed: %s", self.peer, error)
        self._is_receiving = False
        self.flush()
        self.close(error)

    def _fail_by_a_bug(self) -> None:
        """Answer the request that met a bug. Call it in the `except` block."""
        log.exception("%s: a request failed unexpectedly; this is a bug", self.peer)
        self.fail(ProtocolError("the server failed on a request; its log says why"))

    def close(self, reason: FloError | None = None) -> None:
        """Close the connection from this end."""
        if not self.is_closed:
            self.connection_lost()
            self._close(reason)

    def connection_lost(self) -> None:
        """The connection is closed: forget its waits and what was in flight."""
        if self.is_closed:
            return
        self.is_closed = True
        self._outbox.clear()
        self._load.held_bytes -= sum(asked[0] for asked in self._in_flight.values())
        self._in_flight.clear()
        self._owed.settle_all()
        self._inbox.clear()
        self._host.gone(self)
