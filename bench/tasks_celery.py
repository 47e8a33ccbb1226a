"""Celery: threads in one process, the prefetching its guide has for short tasks, no chatter."""

from __future__ import annotations

import os
import sys

from celery import Celery

from bench.task_callers import CONCURRENCY, PAYLOAD, PORT, TRIP_S_MAX, Callers, ThreadCallers
from bench.task_marks import mark

PREFETCHED = 64
NOTE = f"threads {CONCURRENCY}, prefetch {PREFETCHED} each, acks before the run (its default)"
URL = f"redis://127.0.0.1:{os.environ[PORT]}/0"

app = Celery("bench.tasks_celery", broker=URL, backend=URL)
app.conf.update(
    worker_prefetch_multiplier=PREFETCHED,
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
)


def _noop(payload: str) -> int:
    return mark()


noop = app.task(name="noop", ignore_result=True)(_noop)
answer = app.task(name="answer")(_noop)


def worker_command() -> list[str]:
    """Celery's own program."""
    command = [sys.executable, "-m", "celery", "-A", "bench.tasks_celery", "worker"]
    command += ["--pool", "threads", "--concurrency", str(CONCURRENCY), "--loglevel", "WARNING"]
    return [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"]


def callers() -> Callers:
    """Celery has a pool of connections of its own."""
    return ThreadCallers(
        lambda: noop.delay(PAYLOAD), lambda: answer.delay(PAYLOAD).get(timeout=TRIP_S_MAX)
    )
