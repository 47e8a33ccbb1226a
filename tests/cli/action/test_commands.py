"""`flo action`."""

from __future__ import annotations

import asyncio

from floruntime.client.worker.action_worker import ActionWorker
from floruntime.client.worker.contexts import ActionContext
from floruntime.testing import FloTestServer
from tests.cli.conftest import Flo


def echo_worker() -> ActionWorker:
    worker = ActionWorker("unused", worker_id="w")

    @worker.action("echo", max_retries=0)
    async def echo(ctx: ActionContext) -> bytes:
        if ctx.payload == b"bad":
            raise ValueError("it is bad")
        return ctx.payload

    return worker


async def test_register_shows_the_settings_and_get_shows_them_again(flo: Flo) -> None:
    made = await flo(
        *("action", "register", "mail", "--attempt-timeout", "1m", "--max-retries", "5"),
        *("--retry-delay", "10s", "--run-timeout", "1h", "--description", "mails"),
        *("--retention", "2d", "--json"),
    )
    assert made.json["timeout_ms"] == 60_000
    assert made.json["max_retries"] == 5
    assert made.json["retry_delay_ms"] == 10_000
    assert made.json["run_timeout_ms"] == 3_600_000
    assert made.json["description"] == "mails"
    assert made.json["retention_ms"] == 2 * 86_400_000
    assert (await flo("action", "get", "mail", "--json")).json == made.json
    assert "run timeout  1h\n" in (await flo("action", "get", "mail")).out
    assert (await flo("action", "get", "nope")).code == 1


async def test_a_timeout_behind_register_is_the_actions(flo: Flo) -> None:
    made = (await flo("action", "register", "mail", "--timeout", "1m", "--json")).json
    assert made["timeout_ms"] == 60_000
    made = (await flo("--timeout", "2s", "action", "register", "mail", "--json")).json
    assert made["timeout_ms"] == 30_000


async def test_invoke_prints_the_run_and_status_shows_it(flo: Flo) -> None:
    await flo("action", "register", "mail")
    run_id = (await flo("action", "invoke", "mail", "hello", "-p", "3")).out.strip()
    run = (await flo("action", "status", run_id, "--json")).json
    assert (run["status"], run["input"], run["priority"]) == ("pending", "hello", 3)
    shown = (await flo("action", "status", run_id)).out
    assert f"run        {run_id}\n" in shown
    assert "waits for  a worker of mail (none is there)\n" in shown
    assert (run["waits_for"]["kind"], run["waits_for"]["workers"]) == ("worker", 0)
    assert (await flo("action", "status", "nope")).code == 1
    assert (await flo("action", "invoke", "nope")).code == 1


async def test_an_idempotency_key_makes_one_run(flo: Flo) -> None:
    await flo("action", "register", "mail")
    invoke = ("action", "invoke", "mail", "x", "--idempotency-key", "k", "--json")
    first, again = (await flo(*invoke)).json, (await flo(*invoke)).json
    assert first["created"]
    assert again == {**first, "created": False}
    assert (await flo(*invoke[:3], "y", *invoke[4:])).code == 3


async def test_delay_and_labels(flo: Flo, server: FloTestServer) -> None:
    await flo("action", "register", "mail")
    await flo("action", "invoke", "mail", "--delay", "1h", "--label", "gpu=yes")
    async with server.client() as client:
        await client.worker.register("w", ["mail"], labels={"gpu": "yes", "more": "1"})
        assert await client.worker.await_task("w", ["mail"], block_ms=0) is None
        await server.advance(3_600_000)
        assert await client.worker.await_task("v", ["mail"], block_ms=0) is None
        task = await client.worker.await_task("w", ["mail"], block_ms=0)
        assert task is not None
        assert task.labels == {"gpu": "yes"}
    assert (await flo("action", "invoke", "mail", "--label", "gpu")).code == 2


async def test_wait_prints_the_output_and_ends_with_the_runs_end(
    flo: Flo, server: FloTestServer
) -> None:
    async with server.running(echo_worker()):
        good = await flo("action", "invoke", "echo", "hello", "--wait")
        assert (good.code, good.out) == (0, "hello\n")
        told = await flo("action", "invoke", "echo", "x", "--wait", "--json")
        assert told.json["output"] == "x"
        bad = await flo("action", "invoke", "echo", "bad", "--wait")
        assert bad.code == 5
        assert "error      ValueError: it is bad\n" in bad.out
        await flo("action", "register", "slow")
        waiting = asyncio.ensure_future(flo("action", "invoke", "slow", "--wait", "--block", "1s"))
        while not server.server.commit.queries.waiters:
            await server.settle()
        await server.advance(1_000)
        assert (await waiting).code == 1


async def test_list_and_runs_page_and_filter(flo: Flo) -> None:
    assert (await flo("action", "list")).code == 1
    assert (await flo("action", "runs")).code == 1
    for name in ("mail-a", "mail-b", "other"):
        await flo("action", "register", name)
        await flo("action", "invoke", name, name)
    listed = (await flo("action", "list", "--prefix", "mail-", "--json")).json["items"]
    assert [each["name"] for each in listed] == ["mail-a", "mail-b"]
    page = (await flo("action", "runs", "--limit", "1", "--json")).json
    assert [each["input"] for each in page["items"]] == ["other"]
    rest = (await flo("action", "runs", "--cursor", page["cursor"], "--json")).json
    assert [each["input"] for each in rest["items"]] == ["mail-b", "mail-a"]
    assert len((await flo("action", "runs", "mail-a")).out.splitlines()) == 2
    assert (await flo("action", "runs", "--status", "failed")).code == 1
    assert (await flo("action", "runs", "--status", "done")).code == 2


async def test_cancel_disable_enable_delete(flo: Flo) -> None:
    await flo("action", "register", "mail")
    run_id = (await flo("action", "invoke", "mail")).out.strip()
    assert (await flo("action", "delete", "mail")).code == 3
    cancelled = await flo("action", "cancel", run_id, "--reason", "twice", "--json")
    assert cancelled.json["status"] == "cancelled"
    assert (await flo("action", "cancel", run_id)).code == 3
    assert (await flo("action", "disable", "mail", "--json")).json["enabled"] is False
    assert (await flo("action", "invoke", "mail")).code in (1, 3)
    assert (await flo("action", "enable", "mail")).out == "enabled\n"
    await flo("action", "invoke", "mail")
    assert (await flo("action", "delete", "mail", "--force")).code == 0
    assert (await flo("action", "delete", "mail")).code == 1


async def test_a_schedule_is_kept_listed_paused_and_taken_away(
    flo: Flo, server: FloTestServer
) -> None:
    assert (await flo("action", "schedules")).code == 1
    assert (await flo("action", "schedule", "poll", "--interval", "1h")).code == 1
    await flo("action", "register", "poll")
    assert (await flo("action", "schedule", "poll")).code != 0
    made = await flo("action", "schedule", "poll", "in", "--interval", "1h", "--overlap", "allow")
    assert "every 1h\n" in made.out
    await server.settle()
    line = (await flo("action", "schedules")).out.splitlines()[1].split("\t")
    assert line[:3] == ["poll", "every 1h", "active"]
    await server.advance(3_600_000)
    [run] = (await flo("action", "runs", "poll", "--json")).json["items"]
    assert run["input"] == "in"
    assert (await flo("action", "schedules", "pause", "poll", "--json")).json["paused"] is True
    assert (await flo("action", "schedules", "resume", "poll", "--json")).json["paused"] is False
    assert (await flo("action", "unschedule", "poll")).out == "unscheduled\n"
    assert (await flo("action", "unschedule", "poll")).code == 1
    cron = ("--cron", "0 3 * * *", "--timezone", "Europe/Berlin", "--json")
    assert (await flo("action", "schedule", "poll", *cron)).json["timezone"] == "Europe/Berlin"
