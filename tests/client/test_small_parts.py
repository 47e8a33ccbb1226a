"""Endpoints, back-off, write numbers, namespaces, the embedded door: the client's small parts."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import floruntime
from floruntime.client.api.namespaces import Namespaces
from floruntime.client.client import FloClient
from floruntime.client.link.endpoint import (
    EmbeddedEndpoint,
    TcpEndpoint,
    WebEndpoint,
    parse_endpoint,
)
from floruntime.client.link.numbers import WriteNumbers
from floruntime.client.link.retry import RetryPolicy
from floruntime.core.errors import BadRequestError, UnavailableError
from floruntime.core.limits import SESSION_BLOCK_WRITES, SESSION_BLOCKS, SESSION_WRITES_MAX
from floruntime.core.masked import masked
from floruntime.core.system import (
    GetServerInfo,
    Limits,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceInfo,
    NamespaceList,
    NamespaceListReply,
    ServerInfo,
)
from tests.client.fake_server import FakeServer
from tests.client.recorder import RecordingCaller
from tests.client.test_client import client_of
from tests.client.virtual_time import virtual

# Endpoints


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:9000", TcpEndpoint("localhost", 9000)),
        ("localhost", TcpEndpoint("localhost", 9000)),
        ("flo://db.example:1", TcpEndpoint("db.example", 1)),
        ("10.0.0.1:65535", TcpEndpoint("10.0.0.1", 65535)),
        ("[::1]:9001", TcpEndpoint("::1", 9001)),
        ("[fe80::1%eth0]", TcpEndpoint("fe80::1%eth0", 9000)),
        ("memory://", EmbeddedEndpoint("memory://")),
        ("file:./data", EmbeddedEndpoint("file:./data")),
        ("file:/var/flo", EmbeddedEndpoint("file:/var/flo")),
        ("file:///var/flo", EmbeddedEndpoint("file:/var/flo")),
        ("ws://localhost:9000/ws", WebEndpoint("localhost", 9000, "/ws", False)),
        ("ws://[::1]:9000", WebEndpoint("::1", 9000, "/ws", False)),
        ("ws://10.0.0.1/", WebEndpoint("10.0.0.1", 80, "/ws", False)),
        ("wss://db.example/flo/ws", WebEndpoint("db.example", 443, "/flo/ws", True)),
    ],
)
def test_endpoints(text: str, expected: Any) -> None:
    assert parse_endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "HOST:PORT"),
        ("  ", "HOST:PORT"),
        (":9000", "names no host"),
        ("a b:9000", "names no host"),
        ("host:", "port must be 1 to 65535"),
        ("host:0", "port must be"),
        ("host:65536", "port must be"),
        ("host:http", "port must be"),
        ("host:-1", "port must be"),
        ("host:٣", "port must be"),
        ("::1:9000", "brackets"),
        ("[::1", "not understood"),
        ("[]:9000", "not understood"),
        ("[::1]9000", "not understood"),
        ("http://host:9000/ws", "not understood"),
        ("ws://host:9000/ws?token=x", "not understood"),
        ("ws://me@host/ws", "not understood"),
        ("ws:///ws", "names no host"),
        ("ws://", "names no host"),
        ("ws://host:0/ws", "port must be"),
        ("ws://::1/ws", "brackets"),
        ("wss://host/a b", "names no host"),
        ("host:9000/path", "not understood"),
        ("memory://x", "takes nothing"),
        ("memory:", "takes nothing"),
        ("file:", "names no path"),
        ("file://host/path", "names a host"),
    ],
)
def test_endpoints_that_mean_nothing_say_so(text: str, says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as caught:
        parse_endpoint(text)
    assert repr(masked(text)) in str(caught.value), "but for what may be a secret"


def test_tls_goes_with_wss_alone() -> None:
    with pytest.raises(BadRequestError, match="wss://"):
        FloClient("ws://localhost:9000/ws", tls=True)


def test_tls_without_a_network_is_refused() -> None:
    with pytest.raises(BadRequestError, match="tls"):
        FloClient("memory://", tls=True)


# Back-off


def test_delays_grow_to_their_ceiling() -> None:
    policy = RetryPolicy(jitter=0)
    delays = [policy.delay_ms(attempt, 0.9) for attempt in range(8)]
    assert delays == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]
    assert policy.delay_ms(100_000, 0) == 2_000


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_jitter_takes_away_at_most_its_part(attempt: int, random: float, jitter: float) -> None:
    full = RetryPolicy(jitter=0).delay_ms(attempt, random)
    delay = RetryPolicy(jitter=jitter).delay_ms(attempt, random)
    assert full * (1 - jitter) - 1e-6 <= delay <= full


@pytest.mark.parametrize(
    "options",
    [
        {"initial_delay_ms": 0},
        {"max_delay_ms": 49},
        {"multiplier": 0.99},
        {"multiplier": float("inf")},
        {"multiplier": float("nan")},
        {"jitter": -0.1},
        {"jitter": 1.1},
    ],
)
def test_policies_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=next(iter(options))):
        RetryPolicy(**options)


def test_policies_at_their_edges() -> None:
    RetryPolicy(initial_delay_ms=1, max_delay_ms=1, multiplier=1, jitter=1)


# Write numbers


def test_answered_numbers_go_up_by_one() -> None:
    numbers = WriteNumbers()
    for expected in range(1, 3 * SESSION_WRITES_MAX):
        number = numbers.take()
        assert number == expected
        numbers.release(number)


def test_a_full_ring_gives_no_number_until_a_block_is_free() -> None:
    numbers = WriteNumbers()
    ring = SESSION_BLOCKS * SESSION_BLOCK_WRITES
    taken = [numbers.take() for _ in range(ring - 1)]
    assert taken == list(range(1, ring))
    assert numbers.take() is None
    for number in range(32, 47):
        numbers.release(number)
    assert numbers.take() is None
    numbers.release(47)
    assert numbers.take() == ring + 32


@given(st.lists(st.integers(0, 3_000), max_size=400), st.integers(1, 60))
def test_no_unanswered_number_ever_loses_its_place(releases: list[int], rate: int) -> None:
    numbers, unanswered, highest = WriteNumbers(), set[int](), 0
    for release in releases:
        for _ in range(rate):
            number = numbers.take()
            if number is None:
                break
            assert number > highest
            highest = number
            unanswered.add(number)
        blocks = {number // SESSION_BLOCK_WRITES for number in unanswered}
        assert len({block % SESSION_BLOCKS for block in blocks}) == len(blocks)
        done = sorted(unanswered)[release % len(unanswered)]
        unanswered.remove(done)
        numbers.release(done)


# Namespaces and information


async def test_namespaces() -> None:
    info = NamespaceInfo("a", 1)
    caller = RecordingCaller(True, NamespaceListReply([info], "more"), False)
    namespaces = Namespaces(caller)
    assert await namespaces.create("a") is True
    page = await namespaces.list(limit=1, cursor="c")
    assert (list(page), page.cursor, page.has_more) == ([info], "more", True)
    assert await namespaces.delete("a", force=True) is False
    assert caller.requests == [
        NamespaceCreate("a"),
        NamespaceList(1, "c"),
        NamespaceDelete("a", True),
    ]


@virtual
async def test_info_is_the_servers() -> None:
    info = ServerInfo("9", "sync", Limits(1, 2, 3), 5)
    server = FakeServer(lambda envelope: info)
    async with client_of(server) as client:
        assert await client.info() == info
    assert server.requests(GetServerInfo)


# The embedded door


@virtual
async def test_an_embedded_server_is_opened_with_the_first_link_and_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = FakeServer()
    opened: list[str] = []

    class Embedded:
        def connect(self, on_bodies: Any, on_close: Any) -> Any:
            from tests.client.fake_server import FakeLink

            link = FakeLink(server, on_bodies, on_close)
            server.links.append(link)
            return link

        release = staticmethod(server.release)

    async def open_embedded(endpoint: str) -> Embedded:
        opened.append(endpoint)
        return Embedded()

    module = types.ModuleType("floruntime.server.embedded")
    module.open_embedded = open_embedded  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "floruntime.server", types.ModuleType("floruntime.server"))
    monkeypatch.setitem(sys.modules, "floruntime.server.embedded", module)
    async with FloClient("memory://") as client:
        assert await client.kv.get("a") == b"a"
        server.drop_links()
        assert await client.kv.get("b") == b"b"
    assert opened == ["memory://"]
    assert server.released == 1


@virtual
async def test_without_the_servers_packages_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "floruntime.server", None)
    monkeypatch.setitem(sys.modules, "floruntime.server.embedded", None)
    with pytest.raises(UnavailableError, match=r"floruntime\[server\]"):
        await FloClient("memory://").connect()


# The public names


def test_every_public_name_is_there_and_sorted() -> None:
    assert sorted(floruntime.__all__) == floruntime.__all__
    missing = {name for name in floruntime.__all__ if not hasattr(floruntime, name)}
    assert not missing


def test_every_error_is_public() -> None:
    from floruntime.core.errors import BY_CODE

    assert {cls.__name__ for cls in BY_CODE.values()} <= set(floruntime.__all__)


def test_the_version_is_told() -> None:
    assert floruntime.__version__[0].isdigit()
