"""etcd's dialect: `Put` and `Range` of gRPC, as frames of HTTP/2 that are built once.

A request is a stream of its own: a frame of headers, which name every field in full so that they
need no state, and one of data. A good answer is headers, one frame of data, and headers that end
the stream; a refusal ends it without data, so its headers need not be understood.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from bench.talk import PLACEHOLDER_KEY, VALUE_BYTES, BenchError, Pipeline, Prebuilt, Talk

HEAD_BYTES = 9
DATA, HEADERS, RESET, SETTINGS, GO_AWAY, WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_WINDOW_BYTES_MAX = 2**31 - 1
_FIRST_WINDOW_BYTES = 65_535
_STREAM = struct.Struct(">I")
_STREAM_AT = 5
_HEAD = struct.Struct(">HBBBI")
_POST, _SCHEME_HTTP, _AUTHORITY, _PATH, _CONTENT_TYPE = (
    b"\x83",
    b"\x86",
    b"\x01",
    b"\x04",
    b"\x0f\x10",
)
_METHODS = {"put": "Put", "get": "Range"}


def frame(kind: int, flags: int, body: bytes, stream: int = 0) -> bytes:
    """A frame as it is on the wire."""
    return _HEAD.pack(len(body) >> 8, len(body) & 0xFF, kind, flags, stream) + body


def request(method: str, message: bytes) -> bytes:
    """A call of the service for keys; its stream's number is still zero."""
    headers = [_POST, _SCHEME_HTTP, _PATH + _text(b"/etcdserverpb.KV/" + method.encode())]
    headers += [_AUTHORITY + _text(b"localhost"), _CONTENT_TYPE + _text(b"application/grpc")]
    headers += [b"\x00" + _text(b"te") + _text(b"trailers")]
    body = struct.pack(">BI", 0, len(message)) + message
    return frame(HEADERS, END_HEADERS, b"".join(headers)) + frame(DATA, END_STREAM, body)


def _text(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def request_of(work: str) -> bytes:
    """A request of this work, with a value of its own."""
    method = _METHODS.get(work)
    if method is None:
        raise BenchError(f"no such work: {work!r}")
    key = b"\x0a" + _text(PLACEHOLDER_KEY.encode())
    value = b"\x12" + _text(os.urandom(VALUE_BYTES)) if work == "put" else b""
    return request(method, key + value)


class EtcdRequests(Prebuilt):
    """Calls with fresh keys, each on the next stream."""

    def __init__(self, requests: list[bytes], keys: Iterator[bytes]) -> None:
        super().__init__(requests, keys)
        self._data_at = HEAD_BYTES + int.from_bytes(requests[0][:3], "big")
        self._stream = 1

    def take(self, count: int) -> memoryview:
        buffer, stream, pack_into = self._buffer, self._stream, _STREAM.pack_into
        for start in range(_STREAM_AT, count * self._size, self._size):
            pack_into(buffer, start, stream)
            pack_into(buffer, start + self._data_at, stream)
            stream += 2
        self._stream = stream
        return super().take(count)


class EtcdAnswers:
    """Counts streams that ended, each of which must have had data before."""

    def __init__(self, data_bytes_min: int = 0) -> None:
        self._data_bytes_min = data_bytes_min
        self._rest = b""
        self._with_data: set[int] = set()
        self._watched = 0
        self.is_watching = False

    def watch(self, ordinal: int) -> None:
        self._watched = 1 + 2 * ordinal
        self.is_watching = True

    def feed(self, data: bytes) -> int:
        if self._rest:
            data = self._rest + data
        position, end, count = 0, len(data), 0
        while end - position >= HEAD_BYTES:
            high, low, kind, flags, stream = _HEAD.unpack_from(data, position)
            size = (high << 8) + low
            after = position + HEAD_BYTES + size
            if after > end:
                break
            if kind == DATA and size >= self._data_bytes_min:
                self._with_data.add(stream)
            elif kind == HEADERS and flags & END_STREAM:
                self._end(stream, data[position:after])
                count += 1
            elif kind in (DATA, RESET, GO_AWAY):
                raise BenchError(f"etcd answered {data[position:after]!r}, which is no value")
            position = after
        self._rest = data[position:]
        return count

    def _end(self, stream: int, answer: bytes) -> None:
        if stream not in self._with_data:
            raise BenchError(f"etcd refused: {answer!r}")
        self._with_data.remove(stream)
        if stream == self._watched:
            self.is_watching = False


class EtcdConnection:
    """A connection whose settings are told and whose window for answers is as wide as can be."""

    def __init__(self, port: int, timeout_s: float = 30.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        window = struct.pack(">I", _WINDOW_BYTES_MAX - _FIRST_WINDOW_BYTES)
        self.socket.sendall(
            _PREFACE
            + frame(SETTINGS, 0, b"")
            + frame(SETTINGS, ACK, b"")
            + frame(WINDOW_UPDATE, 0, window)
        )

    def look(self) -> None:
        """Ask for a key, on the first stream, and wait for the answer."""
        requests = EtcdRequests([request_of("get")], iter([PLACEHOLDER_KEY.encode()]))
        answers = EtcdAnswers()
        self.socket.sendall(requests.take(1))
        while not answers.feed(data := self.socket.recv(1 << 16)):
            if not data:
                raise BenchError("etcd closed the connection")

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class Etcd:
    """The dialect."""

    def connect(self, port: int, connection: int) -> socket.socket:
        return EtcdConnection(port).socket

    def prepare(self, port: int, work: str) -> None:
        """Keys come into being with their first write."""

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        requests = EtcdRequests([request_of(work) for _ in range(in_flight)], keys)
        answers = EtcdAnswers(VALUE_BYTES if work == "get" else 0)
        return Pipeline(requests, answers, in_flight, total)
