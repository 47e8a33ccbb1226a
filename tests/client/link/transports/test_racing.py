"""Names with several addresses: tried side by side, and nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from floruntime.client.link.transports import racing
from floruntime.client.link.transports.racing import HEAD_START_S, connected_socket
from tests.client.virtual_time import pass_ms, virtual

V4, V6 = socket.AF_INET, socket.AF_INET6


class Net:
    """Addresses, how long each takes to answer, and what it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: list[tuple[int, str]] = []
        self.behaviours: dict[str, tuple[float, OSError | None]] = {}
        self.tried: list[tuple[str, float]] = []
        self.sockets: list[socket.socket] = []
        self.begun_s = 0.0
        monkeypatch.setattr(racing, "_addresses_of", self._resolve)
        monkeypatch.setattr(racing, "_connected", self._connect)

    def has(
        self, name: str, *, family: int = V4, after_s: float = 0, error: OSError | None = None
    ) -> None:
        self.addresses.append((family, name))
        self.behaviours[name] = (after_s, error)

    async def _resolve(self, host: str, port: int) -> list[racing.Address]:
        self.begun_s = asyncio.get_running_loop().time()
        return [
            racing.Address(family, socket.SOCK_STREAM, 6, "", (name, port))
            for family, name in self.addresses
        ]

    async def _connect(self, address: racing.Address) -> socket.socket:
        name = address.place[0]
        at_s = asyncio.get_running_loop().time() - self.begun_s
        self.tried.append((name, round(at_s, 3)))
        after_s, error = self.behaviours[name]
        await pass_ms(round(after_s * 1_000))
        if error is not None:
            raise error
        sock = socket.socket()
        self.sockets.append(sock)
        return sock


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    return Net(monkeypatch)


def refused(name: str) -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, f"refused by {name}")


@virtual
async def test_the_first_one_has_a_head_start(net: Net) -> None:
    net.has("a", after_s=0.2)
    net.has("b")
    (await connected_socket("db", 1)).close()
    assert net.tried == [("a", 0)]


@virtual
async def test_one_that_says_nothing_is_overtaken(net: Net) -> None:
    for name in ("a", "b"):
        net.has(name, after_s=1_000)
    net.has("c", after_s=0.1)
    net.has("d")
    (await connected_socket("db", 1)).close()
    assert net.tried == [("a", 0), ("b", HEAD_START_S), ("c", 2 * HEAD_START_S)]


@virtual
async def test_one_that_refuses_is_followed_at_once(net: Net) -> None:
    net.has("a", error=refused("a"))
    net.has("b")
    (await connected_socket("db", 1)).close()
    assert net.tried == [("a", 0), ("b", 0)]


@virtual
async def test_families_take_turns(net: Net) -> None:
    for name in ("six1", "six2"):
        net.has(name, family=V6, error=refused(name))
    for name in ("four1", "four2", "four3"):
        net.has(name, error=refused(name))
    with pytest.raises(OSError, match="refused by six1") as caught:
        await connected_socket("db", 1)
    assert [name for name, _ in net.tried] == ["six1", "four1", "six2", "four2", "four3"]
    assert "refused by four3" in str(caught.value)


@virtual
async def test_the_only_ones_error_is_told_as_it_is(net: Net) -> None:
    net.has("a", error=refused("a"))
    with pytest.raises(ConnectionRefusedError, match="refused by a"):
        await connected_socket("db", 1)


@virtual
async def test_a_name_without_an_address_says_so(net: Net) -> None:
    with pytest.raises(OSError, match="db has no address"):
        await connected_socket("db", 1)


@virtual
async def test_the_second_of_two_that_answer_together_is_closed(net: Net) -> None:
    net.has("a", after_s=HEAD_START_S + 0.1)
    net.has("b", after_s=0.1)
    winner = await connected_socket("db", 1)
    assert winner.fileno() >= 0
    assert [sock.fileno() >= 0 for sock in net.sockets if sock is not winner] in ([], [False])
    winner.close()


@virtual
async def test_giving_up_leaves_nothing_behind(net: Net) -> None:
    net.has("a", after_s=1_000)
    net.has("b", after_s=1_000)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connected_socket("db", 1), 5)


async def test_addresses_in_digits_and_names_are_connected_to() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port: Any = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        (await connected_socket(host, port)).close()
    server.close()
    await server.wait_closed()
