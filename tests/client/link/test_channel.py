"""Losing a connection and making it again: how often, what is said of it, and when it is over."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

from floruntime.client.client import FloClient
from floruntime.core import wire
from floruntime.core.errors import (
    ConnectionFailedError,
    FloError,
    ForbiddenError,
    RequestTimeoutError,
    UnauthorizedError,
)
from floruntime.core.kv import KvGet
from floruntime.core.system import Ping, Welcome
from tests.client.fake_server import FakeServer
from tests.client.test_client import client_of, silent_for
from tests.client.virtual_time import pass_ms, settle, virtual


def heard(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the client warned of; not what asyncio says of what an earlier test left behind."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name == "floruntime.client"
    ]


# Back-off


async def connects_while_cut(client: FloClient, server: FakeServer, seconds: int) -> int:
    """How often it connects where each link is cut as soon as it has greeted."""
    before = server.connects
    for _ in range(seconds * 1_000):
        server.drop_links()
        await pass_ms(1)
    return server.connects - before


@virtual
async def test_links_that_are_of_no_use_are_made_more_and_more_slowly() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        assert await connects_while_cut(client, server, 20) < 25


@virtual
async def test_a_link_that_answered_is_followed_by_the_next_one_soon() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await connects_while_cut(client, server, 20)
        assert await client.kv.get("a") == b"a"
        begun = server.connects
        server.drop_links()
        await asyncio.sleep(0.11)
        assert server.connects == begun + 1


@virtual
async def test_so_is_one_that_was_up_for_a_while() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await connects_while_cut(client, server, 20)
        await asyncio.sleep(10)
        begun = server.connects
        server.drop_links()
        await asyncio.sleep(0.11)
        assert server.connects == begun + 1


# Silence


@virtual
async def test_over_tcp_an_idle_client_is_never_silent_for_longer_than_it_promised() -> None:
    server = FakeServer()
    server.quiet_ms_max = 20_000
    async with client_of(server) as client:
        await asyncio.sleep(59)
        assert server.requests(Ping) == [Ping(20_000)] * 6
        for _ in range(20):
            await client.kv.get("a")
            await asyncio.sleep(5)
        assert len(server.requests(Ping)) <= 7, "who says something else need not ask"
        assert server.connects == 1


@virtual
async def test_an_idle_client_notices_a_server_that_does_not_answer_what_it_says() -> None:
    server = FakeServer()
    server.quiet_ms_max = 20_000
    async with client_of(server):
        server.answers_probes = False
        await asyncio.sleep(13)
        assert server.connects == 2


@virtual
async def test_where_nothing_is_promised_an_idle_client_says_nothing() -> None:
    server = FakeServer()
    async with client_of(server):
        await asyncio.sleep(3_600)
        assert server.seen == []


# Tokens


@virtual
async def test_what_goes_alone_does_not_wait_for_the_end_of_the_turn() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        sent = server.links[-1].sent
        before = len(sent)
        together = [asyncio.ensure_future(client.calls.call(Ping())) for _ in range(2)]
        await asyncio.sleep(0)
        assert len(sent) == before
        alone = asyncio.ensure_future(client.calls.call(Ping(), is_alone=True))
        await asyncio.sleep(0)
        await asyncio.gather(*together, alone)
        assert [len(bodies) for bodies in sent[before:]] == [2, 1]
        alone = asyncio.ensure_future(client.calls.call(Ping(), is_alone=True))
        await asyncio.sleep(0)
        assert len(sent) == before + 3
        await alone


@virtual
async def test_a_token_is_asked_for_at_each_connection() -> None:
    server = FakeServer()
    tokens = (f"t{number}" for number in itertools.count(1))
    async with client_of(server, token=lambda: next(tokens)) as client:
        server.drop_links()
        assert await client.kv.get("a") == b"a"
    assert [hello.token for hello in server.hellos] == ["t1", "t2"]


@virtual
async def test_a_token_that_is_refused_is_followed_by_another_one() -> None:
    server = FakeServer()
    tokens = iter(["good", "expired", "fresh"])

    async def token() -> str:
        given = next(tokens)
        server.refusal = UnauthorizedError("expired") if given == "expired" else None
        return given

    async with client_of(server, token=token) as client:
        server.drop_links()
        assert await client.kv.get("a") == b"a"
    assert [hello.token for hello in server.hellos] == ["good", "expired", "fresh"]


@virtual
async def test_a_token_function_that_fails_is_asked_again() -> None:
    server = FakeServer()
    answers = iter(["good", None, "fresh"])

    def token() -> str:
        given = next(answers)
        if given is None:
            raise OSError("the vault is sealed")
        return given

    async with client_of(server, token=token) as client:
        server.drop_links()
        assert await client.kv.get("a") == b"a"
    assert [hello.token for hello in server.hellos] == ["good", "fresh"]


@virtual
async def test_a_refusal_for_good_ends_the_client_until_it_connects_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = FakeServer()
    reasons: list[FloError] = []
    async with client_of(server, token="t") as client:
        client.on_disconnect(reasons.append)
        server.refusal = ForbiddenError("revoked", details="kept")
        server.drop_links()
        await asyncio.sleep(100)
        assert not client.is_connected
        connects = server.connects
        for _ in range(2):
            with pytest.raises(ForbiddenError, match="revoked") as caught:
                await client.kv.put("a", b"")
            assert caught.value.ran == "no"
            assert caught.value.details == {"details": "kept"}
        assert server.connects == connects
        assert [type(each) for each in reasons] == [ConnectionFailedError, ForbiddenError]
        assert heard(caplog)[-1] == "fake:9000 refuses this client permanently: revoked"
        with pytest.raises(ForbiddenError):
            await client.connect()
        server.refusal = None
        await client.connect()
        assert await client.kv.get("a") == b"a"


# What is said


@virtual
async def test_a_loss_and_its_end_are_logged_and_told_with_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = FakeServer()
    events: list[str] = []
    client = client_of(server)
    client.on_connect(lambda: events.append("up"))
    client.on_disconnect(lambda reason: events.append(reason.message))
    async with client:
        await client.kv.get("a")
        server.drop_links()
        await asyncio.sleep(0.11)
        await settle()
    await settle()
    assert events == ["up", "the connection broke", "up"]
    assert heard(caplog) == [
        "the connection to fake:9000 is lost: the connection broke; connecting again",
        "connected to fake:9000 again, after 0.1 s",
    ]


@virtual
async def test_what_stays_the_same_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await client.kv.get("a")
        server.connect_error = ConnectionRefusedError(111, "refused")
        server.drop_links()
        await asyncio.sleep(600)
        server.connect_error = None
        await asyncio.sleep(10)
    assert len(heard(caplog)) == 3
    assert "is a server running there?; trying again" in heard(caplog)[1]


@virtual
async def test_links_that_are_of_no_use_are_not_told_of_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        await connects_while_cut(client, server, 60)
    assert len(heard(caplog)) == 2


@virtual
async def test_later_errors_tell_why_there_is_no_connection() -> None:
    server = FakeServer()
    async with client_of(server, timeout_ms=1_000) as client:
        server.connect_error = ConnectionRefusedError(111, "refused")
        server.drop_links()
        await asyncio.sleep(10)
        with pytest.raises(RequestTimeoutError, match="is a server running there") as caught:
            await client.kv.get("a")
        assert isinstance(caught.value.__cause__, ConnectionFailedError)


@virtual
async def test_a_silent_server_is_named_as_one() -> None:
    server = FakeServer(silent_for(KvGet))
    async with client_of(server, timeout_ms=2_000) as client:
        server.answers_probes = False
        with pytest.raises(RequestTimeoutError, match="lost meanwhile: the server gives no sign"):
            await client.kv.get("a")
        server.is_deaf = True
        with pytest.raises(RequestTimeoutError, match=r"within 400 ms; nothing came for \d"):
            await client.kv.get("a", timeout_ms=400)


# Links that are half open


@virtual
async def test_a_hello_into_the_void_is_followed_by_another_on_a_second_link() -> None:
    server = FakeServer()
    server.is_deaf = True
    client = client_of(server, timeout_ms=60_000)
    opening = asyncio.ensure_future(client.connect())
    await asyncio.sleep(2.9)
    server.is_deaf = False
    assert server.connects == 1
    await asyncio.sleep(0.2)
    assert (opening.done(), server.connects, server.links[0].is_closed) == (True, 2, True)
    assert await client.kv.get("a") == b"a"
    await client.close()
    assert all(link.is_closed for link in server.links)


@virtual
async def test_a_hello_that_is_answered_slowly_is_good() -> None:
    server = FakeServer()
    server.is_deaf = True
    client = client_of(server, timeout_ms=5_000)
    opening = asyncio.ensure_future(client.connect())
    await asyncio.sleep(4)
    first, second = server.links
    welcome = Welcome("9.9.9", server.limits, False)
    first.deliver(wire.encode_answer(0, welcome))
    await opening
    assert (first.is_closed, second.is_closed, server.connects) == (False, True, 2)
    await client.close()


@virtual
async def test_a_refusal_on_either_link_is_the_answer() -> None:
    server = FakeServer()
    server.is_deaf = True
    opening = asyncio.ensure_future(client_of(server, timeout_ms=5_000).connect())
    await asyncio.sleep(1.2)
    server.refusal = UnauthorizedError("no")
    with pytest.raises(UnauthorizedError, match="no"):
        await opening
    assert [link.is_closed for link in server.links] == [True, True]
