"""The test server that users get."""

from __future__ import annotations

import asyncio
from pathlib import Path

from floruntime import FloClient
from floruntime.testing import FloTestServer


async def test_time_stands_still_until_it_is_moved() -> None:
    async with FloTestServer() as server, server.client() as client:
        before = server.now_ms
        await client.kv.put("k", b"v", ttl_ms=60_000)
        await server.advance(59_999)
        assert await client.kv.get("k") == b"v"
        await server.advance(1)
        assert await client.kv.get("k") is None
        assert server.now_ms == before + 60_000


async def test_what_is_due_at_once_happens_without_moving_the_clock() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.workflow.sync(
            'kind: Workflow\nname: flow\nversion: "1"\ntrigger: {stream: orders}\n'
            "start:\n  waitForSignal: {type: go}\n  transitions: {success: flo.Completed}\n"
        )
        before = server.now_ms
        await client.stream.append("orders", b"1")
        await server.settle()
        assert len(await client.workflow.list_runs()) == 1
        assert server.now_ms == before


async def test_advancing_stops_at_every_deadline_on_the_way() -> None:
    async with FloTestServer() as server, server.client() as client:
        start_ms = server.now_ms
        for ms in (300, 100, 200):
            await client.kv.put(f"k{ms}", b"", ttl_ms=ms)
        await server.advance(86_000_000)
        for ms in (100, 200, 300):
            newest = (await client.kv.history(f"k{ms}"))[0]
            assert newest.deleted
            assert newest.timestamp_ms == start_ms + ms


async def test_waits_follow_the_clock() -> None:
    async with FloTestServer() as server, server.client() as client:
        waiting = asyncio.ensure_future(client.kv.get("k", block_ms=10_000))
        while not server.server.commit.queries.waiters:  # noqa: ASYNC110 # the request is on its way
            await asyncio.sleep(0)
        await server.advance(9_999)
        assert not waiting.done()
        await server.advance(1)
        assert await waiting is None


async def test_a_restart_keeps_the_state_and_the_port_and_clients_reconnect() -> None:
    async with FloTestServer() as server, server.client() as client:
        endpoint = server.endpoint
        assert await client.kv.incr("n") == 1
        await server.restart()
        assert server.endpoint == endpoint
        assert await client.kv.incr("n") == 2


async def test_a_data_directory_stays_after_the_end(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with FloTestServer(str(tmp_path / "data")) as server, server.client() as client:
            assert await client.kv.incr("n") == expected
            await server.restart()
            assert await client.kv.get("n") == str(expected).encode()


async def test_settings_are_those_of_flo_toml() -> None:
    async with FloTestServer(value_bytes_max=123) as server, server.client() as client:
        assert (await client.info()).limits.value_bytes_max == 123


async def test_it_goes_on_where_a_server_by_the_real_clock_left_off(tmp_path: Path) -> None:
    async with FloClient(f"file:{tmp_path}/data") as client:
        await client.kv.put("k", b"v", ttl_ms=60_000)
    async with FloTestServer(f"{tmp_path}/data") as server, server.client() as client:
        await client.kv.put("l", b"w")
        await server.advance(60_000)
        assert await client.kv.get("k") is None


async def test_a_web_client_connects_to_it_too() -> None:
    async with FloTestServer() as server, server.web_client(namespace="shop") as page:
        await page.streams.append("s", b"hello")
        async with server.client(namespace="shop") as client:
            assert (await client.stream.info("s")).count == 1


async def test_the_clock_begins_when_it_is_told_to_also_for_cron() -> None:
    newyear_ms = 1_704_067_200_000
    text = (
        'kind: Workflow\nname: greet\nversion: "1"\nschedule: {cron: "0 0 1 1 *"}\n'
        "start:\n  waitForSignal: {type: go}\n  transitions: {success: flo.Completed}\n"
    )
    async with FloTestServer(start_ms=newyear_ms - 1_000) as server, server.client() as client:
        assert server.now_ms == newyear_ms - 1_000
        await client.workflow.sync(text)
        await server.advance(999)
        assert not await client.workflow.list_runs()
        await server.advance(1)
        [run] = await client.workflow.list_runs()
        assert run.run_id == f"greet@{newyear_ms}"
