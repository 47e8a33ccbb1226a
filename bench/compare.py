"""Flo beside its peers and Redis: the same load on all, in turns, in one run.

The peers keep what Flo keeps (`peers.py`), so the best of them is what Flo must beat. Redis keeps
less: it is the line that a program in C draws.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.generator import Plan, Result, generate
from bench.peers import PEERS, peers_of
from bench.report import Row
from bench.servers import START, Server, serving
from bench.settings import CONNECTIONS, Settings


@dataclass(frozen=True)
class Target:
    """What is compared, and the ratios that it must reach: to Redis, and to the best peer."""

    work: str
    title: str
    in_flight: int
    least: float
    least_of_best: float | None = 3.0


TARGETS = [
    Target("put", "durable put / SET", 1, 1.0),
    Target("put", "durable put / SET", 16, 0.5),
    Target("get", "get / GET", 1, 0.8),
    Target("get", "get / GET", 16, 0.3),
    Target("append", "append / XADD", 1, 1.0, None),
    Target("append", "append / XADD", 16, 0.4, None),
    Target("enqueue", "enqueue / LPUSH", 1, 1.0),
    Target("enqueue", "enqueue / LPUSH", 16, 0.4),
    Target("cycle", "enqueue, dequeue(10), ack / XADD, XREADGROUP, XACK", 1, 1.0),
    Target("pipelined", "ack, enqueue, dequeue(10) at once / XACK, XADD, XREADGROUP", 1, 1.0),
]
WORKS = tuple(dict.fromkeys(target.work for target in TARGETS))
_KEYED = ("put", "get")


@dataclass(frozen=True)
class Comparison:
    """The repetitions of one target, by server."""

    target: Target
    results: dict[str, list[Result]]

    @property
    def peers(self) -> list[str]:
        """Those that keep what Flo keeps, the fastest first."""
        names = [peer.name for peer in PEERS if peer.name in self.results]
        return sorted(names, key=lambda name: -self.median(name).rate)

    def ratio(self, name: str) -> float:
        """Flo's median rate over that of the named one."""
        return self.median("Flo").rate / self.median(name).rate

    def median(self, server: str) -> Result:
        """The repetition with the median rate."""
        return statistics.median_low(_Ranked(result) for result in self.results[server]).result

    def rows(self) -> Iterator[Row]:
        """The comparison as rows of the table: beside the peers, where there are any; Redis."""
        target = self.target
        if self.peers:
            best = self.peers[0]
            least = target.least_of_best
            yield Row(
                what=f"{target.title.partition(' /')[0]}, {CONNECTIONS} x {target.in_flight}",
                flo=self._rates("Flo"),
                peer="; ".join(f"{name} {self._rates(name)}" for name in self.peers),
                ratio=f"{self.ratio(best):.2f}",
                target="" if least is None else f"≥ {least:.1f} x the best, {best}",
                is_met=None if least is None else self.ratio(best) >= least,
                note="; ".join(self._note(name) for name in self.peers),
            )
        yield Row(
            what=f"{target.title}, {CONNECTIONS} x {target.in_flight}",
            flo=self._rates("Flo"),
            peer=f"Redis {self._rates('Redis')}",
            ratio=f"{self.ratio('Redis'):.2f}",
            target=f"≥ {target.least:.1f} x Redis",
            is_met=self.ratio("Redis") >= target.least,
            note="; ".join(self._note(name) for name in ("Flo", "Redis")),
        )

    def _rates(self, server: str) -> str:
        rates = [result.rate for result in self.results[server]]
        middle = self.median(server).rate
        return f"{middle:,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"

    def _note(self, name: str) -> str:
        median = self.median(name)
        cpu = f"cores {median.server_cpu:.2f} + generator {median.generator_cpu:.2f}"
        cost = f"{median.server_us:.0f} µs of processor each"
        items = f", {median.items / median.operations:.2f} items a cycle" * bool(median.items)
        return f"{name} p50 {median.p50_ms:.2f} p99 {median.p99_ms:.2f} ms, {cpu}, {cost}{items}"


@dataclass(frozen=True)
class _Ranked:
    result: Result

    def __lt__(self, other: _Ranked) -> bool:
        return self.result.rate < other.result.rate


def compare(settings: Settings, work: str) -> list[Comparison]:
    """Measure all targets of `work`: Redis, the peers, Flo, Redis and so on, on fresh data."""
    starts: dict[str, Callable[[Path], Server]] = {"Redis": START["Redis"]}
    starts |= {peer.name: peer.start for peer in peers_of(work)}
    starts["Flo"] = START["Flo"]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(start, settings.directory / f"{work}-{name}"))
            for name, start in starts.items()
        }
        if work in _KEYED:
            with ThreadPoolExecutor() as loads:
                list(loads.map(lambda server: load_keys(server, settings.keys), servers.values()))
        return [_measure(settings, servers, target) for target in TARGETS if target.work == work]


def load_keys(server: Server, count: int) -> None:
    """Put `count` keys with values, each once."""
    generate(Plan(server.name, server.port, "put", in_flight=16, total=count))


def _measure(settings: Settings, servers: dict[str, Server], target: Target) -> Comparison:
    results: dict[str, list[Result]] = {name: [] for name in servers}
    for _ in range(settings.repetitions):
        for name in servers:
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
