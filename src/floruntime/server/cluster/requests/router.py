"""Routes each request to the leader of its partition, on this node or another, once there is one.

A request is kept until it is answered. When a leader ends, its unanswered requests go to the next
leader if they may be repeated. Queries and numbered writes may: they are answered once however
often they come. Waits for deliveries may, too: what a lost answer delivered comes again when its
lease is over. Any other request may have run, so it is refused with `ran="maybe"`. A request that
no leader can take is refused shortly before its caller gives up, so that the caller gets the
reason.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

from floruntime.core.errors import FloError, UnavailableError
from floruntime.core.limits import SYSTEM_NAMESPACE
from floruntime.core.system import (
    NamespaceConfigure,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceList,
    SessionOpen,
)
from floruntime.core.terms import Told
from floruntime.core.types import Command, Query, Request
from floruntime.core.wire import encode_request, told_in_pieces
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.tx import Span
from floruntime.server.cluster.board.placement import SYSTEM, partition_of
from floruntime.server.cluster.leads.lead import Lead
from floruntime.server.cluster.peers import messages
from floruntime.server.cluster.peers.link import PeerLink
from floruntime.server.cluster.requests.audit_reads import AuditReads, is_of_all
from floruntime.server.cluster.requests.local_reads import is_local, seen_by
from floruntime.server.cluster.requests.namespace_pages import NamespacePages
from floruntime.server.cluster.requests.pending import OF_SYSTEM, Connection, Pending
from floruntime.server.cluster.requests.under_way import UnderWay

PATIENCE_S = 20.0
"""How long a partition may be without a leader before requests are refused whose callers do not say
how long they wait.
"""


BEHIND_S = 0.05
"""How soon a leader is asked again that has not heard yet what the caller has seen in its log."""

Target = Lead | PeerLink | None
ReadHere = Callable[[int, Connection, int, str, Request[Any]], bool]
"""Answers a request from this node's copy of a partition, if that is good enough."""


class Asker:
    """A client's connection, as the commit of a leader on this node sees it."""

    def __init__(self, router: Router, lead: Lead, caller: Connection) -> None:
        self._router = router
        self._lead = lead
        self._caller = caller
        #: The request whose answer takes long. The connection begins nothing more before it.
        self._awaited: int | None = None
        self.client = caller.client

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be answered any more."""
        return self._caller.is_closed or self._lead.is_over

    @property
    def spans(self) -> Mapping[str, tuple[Span, ...]] | None:
        """By primitive, the names that lists show to it; `None`: all."""
        return self._caller.spans

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        """The audit note of a command of this caller; `None` if the command needs none."""
        return self._caller.note_of(namespace, command)

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Count a large answer as it is made. A small one counts when it is sent, because another
        leader may have to make it again.
        """
        if request_id == self._awaited:
            self._caller.owe(request_id, answer_bytes)

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        pending = None if self._lead.is_over else self._router.forget(self._caller, request_id)
        if pending is None:
            return
        told = Told(self._lead.replica.position.reach, 0) if pending.wants_told else None
        self._caller.add_answer(request_id, result, error, told)

    def await_body(self, request_id: int) -> None:
        """Begin nothing more until this request, which takes long, is answered."""
        self._awaited = request_id
        self._caller.await_body(request_id)

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        """Take the pieces of a long answer. No pieces: the caller was told of a refusal already."""
        pending = self._router.forget(self._caller, request_id)
        if pending is None:
            pieces = []
        elif pieces and pending.wants_told:
            pieces = told_in_pieces(pieces, Told(self._lead.replica.position.reach, 0))
        self._awaited = None
        self._caller.give_body(request_id, pieces)

    def let_go(self, request_id: int) -> None:
        """Stop waiting for a long answer whose leader has ended: the next leader makes it again."""
        if request_id == self._awaited:
            self._awaited = None
            self._caller.give_body(request_id, [])

    def flush(self) -> None:
        """Send what is in the outbox."""
        self._caller.flush()


class RouterQueries:
    """Answers queries, which change nothing."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def answer(self, caller: Any, request_id: int, namespace: str, query: Query[Any]) -> None:
        """Answer a query now, or when a leader has answered it."""
        self._router.take(caller, request_id, namespace, 0, query)


class Router:
    """Takes the requests of this node's connections.

    `why_none` says why a partition has no leader.
    """

    def __init__(
        self, partitions: int, why_none: Callable[[int], str], read_here: ReadHere
    ) -> None:
        self.partitions = partitions
        self._why_none = why_none
        self._read_here = read_here
        self._targets: list[Target] = [None] * (partitions + 1)
        #: When each partition was last seen to have a leader.
        self._led_s = [time.monotonic()] * (partitions + 1)
        self._pending: list[dict[tuple[Connection, int], Pending]]
        self._pending = [{} for _ in range(partitions + 1)]
        self._where: dict[Connection, dict[int, int]] = {}
        self._askers: dict[Connection, dict[Lead, Asker]] = {}
        self._last_leads: dict[Connection, Lead] = {}
        #: By connection, the requests that were passed on to other nodes.
        self._under_way: dict[Connection, UnderWay] = {}
        self._numbers: dict[Connection, int] = {}
        self._callers: dict[int, Connection] = {}
        self._next_number = itertools.count(1)
        self._is_silent = False
        self.queries = RouterQueries(self)
        self.commands_total = 0
        #: How many requests were passed on to another node.
        self.passed_total = 0

    # What connections ask

    def submit(
        self, caller: Any, request_id: int, namespace: str, number: int, command: Command[Any]
    ) -> None:
        """Take a command."""
        self.commands_total += 1
        self.take(caller, request_id, namespace, number, command)

    def take(
        self, caller: Any, request_id: int, namespace: str, number: int, request: Request[Any]
    ) -> None:
        """Take a request of any kind."""
        if isinstance(request, SessionOpen):
            caller.add_answer(request_id, None, None)  # a leader opens it with the first write
            caller.flush()
            return
        if isinstance(request, NamespaceList):
            NamespacePages(self, caller, request_id, request).begin()
            return
        if is_of_all(request, namespace):
            AuditReads(self, caller, request_id, request).begin()
            return
        partition = self._partition_of(namespace, request)
        is_near = is_local(caller.terms, request) and not isinstance(self._targets[partition], Lead)
        if is_near and self._read_here(partition, caller, request_id, namespace, request):
            caller.flush()
            return
        pending = Pending(caller, request_id, namespace, number, request, partition)
        self._pending[partition][caller, request_id] = pending
        self._where.setdefault(caller, {})[request_id] = partition
        self._send(pending)

    def _partition_of(self, namespace: str, request: Request[Any]) -> int:
        if isinstance(request, OF_SYSTEM):
            return SYSTEM
        if isinstance(request, NamespaceConfigure | NamespaceCreate | NamespaceDelete):
            return partition_of(request.name, self.partitions)
        if namespace == SYSTEM_NAMESPACE:
            return SYSTEM
        return partition_of(namespace, self.partitions)

    def ask_at(
        self, partition: int, caller: Any, request_id: int, namespace: str, query: Query[Any]
    ) -> None:
        """Ask the leader of one partition, whatever the query is about."""
        pending = Pending(caller, request_id, namespace, 0, query, partition)
        self._pending[partition][caller, request_id] = pending
        self._where.setdefault(caller, {})[request_id] = partition
        self._send(pending)

    def cancel(self, caller: Any, request_id: int) -> bool:
        """End one wait with its empty answer; False if this request does not wait."""
        partition = self._where.get(caller, {}).get(request_id)
        if partition is None:
            return False
        pending = self._pending[partition][caller, request_id]
        if not getattr(pending.request, "block_ms", 0):
            return False
        pending.is_ended = True
        target = pending.target
        if isinstance(target, Lead) and pending.asker is not None:
            return target.commit.cancel(pending.asker, request_id)
        if isinstance(target, PeerLink):
            target.send(messages.Cancel(self._number_of(caller), partition, request_id))
        return True

    def drop(self, caller: Any) -> None:
        """Forget the requests of a connection that has closed, and end their waits at leaders."""
        for request_id, partition in self._where.pop(caller, {}).items():
            self._pending[partition].pop((caller, request_id), None)
        self._last_leads.pop(caller, None)
        self._under_way.pop(caller, None)
        for lead, asker in self._askers.pop(caller, {}).items():
            if not lead.is_over:
                lead.commit.drop(asker)
        number = self._numbers.pop(caller, None)
        if number is not None:
            del self._callers[number]
            links = [each for each in self._targets if isinstance(each, PeerLink)]
            for link in dict.fromkeys(links):
                link.send(messages.Gone(number))

    def forget(self, caller: Connection, request_id: int) -> Pending | None:
        """Remove a request that is being answered; `None` if it is not pending any more."""
        partition = self._where.get(caller, {}).pop(request_id, None)
        if partition is None:
            return None
        return self._pending[partition].pop((caller, request_id))

    def awaits(self, caller: Any, kind: type[Request[Any]], before_s: float) -> bool:
        """Whether a request of this kind that came before that time is still unanswered."""
        asked = (
            self._pending[partition][caller, request_id]
            for request_id, partition in self._where.get(caller, {}).items()
        )
        return any(type(each.request) is kind and each.asked_s < before_s for each in asked)

    # Leaders

    def last_lead_of(self, caller: Any) -> Lead | None:
        """The leader on this node that its last command went to, if any did."""
        return self._last_leads.get(caller)

    def target_of(self, partition: int) -> Target:
        """The leader, if this node can ask it now."""
        return self._targets[partition]

    def set_target(self, partition: int, target: Target) -> None:
        """Send requests to this leader from now on, with those that another did not answer."""
        if self._targets[partition] is target:
            return
        if self._targets[partition] is not None:
            self._led_s[partition] = time.monotonic()
        self._targets[partition] = target
        for pending in list(self._pending[partition].values()):
            if pending.target is not None and pending.target is not target:
                self._take_back(pending)
            if pending.target is None:
                self._send(pending)

    def lost(self, partition: int, target: Target) -> None:
        """Take back the requests that this leader did not answer: it never will."""
        if self._targets[partition] is target:
            self.set_target(partition, None)
        for pending in list(self._pending[partition].values()):
            if pending.target is target:
                self._take_back(pending)
                self._send(pending)

    def _begin_there(self, pending: Pending, size_bytes: int) -> None:
        """Count a request that is passed on. A connection with too much under way must wait."""
        caller, request_id = pending.caller, pending.request_id
        under_way = self._under_way.get(caller)
        if under_way is None:
            under_way = self._under_way[caller] = UnderWay()
        if under_way.begin(request_id, pending.request, size_bytes):
            caller.await_body(request_id)

    def _end_there(self, caller: Connection, request_id: int) -> None:
        """Count a request as passed on no longer, so that its connection may begin more."""
        under_way = self._under_way.get(caller)
        if under_way is not None and (held_by := under_way.end(request_id)) is not None:
            caller.give_body(held_by, [])

    def _take_back(self, pending: Pending) -> None:
        self._end_there(pending.caller, pending.request_id)
        if isinstance(pending.asker, Asker):
            pending.asker.let_go(pending.request_id)
        pending.target = pending.asker = None
        pending.lost_s = time.monotonic()
        if not pending.may_repeat:
            self._refuse(
                pending,
                "the leader of its partition ended before it answered; the request may have run",
            )

    def _send(self, pending: Pending) -> None:
        if pending.target is not None or pending.caller.is_closed:
            return
        if pending.is_forgotten:
            self._refuse(
                pending, "its partition had no leader for too long; the request may have run"
            )
            return
        target = self._targets[pending.partition]
        if isinstance(target, Lead) and target.may_answer:
            if target.is_behind(seen_by(pending.terms, pending.request)):
                self._send_later(pending)
            else:
                self._send_here(pending, target)
        elif isinstance(target, PeerLink) and target.is_up:
            self._send_there(pending, target)
        if pending.target is None or self._is_silent:
            self._time(pending)

    def _send_later(self, pending: Pending) -> None:
        """Retry later: its caller has seen more than the leader knows to be in the log."""
        asyncio.get_running_loop().call_later(BEHIND_S, self._send_again, pending)

    def _send_again(self, pending: Pending) -> None:
        key = pending.caller, pending.request_id
        if self._pending[pending.partition].get(key) is pending:
            self._send(pending)

    def _time(self, pending: Pending) -> None:
        """Start the timer that answers a request shortly before its caller gives up."""
        if not pending.is_timed and (left_s := pending.left_s) is not None:
            pending.is_timed = True
            asyncio.get_running_loop().call_later(left_s, self._give_up, pending)

    def _give_up(self, pending: Pending) -> None:
        """Refuse a request whose caller is about to give up."""
        pending.is_timed = False
        if pending.target is None or self._is_silent:
            self._refuse(pending, self._why_none(pending.partition))

    def _send_here(self, pending: Pending, lead: Lead) -> None:
        askers = self._askers.setdefault(pending.caller, {})
        asker = askers.get(lead)
        if asker is None:
            for over in [each for each in askers if each.is_over]:
                del askers[over]
            asker = askers[lead] = Asker(self, lead, pending.caller)
        pending.target, pending.asker = lead, asker
        request: Any = pending.current()
        if isinstance(request, Command):
            pending.was_sent = True
            self._last_leads[pending.caller] = lead
            lead.submit(asker, pending.request_id, pending.namespace, pending.number, request)
        else:
            lead.ask(asker, pending.request_id, pending.namespace, request)
            asker.flush()

    def _send_there(self, pending: Pending, link: PeerLink) -> None:
        pending.target = link
        pending.was_sent = True
        body = encode_request(
            pending.request_id, pending.namespace, pending.number, pending.current()
        )
        caller, request = pending.caller, pending.request
        note = spans = None
        if isinstance(request, Command):
            note = caller.note_of(pending.namespace, request)
        elif caller.spans is not None:
            spans = dict(caller.spans)
        number = self._number_of(caller)
        wants = pending.wants_told, pending.wants_leader, seen_by(pending.terms, request)
        self.passed_total += 1
        self._begin_there(pending, len(body))
        link.send(messages.Ask(number, caller.client, pending.partition, body, note, spans, *wants))

    def _number_of(self, caller: Connection) -> int:
        number = self._numbers.get(caller)
        if number is None:
            number = self._numbers[caller] = next(self._next_number)
            self._callers[number] = caller
        return number

    # What other nodes answer

    def answered(self, number: int, request_id: int, body: bytes) -> None:
        """Pass on the answer of a leader on another node."""
        caller = self._callers.get(number)
        if caller is not None and self.forget(caller, request_id):
            caller.add_body(request_id, body)
            self._end_there(caller, request_id)

    def answered_in_pieces(self, number: int, request_id: int, pieces: list[bytes]) -> None:
        """Pass on a large answer of a leader on another node, in pieces."""
        caller = self._callers.get(number)
        if caller is not None and self.forget(caller, request_id):
            caller.add_cut(request_id, pieces)
            self._end_there(caller, request_id)

    def has_caller(self, number: int) -> bool:
        """Whether that connection is still open."""
        return number in self._callers

    def flush(self, number: int) -> None:
        """Send the connection the answers that have collected."""
        caller = self._callers.get(number)
        if caller is not None:
            caller.flush()

    def refused(self, link: PeerLink, number: int, request_id: int) -> None:
        """Let a request wait for a leader. The node of `link` did not look at it: that node does
        not lead, or is behind what the caller has seen.
        """
        caller = self._callers.get(number)
        partition = None if caller is None else self._where.get(caller, {}).get(request_id)
        if caller is None or partition is None:
            return
        pending = self._pending[partition][caller, request_id]
        if pending.target is link:
            pending.target = None
            self._end_there(caller, request_id)
            if seen_by(pending.terms, pending.request):
                self._send_later(pending)

    # Patience

    @property
    def is_silent(self) -> bool:
        """Whether NATS does not answer this node."""
        return self._is_silent

    def has_held(self, partition: int) -> bool:
        """Whether anything waits here for its leader."""
        return any(each.target is None for each in self._pending[partition].values())

    def set_silent(self, is_silent: bool) -> None:
        """Note whether NATS is silent: then a leader may be unable to answer requests."""
        if is_silent and not self._is_silent:
            for waiting in self._pending:
                for pending in waiting.values():
                    self._time(pending)
        self._is_silent = is_silent

    def look(self) -> None:
        """Send what can be sent by now, and refuse what has waited for too long."""
        now_s = time.monotonic()
        for partition, waiting in enumerate(self._pending):
            is_over = now_s - self._led_s[partition] > PATIENCE_S
            is_over = is_over and self._targets[partition] is None
            for pending in list(waiting.values()):
                if pending.target is None:
                    self._send(pending)
                if pending.target is None and is_over and not pending.is_timed:
                    self._refuse(pending, self._why_none(partition))

    @property
    def has_pending(self) -> bool:
        """Whether anything is not answered."""
        return any(self._pending)

    def end_waits(self) -> None:
        """End all waits with what there is."""
        for waiting in self._pending:
            for caller, request_id in list(waiting):
                self.cancel(caller, request_id)

    def refuse_all(self, reason: str) -> None:
        """Refuse all requests that are not answered."""
        for waiting in self._pending:
            for pending in list(waiting.values()):
                self._refuse(pending, reason)

    def _refuse(self, pending: Pending, reason: str) -> None:
        if self.forget(pending.caller, pending.request_id):
            error = UnavailableError(reason, ran=pending.ran)
            pending.caller.add_answer(pending.request_id, None, error)
            self._end_there(pending.caller, pending.request_id)
            pending.caller.flush()
