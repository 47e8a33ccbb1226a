"""arq: short polls on both sides, and no results where nobody asks for them."""

from __future__ import annotations

import os
import sys
from typing import Any

from arq import ArqRedis, create_pool, func
from arq.connections import RedisSettings

from bench.task_callers import CONCURRENCY, PAYLOAD, PORT, TRIP_S_MAX, Callers, LoopCallers
from bench.task_marks import mark

POLL_S = 0.005
NOTE = f"max_jobs {CONCURRENCY}, polls every {POLL_S * 1000:g} ms on both sides"


async def noop(context: dict[Any, Any], payload: str) -> None:
    """Nothing, once."""
    mark()


async def answer(context: dict[Any, Any], payload: str) -> int:
    """Nothing, with a result."""
    return mark()


class WorkerSettings:
    """What the program `arq` reads."""

    functions = [func(noop, keep_result=0), answer]
    redis_settings = RedisSettings(port=int(os.environ[PORT]))
    max_jobs = CONCURRENCY
    poll_delay = POLL_S


def worker_command() -> list[str]:
    """arq's own program."""
    return [sys.executable, "-m", "arq", "bench.tasks_arq.WorkerSettings"]


def callers() -> Callers:
    """One pool of connections, shared by all callers."""
    return LoopCallers(_Pool(), _enqueue, _round_trip)


class _Pool:
    async def __aenter__(self) -> ArqRedis:
        self._redis: ArqRedis = await create_pool(WorkerSettings.redis_settings)
        return self._redis

    async def __aexit__(self, *exception: object) -> None:
        await self._redis.aclose()


async def _enqueue(redis: ArqRedis) -> object:
    return await redis.enqueue_job("noop", PAYLOAD)


async def _round_trip(redis: ArqRedis) -> None:
    job = await redis.enqueue_job("answer", PAYLOAD)
    await job.result(timeout=TRIP_S_MAX, poll_delay=POLL_S)
