"""One who floods a server: `python -m bench.floods NAME PORT SECONDS [CA]`, a process of its own.

Each flood is a list of requests that is sent again and again, on one connection or on many, as fast
as the server takes them, or one at a time; what comes back is read and thrown away.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from bench.flo import FloConnection, patchable_frame
from floruntime.core.action import ActionInvoke, ActionListRuns
from floruntime.core.framing import LENGTH
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
    """`requests` are sent in turn on each of so many connections. `one_at_a_time`: each connection
    sends the next once it has the answer. `only_connects`: each connects, and begins anew.
    `is_encrypted`: over TLS.
    """

    requests: list[Request[Any]]
    connections: int = 1
    before: list[Request[Any]] = field(default_factory=list)
    one_at_a_time: bool = False
    only_connects: bool = False
    is_encrypted: bool = False


def floods() -> dict[str, Flood]:
    """All of them, by what the table calls them."""
    large = os.urandom(LARGE_BYTES)
    keys = [f"large:{number}" for number in range(LARGE_KEYS)]
    many = [KvPut(f"small:{number:04}", b"x" * 100) for number in range(1_000)]
    documents: list[Request[Any]] = [KvPut("document", DOCUMENT)]
    large_puts = [KvPut(key, large) for key in keys]
    mget = Flood([KvMget(keys)], before=[*large_puts])
    return {
        "puts, 1 connection": Flood([KvPut("flood", b"x" * 100)]),
        "puts of 1 MB": Flood([KvPut("large", large)]),
        "puts, 100 connections": Flood([KvPut("flood", b"x" * 100)], 100),
        "gets, 100 connections": Flood([KvGet("flood")], 100),
        "scans of 1,000 keys": Flood([KvScan("small:", 1_000)], before=[Batch([*many])]),
        "mget of 64 values of 1 MB": mget,
        "the same over TLS": replace(mget, is_encrypted=True),
        "history of 64 values of 1 MB": Flood(
            [KvHistory("large", 64)], before=[KvPut("large", large) for _ in range(64)]
        ),
        "json_set in 600 kB": Flood([KvJsonSet("document", "$.place", b"2")], before=documents),
        "json_get of 600 kB": Flood([KvJsonGet("document", "$.place")], before=documents),
        "batches of 1,000 puts": Flood([Batch([*many])]),
        "scans of 1,000 keys, 100 connections, one at a time": Flood(
            [KvScan("small:", 1_000)], 100, [Batch([*many])], one_at_a_time=True
        ),
        "batches of 100 puts, 100 connections, one at a time": Flood(
            [Batch([*many[:100]])], 100, one_at_a_time=True
        ),
        "handshakes of TLS, 100 at a time": Flood([], 100, only_connects=True, is_encrypted=True),
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


def prepare(port: int, flood: Flood, tls: ssl.SSLContext | None = None) -> None:
    """Put there what the flood asks for."""
    connection = FloConnection(port, tls=tls)
    for request in flood.before:
        connection.ask(request)
    connection.close()


def run(port: int, flood: Flood, seconds: float, tls: ssl.SSLContext | None = None) -> None:
    """Flood for so long."""
    frames = [patchable_frame(request, number) for number, request in enumerate(flood.requests, 1)]
    end_s = time.monotonic() + seconds
    send = _send_one_at_a_time if flood.one_at_a_time else _send
    send = _connect if flood.only_connects else send
    threads = [
        threading.Thread(target=send, args=(port, frames, end_s, tls), daemon=True)
        for _ in range(flood.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 10)


def _send(port: int, frames: list[bytes], end_s: float, tls: ssl.SSLContext | None) -> None:
    connection = FloConnection(port, tls=tls)
    reader = threading.Thread(target=_drain, args=(connection,), daemon=True)
    reader.start()
    number = 100_000
    with contextlib.suppress(OSError):
        while time.monotonic() < end_s:
            sent = bytearray()
            for frame in frames * SENT_AT_ONCE:
                sent += _numbered(frame, number)
                number += 1
            connection.socket.sendall(sent)
    connection.close()


def _numbered(frame: bytes, number: int) -> bytes:
    return frame[:6] + number.to_bytes(4, "big") + frame[10:]


def _drain(connection: FloConnection) -> None:
    with contextlib.suppress(OSError):
        while connection.socket.recv(1 << 20):
            pass


def _send_one_at_a_time(
    port: int, frames: list[bytes], end_s: float, tls: ssl.SSLContext | None
) -> None:
    connection = FloConnection(port, tls=tls)
    number = 100_000
    with contextlib.suppress(OSError):
        while time.monotonic() < end_s:
            for frame in frames:
                connection.socket.sendall(_numbered(frame, number))
                number += 1
                _take_answer(connection)
    connection.close()


def _connect(port: int, frames: list[bytes], end_s: float, tls: ssl.SSLContext | None) -> None:
    """There is nothing to send."""
    while time.monotonic() < end_s:
        with contextlib.suppress(OSError):
            FloConnection(port, tls=tls).close()


def _take_answer(connection: FloConnection) -> None:
    wanted_bytes = LENGTH.size
    head = connection.socket.recv(wanted_bytes, socket.MSG_WAITALL)
    (wanted_bytes,) = LENGTH.unpack(head)
    while wanted_bytes:
        wanted_bytes -= len(connection.socket.recv(min(wanted_bytes, 1 << 20)))


if __name__ == "__main__":
    authority = sys.argv[4] if len(sys.argv) > 4 else None
    context = None if authority is None else ssl.create_default_context(cafile=authority)
    run(int(sys.argv[2]), floods()[sys.argv[1]], float(sys.argv[3]), context)
