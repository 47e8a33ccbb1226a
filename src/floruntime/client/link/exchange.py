"""Keeps track of a client's calls until they are answered, over all its links. No I/O, no tasks.

A call is *held* until it may go out (a link is up; for a write, the session is open and a number is
free), then *in flight* until its answer comes. When a link breaks, queries and numbered writes in
flight are sent again on the next one. Writes keep their number, so the server runs each only once.
A call that its caller gave up stays in flight until it is answered. What that answer delivers is
handed back.

Long polls never delay other calls, however many there are: they never take all of what may be in
flight, nor all places of write numbers.

In a cluster, some calls go by a route: a link straight to the leader (`routes/leads.py`). When a
route breaks, its calls go by the first link. When the first link breaks, a route takes its place.
"""

from __future__ import annotations

import itertools
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from floruntime.client.link.call import DELIVERIES, Call
from floruntime.client.link.handback import hand_back
from floruntime.client.link.numbers import WriteNumbers
from floruntime.client.link.pulse import UnderWay
from floruntime.client.link.reads import Reads
from floruntime.client.link.routes.leads import Leads, Want, place_of
from floruntime.client.link.routes.route import Route, Send
from floruntime.client.link.unsendable import what_is_unsendable
from floruntime.core import wire
from floruntime.core.errors import (
    BadRequestError,
    ConnectionFailedError,
    FloError,
    OverloadedError,
    ProtocolError,
    Ran,
    UnavailableError,
)
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.system import CancelWait, ServerLimits, SessionOpen, Welcome
from floruntime.core.terms import Terms
from floruntime.core.types import Command, Query, Request

MakeError = Callable[[Ran], FloError]

IN_FLIGHT_FREE_OF_WAITS = 256
"""How many of the calls that may be in flight are kept free for others than long polls."""

SHOWS_NOTHING = (OverloadedError.code, UnavailableError.code)
"""Refusals that were not judged by the state."""


class Exchange:
    """The calls of one client."""

    def __init__(self, now_s: Callable[[], float], reads: Reads, want: Want | None = None) -> None:
        self._now_s = now_s
        self._reads = reads
        self._leads = Leads(want)
        #: The name under which the cluster remembers this client's writes; `None`: not told.
        self._holder: str | None = None
        self._is_in_cluster = False
        self._ids = itertools.count(1)
        self._in_flight: dict[int, Call] = {}
        self._held_writes: OrderedDict[int, Call] = OrderedDict()
        self._held_others: OrderedDict[int, Call] = OrderedDict()
        self._held_waits: OrderedDict[int, Call] = OrderedDict()
        self._waits_in_flight = 0
        self._send: Send | None = None
        self._limits = ServerLimits(0, 0, 0)
        self._opening: Call | None = None
        self._down_since_s = now_s()
        #: Whether a caller got an answer over the latest link.
        self.was_of_use = False
        self._renew_session()

    def _renew_session(self) -> None:
        self.session = secrets.token_hex(16)
        self._is_session_open = False
        self._numbers = WriteNumbers()

    # What callers do

    def submit(self, call: Call) -> None:
        """Send `call` now or as soon as it may go."""
        call.id = next(self._ids)
        leads = self._leads
        if leads.moves or leads.ready:
            self._submit_ready()
            if leads.holds(call):
                return
        self._submit_at_once(call)

    def _submit_at_once(self, call: Call) -> None:
        held = self._held_for(call)
        if held or not self._try_send(call):
            held[call.id] = call

    def _submit_ready(self) -> None:
        """Send the calls that waited for earlier calls on another link, and need to no longer."""
        for call in self._leads.take_ready():
            self._submit_at_once(call)

    def _held_for(self, call: Call) -> OrderedDict[int, Call]:
        if call.is_wait:
            return self._held_waits
        return self._held_writes if isinstance(call.request, Command) else self._held_others

    def _all_held(self) -> tuple[OrderedDict[int, Call], ...]:
        return self._held_others, self._held_writes, self._held_waits

    def under_way(self, route: Route | None = None) -> UnderWay | None:
        """What is under way on the first link, or on a route; `None` where nothing is."""
        calls = [call for call in self._in_flight.values() if call.route is route]
        if not calls:
            return None
        return UnderWay(min(call.sent_s for call in calls), min(call.due_s for call in calls))

    def why_held(self, call: Call) -> str:
        """Why a call is held although the link is up."""
        if isinstance(call.request, Command) and not self._is_session_open:
            return "the server has not opened the session that writes need"
        if self._leads.is_waiting(call):
            return "an earlier call, sent by way of another node, is not answered yet"
        return f"{len(self._in_flight)} calls are in flight, which is the limit"

    def abandon(self, call: Call) -> None:
        """The caller waits no longer."""
        call.is_abandoned = True
        if not call.was_sent:
            self._held_for(call).pop(call.id, None)
            self._leads.abandon(call)
        elif call.id not in self._in_flight:
            self._hand_back_answered(call)
        elif not self._has_link(call):
            self._forsake(call)
        elif call.is_wait:
            self._cancel_wait(call)

    def _has_link(self, call: Call) -> bool:
        """Whether the link that a call went by is up."""
        return call.route is not None or self._send is not None

    def _forsake(self, call: Call) -> None:
        """Handle a call whose link is lost and whose caller gave up. If the server may have
        delivered something to it, the call is sent again on the next link, to hand that back.
        """
        if call.may_have_delivered:
            call.block_until_s = self._now_s()
        else:
            self._drop(call)

    def end_wait(self, call: Call) -> None:
        """Let the long poll `call` be answered now; sent again, it does not block any more."""
        call.block_until_s = self._now_s()
        if call.id in self._in_flight and self._has_link(call):
            self._cancel_wait(call)

    def _cancel_wait(self, call: Call) -> None:
        call.due_s = self._now_s()
        self._transmit_own(CancelWait(call.id), call.namespace, call.route)

    def fail_all(self, make_error: MakeError) -> None:
        """Fail every call, sent or not."""
        self._fail(list(self._in_flight.values()), make_error)
        calls = self._leads.take_waiting()
        for held in self._all_held():
            calls += held.values()
            held.clear()
        for call in calls:
            call.fail(make_error(call.ran))

    def fail_sent(self, make_error: MakeError, route: Route | None = None) -> None:
        """Fail the calls in flight on the first link, or on a route."""
        self._fail([each for each in self._in_flight.values() if each.route is route], make_error)

    def _fail(self, calls: list[Call], make_error: MakeError) -> None:
        for call in calls:
            self._drop(call)
            call.fail(make_error(call.ran))

    # What links do

    def link_up(self, send: Send, welcome: Welcome) -> bool:
        """A link greeted. False: its server forgot the session; greet again with the fresh one."""
        holder = welcome.holder if welcome.node else self._holder  # older nodes say neither
        is_known = welcome.session_known and self._holder in (None, holder)
        if self._is_session_open and (not is_known or self._is_too_late(welcome)):
            self._session_forgotten()
            self._holder = holder
            return False
        self._is_session_open = welcome.session_known
        self._holder = holder
        self._go_on_by(send, welcome)
        return True

    def _go_on_by(self, send: Send, welcome: Welcome) -> None:
        self._leads.home = welcome.node
        self._send = send
        self.was_of_use = False
        self._limits = welcome.limits
        self._is_in_cluster = bool(welcome.nodes)
        for call in list(self._in_flight.values()):
            if call.route is None:
                self._transmit(call)
        self._pump()

    def promoted(self, route: Route, welcome: Welcome) -> None:
        """Make a route the first link, which was lost. Calls under way on the route stay there."""
        self._leads.route_down(route)
        there = [call for call in self._in_flight.values() if call.route is route]
        self._go_on_by(route.send, welcome)
        for call in there:
            call.route = None

    def _is_too_late(self, welcome: Welcome) -> bool:
        """Whether the cluster may have forgotten the session, which no node can tell for sure."""
        away_s = 0.0 if self._leads.routes else self._now_s() - self._down_since_s
        return bool(welcome.nodes) and away_s > SESSION_AGE_MS_MAX / 1000

    def link_down(self, reason: str) -> None:
        """The first link is lost. What may be sent again waits for the next one."""
        if self._send is not None:
            self._down_since_s = self._now_s()
        self._send = None
        self._opening = None
        self._bring_back(None, reason)

    def route_up(self, route: Route) -> None:
        """From now on, calls for what that node leads go straight there."""
        self._leads.route_up(route, self._in_flight.values())

    def route_down(self, route: Route, error: FloError) -> None:
        """A route is lost. What may be sent again goes by the first link."""
        self._leads.route_down(route)
        if self._send is None:
            self._down_since_s = self._now_s()
        if isinstance(error, ProtocolError):
            self.fail_sent(lambda ran: ProtocolError(error.message, ran=ran), route)
        self._bring_back(route, f"the connection to {route.node} broke: {error.message}")
        self._pump()

    def _bring_back(self, route: Route | None, reason: str) -> None:
        """Send the calls of a lost link or route by the first link, now or once it is up."""
        for call in [each for each in self._in_flight.values() if each.route is route]:
            call.route = None
            if call.is_abandoned:
                self._forsake(call)
            elif not call.may_repeat:
                self._drop(call)
                call.fail(ConnectionFailedError(reason, ran=call.ran))
            if self._send is not None and call.id in self._in_flight:
                self._transmit(call)

    def receive(self, body: bytes) -> None:
        """Take an answer. Raises `ProtocolError` if `body` is not one."""
        answer = wire.decode_answer(body)
        call = self._in_flight.get(answer.id)
        if call is None:
            return
        self._drop(call)
        self.was_of_use = self.was_of_use or call.future is not None
        if self._is_in_cluster:
            if answer.told is not None or _shows_something(answer.error):
                self._reads.tell(call.id, call.request, call.namespace, answer.told)
            if answer.told is not None and answer.told.leader:
                self._learn(call, answer.told.leader)
        if call is self._opening:
            self._session_opened(answer.error)
        elif answer.error is not None:
            call.fail(call.as_known(wire.raised(answer.error)))
        else:
            self._answered(call, answer.result)
        if self._held_writes or self._held_others or self._held_waits or self._leads.ready:
            self._pump()

    def _learn(self, call: Call, leader: str) -> None:
        """Note that an answer named the leader of the call's namespace: the call was passed on."""
        place = place_of(call.request, call.namespace)
        if place is not None:
            self._leads.passed_on(place, leader, self._in_flight.values())

    def _answered(self, call: Call, raw: msgspec.Raw) -> None:
        try:
            result = wire.decode_reply(call.request, raw)
        except FloError as error:
            call.fail(error)
            return
        if call.is_abandoned or call.is_cancelled:
            is_taken = not call.is_cancelled and call.on_late is not None and call.on_late(result)
            if not is_taken:
                self._hand_back(call, result)
        else:
            call.succeed(result)

    # The session

    def _session_opened(self, error: wire.WireError | None) -> None:
        self._opening = None
        if error is None:
            self._is_session_open = True
            return
        for held in (self._held_writes, self._held_waits):
            for call in [call for call in held.values() if isinstance(call.request, Command)]:
                del held[call.id]
                call.fail(wire.raised(error))

    def _session_forgotten(self) -> None:
        for call in [each for each in self._in_flight.values() if each.number]:
            self._give_up(call)
        for route in self._leads.routes:
            self._leads.route_down(route)
        for call in self._in_flight.values():
            call.route = None
        self._renew_session()

    def _give_up(self, call: Call) -> None:
        """Fail a write instead of sending it again: no server can tell whether it ran."""
        self._drop(call)
        call.fail(
            ConnectionFailedError(
                "the connection broke, and the server no longer remembers this client: "
                f"{type(call.request).__name__} may have run",
                ran="maybe",
            )
        )

    # Sending

    def _pump(self) -> None:
        for held in self._all_held():
            while held:
                call_id, call = next(iter(held.items()))
                if not self._try_send(call):
                    break
                held.pop(call_id, None)
        self._submit_ready()

    def _try_send(self, call: Call) -> bool:
        if self._send is None or not self._has_room_for(call):
            return False
        if isinstance(call.request, Command):
            if not self._is_session_open:
                self._open_session(call.namespace)
                return False
            number = self._number_for(call)
            if number is None:
                return False
            call.number = number
        if self._leads.by_place:
            call.route = self._route_of(call)
        self._transmit(call)
        return True

    def _route_of(self, call: Call) -> Route | None:
        """The route of a call. A read that any copy may answer goes by the first link (`None`)."""
        if self._reads.is_local and isinstance(call.request, Query) and not call.is_wait:
            return None
        return self._leads.route_of(place_of(call.request, call.namespace))

    def _has_room_for(self, call: Call) -> bool:
        most = self._limits.in_flight_max
        if len(self._in_flight) >= most:
            return False
        free = min(IN_FLIGHT_FREE_OF_WAITS, most // 2)
        return not call.is_wait or self._waits_in_flight < most - free

    def _number_for(self, call: Call) -> int | None:
        """A write number; 0 if the call may go without one; `None` while no number is free."""
        if call.is_wait and isinstance(call.request, DELIVERIES):
            return self._numbers.take_for_wait() or 0
        return self._numbers.take()

    def _open_session(self, namespace: str) -> None:
        if self._opening is None:
            self._opening = self._transmit_own(SessionOpen(), namespace)

    def _transmit_own(
        self, request: Request[Any], namespace: str, route: Route | None = None
    ) -> Call:
        """Send a request of the client's own at once."""
        call = Call(request, namespace)
        call.route = route
        call.id = next(self._ids)
        self._transmit(call)
        return call

    def _transmit(self, call: Call) -> None:
        send = self._send if call.route is None else call.route.send
        assert send is not None
        if self._is_in_cluster and call.may_be_forgotten(self._now_s()):
            self._give_up(call)
            return
        self._keep(call)
        try:
            body = self._body_of(call)
        except (FloError, TypeError) as error:
            self._drop(call)
            call.fail(error)
            return
        call.goes_out()
        send(body, call.due_s)

    def _keep(self, call: Call) -> None:
        call.sent_s = call.due_s = self._now_s()
        if call.route is not None:
            call.route.used_s = call.sent_s
        if call.is_wait:
            until_s = call.block_until_s
            call.due_s = call.sent_s + call.block_ms / 1000 if until_s is None else until_s
        if call.id not in self._in_flight:
            self._in_flight[call.id] = call
            self._waits_in_flight += call.is_wait

    def _body_of(self, call: Call) -> bytes:
        name = type(call.request).__name__
        try:
            body = wire.encode_request(
                call.id,
                call.namespace,
                call.number,
                self._with_block_left(call),
                self._terms_of(call),
            )
        except (OverflowError, UnicodeEncodeError) as error:
            what = what_is_unsendable(call.request, self._limits)
            raise BadRequestError(f"{name}: {what or error}") from error
        if len(body) > self._limits.frame_bytes_max:
            raise BadRequestError(
                what_is_unsendable(call.request, self._limits)
                or f"{name} takes {len(body)} bytes; "
                f"this server takes at most {self._limits.frame_bytes_max} in one request"
            )
        return body

    def _terms_of(self, call: Call) -> Terms | None:
        """What is sent to a node of a cluster beside the request."""
        if not self._is_in_cluster:
            return None
        left_s = call.deadline_s - self._now_s() if call.deadline_s else 0.0
        within_ms = max(0, int(left_s * 1000))
        return self._reads.terms(call.id, call.namespace, within_ms, self._leads.is_wanted)

    def _with_block_left(self, call: Call) -> Request[Any]:
        """The request; sent again, it blocks only for what is left of its `block_ms`."""
        if not call.block_ms:
            return call.request
        if call.block_until_s is None:
            call.block_until_s = self._now_s() + call.block_ms / 1000
            return call.request
        left_ms = max(0, int((call.block_until_s - self._now_s()) * 1000))
        return msgspec.structs.replace(call.request, block_ms=left_ms)

    def _drop(self, call: Call) -> None:
        """Forget `call`; its number may lose its place in the server's ring."""
        if self._in_flight.pop(call.id, None) is None:
            return
        self._waits_in_flight -= call.is_wait
        if self._leads.moves:
            self._leads.answered(call)
        if call.number:
            self._numbers.release(call.number)

    # Deliveries that nobody took

    def _hand_back_answered(self, call: Call) -> None:
        future = call.future
        if future is None or not future.done() or future.cancelled():
            return
        if future.exception() is None:
            self._hand_back(call, future.result())

    def _hand_back(self, call: Call, result: Any) -> None:
        for command in hand_back(call.request, result):
            self.submit(Call(command, call.namespace))


def _shows_something(error: wire.WireError | None) -> bool:
    """Whether an answer tells of the state; a refusal for lack of a leader does not."""
    return error is None or error.code not in SHOWS_NOTHING
