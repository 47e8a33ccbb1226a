"""Jobs through a client, as FLOW.md promises."""

from __future__ import annotations

import asyncio

import pytest

from floruntime import BadRequestError, FloClient, NotFoundError
from floruntime.testing import FloTestServer


async def failed(client: FloClient, count: int) -> None:
    await client.action.register("send", max_retries=0)
    await asyncio.gather(*(client.action.invoke("send") for _ in range(count)))
    for task in await client.worker.await_tasks("w", ["send"], count=count):
        await client.worker.fail("w", task, "no")


async def test_retry_everything_that_failed(client: FloClient) -> None:
    await failed(client, 130)
    counted = await client.action.bulk("retry", status="failed", dry_run=True)
    assert (await client.jobs.wait(counted.job_id, block_ms=10_000)).matched == 130
    job = await client.action.bulk("retry", "send", status=["failed", "timed_out"])
    job = await client.jobs.wait(job.job_id, block_ms=10_000)
    assert (job.status, job.matched, job.done, job.failed) == ("completed", 130, 130, 0)
    assert (job.operation, job.job_id) == ("retry", (await client.jobs.list())[0].job_id)
    assert (await client.action.count_runs("send"))["pending"] == 130


async def test_a_job_survives_a_restart(server: FloTestServer) -> None:
    async with server.client() as client:
        await failed(client, 300)
        job = await client.action.bulk("delete")
        await server.restart()
        assert (await client.jobs.wait(job.job_id, block_ms=10_000)).done == 300
        assert (await client.action.list_runs()).cursor is None


async def test_dead_letters(client: FloClient) -> None:
    await client.queue.enqueue_many("q", [b"x"] * 3)
    await client.queue.nack("q", [1, 2, 3], to_dlq=True, error="timeout")
    job = await client.queue.bulk("q", "requeue_dead", error_contains="time", limit=2)
    assert (await client.jobs.wait(job.job_id, block_ms=10_000)).done == 2
    assert (await client.queue.stats("q")).dead == 1


async def test_what_is_refused(client: FloClient) -> None:
    with pytest.raises(BadRequestError, match="it must be one of: cancel, retry, delete"):
        await client.action.bulk("destroy")
    with pytest.raises(BadRequestError, match="empty list"):
        await client.action.bulk("cancel", status=[])
    with pytest.raises(NotFoundError):
        await client.stream.bulk("s", "g", "requeue_dead")
    with pytest.raises(NotFoundError):
        await client.jobs.status("job-9")


async def test_all_keys_that_begin_so_are_deleted(client: FloClient) -> None:
    for key in ("user:1", "user:2", "other"):
        await client.kv.put(key, b"1")
    begun = await client.kv.delete_prefix("user:")
    job = await client.jobs.wait(begun.job_id)
    assert (job.status, job.operation, job.done) == ("completed", "delete_prefix", 2)
    assert [entry.key for entry in (await client.kv.scan()).entries] == ["other"]
