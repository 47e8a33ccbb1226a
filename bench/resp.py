"""Redis' dialect, RESP 2: prebuilt commands with keys patched in, and answers counted."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator, Iterator
from typing import Any

from bench.talk import (
    PLACEHOLDER_KEY,
    VALUE_BYTES,
    BenchError,
    Cycle,
    Pipeline,
    Prebuilt,
    Talk,
)

STREAM = b"events"
LIST = b"tasks"
GROUP = b"workers"
_STATUS, _ERROR, _INTEGER, _BULK, _ARRAY = b"+-:$*"
_UNFINISHED = -1


def command(*parts: bytes) -> bytes:
    """A command as Redis clients send it."""
    head = b"*%d\r\n" % len(parts)
    return head + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def command_of(work: str) -> bytes:
    """A command of this work, with a value of its own."""
    value, key = os.urandom(VALUE_BYTES), PLACEHOLDER_KEY.encode()
    match work:
        case "put":
            return command(b"SET", key, value)
        case "get":
            return command(b"GET", key)
        case "append":
            return command(b"XADD", STREAM, b"*", b"v", value)
        case "enqueue":
            return command(b"LPUSH", LIST, value)
    raise BenchError(f"no such work: {work!r}")


class RespAnswers:
    """Counts simple answers (a status, a number, a value); they come in the order of requests."""

    def __init__(self, answer_bytes_min: int = 0) -> None:
        self._answer_bytes_min = answer_bytes_min
        self._rest = b""
        self._count = 0
        self._watched = 0
        self.is_watching = False

    def watch(self, ordinal: int) -> None:
        self._watched = ordinal
        self.is_watching = True

    def feed(self, data: bytes) -> int:
        if self._rest:
            data = self._rest + data
        position, end, count = 0, len(data), 0
        while position < end:
            after = _end_of_simple(data, position)
            if after == _UNFINISHED or after > end:
                break
            if after - position < self._answer_bytes_min:
                raise BenchError(f"Redis answered {data[position:after]!r}, which is no value")
            count += 1
            position = after
        self._rest = data[position:]
        self._count += count
        if self._count > self._watched:
            self.is_watching = False
        return count


def _end_of_simple(data: bytes, position: int) -> int:
    line_end = data.find(b"\r\n", position)
    if line_end < 0:
        return _UNFINISHED
    kind = data[position]
    if kind == _BULK:
        size = int(data[position + 1 : line_end])
        return line_end + 2 if size < 0 else line_end + size + 4
    if kind not in (_STATUS, _INTEGER):
        raise BenchError(f"Redis answered {data[position:line_end]!r}")
    return line_end + 2


def parse(data: bytes, position: int) -> tuple[Any, int]:
    """The answer at `position` and where it ends; the end is -1 where more must arrive."""
    line_end = data.find(b"\r\n", position)
    if line_end < 0:
        return None, _UNFINISHED
    kind, line = data[position], data[position + 1 : line_end]
    after = line_end + 2
    if kind == _STATUS:
        return line, after
    if kind == _INTEGER:
        return int(line), after
    if kind == _BULK:
        return _parse_bulk(data, after, int(line))
    if kind == _ARRAY:
        return _parse_array(data, after, int(line))
    raise BenchError(f"Redis answered {data[position:line_end]!r}")


def _parse_bulk(data: bytes, start: int, size: int) -> tuple[Any, int]:
    if size < 0:
        return None, start
    if start + size + 2 > len(data):
        return None, _UNFINISHED
    return data[start : start + size], start + size + 2


def _parse_array(data: bytes, start: int, count: int) -> tuple[Any, int]:
    if count < 0:
        return None, start
    items = []
    for _ in range(count):
        item, start = parse(data, start)
        if start == _UNFINISHED:
            return None, _UNFINISHED
        items.append(item)
    return items, start


class RespReader:
    """Decodes whole answers, in whatever pieces they arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> list[Any]:
        """The answers that `data` completes."""
        data = self._rest + data
        answers, position = [], 0
        while position < len(data):
            answer, after = parse(data, position)
            if after == _UNFINISHED:
                break
            answers.append(answer)
            position = after
        self._rest = data[position:]
        return answers


class RedisConnection:
    """A plain blocking connection: one command, its answer."""

    def __init__(self, port: int, timeout_s: float = 30.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = RespReader()

    def ask(self, *parts: bytes) -> Any:
        """The answer of a command. Raises `BenchError` where it is refused."""
        self.socket.sendall(command(*parts))
        answers: list[Any] = []
        while not answers:
            data = self.socket.recv(1 << 16)
            if not data:
                raise BenchError(f"Redis closed the connection on {parts[0].decode()}")
            answers = self._reader.receive(data)
        return answers[0]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class RedisCycle:
    """One record in, up to ten read by the group, and what was read acked."""

    def __init__(self, consumer: bytes) -> None:
        self._reader = RespReader()
        self._add = command_of("append")
        self._read = command(
            *(b"XREADGROUP", b"GROUP", GROUP, consumer, b"COUNT", b"10"),
            *(b"STREAMS", STREAM, b">"),
        )

    def run(self) -> Generator[bytes, Any, int]:
        yield self._add
        streams = yield self._read
        if not streams:
            return 0
        ids = [record[0] for record in streams[0][1]]
        acked = yield command(b"XACK", STREAM, GROUP, *ids)
        if acked != len(ids):
            raise BenchError(f"Redis took {acked} of {len(ids)} acks")
        return len(ids)

    def receive(self, data: bytes) -> list[Any]:
        return self._reader.receive(data)


class RedisPipelined(RedisCycle):
    """The same without waiting in between: the ack is of what the run before this one read."""

    def __init__(self, consumer: bytes) -> None:
        super().__init__(consumer)
        self._ids: list[bytes] = []
        self._awaited = 0
        self._answers: list[Any] = []

    def run(self) -> Generator[bytes, Any, int]:
        ids = self._ids
        ack = command(b"XACK", STREAM, GROUP, *ids) if ids else b""
        self._awaited = 2 + bool(ids)
        *acked, _, streams = yield ack + self._add + self._read
        self._ids = [record[0] for record in streams[0][1]] if streams else []
        if ids and acked != [len(ids)]:
            raise BenchError(f"Redis took {acked} of {len(ids)} acks")
        return len(ids)

    def receive(self, data: bytes) -> list[Any]:
        """All answers, once all are there."""
        self._answers += super().receive(data)
        if len(self._answers) < self._awaited:
            return []
        answers, self._answers = self._answers, []
        return [answers]


class Redis:
    """The dialect."""

    def connect(self, port: int, connection: int) -> socket.socket:
        return RedisConnection(port).socket

    def prepare(self, port: int, work: str) -> None:
        """Create the group that the cycle reads with, where it is missing."""
        if work not in ("cycle", "pipelined"):
            return
        connection = RedisConnection(port)
        try:
            connection.ask(b"XGROUP", b"CREATE", STREAM, GROUP, b"$", b"MKSTREAM")
        except BenchError as error:
            if "BUSYGROUP" not in str(error):
                raise
        finally:
            connection.close()

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        if work == "cycle":
            return Cycle(RedisCycle(b"consumer-%d" % connection))
        if work == "pipelined":
            return Cycle(RedisPipelined(b"consumer-%d" % connection))
        requests = Prebuilt([command_of(work) for _ in range(in_flight)], keys)
        answers = RespAnswers(VALUE_BYTES if work == "get" else 0)
        return Pipeline(requests, answers, in_flight, total)
