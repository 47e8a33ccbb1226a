"""One who floods a server: `python -m bench.floods NAME PORT SECONDS`, a process of its own.

Each flood is a list of requests that is sent again and again, on one connection or on many, as fast
as the server takes them; what comes back is read and thrown away.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from bench.flo import FloConnection, patchable_frame
from floruntime.core.action import ActionInvoke, ActionListRuns
from floruntime.core.kv import KvGet, KvHistory, KvJsonGet, KvJsonSet, KvMget, KvPut, KvScan
from floruntime.core.queue import QueueEnqueue
from floruntime.core.stream import StreamAppend, StreamRead
from floruntime.core.system import Batch
from floruntime.core.types import Request

LARGE_BYTES = 1_000_000
LARGE_KEYS = 64
DOCUMENT = b'{"list": [%s], "place": 1}' % b",".join([b"0"] * 300_000)
SENT_AT_ONCE = 50


@dataclass(frozen=True)
class Flood:
    """`requests` are sent in turn on each of so many connections."""

    requests: list[Request[Any]]
    connections: int = 1
    before: list[Request[Any]] = field(default_factory=list)


def floods() -> dict[str, Flood]:
    """All of them, by what the table calls them."""
    large = os.urandom(LARGE_BYTES)
    keys = [f"large:{number}" for number in range(LARGE_KEYS)]
    many = [KvPut(f"small:{number:04}", b"x" * 100) for number in range(1_000)]
    documents: list[Request[Any]] = [KvPut("document", DOCUMENT)]
    return {
        "puts, 1 connection": Flood([KvPut("flood", b"x" * 100)]),
        "puts, 100 connections": Flood([KvPut("flood", b"x" * 100)], 100),
        "gets, 100 connections": Flood([KvGet("flood")], 100),
        "scans of 1,000 keys": Flood([KvScan("small:", 1_000)], before=[Batch([*many])]),
        "mget of 64 values of 1 MB": Flood([KvMget(keys)], before=[KvPut(k, large) for k in keys]),
        "history of 64 values of 1 MB": Flood(
            [KvHistory("large", 64)], before=[KvPut("large", large) for _ in range(64)]
        ),
        "json_set in 600 kB": Flood([KvJsonSet("document", "$.place", b"2")], before=documents),
        "json_get of 600 kB": Flood([KvJsonGet("document", "$.place")], before=documents),
        "batches of 1,000 puts": Flood([Batch([*many])]),
        "appends of 1,000 records": Flood([StreamAppend("flood", [b"x"] * 1_000)]),
        "reads of 1,000 records": Flood(
            [StreamRead("read", limit=1_000)], before=[StreamAppend("read", [b"x"] * 1_000)]
        ),
        "enqueues of 1,000 messages": Flood([QueueEnqueue("flood", [b"x"] * 1_000)]),
        "lists of 1,000 runs": Flood(
            [ActionListRuns("flood", limit=1_000)],
            before=[Batch([ActionInvoke("flood", b"", create=True) for _ in range(1_000)])],
        ),
    }


def prepare(port: int, flood: Flood) -> None:
    """Put there what the flood asks for."""
    connection = FloConnection(port)
    for request in flood.before:
        connection.ask(request)
    connection.close()


def run(port: int, flood: Flood, seconds: float) -> None:
    """Flood for so long."""
    frames = [patchable_frame(request, number) for number, request in enumerate(flood.requests, 1)]
    end_s = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_send, args=(port, frames, end_s), daemon=True)
        for _ in range(flood.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 10)


def _send(port: int, frames: list[bytes], end_s: float) -> None:
    connection = FloConnection(port)
    reader = threading.Thread(target=_drain, args=(connection,), daemon=True)
    reader.start()
    number = 100_000
    with contextlib.suppress(OSError):
        while time.monotonic() < end_s:
            sent = bytearray()
            for frame in frames * SENT_AT_ONCE:
                sent += frame[:6] + number.to_bytes(4, "big") + frame[10:]
                number += 1
            connection.socket.sendall(sent)
    connection.close()


def _drain(connection: FloConnection) -> None:
    with contextlib.suppress(OSError):
        while connection.socket.recv(1 << 20):
            pass


if __name__ == "__main__":
    run(int(sys.argv[2]), floods()[sys.argv[1]], float(sys.argv[3]))
