"""How long others wait while a job goes through many runs, against the server before and after."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.bystander import latencies_s
from bench.flo import FloConnection
from bench.generator import percentile
from bench.report import Row
from bench.servers import Server, running
from bench.settings import Settings
from bench.talk import BenchError
from floruntime.core.jobs import JobGet, JobStatus
from floruntime.core.system import Batch
from floruntime.core.workflow import (
    WorkflowBulk,
    WorkflowBulkOperation,
    WorkflowStart,
    WorkflowSync,
)

TIMES_MAX = 2.0
JOB_S_MAX = 300.0
_BATCH = 500
_LOOK_S = 0.5
_DEFINITION = b"""
kind: Workflow
name: waits
version: "1"
start: {waitForSignal: {type: go}, transitions: {success: flo.Completed}}
"""


@dataclass(frozen=True)
class Waits:
    """How long a put and a get took together: idle, and beside the job; and how long that took."""

    idle_s: list[float]
    beside_s: list[float]
    job_s: float


def measure(settings: Settings) -> list[Row]:
    """One job that cancels all runs that wait for a signal."""
    with running("Flo", settings.directory / "bulk") as server:
        connection = FloConnection(server.port)
        _fill(connection, settings.bulk)
        server.settle()
        waits = _measured(server, connection, settings)
        connection.close()
    return [row(settings.bulk, waits)]


def row(runs: int, waits: Waits) -> Row:
    """The p99 beside the job, and the idle one."""
    idle_ms, beside_ms = _p99_ms(waits.idle_s), _p99_ms(waits.beside_s)
    return Row(
        f"a put and a get beside a job that cancels {runs:,} runs, p99",
        f"{beside_ms:.1f} ms",
        f"idle {idle_ms:.1f} ms",
        f"{beside_ms / idle_ms:.2f}",
        f"≤ {TIMES_MAX:g} x idle",
        beside_ms <= TIMES_MAX * idle_ms,
        f"the job took {waits.job_s:.1f} s, {runs / waits.job_s:,.0f} runs/s",
    )


def _p99_ms(took_s: list[float]) -> float:
    return percentile(took_s, 99) * 1000


def _fill(connection: FloConnection, count: int) -> None:
    connection.write(WorkflowSync([_DEFINITION]))
    for start in range(0, count, _BATCH):
        runs = min(_BATCH, count - start)
        connection.write(Batch([WorkflowStart("waits") for _ in range(runs)]))


def _measured(server: Server, connection: FloConnection, settings: Settings) -> Waits:
    idle_s = latencies_s(server.port, settings.measured_s)
    job = connection.write(WorkflowBulk(WorkflowBulkOperation.CANCEL))
    begun_s = time.perf_counter()
    beside_s: list[float] = []
    while True:
        beside_s += latencies_s(server.port, _LOOK_S)
        stands = connection.ask(JobGet(job.job_id))
        job_s = time.perf_counter() - begun_s
        if stands.status is not JobStatus.RUNNING:
            break
        if job_s > JOB_S_MAX:
            raise BenchError(f"the job has done {stands.done} runs in {job_s:.0f} s")
    idle_s += latencies_s(server.port, settings.measured_s)
    if stands.done != settings.bulk:
        raise BenchError(f"the job was made on {stands.done} of {settings.bulk} runs")
    return Waits(idle_s, beside_s, (stands.ended_at_ms - job.created_at_ms) / 1000)
