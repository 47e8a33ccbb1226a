"""Flo's dialect: prebuilt frames with ids and write numbers patched in, answers counted by length.

A frame's id and number are written as msgpack's fixed-width 32-bit integers, so that patching
never changes a size. Ids begin at 65,536, where the server's own encoding has that width too.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Generator, Iterator
from typing import Any

import msgspec

from bench.talk import (
    KEY_BYTES,
    PLACEHOLDER_KEY,
    VALUE_BYTES,
    BenchError,
    Cycle,
    Pipeline,
    Talk,
)
from floruntime.core import framing, limits, wire
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.queue import QueueAck, QueueDequeue, QueueEnqueue
from floruntime.core.stream import StreamAppend
from floruntime.core.system import Hello, SessionOpen
from floruntime.core.types import Command, Request

NAMESPACE = "bench"
QUEUE = "tasks"
STREAM = "events"
FIRST_ID = 65_536
_UINT32 = 0xCE
_ARRAY_OF_2 = 0x92
_NAMESPACE = msgspec.msgpack.encode(NAMESPACE)
_ENVELOPE = struct.Struct(f">BI{len(_NAMESPACE)}sBI")
_ENVELOPE_AT = framing.LENGTH.size + 1
_ANSWER_HEAD = struct.Struct("<IB")
_FRAME_BYTES_MAX = limits.VALUE_BYTES_CEILING + limits.FRAME_BYTES_OVERHEAD


def patchable_frame(request: Request[Any], id: int = FIRST_ID, number: int = 0) -> bytes:
    """A request as a frame whose id and number have fixed places and widths."""
    envelope = _ENVELOPE.pack(_UINT32, id, _NAMESPACE, _UINT32, number)
    return framing.frame(b"\x94" + envelope + wire.encode(request))


def request_of(work: str) -> Request[Any]:
    """A request of this work, with a value of its own."""
    value = os.urandom(VALUE_BYTES)
    match work:
        case "put":
            return KvPut(PLACEHOLDER_KEY, value)
        case "get":
            return KvGet(PLACEHOLDER_KEY)
        case "append":
            return StreamAppend(STREAM, [value])
        case "enqueue":
            return QueueEnqueue(QUEUE, [value])
    raise BenchError(f"no such work: {work!r}")


class FloRequests:
    """Frames of one size, one prebuilt for each place in flight; ids and numbers count up."""

    def __init__(self, requests: list[Request[Any]], keys: Iterator[bytes]) -> None:
        frames = [patchable_frame(request) for request in requests]
        self._size = len(frames[0])
        assert all(len(frame) == self._size for frame in frames), "patching needs equal sizes"
        self._buffer = bytearray(b"".join(frames))
        self._view = memoryview(self._buffer)
        self._key_at = frames[0].find(PLACEHOLDER_KEY.encode())
        self._keys = keys
        self._is_numbered = isinstance(requests[0], Command)
        self._sent = 0

    def take(self, count: int) -> memoryview:
        buffer, size, key_at = self._buffer, self._size, self._key_at
        for start in range(0, count * size, size):
            number = self._sent + 1 if self._is_numbered else 0
            _ENVELOPE.pack_into(
                buffer,
                start + _ENVELOPE_AT,
                _UINT32,
                FIRST_ID + self._sent,
                _NAMESPACE,
                _UINT32,
                number,
            )
            if key_at >= 0:
                key_start = start + key_at
                buffer[key_start : key_start + KEY_BYTES] = next(self._keys)
            self._sent += 1
        return self._view[: count * size]


class FloAnswers:
    """Counts answer frames by walking their length prefixes."""

    def __init__(self, answer_bytes_min: int = 0) -> None:
        self._answer_bytes_min = answer_bytes_min
        self._rest = b""
        self._watched = b""
        self.is_watching = False

    def watch(self, ordinal: int) -> None:
        self._watched = struct.pack(">BBI", _ARRAY_OF_2, _UINT32, FIRST_ID + ordinal)
        self.is_watching = True

    def feed(self, data: bytes) -> int:
        if self._rest:
            data = self._rest + data
        position, end, count = 0, len(data), 0
        unpack, head_bytes = _ANSWER_HEAD.unpack_from, _ANSWER_HEAD.size
        while end - position >= head_bytes:
            size, kind = unpack(data, position)
            after = position + 4 + size
            if after > end:
                break
            if kind != _ARRAY_OF_2 or size < self._answer_bytes_min:
                raise BenchError(_complaint(data[position + 4 : after]))
            count += 1
            position = after
        if self.is_watching and data.find(self._watched, 0, position) >= 0:
            self.is_watching = False
        self._rest = data[position:]
        return count


def _complaint(body: bytes) -> str:
    answer = wire.decode_answer(body)
    if answer.error is not None:
        return f"Flo refused: {answer.error.code}: {answer.error.message}"
    return f"Flo answered {bytes(answer.result)!r}, which is no value"


class FloConnection:
    """A plain blocking connection: one request, its answer. `tls`: what it is encrypted with."""

    def __init__(
        self, port: int, timeout_s: float = 30.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._reader: framing.FrameReader = framing.FrameReader(_FRAME_BYTES_MAX)
        self._number = 0
        self.socket.sendall(framing.PREAMBLE)
        self.ask(Hello("bench", f"bench-{os.urandom(8).hex()}"))
        self.ask(SessionOpen())

    def write(self, command: Command[Any]) -> Any:
        """The answer of a command, sent as the session's next numbered write."""
        self._number += 1
        return self.ask(command, self._number)

    def ask(self, request: Request[Any], number: int = 0) -> Any:
        """The answer of `request`. Raises `BenchError` where it is refused."""
        self.socket.sendall(framing.frame(wire.encode_request(0, NAMESPACE, number, request)))
        bodies: list[bytes] = []
        while not bodies:
            data = self.socket.recv(1 << 16)
            if not data:
                raise BenchError(f"Flo closed the connection on {type(request).__name__}")
            bodies = self._reader.receive_data(data)
        return _result(request, bodies[0])

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def _result(request: Request[Any], body: bytes) -> Any:
    answer = wire.decode_answer(body)
    if answer.error is not None:
        raise BenchError(_complaint(body))
    return wire.decode_reply(request, answer.result)


class FloCycle:
    """One message in, up to ten taken, and what was taken acked."""

    def __init__(self) -> None:
        self._reader: framing.FrameReader = framing.FrameReader(_FRAME_BYTES_MAX)
        self._enqueue = request_of("enqueue")
        self._dequeue = QueueDequeue(QUEUE, count=10)
        self._number = 0

    def _frame(self, request: Request[Any]) -> bytes:
        self._number += 1
        return framing.frame(
            wire.encode_request(FIRST_ID + self._number, NAMESPACE, self._number, request)
        )

    def run(self) -> Generator[bytes, bytes, int]:
        _result(self._enqueue, (yield self._frame(self._enqueue)))
        messages = _result(self._dequeue, (yield self._frame(self._dequeue))).messages
        if not messages:
            return 0
        seqs = [message.seq for message in messages]
        ack = QueueAck(QUEUE, seqs, [message.lease for message in messages])
        result = _result(ack, (yield self._frame(ack)))
        if result.stale or len(result.done) != len(seqs):
            raise BenchError(f"Flo took {len(result.done)} of {len(seqs)} acks")
        return len(seqs)

    def receive(self, data: bytes) -> list[bytes]:
        return self._reader.receive_data(data)


class FloPipelined(FloCycle):
    """The same without waiting in between: the ack is of what the run before this one took."""

    def __init__(self) -> None:
        super().__init__()
        self._ack: QueueAck | None = None
        self._awaited = 0
        self._bodies: list[bytes] = []

    def run(self) -> Generator[bytes, Any, int]:
        ack = self._ack
        requests = [*([] if ack is None else [ack]), self._enqueue, self._dequeue]
        self._awaited = len(requests)
        bodies = yield b"".join(self._frame(request) for request in requests)
        results = [_result(*each) for each in zip(requests, bodies, strict=True)]
        messages = results[-1].messages
        leases = [message.lease for message in messages]
        seqs = [message.seq for message in messages]
        self._ack = QueueAck(QUEUE, seqs, leases) if messages else None
        if ack is None:
            return 0
        if results[0].stale or results[0].done != ack.seqs:
            raise BenchError(f"Flo took {len(results[0].done)} of {len(ack.seqs)} acks")
        return len(ack.seqs)

    def receive(self, data: bytes) -> list[Any]:
        """The bodies of all answers, in the order of the requests, once all are there."""
        self._bodies += super().receive(data)
        if len(self._bodies) < self._awaited:
            return []
        bodies, self._bodies = self._bodies, []
        return [sorted(bodies, key=lambda body: wire.decode_answer(body).id)]


class Flo:
    """The dialect."""

    def connect(self, port: int, connection: int) -> socket.socket:
        return FloConnection(port).socket

    def prepare(self, port: int, work: str) -> None:
        """Queues and streams come into being with their first write."""

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        if work == "cycle":
            return Cycle(FloCycle())
        if work == "pipelined":
            return Cycle(FloPipelined())
        requests = FloRequests([request_of(work) for _ in range(in_flight)], keys)
        answers = FloAnswers(VALUE_BYTES if work == "get" else 0)
        return Pipeline(requests, answers, in_flight, total)
