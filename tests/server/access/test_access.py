"""Who may come in, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    UnauthorizedError,
)
from floruntime.core.kv import KvGet, KvIncr, KvPut
from floruntime.core.queue import QueueDequeue
from floruntime.core.system import Hello, Ping, SessionOpen
from floruntime.core.token import Role, TokenCreate, TokenRevoke, hash_of, id_of
from floruntime.server import limits
from floruntime.server.access.bad_tokens import BadTokens
from floruntime.server.connections.client_memory import SESSION_KEPT_MS
from floruntime.server.connections.peer import EMBEDDED, Door, Peer
from tests.server.connections.test_rate import Clock
from tests.server.connections.web_peer import WebPeer
from tests.server.gated_storage import GatedStorage
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")

STRANGER = Peer(Door.TCP, "198.51.100.1", "stranger")
FIRST = f"flo_{'f' * 12}_{'s' * 43}"
HOUR_MS = 3_600_000


def refusal(rig: Rig, token: str | None, peer: Peer = STRANGER) -> str:
    """What a hello with this token is refused for; by then the connection is closed."""
    client = rig.client(peer=peer)
    error = client.error(client.send(Hello("1", "me", token)))
    assert client.is_closed
    assert type(client.close_reason) is type(error)
    return f"{error.code}: {error.message}"


# Turning tokens on


async def test_the_first_token_is_answered_and_turns_tokens_on_for_all() -> None:
    async with Rig() as rig:
        maker, other, page = rig.client("maker"), rig.client("other"), WebPeer(rig)
        inside = rig.client("inside", peer=EMBEDDED)
        page.greet()
        waiting = other.send(KvGet("k", block_ms=60_000))
        rig.storage.hold()
        made = maker.send(TokenCreate(str(id_of(FIRST)), hash_of(FIRST), Role.ADMIN))
        await rig.turns()
        assert not other.is_closed, "it is not durable yet"
        rig.storage.release()
        await rig.settle()
        page.take()
        assert maker.result(made).role is Role.ADMIN
        assert (maker.is_closed, other.is_closed, inside.is_closed) == (True, True, False)
        assert page.closed is not None
        assert (page.closed.code, page.closed.reason) == (
            *(1008, "this server needs a token from now on"),
        )
        assert not other.is_answered(waiting)
        assert rig.server.load.held_bytes == 0
        assert "needs a token" in refusal(rig, None)
        assert rig.client("me", token=FIRST).conversation.grant is not None


async def test_a_refused_first_token_turns_nothing_on() -> None:
    async with Rig() as rig:
        client = rig.client("me")
        bad = client.send(TokenCreate("bad", b"", Role.ADMIN))
        await rig.settle()
        assert isinstance(client.error(bad), BadRequestError)
        assert not client.is_closed
        assert rig.client("you").result(1) is not None


async def test_tokens_stay_on_over_a_restart_and_when_the_last_is_gone() -> None:
    storage = GatedStorage()
    async with Rig(storage) as rig:
        token = await rig.token("admin")
    async with Rig(storage) as rig:
        assert "needs a token" in refusal(rig, None)
        client = rig.client("me", token=token)
        client.send(TokenRevoke(str(id_of(token))))
        await rig.settle()
        assert client.is_closed
        assert "needs a token" in refusal(rig, None)
        assert "revoked" in refusal(rig, token)


async def test_a_token_is_refused_where_there_are_none() -> None:
    async with Rig() as rig:
        assert refusal(rig, FIRST) == (
            "unauthorized: a token was given, and this server has no tokens; connect without one"
        )


# Judging


async def test_the_token_decides_whatever_the_door() -> None:
    async with Rig() as rig:
        for role in Role:
            token = await rig.token(role)
            assert rig.client().greet("me", token).role is role
            assert WebPeer(rig).greet("me", token).role is role


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + "t",
        lambda token: token[:-1],
        lambda token: token + "s",
        lambda token: token.replace("flo_0", "flo_9"),
        lambda token: token.upper(),
        lambda token: "",
        lambda token: "x" * 10_000,
        lambda token: "eyJhbGciOiJub25lIn0.e30.",
    ],
)
async def test_a_token_that_is_not_quite_right_is_not_known(change: Any) -> None:
    async with Rig() as rig:
        token = await rig.token("admin")
        assert refusal(rig, change(token)) == "unauthorized: the token is not known to this server"
        assert rig.client("me", token=token).result(1) is not None


async def test_a_refused_hello_over_a_websocket_reaches_the_client_as_that_error() -> None:
    async with Rig() as rig:
        await rig.token("admin")
        for token, told in ((None, "needs a token"), (FIRST, "not known")):
            page = WebPeer(rig)
            with pytest.raises(UnauthorizedError, match=told):
                page.greet("me", token)
            assert page.closed is not None
            assert page.closed.code == 1008


# The end of a token


@pytest.mark.parametrize("role", Role)
async def test_an_expired_token_lets_nobody_in_and_those_inside_are_cut(role: Role) -> None:
    async with Rig() as rig:
        token = await rig.token(role, lifetime_ms=HOUR_MS)
        lasting = rig.client("lasting", token=await rig.token("web"))
        client, page = rig.client("me", token=token), WebPeer(rig)
        page.greet("page", token)
        await rig.advance(HOUR_MS - 1)
        assert not client.is_closed
        assert client.result(client.send(Ping())) is None
        await rig.advance(1)
        page.take()
        assert client.is_closed
        assert page.closed is not None
        assert (page.closed.code, page.closed.reason) == (1008, "the token has expired")
        assert refusal(rig, token) == "unauthorized: the token has expired"
        assert not lasting.is_closed


@pytest.mark.parametrize("role", Role)
async def test_revoking_a_token_cuts_its_holders_and_nobody_else(role: Role) -> None:
    async with Rig() as rig:
        token, other = await rig.token(role), await rig.token(role)
        holders = [rig.client("one", token=token), rig.client("two", token=token)]
        page, bystander = WebPeer(rig), rig.client("three", token=other)
        page.greet("page", token)
        wait = holders[0].send(KvGet("k", block_ms=60_000))
        admin = rig.client("admin", peer=EMBEDDED)
        admin.send(TokenRevoke(str(id_of(token))))
        await rig.settle()
        page.take()
        assert [each.is_closed for each in (*holders, bystander)] == [True, True, False]
        assert not holders[0].is_answered(wait)
        assert page.closed is not None
        assert page.closed.reason == "the token was revoked"
        assert refusal(rig, token) == "unauthorized: the token was revoked"
        assert bystander.result(bystander.send(Ping())) is None


async def test_an_admin_that_revokes_its_own_token_is_answered_first() -> None:
    async with Rig() as rig:
        token = await rig.token("admin")
        admin = rig.client("me", token=token)
        revoked = admin.send(TokenRevoke(str(id_of(token))))
        await rig.settle()
        assert admin.result(revoked).revoked_at_ms is not None
        assert admin.is_closed


async def test_no_timer_is_left_of_those_who_went() -> None:
    async with Rig() as rig:
        client = rig.client("me", token=await rig.token("web", lifetime_ms=HOUR_MS))
        assert len(rig.server._expiries) == 1
        client.vanish()
        assert not rig.server._expiries


# What one holder wrote is out of another's reach


async def test_remembered_answers_go_to_no_other_holder() -> None:
    """Whoever knows the id of another's session still gets nothing of it."""
    async with Rig() as rig:
        tokens = [await rig.token("worker"), await rig.token("worker")]
        mine, theirs = (rig.client("the same id", token=token) for token in tokens)
        for client in (mine, theirs):
            client.send(SessionOpen())
        first = mine.send(KvIncr("n", 7), number=1)
        await rig.settle()
        again = theirs.send(KvIncr("n", 1), number=1)
        await rig.settle()
        assert (mine.result(first), theirs.result(again)) == (7, 8)
        mine.vanish()
        back = rig.client()
        assert back.greet("the same id", tokens[0]).session_known
        repeated = back.send(KvIncr("n", 7), number=1)
        await rig.settle()
        assert back.result(repeated) == 7


async def test_a_page_does_not_reach_what_came_over_tcp() -> None:
    async with Rig() as rig:
        client = rig.client("id")
        client.send(SessionOpen())
        client.send(QueueDequeue("q"), number=1)
        await rig.settle()
        assert not WebPeer(rig).greet("id").session_known


async def test_each_holders_session_is_forgotten_in_its_time() -> None:
    async with Rig() as rig:
        token = await rig.token("worker")
        client = rig.client("me", token=token)
        client.send(SessionOpen())
        await rig.settle()
        client.vanish()
        await rig.advance(SESSION_KEPT_MS - 1)
        back = rig.client()
        assert back.greet("me", token).session_known
        back.vanish()
        await rig.advance(SESSION_KEPT_MS)
        assert not rig.client().greet("me", token).session_known


async def test_a_forbidden_write_keeps_its_number_free() -> None:
    async with Rig() as rig:
        client = rig.client("me", token=await rig.token("worker", namespaces=["shop"]))
        client.send(SessionOpen(), namespace="default")
        refused = client.send(KvPut("k", b""), number=1, namespace="default")
        done = client.send(KvPut("k", b""), number=1, namespace="shop")
        await rig.settle()
        assert isinstance(client.error(refused), ForbiddenError)
        assert client.result(done).version == 1
        lost = client.send(KvPut("k", b""), number=-1, namespace="shop")
        await rig.settle()
        assert isinstance(client.error(lost), (BadRequestError, ConflictError))


# Floods of bad tokens


class Later:
    """Refusals that are held back, told when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[tuple[float, Callable[[], None]]] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", self._call_later)

    def _call_later(self, seconds: float, then: Any, *given: Any) -> None:
        self.waits.append((seconds, lambda: then(*given)))


async def test_bad_tokens_of_one_address_wait_ever_longer_for_their_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Rig() as rig:
        token = await rig.token("web")
        clock = Clock()
        rig.server.access._bad = BadTokens(clock)
        for _ in range(limits.BAD_TOKENS_MAX):
            assert "not known" in refusal(rig, FIRST)
        with monkeypatch.context() as patched:
            later = Later(patched)
            held = [rig.client(peer=STRANGER) for _ in range(10)]
            for client in held:
                client.raw(client.body(Hello("1", "me", FIRST)))
        assert [seconds for seconds, _ in later.waits] == [1, 2, 3, 4, 4, 4, 4, 4, 4, 4]
        assert not any(client.answers for client in held)
        assert rig.client("me", token=token, peer=STRANGER).answers, "good ones pass"
        held[1].vanish()
        for _, tell in later.waits:
            tell()
        assert "not known" in str(held[0].error(1))
        assert held[0].is_closed
        assert held[1].answers == []
        neighbour = STRANGER._replace(address="198.51.100.2")
        assert "not known" in refusal(rig, FIRST, neighbour)
        clock.now_s += limits.BAD_TOKEN_MS_MAX / 1_000 / limits.BAD_TOKENS_PER_SECOND + 1
        assert "not known" in refusal(rig, FIRST)


async def test_a_bad_token_over_a_websocket_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig() as rig:
        await rig.token("web")
        for _ in range(limits.BAD_TOKENS_MAX):
            with pytest.raises(UnauthorizedError):
                WebPeer(rig).greet("me", FIRST)
        page = WebPeer(rig)
        with monkeypatch.context() as patched:
            later = Later(patched)
            page.send(Hello("1", "me", FIRST), 1)
        assert page.answers == []
        later.waits[0][1]()
        page.take()
        assert isinstance(page.error(1), UnauthorizedError)
        assert page.closed is not None
        assert page.closed.code == 1008


async def test_none_at_all_is_no_bad_token() -> None:
    async with Rig() as rig:
        await rig.token("web")
        for _ in range(2 * limits.BAD_TOKENS_MAX):
            assert "needs a token" in refusal(rig, None)


def test_what_is_known_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BAD_TOKEN_ADDRESSES_MAX", 3)
    bad = BadTokens(Clock())
    for address in ("a", "b", "a", "c", "d"):
        bad.note(address)
    assert list(bad._lately) == ["a", "c", "d"]


def test_a_flood_is_forgotten_in_its_time() -> None:
    clock = Clock()
    bad = BadTokens(clock)
    for _ in range(10_000):
        bad.note("a")
    clock.now_s += limits.BAD_TOKEN_MS_MAX / 1_000 + 1
    assert bad.note("a") == 0
    clock.now_s += limits.BAD_TOKENS_MAX
    assert [bad.note("a") for _ in range(limits.BAD_TOKENS_MAX + 1)][-2:] == [0, 1]


# Pages


async def test_with_tokens_pages_come_from_anywhere_unless_a_setting_says_otherwise() -> None:
    async with Rig() as rig:
        token = await rig.token("web")
        page = WebPeer(rig, Origin="https://evil.example")
        assert page.greet("me", token).role is Role.WEB
    async with Rig(allowed_origins=["https://app.example"]) as rig:
        await rig.token("web")
        assert not WebPeer(rig, Origin="https://evil.example").is_open
        assert not WebPeer(rig, Origin="http://localhost:3000").is_open
        assert WebPeer(rig, Origin="https://app.example").is_open
        assert WebPeer(rig).is_open


# Behind the hello, while it is judged


class Slow:
    """Judges when the test says so."""

    def __init__(self, rig: Rig) -> None:
        self._judge = rig.server.access.judge
        self._waiting: list[Any] = []
        rig.server.access.judge = self.judge  # type: ignore[method-assign, assignment]  # held back

    def judge(self, *given: Any) -> None:
        self._waiting.append(given)

    def go_on(self) -> None:
        for given in self._waiting:
            self._judge(*given)


async def test_what_follows_a_hello_waits_for_its_judgement() -> None:
    async with Rig() as rig:
        slow = Slow(rig)
        client = rig.client()
        client.raw(client.body(Hello("1", "me")), client.body(Ping()))
        client.raw(client.body(KvPut("k", b"v")), client.body(Hello("1", "me")))
        await rig.settle()
        assert client.answers == []
        slow.go_on()
        await rig.settle()
        assert [answer.id for answer in client.answers] == [1, 2, 4, 3]
        assert client.error(4).code == "bad_request"
        assert client.result(3).version == 1


async def test_a_bug_in_what_waited_closes_the_connection_instead_of_staying_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*request: object) -> None:
        raise ZeroDivisionError("a bug")

    async with Rig() as rig:
        slow = Slow(rig)
        client = rig.client()
        client.raw(client.body(Hello("1", "me")), client.body(KvPut("k", b"v")))
        monkeypatch.setattr(rig.server.commit, "submit", fail)
        slow.go_on()
        assert client.is_closed
        assert rig.server.load.held_bytes == 0


async def test_little_is_held_behind_a_hello() -> None:
    async with Rig() as rig:
        Slow(rig)
        client = rig.client()
        client.raw(client.body(Hello("1", "me")))
        while not client.is_closed:
            client.raw(client.body(KvPut("k", b"x" * 10_000)))
        assert client._last_id == 2 + limits.HELLO_BYTES_MAX // 10_000
        assert rig.server.load.held_bytes == 0


async def test_one_that_is_gone_before_its_judgement_is_not_let_in() -> None:
    async with Rig() as rig:
        slow = Slow(rig)
        client = rig.client()
        client.raw(client.body(Hello("1", "me")))
        client.vanish()
        slow.go_on()
        assert client.answers == []
        assert not rig.server._clients._connected
        refused = rig.client()
        refused.raw(refused.body(Hello("1", "me", "bad")))
        refused.vanish()
        slow.go_on()
        assert refused.answers == []
