"""One client, one call at a time: a durable put beside the bare cost of a sync on that disk."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from bench.generator import Plan, Result, generate, percentile
from bench.report import Row
from bench.servers import Server, running
from bench.settings import Settings
from bench.talk import VALUE_BYTES, key_bytes
from floruntime import FloClient

RECORD_BYTES = 256
"""About what one put adds to a log."""


def measure(settings: Settings) -> list[Row]:
    """The bare sync, then the put through the generator and through `FloClient`, then Redis."""
    bare_s = sync_latencies_s(settings.directory, settings.calls)
    with running("Flo", settings.directory / "alone-Flo") as flo:
        generated = _one_by_one(settings, flo)
        client_s = asyncio.run(_client_latencies_s(flo.port, settings.calls))
    bare_s += sync_latencies_s(settings.directory, settings.calls)
    with running("Redis", settings.directory / "alone-Redis") as redis:
        peer = _one_by_one(settings, redis)
    bare = f"write + fdatasync: {_both(bare_s)}"
    redis_set = f"Redis SET: p50 {peer.p50_ms:.2f} p99 {peer.p99_ms:.2f} ms"
    return [
        Row(
            "one put at a time, prebuilt bytes",
            f"p50 {generated.p50_ms:.2f} p99 {generated.p99_ms:.2f} ms",
            f"{bare}; {redis_set}",
            f"{generated.p50_ms / (percentile(bare_s, 50) * 1000):.2f} syncs",
        ),
        Row(
            "one put at a time, FloClient",
            _both(client_s),
            bare,
            f"{percentile(client_s, 50) / percentile(bare_s, 50):.2f} syncs",
        ),
    ]


def _one_by_one(settings: Settings, server: Server) -> Result:
    plan = Plan(
        server.name,
        server.port,
        "put",
        connections=1,
        warm_up_s=settings.warm_up_s,
        measured_s=settings.measured_s,
    )
    return generate(plan)


def sync_latencies_s(directory: Path, count: int) -> list[float]:
    """How long it takes to add a record to a file and sync it, `count` times."""
    path = directory / "bare-sync"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    record = os.urandom(RECORD_BYTES)
    latencies_s = []
    try:
        for _ in range(count):
            begin_s = time.perf_counter()
            os.write(file, record)
            os.fdatasync(file)
            latencies_s.append(time.perf_counter() - begin_s)
    finally:
        os.close(file)
        path.unlink()
    return latencies_s


async def _client_latencies_s(port: int, count: int) -> list[float]:
    value = os.urandom(VALUE_BYTES)
    latencies_s = []
    async with FloClient(f"127.0.0.1:{port}") as client:
        for number in range(count):
            begin_s = time.perf_counter()
            await client.kv.put(key_bytes(number).decode(), value)
            latencies_s.append(time.perf_counter() - begin_s)
    return latencies_s


def _both(latencies_s: list[float]) -> str:
    p50, p99 = percentile(latencies_s, 50), percentile(latencies_s, 99)
    return f"p50 {p50 * 1000:.2f} p99 {p99 * 1000:.2f} ms"
