"""WebSocket: the opening, messages, what breaks its rules, keeping alive, the end."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from websockets.frames import Opcode

from floruntime.core.errors import OverloadedError, UnavailableError
from floruntime.core.framing import LENGTH, frame
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.limits import BLOCK_MS_MAX
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Ping
from floruntime.core.wire import encode_request
from floruntime.server import limits
from floruntime.server.metrics.counts import Refusal
from tests.fuzz.bytes_made import Maker, masked
from tests.server.connections.fake_socket import FakeTransport, connected
from tests.server.connections.web_peer import WebPeer
from tests.server.wire_client import Rig

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with Rig() as rig:
        yield rig


class Later:
    """The loop's timers, fired by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[tuple[float, Callable[[], None]]] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", self._call_later)

    def _call_later(self, seconds: float, call: Any, *given: Any) -> FakeTransport:
        self.waits.append((seconds, partial(call, *given)))
        return FakeTransport()

    def fire(self, after_ms: int) -> None:
        """Fire the last timer that was set for this time."""
        [*_, call] = [call for seconds, call in self.waits if seconds == after_ms / 1000]
        call()


@pytest.fixture
async def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


OPENING = Maker(random.Random()).opening()


def append(id: int) -> bytes:
    return encode_request(id, "default", 0, StreamAppend("s", [b"v"]))


# The opening


async def test_a_message_is_the_body_of_one_frame(rig: Rig) -> None:
    peer = WebPeer(rig)
    assert peer.response is not None
    assert peer.response.status_code == 101
    assert peer.greet().limits.frame_bytes_max == rig.server.frame_bytes_max
    peer.send(Ping(), 2)
    assert [bytes(each.data) for each in peer.frames][1] == b"\x92\x02\xc0"
    assert rig.server.info().connections == 1


async def test_the_opening_may_come_in_pieces_with_the_first_messages_behind_it(rig: Rig) -> None:
    whole = WebPeer(rig)
    connection, transport = connected(rig)
    whole.protocol.send_ping(b"hi")
    data = OPENING + b"".join(whole.protocol.data_to_send())
    for place in range(len(data)):
        connection.data_received(data[place : place + 1])
    assert transport.held.startswith(b"HTTP/1.1 101 ")
    assert transport.held.endswith(b"\x8a\x02hi")


async def test_what_follows_the_opening_in_one_piece_is_read_after_it(rig: Rig) -> None:
    """Also what breaks the rules: the opening is answered first."""
    connection, transport = connected(rig)
    connection.data_received(OPENING + masked(0x82, b"\xc1") + masked(0x80, b"") + b"more")
    assert transport.held.startswith(b"HTTP/1.1 101 ")
    assert transport.held.count(b"\x88") == 1
    assert transport.calls == ["write_eof"]
    assert rig.server.info().connections == 0


@pytest.mark.parametrize("path", ["/", "/wss", "/ws/", "//ws", "/WS"])
async def test_another_path_is_not_found(rig: Rig, path: str) -> None:
    peer = WebPeer(rig, path)
    assert peer.response is not None
    assert peer.response.status_code == 404
    assert b"at /ws" in peer.response.body
    assert "write_eof" in peer.transport.calls
    assert rig.server.info().connections == 0


async def test_a_query_is_passed_over(rig: Rig) -> None:
    assert WebPeer(rig, "/ws?v=1").is_open


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /ws HTTP/1.1\r\n\r\n", b"426"),
        (b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", b"400"),
        (b"GET /ws HTTP/1.1\r\nOrigin: http://a\r\nOrigin: http://b\r\n\r\n", b"400"),
        (b"GET /ws HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /ws HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", b"431"),
        (b"GET /ws HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /ws HTTP/1.0\r\n\r\n", b"505"),
        (b"GET /ws\r\n\r\n", b""),
        (b"GET /ws HTTP/1.1\r\n\x00: y\r\n\r\n", b""),
        (b"GET /ws HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", b""),
    ],
)
async def test_an_opening_that_is_none_is_told_so_and_the_socket_closed(
    rig: Rig, head: bytes, status: bytes, later: Later
) -> None:
    connection, transport = connected(rig)
    connection.data_received(head)
    assert bytes(transport.held).partition(b"\r\n")[0].split(b" ")[1:2] == (
        [status] if status else []
    )
    assert transport.calls == ["write_eof"]
    connection.data_received(b"GET /ws HTTP/1.1\r\n\r\n")
    later.fire(limits.CLOSE_MS_MAX)
    assert transport.calls == ["write_eof", "abort"]
    assert rig.server.info().connections == 0


async def test_an_opening_without_end_is_cut_off(rig: Rig) -> None:
    connection, transport = connected(rig)
    connection.data_received(b"GET /ws HTTP/1.1\r\n")
    lines = 0
    while not transport.calls:
        lines += 1
        connection.data_received(b"X: " + b"x" * 1_000 + b"\r\n")
    assert transport.calls == ["abort"]
    assert lines == 1 + limits.HELLO_BYTES_MAX // 1_005


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:5173", 101),
        ("http://127.0.0.1:9000", 101),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
async def test_pages_of_foreign_origins_are_refused(rig: Rig, origin: str, status: int) -> None:
    peer = WebPeer(rig, Origin=origin)
    assert peer.response is not None
    assert peer.response.status_code == status
    if status == 403:
        assert origin.encode() in peer.response.body
        assert b"allowed_origins" in peer.response.body


async def test_what_a_peer_puts_into_a_log_stays_on_its_line(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    logging.disable(logging.NOTSET)
    caplog.set_level(logging.INFO, "floruntime")
    for head in (
        b"Origin: http://evil\x85ERROR all is lost",
        b"Sec-WebSocket-Version: \x85ERROR",
        b"Upgrade: \x85ERROR",
    ):
        connection, _ = connected(rig)
        connection.data_received(b"GET /ws HTTP/1.1\r\n" + head + b"\r\n\r\n")
    assert len(caplog.records) >= 3
    assert all(record.getMessage().isprintable() for record in caplog.records)


async def test_pages_that_a_setting_names_are_let_in() -> None:
    async with Rig(allowed_origins=["https://app.example"]) as rig:
        assert WebPeer(rig, Origin="https://app.example").is_open
        assert not WebPeer(rig, Origin="https://app.example:444").is_open


async def test_nothing_is_compressed(rig: Rig) -> None:
    peer = WebPeer(rig, Sec_WebSocket_Extensions="permessage-deflate")
    assert peer.is_open
    assert peer.response is not None
    assert "Sec-WebSocket-Extensions" not in peer.response.headers


# Messages


async def test_a_write_is_answered_when_it_is_durable(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    rig.storage.hold()
    peer.body(append(2))
    await rig.turns()
    peer.take()
    assert len(peer.answers) == 1
    rig.storage.release()
    await rig.settle()
    peer.take()
    assert peer.answer(2).error is None


async def test_fragments_make_a_message_also_with_pings_in_between(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    body = encode_request(2, "default", 0, KvGet("k"))
    peer.protocol.send_binary(body[:5], fin=False)
    peer.protocol.send_continuation(b"", fin=False)
    peer.push()
    peer.protocol.send_ping(b"still there?")
    peer.push()
    peer.protocol.send_continuation(body[5:], fin=True)
    peer.push()
    assert peer.answer(2).error is None
    assert [bytes(each.data) for each in peer.frames if each.opcode is Opcode.PONG] == [
        b"still there?"
    ]


async def test_answers_of_one_piece_of_input_go_out_together(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    writes: list[bytes] = []
    peer.transport.write = lambda data: writes.append(bytes(data))  # type: ignore[method-assign]  # spied on
    for id in range(2, 12):
        peer.protocol.send_binary(encode_request(id, "default", 0, Ping()))
    peer.connection.data_received(b"".join(peer.protocol.data_to_send()))
    assert len(writes) == 1


async def test_requests_beyond_the_rate_are_refused_and_did_not_run() -> None:
    async with Rig(web_requests_per_second=3) as rig:
        peer = WebPeer(rig)
        peer.greet()
        rate: Any = peer.connection._speaker._conversation._rate  # type: ignore[union-attr]  # it speaks
        now_s = [rate._now_s()]
        rate._now_s = lambda: now_s[0]
        for id in range(2, 7):
            peer.send(Ping(), id)
        assert [peer.answer(id).error is None for id in range(2, 7)] == [True] * 3 + [False] * 2
        refusal = peer.error(6)
        assert isinstance(refusal, OverloadedError)
        assert refusal.ran == "no"
        now_s[0] += 0.34
        peer.send(Ping(), 7)
        peer.send(Ping(), 8)
        assert peer.answer(7).error is None
        assert isinstance(peer.error(8), OverloadedError)
        assert rig.server.counts.refusals == {Refusal.RATE: 3}


async def test_tcp_has_no_such_rate() -> None:
    async with Rig(web_requests_per_second=1) as rig:
        client = rig.client("me")
        assert [client.result(client.send(Ping())) for _ in range(10)] == [None] * 10


# What breaks the rules


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(0x81, b"hello"), 1003),
        (masked(0x81, b"\xff"), 1003),
        (masked(0x01, b"hel"), 1003),
        (masked(0x82, append(2), mask=False), 1002),
        (masked(0xC2, append(2)), 1002),
        (masked(0xA2, append(2)), 1002),
        (masked(0x83, b""), 1002),
        (masked(0x80, b""), 1002),
        (masked(0x02, b"x") + masked(0x82, b"y"), 1002),
        (masked(0x89, b"x" * 126), 1002),
        (masked(0x09, b""), 1002),
        (masked(0x82, b"", size=2**40), 1009),
        (masked(0x82, b"", size=5_242_881), 1009),
        (masked(0x02, b"x" * 1_000) + masked(0x80, b"", size=5_242_000), 1009),
        (masked(0x88, b"\x03"), 1002),
        (masked(0x88, b"\x03\xed"), 1002),
        (masked(0x88, b"\x03\xe8\xff"), 1007),
        (masked(0x82, b""), 1002),
        (masked(0x82, b"\xc1"), 1002),
        (masked(0x82, b"hello"), 1002),
        (masked(0x82, frame(append(2))), 1002),
        (masked(0x82, append(2) + append(3)), 1002),
    ],
)
async def test_a_message_that_breaks_the_rules_closes_the_connection_with_its_code(
    rig: Rig, data: bytes, code: int, later: Later
) -> None:
    peer = WebPeer(rig)
    peer.greet()
    peer.raw(data)
    assert peer.closed is not None
    assert peer.closed.code == code
    assert rig.server.info().connections == 0
    assert rig.server.load.held_bytes == 0
    peer.raw(masked(0x82, append(9)) + b"rubbish")
    later.fire(limits.CLOSE_MS_MAX)
    assert "abort" in peer.transport.calls
    await rig.settle()
    assert rig.storage.writes == 0


async def test_what_came_before_it_in_the_same_piece_still_counts(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    rig.storage.hold()
    peer.raw(masked(0x82, append(2)) + masked(0x83, b"") + masked(0x82, append(3)))
    rig.storage.release()
    await rig.settle()
    assert rig.server.commit.commands_total == 1


async def test_a_request_that_is_refused_keeps_the_connection(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    peer.body(b"\x94\x02\xa7default\x00\x92\x01\x05")  # KvGet(5)
    assert "key" in peer.error(2).message
    peer.send(Ping(), 3)
    assert peer.answer(3).error is None


async def test_the_largest_message_is_taken(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    largest = rig.server.frame_bytes_max
    peer.raw(masked(0x82, b"", size=largest) + b"\xc1" * (largest - 1))
    assert peer.closed is None
    peer.raw(b"\xc1")
    assert peer.closed is not None
    assert peer.closed.code == 1002


async def test_a_flood_of_pings_or_fragments_is_cut(rig: Rig) -> None:
    for flood in (masked(0x89, b""), masked(0x8A, b"x"), masked(0x00, b"")):
        peer = WebPeer(rig)
        peer.greet()
        start = masked(0x02, b"") if flood[0] == 0 else b""
        peer.raw(start + flood * (2 * limits.WEB_CONTROL_PER_SECOND))
        assert peer.closed is not None
        assert peer.closed.code == 1008
    assert rig.server.info().connections == 0


async def test_little_is_held_for_one_that_has_not_said_its_hello(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.raw(masked(0x82, b"", size=1_000_000))
    peer.raw(b"x" * (limits.HELLO_BYTES_MAX // 2))
    assert peer.closed is None
    peer.raw(b"x" * (limits.HELLO_BYTES_MAX // 2))
    assert peer.closed is not None
    assert peer.closed.code == 1009


async def test_one_that_does_not_greet_in_time_is_told_and_closed(rig: Rig, later: Later) -> None:
    silent, greeted, opening = WebPeer(rig), WebPeer(rig), connected(rig)
    greeted.greet()
    opening[0].data_received(b"GET /ws")
    for _, check in [wait for wait in later.waits if wait[0] == limits.HANDSHAKE_MS_MAX / 1000]:
        check()
    silent.take()
    greeted.take()
    assert silent.closed is not None
    assert greeted.closed is None
    assert opening[1].calls == ["close"]


async def test_a_refused_hello_reaches_the_client_as_that_error() -> None:
    async with Rig(connections_max=1) as rig:
        first, second = WebPeer(rig), WebPeer(rig)
        with pytest.raises(OverloadedError, match="1 connections"):
            second.greet()
        assert second.closed is not None
        assert second.closed.code == 1013
        second.protocol.receive_eof()
        assert first.is_open


# Slow readers, and keeping alive


async def test_a_slow_reader_is_read_no_further_until_it_has_caught_up(rig: Rig) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    peer = WebPeer(rig)
    peer.greet()
    peer.transport.take = lambda: b""  # type: ignore[method-assign]  # the peer reads nothing
    for id in (2, 3):
        peer.send(KvGet("k"), id)
    assert peer.transport.calls == ["pause_reading"]
    peer.connection.resume_writing()
    assert peer.transport.calls == ["pause_reading", "resume_reading"]


async def test_one_that_gives_no_sign_of_life_is_cut(rig: Rig, later: Later) -> None:
    peer = WebPeer(rig)
    peer.greet()
    later.fire(limits.WEB_PING_MS)
    peer.take()
    assert [each.opcode for each in peer.frames].count(Opcode.PING) == 1
    peer.push()  # its answer to the ping
    later.fire(limits.WEB_PING_MS)
    later.fire(limits.WEB_PING_MS)
    assert "abort" in peer.transport.calls
    assert rig.server.info().connections == 0


async def test_one_that_is_not_read_from_is_not_taken_for_dead(rig: Rig, later: Later) -> None:
    peer = WebPeer(rig)
    peer.greet()
    later.fire(limits.WEB_PING_MS)
    peer.connection.pause_writing()
    for _ in range(3):
        later.fire(limits.WEB_PING_MS)
    assert "abort" not in peer.transport.calls
    peer.connection.resume_writing()
    later.fire(limits.WEB_PING_MS)
    assert "abort" in peer.transport.calls


# The end


async def test_a_peer_that_closes_is_answered_and_its_waits_are_gone(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    peer.send(KvGet("k", block_ms=60_000), 2)
    assert len(rig.server.commit.queries.waiters) == 1
    peer.protocol.send_close(1001, "the tab was closed")
    peer.push()
    assert peer.closed is not None
    assert peer.closed.code == 1001
    assert peer.transport.calls == ["write_eof"]
    assert len(rig.server.commit.queries.waiters) == 0
    assert rig.server.load.held_bytes == 0
    peer.connection.connection_lost(None)


async def test_a_server_that_stops_says_that_it_goes_away() -> None:
    rig = Rig()
    peer = WebPeer(rig)
    peer.greet()
    peer.send(KvGet("k", block_ms=60_000), 2)
    await rig.server.stop()
    peer.take()
    assert peer.answer(2).error is None
    assert peer.closed is not None
    assert (peer.closed.code, peer.closed.reason) == (1001, "the server is stopping")
    peer.push()  # its own closing frame
    assert peer.transport.calls[-1] == "write_eof"


async def test_a_peer_that_does_not_close_in_turn_is_cut(rig: Rig, later: Later) -> None:
    peer = WebPeer(rig)
    peer.greet()
    peer.connection._speaker.close(UnavailableError("ü" * 200))  # type: ignore[union-attr]  # it speaks
    peer.take()
    assert peer.closed is not None
    assert peer.closed.reason == "ü" * 61, "as much as a closing frame holds"
    later.fire(limits.CLOSE_MS_MAX)
    assert peer.transport.calls[-1] == "abort"


async def test_a_socket_without_half_a_close_is_closed(rig: Rig) -> None:
    """Inside TLS there is no end of one direction alone."""
    peer = WebPeer(rig)
    peer.greet()
    peer.transport.can_write_eof = lambda: False  # type: ignore[method-assign]  # as TLS says
    peer.raw(masked(0x81, b"text"))
    assert peer.transport.calls == ["close"]


async def test_answers_for_one_that_is_gone_are_dropped(rig: Rig) -> None:
    peer = WebPeer(rig)
    peer.greet()
    rig.storage.hold()
    peer.body(append(2))
    peer.connection.connection_lost(None)
    rig.storage.release()
    await rig.settle()
    assert peer.transport.take() == b""


# Anything at all


async def test_whatever_comes_it_is_answered_or_the_connection_closed() -> None:
    seed = secrets.randbelow(2**32)
    chance = random.Random(seed)
    make = Maker(chance)
    async with Rig(web_requests_per_second=1_000_000) as rig:
        other = WebPeer(rig)
        other.greet("other")
        other.body(append(1_000))
        closed = 0
        for number in range(150):
            peer = WebPeer(rig)
            peer.greet(f"attacker {number}")
            conversation: Any = peer.connection._speaker._conversation  # type: ignore[union-attr]  # it speaks
            await _attack(rig, peer, make, chance)
            assert conversation.in_flight == 0, seed
            assert conversation.is_closed == (peer.closed is not None), seed
            closed += conversation.is_closed
            other.send(Ping(), 2 + number)
            assert other.answer(2 + number).error is None, seed
            peer.connection.connection_lost(None)
            assert rig.server.load.held_bytes == 0, seed
        tables = {key[:2] for key, _ in rig.storage.store.scan(b"", b"\xff")}
        written = {table for table in tables if table[:1] in b"akqw" or table in (b"tk", b"ta")}
        assert b"st" in tables
        assert not written, f"{seed}: a page wrote more than streams"
        assert not rig.fatal, seed
        assert rig.server.info().connections == 1, seed
        assert 0 < closed < 150, seed


async def _attack(rig: Rig, peer: WebPeer, make: Maker, chance: random.Random) -> None:
    for id in range(2, chance.randrange(2, 12)):
        body = chance.choice((make.request, make.mutated))(id)[LENGTH.size :]
        opcode = chance.choice((0x82, 0x82, 0x82, 0x82, 0x81, 0x80, 0x02, 0x89, 0x8A, 0xC2))
        data = bytearray(masked(opcode, body[:125] if opcode > 0x88 else body))
        if chance.random() < 0.2:
            data[chance.randrange(len(data))] = chance.randrange(256)
        half = chance.randrange(len(data))
        for part in (data[:half], data[half:]):
            if peer.closed is None:
                peer.raw(bytes(part))
    await rig.advance(BLOCK_MS_MAX)
    peer.take()
