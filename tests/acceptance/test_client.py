"""The client itself: opening, closing, endpoints, errors, time-outs, reconnects."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

import floruntime
from floruntime import (
    BadRequestError,
    ConnectionFailedError,
    FloClient,
    FloError,
    NotConnectedError,
    NotFoundError,
    ProtocolError,
    RequestTimeoutError,
    RetryPolicy,
    StorageFullError,
    UnavailableError,
)
from floruntime.testing import FloTestServer
from tests.acceptance.waiting import under_way

QUICK = RetryPolicy(initial_delay_ms=1, max_delay_ms=5)


@contextlib.asynccontextmanager
async def peer(answer: bytes | None) -> AsyncIterator[str]:
    """Something that listens and is no Flo: it answers with these bytes, or not at all."""
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if answer is not None:
            writer.write(answer)

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    for writer in writers:
        writer.close()
    listener.close()
    await listener.wait_closed()


# Opening and closing


async def test_connect_and_close_as_often_as_one_likes() -> None:
    async with FloTestServer() as server:
        client = server.client()
        assert client.is_connected is False
        await client.close()
        for number in range(1, 3):
            async with client as entered:
                assert entered is client
                await client.connect()
                assert client.is_connected is True
                assert await client.kv.incr("n") == number
            assert client.is_connected is False
            await client.close()


async def test_a_client_that_was_closed_says_so() -> None:
    client = FloClient("memory://")
    for _ in range(2):
        await client.connect()
        await client.close()
        for call in (
            client.ping(),
            client.info(),
            client.kv.get("k"),
            client.kv.put("k", b""),
            client.queue.dequeue("q", block_ms=1_000),
            client.namespaces.list(),
            anext(client.kv.watch("k")),
            anext(client.kv.iterate()),
        ):
            with pytest.raises(NotConnectedError) as caught:
                await call
            assert caught.value.ran == "no"
        with pytest.raises(NotConnectedError):
            async with client.batch() as b:
                b.kv.put("k", b"")


async def test_closing_ends_what_is_under_way(client: FloClient) -> None:
    waiting = asyncio.ensure_future(client.queue.dequeue("q", block_ms=60_000))
    await under_way(client)
    await client.close()
    with pytest.raises(NotConnectedError):
        await asyncio.wait_for(waiting, 1)


async def test_two_at_once_connect_once() -> None:
    async with FloTestServer() as server:
        client = server.client()
        await asyncio.gather(client.connect(), client.connect())
        assert (await client.info()).connections == 1
        await client.close()


async def test_an_exception_in_the_block_closes_and_goes_on() -> None:
    client = FloClient("memory://")
    with pytest.raises(KeyError):
        async with client:
            raise KeyError("mine")
    assert client.is_connected is False


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        " ",
        ":9000",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "localhost:port",
        "localhost:-1",
        "::1:9000",
        "http://localhost:9000",
        "localhost:9000/path",
        "memory:",
        "memory://x",
        "file:",
        "file://host/path",
        None,
        9000,
    ],
)
def test_an_endpoint_that_is_none_is_refused_at_once(endpoint: Any) -> None:
    with pytest.raises(BadRequestError):
        FloClient(endpoint)


@pytest.mark.parametrize(
    "options",
    [
        {"namespace": ""},
        {"namespace": "1a"},
        {"namespace": "a b"},
        {"namespace": "ä"},
        {"namespace": "a" * 64},
        {"namespace": "a\n"},
        {"namespace": None},
        {"namespace": 5},
        {"timeout_ms": 0},
        {"timeout_ms": -1},
        {"timeout_ms": None},
        {"timeout_ms": "5"},
        {"timeout_ms": 10 * 366 * 86_400_000},
        {"tls": True},
    ],
)
def test_options_that_can_never_be_right_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        FloClient("memory://", **options)


def test_everything_but_the_endpoint_is_by_keyword() -> None:
    with pytest.raises(TypeError):
        FloClient("memory://", "myapp")  # type: ignore[call-arg]  # the point of the test
    with pytest.raises(TypeError):
        FloClient("memory://", nothing=1)  # type: ignore[call-arg]  # likewise
    parameters = inspect.signature(FloClient).parameters
    assert parameters["namespace"].default == "default"
    assert parameters["timeout_ms"].default == 5_000


@pytest.mark.parametrize("primitive", ["kv", "queue", "stream"])
def test_every_method_takes_a_namespace(primitive: str) -> None:
    part = getattr(FloClient("memory://"), primitive)
    assert part is not None
    for name, method in inspect.getmembers(part, inspect.ismethod):
        if not name.startswith("_"):
            assert inspect.signature(method).parameters["namespace"].default is None, name


# Embedded


async def test_each_memory_client_has_a_server_of_its_own() -> None:
    async with FloClient("memory://") as one, FloClient("memory://") as two:
        await one.kv.put("k", b"v")
        assert await two.kv.get("k") is None
        await one.close()
        await one.connect()
        assert await one.kv.get("k") is None
        assert (await one.info()).durability == "ephemeral"


async def test_a_file_is_shared_by_its_clients_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with FloClient("file:./data") as one, FloClient(f"file:{tmp_path}/data") as two:
        waiting = asyncio.ensure_future(two.queue.dequeue("q", block_ms=5_000))
        version = (await one.kv.put("k", b"v")).version
        assert await two.kv.get("k") == b"v"
        await one.queue.enqueue("q", b"x")
        assert len((await waiting).messages) == 1
        await one.close()
        assert await two.kv.get("k") == b"v"
        assert (await two.info()).durability == "sync"
    async with FloClient("file:data") as again:
        entry = await again.kv.entry("k")
        assert entry is not None
        assert entry.version == version


async def test_a_file_that_another_process_has_is_refused(tmp_path: Path) -> None:
    import sys

    script = (
        "import asyncio, sys\n"
        "from floruntime import FloClient\n"
        "async def main():\n"
        "    async with FloClient('file:' + sys.argv[1]):\n"
        "        print('open', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    path = str(tmp_path / "data")
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", script, path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert await asyncio.wait_for(other.stdout.readline(), 10) == b"open\n"
        with pytest.raises(UnavailableError, match="data"):
            await FloClient(f"file:{path}").connect()
    finally:
        other.stdin.close()
        await other.wait()
    async with FloClient(f"file:{path}") as client:
        assert await client.kv.get("k") is None


# ping and info


async def test_ping_and_info(client: FloClient) -> None:
    assert isinstance(await client.ping(), float)
    assert 0 <= await client.ping() < 5_000
    info = await client.info()
    assert info.version == floruntime.__version__
    assert info.durability in ("sync", "async", "ephemeral")
    assert info.limits.value_bytes_max == 1024 * 1024
    assert (info.limits.key_bytes_max, info.limits.block_ms_max) == (4_096, 300_000)
    assert info.uptime_ms >= 0
    assert info.storage_full is False


@pytest.mark.parametrize("durability", ["sync", "async", "ephemeral"])
async def test_info_tells_the_durability(
    durability: Literal["sync", "async", "ephemeral"],
) -> None:
    async with FloTestServer(durability=durability) as server, server.client() as client:
        await server.advance(1_234)
        info = await client.info()
        assert (info.durability, info.uptime_ms) == (durability, 1_234)
        await client.kv.put("k", b"v")
        assert await client.kv.get("k") == b"v"


@pytest.mark.parametrize(
    "settings",
    [
        {"no_such_setting": 1},
        {"value_bytes_max": 16 * 1024 * 1024 + 1},
        {"value_bytes_max": 0},
        {"port": 65_536},
    ],
)
def test_unknown_and_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(settings))):
        FloTestServer(**settings)


async def test_a_full_disk_refuses_growth_and_nothing_else(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    async with FloTestServer(data_dir) as server, server.client() as client:
        await client.kv.put("k", b"v")
        await client.queue.enqueue_many("q", [b"a", b"b"])
    async with FloTestServer(data_dir, disk_low_bytes=2**50) as server, server.client() as client:
        assert (await client.info()).storage_full is True
        for growth in (
            client.kv.put("k", b"w"),
            client.kv.incr("n"),
            client.kv.json_set("j", "$", 1),
            client.queue.enqueue("q", b"c"),
            client.stream.append("s", b"x"),
            client.namespaces.create("new"),
        ):
            with pytest.raises(StorageFullError) as caught:
                await growth
            assert caught.value.ran == "no"
        with pytest.raises(StorageFullError):  # noqa: PT012 # a batch is a block
            async with client.batch() as b:
                b.kv.delete("k")
                b.kv.put("other", b"")
        assert await client.kv.get("k") == b"v"
        [message] = (await client.queue.dequeue("q")).messages
        assert (await client.queue.ack("q", message)).done == [message.seq]
        assert await client.queue.purge("q") == 1
        assert await client.kv.delete("k") is True
        assert await client.queue.delete("q") is True
        assert await client.namespaces.delete("default", force=True) is True


# Errors


def test_the_errors_of_the_contract() -> None:
    names = [
        "NotFoundError",
        "ConflictError",
        "BadRequestError",
        "GapError",
        "UnauthorizedError",
        "ForbiddenError",
        "OverloadedError",
        "StorageFullError",
        "UnavailableError",
        "RequestTimeoutError",
        "ConnectionFailedError",
        "NotConnectedError",
        "ProtocolError",
        "InternalServerError",
        "NonRetryableError",
    ]
    codes = set()
    for name in names:
        kind = getattr(floruntime, name)
        assert issubclass(kind, FloError)
        error = kind("why")
        assert (str(error), error.ran, error.index) == ("why", "no", None)
        codes.add(error.code)
    assert len(codes) == len(names)


async def test_a_refused_connection_fails_at_once() -> None:
    async with peer(None) as endpoint:
        pass
    with pytest.raises(ConnectionFailedError, match=endpoint):
        await asyncio.wait_for(FloClient(endpoint).connect(), 2)
    with pytest.raises(ConnectionFailedError):
        async with FloClient(endpoint):
            pytest.fail("there is nobody to connect to")


async def test_a_peer_that_stays_silent_or_speaks_something_else() -> None:
    async with peer(None) as endpoint:
        client = FloClient(endpoint, timeout_ms=50)
        with pytest.raises(ConnectionFailedError):
            await client.connect()
        assert client.is_connected is False
    async with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as endpoint:
        with pytest.raises((ProtocolError, ConnectionFailedError)):
            await FloClient(endpoint).connect()


async def test_a_token_nobody_knows_is_refused() -> None:
    async with FloTestServer() as server:
        with pytest.raises(floruntime.UnauthorizedError):
            await server.client(token="secret").connect()


async def test_a_call_that_takes_too_long_times_out(server: FloTestServer) -> None:
    async with server.client(timeout_ms=50) as client:
        # the test's clock stands still, so the server's wait never ends by itself
        with pytest.raises(RequestTimeoutError) as caught:
            await client.queue.dequeue("q", block_ms=50)
        assert caught.value.ran == "maybe"
        with pytest.raises(RequestTimeoutError) as caught:
            await client.kv.get("k", block_ms=50)
        assert caught.value.ran == "no"
        await client.queue.enqueue("q", b"x")
        [message] = (await client.queue.dequeue("q")).messages
        assert message.attempt == 1, "the wait that timed out has taken nothing"


async def test_block_ms_is_added_to_the_time_out() -> None:
    async with FloClient("memory://", timeout_ms=1_000) as client:
        assert (await client.queue.dequeue("q", block_ms=1_100)).messages == []


# Many calls, one connection


async def test_one_connection_carries_any_number_of_calls(client: FloClient) -> None:
    waiting = [asyncio.ensure_future(client.kv.get("k", block_ms=60_000)) for _ in range(100)]
    counts = await asyncio.gather(*(client.kv.incr("n") for _ in range(3_000)))
    assert sorted(counts) == list(range(1, 3_001))
    assert (await client.info()).connections == 1
    await client.kv.put("k", b"v")
    assert await asyncio.gather(*waiting) == [b"v"] * 100


async def test_a_burst_of_large_answers_is_no_reason_to_cut(server: FloTestServer) -> None:
    async with server.client() as client:
        megabyte = bytes(1024 * 1024)
        await client.kv.put("k", megabyte)
        values = await asyncio.gather(*(client.kv.get("k") for _ in range(80)))
        assert all(value == megabyte for value in values)
        assert len(await client.kv.mget(["k"] * 80)) == 80
        assert (await client.info()).connections == 1
        assert client.is_connected


async def test_it_reconnects_and_loses_nothing(server: FloTestServer) -> None:
    async with server.client(retry=QUICK) as client:
        watch = client.kv.watch("n", from_version=0)
        message = await _take_a_message(client)
        counts = []
        for _ in range(5):
            counting = [asyncio.ensure_future(client.kv.incr("n")) for _ in range(20)]
            await asyncio.sleep(0)
            await server.restart()
            counts += await asyncio.gather(*counting)
        assert sorted(counts) == list(range(1, 101))
        seen = [await asyncio.wait_for(anext(watch), 2) for _ in range(100)]
        assert [int(change.value) for change in seen] == list(range(1, 101))
        assert (await client.queue.ack("q", [message.seq])).done == [message.seq]


async def _take_a_message(client: FloClient) -> Any:
    await client.queue.enqueue("q", b"x")
    return (await client.queue.dequeue("q")).messages[0]


async def test_calls_wait_for_the_server_to_come_back(tmp_path: Path) -> None:
    server = FloTestServer(str(tmp_path / "data"))
    await server.start()
    async with server.client(retry=QUICK, timeout_ms=2_000) as client:
        await client.kv.put("k", b"v")
        await server.stop()
        put = asyncio.ensure_future(client.kv.put("k", b"w"))
        get = asyncio.ensure_future(client.kv.get("k"))
        while client.is_connected:  # noqa: ASYNC110 # the loop must only turn
            await asyncio.sleep(0)
        assert not put.done()
        await server.start()
        assert (await put).version == 2
        assert await get in (b"v", b"w")
        await server.stop()
        brief = server.client(timeout_ms=50)
        with pytest.raises(ConnectionFailedError):
            await brief.connect()


async def test_a_client_may_rest_for_an_hour(served: FloClient, server: FloTestServer) -> None:
    assert await served.kv.incr("n") == 1
    await server.advance(3_600_000)
    assert await served.kv.incr("n") == 2
    await server.restart()
    await server.advance(3_600_000)
    assert await served.kv.incr("n") == 3


async def test_results_are_frozen_structs_that_compare(client: FloClient) -> None:
    await client.kv.put("k", b"v")
    first, second = await client.kv.entry("k"), await client.kv.entry("k")
    assert first == second
    assert isinstance(first, msgspec.Struct)
    assert "version=1" in repr(first)
    stats = await client.queue.stats("q")
    with pytest.raises(AttributeError):
        stats.ready = 5  # type: ignore[misc]  # the point of the test


async def test_what_does_not_exist_is_none_empty_false_or_not_found(client: FloClient) -> None:
    assert await client.kv.get("none") is None
    assert (await client.queue.dequeue("none")).messages == []
    assert await client.queue.delete("none") is False
    with pytest.raises(NotFoundError) as caught:
        await client.kv.json_set("none", "$.a", 1)
    assert (caught.value.code, caught.value.ran) == ("not_found", "no")
