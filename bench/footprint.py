"""What the server takes: memory when idle and with a million keys, and time to start with them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from bench import process
from bench.compare import load_keys
from bench.flo import QUEUE, FloConnection
from bench.report import Row
from bench.servers import Server, start_flo
from bench.settings import Settings
from bench.talk import VALUE_BYTES, BenchError, key_bytes
from floruntime.core.kv import KvGet
from floruntime.core.queue import QueueEnqueue, QueueGetStats

IDLE_MB_MAX = 80
LOADED_MB_MAX = 300
START_S_MAX = 2.0
_PAYLOADS_PER_ENQUEUE = 1_000
_MB = 1_000_000


def measure(settings: Settings) -> list[Row]:
    """Memory first, then starts after a clean stop and after a kill."""
    directory = settings.directory / "footprint-Flo"
    server = start_flo(directory)
    try:
        rows = _memory(settings, server)
        _enqueue_many(server.port, settings.many)
        with_messages_mb = _settled_mb(server)
        server.stop()
        server, clean_s = _timed_start(directory)
        restarted_mb = _settled_mb(server)
        _check_is_there(server.port, settings.many)
        server.kill()
        server, killed_s = _timed_start(directory)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    note = f"memory: {with_messages_mb:.0f} MB before the stop, {restarted_mb:.0f} MB after"
    held = f"{settings.many:,} keys and {settings.many:,} messages"
    for how, seconds in (("a clean stop", clean_s), ("a kill", killed_s)):
        rows.append(_limit_row(f"start after {how}, {held}", seconds, START_S_MAX, "s", note))
    return rows


def _memory(settings: Settings, server: Server) -> list[Row]:
    idle_mb = _settled_mb(server)
    load_keys(server, settings.many)
    just_loaded_mb = process.rss_bytes(server.pid) / _MB
    loaded_mb = _settled_mb(server)
    note = f"{just_loaded_mb:.0f} MB as the load ended"
    return [
        _limit_row("memory, idle", idle_mb, IDLE_MB_MAX, "MB", ""),
        _limit_row(
            f"memory, {settings.many:,} keys of {VALUE_BYTES} bytes",
            max(just_loaded_mb, loaded_mb),
            LOADED_MB_MAX,
            "MB",
            note,
        ),
    ]


def _limit_row(what: str, value: float, most: float, unit: str, note: str) -> Row:
    digits = 2 if unit == "s" else 0
    return Row(
        what,
        f"{value:.{digits}f} {unit}",
        target=f"< {most:g} {unit}",
        is_met=value < most,
        note=note,
    )


def _settled_mb(server: Server) -> float:
    server.settle()
    return process.rss_bytes(server.pid) / _MB


def _enqueue_many(port: int, count: int) -> None:
    connection = FloConnection(port)
    for _ in range(0, count, _PAYLOADS_PER_ENQUEUE):
        payloads = [os.urandom(VALUE_BYTES) for _ in range(_PAYLOADS_PER_ENQUEUE)]
        connection.write(QueueEnqueue(QUEUE, payloads))
    connection.close()


def _timed_start(directory: Path) -> tuple[Server, float]:
    """Start the server; how long it took until it had answered a first get."""
    begin_s = time.perf_counter()
    server = start_flo(directory)
    connection = FloConnection(server.port)
    value = connection.ask(KvGet(key_bytes(0).decode()))
    seconds = time.perf_counter() - begin_s
    connection.close()
    if value is None or len(value) != VALUE_BYTES:
        raise BenchError(f"after a restart the first key holds {value!r}")
    return server, seconds


def _check_is_there(port: int, count: int) -> None:
    connection = FloConnection(port)
    ready = connection.ask(QueueGetStats(QUEUE)).ready
    connection.close()
    if ready != count:
        raise BenchError(f"after a restart {ready} of {count} messages are ready")
