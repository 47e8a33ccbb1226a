"""NATS' dialect: keys, streams and work queues of JetStream, in the text protocol of its clients.

Every request is a publish whose reply subject carries its number, so an answer is told from others
by it. A key is a subject of the bucket's stream, as in NATS KV; it is read by the direct get API.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from bench.talk import (
    PLACEHOLDER_KEY,
    VALUE_BYTES,
    BenchError,
    Cycle,
    Pipeline,
    Prebuilt,
    Talk,
)

BUCKET = "KV_bench"
STREAM = "events"
QUEUE = "tasks"
CONSUMER = "workers"
VERSIONS_KEPT = 64
"""As many as Flo keeps of a key, and the most that NATS KV can."""
PULLED_MAX = 10
_ORDINAL_BYTES = 10
_ORDINAL = b"%%0%dd" % _ORDINAL_BYTES
_LINE_END = b"\r\n"
_STORED = b'{"stream"'
_FOUND = b"NATS/1.0\r\n"
_MESSAGE, _WITH_HEADERS, _ERROR = b"MH-"


def publish(subject: str, reply: str, body: bytes = b"") -> bytes:
    """A message to a subject, to be answered to another."""
    return f"PUB {subject} {reply} {len(body)}\r\n".encode() + body + _LINE_END


def inbox(connection: int, name: str) -> str:
    """A subject that this connection hears."""
    return f"_INBOX.{connection}.{name}"


def request_of(work: str, connection: int) -> bytes:
    """A request of this work, with a value of its own; its number is still zero."""
    value, reply = os.urandom(VALUE_BYTES), inbox(connection, "0" * _ORDINAL_BYTES)
    match work:
        case "put":
            return publish(f"$KV.bench.{PLACEHOLDER_KEY}", reply, value)
        case "get":
            subject = f"$JS.API.DIRECT.GET.{BUCKET}.$KV.bench.{PLACEHOLDER_KEY}"
            return publish(subject, reply)
        case "append":
            return publish(STREAM, reply, value)
        case "enqueue":
            return publish(QUEUE, reply, value)
    raise BenchError(f"no such work: {work!r}")


class NatsRequests(Prebuilt):
    """Publishes with fresh keys and numbers."""

    def __init__(self, requests: list[bytes], keys: Iterator[bytes]) -> None:
        super().__init__(requests, keys)
        self._ordinal_at = requests[0].index(b"." + b"0" * _ORDINAL_BYTES) + 1
        self._sent = 0

    def take(self, count: int) -> memoryview:
        buffer, size, ordinal = self._buffer, self._size, self._sent
        for start in range(self._ordinal_at, count * size, size):
            buffer[start : start + _ORDINAL_BYTES] = _ORDINAL % ordinal
            ordinal += 1
        self._sent = ordinal
        return super().take(count)


class NatsAnswers:
    """Counts answers; each must begin as one that was stored or found does."""

    def __init__(self, *, are_values: bool) -> None:
        self._begin = _FOUND if are_values else _STORED
        self._answer_bytes_min = VALUE_BYTES if are_values else 0
        self._rest = b""
        self._watched = b""
        self.is_watching = False

    def watch(self, ordinal: int) -> None:
        self._watched = b".%s 1 " % (_ORDINAL % ordinal)
        self.is_watching = True

    def feed(self, data: bytes) -> int:
        if self._rest:
            data = self._rest + data
        position, count = 0, 0
        while (line_end := data.find(_LINE_END, position)) >= 0:
            after = end_of(data, position, line_end)
            if after > len(data):
                break
            if data[position] in (_MESSAGE, _WITH_HEADERS):
                begin = line_end + 2
                if (
                    not data.startswith(self._begin, begin)
                    or after - begin < self._answer_bytes_min
                ):
                    raise BenchError(f"NATS answered {data[begin : after - 2]!r}")
                count += 1
            position = after
        if self.is_watching and data.find(self._watched, 0, position) >= 0:
            self.is_watching = False
        self._rest = data[position:]
        return count


def end_of(data: bytes, position: int, line_end: int) -> int:
    """Where what begins at `position`, with a line, ends."""
    kind = data[position]
    if kind == _ERROR:
        raise BenchError(f"NATS answered {data[position:line_end]!r}")
    if kind not in (_MESSAGE, _WITH_HEADERS):
        return line_end + 2
    return line_end + 4 + int(data[data.rindex(b" ", position, line_end) : line_end])


class NatsMessage(NamedTuple):
    """`status`: the first line of its headers, where it has any."""

    reply: str
    status: bytes
    body: bytes


def parse(data: bytes, position: int, line_end: int, after: int) -> NatsMessage:
    """The whole message between `position` and `after`."""
    words = data[position:line_end].split()
    body = data[line_end + 2 : after - 2]
    if words[0] == b"MSG":
        return NatsMessage(words[3].decode() if len(words) == 5 else "", b"", body)
    head, body = body[: int(words[-2])], body[int(words[-2]) :]
    return NatsMessage(
        words[3].decode() if len(words) == 6 else "", head.partition(_LINE_END)[0], body
    )


class NatsReader:
    """Decodes whole messages, in whatever pieces they arrive; passes over pings and the like."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> list[NatsMessage]:
        """The messages that `data` completes."""
        data = self._rest + data
        messages, position = [], 0
        while (line_end := data.find(_LINE_END, position)) >= 0:
            after = end_of(data, position, line_end)
            if after > len(data):
                break
            if data[position] in (_MESSAGE, _WITH_HEADERS):
                messages.append(parse(data, position, line_end, after))
            position = after
        self._rest = data[position:]
        return messages


class NatsConnection:
    """A plain blocking connection: one request, its answer."""

    def __init__(self, port: int, connection: int = 0, timeout_s: float = 30.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reply = inbox(connection, "api")
        self._reader = NatsReader()
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        self.socket.sendall(f"CONNECT {json.dumps(options)}\r\n".encode())
        self.socket.sendall(f"SUB {inbox(connection, '*')} 1\r\nPING\r\n".encode())
        greeting = b""
        while not greeting.endswith(b"PONG\r\n"):
            greeting += self._receive()

    def ask(self, subject: str, body: Any) -> Any:
        """The answer of JetStream's API. Raises `BenchError` where it is refused."""
        self.socket.sendall(publish(f"$JS.API.{subject}", self._reply, json.dumps(body).encode()))
        messages: list[NatsMessage] = []
        while not messages:
            messages = self._reader.receive(self._receive())
        answer = json.loads(messages[0].body or b"{}")
        if messages[0].status or "error" in answer:
            raise BenchError(f"NATS refused {subject}: {messages[0]}")
        return answer

    def _receive(self) -> bytes:
        data = self.socket.recv(1 << 16)
        if not data:
            raise BenchError("NATS closed the connection")
        return data

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class NatsCycle:
    """One message in, up to ten pulled without waiting, and each of them acked with an answer."""

    def __init__(self, connection: int) -> None:
        self._reader = NatsReader()
        self._reply = inbox(connection, "cycle")
        self._enqueue = publish(QUEUE, self._reply, os.urandom(VALUE_BYTES))
        pull = json.dumps({"batch": PULLED_MAX, "no_wait": True}).encode()
        self._pull = publish(f"$JS.API.CONSUMER.MSG.NEXT.{QUEUE}.{CONSUMER}", self._reply, pull)
        self._awaited = 0
        self._messages: list[NatsMessage] = []

    def run(self) -> Generator[bytes, Any, int]:
        self._awaited = 1
        [stored] = yield self._enqueue
        if not stored.body.startswith(_STORED):
            raise BenchError(f"NATS answered {stored}")
        self._awaited = PULLED_MAX
        pulled = yield self._pull
        if not pulled:
            return 0
        self._awaited = len(pulled)
        acked = yield b"".join(publish(message.reply, self._reply, b"+ACK") for message in pulled)
        if len(acked) != len(pulled) or any(message.body for message in acked):
            raise BenchError(f"NATS took {len(acked)} of {len(pulled)} acks: {acked}")
        return len(pulled)

    def receive(self, data: bytes) -> list[Any]:
        """One list of messages: as many as were asked for, or fewer where a status ends them."""
        messages = self._messages
        messages += self._reader.receive(data)
        is_ended = bool(messages) and bool(messages[-1].status)
        if not is_ended and len(messages) < self._awaited:
            return []
        self._messages = []
        if is_ended and not messages.pop().status.startswith((b"NATS/1.0 404", b"NATS/1.0 408")):
            raise BenchError(f"NATS answered with a status: {messages}")
        return [messages]


class Nats:
    """The dialect."""

    def connect(self, port: int, connection: int) -> socket.socket:
        return NatsConnection(port, connection).socket

    def prepare(self, port: int, work: str) -> None:
        """Create the stream that the work is done on, and the consumer of the cycle."""
        connection = NatsConnection(port)
        try:
            stream = stream_of(work)
            connection.ask(f"STREAM.CREATE.{stream['name']}", stream)
            if work == "cycle":
                config = {"durable_name": CONSUMER, "ack_policy": "explicit"}
                subject = f"CONSUMER.DURABLE.CREATE.{QUEUE}.{CONSUMER}"
                connection.ask(subject, {"stream_name": QUEUE, "config": config})
        finally:
            connection.close()

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        if work == "cycle":
            return Cycle(NatsCycle(connection))
        requests = NatsRequests([request_of(work, connection) for _ in range(in_flight)], keys)
        return Pipeline(requests, NatsAnswers(are_values=work == "get"), in_flight, total)


def stream_of(work: str) -> dict[str, Any]:
    """The configuration of the stream that a work is done on: of a bucket, a stream or a queue."""
    common = {"storage": "file", "num_replicas": 1, "retention": "limits"}
    if work in ("put", "get"):
        return {
            **common,
            "name": BUCKET,
            "subjects": ["$KV.bench.>"],
            "max_msgs_per_subject": VERSIONS_KEPT,
            "discard": "new",
            "allow_rollup_hdrs": True,
            "deny_delete": True,
            "allow_direct": True,
        }
    if work == "append":
        return {**common, "name": STREAM, "subjects": [STREAM]}
    return {**common, "name": QUEUE, "subjects": [QUEUE], "retention": "workqueue"}
