"""A client that is connected to another node: its requests here, and their answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from floruntime.core.errors import FloError
from floruntime.core.terms import Told
from floruntime.core.types import Command
from floruntime.core.wire import encode_outcome, told_in_pieces
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.peers.lanes import PIECE_BYTES
from floruntime.server.cluster.peers.messages import Answers, Ask, Cancel
from floruntime.server.commit.fill import Fill
from floruntime.server.connections.load import AnswersLoad, Owed
from floruntime.server.connections.turns import Turn
from floruntime.server.limits import COUNTED_BYTES_MIN

Asked = Ask | Cancel


class Telling(NamedTuple):
    """What an answer must say: its sequence in the log, and the address of the leader."""

    lead: Lead
    tells_sequence: bool
    leader: str

    def told(self) -> Told:
        sequence = self.lead.replica.position.reach if self.tells_sequence else 0
        return Told(sequence, 0, self.leader)


class RemoteCaller:
    """A client's connection at another node, as the commit sees it. `speaker` sends its answers.

    Its requests take turns with those of all others, as on this node's own connections.
    """

    def __init__(self, number: int, client: str, speaker: Speaker) -> None:
        self.number = number
        self.client = client
        self.turn = Turn()
        #: Its requests that are not begun yet.
        self.inbox: deque[Asked] = deque()
        #: The lead that its last command went to.
        self.lead: Lead | None = None
        self.is_closed = False
        #: Whether so much waits to be sent that none of its requests is begun.
        self.is_full = False
        #: Of the present request: the names that lists show, and the audit note.
        self.spans: Mapping[str, tuple[Span, ...]] | None = None
        self.note: AuditNote | None = None
        #: By request, what its answer must say besides its result.
        self.telling: dict[int, Telling] = {}
        self._speaker = speaker
        self._owed = Owed(speaker.answers)
        #: The request whose answer takes long. No other request is begun before it.
        self._awaited: int | None = None
        self._answers: list[tuple[int, bytes]] = []

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        """The audit note of the present command, as its gateway sent it."""
        return self.note

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Count a large answer as it is made. The client's own node counts all unread answers, so
        small ones are not counted here.
        """
        if request_id == self._awaited:
            self._owed.add(request_id, answer_bytes)

    def await_body(self, request_id: int) -> None:
        """Begin nothing more until this request, which takes long, is answered."""
        self._awaited = request_id

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        """Take the pieces of a long answer. No pieces: the caller was told of a refusal already."""
        self._awaited = None
        self._owed.settle(request_id)
        self.flush()
        if self.is_closed:
            return
        if pieces:
            telling = self.telling.pop(request_id, None)
            if telling is not None:
                pieces = told_in_pieces(pieces, telling.told())
            self._speaker.send_large(self.number, request_id, pieces)
            self.is_full = not self._speaker.has_room(self)
        if self.inbox:
            self._speaker.go_on_soon(self)

    def close(self) -> None:
        """Drop its requests, because its connection has closed."""
        self.is_closed = True
        self.inbox.clear()
        self._owed.settle_all()

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        telling = self.telling.pop(request_id, None)
        told = None if telling is None else telling.told()
        self._answers.append((request_id, encode_outcome(request_id, result, error, told)))

    def flush(self) -> None:
        """Send what is in the outbox."""
        answers, self._answers = self._answers, []
        if self.is_closed:
            return
        for some in _in_parts(answers):
            (request_id, body), *more = some
            if more or len(body) <= PIECE_BYTES:
                self._speaker.send(Answers(self.number, some))
            else:
                self._speaker.send_large(self.number, request_id, [body])
        self.is_full = not self._speaker.has_room(self)

    def go_on(self, until_s: float) -> bool:
        """Do some of its requests, until `until_s`; return whether more can be done."""
        inbox, now_s = self.inbox, self._speaker.now_s
        while inbox and self._awaited is None and not self.is_full and self._may_do(inbox[0]):
            self._do(inbox.popleft())
            if now_s() + self.turn.beside_s >= until_s:
                break
        self.flush()
        return bool(inbox) and self._awaited is None and not self.is_full

    @property
    def _fill(self) -> Fill | None:
        """If it floods: the fill of the batch into which its next command is likely to go."""
        lead = self.lead
        return lead.fill if lead is not None and self.turn.is_flooding else None

    def _may_do(self, asked: Asked) -> bool:
        fill = self._fill
        return fill is None or isinstance(asked, Cancel) or self.turn.may_put(asked.body, fill)

    def _do(self, asked: Asked) -> None:
        fill, lead, turn = self._fill, self.lead, self.turn
        beside_s = turn.beside_s
        if isinstance(asked, Ask) and len(asked.body) > COUNTED_BYTES_MIN:
            turn.weigh(asked.body)
        if fill is None or lead is None:
            self._speaker.do(self, asked)
            return
        before, begun_s = lead.commit.commands_total, self._speaker.now_s()
        self._speaker.do(self, asked)
        spent_s = self._speaker.now_s() - begun_s + turn.beside_s - beside_s
        turn.put(lead.commit.commands_total - before, spent_s, fill)


class Speaker(Protocol):
    """The connection to the client's node."""

    @property
    def now_s(self) -> Callable[[], float]: ...

    answers: AnswersLoad

    def send(self, message: Any) -> None: ...
    def send_large(self, number: int, request_id: int, body: list[bytes]) -> None: ...
    def has_room(self, caller: RemoteCaller) -> bool: ...
    def go_on_soon(self, caller: RemoteCaller) -> None: ...

    def do(self, caller: RemoteCaller, message: Asked) -> None: ...


def _in_parts(answers: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """The answers in groups of about the size of a piece. A larger answer is alone in its group."""
    part: list[tuple[int, bytes]] = []
    part_bytes = 0
    for answer in answers:
        size_bytes = len(answer[1])
        if part and part_bytes + size_bytes > PIECE_BYTES:
            yield part
            part, part_bytes = [], 0
        part.append(answer)
        part_bytes += size_bytes
    if part:
        yield part
