"""Flo beside Redis: the same load on both, in turns, in one run."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.generator import Plan, Result, generate
from bench.report import Row
from bench.servers import Server, running
from bench.settings import CONNECTIONS, Settings

ORDER = ("Redis", "Flo")


@dataclass(frozen=True)
class Target:
    """What is compared, and the ratio to Redis that it must reach."""

    work: str
    title: str
    in_flight: int
    least: float


TARGETS = [
    Target("put", "durable put / SET", 1, 1.0),
    Target("put", "durable put / SET", 16, 0.5),
    Target("get", "get / GET", 1, 0.8),
    Target("get", "get / GET", 16, 0.3),
    Target("append", "append / XADD", 1, 1.0),
    Target("append", "append / XADD", 16, 0.4),
    Target("enqueue", "enqueue / LPUSH", 1, 1.0),
    Target("enqueue", "enqueue / LPUSH", 16, 0.4),
    Target("cycle", "enqueue, dequeue(10), ack / XADD, XREADGROUP, XACK", 1, 1.0),
]
WORKS = tuple(dict.fromkeys(target.work for target in TARGETS))
_KEYED = ("put", "get")


@dataclass(frozen=True)
class Comparison:
    """The repetitions of one target, by server."""

    target: Target
    results: dict[str, list[Result]]

    @property
    def ratio(self) -> float:
        """Flo's median rate over Redis'."""
        return self.median("Flo").rate / self.median("Redis").rate

    def median(self, server: str) -> Result:
        """The repetition with the median rate."""
        return statistics.median_low(_Ranked(result) for result in self.results[server]).result

    def row(self) -> Row:
        """The comparison as a row of the table."""
        target = self.target
        return Row(
            what=f"{target.title}, {CONNECTIONS} x {target.in_flight}",
            flo=self._rates("Flo"),
            peer=self._rates("Redis"),
            ratio=f"{self.ratio:.2f}",
            target=f"≥ {target.least:.1f} x Redis",
            is_met=self.ratio >= target.least,
            note="; ".join(self._notes()),
        )

    def _rates(self, server: str) -> str:
        rates = [result.rate for result in self.results[server]]
        middle = self.median(server).rate
        return f"{middle:,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"

    def _notes(self) -> Iterator[str]:
        for name in ("Flo", "Redis"):
            median = self.median(name)
            cpu = f"cores {median.server_cpu:.2f} + generator {median.generator_cpu:.2f}"
            items = f", {median.items / median.operations:.2f} items a cycle" * bool(median.items)
            yield f"{name} p50 {median.p50_ms:.2f} p99 {median.p99_ms:.2f} ms, {cpu}{items}"


@dataclass(frozen=True)
class _Ranked:
    result: Result

    def __lt__(self, other: _Ranked) -> bool:
        return self.result.rate < other.result.rate


def compare(settings: Settings, work: str) -> list[Comparison]:
    """Measure all targets of `work`: Redis, Flo, Redis, Flo and so on, on fresh data."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(name, settings.directory / f"{work}-{name}"))
            for name in ORDER
        }
        if work in _KEYED:
            for server in servers.values():
                load_keys(server, settings.keys)
        return [_measure(settings, servers, target) for target in TARGETS if target.work == work]


def load_keys(server: Server, count: int) -> None:
    """Put `count` keys with values, each once."""
    generate(Plan(server.name, server.port, "put", in_flight=16, total=count))


def _measure(settings: Settings, servers: dict[str, Server], target: Target) -> Comparison:
    results: dict[str, list[Result]] = {name: [] for name in ORDER}
    for _ in range(settings.repetitions):
        for name in ORDER:
            for server in servers.values():
                server.settle()
            results[name].append(generate(_plan(settings, servers[name], target)))
    return Comparison(target, results)


def _plan(settings: Settings, server: Server, target: Target) -> Plan:
    return Plan(
        server.name,
        server.port,
        target.work,
        connections=CONNECTIONS,
        in_flight=target.in_flight,
        warm_up_s=settings.warm_up_s,
        measured_s=settings.measured_s,
        keys=settings.keys,
        server_pid=server.pid,
    )
