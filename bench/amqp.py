"""RabbitMQ's dialect, AMQP 0-9-1: publishes into a quorum queue, confirms, and acks.

A connection has one channel. Confirms carry the number of the publish, or of the last of several.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Generator, Iterator
from typing import Any

from bench.talk import VALUE_BYTES, BenchError, Cycle, Pipeline, Prebuilt, Talk

QUEUE = b"tasks"
PREFETCHED_MAX = 10
"""How many deliveries a consumer gets before it acks: as many as a dequeue asks for."""
_PREAMBLE = b"AMQP\x00\x00\x09\x01"
_HEAD = struct.Struct(">BHI")
_HEAD_BYTES = _HEAD.size
_FRAME_END = 0xCE
_METHOD_FRAME, _HEADER_FRAME, _BODY_FRAME = 1, 2, 3
_METHOD = struct.Struct(">HH")
_TAG = struct.Struct(">QB")
_FRAME_BYTES_MAX = 131_072
_PERSISTENT = 2
_DELIVERY_MODE_FLAG = 0x1000

Method = tuple[int, int]
START, START_OK, TUNE, TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
OPEN, OPEN_OK = (10, 40), (10, 41)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
DECLARE, DECLARE_OK = (50, 10), (50, 11)
CONFIRM, CONFIRM_OK = (85, 10), (85, 11)
QOS, QOS_OK, CONSUME, CONSUME_OK = (60, 10), (60, 11), (60, 20), (60, 21)
PUBLISH, DELIVER, ACK = (60, 40), (60, 60), (60, 80)


def frame(kind: int, payload: bytes, channel: int = 1) -> bytes:
    """A frame as it is on the wire."""
    return _HEAD.pack(kind, channel, len(payload)) + payload + bytes([_FRAME_END])


def method(which: Method, arguments: bytes = b"", channel: int = 1) -> bytes:
    """A frame with a method."""
    return frame(_METHOD_FRAME, _METHOD.pack(*which) + arguments, channel)


def short_text(text: bytes) -> bytes:
    """A text of up to 255 bytes."""
    return bytes([len(text)]) + text


def long_text(text: bytes) -> bytes:
    """A longer text, and what a table is packed in."""
    return struct.pack(">I", len(text)) + text


def publish() -> bytes:
    """A persistent message to the queue, with a value of its own."""
    header = struct.pack(">HHQHB", 60, 0, VALUE_BYTES, _DELIVERY_MODE_FLAG, _PERSISTENT)
    return (
        method(PUBLISH, b"\x00\x00" + short_text(b"") + short_text(QUEUE) + b"\x00")
        + frame(_HEADER_FRAME, header)
        + frame(_BODY_FRAME, os.urandom(VALUE_BYTES))
    )


def ack(tag: int) -> bytes:
    """The ack of this delivery and all before it."""
    return method(ACK, _TAG.pack(tag, 1))


def consume() -> bytes:
    """What has messages delivered to this connection, which are to be acked."""
    qos = struct.pack(">IHB", 0, PREFETCHED_MAX, 0)
    names = b"\x00\x00" + short_text(QUEUE) + short_text(b"c")
    return method(QOS, qos) + method(CONSUME, names + b"\x00" + long_text(b""))


class Methods:
    """Walks frames, in whatever pieces they arrive, and gives the methods among them."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> Iterator[tuple[Method, bytes]]:
        """The methods that `data` completes, with their arguments."""
        if self._rest:
            data = self._rest + data
        position, end = 0, len(data)
        while end - position >= _HEAD_BYTES:
            kind, _, size = _HEAD.unpack_from(data, position)
            body = position + _HEAD_BYTES
            position = body + size + 1
            if position > end:
                position = body - _HEAD_BYTES
                break
            if kind == _METHOD_FRAME:
                which = _METHOD.unpack_from(data, body)
                yield which, data[body + _METHOD.size : position - 1]
        self._rest = data[position:]


class AmqpAnswers:
    """Counts confirms: of one publish, or of all up to one."""

    def __init__(self) -> None:
        self._methods = Methods()
        self._all_below = 1
        self._beyond: set[int] = set()
        self._watched = 0
        self.is_watching = False

    def watch(self, ordinal: int) -> None:
        self._watched = ordinal + 1
        self.is_watching = True

    def feed(self, data: bytes) -> int:
        count = 0
        for which, arguments in self._methods.receive(data):
            if which != ACK:
                raise BenchError(f"RabbitMQ answered {which} {arguments!r}")
            tag, is_for_all_before = _TAG.unpack(arguments)
            count += self._confirm(tag, bool(is_for_all_before))
        watched = self._watched
        if self.is_watching and (watched < self._all_below or watched in self._beyond):
            self.is_watching = False
        return count

    def _confirm(self, tag: int, is_for_all_before: bool) -> int:
        before = self._all_below + len(self._beyond)
        if is_for_all_before:
            self._all_below = max(self._all_below, tag + 1)
            self._beyond = {each for each in self._beyond if each > tag}
        else:
            self._beyond.add(tag)
        while self._all_below in self._beyond:
            self._beyond.remove(self._all_below)
            self._all_below += 1
        return self._all_below + len(self._beyond) - before


class AmqpConnection:
    """A plain blocking connection with one channel, whose publishes are confirmed."""

    def __init__(self, port: int, timeout_s: float = 30.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._methods = Methods()
        self._ask(_PREAMBLE, START)
        login = short_text(b"PLAIN") + long_text(b"\x00guest\x00guest") + short_text(b"en_US")
        self._ask(method(START_OK, long_text(b"") + login, channel=0), TUNE)
        tuned = method(TUNE_OK, struct.pack(">HIH", 1, _FRAME_BYTES_MAX, 0), channel=0)
        opened = method(OPEN, short_text(b"/") + short_text(b"") + b"\x00", channel=0)
        self._ask(tuned + opened, OPEN_OK)
        self._ask(method(CHANNEL_OPEN, short_text(b"")), CHANNEL_OPEN_OK)
        self._ask(method(CONFIRM, b"\x00"), CONFIRM_OK)

    def declare(self) -> None:
        """Create the queue, where it is missing: a quorum queue, durable."""
        kind = short_text(b"x-queue-type") + b"S" + long_text(b"quorum")
        names = b"\x00\x00" + short_text(QUEUE) + b"\x02" + long_text(kind)
        self._ask(method(DECLARE, names), DECLARE_OK)

    def _ask(self, request: bytes, answer: Method) -> None:
        self.socket.sendall(request)
        found: list[tuple[Method, bytes]] = []
        while not found:
            data = self.socket.recv(1 << 16)
            if not data:
                raise BenchError("RabbitMQ closed the connection")
            found = list(self._methods.receive(data))
        if [which for which, _ in found] != [answer]:
            raise BenchError(f"RabbitMQ answered {found} in place of {answer}")

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class AmqpCycle:
    """One message in; what was delivered until its confirm is acked, with the next publish.

    RabbitMQ pushes messages to its consumers, up to ten here, and does not answer acks: so one
    request of a cycle waits for an answer where the others' wait two or three times.
    """

    def __init__(self) -> None:
        self._methods = Methods()
        self._publish = publish()
        self._delivered: list[int] = []
        self._begin = consume()

    def run(self) -> Generator[bytes, Any, int]:
        delivered, self._delivered = self._delivered, []
        acks = ack(delivered[-1]) if delivered else b""
        begin, self._begin = self._begin, b""
        yield begin + acks + self._publish
        return len(delivered)

    def receive(self, data: bytes) -> list[Any]:
        """The confirm, once it is there; deliveries are put aside."""
        confirms = []
        for which, arguments in self._methods.receive(data):
            if which == ACK:
                confirms.append(arguments)
            elif which == DELIVER:
                tag_at = 1 + arguments[0]
                self._delivered.append(_TAG.unpack_from(arguments, tag_at)[0])
            elif which not in (QOS_OK, CONSUME_OK):
                raise BenchError(f"RabbitMQ answered {which} {arguments!r}")
        return confirms


class Rabbit:
    """The dialect."""

    def connect(self, port: int, connection: int) -> socket.socket:
        return AmqpConnection(port).socket

    def prepare(self, port: int, work: str) -> None:
        """Create the queue."""
        connection = AmqpConnection(port)
        try:
            connection.declare()
        finally:
            connection.close()

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        if work in ("cycle", "pipelined"):
            return Cycle(AmqpCycle())
        if work != "enqueue":
            raise BenchError(f"no such work: {work!r}")
        requests = Prebuilt([publish() for _ in range(in_flight)], keys)
        return Pipeline(requests, AmqpAnswers(), in_flight, total)
