"""The load generator: one process, one loop over epoll, many connections.

It costs as little as Python allows, so that the two cores go to the servers, and it is the same
loop for all of them: only the bytes differ. Each connection keeps a fixed number of requests in
flight. What was asked is counted against what was answered: at the end every request must have got
its answer, and an error answer voids the measurement.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench import process
from bench.amqp import Rabbit
from bench.etcd import Etcd
from bench.flo import Flo
from bench.jetstream import Nats
from bench.resp import Redis
from bench.talk import NOTHING, BenchError, Dialect, Talk, key_bytes

DIALECTS: dict[str, Dialect] = {
    "Flo": Flo(),
    "Redis": Redis(),
    "NATS": Nats(),
    "RabbitMQ": Rabbit(),
    "etcd": Etcd(),
}
RANDOM_KEYS_PER_CONNECTION = 10_000
SILENCE_S_MAX = 20.0
_RECEIVE_BYTES = 1 << 16


@dataclass(frozen=True)
class Plan:
    """One load. With `total`, that many requests over all keys in turn, however long it takes."""

    server: str
    port: int
    work: str
    connections: int = 64
    in_flight: int = 1
    warm_up_s: float = 1.0
    measured_s: float = 4.0
    keys: int = 100_000
    total: int | None = None
    server_pid: int | None = None


@dataclass(frozen=True)
class Result:
    """What a load came to. `items`: messages or records that went through whole cycles.

    `generator_cpu` and `server_cpu` are cores used: a generator near 1.0 was itself the limit.
    """

    operations: int
    seconds: float
    p50_ms: float
    p99_ms: float
    generator_cpu: float
    server_cpu: float
    items: int

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds

    @property
    def server_us(self) -> float:
        """Microseconds of the server's processor for one operation."""
        return self.server_cpu / self.rate * 1e6


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of `values` do not exceed (nearest rank)."""
    if not values:
        raise BenchError("no latency was sampled")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def generate(plan: Plan) -> Result:
    """Run `plan` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(run, plan).result()


def run(plan: Plan) -> Result:
    """Run `plan` in this process."""
    if plan.work in ("cycle", "pipelined") and (plan.in_flight != 1 or plan.total is not None):
        raise BenchError("a cycle has one request in flight and goes on until the time is up")
    dialect = DIALECTS[plan.server]
    dialect.prepare(plan.port, plan.work)
    talks = {
        dialect.connect(plan.port, number): dialect.talk(
            plan.work, number, plan.in_flight, _keys(plan, number), _share(plan, number)
        )
        for number in range(plan.connections)
    }
    try:
        return Loop(talks).run(plan)
    finally:
        for connection in talks:
            connection.close()


def _keys(plan: Plan, number: int) -> Iterator[bytes]:
    """The keys that a connection uses: random ones, or its share of all in turn."""
    if plan.total is not None:
        return map(key_bytes, range(number, plan.total, plan.connections))
    picks = random.Random(number).choices(range(plan.keys), k=RANDOM_KEYS_PER_CONNECTION)
    return itertools.cycle([key_bytes(pick) for pick in picks])


def _share(plan: Plan, number: int) -> int | None:
    return None if plan.total is None else len(range(number, plan.total, plan.connections))


@dataclass
class _Mark:
    """Where the load stood at a moment."""

    at_s: float
    done: int
    items: int
    cpu_s: float
    server_cpu_s: float


class Loop:
    """Moves bytes between sockets and talks until the plan's time is up and all is answered."""

    def __init__(self, talks: dict[socket.socket, Talk]) -> None:
        self._talks = talks
        self._by_fd = {
            connection.fileno(): (connection, talk) for connection, talk in talks.items()
        }
        self._unsent: dict[int, bytes] = {}
        self._epoll = select.epoll()
        self._server_pid: int | None = None

    def run(self, plan: Plan) -> Result:
        """Warm up, measure, then wait for what is still in flight."""
        self._server_pid = plan.server_pid
        try:
            self._begin()
            if plan.total is not None:
                return self._between(self._mark(), self._go_on(float("inf")))
            begin = self._go_on(time.perf_counter() + plan.warm_up_s)
            for talk in self._talks.values():
                talk.latencies_s.clear()
            end = self._go_on(time.perf_counter() + plan.measured_s)
            self._drain()
        finally:
            self._epoll.close()
        return self._between(begin, end)

    def _begin(self) -> None:
        for connection, talk in self._talks.items():
            connection.setblocking(False)
            self._epoll.register(connection.fileno(), select.EPOLLIN)
            self._send(connection, talk.begin(time.perf_counter()))

    def _go_on(self, until_s: float) -> _Mark:
        while time.perf_counter() < until_s and self._is_waiting():
            self._turn(more=True)
        return self._mark()

    def _drain(self) -> None:
        while self._is_waiting():
            self._turn(more=False)

    def _is_waiting(self) -> bool:
        return any(talk.outstanding for talk in self._talks.values())

    def _turn(self, *, more: bool) -> None:
        events = self._epoll.poll(SILENCE_S_MAX)
        if not events:
            raise BenchError(f"the server was silent for {SILENCE_S_MAX:.0f} s")
        now_s = time.perf_counter()
        by_fd = self._by_fd
        for fd, event in events:
            connection, talk = by_fd[fd]
            if event & select.EPOLLOUT:
                self._send(connection, NOTHING)
            if event & ~select.EPOLLOUT:
                data = connection.recv(_RECEIVE_BYTES)
                if not data:
                    raise BenchError("the server closed a connection")
                requests = talk.answer(data, now_s, more)
                if requests:
                    self._send(connection, requests)

    def _send(self, connection: socket.socket, data: memoryview) -> None:
        """Send `data`, after what is still unsent; what the socket does not take waits."""
        fd = connection.fileno()
        before = self._unsent.pop(fd, b"")
        if before:
            data = memoryview(before + data)
        try:
            sent = connection.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent[fd] = bytes(data[sent:])
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        elif before:
            self._epoll.modify(fd, select.EPOLLIN)

    def _mark(self) -> _Mark:
        talks = self._talks.values()
        return _Mark(
            time.perf_counter(),
            sum(talk.done for talk in talks),
            sum(talk.items for talk in talks),
            time.process_time(),
            0.0 if self._server_pid is None else process.cpu_s(self._server_pid),
        )

    def _between(self, begin: _Mark, end: _Mark) -> Result:
        latencies_s = [latency for talk in self._talks.values() for latency in talk.latencies_s]
        seconds = end.at_s - begin.at_s
        return Result(
            operations=end.done - begin.done,
            seconds=seconds,
            p50_ms=percentile(latencies_s, 50) * 1000,
            p99_ms=percentile(latencies_s, 99) * 1000,
            generator_cpu=(end.cpu_s - begin.cpu_s) / seconds,
            server_cpu=(end.server_cpu_s - begin.server_cpu_s) / seconds,
            items=end.items - begin.items,
        )
