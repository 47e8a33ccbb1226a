"""Huey: threads in one process, short polls in the worker, results announced to who waits."""

from __future__ import annotations

import os
import sys

from huey import RedisHuey

from bench.task_callers import CONCURRENCY, PAYLOAD, PORT, TRIP_S_MAX, Callers, ThreadCallers
from bench.task_marks import mark

POLL_S = 0.005
NOTE = f"{CONCURRENCY} threads, polls every {POLL_S * 1000:g} ms, results notified, no acks"

huey = RedisHuey(
    "bench", host="127.0.0.1", port=int(os.environ[PORT]), blocking=True, notify_result=True
)


def _nothing(payload: str) -> None:
    mark()


def _noop(payload: str) -> int:
    return mark()


noop = huey.task(name="noop")(_nothing)
answer = huey.task(name="answer")(_noop)


def worker_command() -> list[str]:
    """Huey's own program, without its scheduler of periodic tasks."""
    command = [sys.executable, "-m", "huey.bin.huey_consumer", "bench.tasks_huey.huey"]
    command += ["--workers", str(CONCURRENCY), "--worker-type", "thread", "--quiet"]
    return [*command, "--no-periodic", "--delay", str(POLL_S), "--max-delay", str(POLL_S)]


def callers() -> Callers:
    """Huey has a pool of connections of its own."""
    return ThreadCallers(lambda: noop(PAYLOAD), _round_trip)


def _round_trip() -> None:
    answer(PAYLOAD).get(blocking=True, timeout=TRIP_S_MAX)
