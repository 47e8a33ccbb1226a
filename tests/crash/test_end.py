"""How a server ends: what was asked is answered, what comes then is refused, nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from floruntime.client.client import FloClient
from floruntime.core.errors import FloError, UnavailableError
from floruntime.server.data.storage import DiskStorage
from floruntime.testing import FloTestServer
from tests.crash.process import ServerProcess
from tests.crash.workload import new_client

END_SECONDS_MAX = 5.0
"""Well under the ten seconds of grace: nothing may hold up the end."""
ACKED_BEFORE_THE_END = 100
WAIT_SECONDS_MAX = 10.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_and_loses_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with ServerProcess(str(tmp_path / "data")) as server:
        acked = await _write_until_signalled(server, number)
        assert await server.ended(END_SECONDS_MAX) == 0, server.log
        assert " stopped" in server.log
        assert "Traceback" not in server.log
        await server.start()
        async with new_client(server.endpoint) as client:
            for key, value in acked.items():
                assert int(await client.kv.get(key) or -1) >= value
            assert await client.kv.get("n") == str(sum(acked.values())).encode()


async def _write_until_signalled(server: ServerProcess, number: signal.Signals) -> dict[str, int]:
    """Writers at full speed and every kind of wait; what was acknowledged, by key."""
    acked: dict[str, int] = {}
    in_full_swing = asyncio.Event()

    async def write(client: FloClient, key: str) -> None:
        for value in range(1, 1_000_000):
            async with client.batch() as batch:
                batch.kv.put(key, str(value))
                batch.kv.incr("n")
            acked[key] = value
            if sum(acked.values()) >= ACKED_BEFORE_THE_END:
                in_full_swing.set()

    async with new_client(server.endpoint) as client:
        followed = client.stream.follow("s", start="0")
        waits: list[asyncio.Task[Any]] = [
            asyncio.create_task(client.queue.dequeue("q", block_ms=60_000)),
            asyncio.create_task(client.kv.get("missing", block_ms=60_000)),
            asyncio.create_task(client.stream.read("s", tail=True, block_ms=60_000)),
            asyncio.create_task(
                client.stream.group_read("s", group="g", consumer="c", block_ms=60_000)
            ),
        ]
        following = asyncio.create_task(anext(followed))
        writers = [asyncio.create_task(write(client, f"k{n}")) for n in range(8)]
        await in_full_swing.wait()  # the waits were sent first, so they are there by now
        server.send(number)
        async with asyncio.timeout(END_SECONDS_MAX):
            messages, value, records, group = [await wait for wait in waits]
        assert (messages.messages, value, records.records, group.records) == ([], None, [], [])
        assert await server.ended(END_SECONDS_MAX) == 0, server.log
        # What is under way now waits for a server; here it has to be given up.
        await client.close()
        for task in (following, *writers):
            task.cancel()
        outcomes = await asyncio.gather(following, *writers, return_exceptions=True)
        for outcome in outcomes:
            assert isinstance(outcome, (FloError, asyncio.CancelledError)), outcome
            if isinstance(outcome, FloError):
                assert outcome.code in ("not_connected", "connection_failed"), outcome
    return acked


async def test_what_is_in_flight_is_answered_and_what_comes_then_refused(tmp_path: Path) -> None:
    """The sync is held while the server stops."""
    path = str(tmp_path / "data")
    go_on, is_syncing = threading.Event(), threading.Event()
    go_on.set()

    class SlowDisk(DiskStorage):
        def sync(self, index: int) -> None:
            is_syncing.set()
            go_on.wait(WAIT_SECONDS_MAX)
            super().sync(index)

    server = FloTestServer(path)
    server._storage = SlowDisk(path)
    async with server:
        async with server.client(timeout_ms=400) as client, server.client() as patient:
            await patient.kv.put("before", b"1")
            await client.kv.put("before", b"2")
            go_on.clear()
            is_syncing.clear()
            in_flight = asyncio.create_task(patient.kv.put("in flight", b"1"))
            assert await asyncio.to_thread(is_syncing.wait, WAIT_SECONDS_MAX)
            stopping = asyncio.create_task(server.server.stop())
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError, match="stopping") as refusal:
                await client.kv.put("too late", b"1")
            assert refusal.value.ran == "no"
            assert await client.kv.get("before") == b"2", "reads go on"
            assert await asyncio.wait_for(client.kv.get("none", block_ms=60_000), 5) is None
            assert not in_flight.done()
            go_on.set()
            assert (await in_flight).version > 0
            await stopping
        server._port.close()  # type: ignore[union-attr]  # it is started
        server._server = server._storage = None
        await server.start()
        async with server.client() as client:
            assert await client.kv.get("in flight") == b"1"
            assert await client.kv.get("too late") is None


async def test_a_port_in_use_is_told_and_ends_the_process(tmp_path: Path) -> None:
    async with ServerProcess(str(tmp_path / "a")) as first:
        second = ServerProcess(str(tmp_path / "b"), port=first.port)
        await second.launch()
        assert await second.ended() > 0
        assert str(first.port) in second.lines[-1]
        assert "in use" in second.lines[-1]
        assert "Traceback" not in second.log
        assert await first.stop() == 0


async def test_a_directory_in_use_is_told_with_its_holder(tmp_path: Path) -> None:
    async with ServerProcess(str(tmp_path / "data")) as first:
        async with new_client(first.endpoint) as client:
            await client.kv.put("k", b"v")
            second = ServerProcess(str(tmp_path / "data"))
            await second.launch()
            assert await second.ended() > 0
            assert f"in use by process {first.pid}" in second.log
            assert "Traceback" not in second.log
            assert await client.kv.get("k") == b"v"
        await first.kill()
        await second.start()  # the lock goes with its process
        assert await second.stop() == 0


async def test_a_clean_end_needs_no_recovery(tmp_path: Path) -> None:
    async with ServerProcess(str(tmp_path / "data")) as server:
        async with new_client(server.endpoint) as client:
            for number in range(50):
                await client.kv.put(f"k{number}", b"v" * 1000)
        assert await server.stop() == 0
        logs = [path.stat().st_size for path in (tmp_path / "data/store").glob("*.log")]
        assert sum(logs) == 0, "nothing is left that a start would have to read again"
        await server.start()
        async with new_client(server.endpoint) as client:
            assert await client.kv.get("k49") == b"v" * 1000
