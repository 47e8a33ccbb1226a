"""What one connection of the load generator says: requests out, answers counted.

A `Talk` is fed what arrived and gives what to send next; it does no I/O, so all servers are
driven by the same loop (`generator.py`) and the parsers are tested without a socket. The dialects
are `flo.py`, `resp.py` (Redis), `jetstream.py` (NATS), `amqp.py` (RabbitMQ) and `etcd.py`.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from typing import Any, Protocol

KEY_BYTES = 12
VALUE_BYTES = 100
PLACEHOLDER_KEY = "?" * KEY_BYTES
NOTHING = memoryview(b"")


class BenchError(Exception):
    """The measurement is void: a server refused, vanished, or answered what it should not."""


def key_bytes(number: int) -> bytes:
    """The key with this number; all keys have the same size."""
    return b"key:%08d" % number


class Requests(Protocol):
    """Prebuilt requests, all of one size."""

    def take(self, count: int) -> memoryview:
        """The next `count` requests; valid until the next call."""
        ...


class Answers(Protocol):
    """Counts whole answers, in whatever pieces they arrive. Raises `BenchError` on an error answer.

    One request at a time is watched, to sample its latency.
    """

    is_watching: bool

    def feed(self, data: bytes) -> int:
        """How many answers `data` completes."""
        ...

    def watch(self, ordinal: int) -> None:
        """Watch for the answer to request `ordinal`, counted from 0; then `is_watching` ends."""
        ...


class Talk(Protocol):
    """One connection's part of the load."""

    done: int
    items: int
    outstanding: int
    latencies_s: list[float]

    def begin(self, now_s: float) -> memoryview:
        """The first requests: as many as may be in flight."""
        ...

    def answer(self, data: bytes, now_s: float, more: bool) -> memoryview:
        """Take what arrived; what to send next (nothing, once `more` is false)."""
        ...


class Dialect(Protocol):
    """How one kind of server is talked to."""

    def connect(self, port: int, connection: int) -> socket.socket:
        """A connection that is ready for requests, the greeting done; `connection` numbers it."""
        ...

    def prepare(self, port: int, work: str) -> None:
        """What must exist before `work` begins."""
        ...

    def talk(
        self, work: str, connection: int, in_flight: int, keys: Iterator[bytes], total: int | None
    ) -> Talk:
        """The talk of one connection; `total` ends it after so many requests."""
        ...


class Prebuilt:
    """Requests of one size, one prebuilt for each place in flight, each with a fresh key."""

    def __init__(self, requests: list[bytes], keys: Iterator[bytes]) -> None:
        self._size = len(requests[0])
        assert all(len(each) == self._size for each in requests), "patching needs equal sizes"
        self._buffer = bytearray(b"".join(requests))
        self._view = memoryview(self._buffer)
        self._key_at = requests[0].find(PLACEHOLDER_KEY.encode())
        self._keys = keys

    def take(self, count: int) -> memoryview:
        buffer, size, key_at = self._buffer, self._size, self._key_at
        if key_at >= 0:
            for key_start in range(key_at, count * size, size):
                buffer[key_start : key_start + KEY_BYTES] = next(self._keys)
        return self._view[: count * size]


class Pipeline:
    """Keeps `in_flight` requests of one kind under way: each answer makes room for the next."""

    def __init__(
        self, requests: Requests, answers: Answers, in_flight: int, total: int | None = None
    ) -> None:
        self._requests = requests
        self._answers = answers
        self._in_flight = in_flight
        self._unsent = total
        self._sent = 0
        self._watched_since_s = 0.0
        self.done = 0
        self.items = 0
        self.outstanding = 0
        self.latencies_s: list[float] = []

    def begin(self, now_s: float) -> memoryview:
        return self._send(self._in_flight, now_s)

    def answer(self, data: bytes, now_s: float, more: bool) -> memoryview:
        answers = self._answers
        was_watching = answers.is_watching
        count = answers.feed(data)
        if was_watching and not answers.is_watching:
            self.latencies_s.append(now_s - self._watched_since_s)
        self.done += count
        self.outstanding -= count
        return self._send(count, now_s) if more and count else NOTHING

    def _send(self, count: int, now_s: float) -> memoryview:
        if self._unsent is not None:
            count = min(count, self._unsent)
            self._unsent -= count
            if not count:
                return NOTHING
        if not self._answers.is_watching:
            self._answers.watch(self._sent)
            self._watched_since_s = now_s
        self._sent += count
        self.outstanding += count
        return self._requests.take(count)


class Script(Protocol):
    """A sequence of requests in which a later one needs an earlier one's answer."""

    def run(self) -> Generator[bytes, Any, int]:
        """One run: gives each request, is sent its answer, returns how many items went through."""
        ...

    def receive(self, data: bytes) -> list[Any]:
        """The answers that `data` completes. Raises `BenchError` on an error answer."""
        ...


class Cycle:
    """Runs a script again and again, one request at a time; a whole run counts as one."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._run = script.run()
        self._begun_s = 0.0
        self.done = 0
        self.items = 0
        self.outstanding = 0
        self.latencies_s: list[float] = []

    def begin(self, now_s: float) -> memoryview:
        self._begun_s = now_s
        self._run = self._script.run()
        self.outstanding = 1
        return memoryview(next(self._run))

    def answer(self, data: bytes, now_s: float, more: bool) -> memoryview:
        answers = self._script.receive(data)
        if not answers:
            return NOTHING
        [answer] = answers
        try:
            return memoryview(self._run.send(answer))
        except StopIteration as end:
            self._finish(end.value, now_s)
        return self.begin(now_s) if more else NOTHING

    def _finish(self, items: int, now_s: float) -> None:
        self.latencies_s.append(now_s - self._begun_s)
        self.done += 1
        self.items += items
        self.outstanding = 0
