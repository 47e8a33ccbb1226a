"""A job over many runs, half done when its server is killed."""

from __future__ import annotations

from pathlib import Path

from floruntime import FloClient
from floruntime.core.jobs import BulkJob, JobStatus
from tests.crash.process import ServerProcess
from tests.crash.workload import new_client

RUNS = 2_000
BATCH = 1_000
WAITS = """
kind: Workflow
name: waits
version: "1"
start: {waitForSignal: {type: go}, transitions: {success: flo.Completed}}
"""


async def test_a_job_that_is_half_done_survives_a_kill_and_says_how_far_it_is(
    tmp_path: Path,
) -> None:
    async with (
        ServerProcess(str(tmp_path / "data")) as server,
        new_client(server.endpoint) as client,
    ):
        await client.workflow.sync(WAITS)
        for _ in range(RUNS // BATCH):
            async with client.batch() as batch:
                for _ in range(BATCH):
                    batch.workflow.start("waits")
        job = await client.workflow.bulk("cancel", reason="an outage")
        seen = await half_done(client, job)
        assert await server.kill() < 0
        await server.start()
        again = await client.jobs.status(job.job_id)
        assert seen.done <= again.done <= again.looked_at <= again.expected == RUNS
        ended = await client.jobs.wait(job.job_id, block_ms=60_000)
        assert (ended.status, ended.matched, ended.done, ended.failed) == (
            JobStatus.COMPLETED,
            RUNS,
            RUNS,
            0,
        )
        assert (await client.workflow.count_runs("waits"))["cancelled"] == RUNS


async def half_done(client: FloClient, job: BulkJob) -> BulkJob:
    """The job, once it has begun and while it has more to do."""
    while True:
        seen = await client.jobs.status(job.job_id)
        assert seen.status is JobStatus.RUNNING, "it was over before it could be killed"
        if seen.done:
            return seen
