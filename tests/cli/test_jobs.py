"""`flo jobs`, and the bulk commands that begin them."""

from __future__ import annotations

from floruntime.cli.jobs import bar_of
from floruntime.core.jobs import BulkJob, JobStatus
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo

HOUR_MS = 3_600_000


async def failed(server: FloTestServer, count: int) -> None:
    async with server.client() as client:
        await client.action.register("send", max_retries=0)
        for _ in range(count):
            await client.action.invoke("send")
        for task in await client.worker.await_tasks("w", ["send"], count=count):
            await client.worker.fail("w", task, "no")


async def test_what_failed_since_is_counted_and_retried(flo: Flo, server: FloTestServer) -> None:
    await failed(server, 2)
    await server.advance(3 * HOUR_MS)
    await failed(server, 3)
    retry = ("action", "bulk", "retry", "--status", "failed", "--since", "2h")
    counted = (await flo(*retry, "--dry-run", "--json")).json
    assert (counted["matched"], counted["done"], counted["status"]) == (3, 0, "completed")
    shown = (await flo(*retry)).out
    assert "done       3\n" in shown
    listed = await flo("action", "runs", "--status", "failed", "--order", "oldest", "--json")
    assert len(listed.json["items"]) == 2
    assert (await flo("action", "runs", "--status", "failed", "--since", "1h")).code == 1
    jobs = (await flo("jobs", "list", "--json")).json["items"]
    assert [each["operation"] for each in jobs] == ["retry", "retry"]
    assert (await flo("jobs", "status", jobs[0]["job_id"], "--json")).json == jobs[0]
    assert (await flo("jobs", "wait", jobs[0]["job_id"])).code == 0
    assert (await flo("jobs", "cancel", jobs[0]["job_id"])).code == 3
    assert (await flo("jobs", "status", "job-999999")).code == 1


async def test_dead_letters_of_queues_and_groups(flo: Flo) -> None:
    await flo("queue", "enqueue", "orders", "a")
    await flo("queue", "nack", "orders", "1", "--to-dlq", "--error", "timeout")
    bulk = ("queue", "bulk", "requeue_dead", "orders", "--error-contains", "time", "--json")
    assert (await flo(*bulk)).json["done"] == 1
    assert (await flo("stream", "group", "bulk", "delete_dead", "s", "g")).code == 1
    assert (await flo("queue", "bulk", "destroy", "orders")).code == 3
    assert (await flo("action", "bulk", "destroy")).code == 2
    assert (await flo("action", "bulk", "retry", "--status", "nope")).code == 2


def test_a_bar_tells_how_far_it_is_and_how_long_it_goes_on() -> None:
    job = BulkJob("job-1", "retry", JobStatus.RUNNING, 40, 40, 0, 1_000, expected=200)
    assert bar_of(job, 2_000) == f"[{'.' * 30}]   0%, 40 matched, beginning"
    half = BulkJob(
        "job-1", "retry", JobStatus.RUNNING, 40, 40, 0, 1_000, looked_at=100, expected=200
    )
    assert bar_of(half, 61_000) == (f"[{'#' * 15}{'.' * 15}]  50%, 40 matched, about 1m left")
    assert bar_of(half, 1_500).endswith("nearly done")
