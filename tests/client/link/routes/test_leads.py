"""By which way calls go once a client was told who leads, and that their order stays."""

from __future__ import annotations

import asyncio
from typing import Any

from floruntime.client.link.call import Call
from floruntime.client.link.exchange import Exchange
from floruntime.client.link.reads import Reads, ReadsFrom
from floruntime.client.link.routes import leads
from floruntime.client.link.routes.route import Route
from floruntime.core import wire
from floruntime.core.errors import ConnectionFailedError, FloError, NotConnectedError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.limits import SESSION_AGE_MS_MAX
from floruntime.core.queue import QueueDequeue
from floruntime.core.system import (
    Backup,
    CancelWait,
    NamespaceCreate,
    NamespaceList,
    ServerLimits,
    SessionOpen,
    Welcome,
)
from floruntime.core.terms import Told
from floruntime.core.token import TokenList
from floruntime.core.types import Request

GET, PUT, TAKE = KvGet("k"), KvPut("k", b"v"), QueueDequeue("q")
HOME, LEADER, NEXT = "home:1", "leader:1", "next:1"
LOST = ConnectionFailedError("it broke")


class Rig:
    """An exchange in a cluster. What goes out is kept by the node that it goes to."""

    def __init__(self, reads: ReadsFrom = "linearizable") -> None:
        self.now_s = 100.0
        self.wanted: list[str] = []
        self.sent: list[tuple[str, Request[Any]]] = []
        self.numbers: list[int] = []
        self.exchange = Exchange(lambda: self.now_s, Reads(reads, None), self.wanted.append)
        self.up()

    def up(self, *, node: str = HOME, holder: str = "") -> bool:
        limits = ServerLimits(400, 10_000, 100)
        welcome = Welcome("1.0", limits, True, nodes=[HOME], node=node, holder=holder)
        return self.exchange.link_up(self._send_to(HOME), welcome)

    def _send_to(self, node: str) -> Any:
        def send(body: bytes, _due_s: float) -> None:
            envelope = wire.decode_envelope(body)
            self.sent.append((node, envelope.request))
            self.numbers.append(envelope.number)

        return send

    def route(self, node: str = LEADER) -> Route:
        """A route that is up."""
        route = Route(node, self._send_to(node), self.now_s)
        self.exchange.route_up(route)
        return route

    def call(self, request: Request[Any], namespace: str = "shop", block_ms: int = 0) -> Call:
        call = Call(request, namespace, block_ms, asyncio.get_running_loop().create_future())
        self.exchange.submit(call)
        return call

    def went(self) -> list[tuple[str, Request[Any]]]:
        """What went out since this was last asked, and where to."""
        sent, self.sent = self.sent, []
        return sent

    def answer(self, call: Call, result: object = None, leader: str = "") -> None:
        told = Told(0, 0, leader) if leader else None
        self.exchange.receive(wire.encode_answer(call.id, result, told))

    def passed_on(self, leader: str = LEADER, namespace: str = "shop", times: int = 4) -> None:
        """So many requests are passed on to this node."""
        for _ in range(times):
            self.answer(self.call(GET, namespace), leader=leader)
        self.sent.clear()


def error_of(call: Call) -> FloError:
    assert call.future is not None
    error = call.future.exception()
    assert isinstance(error, FloError)
    return error


async def test_a_route_is_asked_for_once_several_requests_were_passed_on() -> None:
    rig = Rig()
    rig.passed_on(times=leads.PASSED_MIN - 1)
    assert rig.wanted == []
    rig.passed_on(times=1)
    assert rig.wanted == [LEADER]


async def test_what_that_node_leads_goes_by_it_and_nothing_else() -> None:
    rig = Rig()
    rig.passed_on()
    rig.route()
    rig.call(PUT)
    rig.call(GET)
    rig.call(NamespaceCreate("shop"), "other")
    rig.call(GET, "other")
    rig.call(Backup("there"))
    assert rig.went() == [
        (LEADER, PUT),
        (LEADER, GET),
        (LEADER, NamespaceCreate("shop")),
        (HOME, GET),
        (HOME, Backup("there")),
    ]


async def test_a_node_that_it_is_connected_to_needs_no_route() -> None:
    rig = Rig()
    rig.passed_on()
    rig.route()
    rig.passed_on(HOME)
    rig.call(GET)
    assert rig.went() == [(HOME, GET)]
    assert set(rig.wanted) == {LEADER}


async def test_what_any_copy_may_answer_is_asked_where_the_client_is() -> None:
    rig = Rig("local")
    rig.passed_on()
    rig.route()
    rig.call(GET)
    rig.call(PUT)
    rig.call(KvGet("k", block_ms=5), block_ms=5)
    assert [node for node, _ in rig.went()] == [HOME, LEADER, LEADER]


async def test_the_next_calls_wait_for_those_that_are_under_way_by_another_way() -> None:
    rig = Rig()
    rig.passed_on()
    first, other, wait = rig.call(PUT), rig.call(GET, "other"), rig.call(TAKE, block_ms=50)
    rig.route()
    second, third = rig.call(GET), rig.call(PUT)
    assert rig.went() == [(HOME, PUT), (HOME, GET), (HOME, TAKE)]
    assert "by way of another node" in rig.exchange.why_held(second)
    rig.answer(first, PutResult(1))
    assert rig.went() == [(LEADER, GET), (LEADER, PUT)]
    rig.exchange.abandon(wait)
    assert rig.went() == [(HOME, CancelWait(wait.id))]
    for call in (third, second, other):
        rig.answer(call)
        assert call.future is not None
        assert call.future.done()


async def test_one_that_waits_and_is_given_up_is_never_sent() -> None:
    rig = Rig()
    rig.passed_on()
    first = rig.call(PUT)
    rig.route()
    second, third = rig.call(GET), rig.call(PUT)
    rig.went()
    rig.exchange.abandon(second)
    rig.answer(first, PutResult(1))
    assert rig.went() == [(LEADER, PUT)]
    rig.exchange.fail_all(lambda ran: NotConnectedError("closed", ran=ran))
    assert error_of(third).ran == "maybe"


async def test_what_waits_fails_with_everything_else() -> None:
    rig = Rig()
    rig.passed_on()
    rig.call(PUT)
    rig.route()
    second = rig.call(PUT)
    rig.exchange.fail_sent(lambda ran: NotConnectedError("closed", ran=ran))
    rig.exchange.fail_all(lambda ran: NotConnectedError("closed", ran=ran))
    assert error_of(second).ran == "no"


async def test_a_write_whose_route_breaks_goes_on_by_the_first_link_under_its_number() -> None:
    rig = Rig()
    rig.passed_on()
    route = rig.route()
    write, read = rig.call(PUT), rig.call(GET)
    unnumbered = rig.call(Backup("there"))
    before = rig.numbers[-3]
    rig.went()
    rig.exchange.route_down(route, LOST)
    assert rig.went() == [(HOME, PUT), (HOME, GET)]
    assert rig.numbers[-2:] == [before, 0]
    assert write.future is not None
    assert not write.future.done()
    rig.answer(unnumbered, "there")
    rig.call(PUT)
    assert rig.went() == [(HOME, PUT)]
    rig.answer(read)


async def test_calls_on_a_route_go_on_while_the_first_link_is_made_again() -> None:
    rig = Rig()
    rig.passed_on()
    route = rig.route()
    there, here = rig.call(PUT), rig.call(GET, "other")
    rig.went()
    rig.exchange.link_down("it broke")
    rig.answer(there, PutResult(1))
    lost = rig.call(GET)
    assert rig.went() == []
    rig.now_s += 3_600  # a session with a route is known all the while
    assert rig.up()
    assert rig.went() == [(HOME, GET), (LEADER, GET)]
    rig.exchange.link_down("it broke")
    rig.exchange.route_down(route, LOST)
    assert rig.went() == []
    rig.up()
    assert rig.went() == [(HOME, GET), (HOME, GET)]
    rig.answer(here)
    rig.answer(lost)


async def test_under_way_is_told_by_link() -> None:
    rig = Rig()
    rig.passed_on()
    route = rig.route()
    assert rig.exchange.under_way() is None
    call = rig.call(GET)
    assert rig.exchange.under_way() is None
    assert rig.exchange.under_way(route) is not None
    rig.answer(call)
    assert rig.exchange.under_way(route) is None


async def test_another_holder_is_another_client_to_the_cluster() -> None:
    """Its writes are remembered elsewhere: what is sent again would happen twice."""
    rig = Rig()
    rig.passed_on()
    rig.route()
    write, read = rig.call(PUT), rig.call(GET)
    session = rig.exchange.session
    rig.exchange.link_down("it broke")
    rig.went()
    assert not rig.up(holder="somebody else")
    assert rig.exchange.session != session
    assert error_of(write).ran == "maybe"
    assert rig.up(holder="somebody else")
    assert rig.went() == [(HOME, GET)]
    rig.answer(read)


async def test_a_node_of_an_older_version_says_nothing_of_the_holder() -> None:
    rig = Rig()
    session = rig.exchange.session
    rig.exchange.link_down("it broke")
    assert not rig.up(holder="me")
    assert rig.up(holder="me")
    for older in (True, False, True):
        rig.exchange.link_down("it broke")
        assert rig.up(node="") if older else rig.up(holder="me")
    assert rig.exchange.session != session
    rig.exchange.link_down("it broke")
    assert not rig.up(holder="somebody else")


async def test_a_write_that_went_out_long_ago_is_not_sent_again() -> None:
    """Whoever leads by now may have forgotten that it ran, if he heard nothing of this client."""
    rig = Rig()
    rig.passed_on()
    route = rig.route()
    old, read = rig.call(PUT), rig.call(GET)
    rig.now_s += SESSION_AGE_MS_MAX / 1000 - 1
    young = rig.call(PUT)
    rig.went()
    rig.now_s += 2
    rig.exchange.route_down(route, LOST)
    assert rig.went() == [(HOME, GET), (HOME, PUT)]
    assert error_of(old).ran == "maybe"
    for call in (read, young):
        rig.answer(call)


async def test_a_long_poll_is_ended_by_the_way_that_it_went() -> None:
    rig = Rig()
    rig.passed_on()
    route = rig.route()
    wait = rig.call(TAKE, block_ms=50)
    rig.exchange.end_wait(wait)
    given_up = rig.call(TAKE, block_ms=50)
    rig.exchange.abandon(given_up)
    assert [node for node, _ in rig.went()] == [LEADER] * 4
    rig.exchange.route_down(route, LOST)
    assert [(node, type(each)) for node, each in rig.went()] == [(HOME, QueueDequeue)] * 2


async def test_a_lead_that_moves_is_followed() -> None:
    rig = Rig()
    rig.passed_on()
    rig.route()
    rig.passed_on(NEXT)
    assert rig.wanted[-1] == NEXT
    there = rig.call(GET)
    assert rig.went() == [(LEADER, GET)]
    rig.route(NEXT)
    rig.call(PUT)
    assert rig.went() == []
    rig.answer(there, leader=NEXT)
    assert rig.went() == [(NEXT, PUT)]


async def test_of_very_many_namespaces_the_ones_of_long_ago_are_forgotten(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(leads, "NAMESPACES_KEPT", 2)
    rig = Rig()
    for namespace in ("a", "b", "c"):
        rig.passed_on(namespace=namespace)
    rig.route()
    asked = {namespace: rig.call(GET, namespace) for namespace in ("a", "b", "c")}
    assert [node for node, _ in rig.went()] == [HOME, LEADER, LEADER]
    rig.answer(asked["b"])
    rig.passed_on(namespace="d", times=1)
    for namespace in ("b", "c", "d"):
        rig.call(GET, namespace)
    assert [node for node, _ in rig.went()] == [HOME, LEADER, LEADER]


async def test_an_opened_session_is_no_matter_of_routes() -> None:
    for of_the_cluster in (SessionOpen(), NamespaceList(), TokenList()):
        assert leads.place_of(of_the_cluster, "shop") is None
