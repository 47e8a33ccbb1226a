"""`make load`: many connections, keys, messages, records, timers, runs; each with its figures.

The sizes are options; those of the issue are `--idle 5000 --busy 500 --keys 10000000 --messages
5000000 --records 10000000 --timers 1000000 --runs 100000`, and take hours.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from floruntime import FloClient
from tests.crash.heavy.measures import disk_mib, memory_mib, watched
from tests.crash.process import ServerProcess

TOGETHER = 500
"""Items of one request."""
PARALLEL = 8
"""Requests under way at once."""
CALLS_OF_BUSY = 50
LEAD_MS = 1_000

Send = Callable[[int, int], Awaitable[object]]


class Load:
    """One server, loaded step by step."""

    def __init__(self, sizes: argparse.Namespace, server: ServerProcess) -> None:
        self._sizes = sizes
        self._server = server

    async def run(self) -> None:
        """All steps, then a start on what they left."""
        async with self._client() as client, self._client() as bystander:
            self._client_, self._bystander = client, bystander
            await client.kv.put("bystander", b"1")
            await client.action.register("waits", timeout_ms=60_000)
            async with AsyncExitStack() as stack:
                await self._step("idle connections", self._sizes.idle, self._idle(stack))
                await self._step("busy connections' gets", self._busy_calls, self._busy())
            await self._many("keys", self._sizes.keys, self._put)
            await self._many("messages", self._sizes.messages, self._enqueue)
            await self._many("records", self._sizes.records, self._append)
            await self._many("runs that wait", self._sizes.runs, self._invoke)
            await self._step("timers due in one second", self._sizes.timers, self._timers())
        await self._server.stop()
        begun_s = time.perf_counter()
        await self._server.start()
        print(f"{'start on all of it':<26} {time.perf_counter() - begun_s:8.2f} s")

    @property
    def _busy_calls(self) -> int:
        return int(self._sizes.busy) * CALLS_OF_BUSY

    def _client(self) -> FloClient:
        return FloClient(self._server.endpoint, timeout_ms=120_000)

    async def _step(self, name: str, count: int, work: Awaitable[object]) -> None:
        begun_s = time.perf_counter()
        async with watched(self._bystander) as bystander:
            await work
        took_s = time.perf_counter() - begun_s
        print(
            f"{name:<26} {count:>9} in {took_s:7.2f} s, {count / took_s:9.0f}/s; "
            f"bystander p50 {bystander.percentile_ms(0.5):6.1f} ms, "
            f"p99 {bystander.percentile_ms(0.99):6.1f} ms; "
            f"memory {memory_mib(self._server.pid):6.0f} MiB, "
            f"disk {disk_mib(self._server.data_dir):6.0f} MiB",
            flush=True,
        )

    async def _many(self, name: str, count: int, send: Send) -> None:
        await self._step(name, count, self._send_all(count, send))

    async def _send_all(self, count: int, send: Send) -> None:
        firsts = iter(range(0, count, TOGETHER))

        async def lane() -> None:
            for first in firsts:
                await send(first, min(first + TOGETHER, count))

        await asyncio.gather(*(lane() for _ in range(PARALLEL)))

    async def _idle(self, stack: AsyncExitStack) -> None:
        for first in range(0, self._sizes.idle, 100):
            some = [self._client() for _ in range(first, min(first + 100, self._sizes.idle))]
            await asyncio.gather(*(stack.enter_async_context(client) for client in some))

    async def _busy(self) -> None:
        async def one() -> None:
            async with self._client() as client:
                for _ in range(CALLS_OF_BUSY):
                    await client.kv.get("bystander")

        await asyncio.gather(*(one() for _ in range(self._sizes.busy)))

    async def _put(self, first: int, end: int) -> None:
        async with self._client_.batch() as batch:
            for number in range(first, end):
                batch.kv.put(f"key-{number}", b"x" * 100)

    async def _enqueue(self, first: int, end: int) -> None:
        await self._client_.queue.enqueue_many("messages", [b"x" * 100] * (end - first))

    async def _append(self, first: int, end: int) -> None:
        await self._client_.stream.append_many("records", [b"x" * 100] * (end - first))

    async def _invoke(self, first: int, end: int) -> None:
        async with self._client_.batch() as batch:
            for _ in range(first, end):
                batch.action.invoke("waits", b"x" * 100)

    async def _timers(self) -> None:
        """Messages that are all due within one second, until all of them are."""
        count, client = self._sizes.timers, self._client_
        due_ms = (await client.info()).now_ms + LEAD_MS + count // 20

        async def delayed(first: int, end: int) -> None:
            now_ms = (await client.info()).now_ms
            at_ms = due_ms + first * 1_000 // max(count, 1)
            await client.queue.enqueue_many(
                "delayed", [b"x"] * (end - first), delay_ms=max(0, at_ms - now_ms)
            )

        await self._send_all(count, delayed)
        while (await client.queue.stats("delayed")).ready < count:  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.05)


async def main(sizes: argparse.Namespace) -> None:
    """A server of its own, on a directory that is gone afterwards."""
    print(f"Python {platform.python_version()} ({sys.executable}), {platform.machine()}")
    with tempfile.TemporaryDirectory(prefix="flo-load-") as directory:
        server = ServerProcess(f"{directory}/data")
        # All come from one address.
        server.environment["FLO_CONNECTIONS_PER_ADDRESS_MAX"] = str(sizes.idle + sizes.busy + 100)
        async with server:
            await Load(sizes, server).run()
            await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crash.heavy.load", description=__doc__)
    for name, count in {
        "idle": 500,
        "busy": 50,
        "keys": 100_000,
        "messages": 50_000,
        "records": 100_000,
        "timers": 10_000,
        "runs": 10_000,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    asyncio.run(main(parser.parse_args()))
