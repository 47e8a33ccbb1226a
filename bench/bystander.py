"""How long somebody who asks for little waits while another floods the server."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import trustme

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
    flood = floods.floods()[name]
    options, authority, tls = _encrypted(directory) if flood.is_encrypted else ([], [], None)
    server = start_flo(directory, options=options, tls=tls)
    try:
        floods.prepare(server.port, flood, tls)
        took_s = beside(server.port, name, seconds, authority, tls)
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)
    return row(name, took_s)


def beside(
    port: int,
    name: str,
    seconds: float,
    authority: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
) -> list[float]:
    """How long a put and a get take together while that flood comes in by the same port."""
    command = [sys.executable, "-m", "bench.floods", name, str(port)]
    flooding = subprocess.Popen([*command, str(seconds + 2 * BEFORE_S), *authority])
    try:
        time.sleep(BEFORE_S)
        return latencies_s(port, seconds, tls)
    finally:
        flooding.kill()
        flooding.wait()


def row(name: str, took_s: list[float]) -> Row:
    """What it is judged by."""
    p50_ms, p99_ms = (percentile(took_s, part) * 1000 for part in (50, 99))
    return Row(
        f"a put and a get beside {name}",
        f"p50 {p50_ms:.1f} p99 {p99_ms:.1f} ms",
        target=f"p99 < {P99_MS_MAX:g} ms",
        is_met=p99_ms < P99_MS_MAX,
        note=f"{len(took_s)} times, worst {max(took_s) * 1000:.0f} ms",
    )


def _encrypted(directory: Path) -> tuple[list[str], list[str], ssl.SSLContext]:
    """The options of a server with TLS, the file of who vouches for it, and what trusts that."""
    directory.mkdir(parents=True, exist_ok=True)
    authority, certificate = (directory / name for name in ("ca.pem", "certificate.pem"))
    made = trustme.CA()
    made.cert_pem.write_to_path(str(authority))
    made.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    options = ["--tls-cert", str(certificate), "--tls-key", str(certificate)]
    return options, [str(authority)], ssl.create_default_context(cafile=str(authority))


def latencies_s(port: int, seconds: float, tls: ssl.SSLContext | None = None) -> list[float]:
    """How long a put and a get take together, again and again."""
    connection = FloConnection(port, tls=tls)
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
