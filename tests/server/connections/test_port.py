"""The port: connections that come and go, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from floruntime.core.framing import PREAMBLE, FrameReader, frame
from floruntime.core.kv import KvGet
from floruntime.core.system import Hello, Ping
from floruntime.core.wire import decode_answer, encode_request
from floruntime.server import limits
from floruntime.server.connections import port as ports
from floruntime.server.connections.admission import Admission, address_of
from floruntime.server.connections.port import CannotListenError, Port
from tests.server.wire_client import Rig
from tests.until import WAIT_S, until

pytestmark = pytest.mark.usefixtures("quiet")


HELLO = PREAMBLE + frame(encode_request(1, "default", 0, Hello("1", "me")))


@asynccontextmanager
async def opened(rig: Rig) -> AsyncIterator[Port]:
    port = await Port.open(rig.server, "127.0.0.1", 0)
    try:
        yield port
    finally:
        port.close()
        await port.wait_closed()


class Caller:
    """A plain socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def is_cut(self) -> bool:
        """Whether the connection ended without a word. Waits for it to end."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True

    async def is_greeted(self) -> bool:
        """Whether a hello is answered."""
        self.writer.write(HELLO)
        async with asyncio.timeout(WAIT_S):
            return len(await self.reader.read(4)) == 4

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


Call = Callable[[Port], Awaitable[Caller]]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Connects to a port; what was connected is closed in the end."""
    made: list[Caller] = []

    async def connect(port: Port) -> Caller:
        made.append(Caller(*await asyncio.open_connection("127.0.0.1", port.number)))
        return made[-1]

    yield connect
    for caller in made:
        await caller.close()


async def test_requests_go_over_a_socket_and_a_closed_one_is_noticed(call: Call) -> None:
    async with Rig() as rig, opened(rig) as port:
        caller = await call(port)
        frames: FrameReader = FrameReader(2**20)
        caller.writer.write(HELLO + frame(encode_request(2, "default", 0, Ping())))
        answered: list[int] = []
        async with asyncio.timeout(WAIT_S):
            while len(answered) < 2:
                bodies = frames.receive_data(await caller.reader.read(65_536))
                answered += [decode_answer(body).id for body in bodies]
        assert answered == [1, 2]
        assert rig.server.info().connections == 1
        caller.writer.write(frame(encode_request(3, "default", 0, KvGet("k", 60_000))))
        await caller.close()
        await until(lambda: not rig.server.info().connections)
        assert rig.server.load.held_bytes == 0


async def test_small_answers_are_not_held_back(call: Call) -> None:
    """Without this each answer may wait for the acknowledgement of the one before it: 40 ms."""
    async with Rig() as rig, opened(rig) as port:
        assert await (await call(port)).is_greeted()
        [connection] = port._connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_garbage_over_a_socket_ends_only_that_connection(call: Call) -> None:
    async with Rig() as rig, opened(rig) as port:
        caller = await call(port)
        caller.writer.write(b"EHLO example.org\r\n")
        assert await caller.is_cut()
        assert rig.client("other").result(1) is not None


async def test_all_addresses_of_a_name_are_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in ("127.0.0.1", "127.0.0.1", "127.0.0.2")
        ]

    async with Rig() as rig:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
            port = await Port.open(rig.server, "both", 0)
        names = [each.getsockname() for each in port._listening]
        assert [address for address, _ in names] == ["127.0.0.1", "127.0.0.2"]
        for name in names:
            _, writer = await asyncio.open_connection(*name)
            writer.close()
        port.close()


async def test_a_port_that_is_taken_is_told_and_leaves_nothing_open() -> None:
    async with Rig() as rig, opened(rig) as port:
        with pytest.raises(CannotListenError) as refusal:
            await Port.open(rig.server, "127.0.0.1", port.number)
        assert refusal.value.errno == errno.EADDRINUSE
        assert refusal.value.strerror == "address already in use"


async def test_connections_of_one_address_are_bounded_before_they_say_anything(call: Call) -> None:
    async with Rig(connections_per_address_max=2) as rig, opened(rig) as port:
        silent = [await call(port) for _ in range(2)]
        assert await (await call(port)).is_cut()
        await silent[0].close()
        await until(lambda: port._admission._total == 1)
        assert await (await call(port)).is_greeted()


async def test_sockets_are_bounded_a_little_beyond_what_is_served(
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
) -> None:
    monkeypatch.setattr(limits, "UNGREETED_MAX", 1)
    async with Rig(connections_max=1) as rig, opened(rig) as port:
        served, told = await call(port), await call(port)
        assert await served.is_greeted()
        told.writer.write(HELLO)
        async with asyncio.timeout(WAIT_S):
            assert b"overloaded" in await told.reader.read()
        await until(lambda: port._admission._total == 1)
        await call(port)
        assert await (await call(port)).is_cut()


async def test_one_that_does_not_end_is_cut_when_the_port_has_closed(
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
) -> None:
    monkeypatch.setattr(limits, "CLOSE_MS_MAX", 1)
    async with Rig() as rig:
        port = await Port.open(rig.server, "127.0.0.1", 0)
        caller = await call(port)
        assert await caller.is_greeted()
        port.close()
        await port.wait_closed()
        assert await until_left(caller)
        assert port._admission._total == 0


async def until_left(caller: Caller) -> bool:
    try:
        await caller.reader.read()
    except ConnectionError:
        return True
    return caller.reader.at_eof()


async def test_who_comes_while_files_are_short_waits_and_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The listening socket is not looked at for a while, and then again."""
    async with Rig() as rig:
        port = await Port.open(rig.server, "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        waits: list[tuple[float, Callable[[], None]]] = []

        class Short:
            def fileno(self) -> int:
                return port._listening[0].fileno()

            def accept(self) -> None:
                raise OSError(errno.EMFILE, "too many open files")

        def call_later(seconds: float, again: Any, *given: Any) -> asyncio.TimerHandle:
            waits.append((seconds, lambda: again(*given)))
            return loop.call_at(loop.time() + 1_000, lambda: None)

        with monkeypatch.context() as patched:
            patched.setattr(loop, "call_later", call_later)
            port._accept(Short())  # type: ignore[arg-type]  # all of a socket that it needs
        [(seconds, again)] = waits
        assert seconds == ports.EXHAUSTED_PAUSE_S
        assert not loop.remove_reader(port._listening[0].fileno())
        again()
        assert loop.remove_reader(port._listening[0].fileno())
        port.close()


async def test_closing_ends_what_is_just_beginning() -> None:
    async with Rig() as rig:
        port = await Port.open(rig.server, "127.0.0.1", 0)
        ours, theirs = socket.socketpair()
        port._admit(ours, "192.0.2.1")
        assert port._beginning
        port.close()
        await until(lambda: not port._connections)
        assert theirs.recv(1) == b""
        assert port._admission._total == 0
        theirs.close()


# Counting


def test_an_address_that_left_is_not_remembered() -> None:
    admission = Admission(10, 1)
    assert admission.enter("a")
    assert not admission.enter("a")
    assert admission.enter("b")
    admission.leave("a")
    assert admission.enter("a")
    admission.leave("a")
    admission.leave("b")
    assert not admission._by_address
    assert admission._total == 0


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (("192.0.2.7", 5), "192.0.2.7"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 5, 0, 0), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        ("", ""),
    ],
)
def test_whom_a_connection_counts_for(name: Any, address: str) -> None:
    assert address_of(name) == address
