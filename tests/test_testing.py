"""The test server that users get."""

from __future__ import annotations

import asyncio
from pathlib import Path

from floruntime import ActionContext, ActionWorker, FloClient, RunStatus
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


# Workers


async def test_the_clock_waits_for_handlers_that_work_by_the_real_one() -> None:
    worker = ActionWorker("unused")

    @worker.action("fetch", max_retries=0, timeout_ms=1_000)
    async def fetch(ctx: ActionContext) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", slow_port)
        answer = await reader.read()
        writer.close()
        await asyncio.to_thread(answer.decode)
        return answer.decode()

    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(500):
            await asyncio.sleep(0)
        writer.write(b"fetched")
        writer.close()

    slow = await asyncio.start_server(answer_late, "127.0.0.1", 0)
    slow_port = slow.sockets[0].getsockname()[1]
    async with slow, FloTestServer() as server, server.client() as client, server.running(worker):
        run = await client.action.invoke("fetch", delay_ms=60_000)
        await server.advance(3_600_000)
        done = await client.action.status(run.run_id)
        assert (done.output, done.attempt) == (b"fetched", 1)
        assert done.completed_at_ms == done.created_at_ms + 60_000


async def test_the_clock_does_not_wait_for_handlers_that_wait_for_it() -> None:
    worker = ActionWorker("unused")
    async with FloTestServer(patience_ms=600_000) as server, server.client() as client:

        @worker.action("wait")
        async def wait(ctx: ActionContext) -> str:
            found = await asyncio.gather(
                client.kv.get("k", block_ms=50_000), client.kv.get("l", block_ms=60_000)
            )
            return str(found)

        async with server.running(worker):
            run = await client.action.invoke("wait")
            await server.advance(60_000)
            assert (await client.action.status(run.run_id)).output == b"[None, None]"


async def test_a_handler_that_waits_for_the_test_is_waited_for_once_and_in_vain() -> None:
    opened = asyncio.Event()
    worker = ActionWorker("unused", heartbeat_interval_ms=1_000)

    @worker.action("wait")
    async def wait(ctx: ActionContext) -> None:
        await opened.wait()

    async with (
        FloTestServer(patience_ms=20) as server,
        server.client() as client,
        server.running(worker),
    ):
        run = await client.action.invoke("wait")
        await server.advance(200_000)  # two hundred heartbeats, and as many touches
        assert (await client.action.status(run.run_id)).status is RunStatus.RUNNING
        opened.set()
        await server.settle()
        assert (await client.action.status(run.run_id)).status is RunStatus.COMPLETED


async def test_a_worker_keeps_what_it_was_made_with() -> None:
    worker = ActionWorker("db.internal:9000")
    worker.register_action("a", lambda ctx: None)
    async with FloTestServer() as server, server.client() as client, server.running(worker):
        assert (await client.action.call("a")).status is RunStatus.COMPLETED
        assert worker.endpoint == "db.internal:9000"
