"""One connection: the hello, refusals, limits."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floruntime.core import limits as core_limits
from floruntime.core.errors import BadRequestError, OverloadedError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.queue import QueueDequeue
from floruntime.core.system import Hello, Ping
from floruntime.core.wire import CLIENT_REQUESTS
from floruntime.engine.rules import RULES
from floruntime.server.metrics.counts import Refusal
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig


def body(*fields: Any) -> bytes:
    return msgspec.msgpack.encode(list(fields))


# The beginning


async def test_a_request_before_the_hello_closes_the_connection(rig: Rig) -> None:
    client = rig.client()
    client.raw(client.body(KvPut("k", b"")))
    assert client.is_closed
    await rig.settle()
    assert rig.storage.writes == 0


async def test_a_second_hello_is_refused_and_the_connection_stays(rig: Rig) -> None:
    client = rig.client("me")
    again = client.send(Hello("1", "you"))
    await rig.settle()
    assert isinstance(client.error(again), BadRequestError)
    assert "sends it once" in client.error(again).message
    assert not client.is_closed
    assert client.result(client.send(Ping())) is None
    assert rig.server.info().connections == 1


@pytest.mark.parametrize("session", ["", "a\nb", "x" * 256])
async def test_a_hello_with_a_bad_id_is_told_why(rig: Rig, session: str) -> None:
    client = rig.client()
    hello = client.send(Hello("1", session))
    assert isinstance(client.error(hello), BadRequestError)
    assert client.is_closed


async def test_a_token_is_refused_where_there_are_none(rig: Rig) -> None:
    client = rig.client()
    assert client.error(client.send(Hello("1", "me", "secret"))).code == "unauthorized"
    assert client.is_closed


# Bad input


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\xa1x", b"hello", b"\x80", b"\xff"])
async def test_a_body_that_holds_no_request_closes_the_connection(rig: Rig, data: bytes) -> None:
    client = rig.client("me")
    client.raw(data)
    assert client.is_closed


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([7, "default", 0, [3, 5, b""]], ["key", "5"]),
        ([7, "default", 0, [3, "k", "text"]], ["value", "'text'"]),
        ([7, "default", 0, [3, "k", b"", "soon"]], ["ttl_ms", "'soon'"]),
        ([7, "default", 0, [3, "k", b"", None, 1.5]], ["cas_version", "1.5"]),
        ([7, "default", 0, [3, "k", b"", None, None, 1]], ["if_not_exists", "1"]),
        ([7, "default", 0, [3, "k"]], ["request"]),
        ([7, 9, 0, [3, "k", b""]], ["namespace", "9"]),
        ([7, "default", "x", [3, "k", b""]], ["number", "'x'"]),
        ([7, "default", 0, 5], ["request", "5"]),
        ([7, "default", 0, [9999]], ["operation", "9999"]),
        ([7, "default", 0, ["put"]], ["operation", "'put'"]),
        ([7, "default", 0, [119]], ["operation", "119"]),
        ([7, "default", 0, [120, "me"]], ["operation", "120"]),
        ([7, "default", 0, [121, "me", 1, ["queue", 1, []]]], ["operation", "121"]),
        ([7, "default", 0, [7, ["a", 5]]], ["keys", "5"]),
        ([7, "default", 0, [122, [[3, "k", b""], [3, 8, b""]]]], ["commands", "8"]),
        ([7, "default", 0, [122, [[122, []]]]], ["122"]),
        ([7, "default", -1, [3, "k", b""]], ["number", "-1"]),
        ([7, "9", 0, [3, "k", b""]], ["namespace", "'9'"]),
        ([7, "default", 0, [3, "k", b"", -5]], ["ttl_ms", "-5"]),
    ],
)
async def test_a_bad_field_is_refused_by_its_name_and_value(
    rig: Rig, fields: list[Any], told: list[str]
) -> None:
    client = rig.client("me")
    client.raw(body(*fields))
    await rig.settle()
    error = client.error(7)
    assert isinstance(error, BadRequestError)
    assert error.ran == "no"
    assert all(word in error.message for word in told), error.message
    assert client.result(client.send(Ping(), id=8)) is None
    assert rig.server.load.held_bytes == 0


async def test_an_id_in_flight_closes_the_connection(rig: Rig) -> None:
    client = rig.client("me")
    wait = client.send(KvGet("k", block_ms=1_000))
    client.raw(client.body(Ping(), id=wait))
    assert client.is_closed


async def test_a_bug_is_answered_and_does_not_end_the_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(view: object, query: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(cast(Any, RULES.queries), KvGet, fail)
    client = rig.client("me")
    assert client.error(client.send(KvGet("k"))).code == "internal"
    assert client.result(client.send(Ping())) is None


async def test_a_failure_outside_the_rules_closes_the_connection_instead_of_staying_silent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*request: object) -> None:
        raise ZeroDivisionError("a bug")

    client = rig.client("me")
    monkeypatch.setattr(rig.server.commit, "submit", fail)
    client.send(KvPut("k", b""))
    assert client.is_closed
    assert rig.server.load.held_bytes == 0


# Limits


async def test_what_is_past_the_limit_in_flight_is_refused_and_did_not_run() -> None:
    async with Rig(in_flight_max=3) as rig:
        client = rig.client("me")
        waits = [client.send(KvGet("k", block_ms=1_000)) for _ in range(3)]
        refused = client.error(client.send(KvPut("k", b"")))
        assert isinstance(refused, OverloadedError)
        assert refused.ran == "no"
        assert rig.server.counts.refusals == {Refusal.OVERLOAD: 1}
        await rig.advance(1_000)
        assert [client.result(wait) for wait in waits] == [None] * 3
        put = client.send(KvPut("k", b""))
        await rig.settle()
        assert client.result(put) == PutResult(1)


async def test_the_bytes_of_all_unanswered_requests_are_bounded() -> None:
    async with Rig(pending_bytes_max=2_000) as rig:
        first, second = rig.client("a"), rig.client("b")
        rig.storage.hold()
        put = first.send(KvPut("k", b"x" * 1_900))
        assert isinstance(second.error(second.send(KvPut("l", b"x" * 100))), OverloadedError)
        rig.storage.release()
        await rig.settle()
        assert first.result(put) == PutResult(1)
        assert rig.server.load.held_bytes == 0
        again = second.send(KvPut("l", b"x" * 100))
        await rig.settle()
        assert second.result(again) == PutResult(2)


async def test_nothing_is_held_for_a_connection_that_is_gone(rig: Rig) -> None:
    client = rig.client("me")
    client.send(KvGet("k", block_ms=1_000))
    client.send(QueueDequeue("q", block_ms=1_000))
    client.send(KvPut("k2", b"x" * 1_000))
    client.vanish()
    assert client.conversation.in_flight == 0
    assert rig.server.load.held_bytes == 0
    await rig.settle()
    client.raw(client.body(Ping()))
    client.conversation.add_answer(1, None, None)
    client.conversation.flush()
    assert len(client.answers) == 1
    assert rig.server.info().connections == 0


async def test_answers_to_what_came_together_go_out_together(rig: Rig) -> None:
    client = rig.client("me")
    client.raw(*(client.body(KvGet(f"k{number}")) for number in range(10)))
    assert [len(bodies) for bodies in client.sent] == [1, 10]
    assert len(client.answers) == 11


# Anything at all


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers(-(2**63), 2**64 - 1)
                | st.text(max_size=8)
                | st.binary(max_size=8)
                | st.floats(),
                lambda inner: (
                    st.lists(inner, max_size=6)
                    | st.dictionaries(st.text(max_size=4), inner, max_size=3)
                ),
                max_leaves=12,
            ).map(msgspec.msgpack.encode),
            st.tuples(
                st.integers(0, 50),
                st.sampled_from([kind.__struct_config__.tag for kind in CLIENT_REQUESTS]),
                st.lists(
                    st.none()
                    | st.booleans()
                    | st.integers(-5, 2**64 - 1)
                    | st.text(max_size=5)
                    | st.binary(max_size=5)
                    | st.lists(st.integers(-2, 5) | st.text(max_size=3)),
                    max_size=8,
                ),
            ).map(lambda parts: body(parts[0], "default", 0, [parts[1], *parts[2]])),
        ),
        max_size=8,
    ),
    st.integers(1, 8),
)
async def test_whatever_comes_it_is_answered_or_the_connection_closed(
    pieces: list[bytes], size: int
) -> None:
    async with Rig() as rig:
        client = rig.client("me")
        other = rig.client("other")
        for place in range(0, len(pieces), size):
            client.raw(*pieces[place : place + size])
        await rig.advance(core_limits.BLOCK_MS_MAX)
        assert client.is_closed or client.conversation.in_flight == 0
        if client.is_closed:
            assert rig.server.load.held_bytes == 0
        assert other.result(other.send(Ping())) is None
        assert not rig.fatal


async def test_a_wrong_field_before_text_that_is_no_utf8_closes_without_a_failure(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    logging.disable(logging.NOTSET)
    client = rig.client()
    client.raw(client.body(Hello("1", "me")))
    client.raw(b"\x94\x07\x09\x00\xa2\xff\xfe")  # namespace 9, then broken text
    assert client.is_closed
    assert "not MessagePack" in caplog.text
    assert "failed outside the rules" not in caplog.text


async def test_what_is_read_the_moment_that_all_is_done_is_done_too(rig: Rig) -> None:
    client = rig.client("me")
    conversation = client.conversation
    lies_unread = [client.body(Ping(), id=number) for number in (8, 9)]

    def read_on() -> None:
        conversation.on_ready = lambda: None
        conversation.receive(lies_unread)

    conversation.on_ready = read_on
    conversation.set_paused(True)
    client.send(Ping(), id=7)
    assert conversation.is_busy
    conversation.set_paused(False)
    await rig.settle()
    assert [client.result(number) for number in (7, 8, 9)] == [None] * 3
    assert not conversation.is_busy
