"""dramatiq: threads in one process, results in Redis for the tasks that have one."""

from __future__ import annotations

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench.task_callers import CONCURRENCY, PAYLOAD, PORT, TRIP_S_MAX, Callers, ThreadCallers
from bench.task_marks import mark

PREFETCHED = 100
NOTE = f"1 process, {CONCURRENCY} threads, prefetch {PREFETCHED}"
URL = f"redis://127.0.0.1:{os.environ[PORT]}/0"

broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)


def _noop(payload: str) -> int:
    return mark()


def _nothing(payload: str) -> None:
    mark()


noop = dramatiq.actor(_nothing, actor_name="noop")
answer = dramatiq.actor(_noop, actor_name="answer", store_results=True)


def worker_command() -> list[str]:
    """dramatiq's own program; it is told in the environment how far to fetch ahead."""
    command = ["env", f"dramatiq_queue_prefetch={PREFETCHED}", sys.executable, "-m", "dramatiq"]
    return [*command, "bench.tasks_dramatiq", "--processes", "1", "--threads", str(CONCURRENCY)]


def callers() -> Callers:
    """The broker has a pool of connections of its own."""
    return ThreadCallers(lambda: noop.send(PAYLOAD), _round_trip)


def _round_trip() -> None:
    answer.send(PAYLOAD).get_result(block=True, timeout=int(TRIP_S_MAX * 1000))
