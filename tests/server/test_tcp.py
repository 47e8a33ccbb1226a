"""TCP: slow readers, slow greetings, and connections that come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from floruntime.core.kv import KvGet, KvPut
from floruntime.core.system import Hello, Ping
from floruntime.core.wire import PREAMBLE, FrameReader, decode_answer, encode_request
from floruntime.server import limits
from floruntime.server.tcp import TcpConnection, TcpListener
from tests.server.wire_client import Rig

WAIT_S = 10.0


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    logging.disable(logging.CRITICAL)
    async with Rig(outbox_bytes_max=3_000_000) as rig:
        yield rig
    logging.disable(logging.NOTSET)


class FakeTransport:
    """A socket whose peer reads nothing."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.calls: list[str] = []
        self.high = 0
        self.protocol: TcpConnection | None = None

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_extra_info(self, name: str) -> Any:
        return ("192.0.2.1", 5) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return len(self.held)

    def is_closing(self) -> bool:
        return "abort" in self.calls or "close" in self.calls

    def write(self, data: bytes) -> None:
        self.held += data
        assert self.protocol is not None
        if len(self.held) > self.high and "pause_reading" not in self.calls:
            self.protocol.pause_writing()

    def __getattr__(self, name: str) -> Any:
        return lambda: self.calls.append(name)


def connected(rig: Rig) -> tuple[TcpConnection, FakeTransport]:
    transport = FakeTransport()
    connection = TcpConnection(rig.server)
    transport.protocol = connection
    connection.connection_made(transport)  # type: ignore[arg-type]  # all of a transport it needs
    return connection, transport


async def test_a_slow_reader_is_read_no_further_until_it_has_caught_up(rig: Rig) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    connection, transport = connected(rig)
    connection.data_received(PREAMBLE + encode_request(1, "default", 0, Hello("1", "slow")))
    for number in (2, 3):
        connection.data_received(encode_request(number, "default", 0, KvGet("k")))
    assert transport.calls == ["pause_reading"]
    transport.held.clear()
    connection.resume_writing()
    assert transport.calls == ["pause_reading", "resume_reading"]


async def test_one_that_reads_nothing_is_closed_when_too_much_lies_unread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.client("writer").send(KvPut("k", b"x" * 900_000))
    await rig.settle()
    before = rig.server.info().connections
    waits: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()

    def call_later(seconds: float, check: Any, *given: Any) -> FakeTransport:
        waits.append((seconds, partial(check, *given)))
        return FakeTransport()

    monkeypatch.setattr(loop, "call_later", call_later)
    connection, transport = connected(rig)
    waits.clear()
    connection.data_received(PREAMBLE + encode_request(1, "default", 0, Hello("1", "stuck")))
    for number in range(2, 7):
        connection.data_received(encode_request(number, "default", 0, KvGet("k")))
    [(seconds, check)] = waits
    assert seconds == limits.READER_STUCK_MS / 1000
    del transport.held[:1]  # slow is not stuck
    check()
    assert "abort" not in transport.calls
    waits[-1][1]()
    assert "abort" in transport.calls
    assert rig.server.info().connections == before
    connection.connection_lost(None)
    assert rig.server.load.held_bytes == 0
    monkeypatch.undo()


async def test_one_that_does_not_greet_in_time_is_closed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[float, Any]] = []
    loop = asyncio.get_running_loop()

    def call_later(seconds: float, check: Any) -> FakeTransport:
        waits.append((seconds, check))
        return FakeTransport()

    with monkeypatch.context() as patched:
        patched.setattr(loop, "call_later", call_later)
        silent, silent_transport = connected(rig)
        greeted, greeted_transport = connected(rig)
    greeted.data_received(PREAMBLE + encode_request(1, "default", 0, Hello("1", "me")))
    silent.data_received(PREAMBLE)
    assert [seconds for seconds, _ in waits] == [limits.HANDSHAKE_MS_MAX / 1000] * 2
    for _, check in waits:
        check()
    assert silent_transport.calls == ["close"]
    assert greeted_transport.calls == []


async def test_requests_go_over_a_socket_and_a_closed_one_is_noticed(rig: Rig) -> None:
    listener = await TcpListener.open(rig.server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    frames = FrameReader(2**20)
    writer.write(PREAMBLE + encode_request(1, "default", 0, Hello("1", "me")))
    writer.write(encode_request(2, "default", 0, Ping()))
    answered: list[int] = []
    async with asyncio.timeout(WAIT_S):
        while len(answered) < 2:
            bodies = frames.receive_data(await reader.read(65_536))
            answered += [decode_answer(body).id for body in bodies]
        assert answered == [1, 2]
        assert rig.server.info().connections == 1
        writer.write(encode_request(3, "default", 0, KvGet("k", 60_000)))
        writer.close()
        await writer.wait_closed()
        while rig.server.info().connections:  # noqa: ASYNC110 # the loop's own events
            await asyncio.sleep(0)
    assert rig.server.load.held_bytes == 0
    listener.close()


async def test_garbage_over_a_socket_ends_only_that_connection(rig: Rig) -> None:
    listener = await TcpListener.open(rig.server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        assert await reader.read() == b""
    writer.close()
    assert rig.client("other").result(1) is not None
    listener.close()
