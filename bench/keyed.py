"""Claims of an action whose keys have one run at work each, beside claims without limits.

One server; two actions with as many runs, one of them limited, its runs under 1,000 keys; those of
the other have none. Workers that do nothing claim ten at a time, and hand in what they claimed with
the next claim, on several connections: so the server is what is measured.
"""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass

from bench import keyed_growth, process
from bench.flo import FloConnection
from bench.report import Row
from bench.servers import Server, running
from bench.settings import Settings
from bench.talk import BenchError
from floruntime.core.action import ActionInvoke, ActionRegister, Limits
from floruntime.core.system import Batch
from floruntime.core.worker import TaskResult, WorkerTurn

KEYS = 1_000
WORKERS = 16
AT_ONCE = 10
SHARE_MIN = 0.7
FREE, KEYED = "free", "keyed"
LIMITS = {FREE: Limits(), KEYED: Limits(running_per_key=1)}
"""By action."""
_BATCH = 1_000
_PAYLOAD = b"x" * 100


@dataclass(frozen=True)
class Pace:
    """How many claims a second, and the processor time that the server took for each."""

    per_s: float
    cpu_us: float


Paces = dict[str, list[Pace]]
"""By action."""


def measure(settings: Settings) -> list[Row]:
    """Both in turns, each time on fresh data."""
    paces: Paces = {name: [] for name in LIMITS}
    for repetition in range(settings.repetitions):
        with running("Flo", settings.directory / "keyed") as server:
            _fill(server, settings.claims)
            for name in sorted(LIMITS, reverse=repetition % 2 == 1):
                paces[name].append(_claim_all(server, name, settings.claims))
    return [row(paces), *keyed_growth.measure(settings)]


def row(paces: Paces) -> Row:
    """The medians, and what share the limited one has."""
    share = _per_s(paces[KEYED]) / _per_s(paces[FREE])
    cpu = ", ".join(f"{name} {_cpu_us(each):.0f} µs" for name, each in paces.items())
    return Row(
        f"claims of an action with {KEYS:,} keys, one run of each at once",
        _text(paces[KEYED]),
        f"without limits {_text(paces['free'])}",
        f"{share:.2f}",
        f"≥ {SHARE_MIN:g} x without",
        share >= SHARE_MIN,
        f"{WORKERS} connections, {AT_ONCE} a claim, each handed in with the next claim; "
        f"the server's processor time for one: {cpu}",
    )


def _per_s(paces: list[Pace]) -> float:
    return statistics.median(each.per_s for each in paces)


def _cpu_us(paces: list[Pace]) -> float:
    return statistics.median(each.cpu_us for each in paces)


def _text(paces: list[Pace]) -> str:
    rates = [each.per_s for each in paces]
    return f"{_per_s(paces):,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"


def _fill(server: Server, count: int) -> None:
    connection = FloConnection(server.port)
    for name, limits in LIMITS.items():
        connection.write(ActionRegister(name, limits=limits))
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            runs = [
                ActionInvoke(name, _PAYLOAD, key=f"key-{n % KEYS}" if name == KEYED else None)
                for n in numbers
            ]
            connection.write(Batch([*runs]))
    connection.close()
    server.settle()


def _claim_all(server: Server, action: str, count: int) -> Pace:
    claimed = [0] * WORKERS
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            claimed[number] = claim_all(FloConnection(server.port), f"worker-{number}", action)
        except (BenchError, OSError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    begun_s, cpu_before_s = time.perf_counter(), process.cpu_s(server.pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu_s = time.perf_counter() - begun_s, process.cpu_s(server.pid) - cpu_before_s
    if errors:
        raise BenchError(str(errors[0]))
    if sum(claimed) != count:
        raise BenchError(f"{sum(claimed)} claims of {count} runs of {action!r}")
    return Pace(count / seconds, cpu_s / count * 1_000_000)


def claim_all(connection: FloConnection, worker_id: str, action: str) -> int:
    """Claim until nothing is left; how many that were."""
    results: list[TaskResult] = []
    claimed = 0
    while True:
        turn = WorkerTurn(worker_id, [action], results, [], AT_ONCE, AT_ONCE)
        tasks = connection.write(turn).tasks
        if not tasks and not results:
            connection.close()
            return claimed
        claimed += len(tasks)
        results = [TaskResult(task.run_id, task.lease) for task in tasks]
