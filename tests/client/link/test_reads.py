"""What a client says beside its requests to a cluster, and learns from beside the answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from floruntime import FloClient
from floruntime.client.link import reads as module
from floruntime.client.link.call import Call
from floruntime.client.link.exchange import Exchange
from floruntime.client.link.reads import Reads
from floruntime.core import wire
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    FloError,
    OverloadedError,
    UnavailableError,
)
from floruntime.core.kv import KvGet
from floruntime.core.system import NamespaceCreate, Ping, ServerLimits, Welcome
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Request

GET = KvGet("k")


class Sent:
    """An exchange on a link, and what went out on it."""

    def __init__(self, reads: Reads, nodes: list[str]) -> None:
        self.envelopes: list[wire.Envelope] = []
        self.exchange = Exchange(lambda: 100.0, reads)
        welcome = Welcome("1.0", ServerLimits(400, 10_000, 100), True, nodes=nodes)
        self.exchange.link_up(
            lambda body, _: self.envelopes.append(wire.decode_envelope(body)), welcome
        )

    def ask(self, request: Request[Any] = GET, namespace: str = "default") -> Terms | None:
        """What stands beside it."""
        self.call = Call(request, namespace, 0, asyncio.get_running_loop().create_future())
        self.call.deadline_s = 105.0
        self.exchange.submit(self.call)
        return self.envelopes[-1].terms

    def tell(self, told: Told | None) -> None:
        """Answer what was asked last."""
        self.exchange.receive(wire.encode_answer(self.call.id, None, told))

    def refuse(self, error: FloError) -> None:
        """Refuse what was asked last."""
        self.exchange.receive(wire.encode_error(self.call.id, error))


async def test_a_server_that_is_alone_is_told_nothing() -> None:
    assert Sent(Reads("local", None), []).ask() is None


async def test_a_cluster_is_told_how_long_the_caller_waits() -> None:
    sent = Sent(Reads("linearizable", None), ["a:1"])
    assert sent.ask() == Terms(5_000)
    sent.tell(None)
    assert sent.ask() == Terms(5_000)


async def test_a_copy_must_have_come_as_far_as_was_seen_in_that_namespace() -> None:
    reads = Reads("local", 250)
    sent = Sent(reads, ["a:1"])
    assert sent.ask() == Terms(5_000, 0, 250)
    sent.tell(Told(7, 40))
    assert reads.staleness_ms == 40
    assert sent.ask() == Terms(5_000, 7, 250)
    sent.tell(Told(6, 0))
    assert sent.ask() == Terms(5_000, 7, 250)
    assert sent.ask(namespace="other") == Terms(5_000, 0, 250)
    sent.tell(None)
    assert reads.staleness_ms == 0
    sent.ask(NamespaceCreate("fresh"))
    sent.tell(Told(9, 0))
    assert sent.ask(namespace="fresh") == Terms(5_000, 9, 250)
    assert sent.ask() == Terms(5_000, 7, 250)


async def test_after_an_answer_that_does_not_say_how_far_it_came_only_the_leader_answers() -> None:
    """A node of an earlier version leads there: a copy may lack what that answer showed."""
    sent = Sent(Reads("local", 250), ["a:1"])
    for unsaid in (None, Told(0, 0, "b:9000")):
        sent.ask()
        sent.tell(unsaid)
        assert sent.ask(namespace="other") == Terms(5_000, 0, 250)
        asked = sent.ask()
        assert asked is not None
        assert asked.max_staleness_ms == -1
        sent.tell(Told(8, 0))
        assert sent.ask() == Terms(5_000, 8, 250)


async def test_a_refusal_that_shows_nothing_leaves_reads_to_copies() -> None:
    """Where nobody leads, writes are refused so, and local reads go on."""
    sent = Sent(Reads("local", 250), ["a:1"])
    for error in (UnavailableError("nobody leads"), OverloadedError("too much")):
        sent.ask()
        sent.refuse(error)
        assert sent.ask() == Terms(5_000, 0, 250)
    sent.ask()
    sent.refuse(ConflictError("it has another version"))
    asked = sent.ask()
    assert asked is not None
    assert asked.max_staleness_ms == -1, "this one was judged by the state"


def test_what_was_asked_before_such_an_answer_may_be_of_a_copy_without_what_that_showed() -> None:
    reads = Reads("local", 250)
    for request_id in (1, 2):
        reads.terms(request_id, "default", 1)
    reads.tell(2, GET, "default", None)
    reads.tell(1, GET, "default", Told(8, 40))
    assert reads.terms(3, "default", 1).max_staleness_ms == -1
    reads.tell(3, GET, "default", Told(9, 0))
    assert reads.terms(4, "default", 1) == Terms(1, 9, 250)


async def test_what_the_node_itself_answers_says_nothing_of_a_log() -> None:
    sent = Sent(Reads("local", 250), ["a:1"])
    sent.ask(Ping())
    sent.tell(None)
    assert sent.ask() == Terms(5_000, 0, 250)


async def test_where_too_many_namespaces_are_in_doubt_only_leaders_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "NAMESPACES_KEPT", 2)
    reads = Reads("local", None)
    for name in ("first", "second", "third"):
        assert reads.is_local
        reads.tell(1, GET, name, None)
    assert reads.terms(2, "first", 1) == Terms(1)


async def test_what_is_kept_no_more_is_not_read_from_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "NAMESPACES_KEPT", 2)
    reads = Reads("local", None)
    for number, name in enumerate(("first", "second", "third"), 10):
        reads.tell(number, GET, name, Told(number, 0))
    seen = [reads.terms(20, name, 1).seen for name in ("first", "second", "third", "new")]
    assert seen == [10, 11, 12, 10]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"reads": "some"}, "reads is 'some'; linearizable or local"),
        ({"max_staleness_ms": 5}, "goes with reads='local'"),
        ({"reads": "local", "max_staleness_ms": -1}, "max_staleness_ms"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        FloClient("localhost:1", **options)


async def test_a_server_that_is_alone_reads_its_latest_state() -> None:
    async with FloClient("memory://", reads="local", max_staleness_ms=0) as client:
        await client.kv.put("k", b"v")
        assert await client.kv.get("k") == b"v"
        assert client.staleness_ms == 0
