"""How long somebody who asks for little waits while another floods the server."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from bench import floods
from bench.flo import FloConnection
from bench.generator import percentile
from bench.report import Row
from bench.servers import start_flo
from bench.settings import Settings
from floruntime.core.kv import KvGet, KvPut

P99_MS_MAX = 50.0
BEFORE_S = 0.5
"""The flood is at its pace then."""
EVERY_S = 0.01


def measure(settings: Settings) -> list[Row]:
    """One row for each flood."""
    seconds = settings.measured_s
    return [_row(settings, name, seconds) for name in floods.floods()]


def _row(settings: Settings, name: str, seconds: float) -> Row:
    directory = settings.directory / "bystander-Flo"
    server = start_flo(directory)
    try:
        floods.prepare(server.port, floods.floods()[name])
        command = [sys.executable, "-m", "bench.floods", name, str(server.port)]
        flood = subprocess.Popen([*command, str(seconds + 2 * BEFORE_S)])
        try:
            time.sleep(BEFORE_S)
            took_s = latencies_s(server.port, seconds)
        finally:
            flood.kill()
            flood.wait()
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)
    p50_ms, p99_ms = (percentile(took_s, part) * 1000 for part in (50, 99))
    return Row(
        f"a put and a get beside {name}",
        f"p50 {p50_ms:.1f} p99 {p99_ms:.1f} ms",
        target=f"p99 < {P99_MS_MAX:g} ms",
        is_met=p99_ms < P99_MS_MAX,
        note=f"{len(took_s)} times, worst {max(took_s) * 1000:.0f} ms",
    )


def latencies_s(port: int, seconds: float) -> list[float]:
    """How long a put and a get take together, again and again."""
    connection = FloConnection(port)
    took_s: list[float] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s or not took_s:
        begun_s = time.perf_counter()
        connection.ask(KvPut("bystander", b"x"))
        connection.ask(KvGet("bystander"))
        took_s.append(time.perf_counter() - begun_s)
        time.sleep(EVERY_S)
    connection.close()
    return took_s
